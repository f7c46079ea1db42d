package command

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// RecordDeath records that a person has died (R27).
//
// Steps: the person's stream records it and ends the registrations, and is the only one
// that may refuse; then each list on which the person has an entry opens a review, each
// dwelling that they own, speak for or rent says who is awaited in their place, each minor
// whom they represent loses them, and each open case of theirs ends or says that they have died;
// then the person's stream records that. [Timer] takes all steps after the first.
func (h *Handler) RecordDeath(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.RecordDeath, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return h.onPersonWithHousehold(ctx, cmd, id, opt, func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
		c.Household = of
		return p.RecordDeath(cmd, c)
	})
}

// AnnulDeath annuls a death that was recorded by mistake. [Timer] then takes away what is awaited
// at dwellings, and gives minors their representative back. Reviews that it opened go on: the
// body closes them.
func (h *Handler) AnnulDeath(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.AnnulDeath, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return h.onPersonWithHousehold(ctx, cmd, id, opt, func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
		c.Household = of
		return p.AnnulDeath(cmd, c)
	})
}

// onPersonWithHousehold carries out a command on a person's stream that needs the household.
func (h *Handler) onPersonWithHousehold(
	ctx context.Context, cmd domain.Command, id domain.PersonID, opt Options,
	decide func(*residence.Person, residence.Household) ([]domain.Event, error),
) (Receipt, error) {
	return h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
	}, decide)
}

// followDeath takes the steps after a death was recorded. It is idempotent.
func (h *Handler) followDeath(ctx context.Context, due domain.Task) error {
	id, err := personOf(due.Stream)
	if err != nil {
		return err
	}
	p, err := h.Person(ctx, id)
	if err != nil {
		return err
	}
	if annulled := p.AnnulledDeath(); !annulled.IsZero() { // first, also where another death is recorded by now
		if err := h.unfollowDeath(ctx, id, annulled); err != nil {
			return err
		}
	}
	death, dead := p.Dead()
	if !dead || death.Followed || h.records == nil {
		return nil
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return err
	}
	matters, _, err := h.records.Matters(ctx, id)
	if err != nil {
		return err
	}
	for _, entry := range matters.Entries {
		cmd := h.ownCommand(entry.EntryID.UUID, "review after "+death.Event.String())
		_, err := h.onList(ctx, cmd, entry.ListID, Options{}, func(q *housing.List) ([]domain.Event, error) {
			return q.ReviewAfterDeath(cmd, entry.EntryID, id, h.rules)
		})
		if err := unlessConflict(err); err != nil {
			return err
		}
	}
	at := residence.DeathAt{PersonID: id, Death: death.Event, On: death.On, Rules: h.rules}
	followed := residence.FollowDeath{Matters: matters}
	if followed.Dwellings, err = h.awaitSuccessions(ctx, at, matters.Leases); err != nil {
		return err
	}
	if followed.Wards, err = h.bereave(ctx, p.Wards, at); err != nil {
		return err
	}
	in := procedure.DeathIn{PersonID: id, On: death.On, Death: death.Event}
	if err := h.tellCases(ctx, matters.OpenCases, in); err != nil {
		return err
	}
	for _, in.For = range followed.Wards {
		matters, _, err := h.records.Matters(ctx, in.For)
		if err != nil {
			return err
		}
		if err := h.tellCases(ctx, matters.OpenCases, in); err != nil {
			return err
		}
	}
	cmd := h.ownCommand(id.UUID, "follow "+death.Event.String())
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: due.Stream,
		decide: func(p *residence.Person) ([]domain.Event, error) {
			return p.FollowDeath(cmd, followed)
		},
	})
	return err
}

// awaitSuccessions has the dwellings that name the dead say who is awaited in their place. It
// returns those where the dead is an owner, or speaks for one.
func (h *Handler) awaitSuccessions(
	ctx context.Context, at residence.DeathAt, leases []domain.DwellingID,
) ([]domain.DwellingID, error) {
	naming, err := h.records.Naming(ctx, at.PersonID)
	if err != nil {
		return nil, err
	}
	var named []domain.DwellingID
	for _, id := range slices.Concat(naming.Dwellings, leases) {
		d, err := look[residence.Dwelling](ctx, h, id.Stream())
		if err != nil {
			return nil, err
		}
		if d.SpokenForBy(at.PersonID) {
			named = append(named, id)
		}
		if at.Residents, err = h.model.Occupants(ctx, id, domain.DateOf(h.now())); err != nil {
			return nil, err
		}
		cmd := h.ownCommand(id.UUID, "await after "+at.Death.String())
		_, err = execute(ctx, h, streamCommand[residence.Dwelling]{
			cmd: cmd, stream: id.Stream(), later: true,
			decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.AwaitSuccession(cmd, at) },
		})
		if unlessConflict(err) != nil {
			return nil, err
		}
	}
	slices.SortFunc(named, func(a, b domain.DwellingID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	return slices.Compact(named), nil
}

// bereave ends the representation of minors by the dead, and returns whose it was.
func (h *Handler) bereave(
	ctx context.Context, wards []domain.PersonID, at residence.DeathAt,
) ([]domain.PersonID, error) {
	var lost []domain.PersonID
	for _, ward := range wards {
		cmd := h.ownCommand(ward.UUID, "lose "+at.Death.String())
		_, err := execute(ctx, h, streamCommand[residence.Person]{
			cmd: cmd, stream: ward.Stream(), later: true,
			decide: func(p *residence.Person) ([]domain.Event, error) { return p.LoseRepresentative(cmd, at) },
		})
		if unlessConflict(err) != nil {
			return nil, err
		}
		if err == nil {
			lost = append(lost, ward)
		}
	}
	return lost, nil
}

// tellCases has open cases learn of a death (R49). A case whose placement another process is about to
// complete is waited for: its entry must come under review.
func (h *Handler) tellCases(ctx context.Context, cases []domain.CaseID, d procedure.DeathIn) error {
	for _, id := range cases {
		c, err := look[procedure.Case](ctx, h, id.Stream())
		if err != nil {
			return err
		}
		if c.State == procedure.Approved {
			return fmt.Errorf("command: the placement of case %s is being completed: a death waits for it", id)
		}
		cmd := h.ownCommand(id.UUID, "learn of "+d.Death.String()+" "+d.For.String())
		_, err = h.StepOnCase(ctx, cmd, id, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) {
			return c.LearnOfDeath(cmd, d)
		}, Options{})
		if err := unlessConflict(err); err != nil {
			return err
		}
	}
	return nil
}

// tellCasesOfLife has open cases learn that a death was annulled.
func (h *Handler) tellCasesOfLife(ctx context.Context, of domain.PersonID, death domain.EventRef) error {
	matters, _, err := h.records.Matters(ctx, of)
	if err != nil {
		return err
	}
	for _, id := range matters.OpenCases {
		cmd := h.ownCommand(id.UUID, "learn no more of "+death.String())
		_, err = h.StepOnCase(ctx, cmd, id, func(c *procedure.Case, _ procedure.Terms) ([]domain.Event, error) {
			return c.LearnOfLife(cmd, death)
		}, Options{})
		if err := unlessConflict(err); err != nil {
			return err
		}
	}
	return nil
}

// unfollowDeath takes away what waits for a death that was annulled. It is idempotent.
func (h *Handler) unfollowDeath(ctx context.Context, id domain.PersonID, death domain.EventRef) error {
	if h.records != nil {
		if err := h.voidSuccessions(ctx, id, death); err != nil {
			return err
		}
		if err := h.tellCasesOfLife(ctx, id, death); err != nil {
			return err
		}
	}
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	for _, ward := range p.Wards {
		cmd := h.ownCommand(ward.UUID, "lose no more "+death.String())
		_, err := execute(ctx, h, streamCommand[residence.Person]{
			cmd: cmd, stream: ward.Stream(), later: true,
			decide: func(p *residence.Person) ([]domain.Event, error) { return p.RestoreRepresentative(cmd, death) },
		})
		if unlessConflict(err) != nil {
			return err
		}
		if h.records == nil {
			continue
		}
		if err := h.tellCasesOfLife(ctx, ward, death); err != nil {
			return err
		}
	}
	cmd := h.ownCommand(id.UUID, "unfollow "+death.String())
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(), later: true,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.UnfollowDeath(cmd, death) },
	})
	return unlessConflict(err)
}

// voidSuccessions has dwellings await nobody any more after a death that was annulled.
func (h *Handler) voidSuccessions(ctx context.Context, id domain.PersonID, death domain.EventRef) error {
	if err := h.model.CatchUp(ctx); err != nil {
		return err
	}
	naming, err := h.records.Naming(ctx, id)
	if err != nil {
		return err
	}
	matters, _, err := h.records.Matters(ctx, id)
	if err != nil {
		return err
	}
	for _, dwelling := range slices.Concat(naming.Dwellings, matters.Leases) {
		cmd := h.ownCommand(dwelling.UUID, "await no more after "+death.String())
		_, err := execute(ctx, h, streamCommand[residence.Dwelling]{
			cmd: cmd, stream: dwelling.Stream(), later: true,
			decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidSuccession(cmd, death) },
		})
		if unlessConflict(err) != nil {
			return err
		}
	}
	return nil
}

// personOf returns the person of a stream.
func personOf(stream string) (domain.PersonID, error) {
	id, err := uuid.Parse(strings.TrimPrefix(stream, "residence-"))
	if err != nil {
		return domain.PersonID{}, fmt.Errorf("command: the stream %s of a person: %w", stream, err)
	}
	return domain.PersonID{UUID: id}, nil
}

// CheckAlive refuses where the person has died.
func (h *Handler) CheckAlive(ctx context.Context, id domain.PersonID, field string) error {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	return p.CheckAlive(field)
}
