package projections

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// Drafts keeps the drafts of citizens, each until a day: one for each person and form. It keeps them as
// they are given, which is sealed. They belong to no generation and to no event, and are lost with Redis.
type Drafts struct {
	client redis.UniversalClient
	keys   keyspace
}

// NewDrafts returns the drafts of the registry.
func NewDrafts(client redis.UniversalClient, opts Options) *Drafts {
	return &Drafts{client, opts.withDefaults().keyspace()}
}

// Keep keeps a draft for the time, in the place of the one before.
func (d *Drafts) Keep(ctx context.Context, of domain.PersonID, form, sealed string, last time.Duration) error {
	if err := d.client.Set(ctx, d.keys.draft(of, form), sealed, last).Err(); err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// Find returns the draft; "" where there is none.
func (d *Drafts) Find(ctx context.Context, of domain.PersonID, form string) (string, error) {
	sealed, err := d.client.Get(ctx, d.keys.draft(of, form)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "", nil
	case err != nil:
		return "", unreachable(ctx, err)
	}
	return sealed, nil
}

// Discard removes a draft. It reports whether there was one.
func (d *Drafts) Discard(ctx context.Context, of domain.PersonID, form string) (bool, error) {
	n, err := d.client.Del(ctx, d.keys.draft(of, form)).Result()
	if err != nil {
		return false, unreachable(ctx, err)
	}
	return n > 0, nil
}
