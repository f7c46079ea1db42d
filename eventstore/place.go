package eventstore

import (
	"context"
	"encoding/json"

	"tizilim/domain"
)

// EventOf returns the event at that place: its id, position and time, as a read or a
// subscription tells them, and nothing of its data. found is false where the stream has no
// such event. It needs no key, and is one call.
func (s *Store) EventOf(ctx context.Context, ref domain.EventRef) (rec domain.Recorded, found bool, err error) {
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: ref.Stream, From: &ref.Revision, Limit: 1}) {
		if err != nil {
			return rec, false, err
		}
		if e.Revision != ref.Revision {
			break // the stream begins later
		}
		rec = domain.Recorded{ID: e.ID, Stream: e.Stream, Revision: e.Revision, Position: e.Position, Created: e.Created}
		var m storedMeta
		if err := json.Unmarshal(e.Metadata, &m); err == nil && m.CopiedCreated != nil {
			rec.Created = *m.CopiedCreated
		}
		return rec, true, nil
	}
	return rec, false, nil
}
