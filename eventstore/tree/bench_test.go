package tree_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
	"tizilim/eventstore/tree"
)

// side is a log of the comparison, with or without proof.
type side struct {
	store    *eventstore.Store
	appended time.Duration
	followed time.Duration
	events   int
	seen     domain.Position
}

// newSide serves a log of its own. A proven one has a builder, as in serve.
func newSide(b *testing.B, proven bool) *side {
	b.Helper()
	dir := b.TempDir()
	node, err := embedded.Open(filepath.Join(dir, "eventstore"), embedded.WithLogger(quiet))
	must(b, err)
	b.Cleanup(func() { _ = node.Close() })
	must(b, node.Start("127.0.0.1:0"))
	var options []eventstore.Option
	if proven {
		options = append(options, eventstore.WithIntegrity(macKey))
	}
	s := &side{}
	s.store, err = eventstore.Open(node.ConnectionString(), quiet, options...)
	must(b, err)
	b.Cleanup(func() { _ = s.store.Close() })
	if !proven {
		return s
	}
	t, err := tree.Open(tree.Config{Store: s.store, Public: newSigner(b, 1).Public(), Key: macKey, Dir: dir})
	must(b, err)
	b.Cleanup(func() { _ = t.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { tree.NewBuilder(t, newSigner(b, 1), time.Now, quiet).Run(ctx) })
	b.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// turn has clients append events and read them back, as commands do, and then follows
// what was appended, as a rebuild does.
func (s *side) turn(b *testing.B, clients, each int) {
	b.Helper()
	began := time.Now()
	var work sync.WaitGroup
	for range clients {
		work.Go(func() {
			list := domain.ListID{UUID: uuid.New()}
			for i := range each {
				id := uuid.New()
				_, err := s.store.Append(context.Background(), list.Stream(), eventstore.Expected(i-1), []eventstore.NewEvent{{
					ID: id, Meta: domain.Meta{Correlation: id, Causation: domain.CommandID{UUID: id}, Actor: "commission-1",
						Role: domain.RoleCommission, Digest: "0123456789abcdef0123456789abcdef"},
					Event: housing.EntryPlaced{
						ListID: list, EntryID: domain.EntryID{UUID: id}, PersonID: domain.PersonID{UUID: id},
						CaseID: domain.CaseID{UUID: id}, Number: i, PlacedAt: time.Now(),
					},
				}})
				if err == nil {
					_, err = s.store.ReadPage(context.Background(), list.Stream(), uint64(i), 1)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	s.appended += time.Since(began)
	s.events += clients * each
	began = time.Now()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	left := clients * each
	for d := range s.store.Follow(ctx, s.seen) {
		if s.seen = max(s.seen, d.Position); d.Recorded != nil {
			if left--; left == 0 {
				break
			}
		}
	}
	s.followed += time.Since(began)
}

// BenchmarkCostOfProof compares commands and the reading of a rebuild with and without
// MAC, tree and heads, in turns: what else the machine does falls on both. The reading
// alone is the greatest part that the proof can have in a rebuild, since a rebuild also
// writes to Redis.
func BenchmarkCostOfProof(b *testing.B) {
	sides := map[bool]*side{false: newSide(b, false), true: newSide(b, true)}
	first := false
	for b.Loop() {
		for _, proven := range []bool{first, !first} {
			sides[proven].turn(b, 16, 40)
		}
		first = !first
	}
	b.ReportMetric(0, "ns/op")
	for what, took := range map[string]func(*side) time.Duration{
		"command": func(s *side) time.Duration { return s.appended },
		"reading": func(s *side) time.Duration { return s.followed },
	} {
		plain, proven := took(sides[false]), took(sides[true])
		b.ReportMetric(float64(sides[false].events)/plain.Seconds(), what+"s/s-plain")
		b.ReportMetric(float64(sides[true].events)/proven.Seconds(), what+"s/s-proven")
		b.ReportMetric(100*(proven.Seconds()/plain.Seconds()-1), what+"-cost-%")
	}
}

// BenchmarkProof is a proof of inclusion in a log of n events, with all its reads.
func BenchmarkProof(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := open(b, b.TempDir())
			list := domain.ListID{UUID: uuid.New()}
			for at := 0; at < n; at += 100 {
				events := make([]eventstore.NewEvent, 100)
				for i := range events {
					events[i] = eventstore.NewEvent{ID: uuid.New(), Event: housing.ListOpened{ListID: list, Title: "title"}}
				}
				_, err := w.registry.Append(b.Context(), list.Stream(), eventstore.Expected(at-1), events)
				must(b, err)
			}
			t := w.tree()
			must(b, w.builder(t).Flush(b.Context()))
			i := uint64(0)
			for b.Loop() {
				i = (i + 7919) % uint64(n)
				p, err := t.Inclusion(b.Context(), domain.EventRef{Stream: list.Stream(), Revision: i})
				must(b, err)
				if len(p.Hashes) > 64 {
					b.Fatal(p)
				}
			}
			began := time.Now()
			fresh := w.tree()
			must(b, fresh.Sync(b.Context()))
			b.ReportMetric(float64(n)/time.Since(began).Seconds(), "leaves/s-at-start")
			began = time.Now()
			if r := w.check(); !r.Sound() || r.Covered != int64(n) {
				b.Fatalf("%+v", r)
			}
			b.ReportMetric(float64(n)/time.Since(began).Seconds(), "checked-events/s")
		})
	}
}
