package eventstore

import (
	"context"
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore/seal"
)

// Expected is the expected revision of an append: the revision of the last event that
// was read, or NoStream. There is no "any": every append rests on a decision about a
// known state.
type Expected int64

// NoStream expects that the stream has no event.
const NoStream Expected = -1

func (e Expected) revision() esdb.ExpectedRevision {
	if e == NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(e))
}

// NewEvent is an event to append.
type NewEvent struct {
	ID    uuid.UUID // derived from the command, so that a retry is the same event
	Event domain.Event
	Meta  domain.Meta
}

// maxAppendSize is the default limit of an event store for one append, in bytes of data,
// metadata and type in UTF-16.
const maxAppendSize = 1 << 20

// CheckSize refuses events that [Store.Append] would refuse as too large where it seals their
// personal values. It is for what must not happen before such a refusal.
func CheckSize(events []NewEvent) (err error) {
	sized := slices.Clone(events)
	for i, e := range events {
		if sized[i].Event, err = seal.Sized(e.Event); err != nil {
			return err
		}
	}
	_, err = encodeAll(sized)
	return err
}

// encodeAll encodes the events of one append. It refuses those that are too large together:
// the server would refuse them at every attempt.
func encodeAll(events []NewEvent) ([]esdb.EventData, error) {
	data := make([]esdb.EventData, len(events))
	size, largest := 0, 0
	for i, e := range events {
		var err error
		if data[i], err = encode(e, len(events)-1-i); err != nil {
			return nil, err
		}
		if len(data[i].Data) > len(data[largest].Data) {
			largest = i
		}
		size += len(data[i].Data) + len(data[i].Metadata) + proof.MarkSize + 2*len(data[i].EventType)
	}
	if size > maxAppendSize {
		return nil, domain.Refuse(domain.Invalid, domain.CodeBodyTooLarge,
			"the events of this request are too large to be recorded together: write shorter texts, "+
				"or send its items in several requests").At(longestMember(events[largest].Event))
	}
	return data, nil
}

// Append appends the events to the stream, all or none, if the stream is at the
// expected revision. It returns the position of the last event. It is idempotent: a
// repeated append adds nothing and returns the same position.
//
// Errors: [*RevisionError] where the stream is at another revision; a [*domain.Error]
// with [domain.CodeBodyTooLarge] where the events are larger than 1 MiB together, or
// Unavailable where the outcome is unknown.
func (s *Store) Append(
	ctx context.Context, stream string, expected Expected, events []NewEvent,
) (domain.Position, error) {
	events, err := s.sealed(ctx, stream, events)
	if err != nil {
		return 0, err
	}
	data, err := encodeAll(events)
	if err != nil {
		return 0, err
	}
	if err := s.trusted(stream); err != nil {
		return 0, err
	}
	result, err := s.append(ctx, stream, expected, s.marked(stream, expected, data))
	if err != nil {
		return 0, err
	}
	return domain.Position(result.CommitPosition), nil
}

// append appends encoded events.
func (s *Store) append(
	ctx context.Context, stream string, expected Expected, data []esdb.EventData,
) (*esdb.WriteResult, error) {
	options := esdb.AppendToStreamOptions{ExpectedRevision: expected.revision()}
	return retry(ctx, func() (*esdb.WriteResult, error) {
		result, err := call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) (*esdb.WriteResult, error) {
			return c.AppendToStream(ctx, stream, options, data...)
		})
		s.noteAppendResult(err) // after every attempt, since the last one may be seconds away
		return result, err
	})
}

// appendFailureFor is how long AppendFailure reports an attempt that was not
// acknowledged. It covers the retry of a client (1 s) and the next attempt of an append
// without a quorum (2 s). It is no longer, since without appends nothing would clear it.
const appendFailureFor = 4 * time.Second

// noteAppendResult remembers whether an attempt to append was acknowledged. It ignores
// refusals: a leader without a quorum still refuses appends at a wrong revision.
func (s *Store) noteAppendResult(err error) {
	if err != nil && !isOutage(err) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appendFailure, s.appendTriedAt, s.diskRefusal = err, time.Now(), nil
	if ofDisk(err) { // askDisk notices the end of it
		s.appendFailure, s.diskRefusal = nil, err
	}
}

// AppendFailure returns why the last attempt to append was not acknowledged, until an
// append is acknowledged or 4 seconds have passed; otherwise nil. That the disk of an embedded
// event store takes no appends, in this process or in another, is reported before the first append
// too, and until it takes them. Readiness needs it because a leader that has lost its followers, or
// its disk, still answers reads.
func (s *Store) AppendFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.diskRefusal != nil:
		return s.diskRefusal
	case time.Since(s.appendTriedAt) > appendFailureFor:
		return nil
	}
	return s.appendFailure
}
