package projections

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

func TestAwaitReturnsOnceThePositionIsReached(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		r := projected(t, client, s)
		var waiting sync.WaitGroup
		for n := range 20 { // each waits for its own event, all share one subscription
			waiting.Add(1)
			go func() {
				defer waiting.Done()
				rec := s.person(100 + n)
				if err := r.Await(ctx, rec.Position); err != nil {
					t.Error(err)
					return
				}
				got, err := r.Residence(ctx, personID(100+n), day)
				if err != nil || got.AsOf < rec.Position {
					t.Errorf("read after Await: as of %d, want at least %d; %v", got.AsOf, rec.Position, err)
				}
			}()
		}
		waiting.Wait()
		if n := r.moves.waiting; n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

func TestAwaitIsWokenAndDoesNotOnlyLook(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := story()
		r := projected(t, client, s)
		r.look = time.Hour
		waits := s.head()
		for n := range 5 {
			// It awaits the second event from here; the first must not end it.
			waits += 2 * (s.recorded()[1].Position - s.recorded()[0].Position)
			done := make(chan error, 1)
			go func() { done <- r.Await(context.Background(), waits) }()
			until(t, "it waits", func() bool {
				r.moves.mu.Lock()
				defer r.moves.mu.Unlock()
				return r.moves.waiting == 1 && r.moves.at != 0
			})
			s.person(70 + 2*n)
			if rec := s.person(71 + 2*n); rec.Position != waits {
				t.Fatalf("the second event is at %d, not %d", rec.Position, waits)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAwaitIsBounded(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		opts := quick()
		opts.AwaitTimeout = 50 * time.Millisecond
		r := NewReader(client, opts)
		refuses(t, r.Await(ctx, 1), domain.Unavailable, domain.CodeModelNotReady)
		projected(t, client, s)
		refuses(t, r.Await(ctx, s.head()+1), domain.Unavailable, domain.CodeModelBehind)

		bounded, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
		defer cancel()
		refuses(t, NewReader(client, quick()).Await(bounded, s.head()+1), domain.Unavailable, domain.CodeModelBehind)

		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		if err := r.Await(cancelled, s.head()+1); !errors.Is(err, context.Canceled) {
			t.Errorf("Await with a cancelled context: %v", err)
		}
	})
}

func TestUnreachableRedisIsNotReady(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + freePort(t), MaxRetries: -1, DialerRetries: 1})
	defer client.Close()
	notReady(t, NewReader(client, quick()), "cannot be reached")
	_, err := NewReader(client, quick()).Status(context.Background())
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
}
