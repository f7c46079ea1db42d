package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// scavengedCache holds all of a store made by hiding: under the race detector
// the engine takes long to let a block of its cache go.
const scavengedCache = 16 << 20

// hiding returns a store on the disk with streams of which a scavenge must remove more than one batch.
func hiding(t *testing.T, disk vfs.FS, streams, each int) *store {
	t.Helper()
	s, err := openStore("data", disk, scavengedCache, time.Now, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	for i := range streams {
		stream := fmt.Sprint("s", i)
		for begin := 0; begin < each; begin += 100 {
			s.put(t, stream, min(100, each-begin))
		}
		switch i % 4 {
		case 0:
			s.mustWrite(t, &write{stream: metadataPrefix + stream, expected: expectAny, events: some(1, `{"$maxCount":3}`)})
		case 1:
			s.mustWrite(t, &write{stream: metadataPrefix + stream, expected: expectAny, events: some(5, `{"$tb":7}`)})
		case 2:
			s.mustWrite(t, &write{kind: writeSoftDelete, stream: stream, expected: expectAny})
		case 3:
			s.mustWrite(t, &write{stream: metadataPrefix + stream, expected: expectAny, events: some(2, `{"a":1}`)})
			s.mustWrite(t, &write{kind: writeTombstone, stream: stream, expected: expectAny})
		}
		s.put(t, "untouched", 1)
	}
	return s
}

func some(n int, data string) []proposed {
	var list []proposed
	for range n {
		list = append(list, proposed{id: uuid.New(), kind: "k", json: true, data: []byte(data)})
	}
	return list
}

func (s *store) put(t *testing.T, stream string, events int) {
	t.Helper()
	s.mustWrite(t, &write{stream: stream, expected: expectAny, events: some(events, "{}")})
}

func (s *store) mustWrite(t *testing.T, w *write) {
	t.Helper()
	if a, err := s.write(context.Background(), w); err != nil || a.verdict != accepted {
		t.Fatalf("%+v, %v", a, err)
	}
}

// place is the stream, revision and position of an event.
type place struct {
	stream   string
	revision int64
	id       uuid.UUID
}

// places returns the places of all events of the log, in the order of positions.
func (s *store) places(t *testing.T) map[uint64]place {
	t.Helper()
	v := s.view()
	defer v.release()
	all := make(map[uint64]place)
	err := v.scanAll(0, false, func(e *record) bool {
		all[e.position] = place{string(e.stream), e.revision, e.id}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// staying returns the places that a scavenge must keep of a store made by hiding.
func staying(all map[uint64]place, each int) map[uint64]place {
	stays := make(map[uint64]place)
	for at, p := range all {
		var i int
		name, metadata := strings.CutPrefix(p.stream, metadataPrefix)
		if n, _ := fmt.Sscanf(name, "s%d", &i); n == 0 {
			stays[at] = p
			continue
		}
		stay := false
		switch i % 4 {
		case 0:
			stay = metadata || p.revision >= int64(each-3)
		case 1:
			stay = metadata && p.revision == 4 || !metadata && p.revision >= 7
		case 2:
			stay = metadata || p.revision == int64(each-1)
		case 3:
			stay = p.revision == tombstoneRevision
		}
		if stay {
			stays[at] = p
		}
	}
	return stays
}

func (s *store) wantSound(t *testing.T) {
	t.Helper()
	v := s.view()
	defer v.release()
	report, err := v.check(context.Background())
	if err != nil || !report.Sound() {
		t.Fatalf("the store is damaged: %v %v", report.Problems, err)
	}
}

func (s *store) mustScavenge(t *testing.T) Scavenged {
	t.Helper()
	report, err := s.scavenge(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestAScavengeKeepsVisibleEventsAndTheLastOfEachStream(t *testing.T) {
	const streams, each = 8, 1200 // more than two turns of each
	s := hiding(t, vfs.NewMem(), streams, each)
	before := s.places(t)
	want := staying(before, each)
	last := s.current.last

	report := s.mustScavenge(t)
	s.wantSound(t)
	after := s.places(t)
	if len(after) != len(want) || report.Events != uint64(len(before)-len(want)) {
		t.Errorf("%d events stay, %d were removed, want %d to stay of %d", len(after), report.Events, len(want), len(before))
	}
	for at, p := range want {
		if after[at] != p {
			t.Fatalf("at %d is %+v, want %+v", at, after[at], p)
		}
	}
	v := s.view()
	stats, err := v.stats()
	v.release()
	if err != nil || stats.Events != uint64(len(want)) || stats.Removed != report.Events || stats.LastPosition != last {
		t.Errorf("%+v, %v, want %d events, %d removed, the last at %d", stats, err, len(want), report.Events, last)
	}
	// A second scavenge removes nothing; revisions and positions continue.
	if again := s.mustScavenge(t); again.Events != 0 {
		t.Errorf("another scavenge removed %d events", again.Events)
	}
	a, err := s.write(context.Background(), &write{stream: "s0", expected: each - 1, events: some(1, "{}")})
	if err != nil || a.verdict != accepted || a.current != each || a.position <= last {
		t.Errorf("%+v, %v, want revision %d after position %d", a, err, each, last)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

// TestAScavengeSurvivesAPowerFailure fails the power during a removal and concurrent writes. The disk loses some or
// all of what was not synced.
func TestAScavengeSurvivesAPowerFailure(t *testing.T) {
	for failure := range 12 {
		t.Run(fmt.Sprint(failure), func(t *testing.T) {
			const streams, each = 4, 600 // more than one turn of most
			disk := vfs.NewCrashableMem()
			s := hiding(t, disk, streams, each)
			before := s.places(t)
			want := staying(before, each)

			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			var work sync.WaitGroup
			for w := range 2 {
				work.Go(func() {
					for ctx.Err() == nil {
						_, _ = s.write(ctx, &write{stream: fmt.Sprint("live", w), expected: expectAny, events: some(1, "{}")})
					}
				})
			}
			reached, crashed := make(chan struct{}), make(chan struct{})
			work.Go(func() {
				turns := 0
				_, _ = s.scavenge(ctx, func(Scavenged) {
					if turns++; turns == 1+failure%6 { // the power fails behind this turn
						close(reached)
						<-crashed
					}
				})
			})
			<-reached
			after := disk.CrashClone(vfs.CrashCloneCfg{
				UnsyncedDataPercent: 25 * (failure % 4), RNG: rand.New(rand.NewPCG(2, uint64(failure))),
			})
			close(crashed)
			stop()
			work.Wait()
			if err := s.close(); err != nil {
				t.Fatal(err)
			}

			s, err := openStore("data", after, scavengedCache, time.Now, slog.Default())
			if err != nil {
				t.Fatal(err)
			}
			s.wantSound(t)
			got := s.places(t)
			left := 0
			for at, p := range before {
				if _, there := got[at]; there && want[at] != p {
					left++
				}
				if want[at] == p && got[at] != p {
					t.Fatalf("%+v at %d is gone", p, at)
				}
			}
			// The next one goes on with what is left.
			if report := s.mustScavenge(t); report.Events != uint64(left) || left == 0 && failure%6 < 5 {
				t.Errorf("%d of %d events that were left were removed", report.Events, left)
			}
			s.wantSound(t)
			if err := s.close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// planned returns a store whose stream s was truncated to its last event, and the plan of a scavenge for it.
func planned(t *testing.T) (*store, removalPlan) {
	t.Helper()
	s := filled(t)
	s.put(t, "s", 10)
	s.mustWrite(t, &write{stream: "$$s", expected: expectAny, events: some(1, `{"$maxCount":1}`)})
	plan, err := s.planRemoval("s")
	if err != nil || len(plan.events) != 9 {
		t.Fatalf("%+v, %v, want 9 events to go", plan, err)
	}
	return s, plan
}

// removeNow carries out a plan as a scavenge does.
func (s *store) removeNow(t *testing.T, plan removalPlan) totals {
	t.Helper()
	var removed totals
	err := s.exclusively(context.Background(), func() (err error) {
		removed, err = s.remove(plan)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return removed
}

func TestEventsThatAreVisibleAgainAreNotRemoved(t *testing.T) {
	s, plan := planned(t)
	s.mustWrite(t, &write{stream: "$$s", expected: expectAny, events: some(1, `{"$tb":4}`)})
	if removed := s.removeNow(t, plan); removed.removedEvents != 4 {
		t.Errorf("%d events were removed, want the 4 that are still hidden", removed.removedEvents)
	}
	s.wantSound(t)
}

func TestAnIDThatWasAppendedAgainIsRecognised(t *testing.T) {
	s, plan := planned(t)
	again := proposed{id: plan.events[0].id, kind: "k"}
	s.mustWrite(t, &write{stream: "s", expected: 9, events: []proposed{again}})
	s.removeNow(t, plan)
	s.wantSound(t)
	a, err := s.write(context.Background(), &write{stream: "s", expected: expectAny, events: []proposed{again}})
	if err != nil || a.verdict != accepted || a.current != 10 {
		t.Errorf("%+v, %v, want the repetition found at revision 10", a, err)
	}
}

// TestTheLastEventOfTheLogIsKept puts an event into the metadata of a tombstoned stream without the committer. A
// scavenge must not cause its position to be used again.
func TestTheLastEventOfTheLogIsKept(t *testing.T) {
	s := filled(t)
	e := event{id: uuid.New(), stream: "$$b", kind: metadataKind, data: []byte("{}")}
	err := s.exclusively(context.Background(), func() error {
		original, err := loadHead(s.engine.db, "b")
		original.hasMetadata = true
		after := s.totals
		after.events++
		after.streams++
		b := s.engine.db.NewBatch()
		err = errors.Join(err,
			b.Set(eventKey(s.next), e.encode(), nil),
			b.Set(revisionKey(s.next, 0), entry{s.next, e.id}.encode(), nil),
			b.Set(eventIDKey(s.next, e.id), make([]byte, 8), nil),
			b.Set(headKey("$$b"), head{id: s.next}.encode(), nil),
			b.Set(headKey("b"), original.encode(), nil),
			b.Set([]byte{keyTotals}, after.encode(), nil),
			b.Commit(pebble.Sync))
		s.publish(s.next)
		s.next, s.totals = s.next+uint64(len(e.encode())), after
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	last := s.current.last
	s.mustScavenge(t)
	if _, there := s.places(t)[last]; !there {
		t.Errorf("the event at %d, the last, is gone", last)
	}
	s.wantSound(t)
	s.put(t, "a", 1)
	s.mustScavenge(t)
	if _, there := s.places(t)[last]; there {
		t.Errorf("the event at %d, no longer the last, is still there", last)
	}
	s.wantSound(t)
}

func TestCheckDistinguishesDamageFromScavenges(t *testing.T) {
	for name, damage := range map[string]func(s *store, b *pebble.Batch, last place, at uint64) error{
		"an event is gone": func(_ *store, b *pebble.Batch, _ place, at uint64) error { return b.Delete(eventKey(at), nil) },
		"a whole event is gone, as if scavenged": func(s *store, b *pebble.Batch, p place, at uint64) error {
			h, err := loadHead(s.engine.db, p.stream)
			h.first++
			after := s.totals
			after.events--
			return errors.Join(err, b.Delete(eventKey(at), nil), b.Delete(revisionKey(h.id, p.revision), nil),
				b.Delete(eventIDKey(h.id, p.id), nil), b.Set(headKey(p.stream), h.encode(), nil),
				b.Set([]byte{keyTotals}, after.encode(), nil))
		},
		"a head forgot where it begins": func(s *store, b *pebble.Batch, p place, _ uint64) error {
			h, err := loadHead(s.engine.db, p.stream)
			h.first = 0
			return errors.Join(err, b.Set(headKey(p.stream), h.encode(), nil))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, plan := planned(t)
			s.put(t, "s", 1) // two are left after the removal of nine
			s.mustWrite(t, &write{stream: "$$s", expected: expectAny, events: some(1, `{"$tb":9}`)})
			s.removeNow(t, plan)
			s.wantSound(t)
			batch := s.engine.db.NewBatch()
			for at, p := range s.places(t) {
				if p.stream == "s" && p.revision == 9 {
					if err := damage(s, batch, p, at); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := batch.Commit(pebble.Sync); err != nil {
				t.Fatal(err)
			}
			s.publish(s.current.last)
			v := s.view()
			defer v.release()
			if report, err := v.check(context.Background()); err != nil || report.Sound() {
				t.Errorf("%+v, %v, want the damage found", report, err)
			}
		})
	}
}

func TestOneScavengeAtATime(t *testing.T) {
	s := hiding(t, vfs.NewMem(), 1, 200)
	_, err := s.scavenge(context.Background(), func(Scavenged) {
		if _, err := s.scavenge(context.Background(), nil); !errors.Is(err, ErrScavenging) {
			t.Errorf("%v, want ErrScavenging", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}
