package projections

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// placeOn appends a placement on list 1 whose application came in at the given
// minute.
func placeOn(s *script, n, minute, number int) domain.Recorded {
	return s.add(listID(1).Stream(), housing.EntryPlaced{
		ListID: listID(1), EntryID: entryID(n), PersonID: personID(n), CaseID: caseID(n),
		Seniority: seniorityAt(minute), RegisteredOn: day, Number: number, InventoryDueOn: day.AddMonths(12), PlacedAt: s.now,
	})
}

func seniorityAt(minute int) housing.Seniority {
	return housing.Seniority{At: day.Start().Add(time.Duration(minute) * time.Minute).UTC(),
		Position: domain.Position(minute)}
}

func removeFrom(s *script, n, minute int) domain.Recorded {
	return s.add(listID(1).Stream(), housing.EntryRemoved{
		ListID: listID(1), EntryID: entryID(n), PersonID: personID(n), Seniority: seniorityAt(minute),
		Reason: housing.GroundsFellAway, NoticeDueOn: day.AddDays(10), RemovedAt: s.now,
	})
}

func reinstateOn(s *script, n, minute int) domain.Recorded {
	return s.add(listID(1).Stream(), housing.EntryReinstated{
		ListID: listID(1), EntryID: entryID(n), PersonID: personID(n), Seniority: seniorityAt(minute),
		Ground: housing.CourtAct, InventoryDueOn: day.AddMonths(12), ReinstatedAt: s.now,
	})
}

func TestNumberIsTheRankAndSaysWhatChangedItLast(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		opened := s.list(1)
		first := placeOn(s, 1, 10, 1)
		second := placeOn(s, 2, 20, 2)
		third := placeOn(s, 3, 30, 3)
		r := projected(t, client, s)
		own := map[uint64]int{first.Revision: 1, second.Revision: 2, third.Revision: 3} // whose change is in the event
		expect := func(n, number, of int, kind ChangeKind, change domain.Recorded) {
			t.Helper()
			got, err := r.Number(ctx, listID(1), entryID(n))
			if err != nil {
				t.Fatal(err)
			}
			want := QueueNumber{
				ListID: listID(1), EntryID: entryID(n), PersonID: personID(n), CaseID: caseID(n), Status: housing.Active,
				Number: number, Of: of, Ahead: max(0, number-1), Seniority: seniorityAt(10 * n), RegisteredOn: day, Certified: n,
				InventoryDueOn: day.AddMonths(12),
				LastChange: Change{
					Kind: kind, EffectiveAt: change.Event.EffectiveAt().UTC(), Created: change.Created.UTC(),
					Event: domain.EventRef{Stream: change.Stream, Revision: change.Revision}, Own: own[change.Revision] == n,
				},
				Revision: s.revisions[listID(1).Stream()] - 1, AsOf: s.head(),
			}
			if number == 0 {
				want.Status, want.Removed, want.NoticeDueOn = housing.Removed, housing.GroundsFellAway, day.AddDays(10)
			}
			same(t, got, want)
		}
		expect(1, 1, 3, Placed, first)
		expect(2, 2, 3, Placed, second)
		expect(3, 3, 3, Placed, third)

		gone := removeFrom(s, 2, 20)
		own[gone.Revision] = 2
		reach(t, r, s.head())
		expect(1, 1, 2, Placed, first) // before it: untouched
		expect(2, 0, 2, Removed, gone)
		expect(3, 2, 2, Removed, gone)

		gone1 := removeFrom(s, 1, 10)
		own[gone1.Revision] = 1
		reach(t, r, s.head())
		expect(2, 0, 1, Removed, gone) // has no number that could change
		expect(3, 1, 1, Removed, gone1)

		back := reinstateOn(s, 2, 20)
		own[back.Revision] = 2
		reach(t, r, s.head())
		expect(2, 1, 2, Reinstated, back)
		expect(3, 2, 2, Reinstated, back)

		_, err := r.Number(ctx, listID(1), entryID(9))
		refuses(t, err, domain.NotFound, domain.CodeEntryUnknown)
		_, err = r.Number(ctx, listID(9), entryID(1))
		refuses(t, err, domain.NotFound, domain.CodeListUnknown)

		list, err := r.List(ctx, listID(1))
		if err != nil {
			t.Fatal(err)
		}
		same(t, list, List{
			ID: listID(1), Keeper: opened.Event.(housing.ListOpened).Keeper(), Body: "Akimat", Settlement: "Almaty", Title: "List 1", OpenedAt: opened.Event.EffectiveAt().UTC(),
			Active: 2, Revision: s.revisions[listID(1).Stream()] - 1, AsOf: s.head(),
		})
		_, err = r.List(ctx, listID(9))
		refuses(t, err, domain.NotFound, domain.CodeListUnknown)
	})
}

func TestEntriesArePagedInOrderAlsoWhileTheListChanges(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.list(1)
		for _, n := range []int{3, 1, 5, 2, 4} {
			placeOn(s, n, 10*n, 1)
		}
		r := projected(t, client, s)
		page := func(cursor string, limit int, want ...[2]int) EntriesPage { // number, entry
			t.Helper()
			got, err := r.Entries(ctx, listID(1), cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			var lines [][2]int
			for _, e := range got.Entries {
				var n int
				fmt.Sscanf(e.EntryID.String()[32:], "%d", &n)
				lines = append(lines, [2]int{e.Number, n})
				same(t, e.Seniority, seniorityAt(10*n))
				same(t, e.PersonID, personID(n))
			}
			same(t, lines, want)
			return got
		}
		one := page("", 2, [2]int{1, 1}, [2]int{2, 2})
		same(t, one.Of, 5)
		two := page(one.Next, 2, [2]int{3, 3}, [2]int{4, 4})
		last := page(two.Next, 2, [2]int{5, 5})
		same(t, last.Next, "")
		page("", 5, [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{4, 4}, [2]int{5, 5})

		removeFrom(s, 2, 20) // the entry that the cursor was taken from
		removeFrom(s, 3, 30)
		reach(t, r, s.head())
		page(one.Next, 2, [2]int{2, 4}, [2]int{3, 5})

		_, err := r.Entries(ctx, listID(1), "zzz", 2)
		refuses(t, err, domain.Invalid, domain.CodeMalformed)
		_, err = r.Entries(ctx, listID(9), "", 2)
		refuses(t, err, domain.NotFound, domain.CodeListUnknown)

		s.list(2)
		reach(t, r, s.head())
		empty, err := r.Entries(ctx, listID(2), "", 2)
		if err != nil || len(empty.Entries) != 0 || empty.Of != 0 {
			t.Errorf("an empty list: %+v, %v", empty, err)
		}
	})
}

// heir is the member of the family to whom an entry passes.
func heir(e housing.Entry) domain.PersonID {
	if len(e.Family) == 0 {
		return domain.PersonID{}
	}
	return e.Family[0].PersonID
}

var registries atomic.Int64 // names a registry of its own for every random sequence

// Whatever happens to a list, every number is that of a plain fold, and every
// last change is that of a plain search through all changes.
func TestNumbersAndLastChangesAgreeWithAPlainFold(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		rapid.Check(t, func(rt *rapid.T) { agreeWithPlainFold(rt, t, client) })
	})
}

func agreeWithPlainFold(rt *rapid.T, t *testing.T, client redis.UniversalClient) {
	ctx, s, q := context.Background(), newScript(), &housing.List{}
	opts := quick()
	opts.Registry = fmt.Sprintf("random-%d", registries.Add(1))
	_, stop := running(t, client, s, opts)
	defer stop()
	r := NewReader(client, opts)
	stream := listID(1).Stream()

	type change struct {
		from, to housing.Seniority // of the places that it reaches; to is zero where it reaches all later ones
		entry    domain.EntryID
		kind     ChangeKind
		event    domain.EventRef
	}
	moved := func(c change, a, b housing.Seniority) change {
		if c.from, c.to = a, b; b.Compare(a) < 0 {
			c.from, c.to = b, a
		}
		return c
	}
	reaches := func(c change, s housing.Seniority) bool {
		return c.from.Compare(s) <= 0 && (c.to == housing.Seniority{} || s.Compare(c.to) <= 0)
	}
	var changes []change
	var entries []domain.EntryID
	record := func(events []domain.Event, err error, kind ChangeKind) {
		if err != nil {
			rt.Fatalf("the decider refuses: %v", err)
		}
		for _, event := range events {
			rec := s.add(stream, event)
			q.Apply(rec)
			c := change{kind: kind, event: domain.EventRef{Stream: stream, Revision: rec.Revision}}
			switch e := event.(type) {
			case housing.EntryPlaced:
				c.from, c.entry = e.Seniority, e.EntryID
			case housing.EntryRemoved:
				c.from, c.entry = e.Seniority, e.EntryID
			case housing.EntryProvided:
				c.from, c.entry = e.Seniority, e.EntryID
			case housing.EntryReinstated:
				c.from, c.entry = e.Seniority, e.EntryID
			case housing.EntryRedated:
				c = moved(c, e.From, e.Seniority)
				c.entry = e.EntryID
			case housing.EntryPrioritised:
				c = moved(c, e.From, e.Seniority)
				c.entry = e.EntryID
			case housing.PriorityEnded:
				c = moved(c, e.From, e.Seniority)
				c.entry = e.EntryID
			default:
				continue
			}
			changes = append(changes, c)
		}
	}
	cmd := domain.Command{Now: s.now}
	events, err := q.Open(cmd, housing.OpenList{ListID: listID(1), Body: "body", Settlement: "Алматы", Title: "List"})
	record(events, err, "")
	rule := housing.SetPriorityRule{Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "act 5"}
	events, err = q.SetPriorityRule(cmd, rule, rules.Book{})
	record(events, err, "")

	steps := rapid.IntRange(1, 20).Draw(rt, "steps")
	for range steps {
		n := len(entries)
		what := rapid.IntRange(0, 3).Draw(rt, "what")
		if n == 0 || what == 0 {
			// Equal instants are told apart by the position; some lie before 1970.
			at := day.Start().Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "second"))*time.Nanosecond).AddDate(0, 0,
				-rapid.IntRange(0, 3).Draw(rt, "days before"))
			if rapid.IntRange(0, 9).Draw(rt, "old") == 0 {
				at = at.AddDate(-60, 0, 0)
			}
			place := housing.Place{
				EntryID: entryID(n), PersonID: personID(n), CaseID: caseID(n), RegisteredOn: day,
				Order:     housing.OrderOfInstants,
				Family:    []housing.FamilyMember{{PersonID: personID(500 + n), Relation: housing.Child}},
				Seniority: housing.Seniority{At: at, Position: domain.Position(rapid.IntRange(0, 50).Draw(rt, "position")*100 + n)},
			}
			events, err := q.Place(cmd, place, rules.Book{})
			record(events, err, Placed)
			entries = append(entries, place.EntryID)
		} else {
			id := entries[rapid.IntRange(0, n-1).Draw(rt, "entry")]
			act := func(kind ChangeKind, events []domain.Event, err error) {
				if err != nil {
					return // what is refused changes nothing, which is compared below too
				}
				record(events, nil, kind)
			}
			e, _ := q.Entry(id)
			proceed := func(step func(*procedure.Case) ([]domain.Event, error)) {
				events, err := q.Proceed(id, domain.PersonID{}, step)
				act("", events, err)
			}
			cmd := cmd
			cmd.ID = domain.CommandID{UUID: uuid.New()}
			switch rapid.IntRange(0, 15).Draw(rt, "which") {
			case 0:
				remove := housing.Remove{EntryID: id, Reason: housing.DwellingAcquired}
				if rapid.Bool().Draw(rt, "unheard") {
					remove.Exemption = procedure.Dispense{Exemption: procedure.Urgency, Reasons: "n"}
				}
				events, err := q.Remove(cmd, remove, rules.Book{})
				act(Removed, events, err)
			case 1:
				events, err := q.Reinstate(cmd, housing.Reinstate{
					EntryID: id, Ground: housing.CourtAct, Act: housing.Act{Number: "7", On: day, InForceOn: day},
				}, rules.Book{})
				act(Reinstated, events, err)
			case 9, 10:
				proceed(func(c *procedure.Case) ([]domain.Event, error) { return c.AnnounceHearing(cmd, "n", terms) })
			case 11:
				proceed(func(c *procedure.Case) ([]domain.Event, error) {
					return c.CloseHearing(cmd, procedure.HearingWaived, "n")
				})
			case 12:
				proceed(func(c *procedure.Case) ([]domain.Event, error) {
					return c.FileComplaint(cmd, procedure.Filing{ID: "complaint", By: c.ApplicantID, Grounds: "n"}, terms)
				})
			case 13:
				proceed(func(c *procedure.Case) ([]domain.Event, error) { return c.ForwardComplaint(cmd, "ministry", terms) })
			case 14:
				cmd.Now = cmd.Now.AddDate(1, 0, rapid.IntRange(0, 40).Draw(rt, "days later"))
				events, err := q.TakeInventoryOf(cmd, id, rules.Book{})
				act("", events, err)
			case 15:
				cmd.Now = cmd.Now.AddDate(0, 1, 0)
				events, err := q.ConfirmInventory(cmd, housing.ConfirmInventory{EntryID: id, On: cmd.Today()}, rules.Book{})
				act("", events, err)
			case 2, 3:
				events, err := q.Redate(cmd, housing.Redate{EntryID: id,
					GroundArose: day.AddDays(-rapid.IntRange(0, 2).Draw(rt, "days")), Reasons: "n"})
				act(Redated, events, err)
			case 4:
				events, err := q.Prioritise(cmd, housing.Prioritise{EntryID: id, Category: housing.PriorityOrphan})
				act(Prioritised, events, err)
			case 5:
				events, err := q.Prioritise(cmd, housing.Prioritise{EntryID: id, End: true})
				act(PriorityEnded, events, err)
			case 6:
				events, err := q.Transfer(cmd, housing.Transfer{
					EntryID: id, PersonID: heir(e), Cause: housing.HolderDied, On: day,
					Need: housing.NeedCheck{On: day, Source: housing.FromDocuments, InNeed: true},
				}, rules.Book{})
				act("", events, err)
			case 7:
				events, err := q.Provide(cmd, housing.ProvisionDecided{
					ListID: listID(1), EntryID: id, PersonID: e.PersonID, Norm: housing.Norm{Min: 15, Max: 18},
					Dwelling: housing.ServiceDwelling{Area: 20, Rooms: 1}, Declined: entries,
				})
				act(Provided, events, err)
			case 8:
				events, err := q.Review(cmd, housing.Review{EntryID: id, Note: "n",
					Close: e.Review != "" && rapid.Bool().Draw(rt, "close")}, rules.Book{})
				act("", events, err)
			}
		}

		if err := r.Await(ctx, s.head()); err != nil {
			rt.Fatal(err)
		}
		for _, id := range entries {
			got, err := r.Number(ctx, listID(1), id)
			if err != nil {
				rt.Fatal(err)
			}
			own, _ := q.Entry(id)
			number, active := q.Number(id)
			if diff := cmp.Diff(underReview(q, own), told(got)); diff != "" {
				rt.Fatalf("entry %s (-by the fold +told):\n%s", id, diff)
			}
			if got.Number != number || string(got.Status) != string(own.State()) || got.Of != q.Len() ||
				got.PersonID != own.PersonID || got.Seniority.Compare(own.Seniority) != 0 {
				rt.Fatalf("entry %s: number %d of %d (%s), by the fold %d of %d", id, got.Number, got.Of, got.Status, number,
					q.Len())
			}
			// The holder, and whom it was placed for.
			for _, person := range []domain.PersonID{own.PersonID, personID(int(slices.Index(entries, id)))} {
				theirs, _, err := r.EntriesOf(ctx, person)
				if err != nil {
					rt.Fatal(err)
				}
				listed := slices.ContainsFunc(theirs, func(n QueueNumber) bool {
					return n.EntryID == id && n.Number == number && n.LastChange == got.LastChange && n.Of == got.Of
				})
				if listed != (active && person == own.PersonID) || len(theirs) > 1 {
					rt.Fatalf("entry %s: their holder sees %+v, and it stands on the list: %v", id, theirs, active)
				}
			}
			var want change
			for _, c := range changes {
				if c.entry == id || active && reaches(c, own.Seniority) {
					want = c
				}
			}
			if got.LastChange.Kind != want.kind || got.LastChange.Event != want.event {
				rt.Fatalf("entry %s: last change %+v, by the search %+v", id, got.LastChange, want)
			}
		}
		page, err := r.Entries(ctx, listID(1), "", maxPage)
		if err != nil {
			rt.Fatal(err)
		}
		i := 0
		q.Ordered(func(number int, e housing.Entry) bool {
			if i >= len(page.Entries) || page.Entries[i].Number != number || page.Entries[i].EntryID != e.ID {
				rt.Fatalf("line %d of the list: %+v, by the fold %s", number, page.Entries, e.ID)
			}
			i++
			return true
		})
		if i != len(page.Entries) {
			rt.Fatalf("the list has %d lines, by the fold %d", len(page.Entries), i)
		}
	}
}

// terms of the procedure: the numbers are those of other tests.
var terms = procedure.Terms{HearingDays: 3, ObjectionDays: 2, ComplaintMonths: 3, ComplaintForward: 3,
	ComplaintDecision: 20, RemedyDays: 5, Calendar: rules.DefaultCalendar()}

// review is what is told of an entry's review and of its inventory.
type review struct {
	Due, Answer, Notice, Object, ForwardBy string
	Reason                                 housing.ReviewReason
	At                                     string
	Known                                  bool
}

// underReview is the [review] by the fold.
func underReview(q *housing.List, e housing.Entry) review {
	r := review{Due: e.InventoryDueOn.String(), Answer: e.AnswerBy.String(), Notice: e.NoticeDueOn.String(),
		Reason: e.Review}
	_, _ = q.Proceed(e.ID, domain.PersonID{}, func(c *procedure.Case) ([]domain.Event, error) {
		r.Known = true
		if c.Hearing != nil {
			r.Object = c.Hearing.ObjectUntil.String()
		}
		if c.Complaint != nil {
			r.ForwardBy, r.At = c.Complaint.ForwardBy.String(), c.ComplaintAt
		}
		return nil, nil
	})
	return r
}

// told is the [review] by the read model.
func told(n QueueNumber) review {
	r := review{Due: n.InventoryDueOn.String(), Answer: n.AnswerBy.String(), Notice: n.NoticeDueOn.String()}
	if x := n.Review; x != nil {
		r.Known, r.Reason = true, x.Reason
		if x.Hearing != nil {
			r.Object = x.Hearing.ObjectUntil.String()
		}
		if x.Complaint != nil {
			r.ForwardBy = x.Complaint.ForwardBy.String()
		}
		if x.Appeal != nil {
			r.At = x.Appeal.To
		}
	}
	return r
}

func TestSeniorityKeysSortAsSeniorities(t *testing.T) {
	seniority := rapid.Custom(func(rt *rapid.T) housing.Seniority {
		return housing.Seniority{
			At:       time.Unix(0, rapid.Int64().Draw(rt, "nanoseconds")).UTC(),
			Position: domain.Position(rapid.Uint64().Draw(rt, "position")), Priority: rapid.Bool().Draw(rt, "priority"),
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := seniority.Draw(rt, "a"), seniority.Draw(rt, "b")
		if rapid.Bool().Draw(rt, "same instant") {
			b.At = a.At
		}
		ka, kb := seniorityKey(a), seniorityKey(b)
		if (ka < kb) != (a.Compare(b) < 0) || (ka == kb) != (a.Compare(b) == 0) {
			rt.Fatalf("%v and %v sort as %s and %s", a, b, ka, kb)
		}
		if got, err := parseSeniorityKey(ka); err != nil || got != a {
			rt.Fatalf("%s reads as %v, %v", ka, got, err)
		}
	})
}
