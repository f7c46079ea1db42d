package httpapi_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

// valve is a log that can keep back what comes, as a subscription does that has
// gone silent.
type valve struct {
	projections.Log
	mu   sync.Mutex    // held while a delivery passes
	shut chan struct{} // closed when it opens; nil while it is open
}

func (v *valve) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shut = make(chan struct{})
}

func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	close(v.shut)
	v.shut = nil
}

func (v *valve) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	to := make(chan domain.Delivery)
	go func() {
		defer close(to)
		for d := range v.Log.Follow(ctx, after) {
			if !v.pass(ctx, d, to) {
				return
			}
		}
	}()
	return to
}

func (v *valve) pass(ctx context.Context, d domain.Delivery, to chan<- domain.Delivery) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for v.shut != nil {
		shut := v.shut
		v.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
		}
		v.mu.Lock()
		if ctx.Err() != nil {
			return false
		}
	}
	select {
	case to <- d:
		return true
	case <-ctx.Done():
		return false
	}
}

// heads counts the looks at the end of the log, and may be slow or away.
type heads struct {
	projections.LogHead
	looks atomic.Int64
	ends  atomic.Uint64 // where it is set, the log ends there
	takes time.Duration
	mu    sync.Mutex
	away  error
}

// of looks at the log from now on.
func (h *heads) of(l projections.LogHead) projections.LogHead { h.LogHead = l; return h }

func (h *heads) fail(err error) { h.mu.Lock(); defer h.mu.Unlock(); h.away = err }

func (h *heads) Head(ctx context.Context) (domain.Position, error) {
	h.looks.Add(1)
	h.mu.Lock()
	away := h.away
	h.mu.Unlock()
	if away != nil {
		return 0, away
	}
	if end := h.ends.Load(); end != 0 {
		return domain.Position(end), nil
	}
	select {
	case <-time.After(h.takes):
		return h.LogHead.Head(ctx)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// late is a registry whose model can be kept behind the log.
func late(t testing.TB) (*registry, *valve, *heads) {
	v, h := &valve{}, &heads{}
	r := start(t, func(set *settings) {
		set.follow = func(l projections.Log) projections.Log { v.Log = l; return v }
		set.head = h.of
		set.model = func(m command.Model) command.Model { return asItIs{m} }
	})
	return r, v, h
}

// asItIs is a model that commands do not wait for.
type asItIs struct{ command.Model }

func (asItIs) CatchUp(context.Context) error { return nil }
