package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// restless is a log whose sessions end after a few deliveries. The next one
// begins where the first one did, so that everything comes again, and every
// "caught up" is told three times.
type restless struct {
	*script
	sessions atomic.Int64
}

func (r *restless) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	to := make(chan domain.Delivery)
	go func() {
		defer close(to)
		for length := 5; r.session(ctx, after, length, to); length += 7 {
		}
	}()
	return to
}

// session passes on so many deliveries; it reports false when ctx has ended.
func (r *restless) session(ctx context.Context, after domain.Position, length int, to chan<- domain.Delivery) bool {
	r.sessions.Add(1)
	inner, end := context.WithCancel(ctx)
	defer end()
	from := r.script.Follow(inner, after)
	for range length {
		d, ok := <-from
		if !ok {
			return false
		}
		times := 1
		if d.CaughtUp {
			times = 3
		}
		for range times {
			select {
			case to <- d:
			case <-ctx.Done():
				return false
			}
		}
	}
	return true
}

func TestNewSessionsAndRepeatedNewsChangeNothing(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := story()
		filled := func(registry string, log Log) map[string]string {
			opts := quick()
			opts.Registry, opts.BatchSize = registry, 3
			_, stop := running(t, client, log, opts)
			defer stop()
			reach(t, NewReader(client, opts), s.head())
			return contents(t, client, opts, status(t, NewReader(client, opts)).Serving)
		}
		broken := &restless{script: s}
		want, got := filled("one session", s), filled("many sessions", broken)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-one session +many\n%s", diff)
		}
		if n := broken.sessions.Load(); n < 5 {
			t.Errorf("there were %d sessions only", n)
		}
	})
}

// hasty says that everything has been delivered before anything has, as a node
// does that is late itself.
type hasty struct{ *script }

func (h hasty) Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery {
	to := make(chan domain.Delivery)
	go func() {
		defer close(to)
		from := h.script.Follow(ctx, after)
		d := domain.Delivery{Position: after, CaughtUp: true}
		for ok := true; ok; d, ok = <-from {
			select {
			case to <- d:
			case <-ctx.Done():
				return
			}
		}
	}()
	return to
}

func TestNothingServesBeforeItHasWhatTheHeadOfTheLogNamed(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s, r := story(), NewReader(client, quick())
		half := s.recorded()[8].Position
		s.holdAfter(half)
		running(t, client, hasty{s}, quick())
		until(t, "half of the log is there", func() bool { return status(t, r).Built == half })
		notReady(t, r, "being built")
		s.release()
		reach(t, r, s.head())
	})
}

// outage makes every command fail while it is closed, as a Redis out of reach does.
type outage struct{ closed atomic.Bool }

var errOutage = errors.New("out of reach")

func (c *outage) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *outage) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if c.closed.Load() {
			cmd.SetErr(errOutage)
			return errOutage
		}
		return next(ctx, cmd)
	}
}
func (c *outage) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// lines counts what is logged with a message.
type lines struct {
	slog.Handler
	mu   sync.Mutex
	seen map[string]int
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[fmt.Sprint(r.Level, " ", r.Message)]++
	return nil
}

func (l *lines) count(line string) int { l.mu.Lock(); defer l.mu.Unlock(); return l.seen[line] }

// A lease outlives the outage in which its holder failed; its own process must
// not wait for it.
func TestAfterAnOutageOfRedisTheProjectorIsBackAtOnce(t *testing.T) {
	client, s := startRedis(t), story()
	reader := NewReader(client, quick())
	own, err := Connect("redis://" + client.(*redis.Client).Options().Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	away := &outage{}
	own.AddHook(away)
	opts, told := quick(), &lines{Handler: slog.DiscardHandler, seen: map[string]int{}}
	opts.LeaseTTL, opts.Logger = time.Hour, slog.New(told)
	running(t, own, s, opts)
	reach(t, reader, s.head())

	away.closed.Store(true)
	s.person(40)
	// The pauses grow to their bound meanwhile.
	until(t, "it has tried several times", func() bool {
		return told.count("WARN projector pauses")+told.count("DEBUG projector pauses") >= 6
	})
	if n := told.count("WARN projector pauses"); n > 2 {
		t.Errorf("one outage is told %d times", n)
	}
	if status(t, reader).Position >= s.head() || !status(t, reader).Projector {
		t.Fatal("this is no outage with a lease left behind")
	}
	away.closed.Store(false)
	healed := time.Now()
	reach(t, reader, s.head())
	if took := time.Since(healed); took > 2*longestPause {
		t.Errorf("it was back after %v", took)
	}
}

func TestNoPauseIsLongerThanItsBound(t *testing.T) {
	for pause, n := newPause(), 0; n < 1000; n++ {
		if wait := pause.NextBackOff(); wait > longestPause {
			t.Fatalf("pause %d is %v", n, wait)
		}
	}
}

// The lease of another process is waited for, whatever this one had before.
func TestALeaseOfAnotherIsNotTaken(t *testing.T) {
	client := startRedis(t)
	ctx, keys := context.Background(), quick().withDefaults().keyspace()
	mine := newLeases(client, keys, time.Hour)
	mine.keepUnreleased(roleProjector, "an unreleased lease")
	other := &lease{client: client, keys: keys, role: roleProjector, ttl: time.Hour, token: "another"}
	if err := other.acquire(ctx); err != nil {
		t.Fatal(err)
	}
	bounded, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err := mine.hold(bounded, roleProjector, func(context.Context,
		*lease) error {
		t.Error("it has the role")
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(fmt.Sprint(err), "deadline") {
		t.Error(err)
	}
	if holder := client.Get(ctx, keys.lease(roleProjector)).Val(); holder != "another" {
		t.Errorf("the lease is %q", holder)
	}
}

// Readers wait for positions; one that goes back would take an answer back.
func TestWhatComesAgainDoesNotMoveTheCheckpointBack(t *testing.T) {
	client := startRedis(t)
	withWriter(t, client, story(), func(ctx context.Context, w *writer, s *script) {
		for _, batch := range [][]domain.Delivery{s.log[:5], s.log[:3], s.log[2:5],
			{{Position: s.log[0].Position, CaughtUp: true}}} {
			if err := w.apply(ctx, batch); err != nil {
				t.Fatal(err)
			}
			if w.position != s.log[4].Position || w.events != 5 {
				t.Errorf("position %d after %d events, want %d after 5", w.position, w.events, s.log[4].Position)
			}
		}
	})
}

// A log that was restored from before ends where the model has events still. What
// is appended to it then has positions that the model believes to have.
func TestAModelOfALongerLogIsNoticedAndFilledAnew(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, long, short := context.Background(), story(), story()
		_, stop := running(t, client, long, quick())
		r := NewReader(client, quick())
		reach(t, r, long.head())
		long.person(60)
		long.person(61)
		reach(t, r, long.head())
		stop()

		short.person(62) // at a position that the model has passed
		log := &counting{script: short}
		running(t, client, log, quick())
		fresh := NewReader(client, quick())
		until(t, "the model is withdrawn", func() bool { return status(t, fresh).Serving != 1 })
		short.person(63)
		reach(t, fresh, short.head())
		for n, known := range map[int]bool{60: false, 61: false, 62: true, 63: true} {
			if _, err := fresh.Residence(ctx, personID(n), day); (err == nil) != known {
				t.Errorf("person %d: %v", n, err)
			}
		}
		if report, err := Verify(ctx, client, short, quick(), nil); err != nil || !report.Proven() {
			t.Errorf("verify says %+v, %v", report, err)
		}
	})
}
