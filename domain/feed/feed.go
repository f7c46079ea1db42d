// Package feed says what the registry tells the systems of other state bodies (C31): facts in words of
// the field, each derived from one event of the log. It is pure: the same event always gives the same
// facts under the same ids.
package feed

import (
	"slices"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// Fact is what one event says of one person.
type Fact struct {
	ID   uuid.UUID // of this fact for ever: it follows from event, kind and person
	Kind domain.FactKind
	// Of are the kinds by which a consumer may have the fact: its own; of what became of an earlier fact,
	// that of the earlier one, or several where the event alone does not tell. It is empty for what
	// everybody is told.
	Of       []domain.FactKind
	PersonID domain.PersonID
	Former   domain.EventRef // the event of the earlier fact, of which this one tells what became

	SurvivorID domain.PersonID // of [domain.FactMerged]: whose record stands for the person
	DwellingID domain.DwellingID
	ListID     domain.ListID
	EntryID    domain.EntryID
	On         domain.Date // from which it holds
}

// IDOf is the id of the fact of the kind that an event tells of a person.
func IDOf(event uuid.UUID, kind domain.FactKind, person domain.PersonID) uuid.UUID {
	return domain.DeriveID(event, string(kind)+" "+person.String())
}

// FactsOf returns the facts that an event tells, in an order that does not change; most events tell
// none.
func FactsOf(rec domain.Recorded) []Fact {
	if rec.Event == nil {
		return nil
	}
	facts := told(rec.Event)
	for i := range facts {
		f := &facts[i]
		f.ID, f.On = IDOf(rec.ID, f.Kind, f.PersonID), domain.DateOf(rec.Event.EffectiveAt())
		if !slices.Contains(followed, f.Kind) {
			f.Of = []domain.FactKind{f.Kind}
		}
	}
	return facts
}

// followed are the kinds that tell what became of earlier facts.
var followed = []domain.FactKind{domain.FactCorrected, domain.FactAnnulled, domain.FactErased}

// ended are the kinds that an end of a registration can be.
var ended = []domain.FactKind{domain.FactDeregistered, domain.FactMoved}

func told(event domain.Event) []Fact {
	switch e := event.(type) {
	case residence.RegistrationBegan:
		return one(Fact{Kind: domain.FactRegistered, PersonID: e.PersonID, DwellingID: e.DwellingID})
	case residence.RegistrationEnded:
		f := Fact{Kind: domain.FactDeregistered, PersonID: e.PersonID, DwellingID: e.DwellingID}
		if e.Reason == residence.MovedToNewAddress || e.Reason == residence.DwellingReplaced {
			f.Kind = domain.FactMoved
		}
		return one(f)
	case residence.RegistrationInserted:
		return one(Fact{Kind: domain.FactRegistered, PersonID: e.PersonID, DwellingID: e.DwellingID})
	case residence.RegistrationAnnulled:
		return one(became(domain.FactAnnulled, residence.Correction(e), domain.FactRegistered))
	case residence.RegistrationCorrected:
		return one(became(domain.FactCorrected, residence.Correction(e), domain.FactRegistered))
	case residence.EndingAnnulled:
		return one(became(domain.FactAnnulled, residence.Correction(e), ended...))
	case residence.EndingCorrected:
		return one(became(domain.FactCorrected, residence.Correction(e), ended...))
	case residence.CorrectionAnnulled:
		return one(became(domain.FactAnnulled, residence.Correction(e), append(slices.Clone(ended), domain.FactRegistered)...))
	case residence.PersonDataChanged:
		return one(Fact{Kind: domain.FactPersonDataChanged, PersonID: e.PersonID})
	case residence.IINRecorded:
		return one(Fact{Kind: domain.FactPersonDataChanged, PersonID: e.PersonID})
	case residence.RecordsMerged:
		return one(Fact{Kind: domain.FactMerged, PersonID: e.PersonID, SurvivorID: e.SurvivorID})
	case residence.MergeUndone:
		return one(Fact{
			Kind: domain.FactAnnulled, Of: []domain.FactKind{domain.FactMerged}, PersonID: e.PersonID, Former: e.Merge,
		})
	case residence.PersonDied:
		return one(Fact{Kind: domain.FactDied, PersonID: e.PersonID})
	case residence.DeathAnnulled:
		return one(Fact{
			Kind: domain.FactAnnulled, Of: []domain.FactKind{domain.FactDied}, PersonID: e.PersonID, Former: e.Annuls,
		})
	case residence.PersonErased:
		return one(Fact{Kind: domain.FactErased, PersonID: e.PersonID})
	}
	return toldOfLists(event)
}

func toldOfLists(event domain.Event) []Fact {
	switch e := event.(type) {
	case housing.EntryPlaced:
		return one(Fact{Kind: domain.FactPlaced, PersonID: e.PersonID, ListID: e.ListID, EntryID: e.EntryID})
	case housing.EntryRemoved:
		return one(Fact{Kind: domain.FactRemoved, PersonID: e.PersonID, ListID: e.ListID, EntryID: e.EntryID})
	case housing.EntryReinstated:
		return one(Fact{
			Kind: domain.FactAnnulled, Of: []domain.FactKind{domain.FactRemoved}, PersonID: e.PersonID, Former: e.Removal,
			ListID: e.ListID, EntryID: e.EntryID,
		})
	case housing.EntryTransferred:
		return []Fact{
			{Kind: domain.FactRemoved, PersonID: e.From, ListID: e.ListID, EntryID: e.EntryID},
			{Kind: domain.FactPlaced, PersonID: e.PersonID, ListID: e.ListID, EntryID: e.EntryID},
		}
	case housing.EntryLeft:
		return one(Fact{Kind: domain.FactRemoved, PersonID: e.PersonID, ListID: e.ListID, EntryID: e.EntryID})
	case housing.EntryProvided:
		return one(Fact{Kind: domain.FactProvided, PersonID: e.PersonID, ListID: e.ListID, EntryID: e.EntryID})
	}
	return nil
}

func one(f Fact) []Fact { return []Fact{f} }

// became is the fact that tells what a correction of a registration makes of an earlier one.
func became(kind domain.FactKind, c residence.Correction, of ...domain.FactKind) Fact {
	return Fact{Kind: kind, Of: of, PersonID: c.PersonID, DwellingID: c.DwellingID, Former: c.Corrects}
}
