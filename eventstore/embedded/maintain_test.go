package embedded

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// filled returns a store with three streams, one of them metadata, one of them
// tombstoned.
func filled(t *testing.T) *store {
	t.Helper()
	s, err := openStore("", vfs.NewMem(), 1<<20, time.Now, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	some := func(n int, data string) []proposed {
		var list []proposed
		for range n {
			list = append(list, proposed{id: uuid.New(), kind: "k", data: []byte(data)})
		}
		return list
	}
	for _, w := range []*write{
		{stream: "a", expected: expectAny, events: some(3, "{}")},
		{stream: "b", expected: expectAny, events: some(2, "{}")},
		{stream: "$$a", expected: expectAny, events: some(1, `{"$maxCount":2}`)},
		{stream: "a", expected: expectAny, events: some(1, "{}")},
		{stream: "b", kind: writeTombstone, expected: expectAny},
	} {
		if a, err := s.write(context.Background(), w); err != nil || a.verdict != accepted {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	return s
}

func TestCheckFindsDamage(t *testing.T) {
	// The ids of the streams are the positions of their first events.
	position := func(s *store, n int) uint64 {
		var positions []uint64
		v := s.view()
		defer v.release()
		if err := v.scanAll(0, false, func(e *record) bool {
			positions = append(positions, e.position)
			return true
		}); err != nil {
			t.Fatal(err)
		}
		return positions[n]
	}
	record := func(s *store, n int) []byte {
		b, _, err := lookup(
			s.engine.db, eventKey(position(s, n)), func(b []byte) ([]byte, error) { return append([]byte(nil), b...), nil },
		)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string]struct {
		damage func(s *store, b *pebble.Batch) error
		want   string // a part of one of the problems
	}{
		"nothing": {func(*store, *pebble.Batch) error { return nil }, ""},
		"an event is gone": {
			func(s *store, b *pebble.Batch) error { return b.Delete(eventKey(position(s, 1)), nil) }, "follows one that ends at",
		},
		"an event is broken": {func(s *store, b *pebble.Batch) error {
			return b.Set(eventKey(position(s, 1)), make([]byte, len(record(s, 1))), nil)
		}, "format 0"},
		"an event is twice": {func(s *store, b *pebble.Batch) error {
			return b.Set(eventKey(s.next), record(s, 0), nil)
		}, "has another event"},
		"an index entry is gone": {
			func(s *store, b *pebble.Batch) error { return b.Delete(revisionKey(position(s, 0), 1), nil) },
			"has revision 2 instead of 1",
		},
		"an index entry points elsewhere": {func(s *store, b *pebble.Batch) error {
			return b.Set(revisionKey(position(s, 0), 1), entry{position: position(s, 0)}.encode(), nil)
		}, "goes back from position"},
		"an index entry is left over": {func(s *store, b *pebble.Batch) error {
			return b.Set(revisionKey(position(s, 0), 4), entry{position: position(s, 0)}.encode(), nil)
		}, "has 5 events, its head says 4"},
		"an id is gone": {func(s *store, b *pebble.Batch) error {
			e, err := decodeEvent(record(s, 2))
			if err != nil {
				return err
			}
			return b.Delete(eventIDKey(position(s, 0), e.id), nil)
		}, "is not in the index of ids"},
		"a head is behind": {func(s *store, b *pebble.Batch) error {
			h, err := loadHead(s.engine.db, "a")
			h.last--
			return errors.Join(err, b.Set(headKey("a"), h.encode(), nil))
		}, "its head says 3"},
		"a head forgot the metadata": {func(s *store, b *pebble.Batch) error {
			h, err := loadHead(s.engine.db, "a")
			h.retention.maxCount = 9
			return errors.Join(err, b.Set(headKey("a"), h.encode(), nil))
		}, "differs from its metadata"},
		"a head is gone": {
			func(_ *store, b *pebble.Batch) error { return b.Delete(headKey("a"), nil) }, "not in the index of its stream",
		},
		"a head is broken": {
			func(_ *store, b *pebble.Batch) error { return b.Set(headKey("c"), []byte{9}, nil) }, "unknown format",
		},
		"the totals are wrong": {func(_ *store, b *pebble.Batch) error {
			return b.Set([]byte{keyTotals}, totals{events: 1, streams: 9}.encode(), nil)
		}, "the store counts 9"},
	} {
		t.Run(name, func(t *testing.T) {
			s := filled(t)
			batch := s.engine.db.NewBatch()
			if err := c.damage(s, batch); err != nil {
				t.Fatal(err)
			}
			if err := batch.Commit(pebble.Sync); err != nil {
				t.Fatal(err)
			}
			s.publish(s.current.last)
			v := s.view()
			defer v.release()
			report, err := v.check(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			problems := strings.Join(report.Problems, "\n")
			switch {
			case c.want == "" && !report.Sound():
				t.Errorf("a sound store has problems:\n%s", problems)
			case c.want != "" && !strings.Contains(problems, c.want):
				t.Errorf("problems:\n%s\nwant one with %q", problems, c.want)
			}
		})
	}
}

func TestADirectoryOfAnotherFormatIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	s, err := openStore("data", fs, 1<<20, time.Now, slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.engine.db.Set([]byte{keyFormat}, []byte{storeFormat + 1}, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(
		"data", fs, 1<<20, time.Now, slog.Default(),
	); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Fatalf("%v, want the format refused", err)
	}
}

// TestReadersSeeOnlyWhatIsSynced puts an event into the engine without the committer. No reader may see it before
// it is published.
func TestReadersSeeOnlyWhatIsSynced(t *testing.T) {
	s := filled(t)
	e := event{id: uuid.New(), stream: "a", kind: "k", revision: 4}
	if err := s.engine.db.Set(eventKey(s.next), e.encode(), pebble.NoSync); err != nil {
		t.Fatal(err)
	}
	v := s.view()
	defer v.release()
	if err := v.scanAll(s.next, false, func(*record) bool {
		t.Error("an event that was not published is shown")
		return true
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAWriteWhoseCallerHasGivenUpIsDropped(t *testing.T) {
	s := filled(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	answers := make(chan answer, 1)
	w := &write{
		ctx: ctx, stream: "new", expected: expectAny, events: []proposed{{id: uuid.New(), kind: "k"}}, answer: answers,
	}
	if err := s.queue.put(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	if a := <-answers; a.verdict != failed || !errors.Is(a.err, context.Canceled) {
		t.Fatalf("%+v, want it dropped", a)
	}
	if h, err := loadHead(s.engine.db, "new"); err != nil || h.exists() {
		t.Fatalf("%+v, %v, want no such stream", h, err)
	}
}
