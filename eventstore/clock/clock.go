package clock

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tizilim/domain"
)

const (
	// DefaultBound is more than clocks differ that are set over the network, and less than
	// anybody notices.
	DefaultBound = 5 * time.Second
	// ReadingAge is how old a reading of the log's clock may be when it arrives, beside the
	// time on the way: EventStoreDB renews it every two seconds.
	ReadingAge = 3 * time.Second

	askEvery      = time.Minute     // an older answer is renewed
	askAgain      = 2 * time.Second // the same while the clocks disagree, or the log does not answer
	askPatience   = 2 * time.Second
	takeOverEvery = time.Minute // small steps of the clock are taken over, where no other clock is known
	watchEvery    = time.Second
)

var began = time.Now()

// Log has a clock of its own.
type Log interface {
	// Clock returns what the clock of the log showed at some time between the call, or
	// [ReadingAge] before it, and the return.
	Clock(ctx context.Context) (time.Time, error)
}

// Config of a [Clock]. The zero value of each member but Bound is its default.
type Config struct {
	Bound   time.Duration        // by which clocks may differ; positive
	Wall    func() time.Time     // the clock of the machine; default [time.Now]
	Elapsed func() time.Duration // passes as time does and cannot be set
	Logger  *slog.Logger
}

// Clock is the clock of a process that is compared with others. It is safe for concurrent
// use.
type Clock struct {
	config Config

	mu       sync.Mutex
	forward  time.Duration // by which the clock was moved
	ref      reference
	log      Log           // nil: the log has no clock of its own
	newest   time.Time     // event that is known of the log
	last     time.Time     // that Now returned while the clocks agreed
	askedAt  time.Duration // of the last answer, or the last attempt to get one
	answered bool          // the last attempt got one
	asked    bool
	asking   chan struct{} // closed when the answer is there; nil while nobody asks
	reported bool          // that the clocks disagree
}

// reference is a time that was at an elapsed time.
type reference struct {
	at      time.Time
	elapsed time.Duration
	within  time.Duration // it may be wrong by as much, beside the bound
	ofLog   bool
}

// New returns a Clock whose reference is the clock of the machine as it is now.
func New(c Config) *Clock {
	if c.Wall == nil {
		c.Wall = time.Now
	}
	if c.Elapsed == nil {
		c.Elapsed = elapsed
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	k := &Clock{config: c}
	k.ref = reference{at: k.wall(), elapsed: c.Elapsed()}
	return k
}

// wall is the clock of the machine without its monotonic part, by which [time.Time.Sub]
// would otherwise not notice that it was set. The caller holds k.mu.
func (k *Clock) wall() time.Time { return k.config.Wall().Round(0).Add(k.forward) }

// Forward moves the clock forward, as if the time had passed: for a registry in which somebody tries
// how terms pass, and whose log has no other clock. by is not negative.
func (k *Clock) Forward(by time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forward += by
	k.ref.at = k.ref.at.Add(by)
}

// Follow makes the clock of the log the reference, from its first answer on.
func (k *Clock) Follow(log Log) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.log = log
}

// Known says that the log has an event of that time: no later instant can be before it.
func (k *Clock) Known(event time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if event.After(k.newest) {
		k.newest = event
	}
}

// Disagreement is by how much the clock of the machine differs from what it is compared
// with.
type Disagreement struct {
	Ahead time.Duration // of the clock of the machine; negative: it is behind
	With  string        // what it was compared with
}

func (d *Disagreement) Error() string {
	by, direction := d.Ahead, "ahead of"
	if by < 0 {
		by, direction = -by, "behind"
	}
	return fmt.Sprintf("the clock of this process is %s %s %s", by.Round(time.Millisecond), direction, d.With)
}

// What a clock can be compared with.
const (
	withItself = "the time that has passed since it was last right: set it, or restart the process if it is right now"
	withLog    = "the clock of the event store: set the one that is wrong"
	withEvents = "the last event of the log: set it, or start once with --trust-clock if it is right and was " +
		"wrong before"
)

// look compares the clocks. It returns the time by the clock of the machine and by the
// reference. The caller holds k.mu.
func (k *Clock) look() (wall, reference time.Time, why *Disagreement) {
	now := k.config.Elapsed()
	wall = k.wall()
	reference = k.ref.at.Add(now - k.ref.elapsed)
	ahead := wall.Sub(reference)
	if ahead.Abs() > k.config.Bound+k.ref.within {
		why = &Disagreement{Ahead: ahead, With: withItself}
		if k.ref.ofLog {
			why.With = withLog
		}
		return wall, reference, why
	}
	if k.ref.ofLog {
		return wall, reference, nil
	}
	if behind := k.newest.Sub(wall); behind > k.config.Bound {
		return wall, reference, &Disagreement{Ahead: -behind, With: withEvents}
	}
	if now-k.ref.elapsed >= takeOverEvery {
		k.ref.at, k.ref.elapsed = wall, now
	}
	return wall, reference, nil
}

// Now returns the time: that of the clock of the machine, and that of the reference while
// they disagree. Where the clock of the machine was set back by less than the bound, Now
// stands still until it has caught up.
func (k *Clock) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	wall, reference, why := k.look()
	if why != nil {
		return reference
	}
	if back := k.last.Sub(wall); back > 0 && back <= 2*k.config.Bound {
		return k.last
	}
	k.last = wall
	return wall
}

// Disagreement returns why the clock cannot be relied on now; nil where it can. It calls
// nobody.
func (k *Clock) Disagreement() *Disagreement {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, _, why := k.look()
	return why
}

// Check refuses what would rest on the clock while it cannot be relied on. It asks the log
// for its time if the last answer is too old. Where the log does not answer that, the
// last answer holds on.
func (k *Clock) Check(ctx context.Context) error {
	k.ask(ctx)
	k.mu.Lock()
	_, _, why := k.look()
	k.report(why)
	k.mu.Unlock()
	if why == nil {
		return nil
	}
	return domain.Refuse(domain.Unavailable, domain.CodeClockDisagrees,
		"the registry cannot rely on its clock now, so it records nothing; "+
			"send the same request with the same Idempotency-Key again later")
}

// report logs once that the clocks disagree, and once that they agree again. The caller
// holds k.mu.
func (k *Clock) report(why *Disagreement) {
	if k.reported == (why != nil) {
		return
	}
	if k.reported = why != nil; k.reported {
		k.config.Logger.Warn("commands are refused and nothing falls due until the clocks agree", "error", why)
		return
	}
	k.config.Logger.Info("the clocks agree again")
}

// ask asks the log for its time where that is due. Several callers share one question.
func (k *Clock) ask(ctx context.Context) {
	k.mu.Lock()
	if k.log == nil || !k.askDue() {
		k.mu.Unlock()
		return
	}
	wait := k.asking
	if wait == nil {
		wait = make(chan struct{})
		k.asking = wait
		go k.askLog(context.WithoutCancel(ctx), wait)
	}
	k.mu.Unlock()
	select {
	case <-wait:
	case <-ctx.Done():
	}
}

// askDue reports whether the log is to be asked. The caller holds k.mu.
func (k *Clock) askDue() bool {
	if !k.asked {
		return true
	}
	pause := askEvery
	if _, _, why := k.look(); why != nil || !k.answered {
		pause = askAgain
	}
	return k.config.Elapsed()-k.askedAt >= pause
}

func (k *Clock) askLog(ctx context.Context, done chan struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	sent := k.config.Elapsed()
	at, err := k.log.Clock(ctx)
	got := k.config.Elapsed()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asking, k.askedAt, k.asked = nil, got, true
	// An answer that took longer tells too little: this process may have been frozen.
	if k.answered = err == nil && got-sent <= askPatience; !k.answered {
		k.config.Logger.Debug("the clock of the event store could not be read", "error", err, "took", got-sent)
		return
	}
	// The log showed this time between sent-ReadingAge and got: take the middle.
	half := (got - sent + ReadingAge) / 2
	k.ref = reference{at: at.Add(half), elapsed: got, within: half, ofLog: true}
}

// Run compares the clocks until ctx ends, so that a disagreement is logged although nobody
// asks.
func (k *Clock) Run(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		_ = k.Check(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
