package projections

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

// oneEvent is a log that has this event, or none, or does not answer.
type oneEvent struct {
	rec   domain.Recorded
	found bool
	err   error
}

func (l oneEvent) EventOf(context.Context, domain.EventRef) (domain.Recorded, bool, error) {
	return l.rec, l.found, l.err
}

// An event of another log is told from the one that is known by each of its marks alone.
func TestV3_AnEventOfAnotherLogIsToldByEachOfItsMarks(t *testing.T) {
	rec := domain.Recorded{
		ID: uuid.New(), Stream: personID(1).Stream(), Revision: 4, Position: 90, Created: time.Unix(1_800_000_000, 5),
	}
	known := evidence{at: 90, last: lastEvent(rec)}
	away := errors.New("away")
	with := func(change func(*domain.Recorded)) oneEvent {
		other := rec
		change(&other)
		return oneEvent{rec: other, found: true}
	}
	for name, c := range map[string]struct {
		log   oneEvent
		known evidence
		holds bool
		err   error
	}{
		"the event":            {oneEvent{rec: rec, found: true}, known, true, nil},
		"none at that place":   {oneEvent{rec: rec}, known, false, nil},
		"another id":           {with(func(r *domain.Recorded) { r.ID = uuid.New() }), known, false, nil},
		"another position":     {with(func(r *domain.Recorded) { r.Position++ }), known, false, nil},
		"another time":         {with(func(r *domain.Recorded) { r.Created = r.Created.Add(1) }), known, false, nil},
		"a log that is away":   {oneEvent{err: away}, known, false, away},
		"nothing is known yet": {oneEvent{}, evidence{}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			is, err := holds(context.Background(), c.log, c.known)
			if is != c.holds || !errors.Is(err, c.err) {
				t.Errorf("it says %v, %v", is, err)
			}
		})
	}
}
