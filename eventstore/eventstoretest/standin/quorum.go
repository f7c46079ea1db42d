package standin

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/status"
)

// wish is where an append wants to stand.
type wish struct {
	stream string
	exact  bool   // at the revision first, not just at the end
	first  uint64 // of its events
	ids    []uuid.UUID
}

// wait has a leader without a quorum take a write. It may stand later, whatever
// is answered here: the leader has written it down. An append that does not fit
// is refused at once, also where only what waits is in its way.
func (c *Cluster) wait(ctx context.Context, leader *Node, w *write) outcome {
	end := uint64(0) // the revision after the last event of the log
	if w.wish.exact {
		last, known, err := c.lastRevision(ctx, &shared.StreamIdentifier{StreamName: []byte(w.wish.stream)}, math.MaxUint64)
		if err != nil {
			return outcome{err: err}
		}
		if known {
			end = last + 1
		}
	}
	c.mu.Lock()
	if leader.role != gossip.MemberInfo_Leader {
		c.mu.Unlock()
		return outcome{err: errNotReady}
	}
	waiting := leader.waitingOn(w.wish.stream)
	fits := !w.wish.exact || w.wish.first == end+uint64(len(waiting))
	if fits {
		w.leader = leader
		leader.waiting = append(leader.waiting, w)
	}
	c.mu.Unlock()

	switch {
	case fits, w.wish.repeats(waiting): // what repeats is not told when the first is committed
		return w.outcome(ctx, c.times.Commit)
	case len(waiting) > 0:
		return outcome{response: wrongVersion(w.wish.first, end+uint64(len(waiting))-1)}
	default: // the log refuses it, or has it already
		return w.run(ctx, leader)
	}
}

// waitingOn are the ids of the events of a stream that wait for a quorum. The
// caller holds c.mu.
func (n *Node) waitingOn(stream string) []uuid.UUID {
	var ids []uuid.UUID
	for _, w := range n.waiting {
		if w.wish.stream == stream {
			ids = append(ids, w.wish.ids...)
		}
	}
	return ids
}

// repeats reports whether the append waits already.
func (w wish) repeats(waiting []uuid.UUID) bool {
	return len(w.ids) > 0 && !slices.ContainsFunc(w.ids, func(id uuid.UUID) bool { return !slices.Contains(waiting, id) })
}

// outcome is that of the write, or that it took too long.
func (w *write) outcome(ctx context.Context, patience time.Duration) outcome {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-w.ended:
		return w.result
	case <-timeout.C:
		return outcome{err: errTimedOut("Commit phase timeout.")}
	case <-ctx.Done():
		return outcome{err: status.FromContextError(ctx.Err()).Err()}
	}
}

// wrongVersion refuses an append whose first event wanted a revision, in a
// stream that ends at current.
func wrongVersion(first, current uint64) *streams.AppendResp {
	wrong := &streams.AppendResp_WrongExpectedVersion{
		CurrentRevisionOption:  &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: current},
		ExpectedRevisionOption: &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &shared.Empty{}},
	}
	if first > 0 {
		wrong.ExpectedRevisionOption = &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: first - 1}
	}
	return &streams.AppendResp{Result: &streams.AppendResp_WrongExpectedVersion_{WrongExpectedVersion: wrong}}
}
