package command_test

import (
	"errors"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
)

// TestQ33_TheTimerIssuesTheCertificateThatACrashHeldBack, once.
func TestQ33_TheTimerIssuesTheCertificateThatACrashHeldBack(t *testing.T) {
	for _, a := range acts(t) {
		if a.name != "Q16 transfer" {
			continue
		}
		undisturbed, stopped := a.log.copy(), a.log.copy()
		must(t, a.name, func(cmd domain.Command) (command.Receipt, error) {
			return a.do(newHandler(undisturbed), cmd, command.Options{})
		})
		stopped.stops("before", 2)
		if _, err := a.do(newHandler(stopped), envelope(a.name), command.Options{}); !errors.Is(err, errLost) {
			t.Fatalf("it was not stopped: %v", err)
		}
		stopped.heal()
		for range 2 {
			if err := newHandler(stopped).Do(ctx, domain.Task{
				Kind: domain.TaskHolder, Stream: list.Stream(), Item: "5",
			}); err != nil {
				t.Fatal(err)
			}
		}
		if diff := domaintest.Diff(undisturbed.contents(), stopped.contents()); diff != "" {
			t.Errorf("log (-undisturbed +by the timer):\n%s", diff)
		}
		last := stopped.since(stopped.len() - 1)[0]
		if e, ok := last.Event.(housing.HolderCertified); !ok || e.Transfer != (domain.EventRef{Stream: list.Stream(), Revision: 5}) {
			t.Errorf("the last event is %v", last)
		}
		return
	}
	t.Fatal("no act transfers an entry")
}
