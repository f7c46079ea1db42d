package projections

import (
	"context"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
)

// Limits counts calls for all processes of the registry together, in buckets that refill
// steadily (GCRA). A bucket is one key, which expires when it is full. Buckets belong to
// no generation, and are lost with Redis: then all are full.
type Limits struct {
	limiter *redis_rate.Limiter
	keys    keyspace
}

// NewLimits returns the counts of the registry.
func NewLimits(client redis.UniversalClient, opts Options) *Limits {
	return &Limits{redis_rate.NewLimiter(client), opts.withDefaults().keyspace()}
}

// Take counts one call under the key, which names no person in clear, against calls in
// each per and burst at once. It is one round trip. Where the call is not allowed, retry
// is the time until it would be; otherwise 0. full is the time until the bucket is full.
func (l *Limits) Take(ctx context.Context, key string, calls int, per time.Duration, burst int) (
	remaining int, retry, full time.Duration, err error,
) {
	got, err := l.limiter.Allow(ctx, l.keys.limit(key), redis_rate.Limit{Rate: calls, Period: per, Burst: burst})
	if err != nil {
		return 0, 0, 0, err
	}
	if got.Allowed == 0 {
		retry = max(got.RetryAfter, time.Nanosecond)
	}
	return got.Remaining, retry, got.ResetAfter, nil
}
