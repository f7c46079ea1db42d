package projections

import (
	"context"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// ids of the cases of a page.
func (p CasesPage) ids() []domain.CaseID {
	var ids []domain.CaseID
	for _, c := range p.Cases {
		ids = append(ids, c.ID)
	}
	return ids
}

func TestAPersonsCasesAreAllInWhichTheyTakePartTheLatestFirst(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		asked := deregistration(s, 1, 1, 1, 2, 3)
		asked.CoOwners = []domain.PersonID{personID(4)}
		s.add(caseID(1).Stream(), asked)
		s.add(caseID(2).Stream(), application(s, 2, 1, 2, 3))
		s.add(caseID(3).Stream(), deregistration(s, 3, 2, 2, 2)) // of themselves: one case
		s.add(caseID(4).Stream(), housing.ProvisionDecided{CaseID: caseID(4), PersonID: personID(2)})
		s.add(caseID(2).Stream(), procedure.ReviewBegan{CaseID: caseID(2), Decider: "c", BeganAt: s.now})
		r := projected(t, client, s)

		for person, want := range map[int][]domain.CaseID{
			1: {caseID(1)}, 2: {caseID(3), caseID(2), caseID(1)}, 3: {caseID(2), caseID(1)}, 4: {caseID(1)}, 9: nil,
		} {
			whole, err := r.CasesOf(ctx, personID(person), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(whole.ids(), want) || whole.Next != 0 || whole.AsOf != s.head() {
				t.Errorf("person %d: %v up to %d, want %v", person, whole.ids(), whole.AsOf, want)
			}
			var paged []domain.CaseID
			for before, pages := domain.Position(0), 0; pages < 10; pages++ {
				page, err := r.CasesOf(ctx, personID(person), before, 1)
				if err != nil {
					t.Fatal(err)
				}
				paged = append(paged, page.ids()...)
				if before = page.Next; before == 0 {
					break
				}
			}
			if !slices.Equal(paged, want) {
				t.Errorf("person %d: in pages %v, want %v", person, paged, want)
			}
			for _, c := range whole.Cases { // as it is read by its id
				one, err := r.Case(ctx, c.ID)
				if err != nil {
					t.Fatal(err)
				}
				same(t, c, one)
			}
		}

		held := s.addPoison(caseID(2).Stream())
		reach(t, r, held.Position)
		_, err := r.CasesOf(ctx, personID(3), 0, 10)
		refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
		if _, err := r.CasesOf(ctx, personID(1), 0, 10); err != nil {
			t.Errorf("a case that they take no part in is held back: %v", err)
		}
	})
}

func TestAPersonsEntriesAreThoseThatStandOnAList(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.list(1)
		s.list(2)
		placeOn(s, 1, 1, 1)
		placeOn(s, 2, 2, 2)
		r := projected(t, client, s)
		marks := []string{"", ""}
		// changed are those of the persons 1 and 2 whose mark is another one now.
		sees := func(changed []int, want map[int][]int) {
			t.Helper()
			reach(t, r, s.head())
			for person, numbers := range want {
				entries, at, err := r.EntriesOf(ctx, personID(person))
				if err != nil || at != s.head() {
					t.Fatalf("as of %d: %v", at, err)
				}
				var got []int
				for _, e := range entries {
					got = append(got, e.Number)
					one, err := r.Number(ctx, e.ListID, e.EntryID)
					if err != nil {
						t.Fatal(err)
					}
					same(t, e, one)
				}
				if !slices.Equal(got, numbers) {
					t.Errorf("person %d has the numbers %v, want %v", person, got, numbers)
				}
			}
			now, err := r.QueueMarks(ctx, []domain.PersonID{personID(1), personID(2)})
			if err != nil {
				t.Fatal(err)
			}
			var others []int
			for i := range now {
				if now[i] != marks[i] {
					others = append(others, i+1)
				}
			}
			if !slices.Equal(others, changed) {
				t.Errorf("the marks of %v are other ones, want %v: %q, before %q", others, changed, now, marks)
			}
			marks = now
		}
		sees([]int{1, 2}, map[int][]int{1: {1}, 2: {2}, 3: nil})
		removeFrom(s, 1, 1)
		sees([]int{1, 2}, map[int][]int{1: nil, 2: {1}})
		reinstateOn(s, 1, 1)
		sees([]int{1, 2}, map[int][]int{1: {1}, 2: {2}})
		s.add(listID(1).Stream(), housing.EntryTransferred{ListID: listID(1), EntryID: entryID(1), From: personID(1),
			PersonID: personID(3), TransferredAt: s.now})
		sees([]int{1, 2}, map[int][]int{1: nil, 2: {2}, 3: {1}})
		s.add(listID(2).Stream(), housing.EntryPlaced{
			ListID: listID(2), EntryID: entryID(8), PersonID: personID(2), CaseID: caseID(8), Seniority: seniorityAt(3),
			RegisteredOn: day, Number: 1, PlacedAt: s.now,
		})
		sees([]int{2}, map[int][]int{1: nil, 2: {2, 1}, 3: {1}})
		s.add(listID(1).Stream(), housing.EntryProvided{ListID: listID(1), EntryID: entryID(1), PersonID: personID(3),
			Seniority: seniorityAt(1), ProvidedAt: s.now})
		sees([]int{2}, map[int][]int{1: nil, 2: {1, 1}, 3: nil})
		s.person(1)
		sees(nil, map[int][]int{2: {1, 1}})
		s.addPoison(listID(2).Stream())
		reach(t, r, s.head())
		_, _, err := r.EntriesOf(ctx, personID(2))
		refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
	})
}

// The access log leaves nothing in the models, and takes nothing from them.
func TestC21_TheLogOfAccessesPassesThroughTheModels(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		r := projected(t, client, s)
		before, err := r.Residence(ctx, personID(1), day)
		if err != nil {
			t.Fatal(err)
		}
		keys := len(client.Keys(ctx, "*}:g*:*").Val())
		s.add(accesslog.Stream(personID(1)), accesslog.PersonalDataRead{PersonID: personID(1), CaseID: caseID(1),
			ReadAt: s.now})
		reach(t, r, s.head())
		after, err := r.Residence(ctx, personID(1), day)
		if err != nil {
			t.Fatal(err)
		}
		if after.AsOf != s.head() {
			t.Errorf("the models are at %d, the log at %d", after.AsOf, s.head())
		}
		after.AsOf = before.AsOf
		same(t, after, before)
		if now := len(client.Keys(ctx, "*}:g*:*").Val()); now != keys {
			t.Errorf("%d keys, before %d", now, keys)
		}
		if report, err := Verify(ctx, client, s, quick(), nil); err != nil || !report.Proven() {
			t.Errorf("verify: %+v %v", report, err)
		}
	})
}
