package eventstore

import (
	"context"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// Expected is the revision at which an append finds its stream: the revision of
// the last event that was read, or NoStream. There is no "any": a command that
// does not know what it decided on must not be recorded.
type Expected int64

// NoStream expects that the stream holds nothing yet.
const NoStream Expected = -1

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
func (s *Store) Append(ctx context.Context, stream string, expected Expected, events []NewEvent) (domain.Position, error) {
	data := make([]esdb.EventData, len(events))
	for i, e := range events {
		var err error
		if data[i], err = encode(e); err != nil {
			return 0, err
		}
	}
	var revision esdb.ExpectedRevision = esdb.NoStream{}
	if expected != NoStream {
		revision = esdb.Revision(uint64(expected))
	}
	return retry(ctx, func() (domain.Position, error) {
		return call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) (domain.Position, error) {
			res, err := c.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: revision}, data...)
			if err != nil {
				return 0, err
			}
			return domain.Position(res.CommitPosition), nil
		})
	})
}

// AppendRead records that data of a person are about to be shown, or were looked
// up elsewhere. The id names
// the entry: repeating it adds nothing. This is the one append that expects Any
// revision: it decides nothing, no invariant rests on the order of the entries,
// and many may read one person's data at once.
//
// Error: an Unavailable [*domain.Error] where it is not known to be recorded.
func (s *Store) AppendRead(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error {
	data, err := encode(NewEvent{ID: id, Event: e, Meta: meta})
	if err != nil {
		return err
	}
	stream := accesslog.Stream(e.PersonID)
	_, err = retry(ctx, func() (*esdb.WriteResult, error) {
		return call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) (*esdb.WriteResult, error) {
			return c.AppendToStream(ctx, stream, esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}}, data)
		})
	})
	return err
}
