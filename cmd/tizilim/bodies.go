package main

import (
	"context"
	"log/slog"

	"tizilim/eventstore/command"
)

// recordDefaultBodies records, where the event store answers, the default body of each
// role. Where it does not, the registry knows them all the same, and the next start
// records them.
func (a *app) recordDefaultBodies(ctx context.Context, h *command.Handler, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, beginPatience)
	defer cancel()
	if err := h.RecordDefaultBodies(ctx); err != nil {
		logger.Debug("the default bodies could not be recorded yet", "error", err)
	}
}
