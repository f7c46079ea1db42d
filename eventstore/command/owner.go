package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// ownersKnown refuses owners from the day on (today where it is zero) that name persons who are not recorded or whose
// record was merged, or who cannot be what the owner says (R52). What a kind of owner has, the dwelling decides. A command
// that was carried out before is answered without it: somebody may have died since.
func (h *Handler) ownersKnown(ctx context.Context, cmd domain.Command, owners []residence.Owner, on domain.Date) error {
	if on.IsZero() {
		on = cmd.Today()
	}
	ages := h.rules.On(cmd.Today()).Ages
	for i, o := range owners {
		for _, named := range o.Named() {
			at := domain.Path("owners", i, named.Member)
			p, err := h.Person(ctx, named.ID)
			if err != nil {
				return err
			}
			if err := p.CheckUnmerged(cmd.Role, at); err != nil {
				return err
			}
			if err := named.Check(&p, on, cmd.Today(), ages, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// deadAt returns who of those that could consent at the dwelling have died.
func (h *Handler) deadAt(ctx context.Context, d *residence.Dwelling) ([]domain.PersonID, error) {
	var dead []domain.PersonID
	for _, id := range d.Consenting() {
		p, err := look[residence.Person](ctx, h, id.Stream())
		if err != nil {
			return nil, err
		}
		if _, died := p.Dead(); died {
			dead = append(dead, id)
		}
	}
	return dead, nil
}
