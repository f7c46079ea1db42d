package command

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/release"
	"tizilim/eventstore"
)

// releasesEvery is the pause between two looks for events that were released.
const releasesEvery = 500 * time.Millisecond

// Release records that every fold goes without the event, of the type as it is stored. It
// reports whether that is new. It needs the log alone, so that it works where no token of
// staff is accepted.
func Release(
	ctx context.Context, log Log, cmd domain.Command, event domain.Recorded, name, basis, by string,
) (anew bool, err error) {
	var list release.List
	end := eventstore.NoStream
	for {
		for rec, err := range log.Read(ctx, release.Stream, uint64(end+1)) {
			if err != nil {
				return false, err
			}
			list.Apply(rec)
			end = eventstore.Expected(rec.Revision)
		}
		decided, err := list.Release(cmd, event, name, basis, by)
		if err != nil || len(decided) == 0 {
			return false, err
		}
		_, err = log.Append(ctx, release.Stream, end, []eventstore.NewEvent{{
			ID: domain.DeriveID(cmd.ID.UUID, "release"), Event: decided[0],
			Meta: domain.Meta{Correlation: cmd.ID.UUID, Causation: cmd.ID, Actor: cmd.Actor, Role: cmd.Role},
		}})
		var moved *eventstore.RevisionError
		if !errors.As(err, &moved) { // otherwise another release came first: decide with it
			return err == nil, err
		}
	}
}

// ReleaseLog tells what is released; [*eventstore.Store] is one.
type ReleaseLog interface {
	// ReleasedAfter returns the places of the events that were released after the first
	// known ones. From then on the log shows none of them.
	ReleasedAfter(ctx context.Context, known int) ([]domain.EventRef, error)
}

// FollowReleases has the handler and the directory give up, until ctx ends, what they hold in
// memory of a stream with an event that was released: they read it again without that event.
// Every process does so within a second.
func FollowReleases(ctx context.Context, log ReleaseLog, h *Handler, d *Directory, logger *slog.Logger) {
	tick := time.NewTicker(releasesEvery)
	defer tick.Stop()
	known := 0
	for {
		news, err := log.ReleasedAfter(ctx, known)
		if err != nil && ctx.Err() == nil {
			logger.Debug("which events are released cannot be read now", "error", err)
		}
		for _, event := range news {
			logger.Warn("an event is released: nothing rests on it any more", "event", event)
			h.giveUp(event.Stream)
			if err := d.reread(ctx, event.Stream); domain.CodeOf(err) == domain.CodeLogUnavailable {
				break // the next look reads it again
			}
			known++
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// giveUp drops the states of the stream. A command that decides on one of them appends at
// its revision, as before.
func (h *Handler) giveUp(stream string) {
	for _, key := range h.streams.Keys() {
		if key.name == stream {
			h.streams.Remove(key)
		}
	}
}

// reread folds the stream anew, if it is that of a body. On an error what is known stays: the
// body has another event that cannot be used, or the log does not answer.
func (d *Directory) reread(ctx context.Context, stream string) error {
	of, err := uuid.Parse(strings.TrimPrefix(stream, domain.BodyCategory))
	if err != nil || !strings.HasPrefix(stream, domain.BodyCategory) {
		return nil
	}
	id := domain.BodyID{UUID: of}
	for current := false; !current; { // what is delivered meanwhile is folded onto the old state
		fresh, last := body.Body{}, uint64(0)
		for rec, err := range d.log.Read(ctx, stream, 0) {
			if err != nil {
				return err
			}
			fresh.Apply(rec)
			last = rec.Revision
		}
		d.mu.Lock()
		if current = last >= d.revision[id]; current {
			delete(d.unusable, id)
			d.bodies[id], d.revision[id] = &fresh, last
			if !fresh.Known() { // a default body is known even before the log has it
				delete(d.bodies, id)
			}
		}
		d.mu.Unlock()
	}
	return nil
}
