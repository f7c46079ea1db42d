package projections

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// A key of a generation can be lost without a trace: evicted, evicted before a dump was written
// from which Redis starts later, or deleted by hand. What is left would answer as if it were all.
// Two looks find that, since neither finds all of it:
//
//   - The [Watch] compares once a second how many keys Redis has evicted with the note that the
//     generation was begun with. That costs nothing, and is certain whatever is written meanwhile.
//     But the note knows only what this run of Redis has evicted.
//   - The checkpoint says how many keys its generation has, and the active projector counts them:
//     when it takes the lead, which it also does after Redis went back; at every countEvery; and
//     before it lets a generation serve. That finds every loss. But a count reads all names of
//     keys, and what is written meanwhile can hide a loss from it.

const (
	// countEvery is the time between two counts of the keys of the serving generation.
	countEvery = 5 * time.Minute
	// countAlone is for how long a projector that takes the lead writes nothing, so that its
	// first count is exact. It is enough for a million keys.
	countAlone = time.Second
)

// Fields of the checkpoint that count keys, with the checkpoint itself. Each batch changes them in
// its own step, op by op.
const (
	keysField  = "keys"  // that the generation has
	freedField = "freed" // that it had and has no more, since it was begun
)

// countedKeys is what a checkpoint says about the keys of its generation.
type countedKeys struct {
	position    domain.Position
	keys, freed int
	origin      string
}

// countedKeysOf returns what the checkpoint says; ok is false where it says nothing.
func countedKeysOf(ctx context.Context, client redis.UniversalClient, checkpoint string) (c countedKeys, ok bool, err error) {
	stored, err := client.HMGet(ctx, checkpoint, "position", keysField, freedField, "origin").Result()
	if err != nil {
		return c, false, fmt.Errorf("read how many keys a generation has: %w", err)
	}
	if text(stored[0]) == "" || text(stored[1]) == "" || text(stored[2]) == "" {
		return c, false, nil
	}
	if c.position, err = parsePosition(text(stored[0])); err != nil {
		return c, false, err
	}
	c.origin = text(stored[3])
	if c.keys, err = strconv.Atoi(text(stored[1])); err != nil {
		return c, false, err
	}
	c.freed, err = strconv.Atoi(text(stored[2]))
	return c, err == nil, err
}

// lostKeys counts the keys of a generation, step by step, while it is written and read, and returns
// how many it lacks at least. None is missed where nothing writes to it meanwhile; otherwise keys
// that are new can hide lost ones, until the next count.
func lostKeys(ctx context.Context, client redis.UniversalClient, keys keyspace, number uint64) (int, error) {
	before, ok, err := countedKeysOf(ctx, client, keys.checkpoint(number))
	if err != nil || !ok {
		return 0, err
	}
	found := 0
	if err := scan(ctx, client, keys.generation(number)+"*", func(some []string) error {
		found += len(some)
		return nil
	}); err != nil {
		return 0, err
	}
	after, ok, err := countedKeysOf(ctx, client, keys.checkpoint(number))
	if err != nil || !ok || after.origin != before.origin || after.position < before.position {
		return 0, err // Redis went back meanwhile, and whoever notices that counts again
	}
	// A scan finds every key that is there from its beginning to its end.
	return max(0, before.keys-(after.freed-before.freed)-found), nil
}

// countKeys counts the keys of the serving generation now and then, until ctx ends, and withdraws
// it where keys are lost. It closes counted after the first count.
func (p *Projector) countKeys(ctx context.Context, number uint64, counted chan<- struct{}) {
	for first := true; ; first = false {
		lost, err := lostKeys(ctx, p.client, p.keys, number)
		if err == nil && lost > 0 {
			var done bool
			done, err = withdraw(ctx, p.client, p.keys, number, "", reasonDamaged, "number of keys")
			if done {
				p.opts.Logger.Error("the read model has lost keys, and is filled anew from the log", "generation", number, "keys", lost)
			}
		}
		if first {
			close(counted)
		}
		again := countEvery
		if err != nil {
			again = longestPause
			p.opts.Logger.Debug("the keys of the read model could not be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again):
		}
	}
}

// whole gives up a generation that has lost keys while it was filled.
func (p *Projector) whole(ctx context.Context, w *writer, own *uint64) error {
	lost, err := lostKeys(ctx, p.client, p.keys, w.number)
	if err != nil || lost == 0 {
		return err
	}
	if err := p.client.Del(ctx, p.keys.building()).Err(); err != nil {
		return fmt.Errorf("give up generation %d: %w", w.number, err)
	}
	if own != nil {
		*own = 0
	}
	return fmt.Errorf("generation %d lost %d keys while it was filled, and is given up", w.number, lost)
}
