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
	// missesConfirmed is how many looks in a row must find the log without an event that it
	// had before it is taken for another one: a leader that has only just taken over may lag.
	missesConfirmed = 4
	// doubtEvery is how often [Watch.Run] looks while the log is in doubt.
	doubtEvery = watchEvery / 2
	// marksKept bounds what a [track] remembers: ten minutes of looks.
	marksKept = 600
)

// Watch compares the serving generation with the head of the log. A model
// cannot tell by itself that it is late: a subscription that has gone silent
// looks like a log in which nothing happens. It is safe for concurrent use.
//
// Its reader answers from no generation before a look at it, and nothing while the last one
// found that the model is of another log or that Redis may have thrown keys away.
type Watch struct {
	model  *Reader
	heads  *shared[domain.Position]
	proofs *shared[Comparison] // looks of those who wait for the first one
	log    LogHead
	events LogEvents // log; nil where it cannot tell
	opts   Options

	lagSeconds, lagPositions, caughtUp prometheus.Gauge
	quarantined, heldStreams           prometheus.Gauge

	mu       sync.Mutex // guards what follows
	track    track
	still    bool          // at the last look
	known    evidence      // newest event of the model that the log was seen to have
	misses   int           // looks in a row that found the log without an event
	replaced chan struct{} // closed once it is certain that the log is another one
	redis    memory        // at the last look
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
		model: model, log: log, opts: opts.withDefaults(),
		heads: &shared[domain.Position]{look: log.Head, timeout: headTimeout - headMargin},
		lagSeconds: gauge("lag_seconds", "For how long the log has held what the serving generation lacks, "+
			"by comparisons once a second; 0 where it lacks nothing, NaN while one of the two does not answer."),
		lagPositions: gauge("lag_positions", "How far the head of the log is ahead of the serving generation, "+
			"in positions; NaN as lag_seconds."),
		replaced: make(chan struct{}),
		caughtUp: gauge("caught_up", "1 when the serving generation has reached the head of the log, "+
			"0 when it has not; NaN as lag_seconds."),
		quarantined: gauge("quarantined_events", "Events of the serving generation in quarantine, in every process, "+
			"also right after its start; NaN while Redis does not answer or no generation serves."),
		heldStreams: gauge("held_streams", "Streams of the serving generation with an event in quarantine; "+
			"NaN as quarantined_events."),
	}
	w.proofs = &shared[Comparison]{
		look:    func(ctx context.Context) (Comparison, error) { return w.Look(ctx), ctx.Err() },
		timeout: headTimeout + statusTimeout,
	}
	if events, ok := log.(LogEvents); ok {
		w.events, model.prove = events, w.prove
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

// Run looks once a second until ctx ends, and more often while the log is in doubt.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if c := w.Look(ctx); c.Ahead {
			tick.Reset(doubtEvery)
		} else {
			tick.Reset(watchEvery)
		}
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
	ModelErr error           // why there is no status
	Lag      time.Duration   // for how long the log has held what the model lacks
	Still    bool            // the model is behind and has not moved for stillAfter
	Ahead    bool            // the model, or this process, knows an event that the log does not have
	Lost     domain.EventRef // that event; zero where it is not known
	Replaced bool            // that is certain: the log is another one, or was restored from before
	WentBack bool            // the model lacks what this process has seen in it: Redis went back in time
	Evicts   string          // policy by which Redis evicts keys of the model; empty: it does not
	Refuses  string          // word with which Redis refuses writes, such as OOM; empty: it takes them
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
	newest := domain.Position(w.model.newest.Load()) // before the head: the log has had it by then
	floor := domain.Position(w.model.floor.Load())   // before the status
	halves.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, headTimeout)
		defer cancel()
		c.Head, c.HeadErr = w.head(ctx)
	})
	var redis memory
	halves.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, statusTimeout)
		defer cancel()
		if c.Status, c.ModelErr = w.model.Status(ctx); c.ModelErr != nil {
			return
		}
		if redis, c.ModelErr = memoryOf(ctx, w.model.client, w.model.keys); c.ModelErr == nil {
			c.Refuses = probe(ctx, w.model.client, w.model.keys)
		}
	})
	halves.Wait()
	c.WentBack = c.ModelErr == nil && c.Status.Ready() && c.Status.Position < floor
	w.compare(ctx, &c, newest)
	if ctx.Err() == nil { // a look that was cut short has found nothing
		w.note(ctx, &c, redis)
	}
	return c
}

// compare asks whether the log has what the model has, and what it was seen to have
// before. What the two halves left open stays open.
func (w *Watch) compare(ctx context.Context, c *Comparison, newest domain.Position) {
	if c.HeadErr != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, headTimeout)
	defer cancel()
	w.mu.Lock()
	known := w.known
	w.mu.Unlock()
	ends := max(newest, known.at) // at this event or later
	if c.ModelErr == nil && c.Status.Ready() {
		if c.Status.Event >= known.at {
			known = evidence{c.Status.Event, c.Status.LastEvent}
		}
	}
	is, err, judged := true, error(nil), known
	if w.events != nil {
		is, err = holds(ctx, w.events, known)
		if own := (evidence{c.Status.Event, c.Status.LastEvent}); is && err == nil && own != known && w.unproven(c) {
			judged = own
			is, err = holds(ctx, w.events, own)
		}
	}
	switch {
	case err != nil:
		c.HeadErr = err
	case !is || ends > c.Head:
		c.Ahead = true
		if c.Lost, _ = judged.ref(); is && judged.at <= c.Head { // another one is lost
			c.Lost = domain.EventRef{}
		}
	default:
		w.mu.Lock()
		w.known = known
		w.mu.Unlock()
		if c.ModelErr == nil && c.Status.Ready() {
			w.model.proven.Store(&c.Status.Origin)
		}
	}
}

// unproven reports whether a generation serves that was not found to be of this log yet.
func (w *Watch) unproven(c *Comparison) bool {
	return c.ModelErr == nil && c.Status.Ready() && !w.model.provenAs(c.Status.Origin)
}

// prove looks once, for the reader that has answered nothing yet. All who ask at once
// share the look. Errors: the log or Redis does not answer.
func (w *Watch) prove(ctx context.Context) error {
	c, err := w.proofs.ask(ctx)
	switch {
	case err != nil:
		return err
	case c.HeadErr != nil:
		return c.HeadErr
	}
	return c.ModelErr
}

// Doubt is why commands must not be carried out now: the last look found the log without an
// event that it had, so that what this process holds of it in memory may be of another log.
// Otherwise it is nil.
func (w *Watch) Doubt() error {
	if refusal := w.model.refusal.Load(); refusal != nil && refusal.Code == domain.CodeLogReplaced {
		return refusal
	}
	return nil
}

// Replaced is closed once it is certain that the log is not the one that this process has
// answered from: it was replaced, or restored from before. What this process holds in
// memory of that log is then worth nothing.
func (w *Watch) Replaced() <-chan struct{} { return w.replaced }

// note adds to c what this look and those before tell together, and shows it.
func (w *Watch) note(ctx context.Context, c *Comparison, redis memory) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.showQuarantine(c)
	w.noteMemory(ctx, c, redis)
	w.noteLog(ctx, c)
	w.refuse(c)
	if c.HeadErr != nil || c.ModelErr != nil {
		w.track.interrupt()
		w.show(math.NaN(), math.NaN(), math.NaN())
		return
	}
	c.Lag, c.Still = w.track.observe(time.Now(), c.Head, c.Status.Position)
	c.Still = c.Still && c.Status.Ready() // what is not filled yet has nowhere to move from
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

// noteMemory withdraws a generation of which Redis may have thrown keys away.
func (w *Watch) noteMemory(ctx context.Context, c *Comparison, redis memory) {
	if c.ModelErr != nil {
		return
	}
	c.Evicts = redis.policy
	before := w.redis
	w.redis = redis
	switch {
	case redis.policy != "" && before.policy == "":
		w.opts.Logger.Error("redis throws keys of the read model away when memory is short; reads answer 503 until "+
			"maxmemory-policy is noeviction", "policy", redis.policy)
	case redis.policy == "" && before.policy != "":
		w.opts.Logger.Info("redis keeps all keys of the read model again")
	}
	if !c.Status.Ready() || !redis.evictedSince(c.Status.Evictions) {
		return // a generation that is being filled is judged before it serves
	}
	damage := "keys evicted, " + redis.note()
	done, err := withdraw(ctx, w.model.client, w.model.keys, c.Status.Serving, "", reasonDamaged, damage)
	if err == nil && done { // else the next look finds the same
		w.opts.Logger.Error("redis has thrown keys away; the read model is filled anew from the log",
			"generation", c.Status.Serving, "keys", redis.evicted)
	}
}

// noteLog counts the looks that found the log without an event. When it is certain, it
// withdraws the generation that has the event.
func (w *Watch) noteLog(ctx context.Context, c *Comparison) {
	select {
	case <-w.replaced:
		c.Replaced = true
		return
	default:
	}
	if !c.Ahead {
		if c.HeadErr == nil {
			if w.misses > 0 {
				w.opts.Logger.Info("the log has again what the read model has")
			}
			w.misses = 0
		}
		return
	}
	if w.misses++; w.misses == 1 {
		w.opts.Logger.Warn("the log does not show an event that it had; reads answer 503 until it does", "event", c.Lost)
	}
	if w.misses < missesConfirmed {
		return
	}
	if c.ModelErr == nil && c.Status.Ready() {
		last := evidence{c.Status.Event, c.Status.LastEvent}
		is, err := c.Status.Event <= c.Head, error(nil)
		if is && w.events != nil {
			if is, err = holds(ctx, w.events, last); err != nil {
				return // the next look tries again
			}
		}
		if !is {
			_, err := withdraw(ctx, w.model.client, w.model.keys, c.Status.Serving, last.last, reasonLogReplaced, "")
			if err != nil {
				w.opts.Logger.Warn("the read model of another log could not be withdrawn yet", "error", err)
				return
			}
		}
	}
	w.opts.Logger.Error("the log is another one, or was restored from before: what this process knew of it is given up, "+
		"and the read model is filled anew", "event", c.Lost)
	c.Replaced = true
	close(w.replaced)
}

// refuse has the reader answer, or not, by what was found.
func (w *Watch) refuse(c *Comparison) {
	var refusal *domain.Error
	switch {
	case c.Ahead, c.Replaced, c.HeadErr != nil && w.misses > 0:
		refusal = domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
			"the log does not have what was answered from it before: it is another log, or was restored from before; "+
				"nothing is answered until the read model is that of the log")
	case w.redis.policy != "":
		refusal = evicts(w.redis.policy)
	}
	w.model.refusal.Store(refusal)
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
