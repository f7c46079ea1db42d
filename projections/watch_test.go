package projections

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// A look is when it was, what the head and the model were, and what the track
// says of it.
type trackedLook struct {
	at       time.Duration
	head     domain.Position
	position domain.Position
	lag      time.Duration
	still    bool
}

func TestTrackTellsALateModelFromOneThatStandsStill(t *testing.T) {
	const s = time.Second
	for name, looks := range map[string][]trackedLook{
		"nothing is lacking": {{0, 10, 10, 0, false}, {5 * s, 10, 10, 0, false}, {6 * s, 10, 12, 0, false}},
		// Under load there is always an event on its way.
		"always a moment late": {{0, 10, 9, 0, false}, {s, 20, 19, 0, false}, {2 * s, 30, 29, 0, false},
			{3 * s, 30, 30, 0, false}},
		"falls behind, and moves": {
			{0, 10, 10, 0, false}, {s, 20, 10, 0, false}, {2 * s, 30, 11, s, false}, {3 * s, 40, 20, s, false}, {4 * s, 40,
				39, s, false},
			{5 * s, 40, 40, 0, false},
		},
		"stands still": {
			{0, 10, 10, 0, false}, {60 * s, 20, 10, 0, false}, {60*s + s/2, 20, 10, s / 2, false}, {61 * s, 20, 10, s, true},
			{142 * s, 90, 10, 82 * s, true}, {143 * s, 90, 11, 83 * s, false}, {144 * s, 90, 90, 0, false},
		},
		"goes back with its Redis": {{0, 20, 20, 0, false}, {s, 20, 5, 0, false}, {2 * s, 20, 4, s, false},
			{3 * s, 20, 4, 2 * s, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var seen track
			began := time.Now()
			for _, l := range looks {
				lag, still := seen.observe(began.Add(l.at), l.head, l.position)
				if lag != l.lag || still != l.still {
					t.Errorf("after %v, head %d, model %d: lag %v, still %t; want %v, %t", l.at, l.head, l.position, lag, still,
						l.lag, l.still)
				}
			}
		})
	}
}

func TestTrackForgetsNoTimeAndKeepsItsBound(t *testing.T) {
	var seen track
	began := time.Now()
	const looks = 5 * marksKept
	for n := range looks {
		seen.observe(began.Add(time.Duration(n)*time.Second), domain.Position(n+2), 1)
	}
	if len(seen.lacking) > marksKept {
		t.Errorf("%d marks are kept", len(seen.lacking))
	}
	if lag, _ := seen.observe(began.Add(looks*time.Second), looks+1, 1); lag != looks*time.Second {
		t.Errorf("the lag is %v", lag)
	}
	// With all but the last event the lag may be too long, never too short.
	if lag, _ := seen.observe(began.Add(looks*time.Second), looks+1, looks); lag < time.Second {
		t.Errorf("the lag is %v", lag)
	}
	if lag, _ := seen.observe(began.Add(looks*time.Second), looks+1, looks+1); lag != 0 {
		t.Errorf("nothing is lacking and the lag is %v", lag)
	}
}

func TestAnOutageIsNoStandingStill(t *testing.T) {
	var seen track
	began := time.Now()
	seen.observe(began, 20, 10)
	seen.interrupt()
	if lag, still := seen.observe(began.Add(time.Minute), 20, 10); lag != time.Minute || still {
		t.Errorf("right after it the lag is %v, still %t", lag, still)
	}
	if _, still := seen.observe(began.Add(time.Minute+stillAfter), 20, 10); !still {
		t.Error("and goes unnoticed for good")
	}
}

// gate is a look that ends when the test lets it.
type gate struct {
	began chan int
	end   chan error
	n     atomic.Int64
}

func newGate() *gate { return &gate{began: make(chan int), end: make(chan error)} }

func (g *gate) look(context.Context) (int, error) {
	n := int(g.n.Add(1))
	g.began <- n
	return n, <-g.end
}

func TestALookThatBeganBeforeItWasAskedForDoesNotCount(t *testing.T) {
	g := newGate()
	looks := &shared[int]{look: g.look, timeout: time.Minute}
	first := looks.join()
	<-g.began
	var second []*pending[int]
	for range 1000 {
		second = append(second, looks.join())
	}
	// Whoever gives up leaves the look to the others.
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := looks.ask(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has gone is told %v", err)
	}
	g.end <- nil
	<-g.began
	third := looks.join()
	g.end <- nil
	<-g.began
	g.end <- errors.New("away")
	for want, all := range map[int][]*pending[int]{1: {first}, 2: second, 3: {third}} {
		for _, p := range all {
			if <-p.done; p.value != want || (p.err != nil) != (want == 3) {
				t.Fatalf("was given look %d, %v; want look %d", p.value, p.err, want)
			}
		}
	}
	until(t, "nobody looks any more", func() bool { looks.mu.Lock(); defer looks.mu.Unlock(); return !looks.busy })
	if n := g.n.Load(); n != 3 {
		t.Errorf("%d looks, want 3", n)
	}
}

// headed is a script whose head may be away.
type headed struct {
	*script
	mu    sync.Mutex
	away  error
	looks int
	slow  chan struct{} // where it is set, the head waits for it or for the end of the context
}

func (h *headed) Head(ctx context.Context) (domain.Position, error) {
	h.mu.Lock()
	h.looks++
	away, slow := h.away, h.slow
	h.mu.Unlock()
	if slow != nil {
		select {
		case <-slow:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if away != nil {
		return 0, away
	}
	return h.head(), nil
}

func (h *headed) set(away error, slow chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.away, h.slow = away, slow
}

// watched is a projected story with a watch over it.
func watched(t *testing.T, client redis.UniversalClient) (*headed, *Watch, func(string) float64) {
	t.Helper()
	log, registry := &headed{script: story()}, prometheus.NewRegistry()
	running(t, client, log.script, quick())
	opts := quick()
	opts.Registerer, opts.AwaitTimeout = registry, 100*time.Millisecond
	w, err := NewWatch(NewReader(client, opts), log, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewWatch(NewReader(client, opts), log, opts); err == nil {
		t.Error("two watches share their metrics")
	}
	reach(t, NewReader(client, quick()), log.head())
	return log, w, func(name string) float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "tizilim_projection_"+name {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatalf("there is no metric %s", name)
		return 0
	}
}

func TestTheLagIsComparedWithTheHead(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx := context.Background()
		log, w, metric := watched(t, client)
		if lag := metric("lag_seconds"); !math.IsNaN(lag) {
			t.Errorf("before the first look the lag is %v", lag)
		}
		if c := w.Look(ctx); !c.CaughtUp() || c.Lag != 0 || c.Still || metric("lag_seconds") != 0 ||
			metric("lag_positions") != 0 || metric("caught_up") != 1 {
			t.Errorf("up with the log: %+v", c)
		}
		at := log.head()
		log.holdAfter(at) // the subscription is silent from here on
		log.person(30)
		if c := w.Look(ctx); c.CaughtUp() || c.Still || c.Head != log.head() || c.Status.Position != at ||
			metric("caught_up") != 0 {
			t.Errorf("a moment late: %+v", c)
		}
		if got, want := metric("lag_positions"), float64(log.head()-at); got != want {
			t.Errorf("%v positions behind, want %v", got, want)
		}
		if !status(t, w.model).CaughtUp {
			t.Error("the projector knows that it is late: then this test shows nothing")
		}
		until(t, "it is seen to stand still", func() bool { return w.Look(ctx).Still })
		if lag := metric("lag_seconds"); lag < stillAfter.Seconds() || lag > 15 {
			t.Errorf("the lag is %v s", lag)
		}
		log.set(errors.New("away"), nil)
		if c := w.Look(ctx); c.HeadErr == nil || c.ModelErr != nil || c.CaughtUp() || c.Still || !c.Status.Ready() {
			t.Errorf("without a head: %+v", c)
		}
		if !w.track.since.IsZero() {
			t.Error("the outage counts as standing still")
		}
		for _, name := range []string{"lag_seconds", "lag_positions", "caught_up"} {
			if v := metric(name); !math.IsNaN(v) {
				t.Errorf("without a head %s is %v", name, v)
			}
		}
		log.set(nil, nil)
		log.release()
		until(t, "it is up with the log again", func() bool { return w.Look(ctx).CaughtUp() })
		if lag := metric("lag_seconds"); lag != 0 {
			t.Errorf("and the lag is %v", lag)
		}
	})
}

func TestASlowLogDoesNotMakeRedisLookDown(t *testing.T) {
	client := startRedis(t)
	log, w, _ := watched(t, client)
	log.set(nil, make(chan struct{}))
	began := time.Now()
	c := w.Look(context.Background())
	if c.ModelErr != nil || !c.Status.Ready() {
		t.Errorf("Redis: %v", c.ModelErr)
	}
	if took := time.Since(began); took > headTimeout+time.Second {
		t.Errorf("the look took %v", took)
	}
	refuses(t, c.HeadErr, domain.Unavailable, domain.CodeLogUnavailable)
	log.set(nil, nil)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if c := w.Look(context.Background()); c.HeadErr != nil || c.Head != log.head() || c.ModelErr == nil {
		t.Errorf("without Redis: %+v", c)
	}
}

func TestRunLooksUntilItEnds(t *testing.T) {
	client := startRedis(t)
	log, w, metric := watched(t, client)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	until(t, "it has looked", func() bool { return metric("caught_up") == 1 })
	log.holdAfter(log.head())
	log.person(31)
	until(t, "it has looked again", func() bool { return metric("caught_up") == 0 })
	cancel()
	<-ended
}

func TestCatchUpWaitsForWhatTheLogHeld(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx := context.Background()
		log, w, _ := watched(t, client)
		w.model.opts.AwaitTimeout = 20 * time.Second
		log.holdAfter(log.head())
		log.person(32)
		done := make(chan error, 1)
		go func() { done <- w.CatchUp(ctx) }()
		until(t, "it waits", func() bool {
			w.model.moves.mu.Lock()
			defer w.model.moves.mu.Unlock()
			return w.model.moves.waiting == 1
		})
		log.release()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if _, err := w.model.Residence(ctx, personID(32), day); err != nil {
			t.Errorf("after it the model lacks what the log held: %v", err)
		}

		w.model.opts.AwaitTimeout = 50 * time.Millisecond
		log.holdAfter(log.head())
		log.person(33)
		refuses(t, w.CatchUp(ctx), domain.Unavailable, domain.CodeModelBehind)
		away := domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable, "away")
		log.set(away, nil)
		if err := w.CatchUp(ctx); !errors.Is(err, error(away)) {
			t.Errorf("without a head: %v", err)
		}
		log.set(nil, nil)
		log.release()
		reach(t, NewReader(client, quick()), log.head())

		// Many who ask at once share the looks.
		log.mu.Lock()
		before := log.looks
		log.mu.Unlock()
		slow := make(chan struct{})
		log.set(nil, slow)
		var all sync.WaitGroup
		var asking atomic.Int64
		for range 1000 {
			all.Go(func() {
				asking.Add(1)
				if err := w.CatchUp(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		until(t, "all ask", func() bool { return asking.Load() == 1000 })
		close(slow)
		all.Wait()
		log.mu.Lock()
		defer log.mu.Unlock()
		if n := log.looks - before; n > 10 {
			t.Errorf("a thousand who asked at once cost %d looks at the log", n)
		}
	})
}
