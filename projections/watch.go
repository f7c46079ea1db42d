package projections

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
)

const (
	// watchEvery is how often [Watch.Run] looks.
	watchEvery = time.Second
	// headTimeout and statusTimeout bound the two halves of a look, each by
	// itself: a slow event store must not make Redis look down.
	headTimeout   = 2 * time.Second
	statusTimeout = time.Second
	// headMargin is how much earlier a question for the head gives up, so that why
	// it had no answer is known when the look is over.
	headMargin = headTimeout / 4
	// stillAfter is how long a model that is behind may stay where it is before
	// it is said to stand still.
	stillAfter = time.Second
	// marksKept bounds what a [track] remembers: ten minutes of looks.
	marksKept = 600
)

// Watch compares the serving generation with the head of the log. A model
// cannot tell by itself that it is late: a subscription that has gone silent
// looks like a log in which nothing happens. It is safe for concurrent use.
type Watch struct {
	model *Reader
	heads *shared[domain.Position]
	opts  Options

	lagSeconds, lagPositions, caughtUp prometheus.Gauge
	quarantined, heldStreams           prometheus.Gauge

	mu    sync.Mutex // guards what follows
	track track
	still bool            // at the last look
	event domain.Position // in the model, at the last look
}

// NewWatch returns a watch over the model. It fails only where opts.Registerer
// already has the metrics of another one.
func NewWatch(model *Reader, log LogHead, opts Options) (*Watch, error) {
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "tizilim", Subsystem: "projection", Name: name, Help: help})
		g.Set(math.NaN())
		return g
	}
	w := &Watch{
		model: model, opts: opts.withDefaults(),
		heads: &shared[domain.Position]{look: log.Head, timeout: headTimeout - headMargin},
		lagSeconds: gauge("lag_seconds", "For how long the log has held what the serving generation lacks, "+
			"by comparisons once a second; 0 where it lacks nothing, NaN while one of the two does not answer."),
		lagPositions: gauge("lag_positions", "How far the head of the log is ahead of the serving generation, "+
			"in positions; NaN as lag_seconds."),
		caughtUp: gauge("caught_up", "1 when the serving generation has reached the head of the log, "+
			"0 when it has not; NaN as lag_seconds."),
		quarantined: gauge("quarantined_events", "Events of the serving generation in quarantine, in every process, "+
			"also right after its start; NaN while Redis does not answer or no generation serves."),
		heldStreams: gauge("held_streams", "Streams of the serving generation with an event in quarantine; "+
			"NaN as quarantined_events."),
	}
	if opts.Registerer == nil {
		return w, nil
	}
	for _, g := range []prometheus.Gauge{w.lagSeconds, w.lagPositions, w.caughtUp, w.quarantined, w.heldStreams} {
		if err := opts.Registerer.Register(g); err != nil {
			return nil, fmt.Errorf("register the metrics of the comparison: %w", err)
		}
	}
	return w, nil
}

// Run looks once a second until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		w.Look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Comparison is what one look has found.
type Comparison struct {
	Head     domain.Position // of the log, as named for this look
	HeadErr  error           // why there is none
	Status   Status
	ModelErr error         // why there is no status
	Lag      time.Duration // for how long the log has held what the model lacks
	Still    bool          // the model is behind and has not moved for stillAfter
	Ahead    bool          // the model has an event that the log does not: it is of another log
}

// CaughtUp reports whether the serving generation has reached the head.
func (c Comparison) CaughtUp() bool {
	return c.HeadErr == nil && c.ModelErr == nil && c.Status.Ready() && !c.Ahead && c.Status.Position >= c.Head
}

// Look compares now. It takes as long as the slower half, each within its own
// timeout.
func (w *Watch) Look(ctx context.Context) Comparison {
	var c Comparison
	var halves sync.WaitGroup
	halves.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, headTimeout)
		defer cancel()
		c.Head, c.HeadErr = w.head(ctx)
	})
	halves.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, statusTimeout)
		defer cancel()
		c.Status, c.ModelErr = w.model.Status(ctx)
	})
	halves.Wait()
	if ctx.Err() == nil { // a look that was cut short has found nothing
		w.note(&c)
	}
	return c
}

// note adds to c what this look and those before tell together, and shows it.
func (w *Watch) note(c *Comparison) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.showQuarantine(c)
	if c.HeadErr != nil || c.ModelErr != nil {
		w.track.interrupt()
		w.show(math.NaN(), math.NaN(), math.NaN())
		return
	}
	c.Lag, c.Still = w.track.observe(time.Now(), c.Head, c.Status.Position)
	c.Still = c.Still && c.Status.Ready() // what is not filled yet has nowhere to move from
	// The event of the look before was there before this look's head.
	c.Ahead = min(w.event, c.Status.Event) > c.Head
	w.event = c.Status.Event
	if c.Still != w.still {
		w.still = c.Still
		if c.Still {
			w.opts.Logger.Warn("the read model stands still behind the log", "position", c.Status.Position, "head", c.Head)
		} else {
			w.opts.Logger.Info("the read model moves again", "position", c.Status.Position, "head", c.Head)
		}
	}
	if c.CaughtUp() {
		w.show(0, 0, 1)
	} else {
		w.show(c.Lag.Seconds(), float64(c.Head)-float64(c.Status.Position), 0)
	}
}

// showQuarantine needs the model alone: an event store that is away hides no
// quarantine.
func (w *Watch) showQuarantine(c *Comparison) {
	if c.ModelErr != nil || !c.Status.Ready() {
		w.quarantined.Set(math.NaN())
		w.heldStreams.Set(math.NaN())
		return
	}
	w.quarantined.Set(float64(c.Status.Quarantined))
	w.heldStreams.Set(float64(c.Status.Held))
}

func (w *Watch) show(lag, positions, caughtUp float64) {
	w.lagSeconds.Set(lag)
	w.lagPositions.Set(positions)
	w.caughtUp.Set(caughtUp)
}

// head returns the head of the log as of the call or later.
func (w *Watch) head(ctx context.Context) (domain.Position, error) {
	head, err := w.heads.ask(ctx)
	if errors.Is(err, context.DeadlineExceeded) && domain.CodeOf(err) == "" {
		err = errors.Join(domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"the event store does not answer in time; ask again in a moment"), err)
	}
	return head, err
}

// CatchUp waits until the serving generation has all that the log held when it
// was called: what is then not in the model is not in the registry. All who call
// it at once share the looks at the log. It takes twice headTimeout and
// Options.AwaitTimeout at most.
//
// Errors: those of [LogHead] and of [Reader.Await].
func (w *Watch) CatchUp(ctx context.Context) error {
	head, err := w.head(ctx)
	if err != nil {
		return err
	}
	return w.model.Await(ctx, head)
}

// track is what earlier looks leave to later ones. The zero value has seen
// nothing.
type track struct {
	lacking  []mark          // heads that the model has not reached, in the order of the looks
	position domain.Position // of the model, while it is behind
	since    time.Time       // when it was first seen there; zero while it is not behind
}

// mark is a head and when it was seen.
type mark struct {
	at   time.Time
	head domain.Position
}

// observe adds a look. lag is the age of the oldest head that the model lacks:
// a model that is always a moment late, but never two looks, has none.
func (t *track) observe(at time.Time, head, position domain.Position) (lag time.Duration, still bool) {
	t.lacking = slices.DeleteFunc(t.lacking, func(m mark) bool { return m.head <= position })
	switch n := len(t.lacking); {
	case head <= position:
	case n == marksKept: // the newest mark takes the new head: the lag may come out too long, never too short
		t.lacking[n-1].head = max(t.lacking[n-1].head, head)
	case n == 0 || t.lacking[n-1].head < head:
		t.lacking = append(t.lacking, mark{at, head})
	}
	if len(t.lacking) == 0 {
		t.since = time.Time{}
		return 0, false
	}
	if t.since.IsZero() || position != t.position {
		t.position, t.since = position, at
	}
	return at.Sub(t.lacking[0].at), at.Sub(t.since) >= stillAfter
}

// interrupt says that a look has failed: an outage is no standing still, and
// what the model does after it is watched anew. The lag goes on.
func (t *track) interrupt() { t.since = time.Time{} }
