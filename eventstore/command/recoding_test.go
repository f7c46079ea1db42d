package command_test

import (
	"fmt"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

// recode has a desk give the dwelling of that name other codes.
func recode(h *command.Handler, name, dwelling string, to residence.Identity) (command.Receipt, error) {
	return h.RecodeDwelling(ctx, envelope(name), dwellingOf(dwelling), residence.Recode{
		Identity: to, Basis: domaintest.Basis(),
	}, command.Options{})
}

// withDwellings is a log with dwellings that have the RKAs 1, 2, …
func withDwellings(t *testing.T, names ...string) *memoryLog {
	t.Helper()
	l := newLog()
	for i, name := range names {
		if _, err := recordDwelling(newHandler(l), name, rka(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestR35_ACodeThatIsGivenUpIsFreeAndFindsTheDwellingForTheDaysBefore(t *testing.T) {
	l := withDwellings(t, "a")
	if _, err := recode(newHandler(l), "recode a", "a", both(2, 2)); err != nil {
		t.Fatal(err)
	}
	find := func(code residence.DwellingCode, on domain.Date) string {
		d, err := newHandler(l).FindDwelling(ctx, code, on)
		if err != nil {
			return string(domain.CodeOf(err))
		}
		for _, name := range []string{"a", "b"} {
			if d.ID == dwellingOf(name) {
				return fmt.Sprint(name, " ", d.RecodedFrom)
			}
		}
		return "another dwelling"
	}
	today, before := domaintest.Today(), domaintest.Today().AddDays(-1)
	former, now := rka(1).Codes()[0], rka(2).Codes()[0]
	finds := func(code residence.DwellingCode, on domain.Date, want string) {
		t.Helper()
		if got := find(code, on); got != want {
			t.Errorf("%v on %s finds %q, want %q", code, on, got, want)
		}
	}
	recodedToday := "a " + today.String()
	finds(now, today, "a ")
	finds(both(2, 2).Codes()[1], today, "a ")
	finds(former, before, recodedToday)
	finds(former, today, recodedToday)
	finds(rka(9).Codes()[0], today, string(domain.CodeDwellingUnknown))

	n := l.len()
	if _, err := recordDwelling(newHandler(l), "b", rka(1)); err != nil {
		t.Fatalf("the former code is blocked: %v", err)
	}
	if got := typesOf(l.since(n)); !slices.Equal(got, []string{"address: DwellingCodeClaimed", "dwelling: DwellingRecorded"}) {
		t.Errorf("taking a free code recorded %v", got)
	}
	finds(former, today, "b ")
	finds(former, before, recodedToday)
	_, err := recode(newHandler(l), "recode back", "a", rka(1))
	taken(t, err, "b", "rka")
}

func TestR35_OfManyDesksAtOnceOneTakesTheCode(t *testing.T) {
	for round := range 5 {
		names := []string{"a", "b", "c", "d"}
		l := withDwellings(t, names...)
		errs := atOnce(8, processes(l, 3), func(i int, h *command.Handler) error {
			if i < len(names) {
				_, err := recode(h, "recode "+names[i], names[i], both(9, i))
				return err
			}
			_, err := recordDwelling(h, fmt.Sprint("new ", i), rka(9))
			return err
		})
		all := append(names, "new 4", "new 5", "new 6", "new 7")
		have := having(t, l, rka(9).Codes()[0], all...)
		if len(have) != 1 {
			t.Fatalf("round %d: the dwellings of %v have the code", round, have)
		}
		for i, err := range errs {
			if all[i] == have[0] {
				if err != nil {
					t.Errorf("round %d: who took the code was told %v", round, err)
				}
				continue
			}
			taken(t, err, have[0], "rka")
		}
	}
}

// TestR35_AStopBetweenTheStepsBlocksNoCode stops a re-coding around each of its appends. Another
// dwelling then takes the code, or is told whose it is; the first command, sent again, says what
// became of it; and each dwelling has one RKA.
func TestR35_AStopBetweenTheStepsBlocksNoCode(t *testing.T) {
	for n := 1; n <= 2; n++ { // the claim, the re-coding
		for _, where := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("stopped %s append %d", where, n), func(t *testing.T) {
				l := withDwellings(t, "a", "b")
				l.stops(where, n)
				if _, err := recode(newHandler(l), "recode a", "a", rka(9)); err == nil {
					t.Fatal("it was not stopped")
				}
				l.heal()
				_, second := recode(later(l), "recode b", "b", rka(9))
				_, first := recode(later(l), "recode a", "a", rka(9))
				if n == 2 && where == "after" {
					taken(t, second, "a", "rka")
					if first != nil {
						t.Errorf("the first one, repeated: %v", first)
					}
				} else {
					if second != nil {
						t.Errorf("the code is blocked: %v", second)
					}
					taken(t, first, "b", "rka")
				}
				for rkas, code := 0, 1; code <= 9; code++ {
					have := having(t, l, rka(code).Codes()[0], "a", "b")
					if len(have) > 1 {
						t.Errorf("the dwellings of %v have the RKA %d", have, code)
					}
					if rkas += len(have); code == 9 && rkas != 2 {
						t.Errorf("two dwellings have %d RKAs", rkas)
					}
				}
			})
		}
	}
}

func TestR35_ARepeatedRecodingGivesTheSameReceipt(t *testing.T) {
	l := withDwellings(t, "a")
	first, err := recode(newHandler(l), "recode a", "a", both(2, 2))
	if err != nil {
		t.Fatal(err)
	}
	again, err := recode(newHandler(l), "recode a", "a", both(2, 2))
	if err != nil || !again.Repeated || len(again.Events) != len(first.Events) || len(first.Events) != 3 {
		t.Errorf("%d events, then %d, repeated %t, %v", len(first.Events), len(again.Events), again.Repeated, err)
	}
}

func TestR35_ARecodingIsNoMoveOfAnybody(t *testing.T) {
	l := world(t)
	must(t, "recode the flat", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(l).RecodeDwelling(ctx, cmd, flat, residence.Recode{
			Identity: residence.Identity{RKA: "77"}, Basis: domaintest.Basis(),
		}, command.Options{})
	})
	p, err := newHandler(l).Person(ctx, daur)
	if err != nil || len(p.ActiveOn(domaintest.Today())) != 1 || p.ActiveOn(domaintest.Today())[0].DwellingID != flat {
		t.Errorf("a re-coding moved a resident: %v, %v", p.ActiveOn(domaintest.Today()), err)
	}
}
