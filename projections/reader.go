package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// maxPage bounds every list that is read in pages.
const maxPage = 1000

// Reader answers from the serving generation. Every method is one round trip to
// Redis, and safe for concurrent use.
//
// Errors of every method, all [domain.Unavailable] with
// [domain.CodeModelNotReady]: no generation serves yet, Redis does not answer,
// or the record is held back by an event in quarantine. A thing that does not
// exist is [domain.NotFound], and only ever said from a generation that serves;
// that may be a moment behind the log: see [Watch.CatchUp].
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
	_, at, err := r.read(ctx, positionQuery, "")
	return at, err
}

func pageSize(limit int) int { return min(max(limit, 1), maxPage) }

// query is one read: a script that finds the serving generation, its checkpoint
// and the data in one step, so that an answer can neither mix two generations
// nor take a missing model for a missing record.
//
//	KEYS  1 serving · 2 building
//	ARGV  1 prefix of generations · 2 schema · 3 stream that must not be held
//	      back, or "" · 4… arguments of the body
//
// The body sees g, the prefix of the generation, and returns a table.
func query(body string) *redis.Script {
	return redis.NewScript(`
local function not_ready()
  local n = redis.call('GET', KEYS[2])
  if not n then return {'absent'} end
  local at = redis.call('HMGET', ARGV[1] .. n .. ':checkpoint', 'position', 'target')
  return {'building', at[1] or '0', at[2] or '0'}
end
local n = redis.call('GET', KEYS[1])
if not n then return not_ready() end
local g = ARGV[1] .. n .. ':'
local at = redis.call('HMGET', g .. 'checkpoint', 'position', 'schema')
if not at[1] or at[2] ~= ARGV[2] then return not_ready() end
if ARGV[3] ~= '' and redis.call('SISMEMBER', g .. 'held', ARGV[3]) == 1 then return {'held', at[1]} end
local function body()
` + body + `
end
return {'ready', at[1], body()}
`)
}

// read runs q. The errors are those that every read shares.
func (r *Reader) read(
	ctx context.Context, q *redis.Script, stream string, args ...any,
) ([]any, domain.Position, error) {
	argv := append([]any{r.keys.generations(), schema(), stream}, args...)
	reply, err := q.Run(ctx, r.client, []string{r.keys.serving(), r.keys.building()}, argv...).Slice()
	if err != nil {
		return nil, 0, unreachable(ctx, err)
	}
	switch text(reply[0]) {
	case "absent":
		return nil, 0, domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
			"the read model is absent and is about to be built from the log; ask again in a moment")
	case "building":
		return nil, 0, domain.Refuse(domain.Unavailable, domain.CodeModelNotReady,
			"the read model is being built from the log, %s; ask again in a moment", howFar(text(reply[1]), text(reply[2])))
	case "held":
		return nil, 0, heldBack()
	}
	at, err := parsePosition(text(reply[1]))
	if err != nil {
		return nil, 0, corrupt("checkpoint", err)
	}
	data, _ := reply[2].([]any)
	return data, at, nil
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

// corrupt is a value in Redis that this package did not write.
func corrupt(what string, err error) error {
	return fmt.Errorf("the read model holds an unreadable %s: %w; rebuild it", what, err)
}

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
