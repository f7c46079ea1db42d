package notice

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// Route is where an appeal goes of what a notice tells (C28).
type Route string

const (
	NoRoute Route = ""
	ToCase  Route = "case"  // a complaint in the case that the notice names
	ToEntry Route = "entry" // a complaint about the removal of the entry
	ToAct   Route = "act"   // a complaint about the act, which gets a case of its own
	ToCourt Route = "court" // the complaint is decided: a court follows, whose act is recorded in the case
)

// Routes lists them all.
var Routes = []Route{ToCase, ToEntry, ToAct, ToCourt}

// routes say of each kind of notice how what it tells can be contested. A kind that is not here
// tells of nothing that takes something from the person, of their own act, or of a step whose end
// can be contested. A test compares them with what the texts promise.
var routes = map[Kind]Route{
	TermPassed: ToCase, Terminated: ToCase, PlacementRefused: ToCase, Placed: ToCase,
	PersonsDeregistered: ToCase, SomeDeregistered: ToCase, NobodyDeregistered: ToCase, YouAreDeregistered: ToCase,
	CoOwnerDeclined: ToCase, CoOwnersSilent: ToCase, ComplaintWithdrawn: ToCase,

	Removed: ToEntry,

	ComplaintDismissed: ToCourt,

	RecordCorrected: ToAct, PersonDataChanged: ToAct, IINChanged: ToAct, RecordsMerged: ToAct, MergeUndone: ToAct,
	Moved: ToAct, CarriedOver: ToAct, ConsentStated: ToAct, Represents: ToAct, ContactsChanged: ToAct,
	OwnersChanged: ToAct, OwnersCorrected: ToAct, DwellingChanged: ToAct, DwellingEnded: ToAct, LeaseEnded: ToAct,
	Redated: ToAct, RedatingUndone: ToAct, TransferredFromYou: ToAct, PriorityEnded: ToAct, PriorityRuleEnded: ToAct,
	ProtectionLifted: ToAct, LookupConsentStated: ToAct, ChangeStated: ToAct,
	ServiceEnded: ToAct, ServiceEndInReview: ToAct,
}

// RouteOf returns how what the notice tells can be contested; "" where it cannot.
func RouteOf(k Kind) Route { return routes[k] }

// entryOf returns the entry of a list that the event is about; zero where it is about none.
func entryOf(e domain.Event) domain.EntryID {
	switch e := e.(type) {
	case housing.EntryRedated:
		return e.EntryID
	case housing.RedatingUndone:
		return e.EntryID
	case housing.EntryTransferred:
		return e.EntryID
	case housing.EntryPrioritised:
		return e.EntryID
	case housing.PriorityEnded:
		return e.EntryID
	case housing.ProtectionLifted:
		return e.EntryID
	case housing.ProtectionRecorded:
		return e.EntryID
	case housing.LookupConsentWithdrawn:
		return e.EntryID
	case housing.LookupConsentRenewed:
		return e.EntryID
	case housing.ChangeReported:
		return e.EntryID
	case housing.ServiceEnded:
		return e.EntryID
	case housing.ServiceEndUndone:
		return e.EntryID
	}
	return domain.EntryID{}
}

// amends says which acts undo or replace a contested one, by the types of their events. They stand
// in the same stream and on the same entry, after it; a dwelling that ended is recorded anew in
// another stream.
var amends = func() map[string][]string {
	corrections := []domain.Event{
		residence.RegistrationInserted{}, residence.RegistrationAnnulled{}, residence.RegistrationCorrected{},
		residence.EndingAnnulled{}, residence.EndingCorrected{}, residence.CorrectionAnnulled{},
	}
	m := map[string][]string{}
	by := func(contested []domain.Event, acts ...domain.Event) {
		for _, c := range contested {
			for _, a := range acts {
				m[c.EventType()] = append(m[c.EventType()], a.EventType())
			}
		}
	}
	one := func(e domain.Event) []domain.Event { return []domain.Event{e} }
	by(corrections, corrections...)
	by(one(residence.RegistrationEnded{}), corrections...)
	by(one(residence.RegistrationBegan{}), corrections...)
	by(one(residence.PersonDataChanged{}), residence.PersonDataChanged{})
	by(one(residence.IINRecorded{}), residence.IINRecorded{})
	by(one(residence.RecordAbsorbed{}), residence.RecordSeparated{})
	by(one(residence.MergeUndone{}), residence.RecordsMerged{})
	by(one(residence.RepresentativeRecorded{}), residence.RepresentationEnded{})
	by(one(residence.RepresentationEnded{}), residence.RepresentativeRecorded{})
	by(one(residence.ContactsStated{}), residence.ContactsStated{}, residence.ContactsConfirmed{})
	by(one(residence.OwnersChanged{}), residence.OwnersCorrected{}, residence.OwnersChanged{})
	by(one(residence.OwnersCorrected{}), residence.OwnersCorrected{}, residence.OwnersChanged{})
	described := []domain.Event{residence.DwellingDescribed{}, residence.DwellingRecoded{}}
	by(described, described...)
	by(one(residence.DwellingGone{}), residence.DwellingRecorded{})
	by(one(residence.LeaseEnded{}), residence.LeaseBegan{})
	by(one(housing.EntryRedated{}), housing.EntryRedated{}, housing.RedatingUndone{})
	by(one(housing.RedatingUndone{}), housing.EntryRedated{})
	by(one(housing.EntryTransferred{}), housing.EntryTransferred{})
	by(one(housing.PriorityEnded{}), housing.EntryPrioritised{})
	by(one(housing.ProtectionLifted{}), housing.ProtectionRecorded{})
	by(one(housing.LookupConsentWithdrawn{}), housing.LookupConsentRenewed{})
	by(one(housing.LookupConsentRenewed{}), housing.LookupConsentWithdrawn{}, housing.LookupConsentRenewed{})
	by(one(housing.ChangeReported{}), housing.ChangeReported{})
	by(one(housing.ServiceEnded{}), housing.ServiceEndUndone{})
	return m
}()

// Amendments are the types of events that can remedy a contested event of the type.
func Amendments(contested string) []string { return amends[contested] }

// Amends reports whether the act remedies the contested one.
func Amends(contested procedure.ActContested, was, act domain.Recorded) bool {
	if act.Event == nil || was.Event == nil || act.Position <= was.Position {
		return false
	}
	if _, ended := was.Event.(residence.DwellingGone); !ended && act.Stream != contested.Act.Stream {
		return false
	}
	if entryOf(act.Event) != entryOf(was.Event) {
		return false
	}
	return slices.Contains(amends[contested.ActType], act.Event.EventType())
}
