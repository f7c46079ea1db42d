package housing_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

func TestQ26_AHolderLeavesTheList(t *testing.T) {
	citizen := domaintest.Command()
	citizen.Role = domain.RoleCitizen
	leave := func(cmd domain.Command, c housing.Leave) decision {
		c.EntryID = a
		return func(q *housing.List) ([]domain.Event, error) { return q.Leave(cmd, c) }
	}
	left := housing.EntryLeft{
		ListID: list, EntryID: a, PersonID: aigul, Seniority: longAg, Number: 1, LeftAt: domaintest.Noon(),
	}
	stated := left
	stated.Basis = domaintest.Basis()
	two := opened().with(a, aigul, longAg, 1, spouse(gulnar)).placed(d, daur, filed(0, 30), 2)
	protected := two.then(housing.ProtectionRecorded{EntryID: a, Category: housing.ProtectedOrphan})
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q26 by their own token", Given: two, When: leave(citizen, housing.Leave{Holder: aigul}), Then: []domain.Event{left}},
		{Name: "Q26 at a desk by a paper", Given: two,
			When: leave(domaintest.Command(), housing.Leave{Basis: domaintest.Basis()}), Then: []domain.Event{stated}},
		{Name: "Q26 at a desk without a paper", Given: two, When: leave(domaintest.Command(), housing.Leave{}),
			Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q26 not with the entry of somebody else", Given: two, When: leave(citizen, housing.Leave{Holder: daur}),
			Refused: domain.CodeNotFound},
		{Name: "Q26 Q15a a protection holds nobody back", Given: protected, When: leave(citizen, housing.Leave{Holder: aigul}),
			Then: []domain.Event{left}},
		{Name: "Q26 not out of a review", Given: two.then(reviewed(a, aigul, housing.Doubt)),
			When: leave(citizen, housing.Leave{Holder: aigul}), Refused: domain.CodeEntryUnderReview},
		{Name: "Q26 not twice", Given: two.then(left), When: leave(citizen, housing.Leave{Holder: aigul}),
			Refused: domain.CodeEntryNotActive},
		{Name: "Q26 nobody brings it back", Given: two.then(left), When: func(q *housing.List) ([]domain.Event, error) {
			return q.Reinstate(domaintest.Command(), housing.Reinstate{EntryID: a, Ground: housing.CourtAct, Act: inForce}, rules.Book{})
		}, Refused: domain.CodeEntryNotRemoved},
	})
	q := two.then(left).fold()
	if diff := domaintest.Diff(map[domain.EntryID]int{d: 1}, ordered(q)); diff != "" {
		t.Errorf("Q26 Q8 (-want +got):\n%s", diff)
	}
	if e, _ := q.Entry(a); e.State() != housing.Left {
		t.Errorf("the entry is %s", e.State())
	}
	if err := q.CanJoin(aigul); err != nil {
		t.Errorf("whoever left may not apply again: %v", err)
	}
	if n := q.Numbers(d, q.Steps(), 10); n.Number != 1 || n.Changes[len(n.Changes)-1].Cause.Event != "EntryLeft" {
		t.Errorf("the numbers of the one behind are %+v", n)
	}
}
