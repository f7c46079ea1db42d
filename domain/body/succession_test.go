package body_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
)

func TestC25_ABodyIsCalledAsItWasKnownToBeCalledThen(t *testing.T) {
	joint := body.Names{Kazakh: "Бірыңғай", Russian: "Единая", English: "Joint"}
	at := func(d string) time.Time { return day(d).Start().Add(12 * time.Hour) }
	b := given(
		body.Recorded{BodyID: id, Kind: body.Commission, Description: body.Description{Names: names}, RecordedAt: at("2026-01-10")},
		body.Renamed{BodyID: id, Names: joint, From: day("2026-02-01"), Basis: "r", RenamedAt: at("2026-02-20")},
	)
	for on, want := range map[string]body.Names{
		"2025-06-01": names, "2026-01-31": names,
		"2026-02-10": names, // nobody knew yet
		"2026-02-21": joint, "2027-01-01": joint,
	} {
		if got := b.NamesAt(at(on)); got != want {
			t.Errorf("on %s it was called %v, want %v", on, got, want)
		}
	}
	if b.Names != joint {
		t.Errorf("it is called %v", b.Names)
	}
}

func TestC27_ABodyIsRenamedFromADayByAnAct(t *testing.T) {
	joint := body.Names{Kazakh: "Бірыңғай", Russian: "Единая", English: "Joint"}
	b := given(recorded())
	today := command().Today()
	events, err := b.Rename(command(), body.Rename{Names: joint, Basis: "resolution 118"})
	if err != nil || events[0].(body.Renamed).From != today {
		t.Fatalf("%v, %v", events, err)
	}
	_, err = b.Rename(command(), body.Rename{Names: joint, From: today.AddDays(1), Basis: "r"})
	refused(t, err, domain.CodeDateInFuture, "from")
	_, err = b.Rename(command(), body.Rename{Names: joint})
	refused(t, err, domain.CodeRequired, "basis")
	_, err = b.Rename(command(), body.Rename{Names: names, Basis: "r"})
	refused(t, err, domain.CodeNothingChanges, "names")
	_, err = b.Rename(command(), body.Rename{Names: body.Names{Kazakh: "к", Russian: "р"}, Basis: "r"})
	refused(t, err, domain.CodeRequired, "names.en")
}

func TestC27_ABodyThatHasEndedTakesNoAct(t *testing.T) {
	heir := given(body.Recorded{BodyID: above, Kind: body.Commission, Description: body.Description{Names: names}})
	b := given(recorded(), appointed(person, body.Head, "2026-01-01", ""), opened("astana-1"))
	end := body.End{How: body.Merged, Successor: heir, Basis: "resolution 119"}
	events, err := b.End(command(), end)
	if err != nil || events[0].(body.Ended).SuccessorID != above {
		t.Fatalf("%v, %v", events, err)
	}
	b.Apply(domain.Recorded{Event: events[0]})
	for name, act := range map[string]func() ([]domain.Event, error){
		"described": func() ([]domain.Event, error) { return b.Describe(command(), body.Describe{}) },
		"renamed":   func() ([]domain.Event, error) { return b.Rename(command(), body.Rename{}) },
		"appointed": func() ([]domain.Event, error) { return b.Appoint(command(), body.Appoint{}) },
		"left":      func() ([]domain.Event, error) { return b.EndOffice(command(), body.EndOffice{}) },
		"opened":    func() ([]domain.Event, error) { return b.OpenAccount(command(), body.OpenAccount{}) },
		"closed":    func() ([]domain.Event, error) { return b.CloseAccount(command(), body.CloseAccount{}) },
		"ended":     func() ([]domain.Event, error) { return b.End(command(), end) },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := act()
			refused(t, err, domain.CodeBodyEnded, "")
		})
	}
	_, err = heir.End(command(), body.End{How: body.WoundUp, Successor: b, Basis: "r"})
	refused(t, err, domain.CodeBodyEnded, "successor_id")
	_, err = heir.End(command(), body.End{How: body.WoundUp, Keeps: true, Basis: "r"})
	refused(t, err, domain.CodeSuccessorRequired, "successor_id")
	_, err = heir.End(command(), body.End{How: "abolished", Basis: "r"})
	refused(t, err, domain.CodeValueUnknown, "how")
	_, err = heir.End(command(), body.End{How: body.WoundUp})
	refused(t, err, domain.CodeRequired, "basis")
	if _, err := heir.End(command(), body.End{How: body.WoundUp, Basis: "r"}); err != nil {
		t.Error(err)
	}
	other := given(body.Recorded{BodyID: domaintest.ID[domain.BodyID]("desk"), Kind: body.Desk,
		Description: body.Description{Names: names}})
	_, err = heir.End(command(), body.End{How: body.Merged, Successor: other, Basis: "r"})
	refused(t, err, domain.CodeSuccessorInvalid, "successor_id")
}
