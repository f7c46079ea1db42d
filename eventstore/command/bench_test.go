package command_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
)

// entriesOfBench is how long the list is on which the benchmarks place.
const entriesOfBench = 100_000

// longList is a log with a list of n entries.
func longList(b *testing.B, n int) *memoryLog {
	b.Helper()
	l := newLog()
	must(b, "open the list", func(cmd domain.Command) (command.Receipt, error) {
		return newHandler(
			l,
		).OpenList(ctx, cmd, housing.OpenList{ListID: list, Body: "body", Settlement: "Алматы", Title: "title"}, command.Options{})
	})
	began := domaintest.Noon().AddDate(-1, 0, 0)
	at := eventstore.Expected(0)
	for i := range n {
		id := uuid.New()
		e := housing.EntryPlaced{
			ListID: list, EntryID: domain.EntryID{UUID: id}, PersonID: domain.PersonID{UUID: id}, CaseID: domain.CaseID{UUID: id},
			Seniority: housing.Seniority{
				At:       began.Add(time.Duration(i) * time.Minute),
				Position: domain.Position(i),
			},
			RegisteredOn: domain.DateOf(
				began,
			), Number: i + 1, InventoryDueOn: domaintest.Today().AddDays(300), PlacedAt: began,
		}
		meta := domain.Meta{Causation: domain.CommandID{UUID: id}}
		if _, err := l.append(list.Stream(), at, []eventstore.NewEvent{{ID: id, Event: e, Meta: meta}}); err != nil {
			b.Fatal(err)
		}
		at++
	}
	return l
}

// BenchmarkCommandOnALongList is a command on a list that is in memory, in a log
// that takes no time: the decision, a change of the order, and the fold of it. That
// is the work of a placement on the list.
func BenchmarkCommandOnALongList(b *testing.B) {
	l := longList(b, entriesOfBench)
	h := newHandler(l)
	entries := l.stream(list.Stream())[1:]
	day := domain.DateOf(domaintest.Noon().AddDate(0, 0, -1))
	redate := func(i int) {
		must(b, fmt.Sprint("redate ", i), func(cmd domain.Command) (command.Receipt, error) {
			return h.RedateEntry(ctx, cmd, list, housing.Redate{
				EntryID: entries[i].Event.(housing.EntryPlaced).EntryID, GroundArose: day, Reasons: "because",
			}, command.Options{})
		})
	}
	redate(0) // reads the list
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		redate(len(took) + 1)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
}

// BenchmarkLoadALongList reads a list into memory.
func BenchmarkLoadALongList(b *testing.B) {
	l := longList(b, entriesOfBench)
	for b.Loop() {
		_, err := newHandler(
			l,
		).RedateEntry(ctx, envelope("redate"), list, housing.Redate{}, command.Options{DryRun: true})
		if err == nil {
			b.Fatal("an entry that is unknown was re-dated")
		}
	}
}
