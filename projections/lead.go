package projections

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// roleWebhooks calls consumers.
const roleWebhooks = "webhooks"

// Lead makes one process at a time the one that calls consumers.
type Lead struct{ leases *leases }

// NewLead returns the lead of the registry.
func NewLead(client redis.UniversalClient, opts Options) *Lead {
	opts = opts.withDefaults()
	return &Lead{newLeases(client, opts.keyspace(), opts.LeaseTTL)}
}

// Webhooks waits until no other process calls consumers, and then runs do. The ctx of do ends when
// another process may take over. It returns with do, or when ctx ends.
func (l *Lead) Webhooks(ctx context.Context, do func(ctx context.Context)) error {
	err := l.leases.hold(ctx, roleWebhooks, func(ctx context.Context, _ *lease) error {
		do(ctx)
		return context.Cause(ctx)
	})
	if errors.Is(err, errLeaseLost) || ctx.Err() != nil {
		return nil // another process goes on
	}
	return err
}
