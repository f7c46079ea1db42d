package projections

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// Claims remembers which request an idempotency key was used for. A claim lives
// outside the generations. The projector writes the claims of recorded commands
// again, so that they survive the loss of Redis. The claims of commands that
// recorded nothing are lost with Redis.
type Claims struct {
	client redis.UniversalClient
	keys   keyspace
	opts   Options
}

// NewClaims returns the claims of the registry.
func NewClaims(client redis.UniversalClient, opts Options) *Claims {
	opts = opts.withDefaults()
	return &Claims{client: client, keys: opts.keyspace(), opts: opts}
}

// Claim remembers, for Options.ClaimTTL, that the command is the request with
// that digest. A repetition of the request claims nothing and is no error.
//
// Errors: [domain.CodeKeyReused] when the key was used for another request;
// [domain.CodeModelNotReady] when Redis does not answer.
func (c *Claims) Claim(ctx context.Context, id domain.CommandID, digest string) error {
	ifAbsent := redis.SetArgs{Mode: "NX", Get: true, TTL: c.opts.ClaimTTL}
	claimed, err := c.client.SetArgs(ctx, c.keys.claim(id), digest, ifAbsent).Result()
	switch {
	case errors.Is(err, redis.Nil), err == nil && claimed == digest:
		return nil
	case err != nil:
		return unreachable(ctx, err)
	}
	return domain.Refuse(domain.Invalid, domain.CodeKeyReused,
		"this Idempotency-Key was used for another request; send a new key with a new request, "+
			"and the same key only to repeat the same request")
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
