package eventstoretest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

// maxAppend is the default limit of one append, in bytes. Version 23.10 counts the data,
// 24.10 the data, the metadata and the type in UTF-16.
const (
	maxAppend = 1 << 20
	largeType = "Large"
)

var appendCases = []contractCase{
	{"NoStream begins a stream at revision 0", func(s *suite) {
		stream, e := s.stream(), event("Opened")
		if r := s.append(stream, esdb.NoStream{}, e); r.NextExpectedVersion != 0 {
			s.Fatalf("next expected version %d, want 0", r.NextExpectedVersion)
		}
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, 10), e)
	}},
	{"NoStream is refused once the stream exists", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("Opened"))
		err := s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.NoStream{}, event("Opened"))
		if want := "expecting 'no_stream' but got '0'"; !strings.Contains(err.Error(), want) {
			s.Fatalf("error %q, want it to say %q", err, want)
		}
	}},
	{"StreamExists is refused if the stream does not exist", func(s *suite) {
		err := s.refused(esdb.ErrorCodeWrongExpectedVersion, s.stream(), esdb.StreamExists{}, event("Opened"))
		if want := "expecting 'stream_exists' but got 'no_stream'"; !strings.Contains(err.Error(), want) {
			s.Fatalf("error %q, want it to say %q", err, want)
		}
	}},
	{"StreamExists appends once the stream exists", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("Opened"))
		if r := s.append(stream, esdb.StreamExists{}, event("Changed")); r.NextExpectedVersion != 1 {
			s.Fatalf("next expected version %d, want 1", r.NextExpectedVersion)
		}
	}},
	{"Any appends whether or not the stream exists", func(s *suite) {
		stream, a, b := s.stream(), event("Opened"), event("Changed")
		s.append(stream, esdb.Any{}, a)
		s.append(stream, esdb.Any{}, b)
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, 10), a, b)
	}},
	{"an exact revision must be that of the last event", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, events("Opened", 3)...)
		err := s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.Revision(1), event("Changed"))
		if want := "expecting '1' but got '2'"; !strings.Contains(err.Error(), want) {
			s.Fatalf("error %q, want it to say %q", err, want)
		}
		s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.Revision(3), event("Changed"))
		if r := s.append(stream, esdb.Revision(2), event("Changed")); r.NextExpectedVersion != 3 {
			s.Fatalf("next expected version %d, want 3", r.NextExpectedVersion)
		}
	}},
	{"an exact revision is refused if the stream does not exist", func(s *suite) {
		err := s.refused(esdb.ErrorCodeWrongExpectedVersion, s.stream(), esdb.Revision(0), event("Changed"))
		if want := "expecting '0' but got 'no_stream'"; !strings.Contains(err.Error(), want) {
			s.Fatalf("error %q, want it to say %q", err, want)
		}
	}},
	{"several events are appended together, in order", func(s *suite) {
		stream, list := s.stream(), events("Opened", 5)
		r := s.append(stream, esdb.NoStream{}, list...)
		if r.NextExpectedVersion != 4 {
			s.Fatalf("next expected version %d, want 4", r.NextExpectedVersion)
		}
		got := s.read(stream, esdb.ReadStreamOptions{}, 10)
		s.wantIDs(got, list...)
		s.wantRevisions(got, 0, 1, 2, 3, 4)
		if last := got[4].Event.Position; last.Commit != r.CommitPosition || last.Prepare != r.PreparePosition {
			s.Fatalf("the append answered position %d/%d, its last event is at %v", r.CommitPosition, r.PreparePosition, last)
		}
	}},
	{"a refused append writes nothing", func(s *suite) {
		stream, first := s.stream(), event("Opened")
		s.append(stream, esdb.NoStream{}, first)
		s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.Revision(7), events("Changed", 3)...)
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, 10), first)
	}},
	{"an event is read as it was appended", func(s *suite) {
		stream := s.stream()
		before := time.Now().Add(-time.Minute)
		json := esdb.EventData{
			EventID: uuid.New(), EventType: "Тіркелді", ContentType: esdb.ContentTypeJson, Data: []byte(`{"а":"ә"}`),
			Metadata: []byte(`{"x":1}`),
		}
		binary := esdb.EventData{
			EventID: uuid.New(), EventType: "Raw", ContentType: esdb.ContentTypeBinary, Data: []byte{0, 255, 1},
		}
		s.append(stream, esdb.NoStream{}, json, binary)
		got := s.read(stream, esdb.ReadStreamOptions{}, 2)
		s.wantIDs(got, json, binary)
		for i, want := range []struct {
			data        esdb.EventData
			contentType string
		}{{json, "application/json"}, {binary, "application/octet-stream"}} {
			e := got[i].Event
			switch {
			case e.EventType != want.data.EventType:
				s.Errorf("type %q, want %q", e.EventType, want.data.EventType)
			case e.ContentType != want.contentType:
				s.Errorf("content type %q, want %q", e.ContentType, want.contentType)
			case !bytes.Equal(e.Data, want.data.Data) || !bytes.Equal(e.UserMetadata, want.data.Metadata):
				s.Errorf("data %q and metadata %q, want %q and %q", e.Data, e.UserMetadata, want.data.Data, want.data.Metadata)
			case e.StreamID != stream || e.EventNumber != uint64(i):
				s.Errorf("event %d of %q, want %d of %q", e.EventNumber, e.StreamID, i, stream)
			case e.CreatedDate.Before(before) || e.CreatedDate.After(time.Now().Add(time.Minute)):
				s.Errorf("created %v, want about now", e.CreatedDate)
			}
		}
	}},
	{"a stream name is any UTF-8", func(s *suite) {
		for _, name := range []string{"тізілім/", "a b\n\t", "登録-", "%2F'\"\\", strings.Repeat("long", 200)} {
			stream, e := name+uuid.NewString(), event("Opened")
			s.append(stream, esdb.NoStream{}, e)
			got := s.read(stream, esdb.ReadStreamOptions{}, 2)
			s.wantIDs(got, e)
			if got[0].Event.StreamID != stream {
				s.Fatalf("stream %q, want %q", got[0].Event.StreamID, stream)
			}
		}
	}},
	{"an append without events to a new stream creates nothing", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{})
		_, err := drain(s.client.ReadStream(s.ctx, stream, esdb.ReadStreamOptions{}, 1))
		s.wantCode(err, esdb.ErrorCodeResourceNotFound)
	}},
	{"an append without events checks the revision and changes nothing", func(s *suite) {
		stream, e := s.stream(), event("Opened")
		s.append(stream, esdb.NoStream{}, e)
		if r := s.append(stream, esdb.Revision(0)); r.NextExpectedVersion != 0 {
			s.Fatalf("next expected version %d, want 0", r.NextExpectedVersion)
		}
		s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.Revision(4))
		s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.NoStream{})
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, 5), e)
	}},
	{"an append of 1 MiB is accepted, data of more than that are refused", func(s *suite) {
		large := func(data int) esdb.EventData {
			e := event(largeType)
			e.ContentType, e.Metadata, e.Data = esdb.ContentTypeBinary, nil, bytes.Repeat([]byte{7}, data)
			return e
		}
		stream, fits := s.stream(), large(maxAppend-2*len(largeType))
		s.append(stream, esdb.NoStream{}, fits)
		if got := s.read(stream, esdb.ReadStreamOptions{}, 1); !bytes.Equal(got[0].Event.Data, fits.Data) {
			s.Fatal("the event was not read back whole")
		}
		err := s.refused(esdb.ErrorCodeUnknown, stream, esdb.Revision(0), large(maxAppend+1))
		if want := "Maximum Append Size"; !strings.Contains(err.Error(), want) {
			s.Fatalf("error %q, want it to say %q", err, want)
		}
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, 5), fits)
	}},
	{"a repeated append is idempotent", func(s *suite) {
		for _, c := range []struct {
			name     string
			expected esdb.ExpectedRevision
			before   int // events in the stream before the append
		}{
			{"NoStream", esdb.NoStream{}, 0},
			{"Any on a new stream", esdb.Any{}, 0},
			{"Any", esdb.Any{}, 2},
			{"StreamExists", esdb.StreamExists{}, 2},
			{"exact", esdb.Revision(1), 2},
		} {
			stream, list := s.stream(), events("Repeated", 3)
			if c.before > 0 {
				s.append(stream, esdb.NoStream{}, events("Opened", c.before)...)
			}
			first := s.append(stream, c.expected, list...)
			s.append(stream, esdb.Any{}, event("Later"))
			again := s.append(stream, c.expected, list...)
			if *again != *first {
				s.Errorf("%s: the repetition answered %+v, the first %+v", c.name, *again, *first)
			}
			if got := s.read(stream, esdb.ReadStreamOptions{}, everything); len(got) != c.before+4 {
				s.Errorf("%s: %d events, want %d", c.name, len(got), c.before+4)
			}
		}
	}},
	{"an append with some repeated events is refused", func(s *suite) {
		for name, expected := range map[string]esdb.ExpectedRevision{
			"NoStream": esdb.NoStream{}, "Any": esdb.Any{}, "StreamExists": esdb.StreamExists{},
		} {
			stream, list := s.stream(), events("Repeated", 2)
			s.append(stream, esdb.NoStream{}, list...)
			s.Log(name)
			s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, expected, list[0], list[1], event("New"))
			s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, expected, list[0], event("New"))
			s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, everything), list...)
		}
	}},
	{"a retry in another order is refused at an exact revision", func(s *suite) {
		stream, list := s.stream(), events("Repeated", 2)
		s.append(stream, esdb.NoStream{}, list...)
		s.refused(esdb.ErrorCodeWrongExpectedVersion, stream, esdb.NoStream{}, list[1], list[0])
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, everything), list...)
	}},
	{"two streams may have the same event id", func(s *suite) {
		a, b, e := s.stream(), s.stream(), event("Shared")
		s.append(a, esdb.Any{}, e)
		s.append(b, esdb.Any{}, e)
		s.wantIDs(s.read(a, esdb.ReadStreamOptions{}, 5), e)
		s.wantIDs(s.read(b, esdb.ReadStreamOptions{}, 5), e)
	}},
	{"exactly one of concurrent appends at one revision succeeds", func(s *suite) {
		const writers, rounds = 8, 5
		stream := s.stream()
		expected := esdb.ExpectedRevision(esdb.NoStream{})
		for round := range rounds {
			var mu sync.Mutex
			var won []esdb.EventData
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() {
					e := event("Raced")
					_, err := s.client.AppendToStream(s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, e)
					mu.Lock()
					defer mu.Unlock()
					var refused *esdb.Error
					if err == nil {
						won = append(won, e)
					} else if !errors.As(err, &refused) || refused.Code() != esdb.ErrorCodeWrongExpectedVersion {
						s.Errorf("append: %v", err)
					}
				})
			}
			wg.Wait()
			if len(won) != 1 {
				s.Fatalf("round %d: %d appends won, want 1", round, len(won))
			}
			got := s.read(stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, 1)
			s.wantIDs(got, won...)
			s.wantRevisions(got, uint64(round))
			expected = esdb.Revision(uint64(round))
		}
	}},
	{"concurrent appends to Any all succeed, none twice", func(s *suite) {
		const writers, each = 8, 25
		stream := s.stream()
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					if _, err := s.client.AppendToStream(
						s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, event("Counted"),
					); err != nil {
						s.Errorf("append: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
		got := s.read(stream, esdb.ReadStreamOptions{}, everything)
		seen := make(map[uuid.UUID]bool)
		for i, e := range got {
			seen[e.Event.EventID] = true
			if e.Event.EventNumber != uint64(i) {
				s.Fatalf("event %d has revision %d", i, e.Event.EventNumber)
			}
		}
		if len(got) != writers*each || len(seen) != len(got) {
			s.Fatalf("%d events, %d different, want %d", len(got), len(seen), writers*each)
		}
	}},
	{"an append with a cancelled context does nothing", func(s *suite) {
		stream := s.stream()
		ctx, cancel := context.WithCancel(s.ctx)
		cancel()
		if _, err := s.client.AppendToStream(
			ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, event("Opened"),
		); err == nil {
			s.Fatal("no error")
		}
		_, err := drain(s.client.ReadStream(s.ctx, stream, esdb.ReadStreamOptions{}, 1))
		s.wantCode(err, esdb.ErrorCodeResourceNotFound)
	}},
}
