package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// followDeparture opens a review of each entry of a person who has left the country for good, or
// that counts them, and then records that in the person's stream (Q39). It is idempotent. An entry
// that is under review already is passed over; where the person is registered again by now, no
// review is opened.
func (h *Handler) followDeparture(ctx context.Context, due domain.Task) error {
	id, err := personOf(due.Stream)
	if err != nil {
		return err
	}
	p, err := h.Person(ctx, id)
	if err != nil {
		return err
	}
	departure := p.Departure()
	if departure.IsZero() || h.records == nil {
		return nil
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return err
	}
	var reviewed []residence.EntryLeft
	if _, dead := p.Dead(); !dead && !p.LeftOn(domain.DateOf(h.now())).IsZero() {
		naming, err := h.records.Naming(ctx, id)
		if err != nil {
			return err
		}
		for _, entry := range naming.Entries {
			cmd := h.ownCommand(entry.EntryID.UUID, "review after departure "+departure.String())
			_, err := h.onList(ctx, cmd, entry.ListID, Options{}, func(q *housing.List) ([]domain.Event, error) {
				return q.ReviewAfterDeparture(cmd, entry.EntryID, id, h.rules)
			})
			if unlessConflict(err) != nil {
				return err
			}
			if err == nil {
				reviewed = append(reviewed, residence.EntryLeft(entry))
			}
		}
	}
	cmd := h.ownCommand(id.UUID, "follow "+departure.String())
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: due.Stream,
		decide: func(p *residence.Person) ([]domain.Event, error) {
			return p.FollowDeparture(cmd, departure, reviewed)
		},
	})
	return err
}
