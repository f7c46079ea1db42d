package projections

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
)

// Defaults of [Options].
const (
	defaultRegistry        = "tizilim"
	defaultBatchSize       = 512              // events in one atomic step; Redis answers nobody else meanwhile (a few ms)
	defaultLeaseTTL        = 10 * time.Second // how long after a crash another process takes over
	defaultAwaitTimeout    = 2 * time.Second
	defaultClaimTTL        = 24 * time.Hour
	defaultCheckpointEvery = 5 * time.Second
)

// Options of a [Projector], a [Reader], [Claims] or [Verify]. The zero value is
// the default; all parts of one registry must share Registry.
type Options struct {
	Registry        string                // names the registry inside its Redis: the hash tag of every key
	Logger          *slog.Logger          // default: [slog.Default]
	Registerer      prometheus.Registerer // of the projector's metrics; nil: none are registered
	BatchSize       int                   // events that the projector applies in one step, at most
	LeaseTTL        time.Duration         // after which a silent projector is replaced
	AwaitTimeout    time.Duration         // bound of [Reader.Await]
	ClaimTTL        time.Duration         // how long an idempotency key is remembered
	CheckpointEvery time.Duration         // how often the checkpoint moves while the log has no events of the registry
	Now             func() time.Time      // the clock; default [time.Now]
}

func (o Options) withDefaults() Options {
	if o.Registry == "" {
		o.Registry = defaultRegistry
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.BatchSize <= 0 {
		o.BatchSize = defaultBatchSize
	}
	if o.LeaseTTL <= 0 {
		o.LeaseTTL = defaultLeaseTTL
	}
	if o.AwaitTimeout <= 0 {
		o.AwaitTimeout = defaultAwaitTimeout
	}
	if o.ClaimTTL <= 0 {
		o.ClaimTTL = defaultClaimTTL
	}
	if o.CheckpointEvery <= 0 {
		o.CheckpointEvery = defaultCheckpointEvery
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func (o Options) keyspace() keyspace { return keyspace{"{" + o.Registry + "}:"} }

// Log is what the projector needs of the event store.
type Log interface {
	// Follow delivers every event of the registry after the position, in
	// order, then stays live. It reconnects by itself; the channel closes only
	// when ctx ends.
	Follow(ctx context.Context, after domain.Position) <-chan domain.Delivery
}

// LogHead tells where the log ends. A [Log] may implement it; then progress is
// told as a part of a whole, and a generation serves only once it has what the
// log held when its filling began.
type LogHead interface {
	// Head returns the position of the last event of the registry's categories,
	// as the leader of the event store knows it. Whoever follows the log reaches
	// it.
	Head(ctx context.Context) (domain.Position, error)
}

// LogEnd tells where the log ends for everybody. A [LogHead] may implement it; then a
// generation that is filled, or brought up again, reaches every position that was told of
// another one before, also one behind the last event of the registry.
type LogEnd interface {
	// End returns the position of the last event of any kind. Every checkpoint that was
	// delivered by then is at or before it.
	End(ctx context.Context) (domain.Position, error)
}

// LogReleases tells which events operators have released. A [Log] may implement it. It
// delivers a [domain.Skipped] in place of each of them.
type LogReleases interface {
	// ReleasedAfter returns the places of the events that were released after the first
	// known ones, in the order of the releases.
	ReleasedAfter(ctx context.Context, known int) ([]domain.EventRef, error)
}

// Progress of filling a generation or of verifying one.
type Progress struct {
	Generation uint64
	Position   domain.Position // of the log, reached
	Target     domain.Position // of the log, aimed at; 0 where it is not known
	Events     uint64          // read so far in this run
}
