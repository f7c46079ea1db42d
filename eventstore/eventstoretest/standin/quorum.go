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

// target is the place in a stream where an append must go.
type target struct {
	stream string
	exact  bool   // at the revision first; otherwise at the end
	first  uint64 // of its events
	ids    []uuid.UUID
}

// takeWithoutQuorum lets a leader without a quorum take a write. The write may be committed later,
// whatever the answer here. An append that does not fit is refused at once, also where only
// waiting appends prevent it.
func (c *Cluster) takeWithoutQuorum(ctx context.Context, leader *Node, w *write) outcome {
	end := uint64(0) // the revision after the last event of the log
	if w.target.exact {
		last, known, err := c.lastRevision(ctx, &shared.StreamIdentifier{StreamName: []byte(w.target.stream)}, math.MaxUint64)
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
	waiting := leader.waitingOn(w.target.stream)
	fits := !w.target.exact || w.target.first == end+uint64(len(waiting))
	if fits {
		w.leader = leader
		leader.waiting = append(leader.waiting, w)
	}
	c.mu.Unlock()

	switch {
	case fits, w.target.repeats(waiting): // a repeated append learns nothing of the commit of the first
		return w.outcome(ctx, c.times.Commit)
	case len(waiting) > 0:
		return outcome{response: wrongVersion(w.target.first, end+uint64(len(waiting))-1)}
	default: // the log refuses it, or has it already
		return w.run(ctx, leader)
	}
}

// waitingOn returns the ids of the events of a stream that wait for a quorum. The
// caller holds c.mu.
func (n *Node) waitingOn(stream string) []uuid.UUID {
	var ids []uuid.UUID
	for _, w := range n.waiting {
		if w.target.stream == stream {
			ids = append(ids, w.target.ids...)
		}
	}
	return ids
}

// repeats reports whether the append waits already.
func (t target) repeats(waiting []uuid.UUID) bool {
	isNew := func(id uuid.UUID) bool { return !slices.Contains(waiting, id) }
	return len(t.ids) > 0 && !slices.ContainsFunc(t.ids, isNew)
}

// outcome waits for the outcome of the write, or returns a timeout.
func (w *write) outcome(ctx context.Context, limit time.Duration) outcome {
	timeout := time.NewTimer(limit)
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

// wrongVersion is the answer to an append whose first event must get a revision, in a stream that ends
// at current.
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
