package command_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/rules/rulestest"
	"tizilim/eventstore/command"
)

var worse = domain.Task{Kind: domain.TaskWorse, Stream: list.Stream(), Item: domaintest.Today().String()}

func waits(i int) domain.PersonID { return domaintest.ID[domain.PersonID](fmt.Sprint("waits ", i)) }

// record appends events to the stream of the list, as of the instant.
func record(t *testing.T, l *memoryLog, events ...domain.Event) {
	t.Helper()
	if _, err := l.Append(ctx, list.Stream(), lastOf(l, list.Stream()), newEvents(events...)); err != nil {
		t.Fatal(err)
	}
}

// prioritised is the event that puts the further entry of [waiting] first.
func prioritised(i int, overtakes int) housing.EntryPrioritised {
	from := housing.Seniority{At: clock().Add(time.Duration(i) * time.Second), Position: domain.Position(1000 + i)}
	to := from
	to.Priority = true
	return housing.EntryPrioritised{
		ListID: list, EntryID: domaintest.ID[domain.EntryID](fmt.Sprint("entry ", i)), PersonID: waits(i),
		From: from, Seniority: to, Overtakes: overtakes, PrioritisedAt: clock(),
	}
}

// overtaken is a world with a list on which some waited before today, and today two were put before
// them, one of those after another.
func overtaken(t *testing.T, further int) (*memoryLog, circularBook) {
	t.Helper()
	l, b, _ := waiting(t, further)
	l.backdate(list.Stream(), clock().AddDate(0, 0, -1))
	record(t, l, prioritised(further-2, further-1), prioritised(further-1, further-1))
	return l, b
}

// backdate lets all events of the stream be of an instant.
func (l *memoryLog) backdate(stream string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.all {
		if l.all[i].Stream == stream {
			l.all[i].Created = at
		}
	}
	for i := range l.streams[stream] {
		l.streams[stream][i].Created = at
	}
}

// tellWorse has the task done on the next day by the handler, and the circular go to everybody.
func tellWorse(t *testing.T, l *memoryLog, b command.CircularBook, with ...func(*command.Config)) {
	t.Helper()
	with = append(with, withClock(nextDay))
	h := newHandler(l, with...)
	command.NewTimer(h, taskList{worse}, slog.New(slog.DiscardHandler)).Once(ctx)
	d, _ := directory(t, l)
	for f := command.NewFanOut(h, d, b, slog.New(slog.DiscardHandler)); f.Once(ctx); {
	}
}

func nextDay() time.Time { return housing.WorseToldFrom(domaintest.Today()) }

// TestQ43_WhoseNumberGotWorseIsToldOnceADay: those who were overtaken, once for two acts, when the day
// is over; not the two who were put first, nor the one who stood before them.
func TestQ43_WhoseNumberGotWorseIsToldOnceADay(t *testing.T) {
	l, b := overtaken(t, 250)
	timer(l, func() time.Time { return nextDay().Add(-time.Second) }, worse).Once(ctx)
	if open, _ := b.Circulars(ctx, 0, 10); len(open) != 0 {
		t.Fatal("the day is not over, and the circular has begun")
	}
	tellWorse(t, l, b)
	tellWorse(t, l, forgetfulCirculars{b})
	got := l.told(notice.NumberWorse)
	if len(got) != 249 || got[daur] != 1 || got[waits(0)] != 1 || got[waits(247)] != 1 || got[waits(248)]+got[waits(249)] != 0 {
		t.Errorf("%d are told: daur %d, the first %d, the last %d, who was put first %d and %d",
			len(got), got[daur], got[waits(0)], got[waits(247)], got[waits(248)], got[waits(249)])
	}
	for _, n := range l.notices() {
		if n.Kind != notice.NumberWorse {
			continue
		}
		if n.By != domaintest.Today() || n.About.Stream != list.Stream() {
			t.Fatalf("told of %s, %s", n.By, n.About)
		}
	}
	if got[aigul] != 0 {
		t.Error("an applicant without a number is told")
	}
}

// TestQ43_NobodyIsToldWhoseNumberDidNotGetWorse: of those before the place, and of all where the act
// was taken back on the same day.
func TestQ43_NobodyIsToldWhoseNumberDidNotGetWorse(t *testing.T) {
	l, b, _ := waiting(t, 4)
	l.backdate(list.Stream(), clock().AddDate(0, 0, -1))
	up := prioritised(3, 4)
	record(t, l, up, housing.PriorityEnded{
		ListID: list, EntryID: up.EntryID, PersonID: up.PersonID, From: up.Seniority, Seniority: up.From, EndedAt: clock(),
	})
	tellWorse(t, l, b)
	if got := l.told(notice.NumberWorse); len(got) != 0 {
		t.Errorf("told %v, and no number is worse at the end of the day", got)
	}
	l, b, _ = waiting(t, 4)
	l.backdate(list.Stream(), clock().AddDate(0, 0, -1))
	record(t, l, housing.EntryPlaced{
		ListID: list, EntryID: domaintest.ID[domain.EntryID]("between"), PersonID: gulnar, Number: 4, Overtakes: 2, PlacedAt: clock(),
		Seniority: housing.Seniority{At: clock().Add(1500 * time.Millisecond), Position: 5000},
	})
	tellWorse(t, l, b)
	if got := l.told(notice.NumberWorse); len(got) != 2 || got[waits(2)] != 1 || got[waits(3)] != 1 {
		t.Errorf("told %v, want the two behind the new place", got)
	}
}

// TestQ43_TheRulesOfTheDaySayWhetherHoldersAreTold: never, or from so many places on. Either way the
// circular ends, so that its task is done.
func TestQ43_TheRulesOfTheDaySayWhetherHoldersAreTold(t *testing.T) {
	for numbers, want := range map[string]int{
		`{"tell_worse":"never","from":1}`: 0, `{"tell_worse":"daily","from":2}`: 3, `{"tell_worse":"daily","from":3}`: 0,
	} {
		l, b := overtaken(t, 4)
		book := rulestest.Book(t, "2020-01-01", `"retention":`, `"numbers":`+numbers+`,"retention":`)
		tellWorse(t, l, b, withRules(book))
		if got := l.told(notice.NumberWorse); len(got) != want {
			t.Errorf("%s: told %v", numbers, got)
		}
		began := l.stream(notice.DayCircularID(list, notice.NumberWorse, domaintest.Today()).Stream())
		if len(began) < 2 || began[len(began)-1].Event.EventType() != (notice.CircularCompleted{}).EventType() {
			t.Errorf("%s: the circular is %v", numbers, typesOf(began))
		}
	}
}

// TestQ43_NothingIsToldOfADayBeforeNoticesBegan.
func TestQ43_NothingIsToldOfADayBeforeNoticesBegan(t *testing.T) {
	l, b := overtaken(t, 4)
	day := domaintest.Today().AddDays(-1)
	l.backdate(list.Stream(), clock().AddDate(0, 0, -1))
	h := newHandler(l, withClock(nextDay))
	early := worse
	early.Item = day.String()
	if err := h.Do(ctx, early); err != nil {
		t.Fatal(err)
	}
	began := l.stream(notice.DayCircularID(list, notice.NumberWorse, day).Stream())
	if len(began) != 2 {
		t.Errorf("the circular is %v", typesOf(began))
	}
	d, _ := directory(t, l)
	for f := fanOut(l, d, b); f.Once(ctx); {
	}
	if got := l.told(notice.NumberWorse); len(got) != 0 {
		t.Errorf("told %v", got)
	}
}

// TestQ43_ACrashAnywhereTellsNobodyTwice, whichever append it comes before or after.
func TestQ43_ACrashAnywhereTellsNobodyTwice(t *testing.T) {
	for _, where := range []string{"before", "after"} {
		for n := 1; ; n++ {
			l, b := overtaken(t, 3)
			size := l.len()
			l.stops(where, n)
			tellWorse(t, l, b)
			left, _ := b.Circulars(ctx, 0, 10)
			stopped := len(left) > 0 || l.len() == size
			l.heal()
			tellWorse(t, l, b)
			tellWorse(t, l, forgetfulCirculars{b})
			if got := l.told(notice.NumberWorse); len(got) != 2 || got[daur] != 1 || got[waits(0)] != 1 {
				t.Fatalf("stopped %s append %d: told %v", where, n, got)
			}
			if left, _ := b.Circulars(ctx, 0, 10); len(left) != 0 {
				t.Fatalf("stopped %s append %d: the circular has not ended", where, n)
			}
			if !stopped {
				if n < 6 {
					t.Errorf("%d appends tell two persons", n)
				}
				break
			}
		}
	}
}

// TestQ43_TwoProcessesTellNobodyTwice.
func TestQ43_TwoProcessesTellNobodyTwice(t *testing.T) {
	l, b := overtaken(t, 20)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			h := newHandler(l, withClock(nextDay))
			_ = h.Do(context.Background(), worse) // the other one may be as far
			d, _ := directory(t, l)
			f := command.NewFanOut(h, d, b, slog.New(slog.DiscardHandler))
			for range 10 {
				f.Once(ctx)
			}
		})
	}
	both.Wait()
	got := l.told(notice.NumberWorse)
	if len(got) != 19 {
		t.Errorf("%d are told", len(got))
	}
	for who, times := range got {
		if times != 1 {
			t.Errorf("%s is told %d times", who, times)
		}
	}
}
