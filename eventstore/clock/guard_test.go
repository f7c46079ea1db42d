package clock_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tizilim/eventstore/clock"
)

func TestStepsWithinAMinuteAddUpToAJump(t *testing.T) {
	m := &machine{}
	k := m.clock()
	for range 2 {
		m.passed += 10 * time.Second
		m.set += 4 * time.Second // each is less than the bound
		if m.set < bound {
			agrees(t, k)
		}
	}
	disagrees(t, k, "the time that has passed")
}

// An answer of the log may be as old as its way and its age. Clocks that differ by less than the
// bound agree wherever in that time the answer was made.
func TestTheAgeOfAnAnswerOfTheLogDoesNotCountAsADifference(t *testing.T) {
	const way = time.Second
	for name, c := range map[string]struct{ old, set time.Duration }{
		"a new answer, and a clock that is behind": {0, -(bound - time.Second)},
		"an old answer, and a clock that is ahead": {way + clock.ReadingAge, bound - time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			m := &machine{set: c.set}
			k := m.clock()
			k.Follow(&server{machine: m, slow: way, ahead: -c.old})
			agrees(t, k)
		})
	}
}

func TestTheTimeStandsStillUntilAClockThatWasSetBackALittleHasCaughtUp(t *testing.T) {
	m := &machine{}
	k := m.clock()
	before := k.Now()
	m.passed, m.set = time.Second, -3*time.Second
	if got := k.Now(); !got.Equal(before) {
		t.Errorf("it showed %s after %s", got, before)
	}
	m.passed = 4 * time.Second
	if got := k.Now(); !got.After(before) {
		t.Errorf("it still shows %s", got)
	}
}

func TestTheTimeGoesBackWhereTheLogsClockAndThisOneWereCorrected(t *testing.T) {
	m := &machine{set: time.Hour}
	k := m.clock()
	s := &server{machine: m, ahead: time.Hour}
	k.Follow(s)
	agrees(t, k)
	k.Now()
	s.ahead, m.set = 0, 0
	m.passed = 2 * time.Minute
	agrees(t, k)
	if got, want := k.Now(), start.Add(m.passed); !got.Equal(want) {
		t.Errorf("it shows %s, want %s", got, want)
	}
}

func TestAnEarlierEventDoesNotMakeALaterOneForgotten(t *testing.T) {
	m := &machine{}
	k := m.clock()
	k.Known(start.Add(time.Hour))
	k.Known(start)
	disagrees(t, k, "behind the last event of the log")
}

// A time with a monotonic part is compared by that part, which does not change when the clock
// of the machine is set.
func TestTheClockOfTheMachineIsComparedByWhatItShows(t *testing.T) {
	k := clock.New(clock.Config{Bound: bound})
	if now := k.Now(); now != now.Round(0) {
		t.Errorf("%v has a monotonic part", now)
	}
}

// silent is a log that answers only when its caller gives up.
type silent struct{ asked atomic.Int64 }

func (s *silent) Clock(ctx context.Context) (time.Time, error) {
	s.asked.Add(1)
	<-ctx.Done()
	return time.Time{}, ctx.Err()
}

func TestASilentLogHoldsAllWhoAskUpForTwoSecondsAndIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, log := clock.New(clock.Config{Bound: bound}), &silent{}
		k.Follow(log)
		begun := time.Now()
		for range 10 {
			go func() { _ = k.Check(context.Background()) }()
		}
		synctest.Wait()
		agrees(t, k)
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("it took %s", took)
		}
		synctest.Wait()
		if n := log.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestWhoGivesUpWaitsNoLongerAndEndsNoQuestionOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, log := clock.New(clock.Config{Bound: bound}), &silent{}
		k.Follow(log)
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		others := make(chan time.Duration, 1)
		go func() {
			synctest.Wait() // until the question of the first one is under way
			_ = k.Check(context.Background())
			others <- time.Since(begun)
		}()
		_ = k.Check(ctx)
		if took := time.Since(begun); took != time.Second {
			t.Errorf("who gives up after a second waited %s", took)
		}
		if took := <-others; took != 2*time.Second {
			t.Errorf("the question of the others took %s", took)
		}
	})
}

func TestADisagreementIsLoggedAlthoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		var set atomic.Int64
		k := clock.New(clock.Config{
			Bound: bound, Logger: slog.New(slog.NewTextHandler(&text, nil)),
			Wall:    func() time.Time { return time.Now().Add(time.Duration(set.Load())) },
			Elapsed: func() time.Duration { return time.Duration(time.Now().UnixNano()) },
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); k.Run(ctx) }()
		synctest.Wait()
		set.Store(int64(time.Hour))
		time.Sleep(time.Second)
		synctest.Wait()
		cancel()
		<-ended
		if !strings.Contains(text.String(), "commands are refused") {
			t.Errorf("logged: %q", text.String())
		}
	})
}
