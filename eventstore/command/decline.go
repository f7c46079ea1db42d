package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// DeclineDwelling records that the holder of an entry declines a dwelling that could be
// given to the entry now, or takes the decline back.
//
// Steps:
//  1. The list records the decline. Only this step may refuse.
//  2. Where the dwelling was offered to the entry, its stream ends the offer (Q37).
//
// After a crash [Timer] takes the second step.
func (h *Handler) DeclineDwelling(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.DeclineDwelling, opt Options,
) (Receipt, error) {
	let, err := h.letFor(ctx, domain.ListEntry{ListID: list, EntryID: c.EntryID})
	if err != nil {
		return Receipt{}, err
	}
	r, err := h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		d, err := h.Dwelling(ctx, c.DwellingID)
		if err != nil {
			return nil, err
		}
		c.Offered = d.Offered != nil && d.Offered.Entry() == let.Entry
		events, err := q.DeclineDwelling(cmd, c)
		if err != nil || c.TakeBack {
			return events, err
		}
		if _, err := d.Let(cmd, let); err != nil {
			return nil, namedDwelling(err)
		}
		return events, nil
	})
	if err != nil || opt.DryRun {
		return r, err
	}
	done, err := h.followDecline(ctx, r.Events[0])
	if err != nil || len(done.Events) == 0 {
		return r, err
	}
	r.Position = max(r.Position, done.Position)
	return r, nil
}

// namedDwelling is the refusal of a dwelling that the body of a request names.
func namedDwelling(err error) error {
	if domain.CodeOf(err) != domain.CodeDwellingUnknown {
		return err
	}
	unknown := residence.UnknownDwelling().At("dwelling_id")
	unknown.Kind = domain.Invalid
	return unknown
}
