package eventstore_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore"
)

func is(id uuid.UUID) func(uuid.UUID) bool { return func(other uuid.UUID) bool { return other == id } }

// TestAScanLooksAtSoManyEventsAndGoesOnFromThere: what it does not return counts too, so its cost
// does not depend on how much of the log was asked for.
func TestAScanLooksAtSoManyEventsAndGoesOnFromThere(t *testing.T) {
	s := openStore(t, server(t))
	var want []string
	for range 5 {
		want = append(want, appended(t, s, "list").Stream())
		stats := eventstore.RawEvent{ID: uuid.New(), Type: "Stats", JSON: true, Data: []byte(`{}`)}
		if _, _, err := s.AppendRaw(t.Context(), "other-"+uuid.NewString(), eventstore.NoStream, []eventstore.RawEvent{stats}); err != nil {
			t.Fatal(err)
		}
	}
	for _, limit := range []int{2, 3, 100} {
		var got []string
		var from eventstore.LogPlace
		for more := true; more; {
			var mark func(uuid.UUID) bool
			if from.ID != uuid.Nil {
				mark = is(from.ID)
			}
			page, err := s.Scan(t.Context(), from.At, mark, limit, "queue-")
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range page.Events {
				if rec.Position > from.At {
					got = append(got, rec.Stream)
				}
			}
			if more = page.More; more && page.Last.At <= from.At {
				t.Fatalf("with the limit %d the scan stands still at %d", limit, from.At)
			}
			from = page.Last
		}
		if len(got) != len(want) {
			t.Fatalf("with the limit %d: %d events, want %d", limit, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("with the limit %d, event %d is of %s, want %s", limit, i, got[i], want[i])
			}
		}
	}
}

func TestAScanFromAPlaceThatTheLogDoesNotHaveIsRefused(t *testing.T) {
	s := openStore(t, server(t))
	appended(t, s, "a", "b")
	page, err := s.Scan(t.Context(), 0, nil, 10, "queue-")
	if err != nil || len(page.Events) != 2 {
		t.Fatalf("%v, %v", page, err)
	}
	at := page.Events[1]
	if _, err := s.Scan(t.Context(), at.Position, is(at.ID), 10, "queue-"); err != nil {
		t.Errorf("from the event itself: %v", err)
	}
	for name, from := range map[string]struct {
		at   domain.Position
		mark func(uuid.UUID) bool
	}{
		"another event":                      {at.Position, is(uuid.New())},
		"behind the end":                     {at.Position + 1000, is(at.ID)},
		"behind the end, and it may be gone": {at.Position + 1000, nil},
		"between events":                     {at.Position - 1, is(at.ID)},
	} {
		if _, err := s.Scan(t.Context(), from.at, from.mark, 10, "queue-"); !errors.Is(err, eventstore.ErrNotHere) {
			t.Errorf("%s: %v", name, err)
		}
	}
	end, err := s.EndPlace(t.Context())
	if err != nil || end != (eventstore.LogPlace{At: at.Position, ID: at.ID}) {
		t.Errorf("the end is %+v, %v", end, err)
	}
}
