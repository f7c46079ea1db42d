package command

import (
	"context"
	"errors"

	"tizilim/domain"
	"tizilim/domain/revocation"
	"tizilim/eventstore"
)

// Revoke records what decide says about the tokens that have been revoked so far. It
// reports whether anything was new. It needs the log alone, so that tokens can be revoked
// without a server.
func Revoke(
	ctx context.Context, log Log, cmd domain.Command, decide func(*revocation.List) ([]domain.Event, error),
) (anew bool, err error) {
	var list revocation.List
	end := eventstore.NoStream
	for {
		for rec, err := range log.Read(ctx, revocation.Stream, uint64(end+1)) {
			if err != nil {
				return false, err
			}
			list.Apply(rec)
			end = eventstore.Expected(rec.Revision)
		}
		decided, err := decide(&list)
		if err != nil || len(decided) == 0 {
			return false, err
		}
		events := make([]eventstore.NewEvent, len(decided))
		for i, e := range decided {
			events[i] = eventstore.NewEvent{
				ID: domain.DeriveID(cmd.ID.UUID, e.EventType()), Event: e,
				Meta: domain.Meta{Correlation: cmd.ID.UUID, Causation: cmd.ID, Actor: cmd.Actor, Role: cmd.Role},
			}
		}
		_, err = log.Append(ctx, revocation.Stream, end, events)
		var moved *eventstore.RevisionError
		if !errors.As(err, &moved) { // otherwise another revocation came first: decide with it
			return err == nil, err
		}
	}
}
