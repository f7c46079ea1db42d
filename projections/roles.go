package projections

import (
	"context"
	"fmt"
)

// FreeRoles lets the next projector take its roles at once. It is for a Redis that was
// loaded from a dump: the leases in it are of processes that ended, or lost Redis, before.
// One that still lives is stopped by the fence once another has taken its role, and
// otherwise takes the role again.
func FreeRoles(ctx context.Context, client Client, opts Options) error {
	keys := opts.withDefaults().keyspace()
	if err := client.Del(ctx, keys.lease(roleProjector), keys.lease(roleBuilder)).Err(); err != nil {
		return fmt.Errorf("free the roles of the projector: %w", err)
	}
	return nil
}
