package projections

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
)

// TestC27_WhoWaitsOnAList: the holders of the entries that stand on it, and the applicants of the
// cases that are open, each by parts.
func TestC27_WhoWaitsOnAList(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		opened := s.list(1).Event.(housing.ListOpened)
		s.list(2)
		for n := range 3 {
			s.person(n + 1)
			placeOn(s, n+1, 10*(n+1), n+1)
		}
		removeFrom(s, 2, 20)
		s.add(listID(1).Stream(), housing.EntryTransferred{
			ListID: listID(1), EntryID: entryID(3), From: personID(3), PersonID: personID(9), TransferredAt: s.now,
		})
		for n := 4; n <= 7; n++ {
			at := s.now
			if n == 7 {
				at = at.Add(time.Hour)
			}
			s.add(caseID(n).Stream(), housing.ApplicationReceived{
				CaseID: caseID(n), ListID: listID(1), ApplicantID: personID(n), ReceivedAt: at, RegisteredAt: at,
			})
		}
		s.add(caseID(4).Stream(), procedure.CaseWithdrawn{CaseID: caseID(4), WithdrawnAt: s.now})
		s.add(caseID(5).Stream(), housing.PlacementCertified{CaseID: caseID(5), ListID: listID(1), EntryID: entryID(5), CertifiedAt: s.now})
		r := projected(t, client, s)
		holders, err := r.Holders(ctx, listID(1), []domain.EntryID{entryID(1), entryID(2), entryID(3)})
		if err != nil || !slices.Equal(holders, []domain.PersonID{personID(1), personID(9)}) {
			t.Errorf("holders %v, %v", holders, err)
		}
		var found []domain.PersonID
		parts := 0
		for after := "0"; after != ""; parts++ {
			some, next, err := r.OpenApplicants(ctx, listID(1), after, s.now.Add(time.Minute), 1)
			if err != nil {
				t.Fatal(err)
			}
			found, after = append(found, some...), next
		}
		if !slices.Equal(found, []domain.PersonID{personID(6)}) || parts != 4 {
			t.Errorf("in %d parts the applicants %v", parts, found)
		}
		kept, err := r.ListsOpened(ctx, opened.Keeper())
		want := []domain.ListID{listID(1), listID(2)}
		slices.SortFunc(want, func(a, b domain.ListID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
		if err != nil || !slices.Equal(kept, want) {
			t.Errorf("lists %v, %v", kept, err)
		}
		for name, key := range map[string]string{
			"an entry": entryKey(listID(1), entryID(1)), "the applications": applicationsKey(listID(2)),
		} {
			client.Del(ctx, r.keys.generation(1)+key)
			_, err := r.Holders(ctx, listID(1), []domain.EntryID{entryID(1)})
			if name == "the applications" {
				_, _, err = r.OpenApplicants(ctx, listID(2), "0", s.now, 10)
			}
			if domain.CodeOf(err) != domain.CodeModelNotReady {
				t.Errorf("without %s: %v", name, err)
			}
		}
	})
}

// TestC27_ACircularIsListedUntilItHasEnded, the oldest first.
func TestC27_ACircularIsListedUntilItHasEnded(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		ids := []domain.NoticeID{{UUID: caseID(1).UUID}, {UUID: caseID(2).UUID}, {UUID: caseID(3).UUID}}
		for _, id := range ids {
			s.add(id.Stream(), notice.CircularBegan{CircularID: id, Kind: notice.BodyRenamed, Lists: []domain.ListID{listID(1)}})
		}
		s.add(ids[1].Stream(), notice.CircularCompleted{CircularID: ids[1]})
		r := projected(t, client, s)
		all, err := r.Circulars(ctx, 0, 10)
		if err != nil || len(all) != 2 || slices.Contains(all, ids[1]) {
			t.Errorf("%v, %v", all, err)
		}
		if last, err := r.Circulars(ctx, 1, 10); err != nil || len(last) != 1 {
			t.Errorf("behind the first %v, %v", last, err)
		}
	})
}
