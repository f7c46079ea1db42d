package eventstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
)

// pageSize is how many events one call reads. It bounds the memory of a replay.
const pageSize = 512

// Read returns the events of the stream from the revision on, in order, until
// its present end. A stream that does not exist has no events. The sequence ends with
// the first error.
func (s *Store) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		for {
			events, err := s.ReadPage(ctx, stream, from, pageSize)
			if err != nil {
				yield(domain.Recorded{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
			}
			if len(events) < pageSize {
				return
			}
			from += pageSize
		}
	}
}

// ReadPage returns at most limit events of the stream from the revision on. An event
// that cannot be decoded is an error, since a history without it would be false, and
// so is one that the registry has not written: a [*TamperError].
func (s *Store) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	if err := s.trusted(stream); err != nil {
		return nil, err
	}
	read, err := readStream(ctx, s, stream, esdb.ReadStreamOptions{From: esdb.Revision(from)}, limit, s.decode)
	if err == nil {
		err = s.contiguous(stream, from, read)
	}
	return s.opened(ctx, read, err)
}

// ReadSound is Read up to the first event that cannot be decoded or that the registry has
// not written, where it ends without an error: what stands before that event holds.
func (s *Store) ReadSound(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	type judged struct {
		rec domain.Recorded
		bad error
	}
	judge := func(e *esdb.RecordedEvent) (judged, error) {
		rec, err := s.decode(e)
		if domain.CodeOf(err) == domain.CodeLogUnavailable { // its MAC cannot be judged now
			return judged{}, err
		}
		return judged{rec, err}, nil
	}
	return func(yield func(domain.Recorded, error) bool) {
		for {
			page, err := readStream(ctx, s, stream, esdb.ReadStreamOptions{From: esdb.Revision(from)}, pageSize, judge)
			var sound []domain.Recorded
			for i, j := range page {
				if j.bad != nil || j.rec.Revision != from+uint64(i) {
					break
				}
				sound = append(sound, j.rec)
			}
			if sound, err = s.opened(ctx, sound, err); err != nil {
				yield(domain.Recorded{}, err)
				return
			}
			for _, rec := range sound {
				if !yield(rec, nil) {
					return
				}
			}
			if len(sound) < pageSize {
				return
			}
			from += pageSize
		}
	}
}

// ReadBack returns at most limit events of the stream, the newest first: those before
// the revision, or with nil the last ones. Its cost does not depend on the length of
// the stream.
func (s *Store) ReadBack(ctx context.Context, stream string, before *uint64, limit int) ([]domain.Recorded, error) {
	from := esdb.StreamPosition(esdb.End{})
	if before != nil {
		if *before == 0 {
			return nil, nil
		}
		from = esdb.Revision(*before - 1)
	}
	if err := s.trusted(stream); err != nil {
		return nil, err
	}
	options := esdb.ReadStreamOptions{Direction: esdb.Backwards, From: from}
	recs, err := readStream(ctx, s, stream, options, limit, s.decode)
	return s.opened(ctx, recs, err)
}

// place is the id and the revision of an event, which need not be decodable.
type place struct {
	id       uuid.UUID
	revision Expected
}

func placeOf(e *esdb.RecordedEvent) (place, error) {
	return place{e.EventID, Expected(e.EventNumber)}, nil
}

// readStream reads at most limit events and converts each with convert.
func readStream[T any](
	ctx context.Context, s *Store, stream string, options esdb.ReadStreamOptions, limit int,
	convert func(*esdb.RecordedEvent) (T, error),
) ([]T, error) {
	return retry(ctx, func() ([]T, error) {
		events, err := call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) ([]*esdb.RecordedEvent, error) {
			return receive(c.ReadStream(ctx, stream, options, uint64(limit)))
		})
		if err != nil {
			if errors.Is(err, errNoStream) {
				err = nil
			}
			return nil, err
		}
		read := make([]T, len(events))
		for i, event := range events { // an error of convert is permanent, and is not retried
			if read[i], err = convert(event); err != nil {
				return nil, err
			}
		}
		return read, nil
	})
}

// ReadEvent returns the event at the revision of the stream.
func (s *Store) ReadEvent(ctx context.Context, stream string, revision uint64) (domain.Recorded, error) {
	events, err := s.ReadPage(ctx, stream, revision, 1)
	if err != nil {
		return domain.Recorded{}, err
	}
	if len(events) == 0 || events[0].Revision != revision {
		return domain.Recorded{}, fmt.Errorf("event store: %s@%d does not exist", stream, revision)
	}
	return events[0], nil
}

// receive reads all events of a read. A missing stream is an error of the first Recv.
func receive(stream *esdb.ReadStream, err error) ([]*esdb.RecordedEvent, error) {
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	var events []*esdb.RecordedEvent
	for {
		resolved, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return events, nil
		}
		if err != nil {
			return nil, err
		}
		events = append(events, resolved.OriginalEvent())
	}
}
