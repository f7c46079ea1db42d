package eventstore_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore"
)

// commandsAtOnce is how many commands the benchmark runs at the same time.
const commandsAtOnce = 16

// BenchmarkSealing compares a store that seals with one that does not, in turns on one node.
// A command is an append and the reading back.
//
//	record    a person
//	contacts  of persons who were recorded
//	register  a person, with the recording, the contacts, and eight registrations, which have
//	          no personal value
//	load      reads the streams of persons whom the process does not know
//	follow    all events from the start of the log, as a rebuild does
func BenchmarkSealing(b *testing.B) {
	for _, c := range []struct {
		name string
		run  func(b *testing.B, s *eventstore.Store, n int) (operations int)
	}{
		{"record", func(b *testing.B, s *eventstore.Store, n int) int {
			atOnce(b, n, func(int) error { return carryOut(b.Context(), s, newPerson(), 1) })
			return n
		}},
		{"contacts", func(b *testing.B, s *eventstore.Store, n int) int {
			atOnce(b, n/8, func(int) error { return carryOut(b.Context(), s, newPerson(), 8, contacts) })
			return n
		}},
		{"register", func(b *testing.B, s *eventstore.Store, n int) int {
			atOnce(b, n/10, func(int) error {
				return carryOut(b.Context(), s, newPerson(), 10, contacts, began, began, began, began, began, began, began, began)
			})
			return n
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			address := startNode(b, b.TempDir(), "127.0.0.1:0").ConnectionString()
			stores := []*eventstore.Store{openStore(b, address), openSealed(b, address, masterKeys(b, 1))}
			var took [2]time.Duration
			done := 0
			for b.Loop() {
				for i, s := range stores {
					began := time.Now()
					operations := c.run(b, s, 800)
					took[i] += time.Since(began)
					done += operations
				}
			}
			report(b, took, done/2)
		})
	}
	b.Run("load", func(b *testing.B) { benchmarkReads(b, loadAll) })
	b.Run("follow", func(b *testing.B) { benchmarkReads(b, followAll) })
}

func report(b *testing.B, took [2]time.Duration, done int) {
	for i, name := range []string{"clear", "sealed"} {
		b.ReportMetric(float64(done)/took[i].Seconds(), name+"/s")
	}
	b.ReportMetric(100*(took[1].Seconds()/took[0].Seconds()-1), "cost-%")
}

func atOnce(b *testing.B, n int, f func(i int) error) {
	var work errgroup.Group
	work.SetLimit(commandsAtOnce)
	for i := range n {
		work.Go(func() error { return f(i) })
	}
	if err := work.Wait(); err != nil {
		b.Fatal(err)
	}
}

func contacts(id domain.PersonID) domain.Event {
	return residence.ContactsConfirmed{PersonID: id, Phone: "+77010000000", Email: "aigul@example.kz", Language: domain.Kazakh}
}

func began(id domain.PersonID) domain.Event {
	return residence.RegistrationBegan{PersonID: id, Kind: residence.Permanent, From: domain.NewDate(2026, 3, 1)}
}

// carryOut records the person and appends further events up to n, each read back.
func carryOut(
	ctx context.Context, s *eventstore.Store, id domain.PersonID, n int, further ...func(domain.PersonID) domain.Event,
) error {
	for i := range n {
		e := recording(id)
		if i > 0 {
			e = newEvent(further[min(i-1, len(further)-1)](id))
		}
		if _, err := s.Append(ctx, id.Stream(), eventstore.Expected(i-1), []eventstore.NewEvent{e}); err != nil {
			return err
		}
		if recs, err := s.ReadPage(ctx, id.Stream(), uint64(i), 10); err != nil || len(recs) != 1 {
			return fmt.Errorf("%d events were read back: %w", len(recs), err)
		}
	}
	return nil
}

// benchmarkReads compares reads of a log in clear with those of a sealed one, of 2,000 persons
// with 10 events each.
func benchmarkReads(b *testing.B, read func(b *testing.B, s *eventstore.Store, persons []domain.PersonID)) {
	var addresses [2]string
	var persons [2][]domain.PersonID
	for i := range addresses {
		addresses[i] = startNode(b, b.TempDir(), "127.0.0.1:0").ConnectionString()
		s := benchStore(b, addresses[i], i)
		for range 2_000 {
			persons[i] = append(persons[i], newPerson())
		}
		atOnce(b, len(persons[i]), func(j int) error {
			return carryOut(b.Context(), s, persons[i][j], 10, contacts, began, began, began, began, began, began, began, began)
		})
	}
	var took [2]time.Duration
	done := 0
	for b.Loop() {
		for i, address := range addresses {
			s := benchStore(b, address, i)
			began := time.Now()
			read(b, s, persons[i])
			took[i] += time.Since(began)
		}
		done += 10 * len(persons[0])
	}
	report(b, took, done)
}

func benchStore(b *testing.B, address string, sealed int) *eventstore.Store {
	if sealed == 0 {
		return openStore(b, address)
	}
	return openSealed(b, address, masterKeys(b, 1))
}

func loadAll(b *testing.B, s *eventstore.Store, persons []domain.PersonID) {
	atOnce(b, len(persons), func(i int) error {
		recs, err := s.ReadPage(b.Context(), persons[i].Stream(), 0, 100)
		if len(recs) != 10 {
			return fmt.Errorf("%d events were read: %w", len(recs), err)
		}
		return nil
	})
}

func followAll(b *testing.B, s *eventstore.Store, persons []domain.PersonID) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	events := 0
	for d := range s.Follow(ctx, 0) {
		if d.Recorded != nil {
			events++
		}
		if events == 10*len(persons) {
			return
		}
	}
}
