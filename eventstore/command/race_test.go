package command_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// atOnce runs n calls at the same time, in turn on the processes, and returns
// their errors.
func atOnce(n int, processes []*command.Handler, do func(i int, h *command.Handler) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = do(i, processes[i%len(processes)])
		})
	}
	close(start)
	all.Wait()
	return errs
}

func processes(l *memoryLog, n int) []*command.Handler {
	p := make([]*command.Handler, n)
	for i := range p {
		p[i] = newHandler(l)
	}
	return p
}

func personOf(t *testing.T, l *memoryLog, id domain.PersonID) residence.Person {
	t.Helper()
	p, err := newHandler(l).Person(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestR11_OneOfManyRegistrationsAtTheSameDwellingWins(t *testing.T) {
	l := world(t)
	n := l.len()
	won := 0
	for _, err := range atOnce(20, processes(l, 2), func(i int, h *command.Handler) error {
		_, err := register(h, aigul, flat, residence.Permanent, command.Options{})(envelope(fmt.Sprint("register ", i)))
		return err
	}) {
		switch domain.CodeOf(err) {
		case "":
			if err != nil {
				t.Error(err)
			}
			won++
		case domain.CodeRegisteredHere:
		default:
			t.Errorf("%v, want %s", err, domain.CodeRegisteredHere)
		}
	}
	if got := typesOf(l.since(n)); won != 1 || len(got) != 1 {
		t.Errorf("%d won, the log got %v", won, got)
	}
}

func TestR11_R12_ManyMovesAtOnceFollowEachOther(t *testing.T) {
	l := world(t)
	var moved int
	for _, err := range atOnce(20, processes(l, 3), func(i int, h *command.Handler) error {
		at := flat
		if i%2 == 0 {
			at = house
		}
		_, err := register(h, daur, at, residence.Permanent, command.Options{})(envelope(fmt.Sprint("move ", i)))
		return err
	}) {
		switch domain.CodeOf(err) {
		case "":
			if err != nil {
				t.Error(err)
			}
			moved++
		case domain.CodeRegisteredHere, domain.CodeLostRace:
		default:
			t.Error(err)
		}
	}
	p := personOf(t, l, daur)
	if len(p.Registrations) != moved+1 { // the one from before
		t.Errorf("%d moves were acknowledged, %d registrations are recorded", moved, len(p.Registrations))
	}
	for i, r := range p.Registrations {
		last := i == len(p.Registrations)-1
		if r.Ended == last {
			t.Errorf("registration %d of %d has ended: %t", i+1, len(p.Registrations), r.Ended)
		}
	}
	if active := p.ActiveOn(domaintest.Today()); len(active) != 1 {
		t.Errorf("%d permanent registrations are active", len(active))
	}
}

func TestTheSameCommandAtOnceIsCarriedOutOnce(t *testing.T) {
	for _, a := range acts(t) {
		if a.refuse != "" {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			undisturbed := a.log.copy()
			a.cmd = envelope(a.name)
			want, err := a.on(undisturbed)
			if err != nil {
				t.Fatal(err)
			}
			receipts := make([]command.Receipt, 6)
			for _, err := range atOnce(len(receipts), processes(a.log, 3), func(i int, h *command.Handler) error {
				var err error
				receipts[i], err = a.do(h, a.cmd, command.Options{})
				return err
			}) {
				if err != nil {
					t.Error(err)
				}
			}
			for _, r := range receipts {
				r.Repeated = want.Repeated
				if diff := domaintest.Diff(want, r); diff != "" {
					t.Errorf("receipt (-alone +among others):\n%s", diff)
				}
			}
			if diff := domaintest.Diff(undisturbed.contents(), a.log.contents()); diff != "" {
				t.Errorf("log (-alone +among others):\n%s", diff)
			}
		})
	}
}

func TestQ5_TwoApplicationsOfOnePersonApprovedAtOnceGiveOneEntry(t *testing.T) {
	for round := range 20 {
		l := world(t)
		n := l.len()
		cases := []domain.CaseID{caseOfAigul, secondOfAigul}
		won := 0
		for _, err := range atOnce(2, processes(l, 2), func(i int, h *command.Handler) error {
			_, err := approve(h, cases[i])(envelope(fmt.Sprint("place ", i)))
			return err
		}) {
			if err == nil {
				won++
			} else if domain.CodeOf(err) != domain.CodeAlreadyOnList {
				t.Errorf("%v, want %s", err, domain.CodeAlreadyOnList)
			}
		}
		got := typesOf(l.since(n))
		count := func(name string) (c int) {
			for _, g := range got {
				if g == name {
					c++
				}
			}
			return c
		}
		if won != 1 || count("queue: EntryPlaced") != 1 || count("case: PlacementCertified") != 1 ||
			count("case: PlacementApproved") != 1+count("case: PlacementApprovalVoided") {
			t.Fatalf("round %d: %d won, the log got %v", round, won, got)
		}
	}
}

// TestQ1_AFinisherAndARemovalBetweenTheStepsLeaveOneOutcome: while one process
// is about to void an approval, the entry in its way is removed and another
// process finishes the same act.
func TestQ1_AFinisherAndARemovalBetweenTheStepsLeaveOneOutcome(t *testing.T) {
	var overtaken act
	for _, a := range acts(t) {
		if a.name == "the list refuses to place" {
			overtaken = a
		}
	}
	l := overtaken.log
	second := domain.EntryID{UUID: domain.DeriveID(secondOfAigul.UUID, "entry")}
	l.faults(func(n int, stream string) error {
		if n == 1 { // the void of the first process
			other := newHandler(l)
			must(t, "review aigul", review(other, second, command.Options{}))
			must(t, "remove aigul", remove(other, second, command.Options{}))
			if err := other.Finish(ctx, caseOfAigul); err != nil {
				t.Errorf("the other process: %v", err)
			}
		}
		return nil
	}, nil)
	if _, err := overtaken.on(l); domain.CodeOf(err) != domain.CodeAlreadyOnList {
		t.Errorf("%v, want %s", err, domain.CodeAlreadyOnList)
	}
	got := typesOf(l.stream(caseOfAigul.Stream()))
	if want := []string{"case: HousingApplicationReceived", "case: ReviewBegan", "case: NeedExamined", "case: PlacementApproved", "case: PlacementApprovalVoided"}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("the case holds %v, want %v", got, want)
	}
	for _, rec := range l.stream(list.Stream()) {
		if e, ok := rec.Event.(housing.EntryPlaced); ok && e.CaseID == caseOfAigul {
			t.Error("the list placed what the case voided")
		}
	}
}

// TestR15_ARegistrationAfterTheApplicationIsNoneOfItsBusiness: while one
// process is about to record that a person was not registered at the dwelling,
// that person registers there and another process finishes the same case.
func TestR15_ARegistrationAfterTheApplicationIsNoneOfItsBusiness(t *testing.T) {
	l := world(t)
	l.faults(func(n int, stream string) error {
		if n == 4 { // received, two persons ended: the decision
			other := newHandler(l)
			must(t, "gulnar moves to the flat", register(other, gulnar, flat, residence.Permanent, command.Options{}))
			if err := other.Finish(ctx, eviction); err != nil {
				t.Errorf("the other process: %v", err)
			}
		}
		return nil
	}, nil)
	r, err := deregister(newHandler(l), envelope("deregister several"), command.Options{})
	if err != nil {
		t.Fatal(err)
	}
	decided := decisionIn(t, r.Events)
	if decided.Results[1].Code != domain.CodeNotRegisteredHere {
		t.Errorf("gulnar's result: %+v", decided.Results[1])
	}
	p := personOf(t, l, gulnar)
	if active := p.ActiveOn(domaintest.Today()); len(active) != 1 || active[0].DwellingID != flat {
		t.Errorf("gulnar is registered %v, want at the flat: her result says that nothing of hers was ended", active)
	}
}

func TestALostRaceIsDecidedAnew(t *testing.T) {
	l := world(t)
	here, there := newHandler(l), newHandler(l)
	must(t, "warm", register(here, daur, house, residence.Permanent, command.Options{}))
	must(t, "elsewhere", register(there, daur, flat, residence.Permanent, command.Options{})) // here does not know
	r := must(t, "back", register(here, daur, house, residence.Permanent, command.Options{}))
	if got := typesOf(r.Events); !slices.Equal(
		got,
		[]string{"residence: RegistrationEnded", "residence: RegistrationBegan"},
	) {
		t.Errorf("decided %v", got)
	}
	if e := r.Events[0].Event.(residence.RegistrationEnded); e.DwellingID != flat {
		t.Error("what was decided anew rests on the old state")
	}
}

func TestARefusalNeverRestsOnAnOldState(t *testing.T) {
	l := world(t)
	here, there := newHandler(l), newHandler(l)
	_, err := remove(here, entryOfAigul, command.Options{})(envelope("too early"))
	if domain.CodeOf(err) != domain.CodeEntryUnknown {
		t.Fatal(err)
	}
	must(t, "place aigul", approve(there, caseOfAigul)) // here does not know
	must(t, "review aigul", review(there, entryOfAigul, command.Options{}))
	must(t, "remove aigul", remove(here, entryOfAigul, command.Options{}))
}

// changeOwner is the command that gives the flat to another owner.
func changeOwner(h *command.Handler, owner domain.PersonID) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		owners := residence.ChangeOwners{
			Owners: []residence.Owner{{PersonID: owner}}, On: domaintest.Today(), Basis: domaintest.Basis(),
		}
		return h.ChangeOwners(ctx, cmd, flat, owners, command.Options{})
	}
}

func TestARaceThatIsLostAgainAndAgainIsTold(t *testing.T) {
	l := world(t)
	one := withRules(oneOfficial(t))
	h, busy := newHandler(l, one), newHandler(l, one)
	lost, inside := 0, false
	l.faults(func(int, string) error {
		if inside {
			return nil
		}
		inside = true
		defer func() { inside = false }()
		lost++
		must(t, fmt.Sprint("busy ", lost), changeOwner(busy, daur))
		return nil
	}, nil)
	_, err := changeOwner(h, erlan)(envelope("slow"))
	var refusal *domain.Error
	if !errors.As(err, &refusal) || refusal.Code != domain.CodeLostRace || refusal.Kind != domain.Conflict {
		t.Errorf("%v, want %s", err, domain.CodeLostRace)
	}
	for _, rec := range l.stream(flat.Stream()) {
		if rec.Meta.Causation == envelope("slow").ID {
			t.Error("the loser was told that it lost, and was appended")
		}
	}
	l.heal()
	must(t, "slow", changeOwner(h, erlan)) // the same command, sent again as it was told
}

// The last race of a command may be lost to the same command, sent to another
// process: then it was carried out.
func TestTheLastRaceMayBeLostToTheSameCommand(t *testing.T) {
	l := world(t)
	one := withRules(oneOfficial(t))
	h, other, busy := newHandler(l, one), newHandler(l, one), newHandler(l, one)
	const races = 8
	lost, inside := 0, false
	l.faults(func(int, string) error {
		if inside {
			return nil
		}
		inside = true
		defer func() { inside = false }()
		lost++
		must(t, fmt.Sprint("busy ", lost), changeOwner(busy, daur))
		if lost == races {
			must(t, "slow", changeOwner(other, erlan))
		}
		return nil
	}, nil)
	r, err := changeOwner(h, erlan)(envelope("slow"))
	if err != nil || len(r.Events) != 1 || lost != races {
		t.Errorf("%+v, %v after %d races, want the answer of the other process", r, err, lost)
	}
}

// A log that holds less than it acknowledged, as one does that was restored from
// before, is no reason to fail.
func TestARepetitionOfWhatTheLogHoldsNoLongerIsNotConfirmed(t *testing.T) {
	l := world(t)
	change := changeOwner(newHandler(l), erlan)
	r := must(t, "change", change)
	l.cut(flat.Stream(), int(r.Revision))
	if _, err := change(envelope("change")); domain.CodeOf(err) != domain.CodeLogUnavailable {
		t.Errorf("%v, want %s", err, domain.CodeLogUnavailable)
	}
}
