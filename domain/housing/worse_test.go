package housing_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// overtaking is the history whose last event puts its entry before so many others.
func (h on) overtaking(n int) on {
	switch e := h[len(h)-1].(type) {
	case housing.EntryPlaced:
		e.Overtakes = n
		h[len(h)-1] = e
	case housing.EntryReinstated:
		e.Overtakes = n
		h[len(h)-1] = e
	}
	return h
}

// TestQ43_AnActSaysHowManyItPutsAnEntryBefore: those whose numbers get worse, and 0 for an act after
// which nobody's does.
func TestQ43_AnActSaysHowManyItPutsAnEntryBefore(t *testing.T) {
	a, b, c := entry("a"), entry("b"), entry("c")
	rule := housing.PriorityRuleSet{ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "act"}
	three := opened().placed(a, aigul, filed(-72, 10), 1).placed(b, daur, filed(-48, 20), 2).placed(c, erlan, filed(-24, 30), 3).then(rule)
	place := func(hours int) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Place(domaintest.Command(), housing.Place{
				EntryID: entry("new"), PersonID: domaintest.ID[domain.PersonID]("new"), Seniority: filed(hours, 40),
				RegisteredOn: domaintest.Today(), Approved: 1000, Order: housing.OrderOfInstants,
			}, rules.Book{})
		}
	}
	redate := func(id domain.EntryID, to domain.Date) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Redate(domaintest.Command(), housing.Redate{EntryID: id, GroundArose: to, Reasons: "n"})
		}
	}
	last, err := redate(a, domaintest.Today())(three.fold())
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name  string
		given on
		when  decision
		want  int
	}{
		{"a placement at the end", three, place(0), 0},
		{"a placement with an earlier application", three, place(-50), 2},
		{"a priority", three, func(q *housing.List) ([]domain.Event, error) {
			return q.Prioritise(domaintest.Command(), housing.Prioritise{EntryID: c, Category: housing.PriorityOrphan})
		}, 2},
		{"a priority of the first", three, func(q *housing.List) ([]domain.Event, error) {
			return q.Prioritise(domaintest.Command(), housing.Prioritise{EntryID: a, Category: housing.PriorityOrphan})
		}, 0},
		{"a reinstatement", three.heard(a, aigul).removed(a, aigul, filed(-72, 10)), func(q *housing.List) ([]domain.Event, error) {
			return q.Reinstate(domaintest.Command(), housing.Reinstate{EntryID: a, Ground: housing.CourtAct, Act: inForce}, rules.Book{})
		}, 2},
		{"a re-dating to a later day", three, redate(a, domaintest.Today()), 0},
		{"a re-dating to an earlier day than the one before", three.then(last...), redate(a, day("2026-03-14")), 1},
		{"a re-dating undone", three.then(last...), func(q *housing.List) ([]domain.Event, error) {
			return q.UndoRedating(domaintest.Command(), housing.UndoRedating{
				EntryID: a, Redating: domain.EventRef{Stream: list.Stream(), Revision: uint64(len(three))},
				Basis: domaintest.Basis(), Reasons: "n",
			})
		}, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			events, err := tc.when(tc.given.fold())
			if err != nil {
				t.Fatal(err)
			}
			if got := events[0].(housing.Overtaking).Overtook(); got != tc.want {
				t.Errorf("overtakes %d, want %d", got, tc.want)
			}
		})
	}
}

// TestQ43_ByHowManyPlacesANumberGotWorse: on random lists, for every entry and every two revisions,
// it is what the numbers of the past say, since the last act that moved the entry itself.
func TestQ43_ByHowManyPlacesANumberGotWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := opened().fold()
		moved := []domain.EntryID{{}} // by revision
		var all []domain.EntryID
		do := func(id domain.EntryID, e domain.Event) {
			q.Apply(domaintest.Recorded(len(moved), e))
			moved = append(moved, id)
		}
		for i := range rapid.IntRange(2, 25).Draw(t, "acts") {
			what := rapid.SampledFrom([]string{"place", "place", "remove", "reinstate", "prioritise", "end", "redate"}).Draw(t, "act")
			if len(all) == 0 || what == "place" {
				id := entry(fmt.Sprint(i))
				do(id, housing.EntryPlaced{
					ListID: list, EntryID: id, PersonID: domaintest.ID[domain.PersonID](fmt.Sprint(i)),
					Seniority: filed(rapid.IntRange(0, 20).Draw(t, "filed"), domain.Position(i+1)),
				})
				all = append(all, id)
				continue
			}
			e, _ := q.Entry(rapid.SampledFrom(all).Draw(t, "whose"))
			to := e.Seniority
			switch {
			case what == "reinstate" && !e.Active:
				do(e.ID, housing.EntryReinstated{ListID: list, EntryID: e.ID, PersonID: e.PersonID, Seniority: to})
			case !e.Active:
			case what == "remove":
				do(e.ID, housing.EntryRemoved{ListID: list, EntryID: e.ID, PersonID: e.PersonID, Seniority: to})
			case what == "redate":
				to.At = domaintest.Noon().Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "to")) * time.Hour)
				before, _ := q.Number(e.ID)
				do(e.ID, housing.EntryRedated{ListID: list, EntryID: e.ID, PersonID: e.PersonID, From: e.Seniority, Seniority: to})
				if after, _ := q.Number(e.ID); before == after {
					moved[len(moved)-1] = domain.EntryID{}
				}
			default:
				if to.Priority = what == "prioritise"; to == e.Seniority {
					continue
				}
				before, _ := q.Number(e.ID)
				do(e.ID, housing.EntryPrioritised{ListID: list, EntryID: e.ID, PersonID: e.PersonID, From: e.Seniority, Seniority: to})
				if after, _ := q.Number(e.ID); before == after {
					moved[len(moved)-1] = domain.EntryID{}
				}
			}
		}
		for by := range q.Steps() + 1 {
			for before := range by + 1 {
				for _, id := range all {
					since := before
					for i, m := range moved[before:by] {
						if m == id {
							since = before + i + 1
						}
					}
					first, last := q.Numbers(id, since, 1).Number, q.Numbers(id, by, 1).Number
					want := max(0, last-first)
					if e, _ := q.Entry(id); first == 0 || last == 0 || !e.Active {
						want = 0
					}
					if got := q.Worse(id, before, by); got != want {
						t.Fatalf("from %d to %d events: number %d became %d, %d places worse", before, by, first, last, got)
					}
				}
			}
		}
	})
}

// TestQ43_TheDayOfAnActIsThatOfItsDecision, which the log may have a moment after midnight.
func TestQ43_TheDayOfAnActIsThatOfItsDecision(t *testing.T) {
	midnight := domaintest.Today().AddDays(1).Start()
	q := opened().fold()
	for i, at := range []time.Duration{-time.Hour, -time.Second, time.Second} {
		decided := midnight.Add(at)
		rec := domaintest.Recorded(i+1, housing.EntryPlaced{
			ListID: list, EntryID: entry(fmt.Sprint(i)), PersonID: domaintest.ID[domain.PersonID](fmt.Sprint(i)),
			Seniority: filed(i, domain.Position(i+1)), PlacedAt: decided,
		})
		rec.Created = decided.Add(2 * time.Second)
		if want := domain.DateOf(decided); housing.ActedOn(rec) != want {
			t.Errorf("an act of %s counts to %s", decided, housing.ActedOn(rec))
		}
		q.Apply(rec)
	}
	if before, by := q.StepsOf(domaintest.Today()); by != 3 || before != 0 {
		t.Errorf("the events of the day are from %d to %d", before, by)
	}
	if before, by := q.StepsOf(domaintest.Today().AddDays(1)); before != 3 || by != 4 {
		t.Errorf("those of the next day from %d to %d", before, by)
	}
}
