package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cenkalti/backoff/v5"

	"tizilim/domain"
	"tizilim/domain/proof"
)

const (
	// followBuffer is how many deliveries wait for a slow reader. Once it is full, the
	// flow control of gRPC slows the server down.
	followBuffer = 1024
	// searchWindow is how many filtered events the server skips before it sends a
	// checkpoint.
	searchWindow = 512
	// stableAfter is the lifetime of a subscription after which the back-off begins
	// again at its shortest pause.
	stableAfter = 5 * time.Second
	// followPause is the longest pause between two subscriptions.
	followPause = 500 * time.Millisecond
	// compareEvery is how often a subscription is compared with the head of the log.
	compareEvery = time.Second
)

var (
	// errStalled ends a subscription that receives nothing although the log has more.
	errStalled = errors.New("the subscription has stalled behind the head of the log")
	// errOtherLog says that a checkpoint is of another log.
	errOtherLog = errors.New("the log ends before the checkpoint: it is another log, or was restored from a backup")
)

// Follow delivers every event of the registry's categories after the position, in log
// order, and then each new one. After a dropped subscription, a restart of the server
// or a change of leader, the next subscription begins after the last delivery. The
// channel closes when ctx ends.
//
// A silent subscription may be dead: a node that is cut off or no longer leads does not
// end its subscriptions. So Follow reads the head of the log every second and replaces
// a subscription that stalls behind it. It may deliver CaughtUp more than once.
//
// Follow delivers nothing while the log ends before the position. It leaves personal values
// sealed: the read model has none of them, and needs no keys.
func (s *Store) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	return s.follow(ctx, after, &s.heads)
}

// FollowBodies is [Store.Follow] from the beginning of the log, of the streams of bodies
// alone. The event store picks them out, so that only they are sent.
func (s *Store) FollowBodies(ctx context.Context) <-chan domain.Delivery {
	return s.follow(ctx, 0, &headCache{categories: []string{domain.BodyCategory}})
}

// FollowUnprojected is [Store.Follow] from the beginning of the log, of the streams that no
// read model has.
func (s *Store) FollowUnprojected(ctx context.Context) <-chan domain.Delivery {
	return s.follow(ctx, 0, &headCache{categories: proof.Unprojected})
}

// follow delivers the events of the categories of head.
func (s *Store) follow(ctx context.Context, after domain.Position, head *headCache) <-chan domain.Delivery {
	out := make(chan domain.Delivery, followBuffer)
	go func() {
		defer close(out)
		pause := backoff.NewExponentialBackOff()
		pause.InitialInterval = 10 * time.Millisecond
		pause.MaxInterval = followPause
		var logged time.Time
		for ctx.Err() == nil {
			began := time.Now()
			err := s.subscription(ctx, &after, head, out)
			if ctx.Err() != nil {
				return
			}
			if time.Since(began) > stableAfter {
				pause.Reset()
				logged = time.Time{}
			}
			level := slog.LevelDebug // logged as a warning a short time ago
			if time.Since(logged) > logEvery {
				level, logged = slog.LevelWarn, time.Now()
			}
			wait := pause.NextBackOff()
			s.log.Log(ctx, level, "event store: subscription dropped, resuming", "after", after, "in", wait, "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
		}
	}()
	return out
}

// subscription delivers until the subscription drops. It moves *after to each delivery.
func (s *Store) subscription(
	ctx context.Context, after *domain.Position, head *headCache, out chan<- domain.Delivery,
) error {
	if err := s.checkHolds(ctx, *after); err != nil {
		return err
	}
	if head.categories != nil { // their last event may be far back; it is delivered before it is compared
		end, err := s.End(ctx)
		if err != nil {
			return err
		}
		head.skipTo(end)
	}
	on, err := s.acquire(ctx, "$all")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(on.ctx, func() { cancel(errors.New("its session has ended")) })()
	var from esdb.AllPosition = esdb.Start{}
	if *after > 0 {
		from = esdb.Position{Commit: uint64(*after), Prepare: uint64(*after)}
	}
	sub, err := s.subscribe(ctx, on, esdb.SubscribeToAllOptions{
		From:               from,
		MaxSearchWindow:    searchWindow,
		CheckpointInterval: 1,
		Filter:             &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: head.followed()},
	})
	if err != nil {
		return s.classify("$all", on, err)
	}
	defer s.release(on)
	defer sub.Close()
	p := &progress{}
	p.reach(uint64(*after))
	go s.detectStall(ctx, p, head, func() {
		s.retire(on)
		cancel(errStalled)
	})
	for {
		p.receiving.Store(true)
		message := sub.Recv()
		p.receiving.Store(false)
		if dropped := message.SubscriptionDropped; dropped != nil {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return s.classify("$all", on, dropped.Error)
		}
		if checkpoint := message.CheckPointReached; checkpoint != nil {
			p.reach(checkpoint.Commit)
		}
		d, ok := s.deliveryOf(message, *after)
		if !ok {
			continue
		}
		if domain.CodeOf(d.Poison) == domain.CodeLogUnavailable { // its MAC could not be judged yet
			return d.Poison
		}
		if d.Recorded != nil && d.Position <= *after { // a server restored from a backup delivers what is appended next
			return fmt.Errorf("%w (checkpoint %d, delivered %d)", errOtherLog, *after, d.Position)
		}
		select {
		case out <- d:
			*after = max(*after, d.Position)
			p.reach(uint64(*after))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// deliveryOf returns the delivery of a message. ok is false where there is none. after is
// the position of the last delivery.
func (s *Store) deliveryOf(message *esdb.SubscriptionEvent, after domain.Position) (d domain.Delivery, ok bool) {
	switch {
	case message.EventAppeared != nil:
		original := message.EventAppeared.OriginalEvent()
		rec, err := s.decode(original)
		position := domain.Position(original.Position.Commit)
		return domain.Delivery{Position: position, Recorded: &rec, Poison: err}, true
	case message.CheckPointReached != nil:
		at := message.CheckPointReached
		// With another prepare position the checkpoint covers only what is before its
		// commit position, and the next event may be at that position.
		return domain.Delivery{Position: domain.Position(at.Commit)}, at.Prepare == at.Commit
	case message.CaughtUp != nil:
		return domain.Delivery{Position: after, CaughtUp: true}, true
	default: // FellBehind: the events that follow are delivered as usual
		return d, false
	}
}

// checkHolds returns an error where the log ends before the position. A subscription
// after such a position is silent, or gets events of another log.
func (s *Store) checkHolds(ctx context.Context, position domain.Position) error {
	if position == 0 {
		return nil
	}
	end, err := s.End(ctx)
	if err == nil && end < position {
		err = fmt.Errorf("%w (checkpoint %d, end %d)", errOtherLog, position, end)
	}
	return err
}

// progress is the progress of a subscription.
type progress struct {
	reached   atomic.Uint64 // position of the last delivery or checkpoint
	receiving atomic.Bool   // it waits for the server, and not for the reader of the deliveries
}

// reach moves the progress to the position. Only the goroutine that receives calls it.
func (p *progress) reach(position uint64) { p.reached.Store(max(p.reached.Load(), position)) }

// detectStall calls stalled and returns where the subscription has not moved during an
// interval although the head of the log was beyond it at the beginning.
func (s *Store) detectStall(ctx context.Context, p *progress, of *headCache, stalled func()) {
	tick := time.NewTicker(compareEvery)
	defer tick.Stop()
	for reached, head := uint64(0), uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := p.reached.Load()
		if now < head && now == reached && p.receiving.Load() {
			stalled()
			return
		}
		at, err := s.headOf(ctx, of)
		if err != nil {
			at = 0 // compare with nothing; an error that ends the session ends the subscription
		}
		reached, head = now, uint64(at)
	}
}

// subscribe opens a subscription on the session. Where that fails, it releases the
// session. It returns when ctx ends, although the client may block longer on a dead
// connection.
func (s *Store) subscribe(
	ctx context.Context, on *session, opts esdb.SubscribeToAllOptions,
) (*esdb.Subscription, error) {
	type outcome struct {
		sub *esdb.Subscription
		err error
	}
	done := make(chan outcome)
	go func() {
		var o outcome
		func() {
			defer recoverClient("$all", &o.err)
			o.sub, o.err = on.client.SubscribeToAll(requireLeader(ctx), opts)
		}()
		select {
		case done <- o: // the caller releases the session
		case <-ctx.Done():
			s.release(on)
		}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			s.release(on)
		}
		return o.sub, o.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
