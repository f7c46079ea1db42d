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
// Steps: the decision is recorded in a case- stream of its own, and alone may
// be refused without a trace; the dwelling is let, or refuses where it has been
// let meanwhile; the list ends the entry, or records that the decision does not
// hold any more (somebody who filed earlier was placed, the entry was removed
// or passed on); where it was asked for, the holder's stream registers the
// residence in the dwelling, moving it from where it was, or records why it
// cannot, and the provision stands; the case records that the act is done, and
// what came of the registration. Where the list declined,
// the lease is voided; where anything refused, the case records that the
// decision is void. The dwelling goes before the list because a lease can be
// taken back without anybody's number having moved.
//
// A crash between the steps leaves a decision without an end, which [Finisher]
// completes. Dwelling, list and person give a repeated step the answer that it
// had, so that several who finish cannot end up in different outcomes.
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
	decided, err := execute(ctx, h, streamCommand[housing.Provision]{
		cmd: cmd, stream: c.CaseID.Stream(), correlation: c.CaseID.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *housing.Provision) ([]domain.Event, error) {
			if _, err := d.Let(cmd, residence.Let{Decided: latest}); err != nil {
				return nil, err
			}
			q, err := h.List(ctx, c.ListID)
			if err != nil {
				return nil, err
			}
			return p.Decide(cmd, c, q, h.rules)
		},
	})
	if err != nil {
		return Receipt{}, err
	}
	if decided.Planned {
		return h.planProvision(ctx, cmd, d, decided)
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
func (h *Handler) planProvision(ctx context.Context, cmd domain.Command, d residence.Dwelling, decided Receipt) (Receipt, error) {
	e := decided.Events[0].Event.(housing.ProvisionDecided)
	var p housing.Provision
	p.Apply(decided.Events[0])
	let, err := d.Let(cmd, letFor(e, latest))
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
	decided.Events = slices.Concat(decided.Events,
		streamCommand[residence.Dwelling]{cmd: cmd, stream: e.Dwelling.ID.Stream(), correlation: e.CaseID.UUID}.planned(let).Events,
		streamCommand[housing.Queue]{cmd: cmd, stream: e.ListID.Stream(), correlation: e.CaseID.UUID}.planned(provided).Events,
		registered.Events,
		streamCommand[housing.Provision]{cmd: cmd, stream: e.CaseID.Stream(), correlation: e.CaseID.UUID}.planned(completed).Events)
	return decided, nil
}

// registerProvided registers the holder in the dwelling where the decision asks
// for it.
func (h *Handler) registerProvided(ctx context.Context, cmd domain.Command, e housing.ProvisionDecided, opt Options) (Receipt, housing.Residence, error) {
	if e.RegisteredFrom.IsZero() {
		return Receipt{}, housing.Residence{}, nil
	}
	c, err := h.judgedBy(ctx, cmd, residence.Register{
		RegistrationID: domain.RegistrationID{UUID: domain.DeriveID(e.CaseID.UUID, "registration")}, DwellingID: e.Dwelling.ID,
		Kind: residence.Permanent, From: e.RegisteredFrom, Provision: e.CaseID,
	})
	if err != nil {
		return Receipt{}, housing.Residence{}, err
	}
	r, err := h.together(ctx, streamCommand[residence.Person]{
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

// letFor is what the dwelling is asked to do for a decision at that position of
// the log.
func letFor(e housing.ProvisionDecided, at domain.Position) residence.Let {
	c := residence.Let{PersonID: e.PersonID, CaseID: e.CaseID, On: domain.DateOf(e.DecidedAt), Decided: at}
	for _, m := range e.Family {
		c.Family = append(c.Family, m.PersonID)
	}
	return c
}

// finishProvision takes the steps that a decision still needs, each once,
// whoever takes it and however often.
func (h *Handler) finishProvision(ctx context.Context, id domain.CaseID, decision domain.Recorded) (Receipt, error) {
	e, ok := decision.Event.(housing.ProvisionDecided)
	if !ok {
		return Receipt{}, errors.New("command: " + decision.Stream + " holds no decision to provide where one was read")
	}
	step := func(name string) domain.Command {
		return domain.CommandOf(decision, h.now()).Step(decision.ID, name)
	}
	onCase := func(cmd domain.Command, decide func(*housing.Provision) ([]domain.Event, error)) (Receipt, error) {
		return execute(ctx, h, streamCommand[housing.Provision]{cmd: cmd, stream: id.Stream(), correlation: id.UUID, decide: decide})
	}
	onDwelling := func(cmd domain.Command, decide func(*residence.Dwelling) ([]domain.Event, error)) (Receipt, error) {
		return execute(ctx, h, streamCommand[residence.Dwelling]{cmd: cmd, stream: e.Dwelling.ID.Stream(), correlation: id.UUID, decide: decide})
	}
	void := func(why *domain.Error) (Receipt, error) {
		cmd := step("void")
		if _, err := onCase(cmd, func(p *housing.Provision) ([]domain.Event, error) { return p.Void(cmd, why) }); err != nil {
			return Receipt{}, err
		}
		return Receipt{}, why
	}

	let := step("let")
	leased, err := onDwelling(let, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.Let(let, letFor(e, decision.Position))
	})
	var refusal *domain.Error
	if errors.As(err, &refusal) && refusal.Code == domain.CodeDwellingLeased {
		return void(refusal)
	}
	if err != nil {
		return Receipt{}, err
	}

	provide := step("provide")
	provided, err := execute(ctx, h, streamCommand[housing.Queue]{
		cmd: provide, stream: e.ListID.Stream(), correlation: id.UUID,
		decide: func(q *housing.Queue) ([]domain.Event, error) { return q.Provide(provide, e) },
	})
	if err != nil {
		return Receipt{}, err
	}
	if declined, ok := provided.Events[0].Event.(housing.ProvisionDeclined); ok {
		back := step("void the lease")
		if _, err := onDwelling(back, func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.VoidLease(back, id, declined.Code)
		}); err != nil {
			return Receipt{}, err
		}
		return void(domain.Refuse(domain.Conflict, declined.Code, "%s", declined.Reason))
	}

	registered, residing, err := h.registerProvided(ctx, step("register"), e, Options{})
	if err != nil {
		return Receipt{}, err
	}

	complete := step("complete")
	completed, err := onCase(complete, func(p *housing.Provision) ([]domain.Event, error) { return p.Complete(complete, residing) })
	if err != nil {
		return Receipt{}, err
	}
	completed.Events = slices.Concat(leased.Events, provided.Events, registered.Events, completed.Events)
	return completed, nil
}
