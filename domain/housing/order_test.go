package housing_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// stand is an entry in the naive list that the queue is compared with.
type stand struct {
	id     domain.EntryID
	person domain.PersonID
	s      housing.Seniority
}

// numbers are the ordinals that a naive sort gives.
func numbers(stands []stand) map[domain.EntryID]int {
	sorted := slices.Clone(stands)
	slices.SortFunc(sorted, func(a, b stand) int {
		if !a.s.At.Equal(b.s.At) {
			return a.s.At.Compare(b.s.At)
		}
		return int(a.s.Position) - int(b.s.Position)
	})
	n := map[domain.EntryID]int{}
	for i, s := range sorted {
		n[s.id] = i + 1
	}
	return n
}

func ordered(q *housing.List) map[domain.EntryID]int {
	n := map[domain.EntryID]int{}
	q.Ordered(func(number int, e housing.Entry) bool {
		n[e.ID] = number
		return true
	})
	return n
}

// TestQ5_Q6_Q7_Q8_Q9_RandomLists places, removes and reinstates at random,
// people who file at few distinct instants, and compares every number after
// every event with a sorted slice.
func TestQ5_Q6_Q7_Q8_Q9_RandomLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := opened().fold()
		var standing, gone []stand
		certified := map[domain.EntryID]int{}
		positions := rapid.Permutation(makeRange(1, 40)).Draw(t, "positions")
		apply := func(i int, e domain.Event) { q.Apply(domaintest.Recorded(i, e)) }
		stands := func(p domain.PersonID) bool {
			return slices.ContainsFunc(standing, func(s stand) bool { return s.person == p })
		}
		for i := range rapid.IntRange(1, 40).Draw(t, "orders") {
			before := numbers(standing)
			var changed housing.Seniority // what left or came
			shift := 0                    // of the numbers behind it
			switch what := rapid.SampledFrom([]string{"place", "place", "remove", "reinstate"}).Draw(t, "order"); {
			case what == "remove" && len(standing) > 0:
				k := rapid.IntRange(0, len(standing)-1).Draw(t, "whom")
				s := standing[k]
				order := domaintest.Command()
				order.ID = domaintest.ID[domain.CommandID](fmt.Sprint(i))
				review, err := q.Review(order, housing.Review{EntryID: s.id, Note: "n"}, rules.Book{})
				if err != nil {
					t.Fatalf("review: %v", err)
				}
				apply(i, review[0])
				events, err := q.Remove(order, housing.Remove{
					EntryID: s.id, Reason: housing.DwellingAcquired, Exemption: procedure.Dispense{Exemption: procedure.Urgency, Reasons: "n"},
				}, rules.Book{})
				if err != nil {
					t.Fatalf("remove: %v", err)
				}
				for _, e := range events {
					apply(i, e)
				}
				standing, gone = slices.Delete(standing, k, k+1), append(gone, s)
				changed, shift = s.s, -1
			case what == "reinstate" && len(gone) > 0:
				k := rapid.IntRange(0, len(gone)-1).Draw(t, "whom")
				s := gone[k]
				events, err := q.Reinstate(
					domaintest.Command(),
					housing.Reinstate{EntryID: s.id, Ground: housing.CourtAct, Act: inForce},
					rules.Book{},
				)
				if stands(s.person) {
					if domain.CodeOf(err) != domain.CodeAlreadyOnList {
						t.Fatalf("Q5: reinstated beside another entry: %v", err)
					}
					break
				}
				if err != nil {
					t.Fatalf("reinstate: %v", err)
				}
				if got := events[0].(housing.EntryReinstated).Seniority; got != s.s {
					t.Fatalf("Q6: reinstated with %v, original %v", got, s.s)
				}
				apply(i, events[0])
				standing, gone = append(standing, s), slices.Delete(gone, k, k+1)
				changed, shift = s.s, 1
			default:
				s := stand{
					id:     entry(fmt.Sprint(i)),
					person: domaintest.ID[domain.PersonID](fmt.Sprint(rapid.IntRange(1, 15).Draw(t, "person"))),
					s:      filed(rapid.IntRange(0, 4).Draw(t, "filed"), domain.Position(positions[i])),
				}
				events, err := q.Place(
					domaintest.Command(),
					housing.Place{
						EntryID: s.id, PersonID: s.person, Seniority: s.s, Approved: 1000, Order: housing.OrderOfInstants,
					},
					rules.Book{},
				)
				if stands(s.person) {
					if domain.CodeOf(err) != domain.CodeAlreadyOnList {
						t.Fatalf("Q5: a second entry: %v", err)
					}
					break
				}
				if err != nil {
					t.Fatalf("place: %v", err)
				}
				standing = append(standing, s)
				certified[s.id] = events[0].(housing.EntryPlaced).Number
				if want := numbers(standing)[s.id]; certified[s.id] != want {
					t.Fatalf("Q2: certified %d, stands at %d", certified[s.id], want)
				}
				apply(i, events[0])
				changed, shift = s.s, 1
			}

			want := numbers(standing)
			if diff := domaintest.Diff(want, ordered(q)); diff != "" {
				t.Fatalf("Q6: order (-want +got):\n%s", diff)
			}
			if q.Len() != len(standing) {
				t.Fatalf("Q7: %d entries, want %d", q.Len(), len(standing))
			}
			taken := map[int]bool{}
			for _, s := range standing {
				n, ok := q.Number(s.id)
				if !ok || n != want[s.id] || n < 1 || n > len(standing) || taken[n] {
					t.Fatalf("Q7: number %d, %t, want %d of %d", n, ok, want[s.id], len(standing))
				}
				taken[n] = true
				was, stood := before[s.id]
				if !stood {
					continue
				}
				behind := shift != 0 && s.s.Compare(changed) > 0
				if behind && n != was+shift || !behind && n != was {
					t.Fatalf(
						"Q8: number %d became %d, behind the change: %t, which moves it by %d",
						was,
						n,
						behind,
						shift,
					)
				}
			}
			for _, s := range gone {
				if n, ok := q.Number(s.id); ok {
					t.Fatalf("Q7: a removed entry has number %d", n)
				}
			}
			for id, want := range certified {
				if e, ok := q.Entry(id); !ok || e.Certified != want {
					t.Fatalf("Q9: certified %d became %d", want, e.Certified)
				}
			}
		}
	})
}

// TestQ6_TheOrderOfDecisionsDoesNotMatter: the same applications, approved in
// two different orders, give the same list.
func TestQ6_TheOrderOfDecisionsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "applications")
		positions := rapid.Permutation(makeRange(1, n)).Draw(t, "positions")
		hours := rapid.SliceOfN(rapid.IntRange(0, 3), n, n).Draw(t, "filed")
		decideIn := func(order []int) map[domain.EntryID]int {
			q := opened().fold()
			for at, i := range order {
				events, err := q.Place(domaintest.Command(), housing.Place{
					EntryID: entry(fmt.Sprint(i)), PersonID: domaintest.ID[domain.PersonID](fmt.Sprint(i)),
					Seniority: filed(hours[i], domain.Position(positions[i])), Order: housing.OrderOfInstants,
				}, rules.Book{})
				if err != nil {
					t.Fatal(err)
				}
				q.Apply(domaintest.Recorded(at, events[0]))
			}
			return ordered(q)
		}
		one := decideIn(makeRange(0, n-1))
		other := decideIn(rapid.Permutation(makeRange(0, n-1)).Draw(t, "decided"))
		if diff := domaintest.Diff(one, other); diff != "" {
			t.Fatalf("Q6: another order of decisions (-one +other):\n%s", diff)
		}
	})
}

func TestQ6_SeniorityIsAStrictTotalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) housing.Seniority {
			return filed(rapid.IntRange(0, 2).Draw(t, label), domain.Position(rapid.IntRange(0, 3).Draw(t, label)))
		}
		a, b, c := draw("a"), draw("b"), draw("c")
		if a.Compare(b) != -b.Compare(a) || (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%v against %v: %d and %d", a, b, a.Compare(b), b.Compare(a))
		}
		if a.Compare(b) < 0 && b.Compare(c) < 0 && a.Compare(c) >= 0 {
			t.Fatalf("%v, %v, %v", a, b, c)
		}
	})
}

func makeRange(from, to int) []int {
	r := make([]int, 0, to-from+1)
	for i := from; i <= to; i++ {
		r = append(r, i)
	}
	return r
}
