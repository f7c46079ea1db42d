package certificates

import (
	"tizilim/domain"
	"tizilim/domain/housing"
)

// Overtaking is the kind of act since which a document that was issued is not in force.
type Overtaking string

const (
	DecisionFell     Overtaking = "decision_fell"     // what the document certifies does not hold any more
	EndingCorrected  Overtaking = "ending_corrected"  // of a departure sheet (R17)
	EntryRemoved     Overtaking = "entry_removed"     // from the list; a reinstatement puts the certificate in force again
	EntryLeft        Overtaking = "entry_left"        // by the holder's own wish (Q26)
	DwellingProvided Overtaking = "dwelling_provided" // to the entry (Q20)
	EntryTransferred Overtaking = "entry_transferred" // to a member of the family (Q16)
)

// Overtakings lists them all.
var Overtakings = []Overtaking{
	DecisionFell, EndingCorrected, EntryRemoved, EntryLeft, DwellingProvided, EntryTransferred,
}

// Falls is by which act the decision or the ending falls that a document of the kind certifies.
func (k Kind) Falls() Overtaking {
	if k == DepartureSheet {
		return EndingCorrected
	}
	return DecisionFell
}

// OvertakenWith is the act that overtakes the certificate of an entry that is in the state;
// "" where the entry stands.
func OvertakenWith(s housing.EntryState) Overtaking {
	switch s {
	case housing.Removed:
		return EntryRemoved
	case housing.Left:
		return EntryLeft
	case housing.Provided:
		return DwellingProvided
	}
	return ""
}

// Overtake returns since when and by what a certificate of an entry is not in force: the
// earlier of what was known before and of what the entry says. passed is the day on which
// the entry passed from the holder to whom the certificate was issued, gone the day on which
// it left the list in the state; each is zero where it did not.
func Overtake(since domain.Date, by Overtaking, passed, gone domain.Date, state housing.EntryState) (domain.Date, Overtaking) {
	earlier := func(day domain.Date, act Overtaking) {
		if !day.IsZero() && (since.IsZero() || day.Before(since)) {
			since, by = day, act
		}
	}
	earlier(passed, EntryTransferred)
	if act := OvertakenWith(state); act != "" {
		earlier(gone, act)
	}
	return since, by
}

// EntryOf returns the entry about which the document is; zero for a document about none.
func EntryOf(d Document) domain.ListEntry {
	switch e := d.Fact.(type) {
	case housing.PlacementCertified:
		return domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}
	case housing.HolderCertified:
		return domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}
	}
	return domain.ListEntry{}
}

// HeldSince is the revision of the transfer since which the holder whom the certificate names
// has the entry; zero for the holder since the placement.
func HeldSince(d Document) uint64 {
	if e, ok := d.Fact.(housing.HolderCertified); ok {
		return e.Transfer.Revision
	}
	return 0
}

// Stand compares the certificates of the entry with what its list now holds of it.
func (ds *Documents) Stand(at domain.ListEntry, e housing.Entry) {
	for i, d := range ds.Documents {
		if EntryOf(d) == at {
			ds.Documents[i].VoidSince, ds.Documents[i].VoidBy = Overtake(
				d.VoidSince, d.VoidBy, e.PassedOn(HeldSince(d)), e.GoneOn, e.State())
		}
	}
}
