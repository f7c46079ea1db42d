package housing_test

import (
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

var (
	day    = domaintest.Day
	list   = domaintest.ID[domain.ListID]("list")
	caseID = domaintest.ID[domain.CaseID]("case")
	aigul  = domaintest.ID[domain.PersonID]("aigul")
	daur   = domaintest.ID[domain.PersonID]("daur")
	erlan  = domaintest.ID[domain.PersonID]("erlan")
)

// on is what has been recorded of one list, ready for more.
type on []domain.Event

func opened() on {
	return on{
		housing.ListOpened{
			ListID:     list,
			Body:       "body",
			Settlement: "Алматы",
			Title:      "title",
			OpenedAt:   domaintest.Noon(),
		},
	}
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
		ListID: list, EntryID: id, PersonID: p, CaseID: caseID, Seniority: s,
		Consent: consented, RegisteredOn: domaintest.Today(), Number: number, InventoryDueOn: nextYear, PlacedAt: domaintest.Noon(),
	})
}

var (
	nextYear = domaintest.Today().AddMonths(12)
	inForce  = housing.Act{Number: "2-114/26", On: day("2026-03-01"), InForceOn: day("2026-03-10")}
)

// reviewOf names the review of the entry that the order opens.
func reviewOf(id domain.EntryID) domain.CaseID {
	return domain.CaseID{UUID: domain.DeriveID(domaintest.Command().ID.UUID, "review of "+id.String())}
}

// heard is a review in which the holder was told of the removal and wants no
// hearing.
func (h on) heard(id domain.EntryID, p domain.PersonID) on {
	return h.then(reviewed(id, p, housing.Doubt), announced(id), procedure.HearingClosed{
		CaseID: reviewOf(id), How: procedure.HearingWaived, Protocol: "a note", ClosedAt: domaintest.Noon(),
	})
}

// announced on Sunday, 15 March: the act on the third working day after it, the
// 18th; objections until the second, the 17th.
func announced(id domain.EntryID) procedure.HearingAnnounced {
	return procedure.HearingAnnounced{
		CaseID: reviewOf(
			id,
		), Preliminary: "removal", NotBefore: day("2026-03-18"), ObjectUntil: day("2026-03-17"), AnnouncedAt: domaintest.Noon(),
	}
}

func (h on) removed(id domain.EntryID, p domain.PersonID, s housing.Seniority) on {
	return append(slices.Clip(h), housing.EntryRemoved{
		ListID: list, EntryID: id, PersonID: p, CaseID: reviewOf(id), Seniority: s, Reason: housing.DwellingAcquired, Note: "a note",
		NoticeDueOn: domaintest.Today().AddDays(10), Edition: edition, RemovedAt: domaintest.Noon(),
	})
}

func (h on) reinstated(id domain.EntryID, p domain.PersonID, s housing.Seniority) on {
	removal := domain.EventRef{Stream: list.Stream()}
	for i, e := range h {
		if e, ok := e.(housing.EntryRemoved); ok && e.EntryID == id {
			removal.Revision = uint64(i)
		}
	}
	return append(slices.Clip(h), housing.EntryReinstated{
		Removal: removal, ListID: list, EntryID: id, PersonID: p, CaseID: reviewOf(id), Seniority: s, Ground: housing.CourtAct, CourtAct: inForce, Note: "a note",
		InventoryDueOn: nextYear, ReinstatedAt: domaintest.Noon(),
	})
}

func (h on) fold() *housing.List { return domaintest.Fold[housing.List](h...) }

// last is what the history adds to the one before it.
func (h on) last() []domain.Event { return h[len(h)-1:] }

// then adds events as they are.
func (h on) then(events ...domain.Event) on { return append(slices.Clip(h), events...) }

// with is placed, of an entry that counts a family.
func (h on) with(
	id domain.EntryID,
	p domain.PersonID,
	s housing.Seniority,
	number int,
	family ...housing.FamilyMember,
) on {
	h = h.placed(id, p, s, number)
	e := h[len(h)-1].(housing.EntryPlaced)
	e.Family = family
	h[len(h)-1] = e
	return h
}
