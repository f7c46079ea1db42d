package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func TestARoleOfADeadProcessIsFreeAtOnceWhereItsRedisWasLoadedFromADump(t *testing.T) {
	t.Parallel()
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		opts := quick()
		opts.LeaseTTL = time.Hour
		keys := opts.keyspace()
		for _, role := range []string{roleProjector, roleBuilder} {
			if err := client.Set(t.Context(), keys.lease(role), "of a dead process", time.Hour).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := FreeRoles(context.Background(), client, opts); err != nil {
			t.Fatal(err)
		}
		s := newScript()
		s.list(1)
		running(t, client, s, opts)
		reach(t, NewReader(client, quick()), s.head())
	})
}
