package projections

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
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

func longList(n int) *script {
	s := newScript()
	s.list(1)
	for i := range n {
		placeOn(s, i, i, i+1)
	}
	return s
}
