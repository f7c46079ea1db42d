package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

const (
	firstBatch = 32                     // events, until it is known how long they take
	stepTime   = 100 * time.Millisecond // for one atomic step
	// longestPause bounds a pause: what was away and is back should not wait for
	// the projector.
	longestPause = time.Second
)

// Projector keeps the read models of one registry. Of several processes that
// run one, one is active; the others wait for its lease.
type Projector struct {
	client  redis.UniversalClient
	log     Log
	opts    Options
	keys    keyspace
	leases  *leases
	metrics *metrics
}

// NewProjector returns a projector of the log into Redis. It fails only where
// opts.Registerer already has the metrics of another projector.
func NewProjector(client redis.UniversalClient, log Log, opts Options) (*Projector, error) {
	if client == nil || log == nil {
		return nil, errors.New("projections: a projector needs a Redis client and a log")
	}
	opts = opts.withDefaults()
	m, err := newMetrics(opts.Registerer)
	if err != nil {
		return nil, err
	}
	keys := opts.keyspace()
	return &Projector{
		client: client, log: log, opts: opts, keys: keys, leases: newLeases(client, keys, opts.LeaseTTL), metrics: m,
	}, nil
}

// Run keeps the serving generation up with the log until ctx ends, and then
// returns nil. Where no generation serves it fills one first. Whatever goes
// wrong in between is waited out, with growing pauses, and taken up where the
// checkpoint says.
func (p *Projector) Run(ctx context.Context) error {
	pause := newPause()
	for {
		began := time.Now()
		err := p.leases.hold(ctx, roleProjector, p.lead)
		p.metrics.active.Set(0)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errReplaced) || err == nil { // nothing is wrong: go on with the generation that serves now
			pause.Reset()
			continue
		}
		if time.Since(began) > p.opts.LeaseTTL {
			pause.Reset()
		}
		if !p.pause(ctx, pause, err) {
			return nil
		}
	}
}

// pauses are those of one row of interruptions.
type pauses struct {
	*backoff.ExponentialBackOff
	told string // the last cause; an outage is told once
}

func newPause() *pauses {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 50 * time.Millisecond
	pause.RandomizationFactor = 0.5
	pause.MaxInterval = longestPause * 2 / 3 // to which the jitter adds half
	return &pauses{ExponentialBackOff: pause}
}

// pause waits after an interruption; it reports false when ctx has ended.
func (p *Projector) pause(ctx context.Context, pause *pauses, cause error) bool {
	wait, level := pause.NextBackOff(), slog.LevelWarn
	if cause.Error() == pause.told {
		level = slog.LevelDebug
	}
	pause.told = cause.Error()
	p.opts.Logger.Log(ctx, level, "projector pauses", "error", cause, "pause", wait)
	p.metrics.interruptions.Inc()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

// Rebuild fills a new generation beside the serving one and then lets it serve.
// It may run in any process, also where no [Projector.Run] does. The generation
// that served until then is kept as the previous one until [Verify] has proven
// the new one or the next Rebuild begins. Interruptions on the way are waited
// out, and what was filled is continued. progress may be nil; it is called after
// every batch.
func (p *Projector) Rebuild(ctx context.Context, progress func(Progress)) error {
	if err := p.checkEviction(ctx); err != nil {
		return err
	}
	if err := dropPrevious(ctx, p.client, p.keys); err != nil {
		return err
	}
	var own uint64
	for pause := newPause(); ; {
		err := p.build(ctx, &own, progress)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || !p.pause(ctx, pause, err) {
			return fmt.Errorf("rebuild: %w", context.Cause(ctx))
		}
	}
}

// lead is what the active projector does until it is interrupted.
func (p *Projector) lead(ctx context.Context, l *lease) error {
	p.metrics.active.Set(1)
	if err := p.checkEviction(ctx); err != nil {
		return err
	}
	w, err := p.servingWriter(ctx, l)
	if err != nil {
		return err
	}
	if w == nil {
		if err := p.build(ctx, nil, nil); err != nil {
			return err
		}
		if w, err = p.servingWriter(ctx, l); err != nil || w == nil {
			return err
		}
	}
	if err := p.ofThisLog(ctx, w); errors.Is(err, errOtherLog) {
		return errReplaced // by the one that is filled next
	} else if err != nil {
		return err
	}
	counting, end := context.WithCancel(ctx)
	var count sync.WaitGroup
	number, counted := w.number, make(chan struct{}) // the stream writes to w
	count.Go(func() { p.countKeys(counting, number, counted) })
	defer count.Wait()
	defer end()
	select { // a count is exact while nothing is written
	case <-counted:
	case <-time.After(countAlone):
	case <-ctx.Done():
	}
	look := time.NewTicker(requestEvery)
	defer look.Stop()
	return p.stream(ctx, w, look.C, func() (bool, error) { return false, nil })
}

const (
	// identityLooks is how often, identityPause apart, the log must be found without an
	// event before it is taken for another one: a leader that has only just taken over may
	// lag for a moment.
	identityLooks = 4
	identityPause = 500 * time.Millisecond
)

var errOtherLog = errors.New("the read model was filled from another log, or this one was restored from before")

// ofThisLog makes sure that the log holds the last event of the generation. Otherwise
// what is appended next would be taken for what the generation has already. A serving
// generation of another log is withdrawn, and one that is being filled is given up.
func (p *Projector) ofThisLog(ctx context.Context, w *writer) error {
	for look := 1; ; look++ {
		is, err := p.holds(ctx, w)
		if err != nil || is {
			return err
		}
		if look == identityLooks {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(identityPause):
		}
	}
	if w.serve {
		done, err := withdraw(ctx, p.client, p.keys, w.number, w.last, reasonLogReplaced, "")
		if err != nil {
			return err
		}
		if done {
			p.opts.Logger.Error("the read model is of another log and is filled anew",
				"generation", w.number, "position", w.event, "event", w.last)
		}
	}
	return fmt.Errorf("%w: generation %d has an event at position %d that is not there", errOtherLog, w.number, w.event)
}

// holds reports whether the log has the last event of the generation; true where the log
// cannot tell.
func (p *Projector) holds(ctx context.Context, w *writer) (bool, error) {
	log, ok := p.log.(LogEvents)
	if !ok {
		return true, nil
	}
	return holds(ctx, log, evidence{w.event, w.last})
}

// checkEviction refuses a Redis that throws single keys away when memory is
// short: what is left would answer, wrongly.
func (p *Projector) checkEviction(ctx context.Context) error {
	m, err := memoryOf(ctx, p.client, p.keys)
	if err == nil && m.policy != "" { // the next command tells what is wrong with Redis
		return fmt.Errorf("redis evicts keys of read models when memory is short (%s): set maxmemory-policy to noeviction",
			m.policy)
	}
	return nil
}

// servingWriter returns a writer of the generation that serves, nil where none
// does.
func (p *Projector) servingWriter(ctx context.Context, l *lease) (*writer, error) {
	n, err := p.client.Get(ctx, p.keys.serving()).Uint64()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("see which generation serves: %w", err)
	}
	w := p.writer(l, n, true)
	ok, err := w.load(ctx)
	if err != nil || !ok {
		return nil, err
	}
	return w, nil
}

func (p *Projector) writer(l *lease, number uint64, serve bool) *writer {
	return &writer{
		opts: p.opts, keys: p.keys, client: p.client, metrics: p.metrics, lease: l, number: number, serve: serve,
	}
}

// stream applies the log to w from where it stands, in batches, and asks after
// each whether that was all. The batches grow and shrink so that Redis is never
// kept from others for much longer than stepTime. At every tick of look, if it
// is not nil, it makes sure that the generation is where w left it, also while the log
// is at rest, and carries out what an operator asks for, between two batches: so nothing
// else writes to the generation meanwhile.
func (p *Projector) stream(
	ctx context.Context, w *writer, look <-chan time.Time, done func() (bool, error),
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.mark(ctx, w); err != nil {
		return err
	}
	deliveries := readAhead(ctx, p.log.Follow(ctx, w.seen), 2*p.opts.BatchSize)
	for size := min(firstBatch, p.opts.BatchSize); ; {
		batch, asked := nextBatch(ctx, deliveries, size, look)
		if asked {
			if err := w.check(ctx); err != nil {
				return err
			}
			if err := p.answerRequest(ctx, w); err != nil {
				return err
			}
			if err := p.settleReleases(ctx, w); err != nil {
				return err
			}
			continue
		}
		if len(batch) == 0 {
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return errors.New("the log stopped to deliver")
		}
		began := time.Now()
		if err := w.apply(ctx, batch); err != nil {
			return err
		}
		if took := time.Since(began); took > stepTime {
			size = max(1, size/2)
		} else if len(batch) == size && took < stepTime/4 {
			size = min(2*size, p.opts.BatchSize)
		}
		if finished, err := done(); finished || err != nil {
			return err
		}
	}
}

// mark notes in w where the log ends now, where the log can tell.
func (p *Projector) mark(ctx context.Context, w *writer) error {
	log, ok := p.log.(LogEnd)
	if !ok {
		return nil
	}
	end, err := log.End(ctx)
	if err != nil {
		return fmt.Errorf("ask the log for its end: %w", err)
	}
	head, err := p.head(ctx)
	if err != nil || head == nil {
		return err
	}
	w.head, w.end = *head, end
	return nil
}

// readAhead takes up to n deliveries while Redis is busy with the batch before,
// so that the batches grow with the load.
func readAhead(ctx context.Context, from <-chan domain.Delivery, n int) <-chan domain.Delivery {
	ahead := make(chan domain.Delivery, n)
	go func() {
		defer close(ahead)
		for {
			select {
			case <-ctx.Done():
				return
			case d, ok := <-from:
				if !ok {
					return
				}
				select {
				case <-ctx.Done():
					return
				case ahead <- d:
				}
			}
		}
	}()
	return ahead
}

// nextBatch waits for one delivery, then takes those that are there already. It
// is empty when there will be no more, and when look ticked first. It does not end inside an
// append, so that no read sees the half of an act: a move would show a person who lives
// nowhere.
func nextBatch(
	ctx context.Context, from <-chan domain.Delivery, most int, look <-chan time.Time,
) (batch []domain.Delivery, ticked bool) {
	select { // a log that delivers all the time does not keep an operator waiting
	case <-look:
		return nil, true
	default:
	}
	select {
	case <-ctx.Done():
		return nil, false
	case <-look:
		return nil, true
	case d, ok := <-from:
		if !ok {
			return nil, false
		}
		batch = append(batch, d)
	}
	for {
		last := batch[len(batch)-1].Recorded
		if last != nil && last.More > 0 { // the rest of the append is on its way
			select {
			case <-ctx.Done():
				return nil, false
			case d, ok := <-from:
				if !ok {
					return nil, false
				}
				batch = append(batch, d)
			}
			continue
		}
		if len(batch) >= most {
			return batch, false
		}
		select {
		case d, ok := <-from:
			if !ok {
				return batch, false
			}
			batch = append(batch, d)
		default:
			return batch, false
		}
	}
}
