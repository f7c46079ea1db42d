package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
)

// onList carries out a command in one append to a list.
func (h *Handler) onList(
	ctx context.Context, cmd domain.Command, list domain.ListID, opt Options,
	decide func(*housing.List) ([]domain.Event, error),
) (Receipt, error) {
	return onStream(ctx, h, cmd, list.Stream(), opt, decide)
}

// onListIfOnNoOther is onList for an act that puts a person with a family on the list.
// It is refused where another list of the body has an entry of the person or the spouse
// (Q5). The other lists are read before this one is locked. Their refusal is given only
// where this list would accept the command: so a command that was carried out before gets
// its answer again.
func (h *Handler) onListIfOnNoOther(
	ctx context.Context, cmd domain.Command, list domain.ListID, opt Options,
	who func(*housing.List) (domain.PersonID, []housing.FamilyMember),
	decide func(*housing.List) ([]domain.Event, error),
) (Receipt, error) {
	q, err := h.List(ctx, list)
	if err != nil {
		return Receipt{}, err
	}
	p, family := who(q)
	elsewhere := cmp.Or(
		h.unmerged(ctx, cmd.Role, p, "person_id", family), h.model.CatchUp(ctx),
		h.checkOtherLists(ctx, list, q.Opened.Body, p, family),
	)
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		events, err := decide(q)
		if err != nil && domain.CodeOf(err) != domain.CodeWarningsOpen { // warnings come after all refusals
			return nil, err
		}
		return events, cmp.Or(elsewhere, err)
	})
}

// RemoveEntry takes an entry off the list.
func (h *Handler) RemoveEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Remove, opt Options,
) (Receipt, error) {
	return h.onEntry(ctx, cmd, list, c.EntryID, opt,
		func(cmd domain.Command, q *housing.List) ([]domain.Event, error) { return q.Remove(cmd, c, h.rules) })
}

// ReinstateEntry brings a removed entry back with its seniority.
func (h *Handler) ReinstateEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Reinstate, opt Options,
) (Receipt, error) {
	cmd, err := h.Minuted(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	return h.onListIfOnNoOther(ctx, cmd, list, opt, func(q *housing.List) (domain.PersonID, []housing.FamilyMember) {
		e, _ := q.Entry(c.EntryID) // one that is unknown, the list refuses
		return e.PersonID, e.Family
	}, func(q *housing.List) ([]domain.Event, error) {
		if err := canDecide(cmd, q, c.EntryID); err != nil {
			return nil, err
		}
		return q.Reinstate(cmd, c, h.rules)
	})
}

// StepOnEntry takes a step of the procedure on the review or the removal of an entry, in
// one append to its list. holder is the citizen who gives the command; zero for staff.
// decide gets the terms in force on the day. A decision has come through [Handler.Minuted].
func (h *Handler) StepOnEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, id domain.EntryID, holder domain.PersonID,
	decide func(*procedure.Case, procedure.Terms) ([]domain.Event, error), opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		if err := canDecide(cmd, q, id); err != nil {
			return nil, err
		}
		return q.Proceed(id, holder, func(c *procedure.Case) ([]domain.Event, error) {
			return decide(c, h.terms(cmd.Today()))
		})
	})
}

// RedateEntry moves an entry to the day on which its ground arose.
func (h *Handler) RedateEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Redate, opt Options,
) (Receipt, error) {
	return h.onEntry(ctx, cmd, list, c.EntryID, opt,
		func(cmd domain.Command, q *housing.List) ([]domain.Event, error) { return q.Redate(cmd, c) })
}

// UndoRedating undoes a re-dating that was a mistake.
func (h *Handler) UndoRedating(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.UndoRedating, opt Options,
) (Receipt, error) {
	return h.onEntry(ctx, cmd, list, c.EntryID, opt,
		func(cmd domain.Command, q *housing.List) ([]domain.Event, error) { return q.UndoRedating(cmd, c) })
}

// TransferEntry transfers an entry to another member of the family. What is recorded of them is
// read before the list is locked.
//
// Steps:
//  1. The list passes the entry on. Only this step may refuse.
//  2. The stream of the new holder issues their certificate (Q33).
//
// After a crash [Timer] takes the second step.
func (h *Handler) TransferEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Transfer, opt Options,
) (Receipt, error) {
	born, err := h.births(ctx, c.PersonID, c.Family)
	if err != nil {
		return Receipt{}, err
	}
	c.Born = born.on
	if cmd, err = h.Minuted(ctx, cmd); err != nil {
		return Receipt{}, err
	}
	q, err := h.List(ctx, list)
	if err != nil {
		return Receipt{}, err
	}
	entry, _ := q.Entry(c.EntryID) // one that is unknown, the list refuses
	c.Facts, err = h.transferFacts(ctx, cmd, c, entry.PersonID)
	unread := err // of no matter to a command that was carried out before
	passed, err := h.onListIfOnNoOther(ctx, cmd, list, opt, func(*housing.List) (domain.PersonID, []housing.FamilyMember) {
		return c.PersonID, c.Family
	}, func(q *housing.List) ([]domain.Event, error) {
		if err := cmp.Or(unread, canDecide(cmd, q, c.EntryID)); err != nil {
			return nil, err
		}
		return q.Transfer(cmd, c, h.rules)
	})
	if err != nil || opt.DryRun && !passed.Planned {
		return passed, err
	}
	transfer := passed.Events[len(passed.Events)-1]
	if passed.Planned {
		e, _ := transfer.Event.(housing.EntryTransferred)
		issued, _ := e.Certificate(domain.EventRef{Stream: transfer.Stream, Revision: transfer.Revision}, cmd.Now)
		passed.Events = append(passed.Events, planned(cmd, e.PersonID.Stream(), uuid.Nil, []domain.Event{issued})...)
		return passed, nil
	}
	done, err := h.certifyHolder(ctx, transfer)
	if err != nil || len(done.Events) == 0 {
		return passed, err
	}
	done.Events = append(passed.Events, done.Events...)
	done.Repeated = passed.Repeated
	return done, nil
}

// transferFacts are what is recorded of who takes an entry over, of the family, and of the former
// holder.
func (h *Handler) transferFacts(
	ctx context.Context, cmd domain.Command, c housing.Transfer, former domain.PersonID,
) (housing.Facts, error) {
	if err := h.model.CatchUp(ctx); err != nil {
		return housing.Facts{}, err
	}
	facts, err := h.Recorded(ctx, cmd.Today(), c.EntryID, c.PersonID, c.Family)
	if err != nil {
		return facts, err
	}
	facts.Former, err = h.recordedOf(ctx, cmd.Today(), c.EntryID, former)
	return facts, err
}

// certifyHolder takes the second step of [Handler.TransferEntry], where the transfer owes it. It
// is idempotent.
func (h *Handler) certifyHolder(ctx context.Context, rec domain.Recorded) (Receipt, error) {
	e, _ := rec.Event.(housing.EntryTransferred)
	cmd := domain.CommandOf(rec, h.now()).Step(rec.ID, "certify holder")
	issued, owed := e.Certificate(domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, cmd.Now)
	if !owed {
		return Receipt{}, nil
	}
	return execute(ctx, h, streamCommand[certificates.Documents]{
		cmd: cmd, stream: e.PersonID.Stream(), correlation: rec.Meta.Correlation, later: true, onMerged: true,
		decide: func(ds *certificates.Documents) ([]domain.Event, error) { return ds.CertifyHolder(issued) },
	})
}

// certifyHolderWhenDue is the task of [Handler.TransferEntry].
func (h *Handler) certifyHolderWhenDue(ctx context.Context, due domain.Task) error {
	transfer, err := h.ofTask(ctx, due)
	if err != nil || transfer == nil {
		return err
	}
	_, err = h.certifyHolder(ctx, *transfer)
	return unlessConflict(err)
}

// ProtectEntry records or lifts a protection from removal.
func (h *Handler) ProtectEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Protect, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.Protect(cmd, c, h.rules)
	})
}

// SetPriorityRule sets or ends the priority rule of a list.
func (h *Handler) SetPriorityRule(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.SetPriorityRule, opt Options,
) (Receipt, error) {
	cmd, err := h.Minuted(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.SetPriorityRule(cmd, c, h.rules)
	})
}

// followPriorityRule is the task of a rule that left more priorities to be ended than one append
// takes. Each look ends a part of them.
func (h *Handler) followPriorityRule(ctx context.Context, due domain.Task) error {
	q, err := look[housing.List](ctx, h, due.Stream)
	if err != nil {
		return err
	}
	cmd := h.ownCommand(q.Opened.ListID.UUID, fmt.Sprintf("follow the priority rule at %d", q.Steps()))
	_, err = execute(ctx, h, streamCommand[housing.List]{
		cmd: cmd, stream: due.Stream,
		decide: func(q *housing.List) ([]domain.Event, error) { return q.FollowPriorityRule(cmd) },
	})
	return err
}

// PrioritiseEntry gives an entry priority by the rule of its list, or ends it.
func (h *Handler) PrioritiseEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Prioritise, opt Options,
) (Receipt, error) {
	return h.onEntry(ctx, cmd, list, c.EntryID, opt,
		func(cmd domain.Command, q *housing.List) ([]domain.Event, error) { return q.Prioritise(cmd, c) })
}

// ConfirmInventory confirms that an entry still stands in need.
func (h *Handler) ConfirmInventory(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.ConfirmInventory, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.ConfirmInventory(cmd, c, h.rules)
	})
}

// TakeInventory asks for every confirmation that is due. It opens a review of every
// entry whose holder was asked and did not answer in time.
func (h *Handler) TakeInventory(
	ctx context.Context, cmd domain.Command, list domain.ListID, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.TakeInventory(cmd, h.rules)
	})
}

// ReviewEntry opens or closes a review of an entry. Where that of a changed family is closed, what is
// recorded of the family is read once the read model has all that the log holds.
func (h *Handler) ReviewEntry(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Review, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		if entry, _ := q.Entry(c.EntryID); c.Close && entry.Review == housing.FamilyReported {
			if err := h.model.CatchUp(ctx); err != nil {
				return nil, err
			}
			facts, err := h.Recorded(ctx, cmd.Today(), c.EntryID, entry.PersonID, entry.Family)
			if err != nil {
				return nil, err
			}
			c.Facts = facts
		}
		return q.Review(cmd, c, h.rules)
	})
}

// EndService records that the holder of an entry serves no more in the body whose list it is.
func (h *Handler) EndService(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.EndService, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.EndService(cmd, c, h.rules)
	})
}

// UndoServiceEnd undoes an end of service that was a mistake.
func (h *Handler) UndoServiceEnd(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.UndoServiceEnd, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.UndoServiceEnd(cmd, c, h.rules)
	})
}

// ReportChange records what a holder reports. The members of a new family must
// be recorded persons.
func (h *Handler) ReportChange(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.ReportChange, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		entry, _ := q.Entry(c.EntryID)
		born, err := h.births(ctx, entry.PersonID, c.Family)
		if err != nil {
			return nil, err
		}
		if err := h.unmerged(ctx, cmd.Role, entry.PersonID, "", c.Family); err != nil {
			return nil, err
		}
		for i, m := range c.Family {
			if !born.knows(m.PersonID) {
				return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
					"no person with this id is recorded").At(domain.Path("family", i, "person_id"))
			}
		}
		c.Born = born.on
		c.Facts, err = h.lives(ctx, cmd.Today(), entry.PersonID, slices.Concat(c.Family, entry.Family))
		if err != nil {
			return nil, err
		}
		return q.ReportChange(cmd, c, h.rules)
	})
}

// ChangeConsent withdraws or renews the consent to look-ups.
func (h *Handler) ChangeConsent(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.ChangeConsent, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.ChangeConsent(cmd, c)
	})
}

// GiveNotice records the written notice of a removal.
func (h *Handler) GiveNotice(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.GiveNotice, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		return q.GiveNotice(cmd, c, h.rules)
	})
}

// List returns the list as the log holds it now, to be read only. It waits for no
// command.
func (h *Handler) List(ctx context.Context, id domain.ListID) (*housing.List, error) {
	return look[housing.List](ctx, h, id.Stream())
}
