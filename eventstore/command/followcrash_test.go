package command_test

import (
	"errors"
	"fmt"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// TestR27_R49_Q39_WhatFollowsSurvivesAStopAtEveryAppend stops what the timer does after a death of an
// applicant, after one of a holder, and after a departure abroad, before and after each append. The
// next look, of the same process or of another, ends it as if nothing had been stopped, and a further
// look adds nothing.
func TestR27_R49_Q39_WhatFollowsSurvivesAStopAtEveryAppend(t *testing.T) {
	entry := domain.ListEntry{ListID: list, EntryID: entryOfDaur}
	recordDeath := func(l *memoryLog, id domain.PersonID) {
		must(t, "death", func(cmd domain.Command) (command.Receipt, error) {
			return newErasing(l).Handler.RecordDeath(ctx, cmd, id, residence.RecordDeath{
				On: domain.DateOf(cmd.Now), Basis: deathRecord,
			}, command.Options{})
		})
	}
	applicant, holder, abroad := world(t), world(t), world(t)
	recordDeath(applicant, aigul)
	recordDeath(holder, daur)
	stay := stayOf(t, abroad, daur)
	if _, err := abroad.Append(ctx, daur.Stream(), lastOf(abroad, daur.Stream()), newEvents(residence.RegistrationEnded{
		PersonID: daur, RegistrationID: stay, DwellingID: flat, Kind: residence.Permanent, Reason: residence.DepartureAbroad,
		On: domaintest.Today(),
	})); err != nil {
		t.Fatal(err)
	}
	abroad.appends = 0
	for _, c := range []struct {
		name    string
		log     *memoryLog
		records erasureRecords
		task    domain.Task
		appends int
	}{
		{"R49 the death of an applicant", applicant, erasureRecords{matters: residence.Matters{OpenCases: []domain.CaseID{caseOfAigul}}},
			domain.Task{Kind: domain.TaskDeath, Stream: aigul.Stream()}, 2},
		{"R27 the death of a holder", holder, erasureRecords{matters: residence.Matters{Entries: []domain.ListEntry{entry}}},
			domain.Task{Kind: domain.TaskDeath, Stream: daur.Stream()}, 2},
		{"Q39 a departure abroad", abroad, erasureRecords{naming: residence.Naming{Entries: []domain.ListEntry{entry}}},
			domain.Task{Kind: domain.TaskDeparture, Stream: daur.Stream()}, 2},
	} {
		process := func(l *memoryLog) *erasing {
			e := newErasing(l)
			e.records.matters, e.records.naming = c.records.matters, c.records.naming
			return e
		}
		undisturbed := c.log.copy()
		if err := process(undisturbed).Handler.Do(ctx, c.task); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if undisturbed.appends < c.appends {
			t.Fatalf("%s: it appends %d times, want %d at least: %v", c.name, undisturbed.appends, c.appends, typesOf(undisturbed.since(c.log.len())))
		}
		for n := 1; n <= undisturbed.appends; n++ {
			for _, where := range []string{"before", "after"} {
				for _, another := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, stopped %s append %d, another process: %t", c.name, where, n, another), func(t *testing.T) {
						l := c.log.copy()
						l.stops(where, n)
						e := process(l)
						if err := e.Handler.Do(ctx, c.task); !errors.Is(err, errLost) {
							t.Fatalf("it was not stopped: %v", err)
						}
						l.heal()
						if another {
							e = process(l)
						}
						for range 2 {
							if err := e.Handler.Do(ctx, c.task); err != nil {
								t.Fatal(err)
							}
							if diff := domaintest.Diff(undisturbed.contents(), l.contents()); diff != "" {
								t.Fatalf("log (-undisturbed +stopped):\n%s", diff)
							}
						}
					})
				}
			}
		}
	}
}

// TestQ39_ADepartureIsFollowedByWhatItOpened: its entries are named in the person's stream. Of whoever
// did not leave nothing follows, and of a departed person who has died the death alone is followed.
func TestQ39_ADepartureIsFollowedByWhatItOpened(t *testing.T) {
	entry := domain.ListEntry{ListID: list, EntryID: entryOfDaur}
	left := world(t)
	if _, err := left.Append(ctx, daur.Stream(), lastOf(left, daur.Stream()), newEvents(residence.RegistrationEnded{
		PersonID: daur, RegistrationID: stayOf(t, left, daur), DwellingID: flat, Kind: residence.Permanent,
		Reason: residence.DepartureAbroad, On: domaintest.Today(),
	})); err != nil {
		t.Fatal(err)
	}
	died := left.copy()
	must(t, "death", func(cmd domain.Command) (command.Receipt, error) {
		return newErasing(died).Handler.RecordDeath(ctx, cmd, daur, residence.RecordDeath{
			On: domain.DateOf(cmd.Now), Basis: deathRecord,
		}, command.Options{})
	})
	for name, c := range map[string]struct {
		log  *memoryLog
		who  domain.PersonID
		want []residence.EntryLeft // nil where nothing is followed
		left bool
	}{
		"who left":          {left, daur, []residence.EntryLeft{residence.EntryLeft(entry)}, true},
		"who left and died": {died, daur, nil, true},
		"who did not leave": {world(t), aigul, nil, false},
	} {
		from := c.log.len()
		e := newErasing(c.log)
		e.records.naming = residence.Naming{Entries: []domain.ListEntry{entry}}
		if err := e.Handler.Do(ctx, domain.Task{Kind: domain.TaskDeparture, Stream: c.who.Stream()}); err != nil {
			t.Errorf("Q39 %s: %v", name, err)
		}
		followed, reviews := false, 0
		for _, rec := range c.log.since(from) {
			switch e := rec.Event.(type) {
			case residence.DepartureFollowed:
				followed = true
				if diff := domaintest.Diff(c.want, e.Entries); diff != "" {
					t.Errorf("Q39 %s (-want +got):\n%s", name, diff)
				}
			case housing.ReviewOpened:
				reviews++
			}
		}
		if followed != c.left || reviews != len(c.want) {
			t.Errorf("Q39 %s: followed %t, %d reviews", name, followed, reviews)
		}
	}
}
