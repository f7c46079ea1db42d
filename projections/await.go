package projections

import (
	"context"
	"errors"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// How often [Reader.Await] looks by itself, in case a wake-up was lost.
const (
	firstLook  = 20 * time.Millisecond
	lastLook   = 300 * time.Millisecond
	lookGrowth = 2
)

// Await waits until the serving generation has reached the position, for at
// most Options.AwaitTimeout: what was appended at that position is then seen by
// the next read of this Reader, also where Redis goes back in time between the two. The projector, in whichever process, announces every step on a
// Redis channel; all who wait in this process share one subscription, which
// lives as long as somebody waits.
//
// Errors, [domain.Unavailable]: [domain.CodeModelBehind] when the time is over,
// [domain.CodeModelNotReady] when there is no model by then; that of the [Watch]
// when it has found that nothing may be answered. When ctx is cancelled, its error.
func (r *Reader) Await(ctx context.Context, position domain.Position) error {
	at, err := r.Position(ctx)
	if err == nil && at >= position {
		return nil
	}
	parent := ctx
	ctx, cancel := context.WithTimeout(ctx, r.opts.AwaitTimeout)
	defer cancel()
	leave := r.moves.enter()
	defer leave()
	look := time.NewTimer(r.look)
	defer look.Stop()
	for pause := r.look; ; {
		moved := r.moves.next()
		now, lookErr := r.Position(ctx)
		if lookErr == nil && now >= position {
			return nil
		}
		if refusal := r.refusal.Load(); refusal != nil { // waiting does not help
			return refusal
		}
		if ctx.Err() == nil { // a look that was cut short tells nothing new
			at, err = now, lookErr
		}
	waiting:
		for {
			select {
			case <-ctx.Done():
				if errors.Is(parent.Err(), context.Canceled) {
					return parent.Err()
				}
				if err != nil && domain.CodeOf(err) == domain.CodeModelNotReady {
					return err
				}
				return domain.Refuse(domain.Unavailable, domain.CodeModelBehind,
					"the read model has reached position %d and not yet %d; ask again in a moment", at, position)
			case <-moved:
				moved = r.moves.next() // before looking, or a move in between would go unnoticed
				if r.moves.reached() >= position {
					break waiting
				}
			case <-look.C:
				pause = min(pause*lookGrowth, lastLook)
				look.Reset(pause)
				break waiting
			}
		}
	}
}

// Moves tells, until ctx ends, that the serving generation may have gone on:
// several moves may be told as one, and one may be told where there was none. It
// shares its subscription with all who wait in this process.
func (r *Reader) Moves(ctx context.Context) <-chan struct{} {
	told := make(chan struct{}, 1)
	leave := r.moves.enter()
	next := r.moves.next()
	go func() {
		defer leave()
		for {
			select {
			case <-ctx.Done():
				return
			case <-next:
				next = r.moves.next()
			}
			select {
			case told <- struct{}{}:
			default: // told already, and not looked at yet
			}
		}
	}()
	return told
}

// moves tells all who wait in this process how far the serving generation says
// it is.
type moves struct {
	subscribe func(context.Context) *redis.PubSub

	mu      sync.Mutex // guards all below
	waiting int
	stop    context.CancelFunc
	moved   chan struct{} // closed, and replaced, with every move
	at      domain.Position
}

// enter begins to listen where nobody does yet; leave must be called.
func (m *moves) enter() (leave func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting++; m.waiting == 1 {
		ctx, stop := context.WithCancel(context.Background())
		m.stop, m.moved, m.at = stop, make(chan struct{}), 0
		go m.listen(ctx, m.moved)
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.waiting--; m.waiting == 0 {
			m.stop()
		}
	}
}

func (m *moves) next() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moved
}

func (m *moves) reached() domain.Position {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// listen passes on what is announced until nobody waits any more.
func (m *moves) listen(ctx context.Context, moved chan struct{}) {
	sub := m.subscribe(ctx)
	defer sub.Close()
	announced := sub.ChannelWithSubscriptions()
	for {
		select {
		case <-ctx.Done():
			return
		case msg, ok := <-announced:
			if !ok {
				return
			}
			// A subscription has (again) begun: moves before it went unheard.
			at := domain.Position(math.MaxUint64)
			if msg, ok := msg.(*redis.Message); ok {
				if n, err := strconv.ParseUint(msg.Payload, 10, 64); err == nil {
					at = domain.Position(n)
				}
			}
			m.mu.Lock()
			if m.moved != moved { // a later listener has taken over
				m.mu.Unlock()
				return
			}
			m.at = at
			close(m.moved)
			moved = make(chan struct{})
			m.moved = moved
			m.mu.Unlock()
		}
	}
}
