package eventstore_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore"
)

var macKey = proof.Key("a key that no registry in use has")

// guarded opens a store that writes and checks MACs, and one of somebody without the key.
func guarded(t *testing.T, address string) (registry, intruder *eventstore.Store) {
	t.Helper()
	registry, err := eventstore.Open(address, quiet, eventstore.WithIntegrity(macKey))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = registry.Close() })
	return registry, openStore(t, address)
}

// appended appends an event with each title to a new list.
func appended(t *testing.T, s *eventstore.Store, titles ...string) domain.ListID {
	t.Helper()
	list := newList()
	for i, title := range titles {
		_, err := s.Append(t.Context(), list.Stream(), eventstore.Expected(i)-1, []eventstore.NewEvent{opening(list, title)})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

// stored reads the stream as the server stores it.
func stored(t *testing.T, s *eventstore.Store, stream string) (events []eventstore.RawEvent) {
	t.Helper()
	for e, err := range s.ReadRaw(t.Context(), eventstore.RawRead{Stream: stream}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func readError(t *testing.T, s *eventstore.Store, stream string) error {
	t.Helper()
	for _, err := range s.Read(t.Context(), stream, 0) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestEveryEventThatTheRegistryAppendsHasItsMAC(t *testing.T) {
	s, _ := guarded(t, server(t))
	list := appended(t, s, "a", "b")
	_, err := s.Append(t.Context(), list.Stream(), 1, []eventstore.NewEvent{opening(list, "c"), opening(list, "d")})
	if err != nil {
		t.Fatal(err)
	}
	person := looked(t, s, 3)
	for _, stream := range []string{list.Stream(), "access-" + person.String()} {
		events := stored(t, s, stream)
		if len(events) < 3 {
			t.Errorf("%s has %d events", stream, len(events))
		}
		for _, e := range events {
			if err := macKey.Verify(e.Record()); err != nil {
				t.Errorf("%s@%d: %v", stream, e.Revision, err)
			}
		}
	}
	if got := read(t, s, list.Stream(), 0); len(got) != 4 {
		t.Errorf("%d events are read, not 4", len(got))
	}
}

func TestAMACHoldsInACopyOfTheLog(t *testing.T) {
	s, from := guarded(t, startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString())
	to, _ := startStore(t)
	list := appended(t, s, "a", "b")
	copyLog(t, from, to)
	for _, e := range stored(t, to, list.Stream()) {
		if err := macKey.Verify(e.Record()); err != nil {
			t.Errorf("%s@%d: %v", e.Stream, e.Revision, err)
		}
	}
}

// forgery is an event that looks as if the registry had written it.
func forgery(of eventstore.RawEvent) eventstore.RawEvent {
	of.ID = uuid.New()
	return of
}

func TestAForgedEventIsRefusedAndNamed(t *testing.T) {
	for name, forge := range map[string]func(eventstore.RawEvent) eventstore.RawEvent{
		"the genuine event before it again": forgery,
		"without a MAC": func(e eventstore.RawEvent) eventstore.RawEvent {
			e = forgery(e)
			e.Metadata = []byte(strings.Split(string(e.Metadata), `,"mac"`)[0] + "}")
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, intruder := guarded(t, startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString())
			s.RequireMACs()
			list := appended(t, s, "a", "b")
			appendRaw(t, intruder, list.Stream(), 1, forge(stored(t, s, list.Stream())[1]))

			err := readError(t, s, list.Stream())
			var tampered *eventstore.TamperError
			want := domain.EventRef{Stream: list.Stream(), Revision: 2}
			if !errors.As(err, &tampered) || tampered.Event != want || domain.CodeOf(err) != domain.CodeLogTampered {
				t.Errorf("reading answers %v", err)
			}
			_, err = s.Append(t.Context(), list.Stream(), 2, []eventstore.NewEvent{opening(list, "c")})
			if domain.CodeOf(err) != domain.CodeLogTampered {
				t.Errorf("appending answers %v", err)
			}
			found := s.Findings()
			if len(found) != 1 || found[0].Kind != proof.Forged || found[0].Event != want {
				t.Errorf("found %v", found)
			}
			other := appended(t, s, "x")
			if err := readError(t, s, other.Stream()); err != nil {
				t.Errorf("another list: %v", err)
			}
			for d := range s.Follow(t.Context(), 0) {
				if d.Recorded != nil && d.Recorded.Revision == 2 {
					if domain.CodeOf(d.Poison) != domain.CodeLogTampered || d.Recorded.Event != nil {
						t.Errorf("the forged event is delivered: %v, %v", d.Recorded, d.Poison)
					}
					break
				}
			}
		})
	}
}

func TestEventsFromBeforeTheFirstHeadNeedNoMAC(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, before := guarded(t, address)
	list := appended(t, before, "a", "b")
	if err := readError(t, s, list.Stream()); err != nil {
		t.Errorf("a log without a head: %v", err)
	}
	appendRaw(t, before, proof.HeadStream, eventstore.NoStream, raw(proof.HeadSigned, `{}`, `{}`))
	after := appended(t, before, "c")
	later, _ := guarded(t, address) // has not asked for the first head a moment ago
	if err := readError(t, later, list.Stream()); err != nil {
		t.Errorf("events before the first head: %v", err)
	}
	if err := readError(t, later, after.Stream()); domain.CodeOf(err) != domain.CodeLogTampered {
		t.Errorf("an event after the first head without a MAC: %v", err)
	}
}

func TestAStreamWhoseBeginningIsHiddenIsNotRead(t *testing.T) {
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	s, intruder := guarded(t, node.ConnectionString())
	list := appended(t, s, "a", "b", "c")
	appendRaw(t, intruder, "$$"+list.Stream(), eventstore.NoStream, raw("$metadata", `{"$maxCount":1}`, ``))
	if err := readError(t, s, list.Stream()); domain.CodeOf(err) != domain.CodeLogTampered {
		t.Errorf("reading answers %v", err)
	}
	found := s.Findings()
	if len(found) != 1 || found[0].Kind != proof.Hidden || found[0].Event.Stream != list.Stream() {
		t.Errorf("found %v", found)
	}
}

func TestAFindingIsToldOnce(t *testing.T) {
	s, _ := guarded(t, server(t))
	f := proof.Finding{Kind: proof.Removed, Event: domain.EventRef{Stream: "queue-1", Revision: 3}, Detail: "it is gone"}
	if !s.Report(f) || s.Report(f) || !slices.Equal(s.Findings(), []proof.Finding{f}) {
		t.Errorf("found %v", s.Findings())
	}
}

func BenchmarkMAC(b *testing.B) {
	r := proof.Record{
		Stream: "queue-" + uuid.NewString(), Revision: 7, ID: uuid.New(), Type: "EntryPlaced", JSON: true,
		Data: []byte(`{"a":"` + strings.Repeat("x", 700) + `"}`), Metadata: []byte(`{"b":"` + strings.Repeat("y", 300) + `"}`),
		Created: time.Now(),
	}
	b.Run("seal", func(b *testing.B) {
		for b.Loop() {
			macKey.Mark(r)
		}
	})
	r.Metadata = macKey.Mark(r)
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if macKey.Verify(r) != nil {
				b.Fatal("wrong")
			}
		}
	})
	b.Run("leaf", func(b *testing.B) {
		for b.Loop() {
			r.Leaf()
		}
	})
}
