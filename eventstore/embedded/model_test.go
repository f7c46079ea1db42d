package embedded_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"tizilim/eventstore/embedded"
)

// model is the simplest implementation of the store, a list of lists.
type model struct {
	streams map[string]*modelStream
	log     []modelEvent // user events of $all, in order
}

type modelEvent struct {
	stream   string
	revision int
	id       uuid.UUID
}

type modelStream struct {
	ids        []uuid.UUID // by revision
	shownFrom  int         // first revision of its present life
	keptFrom   int         // first revision that was not scavenged
	deleted    bool
	tombstoned bool
}

func (m *model) stream(name string) *modelStream {
	s := m.streams[name]
	if s == nil {
		s = &modelStream{}
		m.streams[name] = s
	}
	return s
}

type outcome string

const (
	success      outcome = "success"
	wrongVersion outcome = "wrong expected version"
	deletedError outcome = "stream deleted"
	otherError   outcome = "another error"
)

// append decides as the documents of the protocol and the source of the server do.
func (m *model) append(name string, expected esdb.ExpectedRevision, ids []uuid.UUID) (outcome, int) {
	s := m.stream(name)
	last := len(s.ids) - 1
	if s.tombstoned {
		return deletedError, 0
	}
	at := 0 // where the events must be
	switch e := expected.(type) {
	case esdb.Any, esdb.StreamExists:
		if _, ok := e.(esdb.StreamExists); ok {
			if s.deleted {
				return deletedError, 0
			}
			if last < 0 {
				return wrongVersion, 0
			}
		}
		// Known events are a repetition wherever they are; ids recur by
		// design of the test only as whole appends or prefixes of one.
		known := 0
		for known < len(ids) && slices.Contains(s.ids[s.keptFrom:], ids[known]) {
			known++
		}
		switch {
		case known > 0 && known == len(ids):
			// An exact revision can append an id again; the last one counts.
			at := len(s.ids) - 1
			for s.ids[at] != ids[known-1] {
				at--
			}
			return success, at
		case known > 0:
			return wrongVersion, 0
		}
		return m.add(name, ids)
	case esdb.NoStream:
		at = -1
	case esdb.StreamRevision:
		at = int(e.Value)
	}
	if at > last {
		return wrongVersion, 0
	}
	if at < last {
		same := 0
		for same < len(ids) && at+1+same <= last && at+1+same >= s.keptFrom && s.ids[at+1+same] == ids[same] {
			same++
		}
		switch {
		case same > 0 && same == len(ids):
			return success, at + same
		case same == 0 && at == -1 && s.deleted:
		default:
			return wrongVersion, 0
		}
	}
	return m.add(name, ids)
}

func (m *model) add(name string, ids []uuid.UUID) (outcome, int) {
	s := m.stream(name)
	if s.deleted {
		s.deleted, s.shownFrom = false, len(s.ids)
	}
	for _, id := range ids {
		m.log = append(m.log, modelEvent{name, len(s.ids), id})
		s.ids = append(s.ids, id)
	}
	return success, len(s.ids) - 1
}

// scavenge removes events that are hidden for ever, except the last one of each stream.
func (m *model) scavenge() {
	for _, s := range m.streams {
		switch {
		case s.tombstoned:
			s.keptFrom = len(s.ids)
		case s.deleted:
			s.keptFrom = max(0, len(s.ids)-1)
		default:
			s.keptFrom = max(s.keptFrom, s.shownFrom)
		}
	}
	m.log = slices.DeleteFunc(m.log, func(e modelEvent) bool { return e.revision < m.streams[e.stream].keptFrom })
}

// TestTheNodeBehavesLikeTheModel runs random histories against a node and the model, with restarts of the node.
func TestTheNodeBehavesLikeTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		r := &modelRun{T: rt, dir: dir, model: &model{streams: make(map[string]*modelStream)}}
		r.open()
		defer r.close()
		rt.Repeat(map[string]func(*rapid.T){
			"append":    r.append,
			"repeat":    r.repeat,
			"delete":    func(t *rapid.T) { r.remove(t, false) },
			"tombstone": func(t *rapid.T) { r.remove(t, true) },
			"restart": func(t *rapid.T) {
				r.close()
				r.open()
			},
			"scavenge": func(t *rapid.T) {
				before := len(r.model.log)
				r.model.scavenge()
				report, err := r.node.Scavenge(context.Background(), nil)
				if gone := uint64(before - len(r.model.log)); err != nil || report.Events < gone {
					t.Fatalf("%+v, %v, want at least %d events removed", report, err, gone)
				}
			},
			"":         func(*rapid.T) {},
			"read":     r.read,
			"read all": r.readAll,
		})
		r.readAll(rt)
		report, err := r.node.Check(context.Background())
		if err != nil || !report.Sound() {
			rt.Fatalf("the store is damaged: %v %v", report.Problems, err)
		}
	})
}

type modelRun struct {
	*rapid.T
	dir    string
	model  *model
	node   *embedded.Node
	client *esdb.Client
	sent   [][]uuid.UUID // appends so far, accepted or not
	lastAt uint64        // highest position seen
}

func (r *modelRun) open() {
	node, err := embedded.Open(r.dir)
	if err != nil {
		r.Fatal(err)
	}
	if err := node.Start("127.0.0.1:0"); err != nil {
		r.Fatal(err)
	}
	config, err := esdb.ParseConnectionString(node.ConnectionString())
	if err != nil {
		r.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	client, err := esdb.NewClient(config)
	if err != nil {
		r.Fatal(err)
	}
	r.node, r.client = node, client
}

func (r *modelRun) close() {
	_ = r.client.Close()
	if err := r.node.Close(); err != nil {
		r.Errorf("close: %v", err)
	}
}

func anyStream(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "ә/c"}).Draw(t, "stream")
}

func (r *modelRun) anyExpectation(t *rapid.T, stream string) esdb.ExpectedRevision {
	last := len(r.model.stream(stream).ids) - 1
	around := uint64(max(0, last+rapid.IntRange(-2, 1).Draw(t, "offset")))
	return rapid.SampledFrom([]esdb.ExpectedRevision{
		esdb.Any{}, esdb.NoStream{}, esdb.StreamExists{}, esdb.Revision(around), esdb.Revision(uint64(max(0, last))),
	}).Draw(t, "expected")
}

func (r *modelRun) append(t *rapid.T) {
	stream := anyStream(t)
	var ids []uuid.UUID
	for range rapid.IntRange(1, 4).Draw(t, "events") {
		ids = append(ids, uuid.New())
	}
	r.send(t, stream, r.anyExpectation(t, stream), ids)
}

// repeat sends an earlier append again: unchanged, shortened or extended.
func (r *modelRun) repeat(t *rapid.T) {
	if len(r.sent) == 0 {
		return // nothing to repeat
	}
	ids := slices.Clone(rapid.SampledFrom(r.sent).Draw(t, "append"))
	if rapid.Bool().Draw(t, "cut") {
		ids = ids[:rapid.IntRange(1, len(ids)).Draw(t, "length")]
	}
	if rapid.Bool().Draw(t, "more") {
		ids = append(ids, uuid.New())
	}
	stream := anyStream(t)
	r.send(t, stream, r.anyExpectation(t, stream), ids)
}

func (r *modelRun) send(t *rapid.T, stream string, expected esdb.ExpectedRevision, ids []uuid.UUID) {
	r.sent = append(r.sent, ids)
	var events []esdb.EventData
	for _, id := range ids {
		events = append(events, esdb.EventData{
			EventID: id, EventType: "M", ContentType: esdb.ContentTypeJson, Data: []byte("{}"),
		})
	}
	want, revision := r.model.append(stream, expected, ids)
	result, err := r.client.AppendToStream(
		context.Background(), stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, events...,
	)
	if got := outcomeOf(err); got != want {
		t.Fatalf("append of %d to %s at %T %v: %s (%v), want %s", len(ids), stream, expected, expected, got, err, want)
	}
	if err == nil && result.NextExpectedVersion != uint64(revision) {
		t.Fatalf("append to %s at %T ends at revision %d, want %d", stream, expected, result.NextExpectedVersion, revision)
	}
}

func (r *modelRun) remove(t *rapid.T, forGood bool) {
	if forGood && rapid.IntRange(0, 4).Draw(t, "rarely") > 0 {
		return // tombstones end all that is interesting: they stay rare
	}
	stream := anyStream(t)
	s := r.model.stream(stream)
	want := success
	switch {
	case s.tombstoned:
		want = deletedError
	case !forGood && len(s.ids) == 0:
		want = otherError // a wrong expected version, which this call has no code for
	}
	var err error
	if forGood {
		_, err = r.client.TombstoneStream(
			context.Background(), stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}},
		)
	} else {
		_, err = r.client.DeleteStream(context.Background(), stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
	}
	if got := outcomeOf(err); got != want {
		t.Fatalf("removal of %s: %s (%v), want %s", stream, got, err, want)
	}
	if err == nil {
		s.deleted, s.tombstoned = !forGood || s.deleted, forGood
	}
}

func outcomeOf(err error) outcome {
	var e *esdb.Error
	switch {
	case err == nil:
		return success
	case errors.As(err, &e) && e.Code() == esdb.ErrorCodeWrongExpectedVersion:
		return wrongVersion
	case errors.As(err, &e) && e.Code() == esdb.ErrorCodeStreamDeleted:
		return deletedError
	default:
		return otherError
	}
}

func (r *modelRun) read(t *rapid.T) {
	stream := anyStream(t)
	s := r.model.stream(stream)
	backwards := rapid.Bool().Draw(t, "backwards")
	from := rapid.IntRange(0, len(s.ids)+1).Draw(t, "from")
	count := rapid.IntRange(1, 6).Draw(t, "count")
	options := esdb.ReadStreamOptions{From: esdb.Revision(uint64(from))}
	if backwards {
		options.Direction = esdb.Backwards
	}

	var want []int
	for revision := s.shownFrom; revision < len(s.ids); revision++ {
		if backwards && revision <= from || !backwards && revision >= from {
			want = append(want, revision)
		}
	}
	if backwards {
		slices.Reverse(want)
	}
	want = want[:min(count, len(want))]

	got, err := collect(r.client.ReadStream(context.Background(), stream, options, uint64(count)))
	var e *esdb.Error
	switch {
	case s.tombstoned:
		if outcomeOf(err) != deletedError {
			t.Fatalf("read of the tombstoned %s: %v", stream, err)
		}
		return
	case s.deleted || len(s.ids) == 0:
		if !errors.As(err, &e) || e.Code() != esdb.ErrorCodeResourceNotFound {
			t.Fatalf("read of %s, which is not there: %v", stream, err)
		}
		return
	case err != nil:
		t.Fatalf("read of %s: %v", stream, err)
	}
	if len(got) != len(want) {
		t.Fatalf("read of %s from %d: %d events, want %v", stream, from, len(got), want)
	}
	for i, e := range got {
		if int(e.Event.EventNumber) != want[i] || e.Event.EventID != s.ids[want[i]] {
			t.Fatalf("read of %s from %d: revision %d at %d, want %v", stream, from, e.Event.EventNumber, i, want)
		}
	}
}

// readAll compares the user events of $all in both directions.
func (r *modelRun) readAll(t *rapid.T) {
	for _, direction := range []esdb.Direction{esdb.Forwards, esdb.Backwards} {
		options := esdb.ReadAllOptions{Direction: direction, From: esdb.Start{}}
		var want []uuid.UUID
		for _, e := range r.model.log {
			want = append(want, e.id)
		}
		if direction == esdb.Backwards {
			options.From = esdb.End{}
			slices.Reverse(want)
		}
		all, err := collect(r.client.ReadAll(context.Background(), options, ^uint64(0)))
		if err != nil {
			t.Fatal(err)
		}
		var got []uuid.UUID
		positions := []uint64{}
		for _, e := range all {
			if e.Event.EventType == "M" {
				got = append(got, e.Event.EventID)
			}
			positions = append(positions, e.Event.Position.Commit)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("$all has %d events, want %d, or in another order", len(got), len(want))
		}
		if direction == esdb.Backwards {
			slices.Reverse(positions)
		}
		for i := 1; i < len(positions); i++ {
			if positions[i] <= positions[i-1] {
				t.Fatalf("position %d after %d", positions[i], positions[i-1])
			}
		}
		if n := len(positions); n > 0 {
			if positions[n-1] < r.lastAt {
				t.Fatalf("the last position went from %d back to %d", r.lastAt, positions[n-1])
			}
			r.lastAt = positions[n-1]
		}
	}
}

func collect(stream *esdb.ReadStream, err error) ([]*esdb.ResolvedEvent, error) {
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var list []*esdb.ResolvedEvent
	for {
		e, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, e)
	}
}
