package projections

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// sweepStep is how many keys are looked at, and at most freed, in one step.
const sweepStep = 500

// beginGeneration creates the next generation, empty, as the one being built. Its number may
// have been that of another one, if Redis was emptied; its origin, the token, never was.
//
//	KEYS 1 fence · 2 counter · 3 building
//	ARGV 1 token · 2 prefix of generations · 3 schema · 4 target · 5 what Redis has evicted ([memory.note])
var beginGeneration = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local n = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[3], n)
redis.call('HSET', ARGV[2] .. n .. ':checkpoint', 'position', '0', 'event', '0', 'last', '', 'caught_up', '0',
  'schema', ARGV[3], 'target', ARGV[4], 'origin', ARGV[1], '` + evictionsField + `', ARGV[5],
  '` + keysField + `', '1', '` + freedField + `', '0')
return n
`)

// flipGeneration lets the built generation answer. It must have every event
// that the serving one has: an answer never goes back in time. The serving one
// may know that the log went on without events for a while; then so does the
// new one. None of that holds of a serving generation of another log.
//
//	KEYS 1 fence · 2 building · 3 serving · 4 previous · 5 withdrawn
//	ARGV 1 token · 2 number · 3 prefix of generations · 4 position · 5 channel · 6 "1" where the
//	     serving generation is of another log, else ""
var flipGeneration = redis.NewScript(`
local function less(a, b) return #a < #b or (#a == #b and a < b) end
local new = ARGV[3] .. ARGV[2] .. ':checkpoint'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'fenced' end
if redis.call('HGET', new, 'position') ~= ARGV[4] then return 'moved' end
local position = ARGV[4]
local old = redis.call('GET', KEYS[3])
if old then
  local at = redis.call('HMGET', ARGV[3] .. old .. ':checkpoint', 'position', 'event')
  if at[1] and at[2] and ARGV[6] == '' then
    if less(position, at[2]) then return 'behind' end
    if less(position, at[1]) then position = at[1] end
  end
  redis.call('SET', KEYS[4], old)
end
redis.call('HSET', new, 'position', position)
redis.call('SET', KEYS[3], ARGV[2])
redis.call('DEL', KEYS[2], KEYS[5])
redis.call('PUBLISH', ARGV[5], position)
return 'flipped'
`)

// build fills a generation from the log until it is caught up and lets it
// serve. own is nil where any generation that serves will do: then one that a
// crash left half filled is continued. Otherwise it is the number of the
// generation that this rebuild has begun, 0 before that.
func (p *Projector) build(ctx context.Context, own *uint64, progress func(Progress)) error {
	return p.leases.hold(ctx, roleBuilder, func(ctx context.Context, l *lease) error {
		serving, err := p.servingWriter(ctx, l) // another builder, or this one, may have come this far already
		if err != nil {
			return err
		}
		if serving != nil && (own == nil || *own == serving.number) {
			return nil
		}
		w, target, err := p.begin(ctx, l, own)
		if err != nil {
			return err
		}
		if own != nil {
			*own = w.number
		}
		if err := p.sweep(ctx); err != nil {
			return err
		}
		p.opts.Logger.Info("filling a generation", "generation", w.number, "from", w.position, "to", aim(target))
		return p.stream(ctx, w, nil, func() (bool, error) {
			if progress != nil {
				progress(Progress{Generation: w.number, Position: w.seen, Target: aim(target), Events: w.events})
			}
			if !w.caughtUp || w.seen < aim(target) { // whoever said "caught up" may have been late itself
				return false, nil
			}
			if err := p.whole(ctx, w, own); err != nil {
				return false, err
			}
			return p.flip(ctx, w, serving)
		})
	})
}

// head is the end of the log; nil where the log cannot tell.
func (p *Projector) head(ctx context.Context) (*domain.Position, error) {
	log, ok := p.log.(LogHead)
	if !ok {
		return nil, nil
	}
	head, err := log.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask the log for its end: %w", err)
	}
	return &head, nil
}

// aim is the position to be reached; 0 where it is not known.
func aim(target *domain.Position) domain.Position {
	if target == nil {
		return 0
	}
	return *target
}

// begin continues the generation being built, or creates a new one: also where
// the former is of another log. target is the end of the log, nil where it is not known.
func (p *Projector) begin(ctx context.Context, l *lease, own *uint64) (w *writer, target *domain.Position, err error) {
	if target, err = p.head(ctx); err != nil {
		return nil, nil, err
	}
	var half uint64
	if own != nil {
		half = *own
	} else {
		n, err := p.client.Get(ctx, p.keys.building()).Uint64()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, nil, fmt.Errorf("look for a half-filled generation: %w", err)
		}
		half = n
	}
	if half != 0 {
		w := p.writer(l, half, false)
		ok, err := w.load(ctx)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			if err := p.ofThisLog(ctx, w); !errors.Is(err, errOtherLog) {
				return w, target, err
			}
		}
	}
	if err := p.keepCounting(ctx); err != nil {
		return nil, nil, err
	}
	m, err := memoryOf(ctx, p.client, p.keys)
	if err != nil {
		return nil, nil, fmt.Errorf("ask Redis what it has evicted: %w", err)
	}
	n, err := beginGeneration.Run(ctx, p.client, []string{p.keys.fence(l.role), p.keys.counter(), p.keys.building()},
		l.token, p.keys.generations(), schema(), formatPosition(aim(target)), m.note()).Uint64()
	if err != nil {
		return nil, nil, fmt.Errorf("begin a generation: %w", err)
	}
	if n == 0 {
		return nil, nil, errFenced
	}
	return p.writer(l, n, false), target, nil
}

// keepCounting sets a counter of generations that Redis has lost beyond every generation of which
// keys are left: another one of the same number would be filled on top of them.
func (p *Projector) keepCounting(ctx context.Context) error {
	if n, err := p.client.Exists(ctx, p.keys.counter()).Result(); err != nil || n == 1 {
		return err
	}
	newest := uint64(0)
	if err := scan(ctx, p.client, p.keys.generations()+"*", func(found []string) error {
		for _, key := range found {
			if number, ok := p.keys.numberOf(key); ok {
				newest = max(newest, number)
			}
		}
		return nil
	}); err != nil || newest == 0 {
		return err
	}
	return p.client.SetNX(ctx, p.keys.counter(), newest, 0).Err()
}

// flip lets w's generation serve; done is false while the serving one has more, unless that
// is of another log. serving is as it was when the filling began, nil where none served.
func (p *Projector) flip(ctx context.Context, w, serving *writer) (done bool, err error) {
	ahead := ""
	if serving != nil {
		is, err := p.holds(ctx, serving)
		if err != nil {
			return false, err
		}
		if !is {
			ahead = "1"
		}
	}
	outcome, err := flipGeneration.Run(ctx, p.client,
		[]string{p.keys.fence(w.lease.role), p.keys.building(), p.keys.serving(), p.keys.previous(), p.keys.withdrawn()},
		w.lease.token, strconv.FormatUint(w.number, 10), p.keys.generations(), formatPosition(w.position),
		p.keys.moved(), ahead).Text()
	if err != nil {
		return false, fmt.Errorf("let generation %d serve: %w", w.number, err)
	}
	switch outcome {
	case "flipped":
		p.opts.Logger.Info("generation serves", "generation", w.number, "position", w.position)
		return true, nil
	case "behind":
		return false, nil
	case "fenced":
		return false, errFenced
	default:
		return false, errMoved
	}
}

// dropPrevious gives up the generation before the serving one.
func dropPrevious(ctx context.Context, client redis.UniversalClient, keys keyspace) error {
	if err := client.Del(ctx, keys.previous()).Err(); err != nil {
		return fmt.Errorf("give up the previous generation: %w", err)
	}
	return sweep(ctx, client, keys)
}

func (p *Projector) sweep(ctx context.Context) error { return sweep(ctx, p.client, p.keys) }

// sweep frees, step by step, the generations that are neither serving, previous
// nor being built.
func sweep(ctx context.Context, client redis.UniversalClient, keys keyspace) error {
	named, err := client.MGet(ctx, keys.serving(), keys.previous(), keys.building(), keys.counter()).Result()
	if err != nil {
		return fmt.Errorf("see which generations are in use: %w", err)
	}
	newest, err := strconv.ParseUint(text(named[3]), 10, 64)
	if err != nil {
		return nil // none was ever begun
	}
	keep := make(map[string]bool)
	for _, n := range named[:3] {
		keep[text(n)] = true
	}
	return scan(ctx, client, keys.generations()+"*", func(found []string) error {
		var gone []string
		for _, key := range found {
			number, ok := keys.numberOf(key)
			if ok && number <= newest && !keep[formatGeneration(number)] { // one begun meanwhile is newer
				gone = append(gone, key)
			}
		}
		if len(gone) == 0 {
			return nil
		}
		return client.Unlink(ctx, gone...).Err()
	})
}

// scan calls visit with the keys that match, step by step. All keys of a
// registry lie in one slot, so one node of a cluster has them all. A key may be
// visited twice.
func scan(ctx context.Context, client redis.UniversalClient, match string, visit func([]string) error) error {
	node := redis.Cmdable(client)
	if cluster, ok := client.(*redis.ClusterClient); ok {
		master, err := cluster.MasterForKey(ctx, match)
		if err != nil {
			return fmt.Errorf("find the node of the registry's slot: %w", err)
		}
		node = master
	}
	var cursor uint64
	for {
		found, next, err := node.Scan(ctx, cursor, globEscape(match), sweepStep).Result()
		if err != nil {
			return fmt.Errorf("scan keys: %w", err)
		}
		if err := visit(found); err != nil {
			return err
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// globEscape protects what a registry's name may hold; the final * stays.
func globEscape(match string) string {
	prefix := strings.TrimSuffix(match, "*")
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(prefix) + "*"
}
