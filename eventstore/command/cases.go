package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/procedure"
)

// terms are the numbers of the procedure by the edition in force on the day.
func (h *Handler) terms(day domain.Date) procedure.Terms {
	e := h.rules.On(day)
	return procedure.Terms{
		HearingDays: e.Procedure.HearingNotice, ObjectionDays: e.Procedure.ObjectionWindow,
		ExtensionMonths: e.Procedure.ExtensionMonths, ExtensionNotice: e.Procedure.ExtensionNotice,
		ForwardingDays: e.Procedure.ForwardingWithin, TerminationNotice: e.Procedure.TerminationNotice,
		ComplaintMonths: e.Complaint.FileWithinMonths, ComplaintForward: e.Complaint.ForwardWithin,
		ComplaintDecision: e.Complaint.DecideWithin, CorrectionDays: e.Procedure.CorrectionPeriod,
		Calendar: h.rules.Calendar(), LastDay: h.rules.PlacementDeadline,
		StateHeld: e.Procedure.StateHeldDocuments,
	}
}

// StepOnCase takes a step of the procedure on a case of either service: one
// append to its stream. decide gets the terms in force on the day.
func (h *Handler) StepOnCase(ctx context.Context, cmd domain.Command, id domain.CaseID, decide func(*procedure.Case, procedure.Terms) ([]domain.Event, error), opt Options) (Receipt, error) {
	return execute(ctx, h, order[procedure.Case]{
		cmd: cmd, stream: id.Stream(), correlation: id.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(c *procedure.Case) ([]domain.Event, error) { return decide(c, h.terms(cmd.Today())) },
	})
}

// Case returns what the log holds of the procedure of the case now.
func (h *Handler) Case(ctx context.Context, id domain.CaseID) (procedure.Case, error) {
	return snapshot[procedure.Case](ctx, h, id.Stream())
}
