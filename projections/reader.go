package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// maxPage bounds every list that is read in pages.
const maxPage = 1000

// Reader answers from the serving generation. Every method is one round trip to
// Redis, and safe for concurrent use.
//
// What this process has once seen of the serving generation it demands of every
// later read, in the same step: a Redis that went back in time (a failover, a
// restart from an older dump) is not read, but waited for. A reader with a [Watch]
// answers from no generation before the watch has found that it is of this log, and
// nothing after it has found otherwise. So a Redis with the model of a log that is gone
// is not read either, even while the log cannot be asked.
//
// Errors of every method, all [domain.Unavailable]. [domain.CodeModelNotReady]: no
// generation serves yet, Redis does not answer, the record is held back by an
// event in quarantine, or the model lost keys and is filled anew.
// [domain.CodeModelBehind]: Redis went back in time, and the projector has not
// applied again what it lost. [domain.CodeLogReplaced]: the model is of another log.
// A thing that does not exist is [domain.NotFound], and only ever said from a
// generation that serves; that may be a moment behind the log, and may have lost
// its key: see [Watch.CatchUp] and [Watch.Confirm].
//
// Every result carries AsOf, the position of the log up to which the answer holds.
// One that comes from a single stream also carries Revision, the last event of that
// stream, which is its ETag.
type Reader struct {
	client redis.UniversalClient
	keys   keyspace
	opts   Options
	moves  moves
	look   time.Duration // firstLook; tests put the looking off

	floor   atomic.Uint64                   // position up to which the serving generation was seen to be
	newest  atomic.Uint64                   // position of the newest event that was seen in it
	refusal atomic.Pointer[domain.Error]    // why nothing is answered, as the watch has found; nil: it is
	prove   func(ctx context.Context) error // has the watch look; nil where there is none
	proven  atomic.Pointer[string]          // origin of the generation that the watch has found to be of this log
}

// NewReader returns a reader of the registry's models.
func NewReader(client redis.UniversalClient, opts Options) *Reader {
	opts = opts.withDefaults()
	r := &Reader{client: client, keys: opts.keyspace(), opts: opts, look: firstLook}
	r.moves.subscribe = func(ctx context.Context) *redis.PubSub { return client.Subscribe(ctx, r.keys.moved()) }
	return r
}

var positionQuery = query(`return {}`)

// Position is how far in the log the serving generation is.
func (r *Reader) Position(ctx context.Context) (domain.Position, error) {
	_, at, err := r.readOnce(ctx, positionQuery, "")
	return at, err
}

// seen notes how far the serving generation is.
func (r *Reader) seen(at, event domain.Position) {
	raise(&r.newest, uint64(event))
	raise(&r.floor, uint64(at))
}

func raise(floor *atomic.Uint64, to uint64) {
	for {
		at := floor.Load()
		if to <= at || floor.CompareAndSwap(at, to) {
			return
		}
	}
}

// UnknownCursor refuses a cursor that no page gave out.
func UnknownCursor() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeMalformed, "this cursor did not come from a page of this list; "+
		"send the cursor of the previous page unchanged, or leave it out to begin anew").At("cursor")
}

func pageSize(limit int) int { return min(max(limit, 1), maxPage) }

// query is one read: a script that finds the serving generation, its checkpoint
// and the data in one step, so that an answer can neither mix two generations
// nor take a missing model for a missing record, nor come from a model that has
// gone back in time.
//
//	KEYS  1 serving · 2 building · 3 withdrawn
//	ARGV  1 prefix of generations · 2 schema · 3 stream that must not be held
//	      back, or "" · 4 position that the model must have reached ·
//	      5… arguments of the body
//
// The body sees g, the prefix of the generation, and returns a table. It sets
// damage, to a text that names the key, where the generation has lost one.
func query(body string) *redis.Script {
	return redis.NewScript(`
local function less(a, b) return #a < #b or (#a == #b and a < b) end
local function not_ready()
  local why = redis.call('GET', KEYS[3]) or ''
  local n = redis.call('GET', KEYS[2])
  if not n then return {'absent', why} end
  local at = redis.call('HMGET', ARGV[1] .. n .. ':checkpoint', 'position', 'target')
  return {'building', why, at[1] or '0', at[2] or '0'}
end
local n = redis.call('GET', KEYS[1])
if not n then return not_ready() end
local g = ARGV[1] .. n .. ':'
local at = redis.call('HMGET', g .. 'checkpoint', 'position', 'schema', 'event', 'held_from', 'origin')
if not at[1] or at[2] ~= ARGV[2] then return not_ready() end
if less(at[1], ARGV[4]) then return {'behind', at[1]} end
if at[4] and redis.call('EXISTS', g .. 'held') == 0 then return {'damaged', 'held', n} end
if ARGV[3] ~= '' and at[4] and redis.call('SISMEMBER', g .. 'held', ARGV[3]) == 1 then return {'held', at[1]} end
local damage
local function body()
` + body + `
end
local data = body()
if damage then return {'damaged', damage, n} end
return {'ready', at[1], data, at[3], at[5] or ''}
`)
}

// errBehind says that the serving generation lacks what this process has seen in it.
var errBehind = domain.Refuse(domain.Unavailable, domain.CodeModelBehind,
	"the read model has gone back to before what was answered from it, and is brought up to the log again; "+
		"ask again in a moment")

// read runs q. Where the serving generation lacks what was seen in it before, it
// waits for that, as [Reader.Await] does, and runs q again. The errors are those
// that every read shares.
func (r *Reader) read(
	ctx context.Context, q *redis.Script, stream string, args ...any,
) ([]any, domain.Position, error) {
	data, at, err := r.readOnce(ctx, q, stream, args...)
	if !errors.Is(err, errBehind) {
		return data, at, err
	}
	if err := r.Await(ctx, domain.Position(r.floor.Load())); err != nil {
		return nil, at, err
	}
	return r.readOnce(ctx, q, stream, args...)
}

// errUnproven says that the serving generation was not found to be of this log yet.
var errUnproven = domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
	"the read model was replaced and is compared with the log first; ask again in a moment")

// readOnce runs q now. A generation that took the place of the proven one is proven first.
func (r *Reader) readOnce(
	ctx context.Context, q *redis.Script, stream string, args ...any,
) ([]any, domain.Position, error) {
	data, at, err := r.run(ctx, q, stream, args...)
	if !errors.Is(err, errUnproven) {
		return data, at, err
	}
	if err := r.prove(ctx); err != nil {
		return nil, 0, err
	}
	return r.run(ctx, q, stream, args...)
}

// provenAs reports whether the generation of the origin may be read.
func (r *Reader) provenAs(origin string) bool {
	proven := r.proven.Load()
	return r.prove == nil || proven != nil && *proven == origin
}

func (r *Reader) run(
	ctx context.Context, q *redis.Script, stream string, args ...any,
) ([]any, domain.Position, error) {
	if refusal := r.refusal.Load(); refusal != nil {
		return nil, 0, refusal
	}
	argv := append([]any{r.keys.generations(), schema(), stream, strconv.FormatUint(r.floor.Load(), 10)}, args...)
	reply, err := q.Run(ctx, r.client, []string{r.keys.serving(), r.keys.building(), r.keys.withdrawn()}, argv...).Slice()
	if err != nil {
		return nil, 0, unreachable(ctx, err)
	}
	switch text(reply[0]) {
	case "absent":
		return nil, 0, notServing(text(reply[1]), "is absent and is about to be built from the log")
	case "building":
		return nil, 0, notServing(text(reply[1]),
			"is being built from the log, "+howFar(text(reply[2]), text(reply[3])))
	case "held":
		return nil, 0, heldBack()
	case "damaged":
		return nil, 0, r.damaged(ctx, text(reply[2]), text(reply[1]))
	}
	at, err := parsePosition(text(reply[1]))
	if err != nil {
		return nil, 0, corrupt("checkpoint", err)
	}
	if text(reply[0]) == "behind" {
		return nil, at, errBehind
	}
	event, err := parsePosition(text(reply[3]))
	if err != nil {
		return nil, 0, corrupt("checkpoint", err)
	}
	if !r.provenAs(text(reply[4])) {
		return nil, 0, errUnproven
	}
	r.seen(at, event)
	data, _ := reply[2].([]any)
	return data, at, nil
}

// notServing says that no generation serves. why is the reason for which the last one
// was withdrawn, or "".
func notServing(why, how string) *domain.Error {
	if reason(why) == reasonLogReplaced {
		return domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
			"the log is not the one that the read model was filled from; the model %s; ask again in a moment", how)
	}
	return domain.Refuse(domain.Unavailable, domain.CodeModelNotReady, "the read model %s; ask again in a moment", how)
}

func heldBack() *domain.Error {
	return domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
		"an event of this record could not be applied to the read model, so the record is held back; "+
			"the operator of the registry finds the event with tizilim quarantine list")
}

func howFar(position, target string) string {
	if target == "0" || target == "" {
		return "which has been read up to position " + position
	}
	return "which has been read up to position " + position + " of " + target
}

// unreachable is what a caller is told when Redis does not answer. The cause
// stays in the chain for the log.
func unreachable(ctx context.Context, cause error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
		"the read model cannot be reached; ask again in a moment"), cause)
}

// corruptError is a value in Redis that this package did not write. It is told as
// [domain.CodeModelNotReady]; [Watch.Confirm] has the model filled anew.
type corruptError struct {
	what  string
	cause error
}

func (e *corruptError) Error() string {
	return fmt.Sprintf("the read model holds an unreadable %s: %v", e.what, e.cause)
}

func (e *corruptError) Unwrap() error {
	return domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
		"the read model has lost a part of this record and is built from the log anew; ask again in a moment")
}

func corrupt(what string, err error) error { return &corruptError{what, err} }

// record is the reply of HGETALL.
type record map[string]string

func asRecord(reply any) record {
	flat, _ := reply.([]any)
	rec := make(record, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		rec[text(flat[i])] = text(flat[i+1])
	}
	return rec
}

func (rec record) has(field string) bool { _, ok := rec[field]; return ok }

// number reads a whole number that the record must have.
func (rec record) number(field string) (uint64, error) {
	n, err := strconv.ParseUint(rec[field], 10, 64)
	if err != nil {
		return 0, corrupt(field, err)
	}
	return n, nil
}

// times reads the instants of the fields that the record has.
func (rec record) times(into map[string]*time.Time) (err error) {
	for field, at := range into {
		if !rec.has(field) {
			continue
		}
		if *at, err = time.Parse(time.RFC3339Nano, rec[field]); err != nil {
			return corrupt(field, err)
		}
	}
	return nil
}

// decode reads the JSON of the fields that the record has.
func (rec record) decode(into map[string]any) error {
	for field, value := range into {
		if !rec.has(field) {
			continue
		}
		if err := json.Unmarshal([]byte(rec[field]), value); err != nil {
			return corrupt(field, err)
		}
	}
	return nil
}

func asTexts(reply any) []string {
	list, _ := reply.([]any)
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = text(v)
	}
	return texts
}

func asInt(reply any) int {
	n, _ := reply.(int64)
	return int(n)
}
