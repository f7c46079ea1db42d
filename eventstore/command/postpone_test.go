package command

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// toDo is a list of things to do, and what was asked of it.
type toDo struct {
	things []int
	asked  []int // the limit of each page
}

func (l *toDo) page(skip, limit int) ([]int, error) {
	l.asked = append(l.asked, limit)
	from := min(skip, len(l.things))
	return slices.Clone(l.things[from:min(from+limit, len(l.things))]), nil
}

func listOf(n int) *toDo {
	l := &toDo{}
	for i := range n {
		l.things = append(l.things, i)
	}
	return l
}

var (
	errStuck = errors.New("stuck")
	noon     = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
)

// fails has the thing fail so often, at the instant.
func fails(p *postponed[int], thing, times int, at time.Time) {
	for range times {
		p.tried(thing, at, errStuck)
	}
}

func demandTurn(t *testing.T, p *postponed[int], l *toDo, at time.Time, most int, want ...int) {
	t.Helper()
	got, err := p.turn(at, most, l.page)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("it is the turn of %v, %v, want %v", got, err, want)
	}
}

func TestWhatFailedComesLastAndNotBeforeItsPauseIsOver(t *testing.T) {
	for _, c := range []struct {
		failures int
		pause    time.Duration
	}{
		{1, 0}, {2, 2 * time.Second}, {3, 4 * time.Second}, {6, 32 * time.Second}, {7, time.Minute}, {8, time.Minute},
		{100, time.Minute}, // 2^98 seconds are more than a time can tell
	} {
		t.Run(fmt.Sprint(c.failures, " times"), func(t *testing.T) {
			var p postponed[int]
			l := listOf(3)
			fails(&p, 0, c.failures, noon)
			if c.pause > 0 {
				demandTurn(t, &p, l, noon.Add(c.pause-1), 4, 1, 2)
			}
			demandTurn(t, &p, l, noon.Add(c.pause), 4, 1, 2, 0)
		})
	}
}

func TestWhatFailedTakesAQuarterOfATurnAtMost(t *testing.T) {
	var p postponed[int]
	l := listOf(10)
	for thing := range 6 {
		fails(&p, thing, 1, noon)
	}
	demandTurn(t, &p, l, noon, 8, 6, 7, 8, 9, 0, 1)
}

func TestAThingThatWasDoneHasNotFailedAnyMore(t *testing.T) {
	var p postponed[int]
	fails(&p, 0, 5, noon)
	p.tried(0, noon, nil)
	fails(&p, 0, 1, noon) // the first time in a row
	demandTurn(t, &p, listOf(2), noon, 4, 1, 0)
}

func TestAThingThatLeftTheListIsForgotten(t *testing.T) {
	var p postponed[int]
	l := listOf(2)
	fails(&p, 0, 5, noon)
	l.things = []int{1}
	demandTurn(t, &p, l, noon, 4, 1)
	l.things = []int{0, 1} // the same thing is to be done again
	demandTurn(t, &p, l, noon, 4, 0, 1)
}

func TestHoweverManyHaveFailedTheOthersAreFoundInFewPagesThatAreBounded(t *testing.T) {
	for _, c := range []struct{ failed, pages int }{{100, 1}, {2500, 3}} {
		var p postponed[int]
		l := listOf(c.failed + 2)
		for thing := range c.failed {
			fails(&p, thing, 2, noon)
		}
		demandTurn(t, &p, l, noon, 2, c.failed, c.failed+1)
		if len(l.asked) != c.pages || slices.Max(l.asked) > longestLook {
			t.Errorf("after %d failures pages of %v things were asked for, want %d", c.failed, l.asked, c.pages)
		}
	}
}
