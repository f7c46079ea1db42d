package eventstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
)

// ErrNotHere says that the log has no event at a position: it is of another log, or the log went back
// to before it.
var ErrNotHere = errors.New("event store: the log has no such event at this position")

// Scanned is a part of the log.
type Scanned struct {
	Events []domain.Recorded // of the categories that were asked for, in log order, with their values sealed
	// Last is the last event that was looked at and stays for ever. Where none of them does, it is the
	// last one, without its id; where there was none at all, it is zero.
	Last LogPlace
	More bool // the log had more events behind what was looked at
}

// LogPlace is the place of an event in the log.
type LogPlace struct {
	At domain.Position
	ID uuid.UUID
}

// Scan looks at no more than limit events of the log: the one at from, which begins the log where it
// is 0, and those behind it. It returns those in streams of the categories, with personal values
// sealed. Its cost depends on limit alone. mark tells whether the id of the event at from is the
// right one; with nil that event may be gone.
//
// Errors: [ErrNotHere]; what an event that cannot be decoded or was not written by the registry gives.
func (s *Store) Scan(
	ctx context.Context, from domain.Position, mark func(uuid.UUID) bool, limit int, categories ...string,
) (page Scanned, err error) {
	var at esdb.AllPosition = esdb.Start{}
	if from > 0 {
		if err := s.checkHolds(ctx, from); errors.Is(err, errOtherLog) {
			return page, fmt.Errorf("%w: %w", ErrNotHere, err)
		} else if err != nil {
			return page, err
		}
		at = esdb.Position{Commit: uint64(from), Prepare: uint64(from)}
	}
	events, err := retry(ctx, func() ([]*esdb.RecordedEvent, error) {
		return call(ctx, s, All, func(ctx context.Context, c *esdb.Client) ([]*esdb.RecordedEvent, error) {
			return receive(c.ReadAll(ctx, esdb.ReadAllOptions{From: at}, uint64(limit)))
		})
	})
	if from > 0 && errors.Is(err, errRefused) { // a server may refuse a position at which no event is
		return page, fmt.Errorf("%w: %w", ErrNotHere, err)
	}
	if err != nil {
		return page, err
	}
	if from > 0 && mark != nil &&
		(len(events) == 0 || domain.Position(events[0].Position.Commit) != from || !mark(events[0].EventID)) {
		return page, ErrNotHere
	}
	page.More = len(events) == limit
	if n := len(events); n > 0 {
		page.Last = LogPlace{At: domain.Position(events[n-1].Position.Commit)}
	}
	for _, e := range events {
		if at := domain.Position(e.Position.Commit); proof.Covers(e.StreamID) && at > from {
			page.Last = LogPlace{at, e.EventID}
		}
		if !slices.ContainsFunc(categories, func(c string) bool { return strings.HasPrefix(e.StreamID, c) }) {
			continue
		}
		if err := s.trusted(e.StreamID); err != nil {
			return page, err
		}
		rec, err := s.decode(e)
		if err != nil {
			return page, err
		}
		page.Events = append(page.Events, rec)
	}
	return page, nil
}

// EndPlace returns the last event of the log that stays for ever, among the last events; zero where
// there is none.
func (s *Store) EndPlace(ctx context.Context) (LogPlace, error) {
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: All, Backwards: true, Limit: rawPageSize}) {
		if err != nil {
			return LogPlace{}, err
		}
		if proof.Covers(e.Stream) {
			return LogPlace{e.Position, e.ID}, nil
		}
	}
	return LogPlace{}, nil
}
