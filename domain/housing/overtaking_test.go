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
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// TestQ5_Q6_Q7_Q8_Q9_Q17_Q19_NobodyOvertakesAnybody orders everything that a
// list takes, at random. After each event the numbers are 1..n in the order of a
// naive sort, and of two entries that stood before and stand after it none has
// overtaken the other, save the one that this very event re-dated or gave or
// took priority. Q6 and Q8, and a number follows only from recorded events.
func TestQ5_Q6_Q7_Q8_Q9_Q17_Q19_NobodyOvertakesAnybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := opened().then(housing.PriorityRuleSet{ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}}).
			fold()
		follow := map[domain.EntryID]*followed{}
		log := opened().then(housing.PriorityRuleSet{ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}})
		var ids []domain.EntryID
		certified := map[domain.EntryID]int{}
		for i := range rapid.IntRange(1, 30).Draw(t, "orders") {
			before := ordered(q)
			what := rapid.SampledFrom([]string{
				"place", "place", "place", "remove", "reinstate", "redate", "transfer", "provide", "prioritise", "end priority", "open review", "open review", "close review", "family",
				"hear", "object", "waive", "complain", "satisfy", "inventory",
			}).Draw(t, "order")
			var events []domain.Event
			var err error
			id := entry(fmt.Sprint(i))
			if what != "place" {
				if len(ids) == 0 {
					continue
				}
				id = rapid.SampledFrom(ids).Draw(t, "entry")
			}
			e, _ := q.Entry(id)
			person := func(label string) domain.PersonID {
				return domaintest.ID[domain.PersonID](fmt.Sprint(rapid.IntRange(1, 12).Draw(t, label)))
			}
			order := domaintest.Command()
			order.ID = domaintest.ID[domain.CommandID](fmt.Sprint("order ", i))
			switch what {
			case "place":
				c := housing.Place{
					EntryID:      id,
					PersonID:     person("person"),
					RegisteredOn: domaintest.Today(),
					Approved:     10_000,
					Seniority: filed(
						-24*rapid.IntRange(1, 5).Draw(t, "filed"),
						domain.Position(rapid.IntRange(0, 99).Draw(t, "position")*100+i),
					),
				}
				if rapid.Bool().Draw(t, "married") {
					if s := person("spouse"); s != c.PersonID {
						c.Family = []housing.FamilyMember{spouse(s)}
					}
				}
				events, err = q.Place(order, c, rules.Book{})
			case "remove":
				remove := housing.Remove{EntryID: id, Reason: housing.DwellingAcquired}
				if rapid.Bool().Draw(t, "unheard") {
					remove.Exemption = procedure.Dispense{Exemption: procedure.Urgency, Reasons: "n"}
				}
				order.Now = order.Now.AddDate(0, 0, rapid.IntRange(0, 6).Draw(t, "days later"))
				events, err = q.Remove(order, remove, rules.Book{})
			case "hear":
				events, err = q.Proceed(
					id,
					domain.PersonID{},
					func(c *procedure.Case) ([]domain.Event, error) { return c.AnnounceHearing(order, "n", terms()) },
				)
			case "object":
				events, err = q.Proceed(
					id,
					domain.PersonID{},
					func(c *procedure.Case) ([]domain.Event, error) { return c.Object(order, "n") },
				)
			case "waive":
				events, err = q.Proceed(id, domain.PersonID{}, func(c *procedure.Case) ([]domain.Event, error) {
					return c.CloseHearing(order, procedure.HearingWaived, "n")
				})
			case "complain":
				events, err = q.Proceed(id, domain.PersonID{}, func(c *procedure.Case) ([]domain.Event, error) {
					return c.FileComplaint(order, procedure.Filing{ID: "complaint", By: c.ApplicantID, Grounds: "n"}, terms())
				})
			case "satisfy":
				events, err = q.Proceed(id, domain.PersonID{}, func(c *procedure.Case) ([]domain.Event, error) {
					return c.DecideComplaint(order, procedure.Satisfied, "n", "", terms())
				})
			case "reinstate":
				back := housing.Reinstate{EntryID: id, Ground: housing.CourtAct, Act: inForce}
				if rapid.Bool().Draw(t, "by a complaint") {
					back = housing.Reinstate{EntryID: id, Ground: housing.ComplaintSatisfied, ComplaintID: "complaint"}
				}
				events, err = q.Reinstate(order, back, rules.Book{})
			case "inventory":
				order.Now = order.Now.AddDate(1, 0, rapid.IntRange(0, 40).Draw(t, "days later"))
				events, err = q.TakeInventoryOf(order, id, rules.Book{})
			case "redate":
				events, err = q.Redate(
					order,
					housing.Redate{
						EntryID:     id,
						GroundArose: domaintest.Today().AddDays(-rapid.IntRange(0, 5).Draw(t, "days")),
						Reasons:     "n",
					},
				)
			case "transfer":
				if len(e.Family) == 0 {
					continue
				}
				events, err = q.Transfer(
					order,
					housing.Transfer{
						EntryID:  id,
						PersonID: e.Family[0].PersonID,
						Cause:    housing.HolderDied,
						On:       domaintest.Today(),
						Need:     need,
					},
					rules.Book{},
				)
			case "provide":
				d := decided(
					id,
					e.PersonID,
					housing.ServiceDwelling{Area: rapid.IntRange(14, 60).Draw(t, "area"), Rooms: 2},
				)
				events, err = q.Provide(order, d)
			case "prioritise", "end priority":
				events, err = q.Prioritise(
					order,
					housing.Prioritise{EntryID: id, Category: housing.PriorityOrphan, End: what == "end priority"},
				)
			case "open review", "close review":
				events, err = q.Review(
					order,
					housing.Review{EntryID: id, Note: "n", Close: what == "close review"},
					rules.Book{},
				)
			case "family":
				now := []housing.FamilyMember{spouse(person("spouse"))}
				entry, _ := q.Entry(id)
				events, err = q.ReportChange(order, housing.ReportChange{
					EntryID: id, Kind: housing.FamilyChanged, Family: now, HappenedOn: domaintest.Today(),
					Papers: housingtest.Papers(entry.Family, now),
				}, rules.Book{})
			}
			if err != nil {
				continue // what is refused and why is specified elsewhere
			}
			for _, event := range events {
				rec := domaintest.Recorded(len(log), event)
				log = log.then(event)
				q.Apply(rec)
				if p, ok := event.(housing.EntryPlaced); ok {
					ids = append(ids, p.EntryID)
					certified[p.EntryID] = p.Number
					n := numbersOf(p.EntryID)
					for i, e := range log[:len(log)-1] {
						n.Apply(domaintest.Recorded(i, e))
					}
					follow[p.EntryID] = n
				}
				for _, n := range follow {
					n.Apply(rec)
				}
				if p, ok := event.(housing.EntryProvided); ok {
					fits := func(e housing.Entry) bool {
						n := 1 + len(e.Family)
						return e.Review == "" && p.Dwelling.Area >= 15*n && p.Dwelling.Area <= 18*(n+1)
					}
					if len(p.Skipped) != p.Number-1 || p.Number != before[id] {
						t.Fatalf("Q19: number %d was provided with %d skipped", p.Number, len(p.Skipped))
					}
					for _, s := range p.Skipped {
						if skipped, _ := q.Entry(s.EntryID); fits(skipped) {
							t.Fatalf("Q19: %s was skipped as %s, and fits", s.EntryID, s.Reason)
						}
					}
				}
			}

			after := ordered(q)
			var standing []housing.Entry
			holders := map[domain.PersonID]bool{}
			for _, id := range ids {
				e, _ := q.Entry(id)
				if e.Certified != certified[id] {
					t.Fatalf("Q9: certified %d became %d", certified[id], e.Certified)
				}
				for n := len(follow[id].Changes); n > 0; n -= 3 {
					follow[id].agreesWith(t, q, len(log), n)
				}
				follow[id].agreesWith(t, q, len(log), 1000)
				if number, _ := q.Number(id); follow[id].Changes[len(follow[id].Changes)-1].Number != number {
					t.Fatalf(
						"the number over time ends with %d, it is %d",
						follow[id].Changes[len(follow[id].Changes)-1].Number,
						number,
					)
				}
				if e.Active {
					if holders[e.PersonID] {
						t.Fatalf("Q5: two entries of one person")
					}
					holders[e.PersonID] = true
					standing = append(standing, e)
				}
			}
			for _, e := range standing {
				for _, m := range e.Family {
					if holders[m.PersonID] {
						t.Fatalf("Q5: both spouses have an entry")
					}
				}
			}
			slices.SortFunc(standing, func(a, b housing.Entry) int { return a.Seniority.Compare(b.Seniority) })
			if len(after) != len(standing) {
				t.Fatalf("Q7: %d numbers for %d entries", len(after), len(standing))
			}
			for i, e := range standing {
				if after[e.ID] != i+1 {
					t.Fatalf("Q6 Q7: number %d, by a sort %d", after[e.ID], i+1)
				}
			}
			moves := what == "redate" || what == "prioritise" || what == "end priority"
			for x, was := range before {
				for y, wasOther := range before {
					now, stands := after[x]
					other, standsOther := after[y]
					if stands && standsOther && (was < wasOther) != (now < other) && !(moves && (x == id || y == id)) {
						t.Fatalf("Q8: %s of %s let %s overtake %s", what, id, x, y)
					}
				}
			}
		}
	})
}

// TestTheInstantOfAPlacementHasItsNumber although the event is in the log a moment later.
// A process whose clock was wrong by more does not change what was answered.
func TestTheInstantOfAPlacementHasItsNumber(t *testing.T) {
	noon := domaintest.Noon()
	q := opened().fold()
	for i, in := range []struct{ placed, appended time.Time }{
		{noon, noon.Add(20 * time.Millisecond)},
		{noon.Add(10 * time.Millisecond), noon.Add(30 * time.Millisecond)}, // by another process
		{noon.Add(-time.Hour), noon.Add(time.Minute)},                      // whose clock is late
	} {
		e := housing.EntryPlaced{
			ListID: list, EntryID: domaintest.ID[domain.EntryID](fmt.Sprint("entry ", i)), PlacedAt: in.placed, Number: i + 1,
			Seniority: housing.Seniority{At: noon, Position: domain.Position(i)},
		}
		rec := domaintest.Recorded(i+1, e)
		rec.Created = in.appended
		q.Apply(rec)
	}
	for at, want := range map[time.Duration]int{
		-time.Nanosecond: 0, 0: 2, 5 * time.Millisecond: 2, 10 * time.Millisecond: 3, 59 * time.Second: 3, time.Minute: 4,
	} {
		if got := q.StepsUntil(noon.Add(at)); got != want {
			t.Errorf("%s after noon the list has %d events, want %d", at, got, want)
		}
	}
	for at, want := range map[time.Duration]int{
		19 * time.Millisecond: 1, 20 * time.Millisecond: 2, 30 * time.Millisecond: 3, 59 * time.Second: 3, time.Minute: 4,
	} {
		if got := q.StepsKnown(noon.Add(at)); got != want {
			t.Errorf("%s after noon the log knew %d events, want %d", at, got, want)
		}
	}
}

func TestNumbersTellEveryChangeWithItsCause(t *testing.T) {
	e := entry("erlan")
	log := opened().placed(d, daur, filed(0, 30), 1).placed(e, erlan, filed(1, 40), 2). // 1, 2
												placed(a, aigul, longAg, 1).
		// 3: d is second
		then(reviewed(d, daur, housing.Doubt), closed(d, daur, "n")).
		// 4, 5: nothing
		then(redated(longAg, "2026-03-15")).
		// 6: still in front of d, at midnight
		removed(a, aigul, redated(longAg, "2026-03-15").Seniority).
		// 7
		then(provided(d, daur, filed(0, 30), 1, 1, flat)).
		removed(e, erlan, filed(1, 40)) // 8, 9
	q := opened().fold()
	for i, event := range log[1:] {
		q.Apply(domaintest.Recorded(i+1, event))
	}
	n := q.Numbers(d, q.Steps(), 100)
	type change struct {
		Number, Of int
		State      housing.EntryState
		Event      uint64
	}
	var got []change
	for _, c := range n.Changes {
		got = append(got, change{c.Number, c.Of, c.State, c.Cause.Revision})
	}
	want := []change{
		{1, 1, housing.Active, 1},
		{2, 3, housing.Active, 3},
		{1, 2, housing.Active, 7},
		{0, 1, housing.Provided, 8},
	}
	if diff := domaintest.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
