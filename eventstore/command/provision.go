package command

import (
	"context"
	"errors"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// Provide gives a service dwelling to an entry of a list.
//
// Steps:
//  1. The decision is recorded in a case- stream of its own. Only this step may refuse
//     without a trace.
//  2. The dwelling is let, which ends an offer to the entry; or refuses where it has been let or
//     offered to another entry meanwhile, has left the stock, or changed its owners.
//  3. The list ends the entry, or records that the decision no longer holds: somebody who
//     filed earlier was placed, or the entry was removed or transferred.
//  4. Where it was asked for, the holder's stream registers the residence in the dwelling
//     and ends the one before, or records why it cannot. The provision stands either way.
//  5. The case records that the act is complete, and what came of the registration.
//
// Where the dwelling or the list refused, compensating events follow: the lease is
// voided, if there is one, then the decision. The dwelling comes before the list because
// voiding a lease changes nobody's number.
//
// A crash between the steps leaves a decision that is not complete, which [Finisher]
// completes. Dwelling, list and person give a repeated step the answer that it had the
// first time, so that several who finish one act come to one outcome.
//
// The receipt is that of the case; its events are the decision, the lease, the
// end of the entry, the registration and the completion.
func (h *Handler) Provide(ctx context.Context, cmd domain.Command, c housing.Provide, opt Options) (Receipt, error) {
	d, err := h.Dwelling(ctx, c.Dwelling.ID)
	if err != nil {
		return Receipt{}, err
	}
	if !d.Known() {
		unknown := residence.UnknownDwelling().At("dwelling_id")
		unknown.Kind = domain.Invalid
		return Receipt{}, unknown
	}
	let, err := h.letFor(ctx, domain.ListEntry{ListID: c.ListID, EntryID: c.EntryID})
	if err != nil {
		return Receipt{}, err
	}
	if cmd, err = h.Minuted(ctx, cmd); err != nil {
		return Receipt{}, err
	}
	decided, err := onCaseStream(ctx, h, cmd, c.CaseID, opt, func(p *housing.Provision) ([]domain.Event, error) {
		if _, err := d.Let(cmd, let); err != nil {
			return nil, err
		}
		if err := d.CheckPermitted(h.rules.On(cmd.Today()), "dwelling_id"); err != nil {
			return nil, err
		}
		q, err := h.List(ctx, c.ListID)
		if err != nil {
			return nil, err
		}
		if err := canDecide(cmd, q, c.EntryID); err != nil {
			return nil, err
		}
		entry, _ := q.Entry(c.EntryID) // one that is unknown, the list refuses
		if err := h.model.CatchUp(ctx); err != nil {
			return nil, err
		}
		c.Facts, err = h.Recorded(ctx, cmd.Today(), c.EntryID, entry.PersonID, entry.Family)
		if err != nil {
			return nil, err
		}
		c.Facts.Area, c.Facts.Rooms = float64(d.Area), d.Rooms
		return p.Decide(cmd, c, q, h.rules)
	})
	if err != nil {
		return Receipt{}, err
	}
	if decided.Planned {
		return h.planProvision(ctx, cmd, d, let, decided)
	}
	if opt.DryRun { // the command had been carried out before
		return decided, nil
	}
	done, err := h.finishProvision(ctx, c.CaseID, decided.Events[0])
	if err != nil {
		return Receipt{}, err
	}
	done.Events = append(decided.Events, done.Events...)
	done.Repeated = decided.Repeated
	return done, nil
}

// planProvision adds to a planned decision the steps that would follow.
func (h *Handler) planProvision(
	ctx context.Context, cmd domain.Command, d residence.Dwelling, by residence.Let, decided Receipt,
) (Receipt, error) {
	e := decided.Events[0].Event.(housing.ProvisionDecided)
	var p housing.Provision
	p.Apply(decided.Events[0])
	let, err := d.Let(cmd, leaseOf(e, by, latest))
	if err != nil {
		return Receipt{}, err
	}
	q, err := h.List(ctx, e.ListID)
	if err != nil {
		return Receipt{}, err
	}
	provided, err := q.Provide(cmd, e)
	if err != nil {
		return Receipt{}, err
	}
	registered, residing, err := h.registerProvided(ctx, cmd, e, Options{DryRun: true})
	if err != nil {
		return Receipt{}, err
	}
	completed, err := p.Complete(cmd, residing)
	if err != nil {
		return Receipt{}, err
	}
	id := e.CaseID.UUID
	decided.Events = slices.Concat(decided.Events,
		planned(cmd, e.Dwelling.ID.Stream(), id, let), planned(cmd, e.ListID.Stream(), id, provided),
		registered.Events, planned(cmd, e.CaseID.Stream(), id, completed))
	return decided, nil
}

// registerProvided registers the holder in the dwelling, where the decision asks for it.
func (h *Handler) registerProvided(
	ctx context.Context, cmd domain.Command, e housing.ProvisionDecided, opt Options,
) (Receipt, housing.Residence, error) {
	if e.RegisteredFrom.IsZero() {
		return Receipt{}, housing.Residence{}, nil
	}
	c, err := h.addDwellingFacts(ctx, cmd, residence.Register{
		RegistrationID: domain.RegistrationID{UUID: domain.DeriveID(e.CaseID.UUID, "registration")},
		DwellingID:     e.Dwelling.ID, Kind: residence.Permanent, From: e.RegisteredFrom, Provision: e.CaseID,
	})
	if err != nil {
		return Receipt{}, housing.Residence{}, err
	}
	r, err := h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: e.PersonID.Stream(), correlation: e.CaseID.UUID, dryRun: opt.DryRun,
	}, func(p *residence.Person, household residence.Household) ([]domain.Event, error) {
		c.Household = household
		return p.RegisterProvided(cmd, c)
	})
	if err != nil {
		return Receipt{}, housing.Residence{}, err
	}
	if declined, ok := r.Events[0].Event.(residence.RegistrationDeclined); ok {
		return r, housing.Residence{Code: declined.Code, Reason: declined.Reason}, nil
	}
	return r, housing.Residence{RegistrationID: c.RegistrationID}, nil
}

// notLet are the refusals of a dwelling that void the decision to provide it.
var notLet = []domain.Code{
	domain.CodeDwellingLeased, domain.CodeNotYourBody, domain.CodeDwellingNotGiven, domain.CodeDwellingGone,
	domain.CodeDwellingNotInStock, domain.CodeDwellingOffered,
}

// letFor is the command to a dwelling by the body that keeps the list of the entry now, without
// whom it is let to: by a decision that comes after all that the log holds.
func (h *Handler) letFor(ctx context.Context, to domain.ListEntry) (residence.Let, error) {
	keeper, err := h.KeeperOf(ctx, to.ListID)
	if err != nil {
		return residence.Let{}, err
	}
	heirs, err := h.heirs(ctx)
	return residence.Let{Entry: to, BodyID: keeper, Heirs: heirs, Decided: latest}, err
}

// leaseOf is the command to the dwelling that follows from a decision at that position
// of the log, by the body that keeps the list.
func leaseOf(e housing.ProvisionDecided, by residence.Let, at domain.Position) residence.Let {
	c := by
	c.PersonID, c.CaseID, c.On, c.Decided = e.PersonID, e.CaseID, domain.DateOf(e.DecidedAt), at
	for _, m := range e.Family {
		c.Family = append(c.Family, m.PersonID)
	}
	return c
}

// finishProvision takes the steps that a decision still needs. The command of each step
// is derived from the decision: repeated, by this process or another, the step is taken
// once.
func (h *Handler) finishProvision(ctx context.Context, id domain.CaseID, decision domain.Recorded) (Receipt, error) {
	e, ok := decision.Event.(housing.ProvisionDecided)
	if !ok {
		return Receipt{}, errors.New("command: " + decision.Stream + " holds no decision to provide where one was read")
	}
	cmd := func(name string) domain.Command { return domain.CommandOf(decision, h.now()).Step(decision.ID, name) }

	by, err := h.letFor(ctx, domain.ListEntry{ListID: e.ListID, EntryID: e.EntryID})
	if err != nil {
		return Receipt{}, err
	}
	let := cmd("let")
	leased, err := step(ctx, h, let, e.Dwelling.ID.Stream(), id, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.Let(let, leaseOf(e, by, decision.Position))
	})
	var refusal *domain.Error
	if errors.As(err, &refusal) && slices.Contains(notLet, refusal.Code) {
		return Receipt{}, h.voidProvision(ctx, cmd("void"), id, refusal)
	}
	if err != nil {
		return Receipt{}, err
	}

	provide := cmd("provide")
	provided, err := step(ctx, h, provide, e.ListID.Stream(), id, func(q *housing.List) ([]domain.Event, error) {
		return q.Provide(provide, e)
	})
	if err != nil {
		return Receipt{}, err
	}
	if declined, ok := provided.Events[0].Event.(housing.ProvisionDeclined); ok {
		back := cmd("void the lease")
		voidLease := func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidLease(back, id, declined.Code) }
		if _, err := step(ctx, h, back, e.Dwelling.ID.Stream(), id, voidLease); err != nil {
			return Receipt{}, err
		}
		why := domain.Refuse(domain.Conflict, declined.Code, "%s", declined.Reason)
		return Receipt{}, h.voidProvision(ctx, cmd("void"), id, why)
	}

	registered, residing, err := h.registerProvided(ctx, cmd("register"), e, Options{})
	if err != nil {
		return Receipt{}, err
	}

	complete := cmd("complete")
	completed, err := step(ctx, h, complete, id.Stream(), id, func(p *housing.Provision) ([]domain.Event, error) {
		return p.Complete(complete, residing)
	})
	if err != nil {
		return Receipt{}, err
	}
	completed.Events = slices.Concat(leased.Events, provided.Events, registered.Events, completed.Events)
	return completed, nil
}

// voidProvision records that the decision is void, and why. It returns why, or the
// error of recording it.
func (h *Handler) voidProvision(ctx context.Context, cmd domain.Command, id domain.CaseID, why *domain.Error) error {
	if _, err := step(ctx, h, cmd, id.Stream(), id, func(p *housing.Provision) ([]domain.Event, error) {
		return p.Void(cmd, why)
	}); err != nil {
		return err
	}
	return why
}
