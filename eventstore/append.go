package eventstore

import (
	"context"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
)

// Expected is the revision at which an append finds its stream: the revision of
// the last event that was read, or NoStream. There is no "any": a command that
// does not know what it decided on must not be recorded.
type Expected int64

// NoStream expects that the stream holds nothing yet.
const NoStream Expected = -1

func (e Expected) revision() esdb.ExpectedRevision {
	if e == NoStream {
		return esdb.NoStream{}
	}
	return esdb.Revision(uint64(e))
}

// NewEvent is an event that is to be appended.
type NewEvent struct {
	ID    uuid.UUID // derived from the command, so that a repetition is the same event
	Event domain.Event
	Meta  domain.Meta
}

// Append appends the events to the stream, all or none, if the stream is at the
// expected revision. Repeating an acknowledged append gives the same answer and
// adds nothing. It returns the position of the last event.
//
// Errors: [*RevisionError] where the stream has moved on; an Unavailable
// [*domain.Error] where the outcome is not known.
func (s *Store) Append(
	ctx context.Context, stream string, expected Expected, events []NewEvent,
) (domain.Position, error) {
	data := make([]esdb.EventData, len(events))
	for i, e := range events {
		var err error
		if data[i], err = encode(e); err != nil {
			return 0, err
		}
	}
	result, err := s.append(ctx, stream, expected, data)
	if err != nil {
		return 0, err
	}
	return domain.Position(result.CommitPosition), nil
}

// append appends events as they are stored.
func (s *Store) append(
	ctx context.Context, stream string, expected Expected, data []esdb.EventData,
) (*esdb.WriteResult, error) {
	options := esdb.AppendToStreamOptions{ExpectedRevision: expected.revision()}
	return retry(ctx, func() (*esdb.WriteResult, error) {
		result, err := call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) (*esdb.WriteResult, error) {
			return c.AppendToStream(ctx, stream, options, data...)
		})
		s.noteAppend(err) // of every attempt: the last one may be seconds away
		return result, err
	})
}

// troubleFor is how long an attempt to append that was not acknowledged speaks
// against the event store, if no other one has said better: for as long as a
// client waits (1 s) and the next attempt takes without a quorum (2 s), and no
// longer, since where nobody appends nothing says better.
const troubleFor = 4 * time.Second

// noteAppend remembers whether an attempt to append was acknowledged. A refusal
// says nothing of that: a leader without a quorum goes on to refuse what is not
// at the revision of the appends that it could not commit.
func (s *Store) noteAppend(err error) {
	if err != nil && domain.CodeOf(err) != domain.CodeLogUnavailable {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unappended, s.unappendedAt = err, time.Now()
}

// AppendTrouble returns why the last attempt to append was not acknowledged, for
// some seconds and until one is; nil where nothing speaks against the next. A leader
// that has lost its followers still answers reads.
func (s *Store) AppendTrouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.unappendedAt) > troubleFor {
		return nil
	}
	return s.unappended
}
