package main

import (
	"math/rand/v2"
	"time"
)

// fault is one entry of a schedule.
type fault struct {
	kind   kind
	target int           // which of the kind's targets
	wait   time.Duration // since the fault before was mended
	lasts  time.Duration // until it is mended
	draw   uint64        // for what else the fault needs to choose
}

// Pauses between two faults of one hand: short enough that the next fault meets what the one
// before has left, long enough that some commands get through.
const (
	shortestWait = 50 * time.Millisecond
	longestWait  = 400 * time.Millisecond
)

// hand makes one fault after the other. Its schedule follows from the seed, its number and
// the kinds alone.
type hand struct {
	random *rand.Rand
	kinds  []kind
	weight int // of all kinds
}

func newHand(seed, number uint64, kinds []kind) *hand {
	h := &hand{random: rand.New(rand.NewPCG(seed, number)), kinds: kinds}
	for _, k := range kinds {
		h.weight += k.weight
	}
	return h
}

// next draws the next fault. There must be a kind.
func (h *hand) next() fault {
	f := fault{wait: h.between(shortestWait, longestWait)}
	n := h.random.IntN(h.weight)
	for _, f.kind = range h.kinds {
		if n -= f.kind.weight; n < 0 {
			break
		}
	}
	f.target = h.random.IntN(f.kind.targets)
	f.lasts = h.between(f.kind.shortest, f.kind.longest)
	f.draw = h.random.Uint64()
	return f
}

func (h *hand) between(least, most time.Duration) time.Duration {
	if most <= least {
		return least
	}
	return least + time.Duration(h.random.Int64N(int64(most-least)))
}
