package projections

import (
	"fmt"
	"strconv"
	"strings"

	"tizilim/domain"
)

// keyspace is the prefix of every key of one registry: a Redis Cluster hash tag,
// so that all of them lie in one slot and one script can change them together.
type keyspace struct{ root string }

// serving is the number of the generation that answers, previous that of the one
// before until the serving one is proven, building that of the one that is filled.
func (k keyspace) serving() string  { return k.root + "serving" }
func (k keyspace) previous() string { return k.root + "previous" }
func (k keyspace) building() string { return k.root + "building" }

// withdrawn says why no generation serves, damage how often which key was lost.
func (k keyspace) withdrawn() string { return k.root + "withdrawn" }
func (k keyspace) damage() string    { return k.root + "damage" }

// probe is written to see whether Redis takes writes.
func (k keyspace) probe() string { return k.root + "probe" }

func (k keyspace) counter() string { return k.root + "generations" }
func (k keyspace) moved() string   { return k.root + "moved" } // channel: the serving model has reached a position

// request is what an operator asks of the active projector about the quarantine.
func (k keyspace) request() string { return k.root + "quarantine:request" }
func (k keyspace) answer(id string) string {
	return k.root + "quarantine:answer:" + id
}

func (k keyspace) lease(role string) string { return k.root + "lease:" + role }
func (k keyspace) fence(role string) string { return k.root + "fence:" + role }

func (k keyspace) generations() string { return k.root + "g" }
func (k keyspace) generation(n uint64) string {
	return k.generations() + strconv.FormatUint(n, 10) + ":"
}

// numberOf returns the generation of a key.
func (k keyspace) numberOf(key string) (n uint64, ok bool) {
	number, _, _ := strings.Cut(strings.TrimPrefix(key, k.generations()), ":")
	n, err := strconv.ParseUint(number, 10, 64)
	return n, err == nil
}

func (k keyspace) checkpoint(n uint64) string       { return k.generation(n) + checkpointKey }
func (k keyspace) claim(id domain.CommandID) string { return k.root + claimKey(id) }

// limit is a bucket. The library that counts puts "rate:" before it; the hash tag stays.
func (k keyspace) limit(key string) string { return k.root + "limit:" + key }

// draft is what a citizen has written of a form.
func (k keyspace) draft(of domain.PersonID, form string) string {
	return k.root + "draft:" + of.String() + ":" + form
}

// claimKey is relative to the root: claims belong to no generation.
func claimKey(id domain.CommandID) string { return "claim:" + id.String() }

// Keys of a generation, relative to its prefix. The record of a stream has the
// stream's own name.
const (
	checkpointKey = "checkpoint" // hash: position, event, last, caught_up, schema, target, origin, held_from, mended, keys, freed
	quarantineKey = "quarantine" // hash: stream@revision -> quarantined
	heldKey       = "held"       // set: streams with an event in quarantine
	releasedKey   = "released"   // hash: stream@revision -> quarantined, of events that were skipped
)

// Fields of the checkpoint that are about the quarantine.
const (
	heldFromField = "held_from" // position behind which lies every event in quarantine; absent where there is none
	mendedField   = "mended"    // another text after every change of the quarantine by an operator
)

// hexPosition sorts as positions do.
func hexPosition(p domain.Position) string { return fmt.Sprintf("%016x", uint64(p)) }

// eventRef names an event: stream@revision.
func eventRef(stream string, revision uint64) string {
	return domain.EventRef{Stream: stream, Revision: revision}.String()
}
