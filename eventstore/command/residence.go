package command

import (
	"context"
	"errors"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// Options of a command.
type Options struct {
	IfMatch *uint64 // the revision that the caller saw
	DryRun  bool    // tell what would be appended, and append nothing
}

// Person returns what the log holds of the person now; the zero Person where it
// holds nothing.
func (h *Handler) Person(ctx context.Context, id domain.PersonID) (residence.Person, error) {
	return snapshot[residence.Person](ctx, h, id.Stream())
}

// Dwelling returns what the log holds of the dwelling now.
func (h *Handler) Dwelling(ctx context.Context, id domain.DwellingID) (residence.Dwelling, error) {
	return snapshot[residence.Dwelling](ctx, h, id.Stream())
}

// RecordPerson makes a person known.
func (h *Handler) RecordPerson(ctx context.Context, cmd domain.Command, c residence.RecordPerson, opt Options) (Receipt, error) {
	return execute(ctx, h, order[residence.Person]{
		cmd: cmd, stream: c.PersonID.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.Record(cmd, c) },
	})
}

// RecordDwelling makes a dwelling known. Its owners must be recorded persons.
func (h *Handler) RecordDwelling(ctx context.Context, cmd domain.Command, c residence.RecordDwelling, opt Options) (Receipt, error) {
	if err := h.ownersKnown(ctx, c.Owners); err != nil {
		return Receipt{}, err
	}
	return execute(ctx, h, order[residence.Dwelling]{
		cmd: cmd, stream: c.DwellingID.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.Record(cmd, c) },
	})
}

// ChangeOwners replaces the owners of a dwelling from a day on.
func (h *Handler) ChangeOwners(ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.ChangeOwners, opt Options) (Receipt, error) {
	if err := h.ownersKnown(ctx, c.Owners); err != nil {
		return Receipt{}, err
	}
	return execute(ctx, h, order[residence.Dwelling]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) { return d.ChangeOwners(cmd, c) },
	})
}

func (h *Handler) ownersKnown(ctx context.Context, owners []residence.Owner) error {
	for i, o := range owners {
		p, err := h.Person(ctx, o.PersonID)
		if err != nil {
			return err
		}
		if !p.Known() {
			return domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
				"no person with this id is recorded; record the person with POST /v1/persons first").At(domain.Path("owners", i, "person_id"))
		}
	}
	return nil
}

// Register registers a residence or a temporary stay of the person.
func (h *Handler) Register(ctx context.Context, cmd domain.Command, person domain.PersonID, c residence.Register, opt Options) (Receipt, error) {
	d, err := h.Dwelling(ctx, c.DwellingID)
	if err != nil {
		return Receipt{}, err
	}
	if !d.Known() {
		unknown := residence.UnknownDwelling().At("dwelling_id")
		unknown.Kind = domain.Invalid
		return Receipt{}, unknown
	}
	c.Rules = h.rules
	return execute(ctx, h, order[residence.Person]{
		cmd: cmd, stream: person.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.Register(cmd, c) },
	})
}

// Deregister hands in and carries out an S001 application.
//
// Steps: the case receives the application (this alone may refuse the whole);
// then each person's stream ends what the application asks for, or refuses for
// this person; then the case records a result for each (R15: after the
// registry's own entries, never before) and, in the same append, the departure
// sheets that were asked for (R17). A crash between the steps leaves a
// received case without a result, which [Finisher] completes.
//
// The receipt is that of the case; its events are the application, the endings
// of its persons and the decision.
func (h *Handler) Deregister(ctx context.Context, cmd domain.Command, c residence.ApplyForDeregistration, opt Options) (Receipt, error) {
	facts, err := h.facts(ctx, c)
	if err != nil {
		return Receipt{}, err
	}
	received, err := execute(ctx, h, order[residence.Deregistration]{
		cmd: cmd, stream: c.CaseID.Stream(), correlation: c.CaseID.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(d *residence.Deregistration) ([]domain.Event, error) { return d.Receive(cmd, c, facts) },
	})
	if err != nil {
		return Receipt{}, err
	}
	if opt.DryRun {
		return planDeregistration(cmd, c, facts, received)
	}
	decided, err := h.finishDeregistration(ctx, c.CaseID)
	if err != nil {
		return Receipt{}, err
	}
	decided.Events = append(received.Events, decided.Events...)
	decided.Repeated = received.Repeated
	return decided, nil
}

// planDeregistration adds to a planned application the steps that would follow
// it now.
func planDeregistration(cmd domain.Command, c residence.ApplyForDeregistration, facts residence.Facts, received Receipt) (Receipt, error) {
	if !received.Planned { // the command has been carried out before
		return received, nil
	}
	var results []residence.Result
	var endings []domain.Recorded
	for _, p := range facts.Persons {
		ends, err := p.EndFor(residence.EndFor{CaseID: c.CaseID, DwellingID: c.DwellingID, Ground: c.Ground, On: cmd.Today()})
		planned := order[residence.Person]{cmd: cmd, stream: p.ID.Stream(), correlation: c.CaseID.UUID}.planned(ends)
		result, err := resultOf(p.ID, planned, err)
		if err != nil {
			return Receipt{}, err
		}
		results = append(results, result)
		endings = append(endings, planned.Events...)
	}
	var d residence.Deregistration
	d.Apply(received.Events[0])
	decided, err := decideWithSheets(&d, cmd, results, endings, facts.Rules)
	if err != nil {
		return Receipt{}, err
	}
	received.Events = append(received.Events, endings...)
	received.Events = append(received.Events, order[residence.Deregistration]{
		cmd: cmd, stream: c.CaseID.Stream(), correlation: c.CaseID.UUID,
	}.planned(decided).Events...)
	return received, nil
}

// facts reads what the application is judged by.
func (h *Handler) facts(ctx context.Context, c residence.ApplyForDeregistration) (residence.Facts, error) {
	applicant, err := h.Person(ctx, c.ApplicantID)
	if err != nil {
		return residence.Facts{}, err
	}
	dwelling, err := h.Dwelling(ctx, c.DwellingID)
	if err != nil {
		return residence.Facts{}, err
	}
	f := residence.Facts{Applicant: &applicant, Dwelling: &dwelling, Rules: h.rules}
	for _, id := range c.Persons {
		p, err := h.Person(ctx, id)
		if err != nil {
			return residence.Facts{}, err
		}
		f.Persons = append(f.Persons, &p)
	}
	return f, nil
}

// finishDeregistration takes the steps that a received S001 case still needs
// and returns the receipt of its decision, with the endings before it.
func (h *Handler) finishDeregistration(ctx context.Context, id domain.CaseID) (Receipt, error) {
	d, err := snapshot[residence.Deregistration](ctx, h, id.Stream())
	if err != nil {
		return Receipt{}, err
	}
	var results []residence.Result
	var ended []domain.Recorded
	for i, person := range d.Applied.Persons {
		if d.Decided && !d.Results[i].Granted() {
			continue // what was refused then might be possible now: it is not asked again
		}
		done, err := h.endFor(ctx, d, person)
		result, err := resultOf(person, done, err)
		if err != nil {
			return Receipt{}, err
		}
		results = append(results, result)
		ended = append(ended, done.Events...)
	}
	cmd := d.Order.Step(id.UUID, "decide")
	cmd.Now = h.now()
	decided, err := execute(ctx, h, order[residence.Deregistration]{
		cmd: cmd, stream: id.Stream(), correlation: id.UUID,
		decide: func(d *residence.Deregistration) ([]domain.Event, error) {
			return decideWithSheets(d, cmd, results, ended, h.rules)
		},
	})
	decided.Events = append(ended, decided.Events...)
	return decided, err
}

// decideWithSheets is the last step of a deregistration: the decision and, in the
// same append, the departure sheets of what has ended.
func decideWithSheets(d *residence.Deregistration, cmd domain.Command, results []residence.Result, recs []domain.Recorded, book rules.Book) ([]domain.Event, error) {
	decided, err := d.Decide(cmd, results, book)
	if err != nil {
		return nil, err
	}
	var ended []residence.RegistrationEnded
	for _, rec := range recs {
		if e, ok := rec.Event.(residence.RegistrationEnded); ok {
			ended = append(ended, e)
		}
	}
	return append(decided, d.DepartureSheets(cmd, ended)...), nil
}

// endFor ends the registrations of one person of the case, on the day of the
// application however late it is finished. Repeated, it gives the same receipt.
func (h *Handler) endFor(ctx context.Context, d residence.Deregistration, person domain.PersonID) (Receipt, error) {
	cmd := d.Order.Step(d.Applied.CaseID.UUID, "end "+person.String())
	end := residence.EndFor{
		CaseID: d.Applied.CaseID, DwellingID: d.Applied.DwellingID, Ground: d.Applied.Ground, On: domain.DateOf(d.Applied.ReceivedAt),
		Received: d.Received,
	}
	return execute(ctx, h, order[residence.Person]{
		cmd: cmd, stream: person.Stream(), correlation: d.Applied.CaseID.UUID,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.EndFor(end) },
	})
}

// resultOf is what the case tells of one person: the registrations that were
// ended, or why none was.
func resultOf(person domain.PersonID, done Receipt, err error) (residence.Result, error) {
	result := residence.Result{PersonID: person}
	var refusal *domain.Error
	switch {
	case errors.As(err, &refusal) && refusal.Kind == domain.Invalid:
		result.Code, result.Reason = refusal.Code, refusal.Message
		return result, nil
	case err != nil:
		return result, err
	}
	for _, rec := range done.Events {
		if e, ok := rec.Event.(residence.RegistrationEnded); ok {
			result.Ended = append(result.Ended, e.RegistrationID)
		}
	}
	return result, nil
}
