package eventstoretest

import (
	"slices"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

var subscribeCases = []contractCase{
	{"a subscription to a stream catches up, says so and goes live", func(s *suite) {
		stream, old, live := s.stream(), events("Old", 3), events("Live", 2)
		s.append(stream, esdb.NoStream{}, old...)
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		s.wantIDs(sub.events(3), old...)
		sub.caughtUp()
		s.append(stream, esdb.Revision(2), live...)
		s.wantIDs(sub.events(2), live...)
	}},
	{"a subscription from a revision begins after it", func(s *suite) {
		stream, list := s.stream(), events("Old", 4)
		s.append(stream, esdb.NoStream{}, list...)
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Revision(1)}))
		s.wantIDs(sub.events(2), list[2:]...)
	}},
	{"a subscription from the end delivers only later events", func(s *suite) {
		stream, live := s.stream(), event("Live")
		s.append(stream, esdb.NoStream{}, events("Old", 3)...)
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.End{}}))
		s.append(stream, esdb.Revision(2), live)
		s.wantIDs(sub.events(1), live)
	}},
	{"a subscription may wait for a stream that does not exist yet", func(s *suite) {
		stream, list := s.stream(), events("Awaited", 2)
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		s.append(stream, esdb.NoStream{}, list...)
		s.wantIDs(sub.events(2), list...)
	}},
	{"events appended while a subscription catches up come once and in order", func(s *suite) {
		const before, during = 2000, 2000
		stream := s.stream()
		for range before / 500 {
			s.append(stream, esdb.Any{}, events("Old", 500)...)
		}
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		done := make(chan error, 1)
		go func() {
			for range during / 50 {
				if _, err := s.client.AppendToStream(
					s.ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, events("Live", 50)...,
				); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		for i, e := range sub.events(before + during) {
			if e.Event.EventNumber != uint64(i) {
				s.Fatalf("event %d has revision %d", i, e.Event.EventNumber)
			}
		}
		if err := <-done; err != nil {
			s.Fatal(err)
		}
	}},
	{"a slow subscriber misses nothing and delays nobody", func(s *suite) {
		const total, size = 400, 32 << 10 // far more than any buffer on the way
		stream := s.stream()
		s.append(stream, esdb.NoStream{}, event("First"))
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		sub.caughtUp()
		for range total {
			e := event("Large")
			e.ContentType = esdb.ContentTypeBinary
			e.Data = make([]byte, size)
			s.append(stream, esdb.Any{}, e)
		}
		for seen := uint64(0); seen < total; {
			switch e := sub.sub.Recv(); {
			case e.EventAppeared != nil:
				if seen++; e.EventAppeared.Event.EventNumber != seen {
					s.Fatalf("event %d has revision %d", seen, e.EventAppeared.Event.EventNumber)
				}
			case tooSlow(e): // 23.10; it is for the subscriber to go on
				sub = s.subscribe(s.client.SubscribeToStream(
					s.ctx, stream, esdb.SubscribeToStreamOptions{From: esdb.Revision(seen)},
				))
			case e.SubscriptionDropped != nil:
				s.Fatalf("subscription dropped: %v", e.SubscriptionDropped.Error)
			}
		}
	}},
	{"a subscription to $all begins after its position and goes live", func(s *suite) {
		stream, old, live := s.stream(), events("Old", 3), event("Live")
		s.append(stream, esdb.NoStream{}, old...)
		from := s.read(stream, esdb.ReadStreamOptions{}, 1)[0].Event.Position
		sub := s.subscribe(s.client.SubscribeToAll(s.ctx, esdb.SubscribeToAllOptions{From: from}))
		sub.only(stream)
		s.wantIDs(sub.events(2), old[1:]...)
		s.append(stream, esdb.Revision(2), live)
		s.wantIDs(sub.events(1), live)
	}},
	{"a subscription to $all from the end shows only what comes", func(s *suite) {
		stream, live := s.stream(), event("Live")
		s.append(stream, esdb.NoStream{}, events("Old", 3)...)
		sub := s.subscribe(s.client.SubscribeToAll(s.ctx, esdb.SubscribeToAllOptions{From: esdb.End{}}))
		sub.only(stream)
		s.append(stream, esdb.Revision(2), live)
		s.wantIDs(sub.events(1), live)
	}},
	{"$all is filtered by stream or type, by prefix or regex", func(s *suite) {
		before, a, b := s.stream(), s.stream()+"-a", s.stream()+"-b"
		s.append(before, esdb.NoStream{}, event("Before")) // a position is that of an event
		from := s.read(before, esdb.ReadStreamOptions{}, 1)[0].Event.Position
		s.append(a, esdb.NoStream{}, event("Filter-One"), event("Filter-Two"))
		s.append(b, esdb.NoStream{}, event("Filter-Two"))
		s.append(a, esdb.Any{}, event("Other"))
		for _, c := range []struct {
			name   string
			filter esdb.SubscriptionFilter
			want   []string // stream/type
		}{
			{
				"stream prefix", esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"nothing-", a}},
				[]string{a + "/Filter-One", a + "/Filter-Two", a + "/Other"},
			},
			{"stream regex", esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Regex: "^(" + a + "|" + b + ")$"}, []string{
				a + "/Filter-One", a + "/Filter-Two", b + "/Filter-Two", a + "/Other",
			}},
			{
				"type prefix", esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"Filter-"}},
				[]string{a + "/Filter-One", a + "/Filter-Two", b + "/Filter-Two"},
			},
			{
				"type regex", esdb.SubscriptionFilter{Type: esdb.EventFilterType, Regex: "-Two$"},
				[]string{a + "/Filter-Two", b + "/Filter-Two"},
			},
		} {
			sub := s.subscribe(s.client.SubscribeToAll(s.ctx, esdb.SubscribeToAllOptions{From: from, Filter: &c.filter}))
			sub.only(a, b)
			var got []string
			for _, e := range sub.events(len(c.want)) {
				got = append(got, e.Event.StreamID+"/"+e.Event.EventType)
			}
			if !slices.Equal(got, c.want) {
				s.Errorf("%s: %s, want %s", c.name, strings.Join(got, " "), strings.Join(c.want, " "))
			}
		}
	}},
	{"a filtered subscription sends a checkpoint at least once in an interval", func(s *suite) {
		const window, interval = 10, 2
		stream, last := s.stream(), event("Last")
		s.append(stream, esdb.NoStream{}, event("First"))
		from := s.read(stream, esdb.ReadStreamOptions{}, 1)[0].Event.Position
		s.append(stream, esdb.Any{}, events("Passed", 5*window*interval)...)
		sub := s.subscribe(s.client.SubscribeToAll(s.ctx, esdb.SubscribeToAllOptions{
			From: from, MaxSearchWindow: window, CheckpointInterval: interval,
			Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{stream + "/nothing"}},
		}))
		at := from
		for range 4 {
			checkpoint := sub.checkpoint()
			if checkpoint.Commit <= at.Commit {
				s.Fatalf("checkpoint %d after %d", checkpoint.Commit, at.Commit)
			}
			at = checkpoint
		}
		sub.close()

		// A subscription resumes from a checkpoint without a gap.
		s.append(stream, esdb.Any{}, last)
		sub = s.subscribe(s.client.SubscribeToAll(s.ctx, esdb.SubscribeToAllOptions{
			From:   at,
			Filter: &esdb.SubscriptionFilter{Type: esdb.EventFilterType, Prefixes: []string{"Last"}},
		}))
		sub.only(stream)
		s.wantIDs(sub.events(1), last)
	}},
	{"a closed subscription is dropped", func(s *suite) {
		sub := s.subscribe(s.client.SubscribeToStream(s.ctx, s.stream(), esdb.SubscribeToStreamOptions{From: esdb.Start{}}))
		sub.close()
		sub.dropped()
	}},
}

// subscription receives what the cases wait for and passes over the rest.
type subscription struct {
	*suite
	sub     *esdb.Subscription
	streams []string // whose events are received, all if empty
}

func (s *suite) subscribe(sub *esdb.Subscription, err error) *subscription {
	s.Helper()
	if err != nil {
		s.Fatalf("subscribe: %v", err)
	}
	s.Cleanup(func() { _ = sub.Close() })
	return &subscription{suite: s, sub: sub}
}

// only passes over the events of other streams: a server may be in use.
func (s *subscription) only(streams ...string) { s.streams = streams }

func (s *subscription) close() { _ = s.sub.Close() }

// dropped passes over what is told without an event: that may come any time.
func (s *subscription) dropped() {
	s.Helper()
	for {
		switch e := s.sub.Recv(); {
		case e.SubscriptionDropped != nil:
			return
		case e.EventAppeared != nil:
			s.Fatalf("%+v, want it dropped", e.EventAppeared.OriginalEvent())
		}
	}
}

// tooSlow reports whether the server has ended a subscription that did not
// take what it was sent.
func tooSlow(e *esdb.SubscriptionEvent) bool {
	return e.SubscriptionDropped != nil && strings.Contains(e.SubscriptionDropped.Error.Error(), "Consumer too slow")
}

func (s *subscription) next(wanted func(*esdb.SubscriptionEvent) bool) *esdb.SubscriptionEvent {
	s.Helper()
	for {
		e := s.sub.Recv()
		if e.SubscriptionDropped != nil {
			s.Fatalf("subscription dropped: %v", e.SubscriptionDropped.Error)
		}
		if wanted(e) {
			return e
		}
	}
}

func (s *subscription) events(n int) []*esdb.ResolvedEvent {
	s.Helper()
	var list []*esdb.ResolvedEvent
	for len(list) < n {
		e := s.next(func(e *esdb.SubscriptionEvent) bool { return e.EventAppeared != nil })
		if len(s.streams) == 0 || slices.Contains(s.streams, e.EventAppeared.OriginalEvent().StreamID) {
			list = append(list, e.EventAppeared)
		}
	}
	return list
}

func (s *subscription) caughtUp() {
	s.Helper()
	s.next(func(e *esdb.SubscriptionEvent) bool { return e.CaughtUp != nil })
}

func (s *subscription) checkpoint() esdb.Position {
	s.Helper()
	return *s.next(func(e *esdb.SubscriptionEvent) bool { return e.CheckPointReached != nil }).CheckPointReached
}
