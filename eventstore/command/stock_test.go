package command_test

import (
	"slices"
	"strconv"
	"testing"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// offeredTo is a world in which the house is described and offered to Daur's entry.
func offeredTo(t *testing.T) *memoryLog {
	t.Helper()
	l := world(t)
	must(t, "describe the house", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).DescribeDwelling(ctx, cmd, house, residence.DescribeDwelling{
			Description: residence.Description{Place: residence.Apartment, Area: 30, Rooms: 1},
		}, command.Options{})
	})
	must(t, "offer the house", func(cmd domain.Command) (command.Receipt, error) {
		cmd.BodyID = body.Default(domain.RoleCommission)
		return newHandler(l).OfferDwelling(ctx, cmd, domain.ListEntry{ListID: list, EntryID: entryOfDaur}, house,
			domaintest.Today().AddDays(7), command.Options{})
	})
	return l
}

func declineHouse(l *memoryLog) error {
	_, err := newHandler(l).DeclineDwelling(ctx, envelope("daur declines"), list, housing.DeclineDwelling{
		EntryID: entryOfDaur, DwellingID: house, Basis: domaintest.Basis(),
	}, command.Options{})
	return err
}

// TestQ37_ADeclineEndsTheOfferAfterACrashAnywhere: by the task, or by the same command again.
func TestQ37_ADeclineEndsTheOfferAfterACrashAnywhere(t *testing.T) {
	want := []string{"queue: DwellingDeclined", "dwelling: DwellingOfferEnded"}
	for _, where := range []string{"before", "after"} {
		for _, again := range []bool{false, true} {
			l := offeredTo(t)
			before := l.len()
			l.stops(where, 2)
			if err := declineHouse(l); err == nil {
				t.Errorf("%s the end of the offer: it was not stopped", where)
			}
			l.heal()
			for range 2 {
				err := error(nil)
				if again {
					err = declineHouse(l)
				} else {
					due := domain.Task{Kind: domain.TaskDecline, Stream: list.Stream(), Item: strconv.FormatUint(l.since(before)[0].Revision, 10)}
					err = newHandler(l).Do(ctx, due)
				}
				if err != nil {
					t.Errorf("%s the end of the offer: %v", where, err)
				}
			}
			if got := typesOf(l.since(before)); !slices.Equal(got, want) {
				t.Errorf("%s the end of the offer, again %v: recorded %v", where, again, got)
			}
		}
	}
}

// TestQ37_ADeclineOfWhatWasNotOfferedEndsNothing.
func TestQ37_ADeclineOfWhatWasNotOfferedEndsNothing(t *testing.T) {
	l := world(t)
	before := l.len()
	if err := declineHouse(l); err != nil {
		t.Fatal(err)
	}
	if got := typesOf(l.since(before)); !slices.Equal(got, []string{"queue: DwellingDeclined"}) {
		t.Errorf("recorded %v", got)
	}
}
