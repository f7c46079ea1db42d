package command_test

import (
	"log/slog"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

// finishProvisionAlone lets a process manager, and nobody else, finish what is
// half done.
func finishProvisionAlone(l *memoryLog) {
	command.NewFinisher(command.New(l, clock), todo(provision), slog.New(slog.DiscardHandler)).Once(ctx, clock())
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
		_, err := provide(command.New(l, clock), house)(order("provide daur"), command.Options{})
		if (err == nil) != (n == 4) {
			t.Fatalf("stopped after %d appends: %v", n, err)
		}
		l.heal()
		for range 2 {
			finishProvisionAlone(l)
		}
		want := []string{"case: ProvisionDecided", "dwelling: LeaseBegan", "queue: EntryProvided", "case: ProvisionCompleted"}
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
			func(l *memoryLog) { must(t, "place aigul", approve(command.New(l, clock), caseOfAigul)) },
			[]string{"dwelling: LeaseBegan", "queue: ProvisionDeclined", "dwelling: LeaseVoided", "case: ProvisionVoided"},
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

func TestQ20_ALetDwellingIsNotGivenAgain(t *testing.T) {
	l := world(t)
	h := command.New(l, clock)
	must(t, "provide daur", func(cmd domain.Command) (command.Receipt, error) { return provide(h, house)(cmd, command.Options{}) })
	must(t, "aigul is placed", approve(h, caseOfAigul))
	before := l.len()
	again := provideTo(entryOfAigul, "a second provision")
	if _, err := h.Provide(ctx, order("provide aigul"), again, command.Options{}); domain.CodeOf(err) != domain.CodeDwellingLeased {
		t.Errorf("Q20: %v", err)
	}
	if l.len() != before {
		t.Errorf("Q20: a refused decision left %v", typesOf(l.since(before)))
	}
}
