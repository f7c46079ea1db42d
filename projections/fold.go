package projections

import (
	"github.com/tidwall/btree"

	"tizilim/domain"
)

// fold is a generation in memory: it executes ops as Redis does. [Verify]
// compares it with a generation in Redis.
type fold struct {
	intake intake
	at     domain.Position // everything up to here has been applied
	events uint64
	values map[string]*value // by key, relative to the generation
}

// value is one key. Fields of a hash have their value; members of a set have
// "", those of a zset their score.
type value struct {
	kind    string // as the Redis command TYPE names it
	members btree.Map[string, string]
}

// between returns the members in [from, to); to "" is behind all of them.
func (v *value) between(from, to string) (members []string) {
	v.members.Ascend(from, func(member, _ string) bool {
		if to != "" && member >= to {
			return false
		}
		members = append(members, member)
		return true
	})
	return members
}

func newFold() *fold { return &fold{values: make(map[string]*value)} }

func (f *fold) apply(d domain.Delivery) {
	if d.Position <= f.at {
		return
	}
	f.at = d.Position
	if d.Recorded == nil {
		return
	}
	f.events++
	for _, o := range f.intake.ops(d) {
		f.execute(o)
	}
}

func (f *fold) execute(o op) { verbs[o.verb].fold(f, o.key, o.args) }

func (f *fold) value(key, kind string) *value {
	v, ok := f.values[key]
	if !ok {
		v = &value{kind: kind}
		f.values[key] = v
	}
	return v
}

// remove takes members out; a key without members does not exist.
func (f *fold) remove(key string, members ...string) {
	v, ok := f.values[key]
	if !ok {
		return
	}
	for _, member := range members {
		v.members.Delete(member)
	}
	if v.members.Len() == 0 {
		delete(f.values, key)
	}
}
