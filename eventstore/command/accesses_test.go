package command_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
)

// lookUp places Aigul by an examination that looked her up.
func lookUp(scope ...housing.ConsentScope) func(*command.Handler, domain.Command) (command.Receipt, error) {
	return func(h *command.Handler, cmd domain.Command) (command.Receipt, error) {
		var looked []housing.Lookup
		for _, s := range scope {
			looked = append(looked, housing.Lookup{PersonID: aigul, Scope: s})
		}
		return h.DecidePlacement(ctx, cmd, caseOfAigul, housing.Approve{Examine: &housing.Examine{Lookups: looked}}, command.Options{})
	}
}

// entries are what the log of a person's accesses says.
func entries(l *memoryLog, p domain.PersonID) []string {
	var said []string
	for _, rec := range l.stream(accesslog.Stream(p)) {
		e := rec.Event.(accesslog.PersonalDataRead)
		said = append(
			said,
			fmt.Sprint(
				e.Operation,
				" of ",
				strings.Join(e.Scope, "+"),
				" for ",
				e.Purpose,
				" by ",
				e.Reader,
				" as ",
				e.Role,
			),
		)
	}
	return said
}

func TestC20_C21_NoLookUpIsRecordedWithoutItsEntry(t *testing.T) {
	do := lookUp(housing.ScopeRealEstate, housing.ScopeHealth)
	cmd := envelope("place aigul")
	want := []string{
		"state-systems-lookup of real_estate+health for examination_of_need by " + cmd.Actor + " as " + string(
			cmd.Role,
		),
	}

	// The log of accesses does not take it: nothing else is recorded.
	l := world(t)
	before := l.len()
	l.faults(func(_ int, stream string) error {
		if strings.HasPrefix(stream, "access-") {
			return errLost
		}
		return nil
	}, nil)
	if _, err := do(newHandler(l), cmd); domain.CodeOf(err) != domain.CodeLogUnavailable || l.len() != before {
		t.Fatalf("%v; recorded %v", err, typesOf(l.since(before)))
	}

	// The process dies between the entry and the examination.
	l.faults(func(_ int, stream string) error {
		if !strings.HasPrefix(stream, "access-") {
			return errCrash
		}
		return nil
	}, nil)
	if _, err := do(newHandler(l), cmd); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	if got := typesOf(l.since(before)); !slices.Equal(got, []string{"access: PersonalDataRead"}) {
		t.Fatalf("it left %v", got)
	}
	l.heal()
	for range 2 {
		if _, err := do(newHandler(l), cmd); err != nil {
			t.Fatal(err)
		}
	}
	if got := entries(l, aigul); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
	if note := l.stream(accesslog.Stream(aigul))[0]; note.Meta.Correlation != caseOfAigul.UUID ||
		note.Event.(accesslog.PersonalDataRead).CaseID != caseOfAigul {
		t.Errorf("the entry is of the case %s: %+v", note.Meta.Correlation, note.Event)
	}
}

// TestC21_AnEntryHidesNoOther: a command that came to nothing but its entry is
// sent again and says that more was looked up.
func TestC21_AnEntryHidesNoOther(t *testing.T) {
	l := world(t)
	l.faults(nil, func(int, string) error { return errCrash })
	if _, err := lookUp(housing.ScopeHealth)(newHandler(l), envelope("place aigul")); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	l.heal()
	if _, err := lookUp(housing.ScopeHealth, housing.ScopeBenefits)(newHandler(l), envelope("place aigul")); err != nil {
		t.Fatal(err)
	}
	if got := entries(l, aigul); len(got) != 2 || !strings.Contains(got[1], " of health+benefits ") {
		t.Errorf("entries %q", got)
	}
}

// TestC20_WhatIsRefusedLeavesNoEntry, also where another process has changed the
// record and this one does not know of it yet.
func TestC20_WhatIsRefusedLeavesNoEntry(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	if _, err := h.Examine(ctx, envelope("too early"), caseOfAigul, housing.Examine{Lookups: []housing.Lookup{{PersonID: aigul, Scope: housing.ScopeHealth}}}, command.Options{}); domain.CodeOf(
		err,
	) != domain.CodeStepNotOpen {
		t.Fatal(err)
	}
	must(t, "withdraw", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).ChangeApplicationConsent(ctx, cmd, caseOfAigul, housing.ChangeConsent{}, command.Options{})
	})
	before := l.len()
	if _, err := lookUp(housing.ScopeHealth)(h, envelope("place aigul")); domain.CodeOf(
		err,
	) != domain.CodeConsentWithdrawn {
		t.Errorf("looked up after the withdrawal: %v", err)
	}
	if l.len() != before {
		t.Errorf("a refused look-up left %v", typesOf(l.since(before)))
	}
}
