package projections

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// applyBatch is the one atomic step: guards, writes and checkpoint in a script,
// which Redis runs alone. A script is better here than WATCH and MULTI: it is
// one round trip instead of three, and where a write fails the script ends
// before the checkpoint, so that the batch is simply applied again (every
// sequence of ops can be repeated from its beginning), whereas EXEC would carry
// on and move the checkpoint past a loss.
//
//	KEYS  1 fence of the writer's role · 2 checkpoint of the generation · 3 serving
//	ARGV  1 token · 2 position that the writer believes in · 3 number if the
//	      generation must be the serving one, else "" · 4 prefix of the
//	      generation · 5 root · 6 new position · 7 new event position ·
//	      8 caught up · 9 channel · 10… verb, key, count, args… of each op
var applyBatch = redis.NewScript(fence + `
if ARGV[3] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[3] then return 'replaced' end
local generation, root, i = ARGV[4], ARGV[5], 11
` + verbsInLua() + `
local size = redis.call('DBSIZE')
while i <= #ARGV do
  local verb, name, n = ARGV[i], ARGV[i+1], tonumber(ARGV[i+2])
  local args = {}
  for j = 1, n do args[j] = ARGV[i+2+j] end
  i = i + 3 + n
  write[verb](generation .. name, args, name)
  local now = redis.call('DBSIZE')
  if now ~= size and verb ~= '` + verbs[opClaim].name + `' then
    redis.call('HINCRBY', KEYS[2], '` + keysField + `', now - size)
    if now < size then redis.call('HINCRBY', KEYS[2], '` + freedField + `', size - now) end
  end
  size = now
end
redis.call('HSET', KEYS[2], 'position', ARGV[6], 'event', ARGV[7], 'caught_up', ARGV[8], 'last', ARGV[10])
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[9], ARGV[6]) end
return 'applied'
`)

// Why a writer must stop and look again. None is a fault: somebody else took
// over, Redis lost its memory, or a rebuild has put another generation first.
var (
	errFenced = errors.New("another process has taken over this role")
	errMoved  = errors.New("the checkpoint is not where this writer left it: " +
		"Redis was emptied, restored, or written by another process")
	errReplaced = errors.New("another generation serves now")
)

// checkWriter has the guards of [applyBatch], and writes nothing.
//
//	KEYS and ARGV: the first three of applyBatch
var checkWriter = redis.NewScript(fence + `
if ARGV[3] ~= '' and redis.call('GET', KEYS[3]) ~= ARGV[3] then return 'replaced' end
return 'there'
`)

// check returns why w must stop and look again; nil where it need not.
func (w *writer) check(ctx context.Context) error {
	mustServe := ""
	if w.serve {
		mustServe = strconv.FormatUint(w.number, 10)
	}
	outcome, err := checkWriter.Run(ctx, w.client, w.guards(), w.lease.token, formatPosition(w.position), mustServe).Text()
	if err != nil {
		return fmt.Errorf("look where generation %d is: %w", w.number, err)
	}
	return stopped(outcome)
}

// guards are the keys that a write is guarded by.
func (w *writer) guards() []string {
	return []string{w.keys.fence(w.lease.role), w.keys.checkpoint(w.number), w.keys.serving()}
}

// stopped returns why a guard has stopped a writer; nil where none has.
func stopped(outcome string) error {
	switch outcome {
	case "applied", "there":
		return nil
	case "fenced":
		return errFenced
	case "replaced":
		return errReplaced
	default:
		return errMoved
	}
}

// writer applies deliveries to one generation. It is used by one goroutine.
type writer struct {
	opts     Options
	keys     keyspace
	client   redis.UniversalClient
	lease    *lease
	serve    bool // the generation must be the serving one
	number   uint64
	intake   intake
	releases int // of those that the log has: looked at for what the generation holds

	position domain.Position // as written in the checkpoint
	event    domain.Position // of the last event, as written
	last     string          // the last event, as written; see lastEvent
	seen     domain.Position // everything up to here was delivered
	caughtUp bool            // since this writer began
	wrote    time.Time
	events   uint64
	metrics  *metrics

	// head and end of the log were asked for, the end first, before the deliveries began: once
	// the head is delivered, nothing is missing up to the end.
	head, end domain.Position
}

// apply writes the events of the batch and the position after it in one step.
// A batch without events is written only now and then: the log moves on all the
// time without events of the registry.
func (w *writer) apply(ctx context.Context, batch []domain.Delivery) error {
	next := *w // nothing of w changes unless Redis has taken the batch
	var ops []op
	events := uint64(0)
	held := len(w.intake.held) > 0
	claimed := make(map[string]bool)
	for _, d := range batch {
		next.caughtUp = next.caughtUp || d.CaughtUp
		if d.Position <= next.seen {
			continue // delivered before
		}
		next.seen = d.Position
		if d.Recorded == nil {
			continue
		}
		next.event, next.last = d.Position, lastEvent(*d.Recorded)
		events++
		write := w.intake.ops(d)
		w.tellQuarantined(write)
		ops = append(ops, write...)
		if claim, ok := w.claim(d.Recorded); ok && !claimed[claim.key] {
			claimed[claim.key] = true
			ops = append(ops, claim)
		}
	}
	if next.seen >= w.head {
		next.seen = max(next.seen, w.end)
	}
	if !held && len(w.intake.held) > 0 {
		ops = append(ops, set(checkpointKey, heldFromField, formatPosition(w.position)))
	}
	if events == 0 && next.caughtUp == w.caughtUp && w.opts.Now().Sub(w.wrote) < w.opts.CheckpointEvery {
		w.seen = next.seen
		return nil
	}
	started := w.opts.Now()
	if err := w.write(ctx, &next, ops); err != nil {
		return err
	}
	next.wrote = w.opts.Now()
	next.events += events
	next.intake = w.intake
	*w = next
	w.metrics.applied(w, events, started)
	return nil
}

// tellQuarantined logs that an event was put in quarantine.
func (w *writer) tellQuarantined(write []op) {
	for _, o := range write {
		if o.key != quarantineKey {
			continue
		}
		q := parseQuarantined(o.args[1])
		if q.waits() {
			w.opts.Logger.Debug("event waits behind one in quarantine", "event", o.args[0])
		} else {
			w.opts.Logger.Warn("event put in quarantine", "event", o.args[0], "why", q.Why)
		}
	}
}

func (w *writer) write(ctx context.Context, next *writer, ops []op) error {
	number := strconv.FormatUint(w.number, 10)
	mustServe := ""
	if w.serve {
		mustServe = number
	}
	caughtUp := "0"
	if next.caughtUp {
		caughtUp = "1"
	}
	args := make([]any, 0, 10+6*len(ops))
	args = append(args, w.lease.token, formatPosition(w.position), mustServe, w.keys.generation(w.number), w.keys.root,
		formatPosition(next.seen), formatPosition(next.event), caughtUp, w.keys.moved(),
		next.last)
	header := len(args)
	for _, o := range ops {
		args = append(args, o.verb.String(), o.key, len(o.args))
		for _, a := range o.args {
			args = append(args, a)
		}
	}
	if len(ops) > 0 {
		aboutToWrite()
	}
	outcome, err := w.inOneStep(ctx, w.guards(), args[:header], args[header:])
	if err != nil {
		return fmt.Errorf("write a batch of %d ops: %w", len(ops), err)
	}
	if err := stopped(outcome); err != nil {
		return err
	}
	next.position = next.seen
	return nil
}

// claim returns the op that remembers the idempotency key of the event's
// command, as [Claims.Claim] does, for as long as it would be remembered.
func (w *writer) claim(rec *domain.Recorded) (op, bool) {
	left := rec.Created.Add(w.opts.ClaimTTL).Sub(w.opts.Now()).Milliseconds()
	if rec.Meta.Digest == "" || rec.Meta.Causation.IsZero() || left <= 0 {
		return op{}, false
	}
	return op{opClaim, claimKey(rec.Meta.Causation), []string{rec.Meta.Digest, strconv.FormatInt(left, 10)}}, true
}

// load reads where the generation stands and what it holds back. ok is false
// where Redis has no such generation of this model, or has lost a part of what is
// read here.
func (w *writer) load(ctx context.Context) (ok bool, err error) {
	stored, err := w.client.HMGet(
		ctx, w.keys.checkpoint(w.number), "position", "event", "schema", "last", heldFromField,
	).Result()
	if err != nil {
		return false, fmt.Errorf("read the checkpoint of generation %d: %w", w.number, err)
	}
	if text(stored[0]) == "" || text(stored[2]) != schema() {
		return false, nil
	}
	if w.position, err = parsePosition(text(stored[0])); err != nil {
		return false, err
	}
	if w.event, err = parsePosition(text(stored[1])); err != nil {
		return false, err
	}
	w.seen, w.last = w.position, text(stored[3])
	held, err := w.client.SMembers(ctx, w.keys.generation(w.number)+heldKey).Result()
	if err != nil {
		return false, fmt.Errorf("read what generation %d holds back: %w", w.number, err)
	}
	if len(held) == 0 && text(stored[4]) != "" {
		return false, nil // which streams are held back is lost
	}
	w.intake.held = make(map[string]bool, len(held))
	for _, stream := range held {
		w.intake.held[stream] = true
	}
	return true, nil
}

func formatPosition(p domain.Position) string { return strconv.FormatUint(uint64(p), 10) }

func parsePosition(s string) (domain.Position, error) {
	p, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	return domain.Position(p), err
}

// text returns a reply of Redis as a string, empty where it is nil.
func text(reply any) string {
	s, _ := reply.(string)
	return s
}
