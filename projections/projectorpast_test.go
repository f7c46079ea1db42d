package projections

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// lagging does not show its events for some questions, as a leader that has only just taken over.
type lagging struct {
	*script
	left atomic.Int64 // questions that it does not answer yet
}

func (l *lagging) EventOf(ctx context.Context, ref domain.EventRef) (domain.Recorded, bool, error) {
	if l.left.Add(-1) >= 0 {
		return domain.Recorded{}, false, nil
	}
	return l.script.EventOf(ctx, ref)
}

func TestV3_AProjectorThatTakesTheLeadGivesALaggingLeaderTime(t *testing.T) {
	t.Parallel()
	client, _ := inProcess(t)
	s := &lagging{script: story()}
	r := NewReader(client, quick())
	_, stop := running(t, client, s, quick())
	reach(t, r, s.head())
	stop()
	s.left.Store(identityLooks - 1)
	running(t, client, s, quick())
	s.person(70)
	reach(t, r, s.head())
	if got := status(t, r); got.Serving != 1 || s.left.Load() >= 0 {
		t.Errorf("it was filled anew: %+v", got)
	}
}

func TestV3_AHalfFilledGenerationOfAnotherLogIsGivenUp(t *testing.T) {
	t.Parallel()
	client, _ := inProcess(t)
	s, r := story(), NewReader(client, quick())
	half := s.recorded()[8].Position
	s.holdAfter(half)
	_, stop := running(t, client, s, quick())
	until(t, "half of the log is there", func() bool { return status(t, r).Built == half })
	stop()
	s.cutBack(s.recorded()[4].Position) // the log is restored from before
	s.person(70)
	s.release()
	running(t, client, s, quick())
	reach(t, r, s.head())
	proven(t, client, s)
	if got := status(t, r).Serving; got != 2 {
		t.Errorf("generation %d serves", got)
	}
}

func TestABuilderWhoseRoleIsTakenBeginsAndFlipsNoGeneration(t *testing.T) {
	client, _ := inProcess(t)
	s := story()
	withWriter(t, client, s, func(ctx context.Context, w *writer, s *script) {
		p, err := NewProjector(client, s, quick())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.apply(ctx, s.log); err != nil {
			t.Fatal(err)
		}
		fence := w.keys.fence(roleBuilder)
		client.Set(ctx, fence, "another", 0)
		if _, _, err := p.begin(ctx, w.lease, new(uint64)); !errors.Is(err, errFenced) {
			t.Errorf("it begins one: %v", err)
		}
		if done, err := p.flip(ctx, w, nil); done || !errors.Is(err, errFenced) {
			t.Errorf("it flips one: %v, %v", done, err)
		}
		client.Set(ctx, fence, w.lease.token, 0)
		client.HSet(ctx, w.keys.checkpoint(w.number), "position", "1")
		if done, err := p.flip(ctx, w, nil); done || !errors.Is(err, errMoved) {
			t.Errorf("it flips one that is not where it was left: %v, %v", done, err)
		}
		if n := client.Exists(ctx, w.keys.serving()).Val(); n != 0 {
			t.Error("it serves")
		}
	})
}

func TestAWriterOfAGenerationThatServesNoMoreWritesNothing(t *testing.T) {
	client, _ := inProcess(t)
	withWriter(t, client, story(), func(ctx context.Context, w *writer, s *script) {
		w.serve = true
		client.Set(ctx, w.keys.serving(), w.number+1, 0)
		if err := w.apply(ctx, s.log[:1]); !errors.Is(err, errReplaced) {
			t.Errorf("it writes: %v", err)
		}
		if n := client.Exists(ctx, w.keys.generation(w.number)+personID(1).Stream()).Val(); n != 0 {
			t.Error("a refused batch left something behind")
		}
	})
}

func TestWhoWaitsIsToldThatAGenerationServes(t *testing.T) {
	client, _ := inProcess(t)
	ctx, s := t.Context(), story()
	opts := quick()
	opts.AwaitTimeout = 20 * time.Second
	r := NewReader(client, opts)
	r.look = time.Hour // it only listens
	p, err := NewProjector(client, s, quick())
	if err != nil {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- r.Await(ctx, s.head()) }()
	until(t, "it listens", func() bool { return client.PubSubNumSub(ctx, r.keys.moved()).Val()[r.keys.moved()] == 1 })
	if err := p.build(ctx, nil, nil); err != nil { // nothing but the flip says that it serves
		t.Fatal(err)
	}
	select {
	case err := <-waited:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits on")
	}
}

// growing gains an event between two questions about where it ends.
type growing struct {
	*script
	once sync.Once
}

func (l *growing) grow() { l.once.Do(func() { l.person(71) }) }

func (l *growing) Head(context.Context) (domain.Position, error) {
	defer l.grow()
	return l.head(), nil
}

func (l *growing) End(context.Context) (domain.Position, error) {
	defer l.grow()
	return l.head(), nil
}

func TestV2_AnEventThatComesWhileTheEndIsAskedForIsNotPassedOver(t *testing.T) {
	client, _ := inProcess(t)
	s := &growing{script: story()}
	withWriter(t, client, s.script, func(ctx context.Context, w *writer, _ *script) {
		p, err := NewProjector(client, s, quick())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.mark(ctx, w); err != nil {
			t.Fatal(err)
		}
		last := len(s.log) - 1
		if err := w.apply(ctx, s.log[:last]); err != nil {
			t.Fatal(err)
		}
		if err := w.apply(ctx, s.log[last:]); err != nil {
			t.Fatal(err)
		}
		if n := client.Exists(ctx, w.keys.generation(w.number)+personID(71).Stream()).Val(); n != 1 {
			t.Error("it is not there")
		}
	})
}

// hastyEnd says that all is delivered before it is, and where it ends.
type hastyEnd struct{ hasty }

func (l hastyEnd) End(context.Context) (domain.Position, error) { return l.head() + 5, nil }

func TestV2_WhoIsSaidToBeCaughtUpEarlyIsNotTakenToTheEnd(t *testing.T) {
	client, _ := inProcess(t)
	s, r := story(), NewReader(client, quick())
	half := s.recorded()[8].Position
	s.holdAfter(half)
	running(t, client, hastyEnd{hasty{s}}, quick())
	until(t, "half of the log is there", func() bool { return status(t, r).Built >= half })
	s.release()
	reach(t, r, s.head()+5)
	proven(t, client, s)
}

func TestALogThatDeliversAllTheTimeKeepsNoLookWaiting(t *testing.T) {
	deliveries, look := make(chan domain.Delivery, 1), make(chan time.Time, 1)
	for range 50 {
		select {
		case deliveries <- domain.Delivery{}:
		default:
		}
		look <- time.Time{}
		if _, looks := nextBatch(t.Context(), deliveries, 1, look); !looks {
			t.Fatal("it takes a batch first")
		}
	}
}

func TestALeaseThatAnotherHasIsLostAndNeitherRenewedNorReleased(t *testing.T) {
	client, _ := inProcess(t)
	ctx, keys := t.Context(), quick().withDefaults().keyspace()
	client.Set(ctx, keys.lease(roleProjector), "another", time.Hour)
	l := &lease{client: client, keys: keys, role: roleProjector, ttl: 3 * time.Second, token: "mine"}
	held, lost := context.WithCancelCause(ctx)
	began := time.Now()
	l.renew(held, lost)
	if !errors.Is(context.Cause(held), errLeaseLost) {
		t.Errorf("it ends with %v", context.Cause(held))
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it was told after %v, and a third of the lease is a second", took)
	}
	if err := l.release(ctx); err != nil {
		t.Fatal(err)
	}
	if ttl := client.TTL(ctx, keys.lease(roleProjector)).Val(); ttl < time.Minute {
		t.Errorf("the lease of the other lives for %v", ttl)
	}
}

func TestALeaseIsLostOnceItsTimeIsOverWithoutARedis(t *testing.T) {
	client, away := inProcess(t)
	ctx, keys := t.Context(), quick().withDefaults().keyspace()
	l := &lease{client: client, keys: keys, role: roleProjector, ttl: 300 * time.Millisecond, token: "mine"}
	if err := l.acquire(ctx); err != nil {
		t.Fatal(err)
	}
	away.closed.Store(true)
	held, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	began := time.Now()
	go l.renew(held, lost)
	select {
	case <-held.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("it is held without end")
	}
	if took := time.Since(began); took < l.ttl {
		t.Errorf("it was given up after %v, and is valid for %v", took, l.ttl)
	}
}

func TestAGenerationIsWithdrawnOnlyWhileItIsTheOneThatWasFoundWrong(t *testing.T) {
	client, _ := inProcess(t)
	ctx, keys := t.Context(), quick().withDefaults().keyspace()
	serve := func() {
		client.Set(ctx, keys.serving(), 3, 0)
		client.HSet(ctx, keys.checkpoint(3), "last", "an event")
	}
	for name, c := range map[string]struct {
		number uint64
		last   string
		done   bool
	}{
		"that one":              {3, "an event", true},
		"whichever its event":   {3, "", true},
		"another one serves":    {2, "an event", false},
		"it has gone on":        {3, "an earlier event", false},
		"none of these numbers": {9, "", false},
	} {
		serve()
		done, err := withdraw(ctx, client, keys, c.number, c.last, reasonLogReplaced, "")
		if err != nil || done != c.done {
			t.Errorf("%s: %v, %v, want %v", name, done, err, c.done)
		}
		if serves := client.Exists(ctx, keys.serving()).Val() == 1; serves == c.done {
			t.Errorf("%s: it serves: %v", name, serves)
		}
	}
	serve()
	if _, err := withdraw(ctx, client, keys, 3, "", reasonLogReplaced, ""); err != nil {
		t.Fatal(err)
	}
	r := NewReader(client, quick())
	_, err := r.Residence(ctx, personID(1), day)
	refuses(t, err, domain.Unavailable, domain.CodeLogReplaced)
	if got := status(t, r).Withdrawn; got != string(reasonLogReplaced) {
		t.Errorf("it was withdrawn because of %q", got)
	}
	running(t, client, story(), quick())
	until(t, "another one serves", func() bool { return status(t, r).Ready() })
	if got := status(t, r).Withdrawn; got != "" {
		t.Errorf("another one serves, and none does because of %q", got)
	}
}

func TestTheSameDamageWithdrawsAGenerationOnlySometimesInAnHour(t *testing.T) {
	client, _ := inProcess(t)
	ctx, keys := t.Context(), quick().withDefaults().keyspace()
	damage := func(what string) bool {
		t.Helper()
		client.Set(ctx, keys.serving(), 3, 0)
		done, err := withdraw(ctx, client, keys, 3, "", reasonDamaged, what)
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	for n := 1; n <= damageTimes+2; n++ {
		if done := damage("a key"); done != (n <= damageTimes) {
			t.Errorf("time %d: %v", n, done)
		}
	}
	if !damage("another key") {
		t.Error("other damage withdraws it no more")
	}
	if ttl := client.TTL(ctx, keys.damage()).Val(); ttl <= 0 || ttl > damageLives {
		t.Errorf("it is remembered for %v", ttl)
	}
}

func TestV5_AGenerationThatLostWhichStreamsAreHeldBackIsFilledAnew(t *testing.T) {
	client, _ := inProcess(t)
	ctx, s := t.Context(), newScript()
	s.person(1)
	s.addPoison(personID(1).Stream())
	s.person(2)
	_, stop := running(t, client, s, quick())
	r := NewReader(client, quick())
	reach(t, r, s.head())
	stop()
	client.Del(ctx, r.keys.generation(1)+heldKey)
	p, err := NewProjector(client, s, quick())
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.writer(&lease{}, 1, true).load(ctx); ok || err != nil {
		t.Errorf("a writer goes on with it: %v, %v", ok, err)
	}
	_, err = r.Residence(ctx, personID(1), day)
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
	if got := status(t, r); got.Ready() || got.Withdrawn != string(reasonDamaged) {
		t.Errorf("it serves on: %+v", got)
	}
}

func TestV3_WhatAReadHasSeenIsComparedWithTheLogAlthoughRedisIsEmpty(t *testing.T) {
	client, _ := inProcess(t)
	ctx, s := t.Context(), story()
	_, stop := running(t, client, s, quick())
	r := NewReader(client, quick())
	w := watchOf(t, r, s)
	reach(t, NewReader(client, quick()), s.head())
	if c := w.Look(ctx); !c.CaughtUp() {
		t.Fatalf("%+v", c)
	}
	before := s.head()
	s.person(70)
	reach(t, r, s.head()) // no look has seen it
	stop()
	client.FlushAll(ctx)
	s.cutBack(before)
	if c := w.Look(ctx); !c.Ahead {
		t.Errorf("it says %+v", c)
	}
}

func TestWhatWasSeenGoesUpOnly(t *testing.T) {
	r := NewReader(nil, quick())
	for _, at := range []domain.Position{5, 9, 7} {
		r.seen(at, at-1)
	}
	if r.floor.Load() != 9 || r.newest.Load() != 8 {
		t.Errorf("it demands %d, and has seen the event %d", r.floor.Load(), r.newest.Load())
	}
}

func TestWhoWaitsIsToldAtOnceWhyNothingIsAnswered(t *testing.T) {
	client, _ := inProcess(t)
	opts := quick()
	opts.AwaitTimeout = time.Minute
	r := NewReader(client, opts)
	r.refusal.Store(evicts("allkeys-lru"))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := r.Await(ctx, 7)
	if err == nil || !strings.Contains(err.Error(), "allkeys-lru") || ctx.Err() != nil {
		t.Errorf("it says %v, %v", err, ctx.Err())
	}
}

// confirming is a log that may be away, and has these first events.
type confirming struct {
	*script
	away bool
}

func (l *confirming) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	if l.away {
		return nil, errAway
	}
	return l.script.ReadPage(ctx, stream, from, limit)
}

func TestWhatIsNotFoundIsConfirmedByTheFirstEventOfItsStream(t *testing.T) {
	unknown := domain.Refuse(domain.NotFound, domain.CodePersonUnknown, "no such person")
	stream := personID(1).Stream()
	for name, c := range map[string]struct {
		err   error
		log   func(*confirming, redis.UniversalClient, *Reader)
		code  domain.Code
		fills bool // the model is filled anew
	}{
		"no such stream":             {err: absent("residence-nobody", "status", unknown), code: domain.CodePersonUnknown},
		"another error":              {err: unknown, code: domain.CodePersonUnknown},
		"it has come only now":       {err: absent(stream, "revision", unknown), code: domain.CodePersonUnknown},
		"an event without the field": {err: absent(stream, "no such field", unknown), code: domain.CodePersonUnknown},
		"a value that nobody wrote":  {err: corrupt("status", errAway), code: domain.CodeModelNotReady, fills: true},
		"the log is away": {
			err: absent(stream, "revision", unknown), code: domain.CodeLogUnavailable,
			log: func(l *confirming, _ redis.UniversalClient, _ *Reader) { l.away = true },
		},
		"the model has lost it": {
			err: absent(stream, "revision", unknown), code: domain.CodeModelNotReady, fills: true,
			log: func(_ *confirming, client redis.UniversalClient, r *Reader) {
				client.Del(context.Background(), r.keys.generation(1)+stream)
			},
		},
		"the model is behind it": {
			err: absent(personID(70).Stream(), "revision", unknown), code: domain.CodePersonUnknown,
			log: func(l *confirming, _ redis.UniversalClient, _ *Reader) { l.person(70) },
		},
		"an event that cannot be applied": {
			err: absent(personID(71).Stream(), "revision", unknown), code: domain.CodePersonUnknown,
			log: func(l *confirming, client redis.UniversalClient, r *Reader) {
				l.add(personID(71).Stream(), panics{})
				client.HSet(context.Background(), r.keys.checkpoint(1), "position", formatPosition(l.head()))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := inProcess(t)
			log, r := &confirming{script: story()}, NewReader(client, quick())
			_, stop := running(t, client, log.script, quick())
			reach(t, r, log.head())
			stop()
			w := watchOf(t, r, log)
			w.model.prove = nil
			if c.log != nil {
				c.log(log, client, r)
			}
			if err := w.Confirm(t.Context(), c.err); domain.CodeOf(err) != c.code {
				t.Errorf("it says %v, want %s", err, c.code)
			}
			if fills := !status(t, r).Ready(); fills != c.fills {
				t.Errorf("it is filled anew: %v, want %v", fills, c.fills)
			}
		})
	}
}

// panics is an event on which every projection panics.
type panics struct{ residence.PersonRecorded }

func (panics) Concerns() domain.Concern { panic("a defect") }

func TestARetryOfWhatTheLogHasLostSaysSo(t *testing.T) {
	client, _ := inProcess(t)
	s := newScript()
	s.person(1)
	poison := s.addPoison(personID(1).Stream())
	s.person(2)
	running(t, client, s, quick())
	reach(t, NewReader(client, quick()), s.head())
	s.mu.Lock()
	s.log = append(s.log[:1:1], s.log[2:]...)
	s.mu.Unlock()
	mended := retry(t, client, poison.Stream)
	if len(mended) != 1 || mended[0].Left != 1 || mended[0].Applied != 0 || mended[0].Why == "" {
		t.Errorf("%+v", mended)
	}
}

func TestVerifyKeepsThePreviousGenerationUntilTheNewOneIsProven(t *testing.T) {
	client, _ := inProcess(t)
	ctx, s := t.Context(), story()
	p, stop := running(t, client, s, quick())
	r := NewReader(client, quick())
	reach(t, r, s.head())
	stop()
	if err := p.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	client.HSet(ctx, r.keys.generation(2)+personID(1).Stream(), "revision", "77")
	if report, err := Verify(ctx, client, s, quick(), nil); err != nil || report.Proven() {
		t.Errorf("%+v, %v", report, err)
	}
	if got := status(t, r).Previous; got != 1 {
		t.Errorf("the one before is given up: %d", got)
	}
}

func TestARetryEndsWhereTheLogEndsBeforeTheModel(t *testing.T) {
	client, _ := inProcess(t)
	s := story()
	p, err := NewProjector(client, s, quick())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var refused *RefusedError
	if err := p.each(ctx, 0, s.head()+1, func(domain.Delivery) {}); !errors.As(err, &refused) {
		t.Errorf("it says %v", err)
	}
}

func TestOnlyTheGenerationThatServesIsMendedByARequest(t *testing.T) {
	client, _ := inProcess(t)
	withWriter(t, client, story(), func(ctx context.Context, w *writer, s *script) {
		p, err := NewProjector(client, s, quick())
		if err != nil {
			t.Fatal(err)
		}
		for name, serving := range map[string]uint64{"another one": w.number + 1, "none": 0} {
			client.Set(ctx, w.keys.request(), stored(request{ID: "1", Verb: retryVerb}), 0)
			client.Del(ctx, w.keys.serving())
			if serving > 0 {
				client.Set(ctx, w.keys.serving(), serving, 0)
			}
			if err := p.answerRequest(ctx, w); !errors.Is(err, errReplaced) {
				t.Errorf("%s serves: %v", name, err)
			}
			if client.Exists(ctx, w.keys.request()).Val() != 1 {
				t.Errorf("%s serves: the request is taken away", name)
			}
		}
	})
}

func TestVerifyGivesUpWhereAnotherGenerationServesMeanwhile(t *testing.T) {
	client, _ := inProcess(t)
	ctx, s := t.Context(), story()
	_, stop := running(t, client, s, quick())
	r := NewReader(client, quick())
	reach(t, r, s.head())
	stop()
	for n := range 2 * dumpStep { // more keys than one step compares
		client.Set(ctx, r.keys.generation(1)+"unknown:"+string(rune('a'+n)), "x", 0)
	}
	_, err := Verify(ctx, client, s, quick(), func(Progress) { client.Set(ctx, r.keys.serving(), 2, 0) })
	if !errors.Is(err, errServesNoMore) {
		t.Errorf("it says %v", err)
	}
}

func TestAGenerationOfALogThatNamesNoHeadServesOnceItIsCaughtUp(t *testing.T) {
	client, _ := inProcess(t)
	s, r := story(), NewReader(client, quick())
	half := s.recorded()[8].Position
	s.holdAfter(half)
	running(t, client, struct{ Log }{s}, quick())
	until(t, "half of the log is there", func() bool { return status(t, r).Built == half })
	notReady(t, r, "being built")
	s.release()
	reach(t, r, s.head())
}

func TestAProjectorGoesOnWithAGenerationThatAnotherProcessHasBuilt(t *testing.T) {
	client, _ := inProcess(t)
	s, r := story(), NewReader(client, quick())
	told := &lines{Handler: slog.DiscardHandler, seen: map[string]int{}}
	opts := quick()
	opts.Logger = slog.New(told)
	running(t, client, s, opts)
	reach(t, r, s.head())
	other, err := NewProjector(client, s, quick())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Rebuild(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	s.person(70)
	reach(t, r, s.head())
	if n := told.count("WARN projector pauses"); n != 0 || status(t, r).Serving != 2 {
		t.Errorf("it has paused %d times: %+v", n, status(t, r))
	}
}
