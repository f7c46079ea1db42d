package eventstore_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
)

func TestTheClockOfTheLeaderIsThatByWhichEventsGetTheirTimes(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	node, err := embedded.Open("", embedded.InMemory(), embedded.WithClock(func() time.Time { return at }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	if err := node.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	store, err := eventstore.Open(node.ConnectionString(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	ctx := context.Background()
	if got, err := store.Clock(ctx); err != nil || !got.Equal(at) {
		t.Errorf("the clock shows %s, %v", got, err)
	}
	if got, err := store.LastRecorded(ctx); err != nil || !got.IsZero() {
		t.Errorf("an empty log has an event of %s, %v", got, err)
	}
	raw := eventstore.RawEvent{ID: [16]byte{1}, Type: "T", JSON: true, Data: []byte("{}")}
	if _, _, err := store.AppendRaw(ctx, "probe-1", eventstore.NoStream, []eventstore.RawEvent{raw}); err != nil {
		t.Fatal(err)
	}
	at = at.Add(time.Hour)
	raw.ID[0]++
	if _, _, err := store.AppendRaw(ctx, "probe-1", 0, []eventstore.RawEvent{raw}); err != nil {
		t.Fatal(err)
	}
	if got, err := store.LastRecorded(ctx); err != nil || !got.Equal(at) {
		t.Errorf("the last event is of %s, %v", got, err)
	}
}

func TestWithoutALeaderThereIsNoClock(t *testing.T) {
	store, err := eventstore.Open("esdb://127.0.0.1:1?tls=false", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if got, err := store.Clock(ctx); err == nil {
		t.Errorf("it shows %s", got)
	}
}
