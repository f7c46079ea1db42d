package embedded_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// newRandomEvents returns n events of the size with incompressible data.
func newRandomEvents(events, size int) []esdb.EventData {
	list := make([]esdb.EventData, events)
	for i := range list {
		list[i] = newEvent(size)
		_, _ = rand.Read(list[i].Data)
	}
	return list
}

// truncate sets the metadata of a stream.
func truncate(t *testing.T, client *esdb.Client, stream string, set func(*esdb.StreamMetadata)) {
	t.Helper()
	var metadata esdb.StreamMetadata
	set(&metadata)
	options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}
	if _, err := client.SetStreamMetadata(context.Background(), stream, options, metadata); err != nil {
		t.Fatal(err)
	}
}

func TestAScavengeMakesTheStoreSmaller(t *testing.T) {
	dir := t.TempDir()
	node := start(t, dir)
	client := eventstoretest.Connect(t, node.ConnectionString())
	for range 40 {
		appendTo(t, client, "s", newRandomEvents(100, 2000)...)
		appendTo(t, client, "kept", newRandomEvents(1, 2000)...)
	}
	truncate(t, client, "s", func(m *esdb.StreamMetadata) { m.SetMaxCount(10) })
	report, err := node.Scavenge(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.Events != 3990 || report.Bytes < 3990*2000 {
		t.Errorf("%+v, want 3990 events of 2000 bytes removed", report)
	}
	if report.DiskBytesBefore < 4_000_000 || report.DiskBytesAfter > report.DiskBytesBefore/4 {
		t.Errorf("the store takes %d bytes after %d, want less than a quarter", report.DiskBytesAfter, report.DiskBytesBefore)
	}
	if got, err := collect(client.ReadStream(context.Background(), "s", esdb.ReadStreamOptions{}, 100)); err != nil ||
		len(got) != 10 || got[0].Event.EventNumber != 3990 {
		t.Errorf("%d events, %v, want the 10 from revision 3990", len(got), err)
	}
	check, err := node.Check(context.Background())
	if err != nil || !check.Sound() || check.Events != 51 || check.Removed != 3990 {
		t.Errorf("%+v, %v, want it sound, with 51 events", check, err)
	}
	backup := dir + "-backup"
	if err := node.Backup(backup); err != nil {
		t.Fatal(err)
	}
	if check, err := embedded.Check(context.Background(), backup); err != nil || !check.Sound() {
		t.Errorf("the backup: %+v, %v, want it sound", check, err)
	}
}

func TestAScavengeOfAStoreWithoutDeletionsChangesNothing(t *testing.T) {
	node := start(t, t.TempDir())
	client := eventstoretest.Connect(t, node.ConnectionString())
	for i := range 20 {
		appendTo(t, client, fmt.Sprint("s", i), newEvent(100))
	}
	report, err := node.Scavenge(context.Background(), func(embedded.Scavenged) { t.Error("a batch was removed") })
	if err != nil || report.Streams != 0 || report.Events != 0 {
		t.Errorf("%+v, %v, want nothing looked at", report, err)
	}
}

func TestAScavengeRemovesExpiredEvents(t *testing.T) {
	c := &clock{}
	c.advance(time.Duration(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano()))
	node := start(t, t.TempDir(), embedded.WithClock(c.now))
	client := eventstoretest.Connect(t, node.ConnectionString())
	for range 5 {
		appendTo(t, client, "s", newEvent(1), newEvent(1))
		c.advance(10 * time.Second)
	}
	truncate(t, client, "s", func(m *esdb.StreamMetadata) { m.SetMaxAge(25 * time.Second) })
	for _, want := range []uint64{6, 3} { // then all but the last
		if report, err := node.Scavenge(context.Background(), nil); err != nil || report.Events != want {
			t.Errorf("%+v, %v, want %d events removed", report, err, want)
		}
		c.advance(time.Hour)
	}
	all, err := collect(client.ReadAll(context.Background(), esdb.ReadAllOptions{}, 100))
	if err != nil || len(all) != 2 || all[0].Event.EventNumber != 9 {
		t.Errorf("%d events, %v, want the last of s and its metadata", len(all), err)
	}
}

// TestSubscriptionsContinueAfterAScavenge has one subscription that waits at the end, and one that is resumed at
// the position of a removed event.
func TestSubscriptionsContinueAfterAScavenge(t *testing.T) {
	node := start(t, t.TempDir())
	client := eventstoretest.Connect(t, node.ConnectionString())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	follow := func(from esdb.AllPosition) *esdb.Subscription {
		sub, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
			From: from, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"s"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = sub.Close() })
		return sub
	}
	event := func(sub *esdb.Subscription) *esdb.RecordedEvent {
		t.Helper()
		for {
			switch e := sub.Recv(); {
			case e.EventAppeared != nil:
				return e.EventAppeared.Event
			case e.SubscriptionDropped != nil:
				t.Fatal(e.SubscriptionDropped.Error)
			}
		}
	}
	for range 10 {
		appendTo(t, client, "s", newEvent(100))
	}
	live := follow(esdb.Start{})
	var third esdb.Position
	for n := range 10 {
		if e := event(live); n == 2 {
			third = e.Position
		}
	}
	truncate(t, client, "s", func(m *esdb.StreamMetadata) { m.SetTruncateBefore(8) })
	if report, err := node.Scavenge(ctx, nil); err != nil || report.Events != 8 {
		t.Fatalf("%+v, %v, want 8 events removed", report, err)
	}
	resumed := follow(third)
	for _, want := range []uint64{8, 9} {
		if e := event(resumed); e.EventNumber != want {
			t.Fatalf("revision %d, want %d", e.EventNumber, want)
		}
	}
	appendTo(t, client, "s", newEvent(1))
	for name, sub := range map[string]*esdb.Subscription{"live": live, "resumed": resumed} {
		if e := event(sub); e.EventNumber != 10 {
			t.Errorf("%s: revision %d, want 10", name, e.EventNumber)
		}
	}
	// A read may begin at the position of a removed event.
	if got, err := collect(client.ReadAll(ctx, esdb.ReadAllOptions{From: third}, 100)); err != nil || len(got) != 4 {
		t.Errorf("%d events, %v, want the 3 of s and its metadata", len(got), err)
	}
}

// TestTheRetryOfARemovedAppendIsNotRecognised expects what the server does after it has forgotten the ids.
func TestTheRetryOfARemovedAppendIsNotRecognised(t *testing.T) {
	node := start(t, t.TempDir())
	client := eventstoretest.Connect(t, node.ConnectionString())
	first, second := newEvent(1), newEvent(1)
	appendTo(t, client, "s", first)
	appendTo(t, client, "s", second)
	truncate(t, client, "s", func(m *esdb.StreamMetadata) { m.SetMaxCount(1) })
	if _, err := node.Scavenge(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
	_, err := client.AppendToStream(context.Background(), "s", options, first)
	var e *esdb.Error
	if !errors.As(err, &e) || e.Code() != esdb.ErrorCodeWrongExpectedVersion {
		t.Errorf("at its revision: %v, want a wrong expected version", err)
	}
	if got := appendTo(t, client, "s", second); got.NextExpectedVersion != 1 {
		t.Errorf("the event that stays: revision %d, want it found at 1", got.NextExpectedVersion)
	}
	if got := appendTo(t, client, "s", first); got.NextExpectedVersion != 2 {
		t.Errorf("with Any: revision %d, want it appended at 2", got.NextExpectedVersion)
	}
}

func TestAScavengeEndsWithItsContextAndWithTheNode(t *testing.T) {
	node := start(t, t.TempDir())
	client := eventstoretest.Connect(t, node.ConnectionString())
	const events = 10_000 // twenty turns
	for range events / 100 {
		appendTo(t, client, "s", newRandomEvents(100, 10)...)
	}
	truncate(t, client, "s", func(m *esdb.StreamMetadata) { m.SetMaxCount(1) })
	ctx, cancel := context.WithCancel(context.Background())
	report, err := node.Scavenge(ctx, func(embedded.Scavenged) { cancel() })
	if !errors.Is(err, context.Canceled) || report.Events == 0 || report.Events >= events-1 {
		t.Fatalf("%+v, %v, want it cancelled half way", report, err)
	}

	var begin sync.Once
	closed := make(chan error, 1)
	_, err = node.Scavenge(context.Background(), func(embedded.Scavenged) {
		begin.Do(func() {
			go func() { closed <- node.Close() }()
			for err := error(nil); !errors.Is(err, embedded.ErrClosed); err = node.Start("127.0.0.1:0") {
				runtime.Gosched()
			}
		})
	})
	if !errors.Is(err, embedded.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if _, err := node.Scavenge(context.Background(), nil); !errors.Is(err, embedded.ErrClosed) {
		t.Errorf("after Close: %v, want ErrClosed", err)
	}
}
