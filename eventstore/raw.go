package eventstore

import (
	"context"
	"errors"
	"iter"
	"math"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
)

// All names the whole log where a stream is expected.
const All = "$all"

// rawPageSize is how many events one call of a raw read asks for. With events of the
// greatest size that is 256 MiB.
const rawPageSize = 256

// RawEvent is an event as the server stores it. It is not decoded.
type RawEvent struct {
	Stream   string
	Revision uint64
	Position domain.Position // in the log; 0 for a new event
	ID       uuid.UUID
	Type     string
	JSON     bool // its content type; the server does not check it
	Data     []byte
	Metadata []byte
	Created  time.Time

	prepare uint64 // prepare position; differs from Position only in old logs
}

// RawRead says which events are read.
type RawRead struct {
	Stream    string  // or All
	From      *uint64 // revision, in All commit position, to begin at; nil: the beginning, backwards the end
	Backwards bool
	Limit     uint64 // 0: all

	after *RawEvent // in All forwards: begin after this event
}

// ReadRaw returns the stored events in order until the present end. It does not resolve
// links. In All, the event at From is the first one forwards, and left out backwards,
// as the server does. A stream that does not exist has no events. The sequence ends
// with the first error.
func (s *Store) ReadRaw(ctx context.Context, r RawRead) iter.Seq2[RawEvent, error] {
	return func(yield func(RawEvent, error) bool) {
		left := r.Limit
		if left == 0 {
			left = math.MaxUint64
		}
		next := cursor{from: r.From, backwards: r.Backwards, all: r.Stream == All, last: r.after}
		for left > 0 && !next.ended {
			want := min(left, rawPageSize)
			if next.all && next.last != nil {
				want++ // the page begins with the last event of the previous one
			}
			events, err := s.rawEvents(ctx, r.Stream, next, want)
			if err != nil {
				yield(RawEvent{}, err)
				return
			}
			more := uint64(len(events)) == want
			for _, e := range events {
				if next.seen(e) {
					continue
				}
				if left--; !yield(e, nil) || left == 0 {
					return
				}
			}
			next.ended = next.ended || !more
		}
	}
}

// cursor is the progress of a raw read.
type cursor struct {
	from      *uint64
	backwards bool
	all       bool
	last      *RawEvent
	ended     bool
}

// seen moves the cursor to the event. It reports whether the cursor was there already.
func (c *cursor) seen(e RawEvent) bool {
	if c.all && c.last != nil && e.Position == c.last.Position && e.prepare == c.last.prepare {
		return true
	}
	c.last = &e
	c.ended = c.backwards && !c.all && e.Revision == 0
	return false
}

func (c cursor) direction() esdb.Direction {
	if c.backwards {
		return esdb.Backwards
	}
	return esdb.Forwards
}

// inStream returns where the next page of a stream begins.
func (c cursor) inStream() esdb.StreamPosition {
	switch {
	case c.last != nil && c.backwards:
		return esdb.Revision(c.last.Revision - 1)
	case c.last != nil:
		return esdb.Revision(c.last.Revision + 1)
	case c.from != nil:
		return esdb.Revision(*c.from)
	case c.backwards:
		return esdb.End{}
	default:
		return esdb.Start{}
	}
}

// inAll returns where the next page of the log begins: at the last event itself, since
// a server accepts only the position of an event.
func (c cursor) inAll() esdb.AllPosition {
	switch {
	case c.last != nil:
		return esdb.Position{Commit: uint64(c.last.Position), Prepare: c.last.prepare}
	case c.from != nil:
		return esdb.Position{Commit: *c.from, Prepare: *c.from}
	case c.backwards:
		return esdb.End{}
	default:
		return esdb.Start{}
	}
}

// rawEvents reads one page.
func (s *Store) rawEvents(ctx context.Context, stream string, at cursor, count uint64) ([]RawEvent, error) {
	events, err := retry(ctx, func() ([]*esdb.RecordedEvent, error) {
		return call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) ([]*esdb.RecordedEvent, error) {
			if at.all {
				return receive(c.ReadAll(ctx, esdb.ReadAllOptions{From: at.inAll(), Direction: at.direction()}, count))
			}
			options := esdb.ReadStreamOptions{From: at.inStream(), Direction: at.direction()}
			return receive(c.ReadStream(ctx, stream, options, count))
		})
	})
	if errors.Is(err, errNoStream) {
		return nil, nil
	}
	raw := make([]RawEvent, len(events))
	for i, e := range events {
		raw[i] = rawOf(e)
	}
	return raw, err
}

// rawOf converts an event of the client.
func rawOf(e *esdb.RecordedEvent) RawEvent {
	return RawEvent{
		Stream: e.StreamID, Revision: e.EventNumber, ID: e.EventID, Type: e.EventType,
		Position: domain.Position(e.Position.Commit), prepare: e.Position.Prepare,
		JSON: e.ContentType == "application/json", Data: e.Data, Metadata: e.UserMetadata, Created: e.CreatedDate,
	}
}

// tailPause is how long a tail waits between two reads.
const tailPause = 200 * time.Millisecond

// TailRaw returns the events of the stream, or of All, that are appended from now on,
// until ctx ends. It polls instead of subscribing: where its node is cut off, a
// subscription is silent, but a read fails.
func (s *Store) TailRaw(ctx context.Context, stream string) iter.Seq2[RawEvent, error] {
	return func(yield func(RawEvent, error) bool) {
		at := cursor{all: stream == All}
		for e, err := range s.ReadRaw(ctx, RawRead{Stream: stream, Backwards: true, Limit: 1}) {
			if err != nil {
				yield(RawEvent{}, err)
				return
			}
			at.last = &e
		}
		for {
			events, err := s.rawEvents(ctx, stream, at, rawPageSize)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				yield(RawEvent{}, err)
				return
			}
			for _, e := range events {
				if !at.seen(e) && !yield(e, nil) {
					return
				}
			}
			if len(events) == rawPageSize {
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(tailPause):
			}
		}
	}
}

// AppendRaw appends the events to the stream, all or none, if it is at the
// expected revision, and returns revision and position of the last one. It uses only
// id, type, content and metadata of an event. It is idempotent.
//
// Errors: those of [Store.Append].
func (s *Store) AppendRaw(
	ctx context.Context, stream string, expected Expected, events []RawEvent,
) (revision uint64, position domain.Position, err error) {
	data := make([]esdb.EventData, len(events))
	for i, e := range events {
		data[i] = esdb.EventData{EventID: e.ID, EventType: e.Type, Data: e.Data, Metadata: e.Metadata}
		if e.JSON {
			data[i].ContentType = esdb.ContentTypeJson
		}
	}
	result, err := s.append(ctx, stream, expected, data)
	if err != nil {
		return 0, 0, err
	}
	return result.NextExpectedVersion, domain.Position(result.CommitPosition), nil
}
