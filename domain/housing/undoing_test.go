package housing_test

import (
	"fmt"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// numbered are the entries of a list in their order.
func numbered(l *housing.List) (ids []domain.EntryID) {
	for _, e := range l.Ordered {
		ids = append(ids, e.ID)
	}
	return ids
}

// TestQ34_ARedatingThatWasAMistakeIsUndone: by reference, and the numbers are as before.
func TestQ34_ARedatingThatWasAMistakeIsUndone(t *testing.T) {
	b, c := entry("b"), entry("c")
	three := opened().placed(a, aigul, filed(-72, 10), 1).placed(b, daur, filed(-48, 20), 2).placed(c, erlan, filed(-24, 30), 3)
	redated := func(h on, on domain.Date) on {
		t.Helper()
		events, err := h.fold().Redate(domaintest.Command(), housing.Redate{EntryID: a, GroundArose: on, Reasons: "n"})
		if err != nil {
			t.Fatal(err)
		}
		return h.then(events...)
	}
	once := redated(three, domaintest.Today())
	ref := func(revision int) domain.EventRef {
		return domain.EventRef{Stream: list.Stream(), Revision: uint64(revision)}
	}
	undo := func(redating domain.EventRef) housing.UndoRedating {
		return housing.UndoRedating{EntryID: a, Redating: redating, Basis: domaintest.Basis(), Reasons: "another's ground"}
	}
	when := func(c housing.UndoRedating) decision {
		return func(q *housing.List) ([]domain.Event, error) { return q.UndoRedating(domaintest.Command(), c) }
	}
	at := len(three)
	undone := housing.RedatingUndone{
		ListID: list, EntryID: a, PersonID: aigul, Redating: ref(at),
		From: housing.Seniority{At: domaintest.Today().Start(), Position: 10}, Seniority: filed(-72, 10),
		Overtakes: 2, Basis: domaintest.Basis(), Reasons: "another's ground", UndoneAt: domaintest.Noon(),
	}
	unfounded, silent := undo(ref(at)), undo(ref(at))
	unfounded.Basis, silent.Reasons = domain.Basis{}, " "
	other := undo(ref(at))
	other.EntryID = b
	twice := redated(once, domaintest.Today().AddDays(-1))
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q34 by reference", Given: once, When: when(undo(ref(at))), Then: []domain.Event{undone}},
		{Name: "Q34 another event is none", Given: once, When: when(undo(ref(1))), Refused: domain.CodeFactUnknown, Field: "redating"},
		{Name: "Q34 nor is one of another entry", Given: once, When: when(other), Refused: domain.CodeFactUnknown, Field: "redating"},
		{Name: "Q34 by a document", Given: once, When: when(unfounded), Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q34 with reasons", Given: once, When: when(silent), Refused: domain.CodeReasonsRequired, Field: "reasons"},
		{Name: "Q34 the last one first", Given: twice, When: when(undo(ref(at))),
			Refused: domain.CodeAnnulmentOvertaken, Field: "redating"},
		{Name: "Q34 once", Given: once.then(undone), When: when(undo(ref(at))), Refused: domain.CodeFactUnknown, Field: "redating"},
	})
	if got := numbered(once.fold()); !slices.Equal(got, []domain.EntryID{b, c, a}) {
		t.Errorf("re-dated: %v", got)
	}
	if got := numbered(once.then(undone).fold()); !slices.Equal(got, []domain.EntryID{a, b, c}) {
		t.Errorf("undone: %v", got)
	}
	events, err := twice.fold().UndoRedating(domaintest.Command(), undo(ref(at+1)))
	if err != nil || !slices.Equal(numbered(twice.then(events...).fold()), numbered(once.fold())) {
		t.Errorf("undone, the second of two: %v, %v", events, err)
	}
}

// TestQ35_WhoHadPriorityFallsBackWhenTheRuleEnds: all of them, each by an event, in the order of
// Q6; also where they are more than one append takes.
func TestQ35_WhoHadPriorityFallsBackWhenTheRuleEnds(t *testing.T) {
	const moved = 450
	l := opened().then(housing.PriorityRuleSet{ListID: list, Categories: []housing.PriorityCategory{
		housing.PriorityOrphan, housing.PriorityLargeFamily,
	}})
	l = l.placed(a, aigul, filed(-9000, 1), 1)
	var prioritised []domain.Event
	for i := range moved + 1 {
		id := entry(fmt.Sprint(i))
		s := filed(-8000+i, domain.Position(10+i))
		l = l.placed(id, domaintest.ID[domain.PersonID](fmt.Sprint(i)), s, i+2)
		up, category := s, housing.PriorityOrphan
		up.Priority = true
		if i == moved { // of a category that stays
			category = housing.PriorityLargeFamily
		}
		prioritised = append(prioritised, housing.EntryPrioritised{
			ListID: list, EntryID: id, Category: category, From: s, Seniority: up,
		})
	}
	before := numbered(l.fold())
	l = l.then(prioritised...)
	end := func(categories ...housing.PriorityCategory) []domain.Event {
		t.Helper()
		events, err := l.fold().SetPriorityRule(domaintest.Command(),
			housing.SetPriorityRule{Categories: categories, Basis: "act 6"}, rules.Book{})
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	if events := end(housing.PriorityOrphan, housing.PriorityLargeFamily); len(events) != 1 {
		t.Errorf("a rule that takes nothing from anybody: %d events", len(events))
	}
	kept := entry(fmt.Sprint(moved))
	parts := 0
	for events := end(housing.PriorityLargeFamily); ; parts++ {
		l = l.then(events...)
		for _, e := range events {
			if ended, ok := e.(housing.PriorityEnded); ok && (ended.ByRule != housing.PriorityOrphan || ended.Seniority.Priority) {
				t.Fatalf("ended by %+v", ended)
			}
		}
		var err error
		if events, err = l.fold().FollowPriorityRule(domaintest.Command()); domain.CodeOf(err) == domain.CodeNotDue {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if parts != 2 {
		t.Errorf("the registry went on %d times", parts)
	}
	want := append([]domain.EntryID{kept}, slices.DeleteFunc(slices.Clone(before), func(id domain.EntryID) bool { return id == kept })...)
	if got := numbered(l.fold()); !slices.Equal(got, want) {
		t.Errorf("the order is not that of Q6 behind the one with priority")
	}
	l = l.then(end()...)
	if got := numbered(l.fold()); !slices.Equal(got, before) {
		t.Errorf("after the end of the whole rule the order is not that of Q6")
	}
}
