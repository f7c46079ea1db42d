package projections

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// Claims remembers which request an idempotency key was used for. A claim lives
// outside the generations. Commands do not wait for Redis: where it is away, hangs or
// refuses writes, Claim says so within claimTimeout, and at once for claimPause after
// that. The projector writes the claims of recorded commands
// again, so that they survive the loss of Redis. The claims of commands that
// recorded nothing are lost with Redis.
type Claims struct {
	client redis.UniversalClient
	keys   keyspace
	opts   Options
	away   atomic.Int64 // until when Redis is not asked, as UnixNano; 0: it is
}

const (
	claimTimeout = 500 * time.Millisecond
	claimPause   = time.Second
)

// NewClaims returns the claims of the registry.
func NewClaims(client redis.UniversalClient, opts Options) *Claims {
	opts = opts.withDefaults()
	return &Claims{client: client, keys: opts.keyspace(), opts: opts}
}

// Claim remembers, for Options.ClaimTTL, that the command is the request with
// that digest. A repetition of the request claims nothing and is no error.
//
// Errors: [domain.CodeKeyReused] when the key was used for another request;
// [domain.CodeModelNotReady] when Redis does not take the claim.
func (c *Claims) Claim(ctx context.Context, id domain.CommandID, digest string) error {
	if time.Now().UnixNano() < c.away.Load() {
		return unclaimed(nil)
	}
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	ifAbsent := redis.SetArgs{Mode: "NX", Get: true, TTL: c.opts.ClaimTTL}
	claimed, err := c.client.SetArgs(ctx, c.keys.claim(id), digest, ifAbsent).Result()
	switch {
	case errors.Is(err, redis.Nil), err == nil && claimed == digest:
		c.noted(nil)
		return nil
	case err != nil:
		c.noted(err)
		return unclaimed(err)
	}
	c.noted(nil)
	return domain.Refuse(domain.Invalid, domain.CodeKeyReused,
		"this Idempotency-Key was used for another request; send a new key with a new request, "+
			"and the same key only to repeat the same request")
}

// noted remembers whether Redis takes claims, and tells it when that changes.
func (c *Claims) noted(err error) {
	if err == nil {
		if c.away.Swap(0) != 0 {
			c.opts.Logger.Info("idempotency keys are claimed again")
		}
		return
	}
	level := slog.LevelWarn
	if c.away.Swap(time.Now().Add(claimPause).UnixNano()) != 0 {
		level = slog.LevelDebug
	}
	c.opts.Logger.Log(context.Background(), level, "idempotency keys cannot be claimed: commands go on, and a key that "+
		"is used again for a request on another record is not found", "error", err)
}

// unclaimed is the refusal of a claim that Redis does not take.
func unclaimed(cause error) error {
	return errors.Join(domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
		"the key of this request cannot be kept now; ask again in a moment"), cause)
}

var releaseClaim = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`)

// Release forgets the claim of a command that recorded nothing, so that the key can
// be used for the corrected request. A claim with another digest stays.
func (c *Claims) Release(ctx context.Context, id domain.CommandID, digest string) error {
	if err := releaseClaim.Run(ctx, c.client, []string{c.keys.claim(id)}, digest).Err(); err != nil {
		return unreachable(ctx, err)
	}
	return nil
}
