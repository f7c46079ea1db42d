package command_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	wall "tizilim/eventstore/clock"
	"tizilim/eventstore/command"
)

// setClock is a clock that somebody sets, of a process that began at noon of the day.
type setClock struct {
	passed, set time.Duration
	*wall.Clock
}

func newSetClock(day string) *setClock {
	noon := at(day)().Add(12 * time.Hour)
	c := &setClock{}
	c.Clock = wall.New(wall.Config{
		Bound: wall.DefaultBound, Elapsed: func() time.Duration { return c.passed },
		Wall: func() time.Time { return noon.Add(c.passed + c.set) },
	})
	return c
}

func withSetClock(c *setClock) func(*command.Config) {
	return func(config *command.Config) { config.Now, config.Clock = c.Now, c }
}

func TestV7_NothingFallsDueWhileAClockIsADayAheadForTenSeconds(t *testing.T) {
	l := world(t)
	c := newSetClock("2026-09-14") // the stay ends with this day
	timer := command.NewTimer(newHandler(l, withSetClock(c)), taskList{endOfStay}, slog.New(slog.DiscardHandler))
	n := l.len()
	timer.Once(ctx)
	c.set = 24 * time.Hour
	for ; c.passed < 10*time.Second; c.passed += time.Second {
		timer.Once(ctx)
	}
	c.set = 0
	timer.Once(ctx)
	if l.len() != n {
		t.Fatalf("recorded %v", typesOf(l.since(n)))
	}
	c.passed = 12 * time.Hour
	timer.Once(ctx)
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"residence: RegistrationEnded"}) {
		t.Errorf("recorded %v after the day", got)
	}
}

func TestV7_CommandsAreRefusedWhileTheClockIsWrongAndAnswerAgainWhatTheyDidBefore(t *testing.T) {
	for name, set := range map[string]time.Duration{"a day ahead": 24 * time.Hour, "an hour back": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			l := world(t)
			c := newSetClock("2026-03-15")
			h := newHandler(l, withSetClock(c))
			late := domaintest.ID[domain.CaseID]("an application")
			n := l.len()
			c.set = set
			_, err := apply(h, late, gulnar)(envelope("gulnar applies"))
			if domain.CodeOf(err) != domain.CodeClockDisagrees || l.len() != n {
				t.Fatalf("it answered %v and recorded %v", err, typesOf(l.since(n)))
			}
			receipt, err := approve(h, caseOfDaur)(envelope("daur is placed"))
			if err != nil || !receipt.Repeated {
				t.Errorf("a command that was carried out before: %+v, %v", receipt, err)
			}
			c.set = 0
			if _, err := apply(h, late, gulnar)(envelope("gulnar applies")); err != nil {
				t.Errorf("after the clock was set right: %v", err)
			}
		})
	}
}

func TestV7_WhatABackgroundWorkerDoesRestsWhileTheClockIsWrong(t *testing.T) {
	l := decidedAndLeft(t)
	c := newSetClock("2026-03-15")
	h := newHandler(l, withSetClock(c))
	finisher := command.NewFinisher(h, todo{provision}, slog.New(slog.DiscardHandler))
	n := l.len()
	c.set = time.Hour
	finisher.Once(ctx, c.Now())
	if l.len() != n {
		t.Fatalf("recorded %v", typesOf(l.since(n)))
	}
	c.set = 0
	finisher.Once(ctx, c.Now())
	if l.len() == n {
		t.Error("it does not go on")
	}
}

func TestV7_AnEventOfTheFutureShowsThatTheClockIsBehind(t *testing.T) {
	l := world(t) // its events are of noon, 15 March
	c := newSetClock("2026-03-14")
	h := newHandler(l, withSetClock(c))
	if _, err := apply(h, lateCase, gulnar)(envelope("gulnar applies")); err != nil {
		t.Fatal(err) // nothing is known yet
	}
	_, err := apply(h, domaintest.ID[domain.CaseID]("another"), erlan)(envelope("erlan applies"))
	if domain.CodeOf(err) != domain.CodeClockDisagrees {
		t.Errorf("answered %v although the log has an event of tomorrow", err)
	}
}

// TestV7_ANewApplicantDoesNotGetNumberOneBecauseAClockIsAnHourBack: the applications are
// recorded before clocks were compared.
func TestV7_ANewApplicantDoesNotGetNumberOneBecauseAClockIsAnHourBack(t *testing.T) {
	l := world(t) // Daur has number 1
	h := newHandler(l)
	cmd := envelope("gulnar applies by a clock that is an hour back")
	cmd.Now = cmd.Now.Add(-time.Hour)
	if _, err := apply(h, lateCase, gulnar)(cmd); err != nil {
		t.Fatal(err)
	}
	_, err := approve(h, lateCase)(envelope("gulnar is placed"))
	if domain.CodeOf(err) != domain.CodeOrderContradicted {
		t.Fatalf("answered %v", err)
	}
	receipt, err := h.DecidePlacement(ctx, envelope("gulnar is placed by the log"), lateCase, housing.Approve{Examine: nothingFound, Order: housing.OrderStatement{Holds: housing.OrderOfLog, Reasons: "the clock of a process was an hour slow"}}, command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var number int
	for _, rec := range receipt.Events {
		if e, ok := rec.Event.(housing.EntryPlaced); ok {
			number = e.Number
		}
	}
	if number != 2 {
		t.Errorf("she got number %d", number)
	}
}

// TestV7_AnApprovalThatAnotherPlacementContradictsMeanwhileIsVoid: the approval says nothing
// of a contradiction, since none was there.
func TestV7_AnApprovalThatAnotherPlacementContradictsMeanwhileIsVoid(t *testing.T) {
	l := world(t) // Aigul has applied; her case is open
	h := newHandler(l)
	cmd := envelope("gulnar applies by a clock that is an hour back")
	cmd.Now = cmd.Now.Add(-time.Hour)
	if _, err := apply(h, lateCase, gulnar)(cmd); err != nil {
		t.Fatal(err)
	}
	l.faults(func(n int, _ string) error {
		if n > 1 {
			return errCrash
		}
		return nil
	}, nil)
	must := func(id domain.CaseID, order housing.OrderStatement, name string) error {
		_, err := h.DecidePlacement(ctx, envelope(name), id, housing.Approve{Examine: nothingFound, Order: order}, command.Options{})
		return err
	}
	_ = must(secondOfAigul, housing.OrderStatement{}, "aigul is approved") // and not placed
	l.heal()
	if err := must(lateCase, housing.OrderStatement{Holds: housing.OrderOfInstants, Reasons: "r"}, "gulnar is placed"); err != nil {
		t.Fatal(err)
	}
	n := l.len()
	if err := h.Finish(ctx, secondOfAigul); err != nil {
		t.Fatal(err)
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"case: PlacementApprovalVoided"}) {
		t.Errorf("recorded %v", got)
	}
}

// TestV7_AStepThatWasAnnulledIsTakenAgainWhenItsInstantHasCome: it is another command than
// the first time.
func TestV7_AStepThatWasAnnulledIsTakenAgainWhenItsInstantHasCome(t *testing.T) {
	l := world(t)
	task := domain.Task{Kind: domain.TaskDecision, Stream: caseOfAigul.Stream(), At: at("2026-04-30")()}
	timer(l, at("2026-09-01"), task).Once(ctx) // by a clock that is ahead
	overdue := len(l.stream(caseOfAigul.Stream())) - 1
	if got := l.stream(caseOfAigul.Stream())[overdue].Event; got.EventType() != "DeadlinePassed" {
		t.Fatalf("recorded %v", got)
	}
	must(t, "annul", func(cmd domain.Command) (command.Receipt, error) {
		cmd.Role = domain.RoleCommission
		return newHandler(l).StepOnCase(ctx, cmd, caseOfAigul, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) {
			return c.AnnulStep(cmd, procedure.AnnulStep{
				Stream: caseOfAigul.Stream(), Annul: domain.Annul{
					Event:   domain.EventRef{Stream: caseOfAigul.Stream(), Revision: uint64(overdue)},
					Reasons: "a clock was ahead", Basis: domain.Basis{
						Type: domain.DocumentOther, Number: "17", IssuedOn: domaintest.Today(), Issuer: "operators",
						SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
					},
				},
			})
		}, command.Options{})
	})
	n := l.len()
	timer(l, clock, task).Once(ctx)
	if l.len() != n {
		t.Fatalf("recorded %v before the term", typesOf(l.since(n)))
	}
	for range 2 {
		timer(l, at("2026-09-01"), task).Once(ctx)
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"case: DeadlinePassed"}) {
		t.Errorf("recorded %v after the term", got)
	}
}

// TestV7_AnEndOfAStayThatAWrongClockRecordedIsAnnulledAndTheStayEndsOnItsDay: residence has
// its own corrections.
func TestV7_AnEndOfAStayThatAWrongClockRecordedIsAnnulledAndTheStayEndsOnItsDay(t *testing.T) {
	l := world(t)
	timer(l, at("2026-09-15"), endOfStay).Once(ctx) // by a clock that is ahead
	end := len(l.stream(erlan.Stream())) - 1
	cmd := envelope("annul the end")
	if _, _, err := newHandler(l).Correct(ctx, cmd, erlan, residence.Correct{
		Ground: residence.ClericalError, Reasons: "a clock was ahead", Changes: []residence.Change{{
			Fact: residence.FactName{Event: domain.EventRef{Stream: erlan.Stream(), Revision: uint64(end)}}, Action: residence.Annul,
		}},
	}, command.Options{}); err != nil {
		t.Fatal(err)
	}
	n := l.len()
	timer(l, at("2026-09-14"), endOfStay).Once(ctx)
	if l.len() != n {
		t.Fatalf("it ended again before its day: %v", typesOf(l.since(n)))
	}
	timer(l, at("2026-09-15"), endOfStay).Once(ctx)
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"residence: RegistrationEnded"}) {
		t.Errorf("recorded %v on its day", got)
	}
}

// asked counts how often tasks are asked for.
type asked struct{ times int }

func (a *asked) DueTasks(context.Context, time.Time, int, int) ([]domain.Task, error) {
	a.times++
	return nil, nil
}

// TestV7_ATimerRestsWhileTheClockIsWrong: what is due by that clock is asked of nobody.
func TestV7_ATimerRestsWhileTheClockIsWrong(t *testing.T) {
	c, list := newSetClock("2026-03-15"), &asked{}
	timer := command.NewTimer(newHandler(world(t), withSetClock(c)), list, slog.New(slog.DiscardHandler))
	c.set = time.Hour
	timer.Once(ctx)
	if list.times != 0 {
		t.Errorf("with a wrong clock it asked %d times", list.times)
	}
	c.set = 0
	timer.Once(ctx)
	if list.times == 0 {
		t.Error("it does not go on")
	}
}
