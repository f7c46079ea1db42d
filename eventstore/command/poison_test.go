package command_test

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/eventstore/command"
)

func TestAListWithAnUnreadableEventHoldsBackOnlyItsOwnCommands(t *testing.T) {
	fresh := func(l *memoryLog, _ *command.Handler) *command.Handler {
		return newHandler(l, withModel(model{lists: map[string][]domain.ListID{"body": {list, sister}}}))
	}
	for name, after := range map[string]func(*memoryLog, *command.Handler) *command.Handler{
		"in a process that has the list in memory": func(_ *memoryLog, h *command.Handler) *command.Handler { return h },
		"in a process that has not read it":        fresh,
	} {
		t.Run(name, func(t *testing.T) {
			l, h := bodies(t)
			must(t, "gulnar is placed", approve(h, applyAt(t, h, list, gulnar)))
			erlanApplies, daurApplies := applyAt(t, h, sister, erlan), applyAt(t, h, sister, daur)
			l.poison(list.Stream())
			h = after(l, h)
			n := l.len()

			_, err := remove(h, entryOfDaur, command.Options{})(envelope("remove daur"))
			if domain.CodeOf(err) != domain.CodeRecordUnread || l.len() != n {
				t.Errorf("a command on the list: %v, want %q; recorded %v", err, domain.CodeRecordUnread, typesOf(l.since(n)))
			}
			_, err = approve(h, daurApplies)(envelope("place daur"))
			if domain.CodeOf(err) != domain.CodeAlreadyOnList {
				t.Errorf("who stands on the list before that event: %v, want %q", err, domain.CodeAlreadyOnList)
			}
			must(t, "erlan is placed on the other list of the body", approve(h, erlanApplies))
		})
	}
}

// TestWhatCannotBeDoneKeepsNobodyWaiting: more things are stuck than one look takes, and they
// are the oldest.
func TestWhatCannotBeDoneKeepsNobodyWaiting(t *testing.T) {
	const stuck = 1500
	quiet := slog.New(slog.DiscardHandler)
	streams := func(name string) (ids []domain.CaseID) {
		for i := range stuck {
			ids = append(ids, domaintest.ID[domain.CaseID](fmt.Sprint(name, i)))
		}
		return ids
	}
	looks := func(t *testing.T, look func(now time.Time), done func() bool) {
		t.Helper()
		for n := range stuck/100 + 3 {
			if done() {
				return
			}
			look(clock().Add(time.Duration(n) * 2 * time.Second))
		}
		t.Error("the healthy one still waits")
	}
	t.Run("unfinished acts", func(t *testing.T) {
		l := world(t)
		l.faults(func(n int, _ string) error {
			if n > 1 {
				return errCrash
			}
			return nil
		}, nil)
		if _, err := approve(newHandler(l), caseOfAigul)(envelope("place aigul")); err == nil {
			t.Fatal("the crash did not happen")
		}
		l.heal()
		unfinished := streams("act")
		for _, id := range unfinished {
			l.poison(id.Stream())
		}
		now := clock()
		h := newHandler(l, withClock(func() time.Time { return now }))
		f := command.NewFinisher(h, append(todo(unfinished), caseOfAigul), quiet)
		looks(t, func(at time.Time) {
			now = at
			f.Once(ctx, at)
		}, func() bool { return slices.Contains(typesOf(l.since(0)), "case: PlacementCertified") })
	})
	t.Run("tasks", func(t *testing.T) {
		l := world(t)
		var tasks taskList
		for _, id := range streams("task") {
			l.poison(id.Stream())
			tasks = append(tasks, domain.Task{Kind: domain.TaskDecision, Stream: id.Stream(), At: clock()})
		}
		due := clock().AddDate(0, 3, 0)
		tasks = append(tasks, domain.Task{Kind: domain.TaskDecision, Stream: caseOfAigul.Stream(), At: due})
		now := due
		timer := command.NewTimer(newHandler(l, withClock(func() time.Time { return now })), tasks, quiet)
		looks(t, func(at time.Time) {
			now = due.Add(at.Sub(clock()))
			timer.Once(ctx)
		}, func() bool { return slices.Contains(typesOf(l.since(0)), "case: DeadlinePassed") })
	})
}

// TestWhatFailedIsTriedAgain: soon after the first failure, and at least once a minute later.
func TestWhatFailedIsTriedAgain(t *testing.T) {
	l := world(t)
	l.faults(func(n int, _ string) error {
		if n > 1 {
			return errLost
		}
		return nil
	}, nil)
	if _, err := approve(newHandler(l), caseOfAigul)(envelope("place aigul")); err == nil {
		t.Fatal("it was not stopped")
	}
	now := clock()
	f := command.NewFinisher(newHandler(l, withClock(func() time.Time { return now })), todo{caseOfAigul},
		slog.New(slog.DiscardHandler))
	for range 20 {
		f.Once(ctx, now)
		now = now.Add(time.Minute)
	}
	l.heal()
	now = now.Add(time.Minute)
	f.Once(ctx, now)
	if !slices.Contains(typesOf(l.since(0)), "case: PlacementCertified") {
		t.Error("an act that had failed 20 times was not tried a minute later")
	}
}
