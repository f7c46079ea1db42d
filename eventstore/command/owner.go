package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// ownersKnown refuses owners that name persons who are not recorded or whose record was merged, an agent who has died,
// and the estate of somebody who lives. What a kind of owner has, the dwelling decides.
func (h *Handler) ownersKnown(ctx context.Context, role domain.Role, owners []residence.Owner) error {
	for i, o := range owners {
		at := func(member string) string { return domain.Path("owners", i, member) }
		for _, named := range []struct {
			id     domain.PersonID
			member string
		}{{o.PersonID, "person_id"}, {o.AgentID, "agent_id"}, {o.DeceasedID, "deceased_id"}} {
			if named.id.IsZero() {
				continue
			}
			p, err := h.Person(ctx, named.id)
			if err != nil {
				return err
			}
			if err := p.CheckUnmerged(role, at(named.member)); err != nil {
				return err
			}
			_, dead := p.Dead()
			switch {
			case !p.Known():
				return domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
					"no person with this id is recorded; record the person first").At(at(named.member))
			case named.id == o.DeceasedID && !dead:
				return domain.Refuse(domain.Conflict, domain.CodePersonNotDead,
					"the death of this person is not recorded, and nobody inherits from the living: record the death "+
						"first").At(at(named.member))
			case named.id == o.AgentID:
				if err := p.CheckAlive(at(named.member)); err != nil {
					return err
				}
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
