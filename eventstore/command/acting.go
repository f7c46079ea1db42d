package command

import (
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// ActorsOf is who acts for the person today (R32).
func (h *Handler) ActorsOf(ctx context.Context, id domain.PersonID) (residence.Actors, error) {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return residence.Actors{}, err
	}
	today := domain.DateOf(h.now())
	return p.ActorsOn(today, h.rules.On(today).Ages), nil
}

// ActsFor are the persons in whose place the person acts today (R32): nobody's where the
// person does not act alone.
func (h *Handler) ActsFor(ctx context.Context, id domain.PersonID) ([]domain.PersonID, error) {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return nil, err
	}
	today := domain.DateOf(h.now())
	if !p.ActorsOn(today, h.rules.On(today).Ages).Self {
		return nil, nil
	}
	var represented []domain.PersonID
	for _, ward := range p.Wards {
		actors, err := h.ActorsOf(ctx, ward)
		if err != nil {
			return nil, err
		}
		if slices.Contains(actors.Representatives, id) {
			represented = append(represented, ward)
		}
	}
	return represented, nil
}
