package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// RecordDeath records that a person has died (R27).
//
// Steps: the person's stream records it and ends the registrations, and is the only one
// that may refuse; then each list on which the person has an entry opens a review; then
// the person's stream records that. [Timer] takes all steps after the first.
func (h *Handler) RecordDeath(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.RecordDeath, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return h.onPersonWithHousehold(ctx, cmd, id, opt, func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
		c.Household = of
		return p.RecordDeath(cmd, c)
	})
}

// AnnulDeath annuls a death that was recorded by mistake. Reviews that it opened go on:
// the body closes them.
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
			return q.ReviewAfterDeath(cmd, entry.EntryID, id)
		})
		if err := unlessConflict(err); err != nil {
			return err
		}
	}
	cmd := h.ownCommand(id.UUID, "follow "+death.Event.String())
	_, err = execute(ctx, h, streamCommand[residence.Person]{
		cmd: cmd, stream: due.Stream,
		decide: func(p *residence.Person) ([]domain.Event, error) {
			return p.FollowDeath(cmd, residence.FollowDeath{Matters: matters})
		},
	})
	return err
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
