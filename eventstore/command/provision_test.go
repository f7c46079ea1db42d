package command_test

import (
	"log/slog"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// finishProvisionAlone lets a process manager, and nobody else, finish what is
// half done.
func finishProvisionAlone(l *memoryLog) {
	command.NewFinisher(newHandler(l), todo{provision}, slog.New(slog.DiscardHandler)).Once(ctx, clock())
}

func TestQ20_AProcessManagerAloneFinishesAProvision(t *testing.T) {
	for n := 1; n <= 4; n++ {
		l := world(t)
		before := l.len()
		l.faults(func(at int, _ string) error {
			if at > n {
				return errCrash
			}
			return nil
		}, nil)
		_, err := provide(newHandler(l), house)(envelope("provide daur"), command.Options{})
		if (err == nil) != (n == 4) {
			t.Fatalf("stopped after %d appends: %v", n, err)
		}
		l.heal()
		for range 2 {
			finishProvisionAlone(l)
		}
		want := []string{
			"case: ProvisionDecided",
			"dwelling: LeaseBegan",
			"queue: EntryProvided",
			"case: ProvisionCompleted",
		}
		if got := typesOf(l.since(before)); !slices.Equal(got, want) {
			t.Errorf("stopped after %d appends, finished as %v, want %v", n, got, want)
		}
	}
}

func TestQ19_Q20_ADecisionThatDoesNotHoldIsTakenBack(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*memoryLog)
		want      []string
	}{
		"Q19 the entry was removed meanwhile": {
			func(l *memoryLog) {
				removeReviewed(t, l, "daur", entryOfDaur)
			},
			[]string{"dwelling: LeaseBegan", "queue: ProvisionDeclined", "dwelling: LeaseVoided", "case: ProvisionVoided"},
		},
		"Q19 somebody who filed earlier was placed meanwhile": {
			func(l *memoryLog) { must(t, "place aigul", approve(newHandler(l), caseOfAigul)) },
			[]string{"dwelling: LeaseBegan", "queue: ProvisionDeclined", "dwelling: LeaseVoided", "case: ProvisionVoided"},
		},
		"Q19 the dwelling changed its owners meanwhile": {
			appends(t, residence.OwnersChanged{
				DwellingID: house, Owners: []residence.Owner{{PersonID: gulnar, Share: "1/1"}}, On: domaintest.Today(),
			}),
			[]string{"case: ProvisionVoided"},
		},
		"Q36 the dwelling left the stock meanwhile": {
			appends(t, residence.WithdrawnFromStock{DwellingID: house, Ground: residence.GivenBack}, residence.OwnersChanged{
				DwellingID: house, Owners: []residence.Owner{{Kind: residence.State, BIN: "990240000016", Name: "Әкімдік"}},
				On: domaintest.Today(),
			}),
			[]string{"case: ProvisionVoided"},
		},
		"Q37 the dwelling was offered to another entry meanwhile": {
			appends(t, residence.Offered{DwellingID: house, ListID: list, EntryID: entryOfAigul, PersonID: aigul}),
			[]string{"case: ProvisionVoided"},
		},
		"Q20 nothing happened meanwhile": {
			func(*memoryLog) {},
			[]string{"dwelling: LeaseBegan", "queue: EntryProvided", "case: ProvisionCompleted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := decidedAndLeft(t)
			c.meanwhile(l)
			before := l.len()
			finishProvisionAlone(l)
			finishProvisionAlone(l)
			if got := typesOf(l.since(before)); !slices.Equal(got, c.want) {
				t.Errorf("finished as %v, want %v", got, c.want)
			}
		})
	}
}

// appends adds events to the stream of the house.
func appends(t *testing.T, events ...domain.Event) func(*memoryLog) {
	return func(l *memoryLog) {
		t.Helper()
		if _, err := l.append(house.Stream(), lastOf(l, house.Stream()), newEvents(events...)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQ20_ALetDwellingIsNotGivenAgain(t *testing.T) {
	l := world(t)
	h := newHandler(l)
	must(t, "provide daur", func(cmd domain.Command) (command.Receipt, error) {
		return provide(h, house)(cmd, command.Options{})
	})
	must(t, "aigul is placed", approve(h, caseOfAigul))
	before := l.len()
	again := provideTo(entryOfAigul, "a second provision")
	if _, err := h.Provide(ctx, envelope("provide aigul"), again, command.Options{}); domain.CodeOf(
		err,
	) != domain.CodeDwellingLeased {
		t.Errorf("Q20: %v", err)
	}
	if l.len() != before {
		t.Errorf("Q20: a refused decision left %v", typesOf(l.since(before)))
	}
}

// TestQ20_AProvisionRegistersTheHolder moves the residence in one append, and a
// person's no is the case's to tell: the provision stands.
func TestQ20_AProvisionRegistersTheHolder(t *testing.T) {
	l := world(t)
	r := must(t, "provide and register", func(cmd domain.Command) (command.Receipt, error) {
		return provideAndRegister(newHandler(l), cmd, command.Options{})
	})
	began := r.Events[4].Event.(residence.RegistrationBegan)
	if began.CaseID != provision || began.From != domaintest.Today() || len(began.Consents) != 0 ||
		r.Events[3].Meta.Causation != r.Events[4].Meta.Causation {
		t.Errorf("registered as %+v", began)
	}
	if got := r.Events[5].Event.(housing.ProvisionCompleted).Residence; got != (housing.Residence{RegistrationID: began.RegistrationID}) {
		t.Errorf("the case tells %+v", got)
	}
	p := personOf(t, l, daur)
	if active := p.ActiveOn(domaintest.Today()); len(active) != 1 || active[0].DwellingID != house {
		t.Errorf("R11 R12: daur is registered %v", active)
	}

	l = world(t)
	h := newHandler(l)
	must(t, "daur resides in the house", register(h, daur, house, residence.Permanent, command.Options{}))
	r = must(t, "provide and register", func(cmd domain.Command) (command.Receipt, error) {
		return provideAndRegister(h, cmd, command.Options{})
	})
	done := r.Events[4].Event.(housing.ProvisionCompleted)
	if done.Residence.Code != domain.CodeRegisteredHere || done.Residence.Reason == "" ||
		!done.Residence.RegistrationID.IsZero() {
		t.Errorf("the case tells %+v", done.Residence)
	}
}

// TestQ20_WhatAPersonsStreamDeclinedStaysDeclined: before the case has told it,
// the person becomes free to be registered, and another process finishes.
func TestQ20_WhatAPersonsStreamDeclinedStaysDeclined(t *testing.T) {
	l := world(t)
	must(t, "daur resides in the house", register(newHandler(l), daur, house, residence.Permanent, command.Options{}))
	l.faults(func(n int, _ string) error {
		if n == 5 { // decided, let, provided, declined: the completion
			other := newHandler(l)
			must(t, "daur moves to the flat", register(other, daur, flat, residence.Permanent, command.Options{}))
			if err := other.Finish(ctx, provision); err != nil {
				t.Errorf("the other process: %v", err)
			}
		}
		return nil
	}, nil)
	r := must(t, "provide and register", func(cmd domain.Command) (command.Receipt, error) {
		return provideAndRegister(newHandler(l), cmd, command.Options{})
	})
	if got := r.Events[4].Event.(housing.ProvisionCompleted).Residence.Code; got != domain.CodeRegisteredHere {
		t.Errorf("the case tells %q", got)
	}
	p := personOf(t, l, daur)
	if active := p.ActiveOn(domaintest.Today()); len(active) != 1 || active[0].DwellingID != flat {
		t.Errorf("daur is registered %v, and was told that the provision did not register him", active)
	}
}
