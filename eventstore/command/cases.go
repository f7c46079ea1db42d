package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// terms returns the numbers of the procedure by the edition in force on the day.
func (h *Handler) terms(day domain.Date) procedure.Terms {
	e := h.rules.On(day)
	return procedure.Terms{
		HearingDays: e.Procedure.HearingNotice, ObjectionDays: e.Procedure.ObjectionWindow,
		ExtensionMonths: e.Procedure.ExtensionMonths, ExtensionNotice: e.Procedure.ExtensionNotice,
		ForwardingDays: e.Procedure.ForwardingWithin, TerminationNotice: e.Procedure.TerminationNotice,
		ComplaintMonths: e.Complaint.FileWithinMonths, ComplaintForward: e.Complaint.ForwardWithin,
		ComplaintDecision: e.Complaint.DecideWithin, RemedyDays: e.Complaint.RemedyWithin,
		CorrectionDays: e.Procedure.CorrectionPeriod, WithdrawalBasis: e.NeedsBasis(rules.WithdrawApplication),
		Calendar: h.rules.Calendar(), LastDay: h.rules.PlacementDeadline,
		StateHeld: e.Procedure.StateHeldDocuments,
	}
}

// StepOnCase takes a step of the procedure on a case of either service: one
// append to its stream. decide gets the terms in force on the day. A decision has come through
// [Handler.Minuted].
func (h *Handler) StepOnCase(
	ctx context.Context, cmd domain.Command, id domain.CaseID,
	decide func(*procedure.Case, procedure.Terms) ([]domain.Event, error), opt Options,
) (Receipt, error) {
	return onCaseStream(ctx, h, cmd, id, opt, func(c *procedure.Case) ([]domain.Event, error) {
		if err := h.canDecideCase(ctx, cmd, c); err != nil {
			return nil, err
		}
		return decide(c, h.terms(cmd.Today()))
	})
}

// Corrects checks that each of the acts corrects something that the case did, as a
// remedy must (C12): an ending of residence that the case caused, the day of the
// entry that it placed, or a document that it issued; of a contested act what undoes or replaces it;
// of a deregistration what registers or deregisters a person of it after all.
func (h *Handler) Corrects(ctx context.Context, id domain.CaseID, acts []domain.EventRef) error {
	for i, act := range acts {
		recs, err := h.log.ReadPage(ctx, act.Stream, act.Revision, 1)
		if err != nil {
			return err
		}
		ok := len(recs) > 0 && recs[0].Revision == act.Revision
		if ok = ok && corrects(recs[0].Event, id); !ok && len(recs) > 0 && recs[0].Revision == act.Revision {
			if ok, err = h.amends(ctx, id, recs[0]); err != nil {
				return err
			}
		}
		if !ok {
			return domain.Refuse(domain.Invalid, domain.CodeNoRemedy,
				"this act does not correct anything that the case did: name the correction of a registration that "+
					"the case ended, the re-dating of its entry, or the correction of its document").At(domain.Path("acts", i))
		}
	}
	return nil
}

func corrects(event domain.Event, id domain.CaseID) bool {
	switch e := event.(type) {
	case housing.EntryRedated:
		return e.EntryID == housing.EntryOf(id)
	case certificates.Corrected:
		return e.CaseID == id
	}
	c, ok := residence.CorrectionIn(event)
	return ok && c.Was.CaseID == id
}

// Case returns what the log holds of the procedure of the case now.
func (h *Handler) Case(ctx context.Context, id domain.CaseID) (procedure.Case, error) {
	return load[procedure.Case](ctx, h, id.Stream())
}

// Application returns what the log holds of the application for housing now.
func (h *Handler) Application(ctx context.Context, id domain.CaseID) (housing.Application, error) {
	return load[housing.Application](ctx, h, id.Stream())
}

// RulesOn returns the edition in force on the day.
func (h *Handler) RulesOn(day domain.Date) rules.Edition { return h.rules.On(day) }
