package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// BenchmarkAppend appends single events of 256 bytes, each to be on the disk
// before its writer goes on, by so many writers on streams of their own.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			client := eventstoretest.Connect(b, start(b, b.TempDir()).ConnectionString())
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := w; i < b.N; i += writers {
						e := esdb.EventData{EventID: uuid.New(), EventType: "Written", Data: make([]byte, 256)}
						if _, err := client.AppendToStream(context.Background(), fmt.Sprintf("bench-%d", w), esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, e); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// holding returns a node with at least so many events of 256 bytes in one
// stream.
func holding(b *testing.B, events int) *embedded.Node {
	b.Helper()
	node := start(b, b.TempDir())
	client := eventstoretest.Connect(b, node.ConnectionString())
	for n := 0; n < events; n += 500 {
		list := make([]esdb.EventData, 500)
		for i := range list {
			list[i] = esdb.EventData{EventID: uuid.New(), EventType: "Written", Data: make([]byte, 256)}
		}
		if _, err := client.AppendToStream(context.Background(), "bench", esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, list...); err != nil {
			b.Fatal(err)
		}
	}
	return node
}

func BenchmarkReadStream(b *testing.B) {
	client := eventstoretest.Connect(b, holding(b, b.N).ConnectionString())
	b.ResetTimer()
	benchmarkRead(b, func() (*esdb.ReadStream, error) {
		return client.ReadStream(context.Background(), "bench", esdb.ReadStreamOptions{}, uint64(b.N))
	})
}

func BenchmarkReadAll(b *testing.B) {
	client := eventstoretest.Connect(b, holding(b, b.N).ConnectionString())
	b.ResetTimer()
	benchmarkRead(b, func() (*esdb.ReadStream, error) {
		return client.ReadAll(context.Background(), esdb.ReadAllOptions{}, uint64(b.N))
	})
}

func benchmarkRead(b *testing.B, open func() (*esdb.ReadStream, error)) {
	r, err := open()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for {
		if _, err := r.Recv(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCatchUp receives a subscription to $all with a filter from the
// start.
func BenchmarkCatchUp(b *testing.B) {
	client := eventstoretest.Connect(b, holding(b, b.N).ConnectionString())
	b.ResetTimer()
	sub, err := client.SubscribeToAll(context.Background(), esdb.SubscribeToAllOptions{
		From: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"bench"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer sub.Close()
	for n := 0; n < b.N; {
		switch e := sub.Recv(); {
		case e.EventAppeared != nil:
			n++
		case e.SubscriptionDropped != nil:
			b.Fatal(e.SubscriptionDropped.Error)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
