package eventstore

import (
	"context"
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
	steadyAfter = 30 * time.Second
)

// Follow delivers every event of the registry's categories after the position,
// in log order, then stays live. A dropped subscription or a restarted server
// is bridged: the next subscription begins after the last delivery. The channel
// closes when ctx ends.
func (s *Store) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	out := make(chan domain.Delivery, followBuffer)
	go func() {
		defer close(out)
		pause := backoff.NewExponentialBackOff()
		pause.InitialInterval = 50 * time.Millisecond
		pause.MaxInterval = 5 * time.Second
		for ctx.Err() == nil {
			began := time.Now()
			err := s.subscription(ctx, &after, out)
			if ctx.Err() != nil {
				return
			}
			if time.Since(began) > steadyAfter {
				pause.Reset()
			}
			wait := pause.NextBackOff()
			s.log.Warn("event store: subscription dropped, resuming", "after", after, "in", wait, "error", err)
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
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var from esdb.AllPosition = esdb.Start{}
	if *after > 0 {
		from = esdb.Position{Commit: uint64(*after), Prepare: uint64(*after)}
	}
	on, err := s.acquire(ctx, "$all")
	if err != nil {
		return err
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
	for {
		message := sub.Recv()
		var d domain.Delivery
		switch {
		case message.SubscriptionDropped != nil:
			return s.classify("$all", on, message.SubscriptionDropped.Error)
		case message.EventAppeared != nil:
			original := message.EventAppeared.OriginalEvent()
			rec, err := decode(original)
			d = domain.Delivery{Position: domain.Position(original.Position.Commit), Recorded: &rec, Poison: err}
		case message.CheckPointReached != nil:
			d = domain.Delivery{Position: domain.Position(message.CheckPointReached.Commit)}
		case message.CaughtUp != nil:
			d = domain.Delivery{Position: *after, CaughtUp: true}
		default: // fell behind: the events that follow say so
			continue
		}
		select {
		case out <- d:
			*after = max(*after, d.Position)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// subscribe opens a subscription on the session, which is given back where that
// fails. The client may block on a dead connection whatever ctx says, so the
// caller gets an answer when ctx ends.
func (s *Store) subscribe(ctx context.Context, on *session, opts esdb.SubscribeToAllOptions) (*esdb.Subscription, error) {
	type outcome struct {
		sub *esdb.Subscription
		err error
	}
	done := make(chan outcome)
	go func() {
		var o outcome
		func() {
			defer recoverClient("$all", &o.err)
			o.sub, o.err = on.client.SubscribeToAll(ctx, opts)
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
		return nil, ctx.Err()
	}
}
