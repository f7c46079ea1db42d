package eventstore

import (
	"context"

	"tizilim/domain"
)

// EventOf returns the event at that place as the leader stores it: its id, position and
// time, and nothing of its data. found is false where the stream has no such event. It
// needs no key, and is one call.
func (s *Store) EventOf(ctx context.Context, ref domain.EventRef) (rec domain.Recorded, found bool, err error) {
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: ref.Stream, From: &ref.Revision, Limit: 1}) {
		if err != nil {
			return rec, false, err
		}
		if e.Revision != ref.Revision {
			break // the stream begins later
		}
		return domain.Recorded{
			ID: e.ID, Stream: e.Stream, Revision: e.Revision, Position: e.Position, Created: e.Created,
		}, true, nil
	}
	return rec, false, nil
}
