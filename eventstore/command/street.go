package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// RenameStreet gives a street another name, in one act for all dwellings on it.
//
// Steps:
//  1. The act is recorded in a case- stream of its own. Only this step may refuse.
//  2. The stream of each dwelling on the street takes the new address. A dwelling that is not
//     on the street any more is passed over.
//  3. After each part of the dwellings the act records how far it has come, and in the end
//     that it is complete.
//
// The request carries out the first part, and [Finisher] the others, from where the act has
// come. A crash repeats at most one part, and a repeated step changes nothing. Which dwellings
// there are the read model says, once it has all that the log held before the act: a dwelling
// that is recorded later has the name with which the desk records it.
//
// The receipt is that of the act.
func (h *Handler) RenameStreet(
	ctx context.Context, cmd domain.Command, c residence.RenameStreet, opt Options,
) (Receipt, residence.Renaming, error) {
	c, err := c.Written()
	if err != nil {
		return Receipt{}, residence.Renaming{}, err
	}
	if c.Dwellings, err = h.LeftOn(ctx, c.KATO, c.From); err != nil {
		return Receipt{}, residence.Renaming{}, err
	}
	r, err := onCaseStream(ctx, h, cmd, c.ActID, opt, func(s *residence.Renaming) ([]domain.Event, error) {
		return s.Begin(cmd, c)
	})
	if err != nil {
		return Receipt{}, residence.Renaming{}, err
	}
	var act residence.Renaming
	for _, rec := range r.Events {
		act.Apply(rec)
	}
	if opt.DryRun {
		return r, act, nil
	}
	if err := h.renamePart(ctx, c.ActID); err != nil {
		h.logger.InfoContext(ctx, "the finisher goes on with the renaming of a street", "act", c.ActID, "error", err)
	}
	act, err = h.Renaming(ctx, c.ActID)
	return r, act, err
}

// Renaming returns the act that gives a street another name; the zero one where there is none.
func (h *Handler) Renaming(ctx context.Context, id domain.CaseID) (residence.Renaming, error) {
	return load[residence.Renaming](ctx, h, id.Stream())
}

// LeftOn returns how many dwellings of the unit have the street of that name in their address.
func (h *Handler) LeftOn(ctx context.Context, unit domain.KATO, street string) (n int, err error) {
	if err := h.model.CatchUp(ctx); err != nil {
		return 0, err
	}
	for after := ""; ; {
		dwellings, next, err := h.model.Street(ctx, unit, street, after)
		if err != nil || next == "" {
			return n + len(dwellings), err
		}
		n, after = n+len(dwellings), next
	}
}

// partsAtOnce bounds what [Finisher] does of one renaming at one look: other acts wait too.
const partsAtOnce = 5

func (h *Handler) finishRenaming(ctx context.Context, id domain.CaseID) error {
	for range partsAtOnce {
		act, err := h.Renaming(ctx, id)
		if err != nil || act.Done {
			return err
		}
		if err := h.renamePart(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// renamePart carries out the next part of the act.
func (h *Handler) renamePart(ctx context.Context, id domain.CaseID) error {
	act, err := h.Renaming(ctx, id)
	if err != nil || !act.Known() || act.Done {
		return err
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return err
	}
	dwellings, next, err := h.model.Street(ctx, act.Act.KATO, act.Act.From, act.After)
	if err != nil {
		return err
	}
	of := func(name string) domain.Command { return domain.CommandOf(act.Order, h.now()).Step(act.Order.ID, name) }
	for _, dwelling := range dwellings {
		cmd := of("readdress " + dwelling.String())
		_, err := step(ctx, h, cmd, dwelling.Stream(), id, func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Readdress(cmd, act.Act)
		})
		if err != nil && domain.CodeOf(err) != domain.CodeNotDue {
			return err
		}
	}
	cmd := of("behind " + act.After)
	_, err = step(ctx, h, cmd, id.Stream(), id, func(r *residence.Renaming) ([]domain.Event, error) {
		return r.Progress(cmd, next)
	})
	if domain.CodeOf(err) == domain.CodeNotDue { // another process was as far
		return nil
	}
	return err
}
