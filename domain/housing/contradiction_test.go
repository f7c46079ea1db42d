package housing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// clocked is a seniority so long after noon, at that position of the log.
func clocked(after time.Duration, position domain.Position) housing.Seniority {
	return housing.Seniority{At: domaintest.Noon().Add(after), Position: position}
}

func TestQ6_V7_AnInstantThatContradictsTheLogIsMovedOrDecidedByAPerson(t *testing.T) {
	a, d, e := entry("aigul"), entry("daur"), entry("erlan")
	two := opened().placed(a, aigul, clocked(time.Hour, 10), 1).placed(d, daur, clocked(3*time.Hour, 30), 2)
	const minute = time.Minute
	for _, c := range []struct {
		name   string
		filed  housing.Seniority
		order  housing.OrderBasis
		want   housing.Seniority
		number int
		refuse domain.Code
	}{
		{"an instant that agrees with the log stays", clocked(2*time.Hour, 20), "", clocked(2*time.Hour, 20), 2, ""},
		{"a second before an earlier application", clocked(3*time.Hour-time.Second, 99), "", clocked(3*time.Hour, 99), 3, ""},
		{"a second after a later application", clocked(3*time.Hour+time.Second, 20), "", clocked(3*time.Hour, 20), 2, ""},
		{"a minute before an earlier application", clocked(3*time.Hour-minute, 99), "", clocked(3*time.Hour, 99), 3, ""},
		{"more than a minute before", clocked(3*time.Hour-minute-1, 99), "", housing.Seniority{}, 0, domain.CodeOrderContradicted},
		{"more than a minute after", clocked(3*time.Hour+minute+1, 20), "", housing.Seniority{}, 0, domain.CodeOrderContradicted},
		{"an hour back, and the log holds", clocked(0, 99), housing.OrderOfLog, clocked(3*time.Hour, 99), 3, ""},
		{"an hour back, and the instants hold", clocked(0, 99), housing.OrderOfInstants, clocked(0, 99), 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events, err := two.fold().Place(domaintest.Command(), housing.Place{
				EntryID: e, PersonID: erlan, CaseID: caseID, Seniority: c.filed, RegisteredOn: domaintest.Today(),
				Approved: 200, Order: c.order,
			}, rules.Book{})
			if domain.CodeOf(err) != c.refuse {
				t.Fatalf("answered %v", err)
			}
			if c.refuse != "" {
				return
			}
			got := events[0].(housing.EntryPlaced)
			if got.Seniority != c.want || got.Number != c.number {
				t.Errorf("placed at %v as number %d, want %v and %d", got.Seniority, got.Number, c.want, c.number)
			}
		})
	}
}

func TestV7_ADecisionStatesWhichOrderHoldsOnlyWhereTheInstantContradictsTheLog(t *testing.T) {
	earlier := opened().placed(entry("daur"), daur, clocked(time.Hour, 50), 1).fold() // the application stands at noon, at 100
	plain := opened().fold()
	stated := housing.OrderStatement{Holds: housing.OrderOfLog, Reasons: "the clock was an hour slow"}
	for _, c := range []struct {
		name   string
		list   *housing.List
		order  housing.OrderStatement
		refuse domain.Code
		field  string
	}{
		{"nothing is said of a contradiction", earlier, housing.OrderStatement{}, domain.CodeOrderContradicted, "order"},
		{"no reasons", earlier, housing.OrderStatement{Holds: housing.OrderOfLog}, domain.CodeReasonsRequired, "order.reasons"},
		{"an unknown order", earlier, housing.OrderStatement{Holds: "mine", Reasons: "r"}, domain.CodeValueUnknown, "order.holds"},
		{"nothing contradicts", plain, stated, domain.CodeMemberNotAllowed, "order"},
		{"the log holds", earlier, stated, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := domaintest.Fold[housing.Application](received()...)
			events, err := a.Approve(domaintest.Command(), c.list, housing.Approve{Examine: found(), Order: c.order})
			if domain.CodeOf(err) != c.refuse {
				t.Fatalf("answered %v", err)
			}
			if c.refuse != "" {
				if field := err.(*domain.Error).Field; field != c.field {
					t.Errorf("it blames %q", field)
				}
				return
			}
			got := events[len(events)-1].(housing.PlacementApproved)
			want := stated
			want.Filed = a.Completed.At
			if got.Order != want || !got.Seniority.At.Equal(clocked(time.Hour, 0).At) {
				t.Errorf("recorded %+v at %s", got.Order, got.Seniority.At)
			}
		})
	}
}

// TestQ6_V7_WhateverJumpsAClockMakesTheOrderOfAListIsThatOfTheLog: the instants of the
// applications are any, and so is the order of the decisions.
func TestQ6_V7_WhateverJumpsAClockMakesTheOrderOfAListIsThatOfTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 25).Draw(t, "applications")
		clocks := rapid.SliceOfN(rapid.IntRange(-100_000, 100_000), n, n).Draw(t, "seconds by the clocks")
		q := opened().fold()
		for at, i := range rapid.Permutation(makeRange(0, n-1)).Draw(t, "decided") {
			filed := clocked(time.Duration(clocks[i])*time.Second, domain.Position(i+1))
			place := housing.Place{
				EntryID: entry(fmt.Sprint(i)), PersonID: domaintest.ID[domain.PersonID](fmt.Sprint(i)), Seniority: filed,
			}
			events, err := q.Place(domaintest.Command(), place, rules.Book{})
			if domain.CodeOf(err) == domain.CodeOrderContradicted {
				place.Order = housing.OrderOfLog
				events, err = q.Place(domaintest.Command(), place, rules.Book{})
			}
			if err != nil {
				t.Fatal(err)
			}
			q.Apply(domaintest.Recorded(at, events[0]))
		}
		var order []domain.Position
		q.Ordered(func(_ int, e housing.Entry) bool {
			order = append(order, e.Seniority.Position)
			return true
		})
		if !slices.IsSorted(order) {
			t.Fatalf("the entries stand in the order %v of the log", order)
		}
	})
}

func TestV7_PositionsOfAnotherLogSayNothingAboutTheOrder(t *testing.T) {
	copied := opened().placed(entry("daur"), daur, clocked(time.Hour, 1_000_000), 1).fold() // recorded at 101 of this log
	if _, err := copied.Place(domaintest.Command(), housing.Place{
		EntryID: entry("erlan"), PersonID: erlan, Seniority: clocked(2*time.Hour, 500), Approved: 600,
	}, rules.Book{}); err != nil {
		t.Error(err)
	}
}
