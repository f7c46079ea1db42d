package command_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// livesIn is a read model that knows at once who is registered where.
func livesIn(l *memoryLog) func(*command.Config) {
	return withModel(model{occupants: func(id domain.DwellingID, on domain.Date) []domain.PersonID {
		var there []domain.PersonID
		for _, p := range []domain.PersonID{aigul, daur, erlan, gulnar} {
			who, err := newHandler(l).Person(ctx, p)
			if err == nil && slices.ContainsFunc(who.ActiveOn(on), func(r residence.Registration) bool { return r.DwellingID == id }) {
				there = append(there, p)
			}
		}
		return there
	}})
}

// splitFlat splits the flat, where Daur resides and Erlan stays, into two.
func splitFlat(t *testing.T, l *memoryLog) func(*command.Handler) (command.Receipt, error) {
	t.Helper()
	for i, name := range []string{"left", "right"} {
		must(t, "record "+name, func(cmd domain.Command) (command.Receipt, error) {
			return newHandler(l).RecordDwelling(ctx, cmd, residence.RecordDwelling{
				DwellingID: dwellingOf(name), Identity: rka(50 + i), Address: name, MadeFrom: []domain.DwellingID{flat},
				Owners: []residence.Owner{{PersonID: aigul, Share: "1/1"}},
			}, command.Options{})
		})
	}
	return func(h *command.Handler) (command.Receipt, error) {
		return h.EndDwelling(ctx, envelope("split"), flat, residence.EndDwelling{
			How: residence.Split, Into: []domain.DwellingID{dwellingOf("left"), dwellingOf("right")}, Basis: domaintest.Basis(),
			Residents: []residence.ResidentInto{
				{PersonID: daur, DwellingID: dwellingOf("left")}, {PersonID: erlan, DwellingID: dwellingOf("right")},
			},
		}, command.Options{})
	}
}

func homesOf(t *testing.T, l *memoryLog, p domain.PersonID) string {
	t.Helper()
	who, err := newHandler(l).Person(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	var homes []string
	for _, r := range who.ActiveOn(domaintest.Today()) {
		home := "another"
		for name, id := range map[string]domain.DwellingID{
			"flat": flat, "house": house, "left": dwellingOf("left"), "right": dwellingOf("right"),
		} {
			if id == r.DwellingID {
				home = name
			}
		}
		homes = append(homes, fmt.Sprint(home, " ", r.Kind))
	}
	return strings.Join(homes, ", ")
}

// TestR37_ASplitIsCompletedAfterACrashAnywhere stops it around each of its appends: the task then
// goes on, each resident is registered in one dwelling, the new dwellings are in the stock (Q38), and
// the codes are free.
func TestR37_ASplitIsCompletedAfterACrashAnywhere(t *testing.T) {
	for n := 1; n <= 6; n++ { // the end, two residents, two new dwellings of the stock, the last step
		for _, where := range []string{"before", "after"} {
			l := world(t)
			split := splitFlat(t, l)
			before := l.len()
			l.stops(where, n)
			if _, err := split(newHandler(l, livesIn(l))); err == nil {
				t.Errorf("stopped %s append %d: it was not stopped", where, n)
			}
			l.heal()
			if n == 1 {
				if _, err := split(newHandler(l, livesIn(l))); err != nil {
					t.Fatalf("stopped %s append %d: sent again: %v", where, n, err)
				}
			}
			due := domain.Task{Kind: domain.TaskDwelling, Stream: flat.Stream()}
			for range 2 {
				if err := newHandler(l, livesIn(l)).Do(ctx, due); err != nil {
					t.Fatalf("stopped %s append %d: %v", where, n, err)
				}
			}
			want := []string{
				"dwelling: DwellingGone", "residence: RegistrationEnded", "residence: RegistrationBegan",
				"residence: RegistrationEnded", "residence: RegistrationBegan", "dwelling: DwellingTakenIntoStock",
				"dwelling: DwellingTakenIntoStock", "dwelling: DwellingWithdrawnFromStock", "dwelling: DwellingGoneFollowed",
			}
			if got := typesOf(l.since(before)); !slices.Equal(got, want) {
				t.Errorf("stopped %s append %d: recorded %v", where, n, got)
			}
			if d, e := homesOf(t, l, daur), homesOf(t, l, erlan); d != "left permanent" || e != "right temporary" {
				t.Errorf("stopped %s append %d: Daur lives in %q, Erlan in %q", where, n, d, e)
			}
			if _, err := recordDwelling(newHandler(l), "again", rka(len("flat"))); err != nil {
				t.Errorf("stopped %s append %d: the code is blocked: %v", where, n, err)
			}
		}
	}
}

// TestR36_WhoRegistersWhileADwellingIsDemolishedIsNotLeftThere: somebody whose registration is
// decided before the demolition and appended before or after it.
func TestR36_WhoRegistersWhileADwellingIsDemolishedIsNotLeftThere(t *testing.T) {
	hut := dwellingOf("hut")
	demolish := func(h *command.Handler) error {
		_, err := h.EndDwelling(ctx, envelope("demolish"), hut, residence.EndDwelling{
			How: residence.Demolished, Basis: domaintest.Basis(),
		}, command.Options{})
		return err
	}
	begin := func(t *testing.T) *memoryLog {
		l := world(t)
		must(t, "record the hut", func(cmd domain.Command) (command.Receipt, error) {
			return newHandler(l).RecordDwelling(ctx, cmd, residence.RecordDwelling{
				DwellingID: hut, Identity: rka(60), Address: "hut", Owners: []residence.Owner{{PersonID: aigul}},
			}, command.Options{})
		})
		return l
	}
	t.Run("R36 appended after it", func(t *testing.T) {
		l := begin(t)
		var ended bool
		slow := newHandler(stalling{l, func(stream string) {
			if stream == gulnar.Stream() && !ended {
				ended = true
				if err := demolish(newHandler(l, livesIn(l))); err != nil {
					t.Errorf("the demolition: %v", err)
				}
			}
		}})
		for range 2 {
			_, err := register(slow, gulnar, hut, residence.Permanent, command.Options{})(envelope("move"))
			domaintest.Refused(t, nil, err, domain.CodeDwellingGone, "dwelling_id")
		}
		if got := homesOf(t, l, gulnar); got != "house permanent" {
			t.Errorf("she lives in %q", got)
		}
	})
	t.Run("R36 appended before it", func(t *testing.T) {
		l := begin(t)
		slow := newHandler(stalling{l, func(stream string) {
			if stream == hut.Stream() && homesOf(t, l, gulnar) == "house permanent" {
				if _, err := register(newHandler(l), gulnar, hut, residence.Permanent, command.Options{})(envelope("move")); err != nil {
					t.Errorf("the registration: %v", err)
				}
			}
		}}, livesIn(l))
		domaintest.Refused(t, nil, demolish(slow), domain.CodeDwellingInhabited, "")
		d, err := newHandler(l).Dwelling(ctx, hut)
		if err != nil || d.CheckStands("") != nil || homesOf(t, l, gulnar) != "another permanent" {
			t.Errorf("the dwelling stands: %v; she lives in %q, %v", d.CheckStands(""), homesOf(t, l, gulnar), err)
		}
	})
}
