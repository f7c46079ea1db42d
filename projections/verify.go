package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

const (
	dumpStep       = 50   // keys compared in one step
	maxDifferences = 1000 // kept in a Report
	maxShown       = 200  // characters of a value in a Difference
)

// Report of [Verify].
type Report struct {
	Generation  uint64
	AsOf        domain.Position // of the last comparison
	Events      uint64          // folded
	Keys        int             // compared
	Different   int             // members that differ
	Differences []Difference    // the first of them

	Quarantined int                // events in quarantine, by the fold
	Released    []QuarantinedEvent // events that were released and are skipped, by the fold
}

// Proven reports whether Redis holds what the log says.
func (r Report) Proven() bool { return r.Different == 0 }

// Difference between the log and Redis in one member of one key.
type Difference struct {
	Key      string // without the generation's prefix
	Member   string // field of a hash, member of a set; empty for the key as a whole
	Expected string // by the log; empty where it should not be there
	Found    string // in Redis; empty where it is not there
}

func (d Difference) String() string {
	what := "key " + d.Key
	if d.Member != "" {
		what = fmt.Sprintf("key %s, member %q", d.Key, d.Member)
	}
	switch {
	case d.Found == "":
		return what + ": expected " + d.Expected + ", found nothing"
	case d.Expected == "":
		return what + ": expected nothing, found " + d.Found
	}
	return what + ": expected " + d.Expected + ", found " + d.Found
}

// dumpKeys reads keys of the serving generation, the event up to which they hold
// and the mark of its quarantine, in one step.
//
//	KEYS 1 serving · 2 checkpoint    ARGV 1 number · 2 prefix of the generation · 3… keys
var dumpKeys = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return {false} end
local at = redis.call('HMGET', KEYS[2], 'event', 'mended')
if not at[1] then return {false} end
local reply = {at[1], at[2] or ''}
for i = 3, #ARGV do
  local key = ARGV[2] .. ARGV[i]
  local kind = redis.call('TYPE', key)['ok']
  local members = {}
  if kind == 'hash' then members = redis.call('HGETALL', key)
  elseif kind == 'set' then members = redis.call('SMEMBERS', key)
  elseif kind == 'zset' then members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  end
  reply[#reply + 1] = {kind, members}
end
return reply
`)

// Verify folds the log again, in the memory of this process, and compares every
// key of the serving generation with it. The projector need not stop: each step
// reads some keys with the event up to which they hold, and the fold advances
// to exactly that event before they are compared. A generation that agrees is
// proven, and the one kept before it is freed.
//
// A log that ends before the generation does is an error: it is another log than the
// generation was filled from.
//
// Redis answers nobody else while it reads one key whole; for a list of 100,000
// entries that is some tenths of a second. progress may be nil.
func Verify(
	ctx context.Context, client redis.UniversalClient, log Log, opts Options, progress func(Progress),
) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	opts = opts.withDefaults()
	v := &verification{
		client: client, keys: opts.keyspace(), deliveries: log.Follow(ctx, 0), fold: newFold(),
		compared: make(map[string]bool), progress: progress,
	}
	v.log, _ = log.(LogHead)
	if err := v.run(ctx); err != nil {
		return v.report, fmt.Errorf("verify: %w", err)
	}
	if v.report.Proven() {
		if err := dropPrevious(ctx, client, v.keys); err != nil {
			return v.report, err
		}
	}
	return v.report, nil
}

type verification struct {
	client     redis.UniversalClient
	keys       keyspace
	log        LogHead // nil where the log cannot tell its end
	deliveries <-chan domain.Delivery
	ahead      *domain.Delivery // delivered, but after what is compared at present
	fold       *fold
	mended     string // mark of the quarantine at the beginning
	compared   map[string]bool
	report     Report
	progress   func(Progress)
}

var (
	errServesNoMore = errors.New("the generation stopped serving meanwhile; run it again")
	errMended       = errors.New("the quarantine was changed by an operator meanwhile; run it again")
)

func (v *verification) run(ctx context.Context) error {
	n, err := v.client.Get(ctx, v.keys.serving()).Uint64()
	if errors.Is(err, redis.Nil) {
		return domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
			"no generation serves yet; verify once the read model is built")
	}
	if err != nil {
		return err
	}
	v.report.Generation = n
	v.mended, err = v.client.HGet(ctx, v.keys.checkpoint(n), mendedField).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return err
	}
	prefix := v.keys.generation(n)
	// An empty generation too is compared with the log as it is: the scan shows none of its keys once.
	err = scan(ctx, v.client, prefix+"*", func(found []string) error {
		names := make([]string, len(found))
		for i, key := range found {
			names[i] = strings.TrimPrefix(key, prefix)
		}
		return v.compare(ctx, names)
	})
	if err != nil {
		return err
	}
	var rest []string
	for key := range v.fold.values {
		if !v.compared[key] {
			rest = append(rest, key)
		}
	}
	slices.Sort(rest)
	if err := v.compare(ctx, rest); err != nil {
		return err
	}
	return v.reportQuarantine()
}

// reportQuarantine tells what the fold does without.
func (v *verification) reportQuarantine() (err error) {
	if held, ok := v.fold.values[quarantineKey]; ok {
		v.report.Quarantined = held.members.Len()
	}
	skipped := make(record)
	if released, ok := v.fold.values[releasedKey]; ok {
		released.members.Scan(func(ref, text string) bool {
			skipped[ref] = text
			return true
		})
	}
	v.report.Released, err = quarantinedEvents(skipped)
	return err
}

// compare compares the keys, some at a time; with none it only advances the
// fold to where the generation is.
func (v *verification) compare(ctx context.Context, names []string) error {
	names = slices.DeleteFunc(names, func(name string) bool { return name == checkpointKey || v.compared[name] })
	for {
		some := names[:min(len(names), dumpStep)]
		names = names[len(some):]
		if err := v.step(ctx, some); err != nil {
			return err
		}
		if len(names) == 0 {
			return nil
		}
	}
}

func (v *verification) step(ctx context.Context, names []string) error {
	argv := []any{strconv.FormatUint(v.report.Generation, 10), v.keys.generation(v.report.Generation)}
	for _, name := range names {
		argv = append(argv, name)
	}
	keys := []string{v.keys.serving(), v.keys.checkpoint(v.report.Generation)}
	reply, err := dumpKeys.Run(ctx, v.client, keys, argv...).Slice()
	if err != nil {
		return fmt.Errorf("read keys of generation %d: %w", v.report.Generation, err)
	}
	if reply[0] == nil {
		return errServesNoMore
	}
	if text(reply[1]) != v.mended {
		return errMended
	}
	event, err := parsePosition(text(reply[0]))
	if err != nil {
		return corrupt("checkpoint", err)
	}
	if err := v.advance(ctx, event); err != nil {
		return err
	}
	v.report.AsOf = event
	for i, name := range names {
		v.compared[name] = true
		v.report.Keys++
		dump := reply[i+2].([]any)
		v.compareKey(name, text(dump[0]), asTexts(dump[1]))
	}
	return nil
}

// ended returns [errOtherLog] where the log ends before the event of the generation: then
// there is nothing to wait for.
func (v *verification) ended(ctx context.Context, event domain.Position) error {
	if v.log == nil {
		return nil
	}
	head, err := v.log.Head(ctx)
	if err == nil && head < event {
		err = fmt.Errorf("%w: it has an event at position %d, and the log ends at %d; tizilim rebuild fills it anew",
			errOtherLog, event, head)
	}
	return err
}

// advance folds the log up to and including the event at the position.
func (v *verification) advance(ctx context.Context, event domain.Position) error {
	for v.fold.at < event {
		if v.ahead == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case d, ok := <-v.deliveries:
				if !ok {
					return errors.New("the log stopped to deliver")
				}
				if d.CaughtUp && d.Position < event {
					if err := v.ended(ctx, event); err != nil {
						return err
					}
				}
				v.ahead = &d
			}
		}
		if v.ahead.Position > event {
			v.fold.at = event // the log has no event at that position: what Redis holds of it will differ
			return nil
		}
		v.fold.apply(*v.ahead)
		v.ahead = nil
		v.report.Events = v.fold.events
		if v.progress != nil && (v.fold.events%defaultBatchSize == 0 || v.fold.at == event) {
			v.progress(Progress{Generation: v.report.Generation, Position: v.fold.at, Target: event, Events: v.fold.events})
		}
	}
	return nil
}

func (v *verification) compareKey(key, kind string, flat []string) {
	found := make(map[string]string)
	if kind == "set" {
		for _, member := range flat {
			found[member] = ""
		}
	} else {
		for i := 0; i+1 < len(flat); i += 2 {
			found[flat[i]] = flat[i+1]
		}
	}
	want := v.fold.values[key]
	switch {
	case want == nil && len(found) == 0:
		if kind != "none" {
			v.differ(Difference{Key: key, Found: "a " + kind})
		}
		return
	case want == nil:
		want = &value{kind: kind}
	case want.kind != kind && kind != "none":
		v.differ(Difference{Key: key, Expected: "a " + want.kind, Found: "a " + kind})
		return
	}
	want.members.Scan(func(member, expected string) bool {
		has, ok := found[member]
		delete(found, member)
		switch {
		case !ok:
			v.differ(Difference{key, member, shown(member, expected), ""})
		case has != expected:
			v.differ(Difference{key, member, shown(member, expected), shown(member, has)})
		}
		return true
	})
	for member, has := range found {
		v.differ(Difference{key, member, "", shown(member, has)})
	}
}

func (v *verification) differ(d Difference) {
	v.report.Different++
	if len(v.report.Differences) < maxDifferences {
		v.report.Differences = append(v.report.Differences, d)
	}
}

// shown is a value as a Difference tells it; a refusal has reasons in free text,
// which are nobody's business here.
func shown(member, value string) string {
	switch {
	case member == "refusal":
		return domain.Personal(value).String()
	case value == "":
		return "it"
	case len(value) > maxShown:
		value = strings.ToValidUTF8(value[:maxShown], "") + "…"
	}
	return strconv.Quote(value)
}
