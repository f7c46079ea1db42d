package projections

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/procedure"
)

// TestC9_TheModelOfACaseIsAFoldOfIt lets random lives run through the projector
// and asks, after every event, for the state, the term, what is owed and what is
// late, and what tasks it still has: each must be what a plain fold of the
// case says.
func TestC9_TheModelOfACaseIsAFoldOfIt(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		r := projected(t, client, s)
		lives := 0
		rapid.Check(t, func(t *rapid.T) {
			lives++
			id := caseID(lives)
			housingtest.Walk(t, id, listID(1), personID(1), s.head()+1, func(rec domain.Recorded, a *housing.Application) {
				s.add(id.Stream(), rec.Event)
				if err := r.Await(ctx, s.head()); err != nil {
					t.Fatal(err)
				}
				got, err := r.Case(ctx, id)
				if err != nil {
					t.Fatal(err)
				}
				what := fmt.Sprintf("after %s: ", rec.Event.EventType())
				if got.State != a.State || !got.Deadline.Equal(a.Deadline) || got.Overdue != a.Overdue ||
					got.NotifiedAt.IsZero() != a.NotifiedAt.IsZero() {
					t.Fatalf("%sstate %s, deadline %s, overdue %t, notified %s; the fold says %s, %s, %t, %s", what,
						got.State, got.Deadline, got.Overdue, got.NotifiedAt, a.State, a.Deadline, a.Overdue, a.NotifiedAt)
				}
				if (got.Complaint == nil) != (a.Complaint == nil) || (got.Appeal == nil) != (a.ComplaintAt == "") {
					t.Fatalf("%scomplaint %v, appeal %v; the fold says %v, %q", what, got.Complaint, got.Appeal, a.Complaint,
						a.ComplaintAt)
				}
				var owed, listed, due []string
				if a.State.Open() && a.State != procedure.AwaitingCorrection {
					listed = append(listed, fmt.Sprint(DueDecision, " ", a.Deadline.UnixMilli()))
				}
				if a.State.Open() && !a.Overdue && a.State != procedure.AwaitingCorrection {
					due = append(due, fmt.Sprint(domain.TaskDecision, " ", a.Deadline.UnixMilli()))
				}
				switch a.State {
				case procedure.AwaitingCorrection:
					listed = append(listed, fmt.Sprint(DueCorrection, " ", a.CureUntil.End().UnixMilli()))
					due = append(due, fmt.Sprint(domain.TaskCorrection, " ", dayAfter(a.CureUntil).UnixMilli()))
				case procedure.HearingPending:
					due = append(due, fmt.Sprint(domain.TaskObjection, " ", dayAfter(a.Hearing.ObjectUntil).UnixMilli()))
				}
				for _, o := range a.Owing {
					owed = append(owed, fmt.Sprint(o.Duty, " ", o.By))
					listed = append(listed, fmt.Sprint(o.Duty, " ", o.By.End().UnixMilli()))
					if !o.Missed {
						due = append(due, fmt.Sprint(domain.TaskDuty, o.Duty, " ", dayAfter(o.By).UnixMilli()))
					}
				}
				var gotOwed, gotListed, gotDue []string
				for _, o := range got.Owed {
					gotOwed = append(gotOwed, fmt.Sprint(o.Duty, " ", o.By))
				}
				for _, f := range []WorkFilter{
					{Services: []domain.Service{domain.S000}}, {Lists: []domain.ListID{listID(1)}},
					{Lists: []domain.ListID{listID(1)}, State: a.State},
				} {
					gotListed = nil
					for _, d := range onWorkList(t, r, f, id) {
						gotListed = append(gotListed, fmt.Sprint(d.What, " ", d.By.UnixMilli()))
					}
					alike(t, what+"listed", gotListed, listed)
				}
				for _, other := range procedure.States {
					f := WorkFilter{Lists: []domain.ListID{listID(1)}, State: other}
					if other != a.State && onWorkList(t, r, f, id) != nil {
						t.Fatalf("%slisted as %s, and it is %s", what, other, a.State)
					}
				}
				tasks, err := r.DueTasks(ctx, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), 0, maxPage)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range tasks {
					if d.Stream == id.Stream() {
						gotDue = append(gotDue, fmt.Sprint(d.Kind, d.Item, " ", d.At.UnixMilli()))
					}
				}
				alike(t, what+"owed", gotOwed, owed)
				alike(t, what+"tasks", gotDue, due)
			})
		})
	})
}

// onWorkList returns what is due in the case, by the work list; nil where it is not on it. It
// is not nil where the case is listed and nothing is due.
func onWorkList(t *rapid.T, r *Reader, f WorkFilter, id domain.CaseID) []Due {
	for cursor := ""; ; {
		page, err := r.Work(context.Background(), f, cursor, maxPage)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range page.Items {
			if item.ID == id {
				return append([]Due{}, item.Due...)
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

func alike[T cmp.Ordered](t *rapid.T, what string, got, want []T) {
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s %v, the fold says %v", what, got, want)
	}
}
