package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// EndDwelling records that a dwelling was demolished, split, or merged with others (R36-R38).
//
// Steps:
//  1. The dwelling's stream records it, and from then on the dwelling takes no registration, no
//     lease and no act on its owners. Only this step may refuse without a trace.
//  2. The stream of each person who is registered there carries the registration over into the
//     dwelling that the act assigns. Where somebody is registered who is assigned nowhere, the
//     dwelling's stream voids the first step: they registered while it was decided.
//  3. Where the dwelling is in the stock of a body, the streams of those that were made of it take
//     over that they are (Q38).
//  4. The dwelling's stream records that nobody is registered there, which frees its codes, and that
//     it is in no stock. The position of the receipt is that of this step.
//
// After a crash [Timer] goes on from the first step. Who is registered at a dwelling is in the
// streams of the persons. So a registration whose decision saw the dwelling before the first
// step looks again after its append ([Handler.Register]): what is appended before the first
// step, the second one sees; what is appended after it, undoes itself.
func (h *Handler) EndDwelling(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.EndDwelling, opt Options,
) (Receipt, error) {
	for _, part := range c.Into {
		d, err := h.Dwelling(ctx, part)
		if err != nil {
			return Receipt{}, err
		}
		c.Parts = append(c.Parts, &d)
	}
	var err error
	if c.Heirs, err = h.heirs(ctx); err != nil {
		return Receipt{}, err
	}
	if c.Registered, err = h.registeredAt(ctx, cmd, id); err != nil {
		return Receipt{}, err
	}
	r, err := onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.End(cmd, c)
	})
	if err != nil || r.Planned || opt.DryRun {
		return r, err
	}
	if err := h.followEnd(ctx, id); err != nil {
		return Receipt{}, err
	}
	d, err := h.Dwelling(ctx, id)
	gone, _ := d.Gone()
	r.Position = max(r.Position, gone.Followed)
	return r, err
}

// registeredAt returns who is registered at the dwelling today, by all that the log holds now.
func (h *Handler) registeredAt(
	ctx context.Context, cmd domain.Command, id domain.DwellingID,
) ([]domain.PersonID, error) {
	if err := h.model.CatchUp(ctx); err != nil {
		return nil, err
	}
	persons, err := h.model.Occupants(ctx, id, cmd.Today())
	if domain.IsKind(err, domain.NotFound) { // the dwelling itself says so
		return nil, nil
	}
	return persons, err
}

// followEnd takes the steps after a dwelling has ended. It is idempotent. Where it voids the end,
// it returns the refusal.
func (h *Handler) followEnd(ctx context.Context, id domain.DwellingID) error {
	d, err := h.Dwelling(ctx, id)
	if err != nil {
		return err
	}
	gone, is := d.Gone()
	if !is || gone.Followed > 0 {
		return nil
	}
	of := func(name string) domain.Command {
		return domain.CommandOf(gone.Event, h.now()).Step(gone.Event.ID, name)
	}
	registered, err := h.registeredAt(ctx, of("look"), id)
	if err != nil {
		return err
	}
	if left := gone.Unassigned(registered); len(left) > 0 {
		return h.voidEnd(ctx, of("void"), gone, registered, left)
	}
	for _, r := range gone.Residents {
		cmd := of("carry over " + r.PersonID.String())
		_, err := execute(ctx, h, streamCommand[residence.Person]{
			cmd: cmd, stream: r.PersonID.Stream(), correlation: gone.Event.Meta.Correlation, later: true,
			decide: func(p *residence.Person) ([]domain.Event, error) {
				return p.CarryOver(cmd, residence.CarryOver{From: id, To: r.DwellingID, On: gone.On})
			},
		})
		if err != nil && domain.CodeOf(err) != domain.CodeNotDue {
			return err
		}
	}
	if err := h.handOver(ctx, d, of); err != nil {
		return err
	}
	cmd := of("follow")
	_, err = execute(ctx, h, streamCommand[residence.Dwelling]{
		cmd: cmd, stream: id.Stream(), later: true,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.FollowGone(cmd) },
	})
	if domain.CodeOf(err) == domain.CodeNotDue {
		return nil
	}
	return err
}

// voidEnd has the dwelling stand after all, since somebody is registered there who is assigned
// nowhere. Where others were carried over already, the registration is one that undoes itself:
// then the act goes on later.
func (h *Handler) voidEnd(
	ctx context.Context, cmd domain.Command, gone residence.Gone, registered, left []domain.PersonID,
) error {
	if gone.Begun(registered) {
		return domain.Refuse(domain.Unavailable, domain.CodeLostRace,
			"somebody registered at the dwelling at this moment; the registry goes on with the act by itself")
	}
	_, err := execute(ctx, h, streamCommand[residence.Dwelling]{
		cmd: cmd, stream: gone.DwellingID.Stream(), later: true,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidGone(cmd, left) },
	})
	if err != nil {
		return err
	}
	return domain.Refuse(domain.Conflict, domain.CodeDwellingInhabited,
		"%d person(s) registered at the dwelling at this moment, so it stands: look who is registered there, and send the "+
			"request again with a new Idempotency-Key", len(left))
}

// followEndWhenDue is the task of [Handler.EndDwelling].
func (h *Handler) followEndWhenDue(ctx context.Context, due domain.Task) error {
	id, err := uuid.Parse(strings.TrimPrefix(due.Stream, "dwelling-"))
	if err != nil {
		return fmt.Errorf("command: the stream %s of a dwelling: %w", due.Stream, err)
	}
	return unlessConflict(h.followEnd(ctx, domain.DwellingID{UUID: id}))
}

// madeFromStand refuses a dwelling that is made from others which are not recorded, or are no more.
func (h *Handler) madeFromStand(ctx context.Context, from []domain.DwellingID) error {
	for i, id := range from {
		d, err := look[residence.Dwelling](ctx, h, id.Stream())
		if err != nil {
			return err
		}
		at := domain.Path("made_from", i)
		if !d.Known() {
			unknown := residence.UnknownDwelling().At(at)
			unknown.Kind = domain.Invalid
			return unknown
		}
		if err := d.CheckStands(at); err != nil {
			return err
		}
	}
	return nil
}

// goneOf returns those of the dwellings that are no more, with the day from which.
func (h *Handler) goneOf(
	ctx context.Context, p *residence.Person, more ...domain.DwellingID,
) (map[domain.DwellingID]domain.Date, error) {
	gone := map[domain.DwellingID]domain.Date{}
	for _, r := range p.Registrations {
		more = append(more, r.DwellingID)
	}
	for _, id := range more {
		d, err := look[residence.Dwelling](ctx, h, id.Stream())
		if err != nil {
			return nil, err
		}
		if g, is := d.Gone(); is {
			gone[id] = g.On
		}
	}
	return gone, nil
}

// undoAtGone undoes a registration that was appended after its dwelling had ended, and returns
// the refusal. Where the dwelling stands it returns nil.
func (h *Handler) undoAtGone(ctx context.Context, id domain.DwellingID, r Receipt) error {
	d, err := look[residence.Dwelling](ctx, h, id.Stream())
	if err != nil {
		return err
	}
	refusal := d.CheckStands("dwelling_id")
	gone, _ := d.Gone()
	if refusal == nil || len(r.Events) == 0 || r.Events[0].Position < gone.Event.Position {
		return nil
	}
	c := residence.Correct{
		Ground: residence.ClericalError, Accept: residence.AcceptableConsequences, Rules: h.rules,
		Reasons: "тұрғын үй тіркеу сәтінде жойылды · жилище прекратило существование в момент регистрации · " +
			"the dwelling ended at the moment of the registration",
	}
	for _, rec := range r.Events {
		switch e := rec.Event.(type) {
		case residence.RegistrationBegan:
			c.Changes = append(c.Changes, residence.Change{
				Fact: residence.FactName{RegistrationID: e.RegistrationID}, Action: residence.Annul,
			})
		case residence.RegistrationEnded:
			c.Changes = append(c.Changes, residence.Change{
				Fact: residence.FactName{RegistrationID: e.RegistrationID, Ending: true}, Action: residence.Annul,
			})
		}
	}
	cmd := domain.CommandOf(r.Events[0], h.now()).Step(r.Events[0].ID, "undo at a dwelling that is no more")
	_, err = h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: r.Stream, later: true,
	}, func(p *residence.Person, household residence.Household) ([]domain.Event, error) {
		c.Household = household
		return p.Correct(cmd, c)
	})
	if err != nil && domain.CodeOf(err) != domain.CodeFactNotInForce {
		return err
	}
	return refusal
}
