package projections

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// A batch whose script failed on its way is applied again from its beginning.
// The staircase must then be the same, member by member, wherever it stopped.
func TestAStaircaseIsTheSameAfterARepetition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		place := func(n int) string {
			return seniorityKey(housing.Seniority{At: day.Start(), Position: domain.Position(n)})
		}
		change := func(i int) []op {
			c := fmt.Sprintf("change|%d", i)
			a := rapid.IntRange(1, 6).Draw(rt, "a")
			if rapid.Bool().Draw(rt, "reaches all") {
				return []op{cut("c", place(a)), rank("c", place(a)+"|"+c)}
			}
			return []op{stair("c", place(a), place(a+rapid.IntRange(0, 3).Draw(rt, "width"))+behind, c)}
		}
		f := newFold()
		run := func(ops []op) {
			for _, o := range ops {
				f.execute(o)
			}
		}
		members := func() string { return fmt.Sprint(f.value("c", "zset").members.Keys()) }
		run([]op{cut("c", place(0)), rank("c", place(0)+"|first")}) // a list begins with a placement
		for i := range rapid.IntRange(0, 5).Draw(rt, "before") {
			run(change(i))
		}
		var batch []op
		for i := range rapid.IntRange(1, 6).Draw(rt, "batch") {
			batch = append(batch, change(100+i)...)
		}
		start := newFold()
		for _, m := range f.value("c", "zset").members.Keys() {
			start.execute(rank("c", m))
		}
		run(batch)
		want := members()
		f = start
		run(batch[:rapid.IntRange(0, len(batch)).Draw(rt, "stopped after")])
		run(batch)
		if got := members(); got != want {
			rt.Fatalf("once: %s\nagain: %s", want, got)
		}
	})
}
