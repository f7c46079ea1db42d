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

// streetOf is a street of n dwellings, and a read model of the log that gives two at a time.
func streetOf(t *testing.T, n int) (*memoryLog, func(*command.Config)) {
	t.Helper()
	l := newLog()
	var ids []domain.DwellingID
	for i := range n {
		name := fmt.Sprint("house ", i)
		must(t, name, func(cmd domain.Command) (command.Receipt, error) {
			return newHandler(l).RecordDwelling(ctx, cmd, residence.RecordDwelling{
				DwellingID: dwellingOf(name), Address: fmt.Sprint("Алматы, Абай, ", i),
				Identity: residence.Identity{RKA: rka(i).RKA, KATO: "750000000"},
			}, command.Options{})
		})
		ids = append(ids, dwellingOf(name))
	}
	slices.SortFunc(ids, func(a, b domain.DwellingID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return l, withModel(model{street: func(after string) ([]domain.DwellingID, string) {
		first := 0
		for first < n && ids[first].String() <= after {
			first++
		}
		part := ids[first:min(first+2, n)]
		next := ""
		if first+2 < n {
			next = part[1].String()
		}
		var left []domain.DwellingID
		for _, id := range part {
			if d, err := newHandler(l).Dwelling(ctx, id); err == nil && residence.OnStreet(d.Address, "Абай") {
				left = append(left, id)
			}
		}
		return left, next
	}})
}

var renaming = domaintest.ID[domain.CaseID]("renaming")

func renameAbai(h *command.Handler) (command.Receipt, residence.Renaming, error) {
	return h.RenameStreet(ctx, envelope("rename"), residence.RenameStreet{
		ActID: renaming, KATO: "750000000", From: "Абай", To: "Достық", On: domaintest.Today().AddDays(-5), Basis: domaintest.Basis(),
	}, command.Options{})
}

// TestR35_ARenamingGoesOnAfterACrashAnywhere stops the act around each of its appends. The
// finisher then goes on from where it has come, and each dwelling is readdressed once.
func TestR35_ARenamingGoesOnAfterACrashAnywhere(t *testing.T) {
	const dwellings = 5
	// the act, two dwellings, the progress; two, the progress; one, the end
	const appends = 1 + dwellings + 3
	for n := 1; n <= appends; n++ {
		for _, where := range []string{"before", "after"} {
			l, with := streetOf(t, dwellings)
			before := l.len()
			l.stops(where, n)
			_, act, err := renameAbai(newHandler(l, with))
			if begun := n > 1; (err == nil && act.Known()) != begun && !(n == 1 && where == "after") {
				t.Errorf("stopped %s append %d: %v, %v", where, n, act.Known(), err)
			}
			if n > 4 { // the request carried out the first part
				if err := newHandler(l, with).Finish(ctx, renaming); err == nil {
					t.Errorf("stopped %s append %d: it was not stopped", where, n)
				}
			}
			l.heal()
			if n == 1 {
				if _, _, err := renameAbai(newHandler(l, with)); err != nil {
					t.Fatal(err)
				}
			}
			h := newHandler(l, with)
			for range 2 {
				if err := h.Finish(ctx, renaming); err != nil {
					t.Fatalf("stopped %s append %d: %v", where, n, err)
				}
			}
			got := map[string]int{}
			for _, typ := range typesOf(l.since(before)) {
				got[typ]++
			}
			if got["case: StreetRenamed"] != 1 || got["dwelling: DwellingReaddressed"] != dwellings ||
				got["case: StreetRenamingProgressed"] != 2 || got["case: StreetRenamingCompleted"] != 1 || len(got) != 4 {
				t.Errorf("stopped %s append %d: recorded %v", where, n, got)
			}
			for i := range dwellings {
				d, err := h.Dwelling(ctx, dwellingOf(fmt.Sprint("house ", i)))
				if want := fmt.Sprint("Алматы, Достық, ", i); err != nil || d.Address != want {
					t.Errorf("stopped %s append %d: %q, %v", where, n, d.Address, err)
				}
			}
		}
	}
}

func TestR35_ARenamingThatIsPlannedChangesNothingAndCountsTheDwellings(t *testing.T) {
	l, with := streetOf(t, 5)
	n := l.len()
	c := residence.RenameStreet{ActID: renaming, KATO: "750000000", From: "Абай", To: "Достық", Basis: domaintest.Basis()}
	_, act, err := newHandler(l, with).RenameStreet(ctx, envelope("plan"), c, command.Options{DryRun: true})
	if err != nil || act.Act.Dwellings != 5 || l.len() != n {
		t.Errorf("%d dwellings, %v, the log has %d events more", act.Act.Dwellings, err, l.len()-n)
	}
}
