package operation

import (
	"context"
	"runtime"
	"time"

	"golang.org/x/sync/semaphore"

	"tizilim/domain"
)

// slotPatience is how long an expensive read waits for its turn.
const slotPatience = 5 * time.Second

// slots bound how many expensive reads are worked on at once, so that they leave room for
// the others. A slot is held while an answer is made, and not while a client takes it.
type slots struct{ free *semaphore.Weighted }

func newSlots() slots { return slots{semaphore.NewWeighted(int64(max(4, 2*runtime.GOMAXPROCS(0))))} }

// enter waits for a slot where the class needs one. The caller calls leave.
//
// Error: Unavailable where none is free in time.
func (s slots) enter(ctx context.Context, class Class) (leave func(), err error) {
	if class != ClassExpensive {
		return func() {}, nil
	}
	waiting, cancel := context.WithTimeout(ctx, slotPatience)
	defer cancel()
	if err := s.free.Acquire(waiting, 1); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, domain.Refuse(domain.Unavailable, domain.CodeTooManyRequests,
			"the registry works on too many such requests now; send the same request again in a moment")
	}
	return func() { s.free.Release(1) }, nil
}
