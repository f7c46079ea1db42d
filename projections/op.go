package projections

import (
	"encoding/json"
	"strconv"

	"tizilim/domain"
)

// op is one write to a generation. The set of verbs is closed: the batch script
// executes them in Redis (batch.go), fold executes them in memory (fold.go).
// Each is idempotent, and so is every sequence of them that is repeated from
// its beginning.
type op struct {
	verb verb
	key  string // relative to the generation
	args []string
}

// verb is the Redis command that an op stands for, but for opStep, opPoint
// and opClaim.
type verb string

const (
	opSet    verb = "HSET"           // field, value, field, value ...
	opUnset  verb = "HDEL"           // field ...
	opJoin   verb = "SADD"           // member ...
	opRank   verb = "ZADD"           // score, member
	opUnrank verb = "ZREM"           // member
	opCut    verb = "ZREMRANGEBYLEX" // "[from", "+"
	opStep   verb = "STEP"           // from, to, change: see queues.go
	opPoint  verb = "POINT"          // member: ranks it, score 0, in every zset that the set key names
	opClaim  verb = "CLAIM"          // digest, milliseconds; key relative to the root, outside generations
)

func set(key string, fieldsAndValues ...string) op { return op{opSet, key, fieldsAndValues} }
func unset(key string, fields ...string) op        { return op{opUnset, key, fields} }
func join(key string, members ...string) op        { return op{opJoin, key, members} }
func rank(key, member string) op                   { return op{opRank, key, []string{"0", member}} }
func unrank(key, member string) op                 { return op{opUnrank, key, []string{member}} }
func rankAt(key string, ms int64, member string) op {
	return op{opRank, key, []string{strconv.FormatInt(ms, 10), member}}
}
func cut(key, from string) op { return op{opCut, key, []string{"[" + from, "+"}} }
func step(key, from, to, change string) op {
	return op{opStep, key, []string{from, to, change}}
}
func point(parties, member string) op { return op{opPoint, parties, []string{member}} }

// projection turns an event into the writes of one model. It is pure: neither
// reads nor clock, so that the projector, verify and a test get the same.
type projection func(rec domain.Recorded) []op

var models = []projection{revisions, persons, dwellings, cases, queues, histories, acts, agenda, issued, accounts, notices}

// project returns the writes of all models.
func project(rec domain.Recorded) []op {
	var ops []op
	for _, model := range models {
		ops = append(ops, model(rec)...)
	}
	return ops
}

// stored is the text of a value that a model keeps whole.
func stored(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this package come here, all of which can be marshalled
	}
	return string(text)
}
