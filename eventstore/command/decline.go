package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// DeclineDwelling records that the holder of an entry declines a dwelling that could be
// given now, or takes the decline back: one append to the list.
func (h *Handler) DeclineDwelling(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.DeclineDwelling, opt Options,
) (Receipt, error) {
	let, err := h.letFor(ctx, list)
	if err != nil {
		return Receipt{}, err
	}
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) {
		events, err := q.DeclineDwelling(cmd, c)
		if err != nil || c.TakeBack {
			return events, err
		}
		d, err := h.Dwelling(ctx, c.DwellingID)
		if err != nil {
			return nil, err
		}
		if _, err := d.Let(cmd, let); err != nil {
			return nil, namedDwelling(err)
		}
		return events, nil
	})
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
