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
// or passed on); the case records that the act is done. Where the list declined,
// the lease is voided; where anything refused, the case records that the
// decision is void. The dwelling goes before the list because a lease can be
// taken back without anybody's number having moved.
//
// A crash between the steps leaves a decision without an end, which [Finisher]
// completes. Dwelling and list give a repeated step the answer that it had, so
// that several who finish cannot end up in different outcomes. A registration
// of residence at the dwelling is an act of its own, with its own consents.
//
// The receipt is that of the case; its events are the decision, the lease, the
// end of the entry and the completion.
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
	decided, err := execute(ctx, h, order[housing.Provision]{
		cmd: cmd, stream: c.CaseID.Stream(), correlation: c.CaseID.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *housing.Provision) (events []domain.Event, err error) {
			if _, err := d.Let(cmd, residence.Let{Decided: latest}); err != nil {
				return nil, err
			}
			err = view(ctx, h, c.ListID.Stream(), func(q *housing.Queue) error {
				events, err = p.Decide(cmd, c, q, h.rules)
				return err
			})
			return events, err
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
	var provided []domain.Event
	if err := view(ctx, h, e.ListID.Stream(), func(q *housing.Queue) (err error) {
		provided, err = q.Provide(cmd, e)
		return err
	}); err != nil {
		return Receipt{}, err
	}
	completed, err := p.Complete(cmd)
	if err != nil {
		return Receipt{}, err
	}
	decided.Events = slices.Concat(decided.Events,
		order[residence.Dwelling]{cmd: cmd, stream: e.Dwelling.ID.Stream(), correlation: e.CaseID.UUID}.planned(let).Events,
		order[housing.Queue]{cmd: cmd, stream: e.ListID.Stream(), correlation: e.CaseID.UUID}.planned(provided).Events,
		order[housing.Provision]{cmd: cmd, stream: e.CaseID.Stream(), correlation: e.CaseID.UUID}.planned(completed).Events)
	return decided, nil
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
		return execute(ctx, h, order[housing.Provision]{cmd: cmd, stream: id.Stream(), correlation: id.UUID, decide: decide})
	}
	onDwelling := func(cmd domain.Command, decide func(*residence.Dwelling) ([]domain.Event, error)) (Receipt, error) {
		return execute(ctx, h, order[residence.Dwelling]{cmd: cmd, stream: e.Dwelling.ID.Stream(), correlation: id.UUID, decide: decide})
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
	provided, err := execute(ctx, h, order[housing.Queue]{
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

	complete := step("complete")
	completed, err := onCase(complete, func(p *housing.Provision) ([]domain.Event, error) { return p.Complete(complete) })
	if err != nil {
		return Receipt{}, err
	}
	completed.Events = slices.Concat(leased.Events, provided.Events, completed.Events)
	return completed, nil
}
