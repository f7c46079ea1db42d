package command

import (
	"context"
	"fmt"
	"strconv"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// onDwelling carries out a command in one append to the stream of a dwelling, whose revision
// decides between two bodies that act on it at the same moment.
func (h *Handler) onDwelling(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, opt Options,
	decide func(*residence.Dwelling, domain.Heirs) ([]domain.Event, error),
) (Receipt, error) {
	heirs, err := h.heirs(ctx)
	if err != nil {
		return Receipt{}, err
	}
	return onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		return decide(d, heirs)
	})
}

// TakeIntoStock records that the body of the command keeps a service dwelling.
func (h *Handler) TakeIntoStock(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.TakeIntoStock, opt Options,
) (Receipt, error) {
	return h.onDwelling(ctx, cmd, id, opt, func(d *residence.Dwelling, heirs domain.Heirs) ([]domain.Event, error) {
		c.Heirs, c.Rules = heirs, h.rules
		return d.TakeIntoStock(cmd, c)
	})
}

// WithdrawFromStock records that the body of the command keeps a dwelling no more.
func (h *Handler) WithdrawFromStock(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.WithdrawFromStock, opt Options,
) (Receipt, error) {
	return h.onDwelling(ctx, cmd, id, opt, func(d *residence.Dwelling, heirs domain.Heirs) ([]domain.Event, error) {
		c.Heirs = heirs
		return d.WithdrawFromStock(cmd, c)
	})
}

// EndLease ends the lease of a service dwelling.
func (h *Handler) EndLease(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.EndLease, opt Options,
) (Receipt, error) {
	return onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.EndLease(cmd, c)
	})
}

// OfferDwelling offers a dwelling of the stock to an entry, in one append to the stream of the
// dwelling. The list says whether the entry is the first that is eligible, as it is then; the
// provision asks it again.
func (h *Handler) OfferDwelling(
	ctx context.Context, cmd domain.Command, to domain.ListEntry, id domain.DwellingID, answerBy domain.Date, opt Options,
) (Receipt, error) {
	let, err := h.letFor(ctx, to)
	if err != nil {
		return Receipt{}, err
	}
	r, err := onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		q, err := h.List(ctx, to.ListID)
		if err != nil {
			return nil, err
		}
		if !d.Known() {
			return nil, residence.UnknownDwelling()
		}
		if err := d.CheckPermitted(h.rules.On(cmd.Today()), "dwelling_id"); err != nil {
			return nil, err
		}
		dwelling := housing.ServiceDwelling{ID: id, Area: int(d.Area), Rooms: d.Rooms}
		entry, err := q.CheckOffer(cmd, to.EntryID, dwelling, h.rules)
		if err != nil {
			return nil, err
		}
		let.PersonID = entry.PersonID
		return d.Offer(cmd, residence.Offer{Let: let, AnswerBy: answerBy})
	})
	return r, namedDwelling(err)
}

// TakeOfferBack ends an offer that the holder has not answered.
func (h *Handler) TakeOfferBack(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.TakeOfferBack, opt Options,
) (Receipt, error) {
	r, err := onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.TakeOfferBack(cmd, c)
	})
	return r, namedDwelling(err)
}

// followDecline takes the second step of [Handler.DeclineDwelling], where the dwelling was offered
// to the entry. It is idempotent.
func (h *Handler) followDecline(ctx context.Context, rec domain.Recorded) (Receipt, error) {
	e, ok := rec.Event.(housing.DwellingDeclined)
	if !ok || !e.Offered {
		return Receipt{}, nil
	}
	cmd := domain.CommandOf(rec, h.now()).Step(rec.ID, "end the offer")
	return execute(ctx, h, streamCommand[residence.Dwelling]{
		cmd: cmd, stream: e.DwellingID.Stream(), later: true,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Declined(cmd, domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID}, e.PersonID,
				domain.EventRef{Stream: rec.Stream, Revision: rec.Revision})
		},
	})
}

// followDeclineWhenDue is the task of [Handler.DeclineDwelling].
func (h *Handler) followDeclineWhenDue(ctx context.Context, due domain.Task) error {
	declined, err := h.ofTask(ctx, due)
	if err != nil || declined == nil {
		return err
	}
	_, err = h.followDecline(ctx, *declined)
	return unlessConflict(err)
}

// handOver has the dwellings that were made of a gone one go on in its stock (Q38). It is
// idempotent.
func (h *Handler) handOver(ctx context.Context, d residence.Dwelling, of func(string) domain.Command) error {
	if d.Keeper.IsZero() {
		return nil
	}
	heirs, err := h.heirs(ctx)
	if err != nil {
		return err
	}
	gone, _ := d.Gone()
	for _, into := range gone.Into {
		cmd := of("hand over to " + into.String())
		_, err := execute(ctx, h, streamCommand[residence.Dwelling]{
			cmd: cmd, stream: into.Stream(), later: true,
			decide: func(part *residence.Dwelling) ([]domain.Event, error) {
				return part.TakeOver(cmd, residence.TakeOver{From: d, Heirs: heirs})
			},
		})
		if err != nil && domain.CodeOf(err) != domain.CodeNotDue {
			return err
		}
	}
	return nil
}

// ofTask returns the event that a task follows from, whose item is its revision; nil where the log
// does not have it.
func (h *Handler) ofTask(ctx context.Context, due domain.Task) (*domain.Recorded, error) {
	revision, err := strconv.ParseUint(due.Item, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("command: a task of %s at the revision %q: %w", due.Stream, due.Item, err)
	}
	found, err := h.log.ReadPage(ctx, due.Stream, revision, 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}
