package clock_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/eventstore/clock"
)

const bound = 5 * time.Second

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// machine has a clock that somebody sets, and time that passes.
type machine struct {
	passed time.Duration
	set    time.Duration // what was added to its clock
}

func (m *machine) wall() time.Time        { return start.Add(m.passed + m.set) }
func (m *machine) elapsed() time.Duration { return m.passed }
func (m *machine) clock() *clock.Clock {
	return clock.New(clock.Config{Bound: bound, Wall: m.wall, Elapsed: m.elapsed})
}

// server is a log with a clock of its own.
type server struct {
	*machine // by whose time it goes
	ahead    time.Duration
	away     bool
	slow     time.Duration // that an answer takes
	asked    int
}

func (s *server) Clock(context.Context) (time.Time, error) {
	s.asked++
	s.passed += s.slow
	if s.away {
		return time.Time{}, errors.New("away")
	}
	return start.Add(s.passed + s.ahead), nil
}

func agrees(t *testing.T, k *clock.Clock) {
	t.Helper()
	if err := k.Check(context.Background()); err != nil || k.Disagreement() != nil {
		t.Fatalf("the clock is refused: %v, %v", err, k.Disagreement())
	}
}

func disagrees(t *testing.T, k *clock.Clock, with string) {
	t.Helper()
	err := k.Check(context.Background())
	if domain.CodeOf(err) != domain.CodeClockDisagrees {
		t.Fatalf("Check returned %v", err)
	}
	if why := k.Disagreement(); why == nil || !strings.Contains(why.Error(), with) {
		t.Fatalf("it disagrees because %v, want %q", why, with)
	}
}

func TestAClockThatJumpsIsRefusedUntilItIsBackAndShowsTheTimeThatHasPassed(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a day ahead": 24 * time.Hour, "an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			m := &machine{}
			k := m.clock()
			agrees(t, k)
			m.passed, m.set = time.Minute, jump
			disagrees(t, k, "the time that has passed")
			if got := k.Now(); !got.Equal(start.Add(time.Minute)) {
				t.Errorf("it shows %s", got)
			}
			m.passed, m.set = 70*time.Second, 0
			agrees(t, k)
		})
	}
}

// TestAClockThatIsMovedForwardAgrees with the time that passes, before and after.
func TestAClockThatIsMovedForwardAgrees(t *testing.T) {
	m := &machine{}
	k := m.clock()
	agrees(t, k)
	for i, by := range []time.Duration{0, time.Hour, 365 * 24 * time.Hour} {
		before := k.Now()
		k.Forward(by)
		m.passed += time.Minute
		if got := k.Now().Sub(before); got != by+time.Minute {
			t.Errorf("step %d: it went forward by %s", i, got)
		}
		agrees(t, k)
	}
	m.set = time.Hour // and a jump of the machine is one as ever
	disagrees(t, k, "the time that has passed")
}

func TestAClockThatWasCorrectedIsUsedOnceTheLogsClockAgrees(t *testing.T) {
	m := &machine{}
	k := m.clock()
	s := &server{machine: m}
	k.Follow(s)
	agrees(t, k)
	s.ahead = time.Hour // both clocks were an hour slow; first that of the server is set
	m.passed = 2 * time.Minute
	disagrees(t, k, "behind the clock of the event store")
	m.set = time.Hour
	m.passed += 3 * time.Second
	agrees(t, k)
}

func TestAClockThatIsWrongFromTheStartIsSeenByTheLogsClock(t *testing.T) {
	m := &machine{set: -time.Hour}
	k := m.clock()
	k.Follow(&server{machine: m})
	disagrees(t, k, "behind the clock of the event store")
	if off := k.Now().Sub(start).Abs(); off > clock.ReadingAge {
		t.Errorf("it is off by %s although the log told the time", off)
	}
}

func TestTheLogIsAskedOnceAMinuteAndMoreOftenWhileSomethingIsWrong(t *testing.T) {
	m := &machine{}
	s := &server{machine: m}
	k := m.clock()
	k.Follow(s)
	for ; m.passed < 59*time.Second; m.passed += 100 * time.Millisecond {
		agrees(t, k)
	}
	if s.asked != 1 {
		t.Errorf("asked %d times within a minute", s.asked)
	}
	s.away = true
	m.passed = 61 * time.Second
	agrees(t, k)
	m.passed += time.Second
	agrees(t, k) // the last answer holds on
	if s.asked != 2 {
		t.Errorf("asked %d times within a second after it did not answer", s.asked-1)
	}
	m.set, m.passed = 24*time.Hour, 24*time.Hour
	disagrees(t, k, "ahead of the clock of the event store")
	s.away = false
	m.passed += 3 * time.Second
	m.set = 0
	agrees(t, k)
}

func TestALogThatDidNotAnswerIsAskedAgainAfterTwoSeconds(t *testing.T) {
	m := &machine{}
	s := &server{machine: m, away: true}
	k := m.clock()
	k.Follow(s)
	agrees(t, k)
	m.passed = 2 * time.Second
	agrees(t, k)
	if s.asked != 2 {
		t.Errorf("asked %d times within two seconds", s.asked)
	}
}

func TestTheLogIsAskedAnewOnceTheClocksDisagree(t *testing.T) {
	m := &machine{}
	s := &server{machine: m}
	k := m.clock()
	k.Follow(s)
	agrees(t, k)
	m.passed, m.set = 3*time.Second, time.Hour
	disagrees(t, k, "ahead of the clock of the event store")
	if s.asked != 2 {
		t.Errorf("asked %d times", s.asked)
	}
}

func TestAnAnswerThatTookTooLongTellsNothing(t *testing.T) {
	m := &machine{}
	s := &server{machine: m, slow: time.Minute} // the process was frozen meanwhile
	k := m.clock()
	k.Follow(s)
	agrees(t, k)
	s.slow, m.set = 0, 20*time.Second // within half a minute
	m.passed += 3 * time.Second
	disagrees(t, k, "the event store")
}

func TestAClockBeforeTheLastEventOfTheLogIsRefused(t *testing.T) {
	m := &machine{}
	k := m.clock()
	k.Known(start.Add(time.Hour))
	disagrees(t, k, "behind the last event of the log")
	m.passed = time.Hour - bound
	agrees(t, k)
}

func TestTheLogsOwnClockDecidesAboutAnEventFromTheFuture(t *testing.T) {
	m := &machine{}
	k := m.clock()
	k.Known(start.Add(time.Hour)) // by a leader whose clock was ahead
	k.Follow(&server{machine: m})
	agrees(t, k)
}

func TestSmallStepsAddUpToNoJump(t *testing.T) {
	m := &machine{}
	k := m.clock()
	for range 100 {
		m.passed += 2 * time.Minute
		m.set += 3 * time.Second
		agrees(t, k)
	}
}

func TestADisagreementIsLoggedOnceAndItsEndOnce(t *testing.T) {
	m := &machine{}
	var text strings.Builder
	k := clock.New(clock.Config{
		Bound: bound, Wall: m.wall, Elapsed: m.elapsed, Logger: slog.New(slog.NewTextHandler(&text, nil)),
	})
	for _, set := range []time.Duration{0, time.Hour, 2 * time.Hour, 0, 0} {
		m.set = set
		_ = k.Check(context.Background())
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "commands are refused") || !strings.Contains(lines[1], "agree again") {
		t.Errorf("logged:\n%s", text.String())
	}
}

func TestWhateverIsSetTheTimeStaysNearToWhatHasPassed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{}
		k := m.clock()
		jumps := rapid.SliceOfN(rapid.Int64Range(-int64(48*time.Hour), int64(48*time.Hour)), 1, 20).Draw(t, "jumps")
		var before time.Time
		for _, jump := range jumps {
			m.passed += time.Second // so that no step is taken over
			m.set = time.Duration(jump)
			now := k.Now()
			if now.Before(before.Add(-bound)) {
				t.Fatalf("it showed %s after %s", now, before)
			}
			before = now
			right := start.Add(m.passed)
			if off := now.Sub(right).Abs(); off > bound {
				t.Fatalf("it is off by %s", off)
			}
			if k.Check(context.Background()) == nil && m.set.Abs() > bound {
				t.Fatalf("it is relied on although it was set by %s", m.set)
			}
		}
	})
}
