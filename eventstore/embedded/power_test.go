package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// TestNothingAnsweredIsLostToAPowerFailure uses a disk that, at the failure, loses some or all of what was not
// synced, under concurrent writers.
func TestNothingAnsweredIsLostToAPowerFailure(t *testing.T) {
	for failure := range 20 {
		t.Run(fmt.Sprint(failure), func(t *testing.T) { survivePowerFailure(t, failure) })
	}
}

func survivePowerFailure(t *testing.T, failure int) {
	const writers = 4
	disk := vfs.NewCrashableMem()
	s, err := openStore("data", disk, 1<<20, time.Now, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	answered := make(map[string]int64) // last revision by stream

	ctx, fail := context.WithCancel(context.Background())
	defer fail()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			stream := fmt.Sprint("s", w)
			for ctx.Err() == nil {
				a, err := s.write(ctx, &write{
					stream: stream, expected: expectAny, events: []proposed{{id: uuid.New(), kind: "k", data: make([]byte, 100)}},
				})
				if err != nil || a.verdict != accepted {
					return
				}
				mu.Lock()
				answered[stream] = a.current
				total := int64(0)
				for _, last := range answered {
					total += last
				}
				mu.Unlock()
				if total > int64(5*failure) {
					fail()
				}
			}
		})
	}
	<-ctx.Done()
	mu.Lock()
	// What is noted here was answered before the failure.
	var want []string
	last := make(map[string]int64)
	for stream, revision := range answered {
		want = append(want, stream)
		last[stream] = revision
	}
	after := disk.CrashClone(vfs.CrashCloneCfg{
		UnsyncedDataPercent: 25 * (failure % 4), RNG: rand.New(rand.NewPCG(1, uint64(failure))),
	})
	mu.Unlock()
	wg.Wait()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}

	s, err = openStore("data", after, 1<<20, time.Now, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	v := s.view()
	for _, stream := range want {
		h, err := loadHead(v.snapshot, stream)
		if err != nil || h.last < last[stream] {
			t.Errorf("%s ends at %d, %v; %d was answered", stream, h.last, err, last[stream])
		}
	}
	report, err := v.check(context.Background())
	if err != nil || !report.Sound() {
		t.Errorf("the store is damaged: %v %v", report.Problems, err)
	}
	v.release()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
