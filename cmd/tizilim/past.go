package main

import (
	"context"

	"tizilim/domain"
	"tizilim/eventstore"
)

// provePast refuses an empty log where the data directory remembers one that had events:
// it would be taken for that of a new registry. A log that has lost only its end is served as
// it is, and found by the tree ([tree.Tree.Sync]).
func provePast(ctx context.Context, data string, log *eventstore.Store) error {
	known, err := knowLog(data)
	if err != nil || known.public == nil {
		return err
	}
	kept, err := known.witness.Head(*known.public)
	if err != nil || kept.Size == 0 {
		return err
	}
	end, err := log.End(ctx)
	if err != nil || end > 0 {
		return err
	}
	return domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
		"the event store has no events, and the log of this registry had %d when its head was signed at %s: let the server "+
			"use the right log, or restore it from a backup", kept.Size, kept.At.Format("2006-01-02 15:04:05Z"))
}
