package housing_test

import (
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

var (
	day   = domaintest.Day
	list  = domaintest.ID[domain.ListID]("list")
	kase  = domaintest.ID[domain.CaseID]("case")
	aigul = domaintest.ID[domain.PersonID]("aigul")
	daur  = domaintest.ID[domain.PersonID]("daur")
	erlan = domaintest.ID[domain.PersonID]("erlan")
)

// on is what has been recorded of one list, ready for more.
type on []domain.Event

func opened() on {
	return on{housing.ListOpened{ListID: list, Body: "body", Settlement: "Алматы", Title: "title", OpenedAt: domaintest.Noon()}}
}

// entry names the entry and the case of a person on the list.
func entry(name string) domain.EntryID { return domaintest.ID[domain.EntryID](name) }

// filed is the seniority of an application filed so many hours after noon, at
// that position of the log.
func filed(hours int, position domain.Position) housing.Seniority {
	return housing.Seniority{At: domaintest.Noon().Add(time.Duration(hours) * time.Hour), Position: position}
}

func (h on) placed(id domain.EntryID, p domain.PersonID, s housing.Seniority, number int) on {
	return append(slices.Clip(h), housing.EntryPlaced{
		ListID: list, EntryID: id, PersonID: p, CaseID: kase, Seniority: s,
		Consent: consented, RegisteredOn: domaintest.Today(), Number: number, PlacedAt: domaintest.Noon(),
	})
}

func (h on) removed(id domain.EntryID, p domain.PersonID, s housing.Seniority) on {
	return append(slices.Clip(h), housing.EntryRemoved{
		ListID: list, EntryID: id, PersonID: p, Seniority: s, Reason: housing.DwellingAcquired, Note: "a note",
		NoticeDueOn: domaintest.Today().AddDays(10), RemovedAt: domaintest.Noon(),
	})
}

func (h on) reinstated(id domain.EntryID, p domain.PersonID, s housing.Seniority) on {
	return append(slices.Clip(h), housing.EntryReinstated{
		ListID: list, EntryID: id, PersonID: p, Seniority: s, Ground: housing.CourtAct, Note: "a note", ReinstatedAt: domaintest.Noon(),
	})
}

func (h on) fold() *housing.Queue { return domaintest.Fold[housing.Queue](h...) }

// last is what the history adds to the one before it.
func (h on) last() []domain.Event { return h[len(h)-1:] }

// then adds events as they are.
func (h on) then(events ...domain.Event) on { return append(slices.Clip(h), events...) }

// with is placed, of an entry that counts a family.
func (h on) with(id domain.EntryID, p domain.PersonID, s housing.Seniority, number int, family ...housing.FamilyMember) on {
	h = h.placed(id, p, s, number)
	e := h[len(h)-1].(housing.EntryPlaced)
	e.Family = family
	h[len(h)-1] = e
	return h
}
