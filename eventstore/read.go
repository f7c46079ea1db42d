package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/domain"
)

// page is how many events one call reads; it bounds the memory of a replay.
const page = 512

// Read returns the events of the stream from the revision on, in order, until
// its present end. A stream that does not exist has none. The sequence ends
// with the first error.
func (s *Store) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		for {
			events, err := s.ReadPage(ctx, stream, from, page)
			if err != nil {
				yield(domain.Recorded{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
			if len(events) < page {
				return
			}
			from += page
		}
	}
}

// ReadPage returns at most limit events of the stream from the revision on. An
// event that cannot be decoded is an error: a shorter history would be a lie.
func (s *Store) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	return s.readStream(ctx, stream, esdb.ReadStreamOptions{From: esdb.Revision(from)}, limit)
}

// ReadBack returns at most limit events of the stream, the newest first:
// those before the revision, or with nil the last ones. Its cost is that of what
// it returns.
func (s *Store) ReadBack(ctx context.Context, stream string, before *uint64, limit int) ([]domain.Recorded, error) {
	from := esdb.StreamPosition(esdb.End{})
	if before != nil {
		if *before == 0 {
			return nil, nil
		}
		from = esdb.Revision(*before - 1)
	}
	return s.readStream(ctx, stream, esdb.ReadStreamOptions{Direction: esdb.Backwards, From: from}, limit)
}

func (s *Store) readStream(ctx context.Context, stream string, options esdb.ReadStreamOptions, limit int) ([]domain.Recorded, error) {
	return retry(ctx, func() ([]domain.Recorded, error) {
		events, err := call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) ([]domain.Recorded, error) {
			return receive(c.ReadStream(ctx, stream, options, uint64(limit)))
		})
		if errors.Is(err, errNoStream) {
			return nil, nil
		}
		return events, err
	})
}

// ReadEvent returns the event at the revision of the stream.
func (s *Store) ReadEvent(ctx context.Context, stream string, revision uint64) (domain.Recorded, error) {
	events, err := s.ReadPage(ctx, stream, revision, 1)
	if err != nil {
		return domain.Recorded{}, err
	}
	if len(events) == 0 || events[0].Revision != revision {
		return domain.Recorded{}, fmt.Errorf("event store: %s@%d is not there", stream, revision)
	}
	return events[0], nil
}

// Head returns the position of the last event of the log, of whatever kind.
func (s *Store) Head(ctx context.Context) (domain.Position, error) {
	return call(ctx, s, "$all", func(ctx context.Context, c *esdb.Client) (domain.Position, error) {
		stream, err := c.ReadAll(ctx, esdb.ReadAllOptions{From: esdb.End{}, Direction: esdb.Backwards}, 1)
		if err != nil {
			return 0, err
		}
		defer stream.Close()
		last, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return domain.Position(last.OriginalEvent().Position.Commit), nil
	})
}

// receive drains a read. That the stream is missing shows at the first Recv.
func receive(stream *esdb.ReadStream, err error) ([]domain.Recorded, error) {
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var events []domain.Recorded
	for {
		resolved, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		rec, err := decode(resolved.OriginalEvent())
		if err != nil {
			return nil, err
		}
		events = append(events, rec)
	}
}
