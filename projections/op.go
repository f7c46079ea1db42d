package projections

import (
	"encoding/json"
	"strconv"

	"tizilim/domain"
)

// op is one write to a generation.
type op struct {
	verb verb
	key  string // relative to the generation
	args []string
}

// The functions below make one op for each verb that a model uses; verbs.go says what
// each verb does. set and unset are of a hash, join and leave of a set, rank, rankAt
// (ms is the score), unrank, cut and stair of a sorted set. point and pointHolder add
// the member to histories. file keeps a case in the work lists.

func set(key string, fieldsAndValues ...string) op { return op{opSet, key, fieldsAndValues} }
func unset(key string, fields ...string) op        { return op{opUnset, key, fields} }
func join(key string, members ...string) op        { return op{opJoin, key, members} }
func leave(key string, members ...string) op       { return op{opLeave, key, members} }
func rank(key, member string) op                   { return op{opRank, key, []string{"0", member}} }
func unrank(key, member string) op                 { return op{opUnrank, key, []string{member}} }
func rankAt(key string, ms int64, member string) op {
	return op{opRank, key, []string{strconv.FormatInt(ms, 10), member}}
}
func cut(key, from string) op { return op{opCut, key, []string{from}} }
func stair(key, from, to, change string) op {
	return op{opStair, key, []string{from, to, change}}
}
func point(parties, member string) op     { return op{opPoint, parties, []string{member}} }
func file(work string) op                 { return op{opFile, work, nil} }
func pointHolder(entry, member string) op { return op{opPointHolder, entry, []string{member}} }

// projection turns an event into the writes of one model. It is pure: neither
// reads nor clock, so that the projector, verify and a test get the same.
type projection func(rec domain.Recorded) []op

// models are all read models, by the names under which their golden files show
// them.
var models = []struct {
	name    string
	project projection
}{
	{"revisions", revisions},
	{"persons", persons},
	{"names", names},
	{"dwellings", dwellings},
	{"addresses", addresses},
	{"stock", stock},
	{"cases", cases},
	{"lists", lists},
	{"entries", entries},
	{"histories", histories},
	{"acts", acts},
	{"tasks", tasks},
	{"duties", dutyList},
	{"certificates", issued},
	{"accounts", accounts},
	{"notices", notices},
	{"circulars", circulars},
	{"erasures", erasures},
	{"naming", naming},
	{"accesses", accesses},
	{"actors", actors},
	{"facts", toldFacts},
}

// project returns the writes of all models.
func project(rec domain.Recorded) []op {
	var ops []op
	for _, model := range models {
		ops = append(ops, model.project(rec)...)
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
