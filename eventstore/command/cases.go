package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// StepOnCase takes a step of the procedure on a case of either service: one
// append to its stream.
func (h *Handler) StepOnCase(ctx context.Context, cmd domain.Command, id domain.CaseID, decide func(*procedure.Case) ([]domain.Event, error), opt Options) (Receipt, error) {
	return execute(ctx, h, order[procedure.Case]{
		cmd: cmd, stream: id.Stream(), correlation: id.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun, decide: decide,
	})
}

// Case returns what the log holds of the procedure of the case now.
func (h *Handler) Case(ctx context.Context, id domain.CaseID) (procedure.Case, error) {
	return snapshot[procedure.Case](ctx, h, id.Stream())
}
