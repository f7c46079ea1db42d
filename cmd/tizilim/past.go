package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tizilim/domain"
	"tizilim/eventstore"
)

// begunFile in the data directory says that its log was begun. It is there before the first
// command; the first signed head is kept seconds later.
const begunFile = "log.begun"

// rememberBegun notes that the log of the data directory has events.
func rememberBegun(data string) error {
	file, err := os.OpenFile(filepath.Join(data, begunFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// provePast refuses an empty log where the data directory remembers one that was begun: it
// would be taken for that of a new registry. A log that has lost only its end is served as it
// is, and found by the tree ([tree.Tree.Sync]).
func provePast(ctx context.Context, data string, log *eventstore.Store) error {
	end, err := log.End(ctx)
	if err != nil || end > 0 {
		return err
	}
	known, err := knowLog(data)
	if err != nil {
		return err
	}
	if known.public != nil {
		kept, err := known.witness.Head(*known.public)
		if err != nil {
			return err
		}
		if kept.Size > 0 {
			return domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
				"the event store has no events, and the log of this registry had %d when its head was signed at %s: let the server "+
					"use the right log, or restore it from a backup", kept.Size, kept.At.Format("2006-01-02 15:04:05Z"))
		}
	}
	if _, err := os.Stat(filepath.Join(data, begunFile)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
		"the event store has no events, and the log of this registry was begun: let the server use the right log, or restore "+
			"it from a backup")
}
