package eventstoretest

import (
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
)

var deleteCases = []contractCase{
	{"a deleted stream is not found", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, events("Old", 3)...)
		s.delete(stream, esdb.Revision(2))
		_, err := drain(s.client.ReadStream(s.ctx, stream, esdb.ReadStreamOptions{}, 5))
		s.wantCode(err, esdb.ErrorCodeResourceNotFound)
	}},
	{"a deleted stream continues after its last revision", func(s *suite) {
		for name, expected := range map[string]esdb.ExpectedRevision{
			"NoStream": esdb.NoStream{}, "Any": esdb.Any{}, "exact": esdb.Revision(2),
		} {
			s.Log(name)
			stream, list := s.stream(), events("New", 2)
			s.append(stream, esdb.NoStream{}, events("Old", 3)...)
			s.delete(stream, esdb.Any{})
			s.append(stream, expected, list...)
			got := s.read(stream, esdb.ReadStreamOptions{}, everything)
			s.wantIDs(got, list...)
			s.wantRevisions(got, 3, 4)
		}
	}},
	{"StreamExists is refused on a deleted stream", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("Old"))
		s.delete(stream, esdb.Any{})
		s.refused(esdb.ErrorCodeStreamDeleted, stream, esdb.StreamExists{}, event("New"))
	}},
	{"a delete at another revision is refused", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("Old"))
		if _, err := s.client.DeleteStream(
			s.ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Revision(5)},
		); err == nil {
			s.Fatal("no error")
		}
		if _, err := s.client.TombstoneStream(
			s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Revision(5)},
		); err == nil {
			s.Fatal("no error")
		}
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{}, 5), 0)
	}},
	{"the events of a deleted stream stay in $all", func(s *suite) {
		stream, list := s.stream(), events("Old", 2)
		s.append(stream, esdb.NoStream{}, list...)
		from := s.read(stream, esdb.ReadStreamOptions{}, 1)[0].Event.Position
		s.delete(stream, esdb.Any{})
		s.wantIDs(s.ofStream(stream, s.readAll(esdb.ReadAllOptions{From: from}, everything)), list...)
	}},
	{"a tombstoned stream is deleted for ever", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("Old"))
		s.tombstone(stream, esdb.Revision(0))
		for _, options := range bothWays {
			_, err := drain(s.client.ReadStream(s.ctx, stream, options, 5))
			s.wantCode(err, esdb.ErrorCodeStreamDeleted)
		}
		for _, expected := range []esdb.ExpectedRevision{esdb.Any{}, esdb.NoStream{}, esdb.StreamExists{}, esdb.Revision(0)} {
			s.refused(esdb.ErrorCodeStreamDeleted, stream, expected, event("New"))
		}
		_, err := s.client.TombstoneStream(s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
		s.wantCode(err, esdb.ErrorCodeStreamDeleted)
		_, err = s.client.DeleteStream(s.ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: esdb.Any{}})
		s.wantCode(err, esdb.ErrorCodeStreamDeleted)
	}},
	{"a stream that does not exist can be tombstoned", func(s *suite) {
		stream := s.stream()
		s.tombstone(stream, esdb.NoStream{})
		s.refused(esdb.ErrorCodeStreamDeleted, stream, esdb.Any{}, event("New"))
	}},
	{"a tombstone is the last event of its stream in $all", func(s *suite) {
		stream, e := s.stream(), event("Old")
		s.append(stream, esdb.NoStream{}, e)
		from := s.read(stream, esdb.ReadStreamOptions{}, 1)[0].Event.Position
		s.tombstone(stream, esdb.Any{})
		got := s.ofStream(stream, s.readAll(esdb.ReadAllOptions{From: from}, everything))
		if len(got) != 2 || got[1].Event.EventType != "$streamDeleted" || got[1].Event.EventNumber != 1<<63-1 {
			s.Fatalf("%d events, want the event and its tombstone", len(got))
		}
	}},
	{"a subscription ends with the tombstone of its stream", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("Old"))
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		sub.caughtUp()
		s.tombstone(stream, esdb.Any{})
		if e := sub.events(1)[0]; e.Event.EventType != "$streamDeleted" {
			s.Fatalf("event of type %s, want the tombstone", e.Event.EventType)
		}
		sub.dropped()
	}},
	{"unknown members of stream metadata are kept", func(s *suite) {
		stream := s.stream()
		var metadata esdb.StreamMetadata
		metadata.SetMaxCount(7)
		metadata.SetMaxAge(time.Hour)
		metadata.SetTruncateBefore(3)
		metadata.SetCacheControl(time.Minute)
		acl := esdb.Acl{}
		acl.AddReadRoles("auditor")
		metadata.SetAcl(acl)
		metadata.AddCustomProperty("owner", "registry")
		s.setMetadata(stream, esdb.NoStream{}, metadata)
		got, err := s.client.GetStreamMetadata(
			s.ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}},
		)
		if err != nil {
			s.Fatal(err)
		}
		if *got.MaxCount() != 7 || *got.MaxAge() != time.Hour || *got.TruncateBefore() != 3 ||
			*got.CacheControl() != time.Minute || got.CustomProperty("owner") != "registry" || got.StreamAcl() == nil {
			s.Fatalf("metadata %+v", got)
		}
	}},
	{"$maxCount shows the newest events", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, events("Old", 5)...)
		var metadata esdb.StreamMetadata
		metadata.SetMaxCount(2)
		s.setMetadata(stream, esdb.Any{}, metadata)
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{}, everything), 3, 4)
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, everything), 4, 3)
		s.append(stream, esdb.Revision(4), event("New"))
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{}, everything), 4, 5)
	}},
	{"$tb shows the events from a revision", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, events("Old", 5)...)
		var metadata esdb.StreamMetadata
		metadata.SetTruncateBefore(3)
		s.setMetadata(stream, esdb.Any{}, metadata)
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{}, everything), 3, 4)
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{From: esdb.Revision(1)}, 1), 3)
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		s.wantRevisions(sub.events(2), 3, 4)
	}},
	{"only the last metadata event is read", func(s *suite) {
		stream := s.stream()
		for n := range uint64(3) {
			var metadata esdb.StreamMetadata
			metadata.SetMaxCount(n + 1)
			s.setMetadata(stream, esdb.Any{}, metadata)
		}
		s.wantRevisions(s.read("$$"+stream, esdb.ReadStreamOptions{}, everything), 2)
	}},
	{"a stream that only has metadata exists to writers, not to readers", func(s *suite) {
		stream := s.stream()
		var metadata esdb.StreamMetadata
		metadata.SetMaxCount(2)
		s.setMetadata(stream, esdb.NoStream{}, metadata)
		_, err := drain(s.client.ReadStream(s.ctx, stream, esdb.ReadStreamOptions{}, 5))
		s.wantCode(err, esdb.ErrorCodeResourceNotFound)
		s.append(stream, esdb.StreamExists{}, event("First"))
		s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{}, 5), 0)
	}},
	{"new metadata brings a deleted stream back, without its old events", func(s *suite) {
		stream, e := s.stream(), event("New")
		s.append(stream, esdb.NoStream{}, events("Old", 3)...)
		s.delete(stream, esdb.Any{})
		var metadata esdb.StreamMetadata
		metadata.SetMaxCount(5)
		s.setMetadata(stream, esdb.Any{}, metadata)
		s.append(stream, esdb.StreamExists{}, e)
		got := s.read(stream, esdb.ReadStreamOptions{}, everything)
		s.wantIDs(got, e)
		s.wantRevisions(got, 3)
		kept, err := s.client.GetStreamMetadata(
			s.ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}},
		)
		if err != nil || *kept.MaxCount() != 5 || *kept.TruncateBefore() != 3 {
			s.Fatalf("metadata %+v, %v, want what was set and where the new life begins", kept, err)
		}
	}},
	{"a subscription to a deleted stream delivers only later events", func(s *suite) {
		stream, e := s.stream(), event("New")
		s.append(stream, esdb.NoStream{}, events("Old", 3)...)
		s.delete(stream, esdb.Any{})
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		s.append(stream, esdb.Any{}, e)
		s.wantIDs(sub.events(1), e)
	}},
	{"the metadata of a tombstoned stream is deleted with it", func(s *suite) {
		stream := s.stream()
		var metadata esdb.StreamMetadata
		metadata.SetMaxCount(5)
		s.setMetadata(stream, esdb.NoStream{}, metadata)
		s.tombstone(stream, esdb.Any{})
		_, err := drain(s.client.ReadStream(s.ctx, "$$"+stream, esdb.ReadStreamOptions{}, 5))
		s.wantCode(err, esdb.ErrorCodeStreamDeleted)
	}},
	{"a link to a hidden event has no event", func(s *suite) {
		target, links := s.stream(), s.stream()
		s.append(target, esdb.NoStream{}, events("Linked", 3)...)
		s.append(links, esdb.NoStream{}, esdb.EventData{EventID: uuid.New(), EventType: "$>", Data: []byte("0@" + target)})
		var metadata esdb.StreamMetadata
		metadata.SetTruncateBefore(1)
		s.setMetadata(target, esdb.Any{}, metadata)
		if e := s.read(links, esdb.ReadStreamOptions{ResolveLinkTos: true}, 5)[0]; e.Event != nil || e.Link == nil {
			s.Fatalf("%+v, want the dangling link alone", e)
		}
	}},
	{"links are followed when asked, dangling ones shown without their event", func(s *suite) {
		target, links := s.stream(), s.stream()
		list := events("Linked", 2)
		s.append(target, esdb.NoStream{}, list...)
		link := func(to string) esdb.EventData {
			return esdb.EventData{EventID: uuid.New(), EventType: "$>", ContentType: esdb.ContentTypeBinary, Data: []byte(to)}
		}
		s.append(links, esdb.NoStream{}, link(fmt.Sprintf("1@%s", target)), link(fmt.Sprintf("9@%s", target)))

		got := s.read(links, esdb.ReadStreamOptions{}, 5)
		if got[0].Link != nil || got[0].Event.EventType != "$>" {
			s.Fatalf("%+v, want the link itself", got[0])
		}
		got = s.read(links, esdb.ReadStreamOptions{ResolveLinkTos: true}, 5)
		if e := got[0]; e.Event == nil || e.Event.EventID != list[1].EventID ||
			e.Event.StreamID != target || e.Link == nil || e.Link.StreamID != links {
			s.Fatalf("%+v, want the linked event with its link", e)
		}
		if e := got[1]; e.Event != nil || e.Link == nil || e.Link.EventNumber != 1 {
			s.Fatalf("%+v, want the dangling link alone", e)
		}
		sub := s.subscribe(s.client.SubscribeToStream(
			s.ctx, links, esdb.SubscribeToStreamOptions{From: esdb.Start{}, ResolveLinkTos: true},
		))
		if e := sub.events(1)[0]; e.Event.EventID != list[1].EventID {
			s.Fatalf("%+v, want the linked event", e)
		}
	}},
}

func (s *suite) delete(stream string, expected esdb.ExpectedRevision) {
	s.Helper()
	if _, err := s.client.DeleteStream(s.ctx, stream, esdb.DeleteStreamOptions{ExpectedRevision: expected}); err != nil {
		s.Fatalf("delete %s: %v", stream, err)
	}
}

func (s *suite) tombstone(stream string, expected esdb.ExpectedRevision) {
	s.Helper()
	if _, err := s.client.TombstoneStream(
		s.ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: expected},
	); err != nil {
		s.Fatalf("tombstone %s: %v", stream, err)
	}
}

func (s *suite) setMetadata(stream string, expected esdb.ExpectedRevision, metadata esdb.StreamMetadata) {
	s.Helper()
	if _, err := s.client.SetStreamMetadata(
		s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: expected}, metadata,
	); err != nil {
		s.Fatalf("metadata of %s: %v", stream, err)
	}
}
