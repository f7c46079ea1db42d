package command

import (
	"context"
	"errors"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// Minuted returns the command of a decision with its minutes as the record of its body completes
// them (C24). What the record refuses bars the command: one that was carried out before gets its
// answer again. The body is read from the log, so that nobody votes who has left.
//
// A command without a body is of the registry itself, which completes an act that was decided.
func (h *Handler) Minuted(ctx context.Context, cmd domain.Command) (domain.Command, error) {
	if cmd.BodyID.IsZero() || cmd.Barred != nil {
		return cmd, nil
	}
	b, err := h.Body(ctx, cmd.BodyID)
	if err != nil {
		return cmd, err
	}
	minutes, err := b.Deliberated(cmd.Minutes, cmd.Today(), h.rules.On(cmd.Today()).Quorum)
	var refused *domain.Error
	if errors.As(err, &refused) {
		cmd.Barred = refused
		return cmd, nil
	}
	if err != nil || minutes == nil {
		return cmd, err
	}
	for i, p := range minutes.Present {
		if minutes.Present[i].PersonID, err = h.WhoIs(ctx, p.PersonID); err != nil {
			return cmd, err
		}
	}
	cmd.Minutes = minutes
	return cmd, nil
}

// onEntry carries out a decision on an entry, in one append to its list.
func (h *Handler) onEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, id domain.EntryID, opt Options,
	decide func(domain.Command, *housing.List) ([]domain.Event, error),
) (Receipt, error) {
	cmd, err := h.Minuted(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		if err := canDecide(cmd, q, id); err != nil {
			return nil, err
		}
		return decide(cmd, q)
	})
}

// canDecide refuses minutes that cannot have decided on the entry. One that the list does not
// have, the list itself refuses.
func canDecide(cmd domain.Command, q *housing.List, id domain.EntryID) error {
	if !q.Known() {
		return nil
	}
	e, found := q.Entry(id)
	if !found {
		return nil
	}
	return cmd.Minutes.CanDecide(e.RegisteredOn, append(membersOf(e.Family), e.PersonID)...)
}

// canDecideCase is canDecide for a step on a case.
func (h *Handler) canDecideCase(ctx context.Context, cmd domain.Command, c *procedure.Case) error {
	if cmd.Minutes == nil || !c.Known() {
		return nil
	}
	m, err := h.MatterOf(ctx, c.CaseID, false)
	if err != nil {
		return err
	}
	since := c.ReceivedAt
	if c.Complaint != nil {
		since = c.Complaint.FiledAt
	}
	return cmd.Minutes.CanDecide(domain.DateOf(since), append(slices.Clone(m.Others), m.Applicant)...)
}

// canDecideOn is canDecide for the decision of an application.
func canDecideOn(cmd domain.Command, a *housing.Application) error {
	if !a.Known() {
		return nil
	}
	return cmd.Minutes.CanDecide(domain.DateOf(a.ReceivedAt), append(membersOf(a.Received.Family), a.ApplicantID)...)
}
