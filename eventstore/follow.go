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
)

const (
	// followBuffer is how many deliveries wait for a slow reader; beyond it the
	// flow control of the subscription holds the server back.
	followBuffer = 1024
	// searchWindow is how many foreign events the server passes over before it
	// sends a checkpoint.
	searchWindow = 512
	// steadyAfter is how long a subscription must have lived for the next
	// failure to be taken as a new one.
	steadyAfter = 5 * time.Second
	// followPause is the longest pause between two subscriptions: a log that can be
	// followed again is soon noticed.
	followPause = 500 * time.Millisecond
	// compareEvery is how often a subscription is compared with the leader's head.
	compareEvery = time.Second
)

var (
	// errStandsStill ends a subscription that the server has forgotten.
	errStandsStill = errors.New("the subscription stands still behind the head of the log")
	// errOtherLog keeps a checkpoint from being used on a log that it is not of.
	errOtherLog = errors.New("the log ends before the position that was reached: it is another log, or one from before")
)

// Follow delivers every event of the registry's categories after the position,
// in log order, then stays live. A dropped subscription, a restarted server and a
// change of leader are bridged: the next subscription begins after the last
// delivery. The channel closes when ctx ends.
//
// A subscription that is silent need not be live: a node that leads no longer, or
// is cut off, does not end it. So each is compared, every second, with the head
// that the leader tells to a call of its own, and a new one is begun where it
// stands still behind that. A delivery with CaughtUp may come more than once.
//
// On a log that ends before the position nothing is delivered.
func (s *Store) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	out := make(chan domain.Delivery, followBuffer)
	go func() {
		defer close(out)
		pause := backoff.NewExponentialBackOff()
		pause.InitialInterval = 10 * time.Millisecond
		pause.MaxInterval = followPause
		var told time.Time
		for ctx.Err() == nil {
			began := time.Now()
			err := s.subscription(ctx, &after, out)
			if ctx.Err() != nil {
				return
			}
			if time.Since(began) > steadyAfter {
				pause.Reset()
				told = time.Time{}
			}
			level := slog.LevelDebug // of what has been told and goes on
			if time.Since(told) > tellEvery {
				level, told = slog.LevelWarn, time.Now()
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

// subscription delivers until the subscription drops, moving *after along.
func (s *Store) subscription(ctx context.Context, after *domain.Position, out chan<- domain.Delivery) error {
	if err := s.holds(ctx, *after); err != nil {
		return err
	}
	on, err := s.acquire(ctx, "$all")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(on.ctx, func() { cancel(errors.New("its connection was given up")) })()
	var from esdb.AllPosition = esdb.Start{}
	if *after > 0 {
		from = esdb.Position{Commit: uint64(*after), Prepare: uint64(*after)}
	}
	sub, err := s.subscribe(ctx, on, esdb.SubscribeToAllOptions{
		From:               from,
		MaxSearchWindow:    searchWindow,
		CheckpointInterval: 1,
		Filter:             &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: domain.Categories},
	})
	if err != nil {
		return s.classify("$all", on, err)
	}
	defer s.release(on)
	defer sub.Close()
	p := &pace{}
	p.reach(uint64(*after))
	go s.compare(ctx, p, func() {
		s.retire(on)
		cancel(errStandsStill)
	})
	for {
		p.receiving.Store(true)
		message := sub.Recv()
		p.receiving.Store(false)
		var d domain.Delivery
		switch {
		case message.SubscriptionDropped != nil:
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return s.classify("$all", on, message.SubscriptionDropped.Error)
		case message.EventAppeared != nil:
			original := message.EventAppeared.OriginalEvent()
			rec, err := decode(original)
			d = domain.Delivery{Position: domain.Position(original.Position.Commit), Recorded: &rec, Poison: err}
			if d.Position <= *after { // a server that was restored from before delivers whatever comes next
				return fmt.Errorf("%w (at %d, delivered %d)", errOtherLog, *after, d.Position)
			}
		case message.CheckPointReached != nil:
			at := message.CheckPointReached
			p.reach(at.Commit)
			if at.Prepare != at.Commit {
				continue // it promises what comes before the place, and the next event may stand there
			}
			d = domain.Delivery{Position: domain.Position(at.Commit)}
		case message.CaughtUp != nil:
			d = domain.Delivery{Position: *after, CaughtUp: true}
		default: // fell behind: the events that follow say so
			continue
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

// holds returns an error where the log ends before the position: a subscription
// from there is silent, or gets what is appended next, which is not what follows.
func (s *Store) holds(ctx context.Context, position domain.Position) error {
	if position == 0 {
		return nil
	}
	end, err := s.End(ctx)
	if err == nil && end < position {
		err = fmt.Errorf("%w (reached %d, it ends at %d)", errOtherLog, position, end)
	}
	return err
}

// pace is how far a subscription is.
type pace struct {
	reached   atomic.Uint64 // position of the last delivery or checkpoint
	receiving atomic.Bool   // it waits for the server, not for who reads the deliveries
}

// reach is called by the one goroutine that receives.
func (p *pace) reach(position uint64) { p.reached.Store(max(p.reached.Load(), position)) }

// compare calls still where the subscription has not moved for a while and the
// leader has had more by its beginning.
func (s *Store) compare(ctx context.Context, p *pace, still func()) {
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
			still()
			return
		}
		at, err := s.Head(ctx)
		if err != nil {
			at = 0 // nothing to compare with; the session ends by that error if it has to
		}
		reached, head = now, uint64(at)
	}
}

// subscribe opens a subscription on the session, which is given back where that
// fails. The client may block on a dead connection whatever ctx says, so the
// caller gets an answer when ctx ends.
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
			o.sub, o.err = on.client.SubscribeToAll(leading(ctx), opts)
		}()
		select {
		case done <- o: // the caller has the session now
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
