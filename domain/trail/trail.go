// Package trail says which events of the log are the history of something. Each choice goes through the log once,
// in its order, and keeps no event: of a person it remembers their cases and entries. The read model points to
// the same events.
package trail

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
)

// Choice reports whether the next event of the log belongs to a history. It is called for every event, in
// the order of the log.
type Choice func(domain.Recorded) bool

// Person is the history of a person; of several ids, where the records of one human were merged (R33).
func Person(ids ...domain.PersonID) Choice {
	is := func(id domain.PersonID) bool { return slices.Contains(ids, id) }
	held := map[domain.ListEntry]bool{}
	return history(func(rec domain.Recorded, c domain.Concern) bool {
		switch e := rec.Event.(type) {
		case housing.EntryPlaced:
			held[domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}] = is(e.PersonID)
		case housing.EntryTransferred:
			held[domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}] = is(e.PersonID)
		}
		return slices.ContainsFunc(c.Persons, is)
	}, func(e domain.ListEntry) bool { return held[e] })
}

// Dwelling is the history of a dwelling.
func Dwelling(id domain.DwellingID) Choice {
	return history(func(_ domain.Recorded, c domain.Concern) bool { return slices.Contains(c.Dwellings, id) },
		func(domain.ListEntry) bool { return false })
}

// history chooses the events that concern a subject, and the steps of the cases in which it takes part.
func history(concerned func(domain.Recorded, domain.Concern) bool, holds func(domain.ListEntry) bool) Choice {
	cases := map[domain.CaseID]bool{}
	return func(rec domain.Recorded) bool {
		if accesslog.IsLog(rec.Stream) {
			return false
		}
		c := rec.Event.Concerns()
		chosen := concerned(rec, c)
		if c.Begins && chosen {
			cases[c.Case] = true
		}
		return chosen || !c.Case.IsZero() && cases[c.Case] || slices.ContainsFunc(c.Entries, holds)
	}
}

// Case is the history of a case: its steps, also those of a review in the stream of a list.
func Case(id domain.CaseID) Choice {
	return func(rec domain.Recorded) bool { return !accesslog.IsLog(rec.Stream) && rec.Event.Concerns().Case == id }
}

// Acts are what an account of staff did.
func Acts(account string) Choice {
	return func(rec domain.Recorded) bool {
		return !accesslog.IsLog(rec.Stream) && rec.Meta.Actor == account && rec.Meta.Role != domain.RoleCitizen
	}
}

// ReadsBy are what an account of staff was shown.
func ReadsBy(account string) Choice {
	return func(rec domain.Recorded) bool {
		switch e := rec.Event.(type) {
		case accesslog.PersonalDataRead:
			return e.Reader == account && e.Role != domain.RoleCitizen
		case accesslog.PageRead:
			return e.Reader == account && e.Role != domain.RoleCitizen
		}
		return false
	}
}

// ReadsOf are the looks at a person, alone or on a page with others.
func ReadsOf(ids ...domain.PersonID) Choice {
	return func(rec domain.Recorded) bool {
		switch e := rec.Event.(type) {
		case accesslog.PersonalDataRead:
			return slices.Contains(ids, e.PersonID)
		case accesslog.PageRead:
			return slices.ContainsFunc(e.Shown, func(s accesslog.Shown) bool { return slices.Contains(ids, s.PersonID) })
		}
		return false
	}
}

// Stream is the history that one stream is: of a list, or of a body.
func Stream(name string) Choice {
	return func(rec domain.Recorded) bool { return rec.Stream == name }
}
