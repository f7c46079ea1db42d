package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/housing"
	"tizilim/eventstore"
	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// startNode serves an event store of the directory on the address.
func startNode(t testing.TB, dir, address string) *embedded.Node {
	t.Helper()
	node, err := embedded.Open(dir, embedded.WithLogger(quiet))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	if err := node.Start(address); err != nil {
		t.Fatal(err)
	}
	return node
}

// server returns the connection string of a shared server, for tests that use only their
// own streams. A test that stops a server starts its own.
func server(t *testing.T) string {
	t.Helper()
	return eventstoretest.Server(t, func(testing.TB) string {
		return startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	})
}

func openStore(t testing.TB, address string) *eventstore.Store {
	t.Helper()
	s, err := eventstore.Open(address, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// opening is an event with the given title.
func opening(list domain.ListID, title string) eventstore.NewEvent {
	id := uuid.NewSHA1(list.UUID, []byte(title))
	return eventstore.NewEvent{
		ID:    id,
		Event: housing.ListOpened{ListID: list, Title: title, OpenedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		Meta: domain.Meta{
			Correlation: list.UUID, Causation: domain.CommandID{UUID: id}, Digest: "d", Actor: "desk",
			Role: domain.RoleCommission, Channel: domain.ChannelPortal,
		},
	}
}

func newList() domain.ListID { return domain.ListID{UUID: uuid.New()} }

func read(t *testing.T, s *eventstore.Store, stream string, from uint64) []domain.Recorded {
	t.Helper()
	var recs []domain.Recorded
	for rec, err := range s.Read(t.Context(), stream, from) {
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, rec)
	}
	return recs
}

func TestOpenExplainsAWrongAddress(t *testing.T) {
	for _, address := range []string{
		"", "localhost:2113", "http://localhost:2113", "esdb://", "esdb://localhost:port", "esdb://localhost?tls=perhaps",
		"esdb://admin:sesame@localhost:port", "esdb://admin:sesame %@localhost",
		"esdb://admin:sesame:sesame@@localhost?tls=perhaps",
	} {
		s, err := eventstore.Open(address, quiet)
		if err == nil {
			_ = s.Close()
			t.Errorf("%q was accepted", address)
			continue
		}
		if strings.Contains(err.Error(), "sesame") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestWhatIsAppendedIsReadBack(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	began := time.Now().Add(-time.Second)
	first := opening(list, "бірінші")
	position, err := s.Append(
		t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{first, opening(list, "екінші")},
	)
	if err != nil {
		t.Fatal(err)
	}
	recs := read(t, s, list.Stream(), 0)
	if len(recs) != 2 {
		t.Fatalf("%d events, want 2", len(recs))
	}
	if recs[1].Position != position || recs[0].Position >= position || recs[0].Position == 0 {
		t.Errorf("positions %d, %d; the append answered %d", recs[0].Position, recs[1].Position, position)
	}
	if recs[0].Created.Before(began) || recs[0].Created.After(time.Now().Add(time.Second)) {
		t.Errorf("created %v", recs[0].Created)
	}
	want := domain.Recorded{
		ID: first.ID, Stream: list.Stream(), Revision: 0, Position: recs[0].Position, Created: recs[0].Created,
		Event: first.Event, Meta: first.Meta, More: 1,
	}
	if diff := cmp.Diff(want, recs[0]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	one, err := s.ReadEvent(t.Context(), list.Stream(), 1)
	if err != nil || one.Revision != 1 || one.Event.(housing.ListOpened).Title != "екінші" {
		t.Errorf("event 1: %v, %v", one, err)
	}
	if _, err := s.ReadEvent(t.Context(), list.Stream(), 2); err == nil {
		t.Error("an event that is not there was read")
	}
}

func TestTheHeadIsTheLastEvent(t *testing.T) {
	s := openStore(
		t, startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString(),
	) // a server of its own, where no other test appends
	if head, err := s.Head(t.Context()); err != nil || head != 0 {
		t.Errorf("head %d, %v of an empty log", head, err)
	}
	list := newList()
	position, err := s.Append(
		t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a"), opening(list, "b")},
	)
	if err != nil {
		t.Fatal(err)
	}
	if head, err := s.Head(t.Context()); err != nil || head != position {
		t.Errorf("head %d, %v; want %d", head, err, position)
	}
}

func TestAStreamThatDoesNotExistHasNoEvents(t *testing.T) {
	s := openStore(t, server(t))
	if recs := read(t, s, newList().Stream(), 0); len(recs) != 0 {
		t.Errorf("%d events", len(recs))
	}
	list := newList()
	if _, err := s.Append(
		t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "")},
	); err != nil {
		t.Fatal(err)
	}
	if recs := read(t, s, list.Stream(), 7); len(recs) != 0 {
		t.Errorf("%d events beyond the end", len(recs))
	}
}

func TestAnAppendAtAnotherRevisionIsARevisionError(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	appendAt := func(expected eventstore.Expected, title string) error {
		_, err := s.Append(t.Context(), list.Stream(), expected, []eventstore.NewEvent{opening(list, title)})
		return err
	}
	var moved *eventstore.RevisionError
	if err := appendAt(0, "a"); !errors.As(err, &moved) {
		t.Errorf("at 0 of nothing: %v", err)
	}
	if err := appendAt(eventstore.NoStream, "a"); err != nil {
		t.Fatal(err)
	}
	for _, expected := range []eventstore.Expected{eventstore.NoStream, 1} {
		if err := appendAt(expected, "b"); !errors.As(err, &moved) || moved.Stream != list.Stream() {
			t.Errorf("at %d of revision 0: %v", expected, err)
		}
	}
	if err := appendAt(0, "b"); err != nil {
		t.Error(err)
	}
}

func TestARepeatedAppendAddsNothing(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	events := []eventstore.NewEvent{opening(list, "a"), opening(list, "b")}
	var positions [3]domain.Position
	for i := range positions {
		var err error
		if positions[i], err = s.Append(t.Context(), list.Stream(), eventstore.NoStream, events); err != nil {
			t.Fatal(err)
		}
	}
	if positions[0] != positions[1] || positions[1] != positions[2] {
		t.Errorf("positions %v", positions)
	}
	if n := len(read(t, s, list.Stream(), 0)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func TestAnEventWithoutAnIDIsNotAppended(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	e := opening(list, "a")
	e.ID = uuid.Nil
	if _, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, []eventstore.NewEvent{e}); err == nil {
		t.Error("appended: a repetition would be a second event")
	}
}

// A wrong request is not retried, and its error has the message of the server.
func TestARequestThatTheServerRefusesIsNotRetried(t *testing.T) {
	s := openStore(t, startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString())
	began := time.Now()
	_, _, err := s.AppendRaw(t.Context(), "large-"+uuid.NewString(), eventstore.NoStream, []eventstore.RawEvent{
		{ID: uuid.New(), Type: "Large", Data: make([]byte, 2<<20)},
	})
	if err == nil || domain.CodeOf(err) == domain.CodeLogUnavailable || !strings.Contains(
		err.Error(), "Maximum Append Size",
	) ||
		strings.Contains(err.Error(), "ErrorCode") {
		t.Errorf("too large an append: %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it was tried again for %v", took)
	}
}

func TestALongStreamIsReadWhole(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	const n = 1300 // several pages; the last one is not full
	var events []eventstore.NewEvent
	for i := range n {
		events = append(events, opening(list, fmt.Sprint(i)))
	}
	if _, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, events); err != nil {
		t.Fatal(err)
	}
	for _, from := range []uint64{0, 1, 511, 512, 1024, n - 1} {
		recs := read(t, s, list.Stream(), from)
		if len(recs) != n-int(from) {
			t.Fatalf("from %d: %d events, want %d", from, len(recs), n-int(from))
		}
		for i, rec := range recs {
			if rec.Revision != from+uint64(i) {
				t.Fatalf("from %d: event %d has revision %d", from, i, rec.Revision)
			}
		}
	}
}

func TestACancelledContextEndsACall(t *testing.T) {
	// Connections are accepted here and never answered.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := openStore(t, fmt.Sprintf("esdb://%s?tls=false&maxDiscoverAttempts=1&gossipTimeout=1", silent.Addr()))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	list := newList()
	_, err = s.Append(ctx, list.Stream(), eventstore.NoStream, []eventstore.NewEvent{opening(list, "a")})
	if domain.CodeOf(err) != domain.CodeLogUnavailable {
		t.Errorf("error %v", err)
	}
	if took := time.Since(began); took > 800*time.Millisecond {
		t.Errorf("the call came back after %v", took)
	}
}

func TestAStoreOutlivesADeadClient(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, "esdb://"+address+"?tls=false&maxDiscoverAttempts=1&discoveryInterval=10")
	list := newList()
	try := func(expected eventstore.Expected, title string) error {
		_, err := s.Append(t.Context(), list.Stream(), expected, []eventstore.NewEvent{opening(list, title)})
		return err
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.ReadPage(short, list.Stream(), 0, 1); domain.CodeOf(err) != domain.CodeLogUnavailable {
		t.Fatalf("without a server: %v", err)
	}
	dir := t.TempDir()
	node := startNode(t, dir, address)
	if err := try(eventstore.NoStream, "a"); err != nil {
		t.Fatalf("the server runs again: %v", err)
	}
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	startNode(t, dir, address)
	if err := try(0, "b"); err != nil {
		t.Fatalf("the server has restarted: %v", err)
	}
}

func TestAClosedStoreReturnsAnError(t *testing.T) {
	s := openStore(t, server(t))
	if _, err := s.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.ReadPage(t.Context(), "queue-x", 0, 1); err == nil {
		t.Error("a closed store was read")
	}
}

// next returns the next delivery that is an event of the list, in bounded time.
func next(t *testing.T, deliveries <-chan domain.Delivery, list domain.ListID) domain.Delivery {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case d, ok := <-deliveries:
			if !ok {
				t.Fatal("the deliveries ended")
			}
			if d.Recorded != nil && d.Recorded.Stream == list.Stream() {
				return d
			}
		case <-timeout:
			t.Fatal("no event in 20 s")
		}
	}
}

func TestFollowDeliversEverythingOnceAcrossRestarts(t *testing.T) {
	dir := t.TempDir()
	node := startNode(t, dir, "127.0.0.1:0")
	address := node.Addr().String()
	s := openStore(t, node.ConnectionString()+"&maxDiscoverAttempts=1&discoveryInterval=10")
	ctx, cancel := context.WithCancel(t.Context())
	deliveries := s.Follow(ctx, 0)
	list := newList()
	revision := eventstore.NoStream
	for round := range 3 {
		for i := range 5 {
			if _, err := s.Append(
				t.Context(), list.Stream(), revision, []eventstore.NewEvent{opening(list, fmt.Sprint(round, i))},
			); err != nil {
				t.Fatal(err)
			}
			revision++
		}
		for i := range 5 {
			d := next(t, deliveries, list)
			if want := uint64(5*round + i); d.Recorded.Revision != want {
				t.Fatalf("delivered revision %d, want %d", d.Recorded.Revision, want)
			}
		}
		if err := node.Close(); err != nil {
			t.Fatal(err)
		}
		node = startNode(t, dir, address)
	}
	cancel()
	for range deliveries { // it closes
	}
}

func TestFollowBeginsAfterThePositionAndDeliversCaughtUp(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	var events []eventstore.NewEvent
	for i := range 10 {
		events = append(events, opening(list, fmt.Sprint(i)))
	}
	if _, err := s.Append(t.Context(), list.Stream(), eventstore.NoStream, events); err != nil {
		t.Fatal(err)
	}
	recs := read(t, s, list.Stream(), 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got []uint64
	for d := range s.Follow(ctx, recs[3].Position) {
		if d.CaughtUp {
			if d.Position < recs[9].Position {
				t.Errorf("caught up at %d, the log ends at %d", d.Position, recs[9].Position)
			}
			cancel()
			break
		}
		if d.Recorded != nil && d.Recorded.Stream == list.Stream() {
			got = append(got, d.Recorded.Revision)
		}
	}
	if diff := cmp.Diff([]uint64{4, 5, 6, 7, 8, 9}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFollowBodiesDeliversTheStreamsOfBodiesAlone(t *testing.T) {
	s := openStore(t, server(t))
	list, id := newList(), domain.BodyID{UUID: uuid.New()}
	append := func(stream string, expected eventstore.Expected, e domain.Event) {
		t.Helper()
		event := eventstore.NewEvent{ID: uuid.New(), Event: e, Meta: domain.Meta{Role: domain.RoleAdministrator}}
		if _, err := s.Append(t.Context(), stream, expected, []eventstore.NewEvent{event}); err != nil {
			t.Fatal(err)
		}
	}
	append(id.Stream(), eventstore.NoStream, body.Recorded{BodyID: id, Kind: body.Desk})
	append(list.Stream(), eventstore.NoStream, opening(list, "t").Event)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	revision := uint64(0)
	for d := range s.FollowBodies(ctx) {
		switch {
		case d.CaughtUp && revision == 1: // what is appended now is delivered, too
			append(list.Stream(), 0, opening(list, "u").Event)
			append(id.Stream(), 0, body.Described{BodyID: id})
		case d.Recorded == nil || d.Recorded.Stream != id.Stream(): // another test's body
		case d.Recorded.Revision != revision:
			t.Fatalf("revision %d, want %d", d.Recorded.Revision, revision)
		default:
			revision++
		}
		if d.Recorded != nil && !strings.HasPrefix(d.Recorded.Stream, domain.BodyCategory) {
			t.Fatalf("delivered an event of %s", d.Recorded.Stream)
		}
		if revision == 2 {
			return
		}
	}
}

func TestFollowMarksWhatItCannotDecode(t *testing.T) {
	at := server(t)
	s, foreign, list := openStore(t, at), eventstoretest.Connect(t, at), newList()
	began, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := foreign.AppendToStream(t.Context(), list.Stream(), esdb.AppendToStreamOptions{}, esdb.EventData{
		EventID: uuid.New(), EventType: "ListBurnt", ContentType: esdb.ContentTypeJson, Data: []byte(`{}`),
		Metadata: []byte(`{"schema":1}`),
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d := next(t, s.Follow(ctx, began), list)
	if d.Poison == nil || d.Recorded.Event != nil {
		t.Errorf("delivered %+v", d)
	}
	for _, err := range s.Read(t.Context(), list.Stream(), 0) {
		if err == nil {
			t.Error("a history with an unknown event was read as if it were whole")
		}
	}
}

// An event that cannot be decoded is a defect of the log or of this release, and a
// permanent one.
func TestAnEventThatCannotBeDecodedIsNotAFailureOfTheServer(t *testing.T) {
	s := openStore(t, server(t))
	stream := newList().Stream()
	strange := []eventstore.RawEvent{{
		ID: uuid.New(), Type: "Strange", JSON: true, Data: []byte("{}"), Metadata: []byte("{}"),
	}}
	if _, _, err := s.AppendRaw(t.Context(), stream, eventstore.NoStream, strange); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := s.ReadPage(t.Context(), stream, 0, 1)
	if err == nil || domain.CodeOf(err) == domain.CodeLogUnavailable {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("told after %v: it was tried again", took)
	}
}

func TestAnEventSaysHowManyOfItsAppendFollow(t *testing.T) {
	s := openStore(t, server(t))
	list := newList()
	mustAppend(t, s, list.Stream(), eventstore.NoStream, opening(list, "1"), opening(list, "2"), opening(list, "3"))
	mustAppend(t, s, list.Stream(), 2, opening(list, "4"))
	var more []int
	for _, rec := range read(t, s, list.Stream(), 0) {
		more = append(more, rec.More)
	}
	if !slices.Equal(more, []int{2, 1, 0, 0}) {
		t.Errorf("%v follow", more)
	}
}
