package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// inProcess is a Redis in this process, and what keeps it from answering.
func inProcess(t *testing.T) (redis.UniversalClient, *outage) {
	t.Helper()
	embedded, err := StartEmbedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { embedded.Close() })
	away := &outage{}
	embedded.Client().AddHook(away)
	return embedded.Client(), away
}

// places is a log that has these events at their places.
type places map[domain.EventRef]domain.Recorded

func (p places) Head(context.Context) (domain.Position, error) { return 0, nil }
func (p places) EventOf(_ context.Context, ref domain.EventRef) (domain.Recorded, bool, error) {
	if ref.Stream == "away-1" {
		return domain.Recorded{}, false, errAway
	}
	rec, found := p[ref]
	return rec, found, nil
}

// One look at a log: what the process knows of it must be there, by each of what it knows.
func TestV3_ALookComparesAllThatIsKnownWithTheLog(t *testing.T) {
	client, _ := inProcess(t)
	event := func(stream string, at domain.Position) domain.Recorded {
		return domain.Recorded{Stream: stream, Revision: 3, Position: at, Created: time.Unix(1_800_000_000+int64(at), 0)}
	}
	first, second, foreign := event("residence-1", 40), event("residence-2", 60), event("residence-3", 50)
	log := places{}
	for _, rec := range []domain.Recorded{first, second} {
		log[domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}] = rec
	}
	of := func(rec domain.Recorded) evidence { return evidence{rec.Position, lastEvent(rec)} }
	ready := func(rec domain.Recorded, origin string) Comparison {
		return Comparison{Head: 90, Status: Status{
			Serving: 1, Position: rec.Position, Event: rec.Position, LastEvent: lastEvent(rec), Origin: origin,
		}}
	}
	headAt := func(head domain.Position, c Comparison) Comparison { c.Head = head; return c }
	for name, c := range map[string]struct {
		look   Comparison
		known  evidence
		newest domain.Position
		proven string // origin, before

		ahead     bool
		lost      domain.EventRef
		err       error
		nowKnown  evidence
		nowProven string
	}{
		"all is there": {
			look: ready(second, "a"), known: of(first), newest: 60, nowKnown: of(second), nowProven: "a",
		},
		"the model went back": {
			look: ready(first, "a"), known: of(second), newest: 60, proven: "a", nowKnown: of(second), nowProven: "a",
		},
		"the model's event is of another log": {
			look: ready(foreign, "a"), known: of(first), newest: 50, ahead: true,
			lost: domain.EventRef{Stream: "residence-3", Revision: 3}, nowKnown: of(first),
		},
		"what was known is of another log": {
			look: ready(first, "a"), known: of(foreign), newest: 50, proven: "a", ahead: true,
			lost: domain.EventRef{Stream: "residence-3", Revision: 3}, nowKnown: of(foreign), nowProven: "a",
		},
		"a new generation ends before what is known, with an event of another log": {
			look: ready(foreign, "b"), known: of(second), newest: 60, proven: "a", ahead: true,
			lost: domain.EventRef{Stream: "residence-3", Revision: 3}, nowKnown: of(second), nowProven: "a",
		},
		"a read has seen an event beyond the end": {
			look: headAt(70, ready(first, "a")), known: of(first), newest: 80, proven: "a", ahead: true,
			nowKnown: of(first), nowProven: "a",
		},
		"the log ends before what is known": {
			look: headAt(55, ready(first, "a")), known: of(second), newest: 40, proven: "a", ahead: true,
			lost: domain.EventRef{Stream: "residence-2", Revision: 3}, nowKnown: of(second), nowProven: "a",
		},
		"the log is away": {
			look: Comparison{HeadErr: errAway}, known: of(foreign), newest: 80, err: errAway, nowKnown: of(foreign),
		},
		"the log does not tell its event": {
			look: ready(event("away-1", 60), "a"), known: of(first), newest: 60, err: errAway, nowKnown: of(first),
		},
		"Redis is away": {
			look: Comparison{Head: 90, ModelErr: errAway}, known: of(first), newest: 40, nowKnown: of(first),
		},
		"nothing serves": {
			look: Comparison{Head: 90}, known: of(foreign), newest: 0, ahead: true,
			lost: domain.EventRef{Stream: "residence-3", Revision: 3}, nowKnown: of(foreign),
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := watchOf(t, NewReader(client, quick()), log)
			w.known = c.known
			if c.proven != "" {
				w.model.proven.Store(&c.proven)
			}
			got := c.look
			w.compare(t.Context(), &got, c.newest)
			if got.Ahead != c.ahead || got.Lost != c.lost || !errors.Is(got.HeadErr, c.err) {
				t.Errorf("it says ahead %v, lost %v, %v", got.Ahead, got.Lost, got.HeadErr)
			}
			if w.known != c.nowKnown {
				t.Errorf("it knows %+v, want %+v", w.known, c.nowKnown)
			}
			proven := ""
			if p := w.model.proven.Load(); p != nil {
				proven = *p
			}
			if proven != c.nowProven {
				t.Errorf("the generation of %q is proven, want %q", proven, c.nowProven)
			}
		})
	}
}

// What the looks tell together, one after the other. The generation is that of the log, or of
// another one.
func TestV3_OnlyARowOfLooksMakesALogAnotherOne(t *testing.T) {
	const (
		fine = "fine"
		lost = "lost"
		away = "away"
	)
	for name, c := range map[string]struct {
		ofLog     bool // the generation that serves is of the log
		looks     []string
		refuses   bool
		replaced  bool
		withdrawn bool
	}{
		"one look":    {looks: []string{lost}, refuses: true},
		"three looks": {looks: []string{lost, lost, lost}, refuses: true},
		"four looks": {
			looks: []string{lost, lost, lost, lost}, refuses: true, replaced: true, withdrawn: true,
		},
		"an end of the doubt":       {looks: []string{lost, lost, lost, fine}},
		"a doubt that begins again": {looks: []string{lost, lost, lost, fine, lost, lost, lost}, refuses: true},
		"an outage within the doubt": {
			looks: []string{lost, lost, lost, away, lost}, refuses: true, replaced: true, withdrawn: true,
		},
		"an outage in the doubt": {looks: []string{lost, away}, refuses: true},
		"an outage alone":        {looks: []string{fine, away}},
		"a look after the certainty": {
			looks: []string{lost, lost, lost, lost, fine}, refuses: true, replaced: true, withdrawn: true,
		},
		"a generation of the log": {ofLog: true, looks: []string{lost, lost, lost, lost}, refuses: true, replaced: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			client, _ := inProcess(t)
			s, r := story(), NewReader(client, quick())
			_, stop := running(t, client, s, quick())
			reach(t, r, s.head())
			stop() // nobody fills another one
			model := status(t, r)
			other := places{}
			if rec := s.recorded(); c.ofLog {
				last := rec[len(rec)-1]
				other[domain.EventRef{Stream: last.Stream, Revision: last.Revision}] = last
			}
			w := watchOf(t, r, other)
			w.model.prove = nil
			var last Comparison
			for _, look := range c.looks {
				last = Comparison{Head: s.head(), Status: model, Ahead: look == lost}
				if look == away {
					last.HeadErr = errAway
				}
				w.note(ctx, &last, memory{})
			}
			if refused := r.refusal.Load() != nil; refused != c.refuses || refused != (w.Doubt() != nil) {
				t.Errorf("reads are refused: %v, commands: %v, want %v", refused, w.Doubt(), c.refuses)
			}
			replaced := false
			select {
			case <-w.Replaced():
				replaced = true
			default:
			}
			if replaced != c.replaced || last.Replaced != c.replaced {
				t.Errorf("the log is another one: %v, told %v, want %v", replaced, last.Replaced, c.replaced)
			}
			if withdrawn := !status(t, r).Ready(); withdrawn != c.withdrawn {
				t.Errorf("the generation is withdrawn: %v, want %v", withdrawn, c.withdrawn)
			}
		})
	}
}

func TestV3_AGenerationThatCannotBeWithdrawnYetIsWithdrawnAtALaterLook(t *testing.T) {
	ctx := t.Context()
	client, away := inProcess(t)
	s, r := story(), NewReader(client, quick())
	_, stop := running(t, client, s, quick())
	reach(t, r, s.head())
	stop()
	model := status(t, r)
	w := watchOf(t, r, places{})
	look := func() {
		c := Comparison{Head: s.head(), Status: model, Ahead: true}
		w.note(ctx, &c, memory{})
	}
	away.closed.Store(true)
	for range 2 * missesConfirmed {
		look()
	}
	select {
	case <-w.Replaced():
		t.Fatal("what is known of the log is given up, and its generation serves on")
	default:
	}
	away.closed.Store(false)
	look()
	select {
	case <-w.Replaced():
	default:
		t.Error("it is not given up")
	}
	if status(t, r).Ready() {
		t.Error("the generation serves on")
	}
}

func TestV5_EvictedKeysAreToldFromThoseOfAnotherRedisAndThoseThatExpire(t *testing.T) {
	for name, c := range map[string]struct {
		before, now memory
		lost        bool
	}{
		"none":                               {memory{run: "a"}, memory{run: "a"}, false},
		"some":                               {memory{run: "a", evicted: 1}, memory{run: "a", evicted: 2}, true},
		"the same as before":                 {memory{run: "a", evicted: 2}, memory{run: "a", evicted: 2}, false},
		"a look that is older than the note": {memory{run: "a", evicted: 2}, memory{run: "a", evicted: 1}, false},
		"since Redis was started again":      {memory{run: "a", evicted: 3}, memory{run: "b", evicted: 2}, true},
		"none since it was started again":    {memory{run: "a", evicted: 3}, memory{run: "b"}, false},
		"of those that expire":               {memory{run: "a"}, memory{run: "a", evicted: 2, spares: true}, false},
		"of a model that noted nothing":      {memory{}, memory{run: "a", evicted: 2}, true},
		"of a Redis that tells nothing":      {memory{run: "a"}, memory{evicted: 2}, false},
	} {
		if got := c.now.evictedSince(c.before.note()); got != c.lost {
			t.Errorf("%s: keys may be lost: %v, want %v", name, got, c.lost)
		}
	}
}

// Keys other than the pointer to the generation were evicted: nothing but the count tells.
func TestV5_AGenerationThatMayHaveLostKeysIsWithdrawnAsSoonAsRedisAnswers(t *testing.T) {
	ctx := t.Context()
	client, away := inProcess(t)
	s, r := story(), NewReader(client, quick())
	_, stop := running(t, client, s, quick())
	reach(t, r, s.head())
	stop()
	w := watchOf(t, r, s)
	model := status(t, r)
	model.Evictions = memory{run: "a"}.note()
	look := func(m memory) {
		c := Comparison{Head: s.head(), Status: model}
		w.note(ctx, &c, m)
	}
	look(memory{run: "a"})
	away.closed.Store(true)
	look(memory{run: "a", evicted: 7})
	away.closed.Store(false)
	if !status(t, r).Ready() {
		t.Fatal("it was withdrawn while Redis was away")
	}
	look(memory{run: "a", evicted: 7})
	if got := status(t, r); got.Ready() || got.Withdrawn != string(reasonDamaged) {
		t.Errorf("it serves on: %+v", got)
	}
	if w.Doubt() != nil {
		t.Error("commands are refused, although the log is the same")
	}
	look(memory{run: "a", policy: "allkeys-lru", evicted: 7})
	c := Comparison{Head: s.head(), ModelErr: errAway} // nothing is known of Redis now
	w.note(ctx, &c, memory{})
	if r.refusal.Load() == nil || w.Doubt() != nil {
		t.Errorf("reads are refused for %v, commands for %v", r.refusal.Load(), w.Doubt())
	}
}

func TestALookThatWasCutShortChangesNothing(t *testing.T) {
	client, _ := inProcess(t)
	_, w, metric := watched(t, client)
	if c := w.Look(t.Context()); !c.CaughtUp() {
		t.Fatalf("%+v", c)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	w.Look(ended)
	if lag := metric("lag_seconds"); lag != 0 {
		t.Errorf("the lag is %v", lag)
	}
}

func TestWithoutAServingGenerationNoNumberIsShownAndNothingStandsStill(t *testing.T) {
	client, _ := inProcess(t)
	w := watchOf(t, NewReader(client, quick()), story())
	w.opts.Logger = slog.New(slog.DiscardHandler)
	for _, at := range []time.Duration{0, 2 * stillAfter} {
		w.track.since = w.track.since.Add(-at)
		if c := w.Look(t.Context()); c.Still || c.CaughtUp() {
			t.Errorf("it says %+v", c)
		}
		for name, value := range map[string]float64{
			"quarantined": testutil.ToFloat64(w.quarantined), "held": testutil.ToFloat64(w.heldStreams),
		} {
			if !math.IsNaN(value) {
				t.Errorf("%s is %v", name, value)
			}
		}
	}
}

func TestTheWordOfARefusedWriteIsFoundWhereverItStands(t *testing.T) {
	for text, word := range map[string]string{
		"OOM command not allowed when used memory > 'maxmemory'.": "OOM",
		"ERR Error running script: @user_script: OOM command":     "OOM",
		"READONLY You can't write against a read only replica.":   "READONLY",
		"MISCONF Redis is configured to save RDB snapshots":       "MISCONF",
		"NOREPLICAS Not enough good replicas to write.":           "NOREPLICAS",
		"ERR unknown command 'BOOM'":                              "",
	} {
		if got := refusalOf(fmt.Errorf("write a batch: %w", errors.New(text))); got != word {
			t.Errorf("%q: %q, want %q", text, got, word)
		}
	}
	if got := refusalOf(nil); got != "" {
		t.Errorf("no error: %q", got)
	}
}
