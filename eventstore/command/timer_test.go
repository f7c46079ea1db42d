package command_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/domain/rules/rulestest"
	"tizilim/eventstore/command"
)

// taskList is one that always holds the same, as one does that is behind.
type taskList []domain.Task

func (a taskList) DueTasks(_ context.Context, _ time.Time, skip, limit int) ([]domain.Task, error) {
	return cut(a, skip, limit), nil
}

// stay is the registration of Erlan in the flat, until 15 September 2026.
var stay = domain.RegistrationID{UUID: domain.DeriveID(envelope("erlan stays in the flat").ID.UUID, "registration")}

var endOfStay = domain.Task{Kind: domain.TaskTerm, Stream: erlan.Stream(), Item: stay.String()}

// at is the first instant of the day, as a clock.
func at(d string) func() time.Time {
	return func() time.Time { return domaintest.Day(d).Start() }
}

func timer(l *memoryLog, now func() time.Time, due ...domain.Task) *command.Timer {
	return command.NewTimer(newHandler(l, withClock(now)), taskList(due), slog.New(slog.DiscardHandler))
}

func TestR13_AStayEndsByItselfOnTheDayUntilWhichItWasGiven(t *testing.T) {
	l := world(t)
	n := l.len()
	timer(l, at("2026-09-14"), endOfStay).Once(ctx)
	if l.len() != n {
		t.Fatalf("it ended a day early: %v", typesOf(l.since(n)))
	}
	timer(l, at("2026-09-15"), endOfStay).Once(ctx)
	got := l.since(n)
	want := residence.RegistrationEnded{
		PersonID: erlan, RegistrationID: stay, DwellingID: flat, Kind: residence.Temporary, Reason: residence.TermExpired, On: domaintest.Day("2026-09-15"),
	}
	if len(got) != 1 || domaintest.Diff(domain.Event(want), got[0].Event) != "" ||
		got[0].Meta.Role != domain.RoleSystem {
		t.Fatalf("recorded %+v", got)
	}
	timer(l, at("2026-10-01"), endOfStay).Once(ctx)
	if l.len() != n+1 {
		t.Errorf("it ended once more: %v", typesOf(l.since(n+1)))
	}
}

func TestR13_HoweverManyTimersAndHoweverLateTheStayEndsOnce(t *testing.T) {
	l := world(t)
	n := l.len()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { timer(l, at("2027-01-01"), endOfStay).Once(ctx) })
	}
	all.Wait()
	got := l.since(n)
	if len(got) != 1 || got[0].Event.(residence.RegistrationEnded).On != domaintest.Day("2026-09-15") {
		t.Errorf("recorded %v", got)
	}
}

func TestR13_ATimerThatIsStoppedAtItsAppendEndsTheStayLater(t *testing.T) {
	for _, where := range []string{"before", "after"} {
		t.Run(where, func(t *testing.T) {
			l := world(t)
			n := l.len()
			l.stops(where, 1)
			timer(l, at("2026-09-15"), endOfStay).Once(ctx)
			l.heal()
			timer(l, at("2026-09-16"), endOfStay).Once(ctx)
			if got := typesOf(l.since(n)); !slices.Equal(got, []string{"residence: RegistrationEnded"}) {
				t.Errorf("recorded %v", got)
			}
		})
	}
}

func TestR13_R14_ATermThatIsCorrectedExpiresAgain(t *testing.T) {
	l := world(t)
	timer(l, at("2026-09-15"), endOfStay).Once(ctx)
	cmd := envelope("the stay was longer")
	cmd.Now = at("2026-09-20")()
	if _, _, err := newHandler(l).Correct(ctx, cmd, erlan, residence.Correct{
		Ground: residence.ClericalError, Reasons: "because", Changes: []residence.Change{{
			Fact: residence.FactName{RegistrationID: stay}, Action: residence.Amend, Until: domaintest.Day("2026-10-15"),
		}},
	}, command.Options{}); err != nil {
		t.Fatal(err)
	}
	n := l.len()
	timer(l, at("2026-10-14"), endOfStay).Once(ctx)
	if l.len() != n {
		t.Fatalf("it ended on its old term: %v", typesOf(l.since(n)))
	}
	timer(l, at("2026-10-15"), endOfStay).Once(ctx)
	got := l.since(n)
	if len(got) != 1 || got[0].Event.(residence.RegistrationEnded).On != domaintest.Day("2026-10-15") {
		t.Errorf("recorded %v", got)
	}
}

func TestWhatIsDueAndCannotBeDoneKeepsNothingElseFromBeingDone(t *testing.T) {
	l := world(t)
	n := l.len()
	timer(l, at("2026-09-15"),
		domain.Task{Kind: "something of a later release", Stream: erlan.Stream()},
		domain.Task{Kind: domain.TaskTerm, Stream: "residence-x", Item: stay.String()},
		domain.Task{Kind: domain.TaskTerm, Stream: erlan.Stream(), Item: "x"},
		domain.Task{Kind: domain.TaskTerm, Stream: daur.Stream(), Item: fmt.Sprint(stay)}, // another's
		endOfStay,
	).Once(ctx)
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"residence: RegistrationEnded"}) {
		t.Errorf("recorded %v", got)
	}
}

func TestR6_TheTimerRefusesWhatCoOwnersDidNotAnswer(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	resell(t, h, aigul, gulnar)
	must(t, "aigul applies on the portal", func(cmd domain.Command) (command.Receipt, error) {
		return deregisterOnPortal(h, cmd, command.Options{})
	})
	n := l.len()
	due := domain.Task{Kind: domain.TaskConfirmations, Stream: eviction.Stream()}
	over := domain.DateOf(clock()).AddDays(3).Over()
	for _, now := range []time.Time{over.Add(-time.Second), over, over.Add(28 * time.Hour)} {
		timer(l, func() time.Time { return now }, due).Once(ctx)
	}
	if got := typesOf(l.since(n)); !slices.Equal(
		got,
		[]string{
			"case: CoOwnerConfirmationsLapsed", "case: DeregistrationDecided", "case: DeregistrationRefusalIssued",
			"case: DeregistrationRefusalIssued", "case: DeregistrationRefusalIssued",
		},
	) {
		t.Fatalf("recorded %v", got)
	}
	for _, r := range decisionIn(t, l.since(n)).Results {
		if r.Code != domain.CodeCoOwnersSilent || r.Reason == "" {
			t.Errorf("result %+v", r)
		}
	}
	if err := newHandler(l).Finish(ctx, eviction); err != nil || l.len() != n+5 {
		t.Errorf("a refused case was finished: %v, %v", typesOf(l.since(n+5)), err)
	}
}

func TestR6_NothingIsEndedWhileCoOwnersAreWaitedFor(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	resell(t, h, aigul, gulnar)
	n := l.len()
	must(t, "aigul applies on the portal", func(cmd domain.Command) (command.Receipt, error) {
		return deregisterOnPortal(h, cmd, command.Options{})
	})
	if err := newHandler(l).Finish(ctx, eviction); err != nil {
		t.Fatal(err)
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"case: DeregistrationApplied"}) {
		t.Fatalf("recorded %v", got)
	}
	off := rulestest.Book(t, "2025-11-30", `"co_owners_confirm":true`, `"co_owners_confirm":false`)
	l = world(t)
	h = newHandler(l, withRules(off))
	resell(t, h, aigul, gulnar)
	r := must(t, "aigul applies on the portal", func(cmd domain.Command) (command.Receipt, error) {
		return deregisterOnPortal(h, cmd, command.Options{})
	})
	if got := typesOf(r.Events); !slices.Contains(got, "case: DeregistrationDecided") {
		t.Errorf("where the policy is off: %v", got)
	}
}

// TestC20_AConsentThatIsOverIsRecordedOnce, in the case and on the entry that
// came of it, at the end of its last day and however late.
func TestC20_AConsentThatIsOverIsRecordedOnce(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	must(t, "aigul gives it until the 20th", func(cmd domain.Command) (command.Receipt, error) {
		if _, err := h.ChangeApplicationConsent(ctx, envelope("withdraw"), caseOfAigul, housing.ChangeConsent{}, command.Options{}); err != nil {
			return command.Receipt{}, err
		}
		return h.ChangeApplicationConsent(
			ctx,
			cmd,
			caseOfAigul,
			housing.ChangeConsent{Given: true, Terms: housing.ConsentTerms{Until: domaintest.Day("2026-03-20")}},
			command.Options{},
		)
	})
	inCase := domain.Task{
		Kind:   domain.TaskConsent,
		Stream: caseOfAigul.Stream(),
		At:     domaintest.Day("2026-03-21").Start(),
	}
	onList := domain.Task{Kind: domain.TaskConsent, Stream: list.Stream(), Item: entryOfAigul.String(), At: inCase.At}
	broken := []domain.Task{
		{Kind: domain.TaskConsent, Stream: "case-x"}, {Kind: domain.TaskConsent, Stream: "queue-x"},
		{
			Kind:   domain.TaskConsent,
			Stream: list.Stream(),
			Item:   "x",
		}, {Kind: domain.TaskConsent, Stream: list.Stream(), Item: stay.String()},
	}
	placed := l.copy()
	must(t, "place aigul", approve(newHandler(placed), caseOfAigul))
	for what, c := range map[string]struct {
		log *memoryLog
		due domain.Task
	}{"case: LookupConsentExpired": {l, inCase}, "queue: LookupConsentExpired": {placed, onList}} {
		n := c.log.len()
		early := func() time.Time { return inCase.At.Add(-time.Second) }
		timer(c.log, early, c.due).Once(ctx)
		if c.log.len() != n {
			t.Fatalf("it expired on its last day: %v", typesOf(c.log.since(n)))
		}
		for _, day := range []string{"2026-03-21", "2026-05-01"} {
			timer(c.log, at(day), append(broken, c.due)...).Once(ctx)
		}
		got := c.log.since(n)
		if !slices.Equal(typesOf(got), []string{what}) || !got[0].Event.EffectiveAt().Equal(inCase.At) ||
			got[0].Meta.Role != domain.RoleSystem {
			t.Errorf("recorded %v", typesOf(got))
		}
	}
}
