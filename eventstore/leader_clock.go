package eventstore

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
)

// Clock returns what the clock of the leader showed at some time between the call, or three
// seconds before it, and the return. It is the clock by which events get their times. The
// leader says so in its gossip, which EventStoreDB renews every two seconds.
func (s *Store) Clock(ctx context.Context) (time.Time, error) {
	const what = "the clock of the leader"
	on, err := s.acquire(ctx, what)
	if err != nil {
		return time.Time{}, err
	}
	defer s.release(on)
	members, err := s.readGossip(ctx, on.to)
	if err != nil {
		return time.Time{}, unavailable(what + ": " + err.Error())
	}
	for _, m := range members {
		if m.GetState() == gossip.MemberInfo_Leader {
			return time.Unix(0, m.GetTimeStamp()*100).UTC(), nil // it counts units of 100 ns
		}
	}
	return time.Time{}, unavailable(what + ": the node names no leader")
}

// LastRecorded returns when the log took its last event; the zero time where it has none.
func (s *Store) LastRecorded(ctx context.Context) (time.Time, error) {
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: All, Backwards: true, Limit: 1}) {
		return e.Created, err
	}
	return time.Time{}, nil
}
