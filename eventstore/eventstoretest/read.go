package eventstoretest

import (
	"context"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// bothWays read a whole stream. Forwards from its end no server reads one.
var bothWays = []esdb.ReadStreamOptions{
	{Direction: esdb.Forwards, From: esdb.Start{}}, {Direction: esdb.Backwards, From: esdb.End{}},
}

var readCases = []contractCase{
	{"a stream that does not exist is not found", func(s *suite) {
		for _, options := range bothWays {
			_, err := drain(s.client.ReadStream(s.ctx, s.stream(), options, 5))
			s.wantCode(err, esdb.ErrorCodeResourceNotFound)
		}
	}},
	{"a stream is read from anywhere, in both directions, as far as asked", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, events("Read", 10)...)
		for _, c := range []struct {
			name      string
			direction esdb.Direction
			from      esdb.StreamPosition
			count     uint64
			want      []uint64
		}{
			{"from start", esdb.Forwards, esdb.Start{}, 3, []uint64{0, 1, 2}},
			{"from a revision, inclusive", esdb.Forwards, esdb.Revision(7), everything, []uint64{7, 8, 9}},
			{"from after the last", esdb.Forwards, esdb.Revision(10), 5, nil},
			{"from far after the last", esdb.Forwards, esdb.Revision(1000), 5, nil},
			{"backwards from end", esdb.Backwards, esdb.End{}, 3, []uint64{9, 8, 7}},
			{"backwards from a revision, inclusive", esdb.Backwards, esdb.Revision(2), everything, []uint64{2, 1, 0}},
			{"backwards from start", esdb.Backwards, esdb.Start{}, 5, []uint64{0}},
			{"backwards from after the last", esdb.Backwards, esdb.Revision(1000), 2, []uint64{9, 8}},
			{"one", esdb.Forwards, esdb.Revision(4), 1, []uint64{4}},
		} {
			s.Log(c.name)
			s.wantRevisions(s.read(stream, esdb.ReadStreamOptions{Direction: c.direction, From: c.from}, c.count), c.want...)
		}
	}},
	{"10,000 events are read back in order, both ways", func(s *suite) {
		const total, batch = 10_000, 500
		stream := s.stream()
		var all []esdb.EventData
		for range total / batch {
			list := events("Many", batch)
			s.append(stream, esdb.Any{}, list...)
			all = append(all, list...)
		}
		s.wantIDs(s.read(stream, esdb.ReadStreamOptions{}, everything), all...)
		s.wantIDs(
			s.read(stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}, everything), reversed(all)...,
		)
	}},
	{"every event of a stream is in $all at a higher position than the one before", func(s *suite) {
		stream, other := s.stream(), s.stream()
		var want []esdb.EventData
		for range 5 {
			list := events("Ordered", 2)
			s.append(stream, esdb.Any{}, list...)
			s.append(other, esdb.Any{}, event("Other"))
			want = append(want, list...)
		}
		from := s.read(stream, esdb.ReadStreamOptions{}, 1)[0].Event.Position
		got := s.ofStream(stream, s.readAll(esdb.ReadAllOptions{From: from}, everything))
		s.wantIDs(got, want...)
		for i := 1; i < len(got); i++ {
			if got[i].Event.Position.Commit <= got[i-1].Event.Position.Commit {
				s.Fatalf("position %v after %v", got[i].Event.Position, got[i-1].Event.Position)
			}
		}
	}},
	{"$all is read forwards from a position inclusive, backwards exclusive", func(s *suite) {
		stream, list := s.stream(), events("Placed", 3)
		s.append(stream, esdb.NoStream{}, list...)
		got := s.read(stream, esdb.ReadStreamOptions{}, 3)
		middle := got[1].Event.Position
		s.wantIDs(s.readAll(esdb.ReadAllOptions{From: middle}, 1), list[1])
		s.wantIDs(s.readAll(esdb.ReadAllOptions{Direction: esdb.Backwards, From: middle}, 1), list[0])
	}},
	{"$all backwards from the end begins with the newest event", func(s *suite) {
		stream, e := s.stream(), event("Newest")
		s.append(stream, esdb.NoStream{}, e)
		recent := s.readAll(esdb.ReadAllOptions{Direction: esdb.Backwards, From: esdb.End{}}, 50)
		s.wantIDs(s.ofStream(stream, recent), e)
		if !slices.IsSortedFunc(recent, func(a, b *esdb.ResolvedEvent) int {
			return int(int64(b.OriginalEvent().Position.Commit) - int64(a.OriginalEvent().Position.Commit))
		}) {
			s.Fatal("positions do not fall")
		}
	}},
	{"$all forwards from the end is empty", func(s *suite) {
		if got := s.readAll(esdb.ReadAllOptions{From: esdb.End{}}, 5); len(got) != 0 {
			s.Fatalf("%d events, want none", len(got))
		}
	}},
	{"$all from the start gives as many events as asked", func(s *suite) {
		s.append(s.stream(), esdb.NoStream{}, events("Filling", 40)...)
		if got := s.readAll(esdb.ReadAllOptions{From: esdb.Start{}}, 35); len(got) != 35 {
			s.Fatalf("%d events, want 35", len(got))
		}
	}},
	{"a closed read ends", func(s *suite) {
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, events("Read", 100)...)
		r, err := s.client.ReadStream(s.ctx, stream, esdb.ReadStreamOptions{}, everything)
		if err != nil {
			s.Fatal(err)
		}
		if _, err := r.Recv(); err != nil {
			s.Fatal(err)
		}
		r.Close()
		if _, err := r.Recv(); err == nil {
			s.Fatal("an event after Close")
		}
	}},
	{"a read after its deadline is an error", func(s *suite) {
		ctx, cancel := context.WithTimeout(s.ctx, time.Nanosecond)
		defer cancel()
		<-ctx.Done()
		if _, err := drain(s.client.ReadAll(ctx, esdb.ReadAllOptions{}, 5)); err == nil {
			s.Fatal("no error")
		}
	}},
}

// ofStream keeps the events of one stream.
func (s *suite) ofStream(stream string, list []*esdb.ResolvedEvent) []*esdb.ResolvedEvent {
	return slices.DeleteFunc(
		slices.Clone(list), func(e *esdb.ResolvedEvent) bool { return e.OriginalEvent().StreamID != stream },
	)
}
