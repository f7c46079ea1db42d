package projections

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

func onEveryEngineB(b *testing.B, bench func(b *testing.B, client redis.UniversalClient)) {
	b.Run("redis", func(b *testing.B) { bench(b, startRedis(b)) })
	b.Run("miniredis", func(b *testing.B) {
		embedded, err := StartEmbedded()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { embedded.Close() })
		bench(b, embedded.Client())
	})
}

// BenchmarkFill fills a generation with a list that is placed in order, the
// case in which the staircase of changes is longest.
func BenchmarkFill(b *testing.B) {
	for _, n := range []int{1_000, 4_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			onEveryEngineB(b, func(b *testing.B, client redis.UniversalClient) {
				s := longList(n)
				for i := 0; b.Loop(); i++ {
					opts := quick()
					opts.Registry = fmt.Sprintf("fill-%d-%d", n, i)
					p, err := NewProjector(client, s, opts)
					if err != nil {
						b.Fatal(err)
					}
					if err := p.Rebuild(context.Background(), nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "events/s")
			})
		})
	}
}

// BenchmarkNumber reads the number of an entry in the middle of a list.
func BenchmarkNumber(b *testing.B) {
	for _, n := range []int{1_000, 4_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			onEveryEngineB(b, func(b *testing.B, client redis.UniversalClient) {
				p, err := NewProjector(client, longList(n), quick())
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Rebuild(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
				r := NewReader(client, quick())
				for b.Loop() {
					if _, err := r.Number(context.Background(), listID(1), entryID(n/2)); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// BenchmarkNamed finds one of many persons by a surname and the birth date: the time must not grow with
// the persons.
func BenchmarkNamed(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			onEveryEngineB(b, func(b *testing.B, client redis.UniversalClient) {
				s, first := newScript(), domain.NewDate(1940, 1, 1)
				birth := func(i int) domain.Date { return first.AddDays(i * 7 % 25_000) }
				for i := range n {
					s.called(i, domain.Personal(fmt.Sprintf("Айгүл Серікқызы %s", surname(i))), birth(i))
				}
				p, err := NewProjector(client, s, quick())
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Rebuild(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
				r := NewReader(client, quick())
				for i := 0; b.Loop(); i++ {
					found, err := r.Named(context.Background(), soughtBy(domain.Personal(surname(i%n)), birth(i%n)))
					if err != nil || !slices.Contains(found, personID(i%n)) {
						b.Fatalf("%v, %v", found, err)
					}
				}
			})
		})
	}
}

// surname is one of 200.
func surname(i int) string {
	letters := []rune("бгдзлмнрст") // each folds to another one
	return "А" + string(letters[i%10]) + "а" + string(letters[i/10%10]) + []string{"ов", "ев"}[i/100%2]
}

func longList(n int) *script {
	s := newScript()
	s.list(1)
	for i := range n {
		placeOn(s, i, i, i+1)
	}
	return s
}
