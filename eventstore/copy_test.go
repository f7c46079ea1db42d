package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore"
)

func startStore(t *testing.T) (*eventstore.Store, *esdb.Client) {
	t.Helper()
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	config, err := esdb.ParseConnectionString(node.ConnectionString())
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = func(esdb.LogLevel, string, ...any) {}
	client, err := esdb.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return openStore(t, node.ConnectionString()), client
}

func raw(eventType, data, metadata string) eventstore.RawEvent {
	return eventstore.RawEvent{ID: uuid.New(), Type: eventType, JSON: true, Data: []byte(data), Metadata: []byte(metadata)}
}

// appendRaw appends at the expected revision; -1 stands for no stream.
func appendRaw(
	t *testing.T, s *eventstore.Store, stream string, expected eventstore.Expected, events ...eventstore.RawEvent,
) {
	t.Helper()
	if _, _, err := s.AppendRaw(t.Context(), stream, expected, events); err != nil {
		t.Fatal(err)
	}
}

func log(t *testing.T, s *eventstore.Store) []eventstore.RawEvent {
	t.Helper()
	var events []eventstore.RawEvent
	for e, err := range s.ReadRaw(t.Context(), eventstore.RawRead{Stream: eventstore.All}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// lines returns each event as one line, without time and position, which differ between
// logs.
func lines(events []eventstore.RawEvent) (lines []string) {
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("%s@%d %s %s json:%v %s", e.Stream, e.Revision, e.ID, e.Type, e.JSON, e.Data))
	}
	return lines
}

// inOrder returns the lines of the events whose order and ids a copy keeps. It leaves out
// those that a server writes itself.
func inOrder(events []eventstore.RawEvent) []string {
	return lines(slices.DeleteFunc(events, func(e eventstore.RawEvent) bool {
		return strings.HasPrefix(e.Stream, "$") || e.Type == "$streamDeleted"
	}))
}

// copyLog copies the log and returns the report.
func copyLog(t *testing.T, from, to *eventstore.Store) eventstore.CopyReport {
	t.Helper()
	report, err := eventstore.CopyLog(t.Context(), from, to, nothing)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// variety fills a log with every kind of event.
func variety(t *testing.T, s *eventstore.Store, client *esdb.Client) {
	t.Helper()
	binary := raw("Scan", "\x00\xff", "\x01")
	binary.JSON = false
	appendRaw(t, s, "a", -1, raw("First", `{ "n": 1 }`, `{"k":"v"}`), raw("Second", `{}`, ``), binary)
	appendRaw(t, s, "b", -1, raw("Other", `{"n":2}`, `{}`))
	appendRaw(t, s, "a", 2, raw("Third", `{}`, ` {"x":{"y":"z"}} `))
	appendRaw(t, s, "links", -1, raw("$>", `1@a`, `{}`))
	appendRaw(t, s, "$own", -1, raw("System", `{}`, ``))
	appendRaw(t, s, "$$a", -1, raw("$metadata", `{"$maxCount":3,"note":"keep"}`, ``))
	appendRaw(t, s, "$$a", 0, raw("$metadata", `{"$tb":1}`, ``))
	appendRaw(t, s, "ended", -1, raw("Life", `{}`, ``))
	if _, err := client.TombstoneStream(
		t.Context(), "ended", esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}},
	); err != nil {
		t.Fatal(err)
	}
	// Three deleted streams. Two get new events, and the server then writes their
	// metadata itself.
	for _, stream := range []string{"reborn", "deleted", "last"} {
		appendRaw(t, s, stream, -1, raw("Life", `{}`, ``), raw("Life", `{}`, ``))
		if _, err := client.DeleteStream(t.Context(), stream, esdb.DeleteStreamOptions{}); err != nil {
			t.Fatal(err)
		}
		if stream != "deleted" {
			appendRaw(t, s, stream, 1, raw("Life", `{"second":true}`, ``))
			appendRaw(t, s, "$$"+stream, 1, raw("$metadata", `{"$tb":2,"note":"it goes on"}`, ``))
			appendRaw(t, s, "$$"+stream, 2, raw("$metadata", `{"$tb":2,"note":"and on"}`, ``))
		}
	}
}

// bulk fills a log with many events.
func bulk(t *testing.T, s *eventstore.Store) {
	t.Helper()
	for i := range 300 { // more than one page
		stream := fmt.Sprint("many-", i%3)
		appendRaw(t, s, stream, eventstore.Expected(i/3)-1, raw("N", fmt.Sprint(i), ``))
	}
	for begin := 0; begin < 512; begin += 128 { // more than a server accepts at once, and exactly two pages
		run := make([]eventstore.RawEvent, 128)
		for i := range run {
			run[i] = raw("N", fmt.Sprintf(`"%d %s"`, begin+i, strings.Repeat("x", 2200)), ``)
		}
		appendRaw(t, s, "long", eventstore.Expected(begin)-1, run...)
	}
}

func TestACopiedLogIsEqualEventByEvent(t *testing.T) {
	from, client := startStore(t)
	variety(t, from, client)
	bulk(t, from)
	to, _ := startStore(t)
	report := copyLog(t, from, to)
	// One event is of a system stream. The target itself writes the metadata of two
	// deleted streams. The metadata of one event is not JSON.
	total := len(log(t, from)) - 1
	want := eventstore.CopyReport{Events: total, Appended: total - 2, System: 1, Untimed: 1, Rewritten: 2}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(inOrder(log(t, from)), inOrder(log(t, to))); diff != "" {
		t.Errorf("(-source +target)\n%s", diff)
	}
}

func TestCopyLogKeepsTimesAndPositionsOfTheFirstLog(t *testing.T) {
	first, _ := startStore(t)
	second, _ := startStore(t)
	third, _ := startStore(t)
	list := newList()
	if _, err := first.Append(
		t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a")},
	); err != nil {
		t.Fatal(err)
	}
	appendRaw(t, second, "$settings", -1, raw("$settings", `{}`, ``)) // positions differ
	copyLog(t, first, second)
	copyLog(t, second, third)
	origin := log(t, first)[0]
	for _, s := range []*eventstore.Store{second, third} {
		events := log(t, s)
		e := events[len(events)-1]
		want := strings.TrimSuffix(string(origin.Metadata), "}") +
			fmt.Sprintf(
				`,"$copied_created":"%s","$copied_position":"%d"}`,
				origin.Created.UTC().Format("2006-01-02T15:04:05.999999999Z07:00"), origin.Position,
			)
		if string(e.Metadata) != want {
			t.Errorf("metadata %s, want %s", e.Metadata, want)
		}
		if rec := read(t, s, list.Stream(), 0)[0]; !rec.Created.Equal(origin.Created) {
			t.Errorf("decoded as created at %v, want %v", rec.Created, origin.Created)
		}
	}
}

func TestALogCanBeCopiedBack(t *testing.T) {
	home, _ := startStore(t)
	abroad, _ := startStore(t)
	appendRaw(t, home, "a", -1, raw("N", `1`, `{"k":"v"}`), raw("N", `2`, ``))
	copyLog(t, home, abroad)
	appendRaw(t, abroad, "a", 1, raw("N", `3`, ``))
	if report := copyLog(t, abroad, home); report.Appended != 1 || report.Different != 0 {
		t.Errorf("%+v", report)
	}
	if report := copyLog(t, home, abroad); report.Appended != 0 || report.Different != 0 {
		t.Errorf("copied again: %+v", report)
	}
}

func TestAnInterruptedCopyContinues(t *testing.T) {
	from, client := startStore(t)
	variety(t, from, client)
	total := len(log(t, from)) - 1
	cut := 0
	for at := range total {
		to, _ := startStore(t)
		ctx, cancel := context.WithCancel(t.Context())
		copied := 0
		_, err := eventstore.CopyLog(ctx, from, to, func(phase eventstore.CopyPhase, _, _ domain.Position) {
			if phase == eventstore.CopyCopying {
				if copied++; copied > at {
					cancel()
				}
			}
		})
		cancel()
		if err != nil {
			cut++
		}
		if report := copyLog(t, from, to); report.Different != 0 || report.Events != total {
			t.Errorf("interrupted at event %d: %+v, want %d events", at, report, total)
		}
		if again := copyLog(t, from, to); again.Appended != 0 || again.Different != 0 {
			t.Errorf("copied again: %+v", again)
		}
		if diff := cmp.Diff(inOrder(log(t, from)), inOrder(log(t, to))); diff != "" {
			t.Errorf("interrupted at event %d (-source +target)\n%s", at, diff)
		}
	}
	if cut < total-1 {
		t.Errorf("%d of %d runs were interrupted", cut, total)
	}
}

func TestTheNextRunCopiesLaterEvents(t *testing.T) {
	from, _ := startStore(t)
	to, _ := startStore(t)
	appendRaw(t, from, "a", -1, raw("N", `1`, ``))
	copyLog(t, from, to)
	appendRaw(t, from, "a", 0, raw("N", `2`, ``), raw("N", `3`, ``))
	if report := copyLog(t, from, to); report.Appended != 2 || report.Events != 3 || report.Different != 0 {
		t.Errorf("%+v", report)
	}
}

func TestEventsAppendedDuringACopyAreLeftToTheNextRun(t *testing.T) {
	from, _ := startStore(t)
	to, _ := startStore(t)
	appendRaw(t, from, "a", -1, raw("N", `1`, ``))
	expected := eventstore.Expected(0)
	report, err := eventstore.CopyLog(t.Context(), from, to, func(eventstore.CopyPhase, domain.Position, domain.Position) {
		appendRaw(t, from, "a", expected, raw("N", `2`, ``))
		expected++
	})
	if err != nil || report.Appended != 1 || report.Events != 1 || report.Different != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// copiedBefore is an event that already has the metadata of a copy.
func copiedBefore(data string) eventstore.RawEvent {
	return raw("N", data, `{"$copied_created":"2026-03-01T12:00:00Z","$copied_position":"7"}`)
}

func TestCopyLogRefusesATargetThatHoldsSomethingElse(t *testing.T) {
	one, two, meta := copiedBefore(`1`), copiedBefore(`2`), raw("$metadata", `{"$maxCount":9}`, ``)
	for name, spoil := range map[string]func(t *testing.T, to *eventstore.Store){
		"another stream": func(t *testing.T, to *eventstore.Store) { appendRaw(t, to, "c", -1, one) },
		"another event":  func(t *testing.T, to *eventstore.Store) { appendRaw(t, to, "a", -1, two) },
		"more": func(t *testing.T, to *eventstore.Store) {
			fill(t, to, one, meta, two)
			appendRaw(t, to, "a", 1, raw("N", `3`, ``))
		},
		"less metadata": func(t *testing.T, to *eventstore.Store) { appendRaw(t, to, "a", -1, one, two) },
	} {
		t.Run(name, func(t *testing.T) {
			from, _ := startStore(t)
			to, _ := startStore(t)
			fill(t, from, one, meta, two)
			spoil(t, to)
			before := lines(log(t, to))
			report, err := eventstore.CopyLog(t.Context(), from, to, nothing)
			if err == nil || report.Different == 0 {
				t.Errorf("copied: %+v, %v", report, err)
			}
			if diff := cmp.Diff(before, lines(log(t, to))); diff != "" {
				t.Errorf("the target was changed:\n%s", diff)
			}
		})
	}
}

func nothing(eventstore.CopyPhase, domain.Position, domain.Position) {}

func fill(t *testing.T, s *eventstore.Store, one, meta, two eventstore.RawEvent) {
	t.Helper()
	appendRaw(t, s, "a", -1, one)
	appendRaw(t, s, "$$a", -1, meta)
	appendRaw(t, s, "a", 0, two)
}

func TestMetadataMayHaveAnotherPlaceInTheOrderOfTheLog(t *testing.T) {
	from, _ := startStore(t)
	to, _ := startStore(t)
	one, meta := copiedBefore(`1`), raw("$metadata", `{"$maxCount":9}`, ``)
	appendRaw(t, from, "$$a", -1, meta)
	appendRaw(t, from, "a", -1, one)
	appendRaw(t, from, "$$a", 0, raw("$metadata", `{"$maxCount":8}`, ``))
	appendRaw(t, from, "b", -1, raw("N", `2`, ``))
	appendRaw(t, to, "a", -1, one)
	appendRaw(t, to, "$$a", -1, meta)
	if report := copyLog(t, from, to); report.Appended != 2 || report.Different != 0 {
		t.Errorf("%+v", report)
	}
}

func TestCopyLogReportsMetadataThatOnlyTheTargetHas(t *testing.T) {
	from, _ := startStore(t)
	to, _ := startStore(t)
	appendRaw(t, from, "a", -1, raw("N", `1`, ``))
	appendRaw(t, to, "$$a", -1, raw("$metadata", `{"$maxCount":1}`, ``))
	if report := copyLog(t, from, to); report.Different != 1 || !strings.Contains(report.Differences[0], "$$a") {
		t.Errorf("%+v", report)
	}
}

func TestCopyLogReportsWhatTheTargetLacks(t *testing.T) {
	from, _ := startStore(t)
	appendRaw(t, from, "a", -1, raw("N", `1`, ``))
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	address, empty := node.Addr().String(), t.TempDir()
	to := openStore(t, node.ConnectionString())
	lost := false
	report, err := eventstore.CopyLog(t.Context(), from, to, func(phase eventstore.CopyPhase, _, _ domain.Position) {
		if phase != eventstore.CopyComparing || lost {
			return
		}
		lost = true
		if err := node.Close(); err != nil {
			t.Error(err)
		}
		startNode(t, empty, address)
	})
	if err != nil || report.Different != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestCopyLogReportsEveryDifference changes the target after the events are copied and
// before the logs are compared.
func TestCopyLogReportsEveryDifference(t *testing.T) {
	good := raw("N", `{"n":1}`, `{"m":"1"}`)
	change := func(f func(e *eventstore.RawEvent)) eventstore.RawEvent {
		e := good
		f(&e)
		return e
	}
	for name, c := range map[string]struct {
		target eventstore.RawEvent
		want   string
	}{
		"id":           {change(func(e *eventstore.RawEvent) { e.ID = uuid.New() }), "has the id"},
		"type":         {change(func(e *eventstore.RawEvent) { e.Type = "M" }), "of type N is"},
		"data":         {change(func(e *eventstore.RawEvent) { e.Data = []byte(`{"n":2}`) }), "has other data"},
		"content type": {change(func(e *eventstore.RawEvent) { e.JSON = false }), "has other data"},
		"metadata":     {change(func(e *eventstore.RawEvent) { e.Metadata = []byte(`{"m":"2"}`) }), "has other metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			from, _ := startStore(t)
			to, _ := startStore(t)
			appendRaw(t, from, "a", -1, good)
			appendRaw(t, to, "a", -1, c.target)
			report, err := eventstore.CopyLog(t.Context(), from, to, nothing)
			if err == nil || len(report.Differences) != 1 || !strings.Contains(report.Differences[0], c.want) {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}

func TestReadRawReadsInBothDirectionsInPages(t *testing.T) {
	s, client := startStore(t)
	variety(t, s, client)
	bulk(t, s)
	forwards := log(t, s)
	for _, c := range []struct {
		stream string
		count  int
	}{{eventstore.All, len(forwards)}, {"long", 512}, {"many-1", 100}, {"nowhere", 0}} {
		for _, limit := range []uint64{0, 1, 256, 257, 300} {
			var there, back []string
			for _, backwards := range []bool{false, true} {
				var events []eventstore.RawEvent
				for e, err := range s.ReadRaw(
					t.Context(), eventstore.RawRead{Stream: c.stream, Backwards: backwards, Limit: limit},
				) {
					if err != nil {
						t.Fatal(err)
					}
					events = append(events, e)
				}
				want := c.count
				if limit != 0 {
					want = min(want, int(limit))
				}
				if len(events) != want {
					t.Errorf("%s backwards:%v limit %d: %d events, want %d", c.stream, backwards, limit, len(events), want)
				}
				if backwards {
					back = lines(events)
				} else {
					there = lines(events)
				}
			}
			if limit == 0 {
				for i, line := range back {
					if line != there[len(there)-1-i] {
						t.Fatalf("%s: %s stands where forwards %s does", c.stream, line, there[len(there)-1-i])
					}
				}
			}
		}
	}
	from := uint64(510)
	var got []uint64
	for e, err := range s.ReadRaw(t.Context(), eventstore.RawRead{Stream: "long", From: &from}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Revision)
	}
	if diff := cmp.Diff([]uint64{510, 511}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTailRawReturnsNewEvents(t *testing.T) {
	s, _ := startStore(t)
	for _, stream := range []string{eventstore.All, "a", "later"} {
		ctx, cancel := context.WithCancel(t.Context())
		appendRaw(t, s, "a-"+stream, -1, raw("Before", `{}`, ``))
		expected := eventstore.NoStream
		if stream == "a" {
			appendRaw(t, s, "a", -1, raw("Before", `{}`, ``))
			expected = 0
		}
		to := stream
		if stream == eventstore.All {
			to = "anything"
		}
		shown := make(chan string)
		go func() {
			defer close(shown)
			for e, err := range s.TailRaw(ctx, stream) {
				if err != nil {
					t.Error(err)
					return
				}
				shown <- e.Type
			}
		}()
		// A tail does not return events that were appended before its first read.
		var got string
		for got == "" {
			appendRaw(t, s, to, expected, raw("New", `{}`, ``))
			expected++
			select {
			case got = <-shown:
			default:
			}
		}
		if got != "New" {
			t.Errorf("%s: shown %s", stream, got)
		}
		cancel()
		for range shown {
		}
	}
}

func TestAppendRawIsRefusedAtAnotherRevision(t *testing.T) {
	s, _ := startStore(t)
	e := raw("N", `1`, ``)
	appendRaw(t, s, "a", -1, e)
	appendRaw(t, s, "a", -1, e) // a retry adds nothing
	var moved *eventstore.RevisionError
	if _, _, err := s.AppendRaw(
		t.Context(), "a", eventstore.NoStream, []eventstore.RawEvent{raw("N", `1`, ``)},
	); !errors.As(err, &moved) {
		t.Errorf("error %v", err)
	}
	if n := len(log(t, s)); n != 1 {
		t.Errorf("%d events", n)
	}
}
