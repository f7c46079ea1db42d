package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// TestC9_LatenessIsShownUntilANewTermBegins: by a mark, and it goes with the
// term that it belonged to.
func TestC9_LatenessIsShownUntilANewTermBegins(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		stream := caseID(1).Stream()
		received := application(s, 1, 1, 1)
		s.add(stream, received)
		s.add(stream, procedure.DeadlinePassed{CaseID: caseID(1), Deadline: received.Deadline, MarkedAt: s.now})
		r := projected(t, client, s)
		expect := func(overdue bool, deadline time.Time) {
			t.Helper()
			reach(t, r, s.head())
			got, err := r.Case(ctx, caseID(1))
			if err != nil {
				t.Fatal(err)
			}
			if got.Overdue != overdue || !got.Deadline.Equal(deadline) {
				t.Errorf("overdue %t at %s, want %t at %s", got.Overdue, got.Deadline, overdue, deadline)
			}
			var want []OverdueCase
			if overdue {
				want = []OverdueCase{{caseID(1), "decision", deadline.Truncate(time.Millisecond).In(domain.Zone)}}
			}
			listed, _, err := r.Overdue(ctx, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			same(t, listed, want)
			if n, err := r.CountOverdue(ctx); err != nil || n != len(want) {
				t.Errorf("%d cases are counted as overdue (%v), want %d", n, err, len(want))
			}
		}
		expect(true, received.Deadline)
		later := received.Deadline.AddDate(0, 1, 0)
		s.add(stream, procedure.CorrectionRequested{CaseID: caseID(1), Missing: []procedure.Missing{{Text: "m"}},
			Until: day, RequestedAt: s.now})
		expect(true, received.Deadline)
		s.add(stream, procedure.CorrectionReceived{CaseID: caseID(1), ReceivedAt: s.now, Deadline: later})
		expect(false, later)
	})
}
