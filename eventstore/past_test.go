package eventstore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/domain/release"
	"tizilim/eventstore"
)

func TestTheHeadLeavesOutWhatIsNotTheRegistrysAndTheEndDoesNot(t *testing.T) {
	at := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openStore(t, at)
	ends := func(s *eventstore.Store, wantHead domain.Position) {
		t.Helper()
		var last domain.Position
		for e, err := range s.ReadRaw(t.Context(), eventstore.RawRead{Stream: eventstore.All, Backwards: true, Limit: 1}) {
			if err != nil {
				t.Fatal(err)
			}
			last = e.Position
		}
		if head, err := s.Head(t.Context()); err != nil || head != wantHead {
			t.Errorf("the head is at %d, %v, want %d", head, err, wantHead)
		}
		if end, err := s.End(t.Context()); err != nil || end != last {
			t.Errorf("the end is at %d, %v, want %d", end, err, last)
		}
	}
	foreign := make([]eventstore.RawEvent, 600) // more than one page
	for i := range foreign {
		foreign[i] = strange()
	}
	ends(s, 0)
	appendRaw(t, s, "foreign-1", eventstore.NoStream, foreign...)
	ends(s, 0)
	list := newList()
	own, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a")})
	if err != nil {
		t.Fatal(err)
	}
	ends(s, own)
	appendRaw(t, s, "foreign-2", eventstore.NoStream, foreign...)
	ends(s, own)
	ends(s, own) // from what it remembers
	ends(openStore(t, at), own)
	if own, err = s.Append(t.Context(), list.Stream(), 0, []eventstore.NewEvent{opening(list, "b")}); err != nil {
		t.Fatal(err)
	}
	ends(s, own)
}

func TestAnEventIsFoundAtItsPlaceAndNoOtherInItsStead(t *testing.T) {
	s, client := startStore(t)
	list := appended(t, s, "a", "b", "c")
	stored := stored(t, s, list.Stream())
	place := func(revision uint64) domain.EventRef {
		return domain.EventRef{Stream: list.Stream(), Revision: revision}
	}
	finds := func(s *eventstore.Store, revision uint64, want *eventstore.RawEvent) {
		t.Helper()
		rec, found, err := s.EventOf(t.Context(), place(revision))
		switch {
		case err != nil || found != (want != nil):
			t.Errorf("revision %d: found %v, %v", revision, found, err)
		case want != nil && (rec.ID != want.ID || rec.Position != want.Position || !rec.Created.Equal(want.Created) ||
			rec.Stream != list.Stream() || rec.Revision != revision):
			t.Errorf("revision %d: %+v", revision, rec)
		}
	}
	finds(s, 1, &stored[1])
	finds(s, 3, nil)
	to, _ := startStore(t)
	copyLog(t, s, to)
	rec, found, err := to.EventOf(t.Context(), place(1))
	if err != nil || !found || !rec.Created.Equal(stored[1].Created) {
		t.Errorf("in a copy: %+v, %v, %v, want the time of the original, %v", rec, found, err, stored[1].Created)
	}
	var hidden esdb.StreamMetadata
	hidden.SetTruncateBefore(2)
	if _, err := client.SetStreamMetadata(t.Context(), list.Stream(), esdb.AppendToStreamOptions{}, hidden); err != nil {
		t.Fatal(err)
	}
	finds(s, 1, nil) // the stream begins later
	finds(s, 2, &stored[2])
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.EventOf(t.Context(), place(2)); err == nil {
		t.Error("a log that does not answer has no such event")
	}
}

// strange is an event that this release cannot read.
func strange() eventstore.RawEvent {
	return eventstore.RawEvent{
		ID: uuid.New(), Type: "OfALaterRelease", JSON: true, Data: []byte("{}"), Metadata: []byte(`{"schema":"1"}`),
	}
}

// releasing is an event that releases another one.
func releasing(e eventstore.RawEvent, ref domain.EventRef) eventstore.NewEvent {
	return eventstore.NewEvent{
		ID: uuid.New(), Meta: domain.Meta{Role: domain.RoleSystem, Actor: "command-line"},
		Event: release.EventReleased{
			Released: ref, EventID: e.ID, Type: e.Type, Basis: "order 21", ReleasedBy: "operator-3",
			ReleasedAt: time.Now().UTC(),
		},
	}
}

// skips reports what the store shows of the event.
func skips(t *testing.T, s *eventstore.Store, ref domain.EventRef) (why string, is bool) {
	t.Helper()
	page, err := s.ReadPage(t.Context(), ref.Stream, ref.Revision, 1)
	if err != nil || len(page) != 1 {
		return "", false
	}
	skipped, is := page[0].Event.(domain.Skipped)
	return skipped.Why, is
}

func TestWhatIsReleasedIsSkippedByEveryProcessAlsoByOneThatKnewNoneBefore(t *testing.T) {
	at := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, other := openStore(t, at), openStore(t, at)
	list := appended(t, s, "a", "b")
	bad := strange()
	appendRaw(t, s, list.Stream(), 1, bad)
	place := domain.EventRef{Stream: list.Stream(), Revision: 2}
	readable := domain.EventRef{Stream: list.Stream(), Revision: 0}
	for _, store := range []*eventstore.Store{s, other} {
		if _, is := skips(t, store, place); is {
			t.Error("an event is skipped that nobody has released")
		}
		if _, is := skips(t, store, readable); is {
			t.Error("an event is skipped that can be read")
		}
	}

	mustAppend(t, other, release.Stream, eventstore.NoStream, releasing(bad, place))
	if why, is := skips(t, s, place); !is || why == "" {
		t.Errorf("the event is not skipped, or not because of what is wrong with it: %v, %q", is, why)
	}
	mustAppend(t, other, release.Stream, 0, releasing(stored(t, s, list.Stream())[0], readable))
	if _, is := skips(t, openStore(t, at), readable); !is {
		t.Error("a process that begins shows an event that can be read and is released")
	}
	for known, want := range [][]domain.EventRef{{place, readable}, {readable}, nil} {
		if got, err := s.ReleasedAfter(t.Context(), known); err != nil || !slices.Equal(got, want) {
			t.Errorf("after %d: %v, %v, want %v", known, got, err, want)
		}
	}
	if _, is := skips(t, s, readable); !is {
		t.Error("an event that can be read is shown after its release was read")
	}
}

// A release that was forged, or cannot be read, releases nothing, and keeps no other one away.
func TestOnlyTheRegistryReleasesAnEvent(t *testing.T) {
	at := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, intruder := guarded(t, at)
	s.RequireMACs()
	list := appended(t, s, "a", "b")
	bad := []eventstore.RawEvent{s.MarkRaw(list.Stream(), 2, strange()), s.MarkRaw(list.Stream(), 3, strange())}
	appendRaw(t, s, list.Stream(), 1, bad...)
	places := []domain.EventRef{{Stream: list.Stream(), Revision: 2}, {Stream: list.Stream(), Revision: 3}}
	mustAppend(t, intruder, release.Stream, eventstore.NoStream, releasing(bad[0], places[0]))
	appendRaw(t, s, release.Stream, 0, s.MarkRaw(release.Stream, 1, strange()))
	mustAppend(t, s, release.Stream, 1, releasing(bad[1], places[1]))

	if got, err := s.ReleasedAfter(t.Context(), 0); err != nil || !slices.Equal(got, places[1:]) {
		t.Errorf("released are %v, %v", got, err)
	}
	// A process without its keys yet believes the forged one, and no longer once it has them.
	late := openStore(t, at)
	if got, err := late.ReleasedAfter(t.Context(), 0); err != nil || len(got) != 2 {
		t.Fatalf("without a key: %v, %v", got, err)
	}
	if err := late.UseKeys(macKey, nil); err != nil {
		t.Fatal(err)
	}
	late.RequireMACs()
	if got, err := late.ReleasedAfter(t.Context(), 0); err != nil || !slices.Equal(got, places[1:]) {
		t.Errorf("with the key: %v, %v", got, err)
	}
	if _, is := skips(t, late, places[0]); is {
		t.Error("a forged release is believed")
	}
	if _, is := skips(t, late, places[1]); !is {
		t.Error("a release of the registry is not believed")
	}
}

func TestTheStreamsThatNoReadModelHasAreFollowedAloneFromTheBeginning(t *testing.T) {
	s := openStore(t, startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString())
	appended(t, s, "a", "b")
	var want, got []domain.EventRef
	for _, category := range proof.Unprojected {
		stream := category + "1"
		appendRaw(t, s, stream, eventstore.NoStream, strange())
		want = append(want, domain.EventRef{Stream: stream})
	}
	for d := range s.FollowUnprojected(t.Context()) {
		if d.Recorded != nil {
			if d.Poison == nil {
				t.Errorf("%s can be read", d.Recorded.Stream)
			}
			got = append(got, domain.EventRef{Stream: d.Recorded.Stream, Revision: d.Recorded.Revision})
		}
		if d.CaughtUp {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("delivered are %v, want %v", got, want)
	}
}
