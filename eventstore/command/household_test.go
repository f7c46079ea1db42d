package command_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

var child = domaintest.ID[domain.PersonID]("child")

// withChild is a world with a child of six, who resides in the house as Gulnar
// does.
func withChild(t testing.TB) *memoryLog {
	t.Helper()
	l := world(t)
	h := newHandler(l)
	must(t, "record the child", func(cmd domain.Command) (command.Receipt, error) {
		return h.RecordPerson(ctx, cmd, residence.RecordPerson{
			PersonID: child, IIN: "999999000022", Name: "Name", BirthDate: domaintest.Day("2020-01-01"), Class: residence.Citizen,
		}, command.Options{})
	})
	must(t, "the child resides in the house", register(h, child, house, residence.Permanent, command.Options{}))
	return l
}

func represents(h *command.Handler, who domain.PersonID) func(domain.Command) (command.Receipt, error) {
	return func(cmd domain.Command) (command.Receipt, error) {
		return h.RecordRepresentative(ctx, cmd, child, who, residence.RecordRepresentative{Kind: residence.Parent}, command.Options{})
	}
}

// family is withChild where Gulnar is the child's recorded mother.
func family(t testing.TB) *memoryLog {
	t.Helper()
	l := withChild(t)
	must(t, "gulnar represents the child", represents(newHandler(l), gulnar))
	return l
}

var (
	left    = []residence.Warning{{Code: domain.CodeChildLeft, PersonID: child}}
	nowhere = []residence.Warning{{Code: domain.CodeChildNowhere, PersonID: child}}
)

// warnings are those of the endings among the events.
func warnings(events []domain.Recorded) (list []residence.Warning) {
	for _, rec := range events {
		if e, ok := rec.Event.(residence.RegistrationEnded); ok {
			list = append(list, e.Warnings...)
		}
	}
	return list
}

func TestR20_WhoLeavesAChildBehindIsToldAndTheLogTellsIt(t *testing.T) {
	l := family(t)
	h := newHandler(l)
	before := l.len()
	planned, err := register(h, gulnar, flat, residence.Permanent, command.Options{DryRun: true})(envelope("move"))
	if err != nil || !slices.Equal(warnings(planned.Events), left) || l.len() != before {
		t.Errorf("planned %v, %v", planned.Events, err)
	}
	moved := must(t, "move", register(h, gulnar, flat, residence.Permanent, command.Options{}))
	if !slices.Equal(warnings(moved.Events), left) || !slices.Equal(warnings(l.since(before)), left) {
		t.Errorf("moved by %+v", moved.Events)
	}
}

func TestR20_ACaseTellsOfTheChildrenWhomItLeavesBehind(t *testing.T) {
	out := func(persons ...domain.PersonID) residence.ApplyForDeregistration {
		return residence.ApplyForDeregistration{
			CaseID: eviction, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication, DwellingID: house,
			ApplicantID: aigul, Persons: persons, Signature: domain.SignatureHandwritten,
			Documents: []domain.Document{
				{Type: domain.DocumentIdentityCard, PersonID: aigul},
				{Type: domain.DocumentApplication, Persons: persons},
			},
		}
	}
	for _, c := range []struct {
		name    string
		persons []domain.PersonID
		at      domain.PersonID // whose ending tells it
		want    []residence.Warning
	}{
		{"R20 the mother alone", []domain.PersonID{gulnar}, gulnar, left},
		{"R20 the mother before the child", []domain.PersonID{gulnar, child}, child, nowhere},
		{"R20 the child before the mother", []domain.PersonID{child, gulnar}, child, nowhere},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, opt := range []command.Options{{DryRun: true}, {}} {
				l := family(t)
				r, err := newHandler(l).Deregister(ctx, envelope("deregister"), out(c.persons...), opt)
				if err != nil || !slices.Equal(warnings(r.Events), c.want) {
					t.Fatalf("dry run %t: %v, %v", opt.DryRun, warnings(r.Events), err)
				}
				decided := decisionIn(t, r.Events)
				i := slices.Index(c.persons, c.at)
				if !slices.Equal(decided.Results[i].Warnings, c.want) {
					t.Errorf("dry run %t: the case tells %+v", opt.DryRun, decided.Results)
				}
			}
		})
	}
}

func TestR20_AProcessThatHeldTheParentBeforeReadsTheFamilyAnew(t *testing.T) {
	l := withChild(t)
	here, there := newHandler(l), newHandler(l)
	if _, err := here.Person(ctx, gulnar); err != nil { // and now holds her without the child
		t.Fatal(err)
	}
	must(t, "gulnar represents the child", represents(there, gulnar))
	if r := must(t, "move", register(here, gulnar, flat, residence.Permanent, command.Options{})); !slices.Equal(
		warnings(r.Events),
		left,
	) {
		t.Errorf("moved by %+v", r.Events)
	}
}

func TestR20_WhatACrashLeftWithoutItsNoteIsNotedOnceByTheTimer(t *testing.T) {
	due := domain.Task{Kind: domain.TaskWard, Stream: gulnar.Stream(), Item: child.String()}
	l := withChild(t)
	must(t, "daur represents the child too", represents(newHandler(l), daur))
	before := l.len()
	l.faults(func(at int, _ string) error {
		if at > 1 {
			return errCrash
		}
		return nil
	}, nil)
	if _, err := represents(newHandler(l), gulnar)(envelope("record")); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	l.heal()
	if _, err := newHandler(l).RecordRepresentative(ctx, envelope("record"), child, gulnar,
		residence.RecordRepresentative{Kind: residence.Parent}, command.Options{DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if n := l.len() - before; n != 1 {
		t.Fatalf("after a dry run of what was half done there are %d events", n)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { timer(l, clock, due).Once(ctx) })
	}
	all.Wait()
	want := []string{"residence: RepresentativeRecorded", "residence: WardNoted"}
	if got := typesOf(l.since(before)); !slices.Equal(got, want) {
		t.Fatalf("recorded %v, want %v", got, want)
	}
	h := newHandler(l)
	must(t, "end", func(cmd domain.Command) (command.Receipt, error) {
		return h.EndRepresentation(
			ctx,
			cmd,
			child,
			residence.EndRepresentation{RepresentativeID: gulnar, Reasons: "because"},
			command.Options{},
		)
	})
	timer(l, clock, due).Once(ctx) // a list of tasks that is behind
	must(t, "record again", represents(h, gulnar))
	timer(l, clock, due).Once(ctx)
	want = append(want, "residence: RepresentationEnded", "residence: RepresentativeRecorded", "residence: WardNoted")
	if got := typesOf(l.since(before)); !slices.Equal(got, want) {
		t.Errorf("recorded %v, want %v", got, want)
	}
}

func TestR20_WhoRecordsARepresentativeIsToldOfBothStreams(t *testing.T) {
	l := withChild(t)
	h := newHandler(l)
	want := []string{"residence: RepresentativeRecorded", "residence: WardNoted"}
	first := must(t, "record", represents(h, gulnar))
	again := must(t, "record", represents(h, gulnar))
	for name, r := range map[string]command.Receipt{"at first": first, "repeated": again} {
		if got := typesOf(r.Events); !slices.Equal(got, want) || r.Position != l.all[l.len()-1].Position {
			t.Errorf("%s: %v at %v", name, got, r.Position)
		}
	}
	if first.Repeated || !again.Repeated {
		t.Errorf("repeated: %v, then %v", first.Repeated, again.Repeated)
	}
	must(t, "end", func(cmd domain.Command) (command.Receipt, error) {
		return h.EndRepresentation(ctx, cmd, child,
			residence.EndRepresentation{RepresentativeID: gulnar, Reasons: "because"}, command.Options{})
	})
	if r := must(t, "record", represents(h, gulnar)); len(r.Events) != 1 || !r.Repeated || r.Position == 0 {
		t.Errorf("after its end: %+v", r)
	}
}

func TestR20_WhatACrashLeftHalfRecordedIsARepetitionWhenItIsSentAgain(t *testing.T) {
	l := withChild(t)
	l.stops("before", 2)
	if _, err := represents(newHandler(l), gulnar)(envelope("record")); err == nil {
		t.Fatal("the second step was taken")
	}
	l.heal()
	r := must(t, "record", represents(newHandler(l), gulnar))
	if want := []string{"residence: RepresentativeRecorded", "residence: WardNoted"}; !slices.Equal(typesOf(r.Events), want) || !r.Repeated {
		t.Errorf("repeated %v: %v", r.Repeated, typesOf(r.Events))
	}
}

// TestR20_AFamilyThatMovesAtOnceDoesNotWaitForEachOther: parents look at each
// other's residence while both act.
func TestR20_AFamilyThatMovesAtOnceDoesNotWaitForEachOther(t *testing.T) {
	l := family(t)
	h := newHandler(l)
	must(t, "daur represents the child", represents(h, daur))
	var all sync.WaitGroup
	for name, who := range map[string]domain.PersonID{"gulnar moves": gulnar, "daur moves": daur, "the child moves": child} {
		to := flat
		if who == daur {
			to = house
		}
		all.Go(func() {
			if _, err := register(h, who, to, residence.Permanent, command.Options{})(envelope(name)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	all.Wait()
}
