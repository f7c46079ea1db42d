package projections

import (
	"strings"

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

func (f *fold) execute(o op) {
	switch o.verb {
	case opSet:
		v := f.value(o.key, "hash")
		for i := 0; i < len(o.args); i += 2 {
			v.members.Set(o.args[i], o.args[i+1])
		}
	case opJoin:
		v := f.value(o.key, "set")
		for _, member := range o.args {
			v.members.Set(member, "")
		}
	case opRank:
		f.value(o.key, "zset").members.Set(o.args[1], o.args[0])
	case opUnset, opUnrank:
		f.remove(o.key, o.args...)
	case opCut:
		var gone []string
		if v, ok := f.values[o.key]; ok {
			v.members.Ascend(o.args[0][1:], func(member, _ string) bool {
				gone = append(gone, member)
				return true
			})
		}
		f.remove(o.key, gone...)
	case opStep:
		f.step(o.key, o.args[0], o.args[1], o.args[2])
	case opPoint:
		if parties, ok := f.values[o.key]; ok {
			for _, zset := range parties.members.Keys() {
				f.value(zset, "zset").members.Set(o.args[0], "0")
			}
		}
	}
}

// step gives the places in [from, to) of a staircase the change, and those
// behind the one that they had.
func (f *fold) step(key, from, to, change string) {
	steps := f.value(key, "zset")
	var held string
	steps.members.Descend(to+"|~", func(member, _ string) bool {
		held = member
		return false
	})
	var gone []string
	steps.members.Ascend(from, func(member, _ string) bool {
		if member >= to {
			return false
		}
		gone = append(gone, member)
		return true
	})
	for _, member := range gone {
		steps.members.Delete(member)
	}
	if place, rest, ok := strings.Cut(held, "|"); ok && place != to {
		steps.members.Set(to+"|"+rest, "0")
	}
	steps.members.Set(from+"|"+change, "0")
}

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
