package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// Person returns what the log holds of the person now; the zero Person where it
// holds nothing.
func (h *Handler) Person(ctx context.Context, id domain.PersonID) (residence.Person, error) {
	return load[residence.Person](ctx, h, id.Stream())
}

// Dwelling returns what the log holds of the dwelling now.
func (h *Handler) Dwelling(ctx context.Context, id domain.DwellingID) (residence.Dwelling, error) {
	return load[residence.Dwelling](ctx, h, id.Stream())
}

// RecordPerson records a person. Where no IIN is given, others with the name and the birth date
// are named in a warning (R29). No stream protects this: two desks that record one human at the
// same moment are not warned, and neither is a desk while the read model does not answer.
func (h *Handler) RecordPerson(
	ctx context.Context, cmd domain.Command, c residence.RecordPerson, opt Options,
) (Receipt, error) {
	var err error
	if c.Alike, err = h.Alike(ctx, c); err != nil {
		return Receipt{}, err
	}
	return onStream(ctx, h, cmd, c.PersonID.Stream(), opt, func(p *residence.Person) ([]domain.Event, error) {
		return p.Record(cmd, c)
	})
}

// RecordSelf records who signed the command, as their certificate names them (R56). keyed adds what
// follows by a key from the name and the birth date.
func (h *Handler) RecordSelf(
	ctx context.Context, cmd domain.Command, c residence.RecordPerson, keyed func(*residence.RecordPerson), opt Options,
) (Receipt, error) {
	by := signer{c.PersonID, domain.SignatureEDS}
	return onStream(ctx, h, cmd, c.PersonID.Stream(), opt, func(p *residence.Person) ([]domain.Event, error) {
		return h.decideSigned(ctx, cmd, by, opt, func(e domain.Evidence) ([]domain.Event, error) {
			if len(opt.Signed.CMS) == 0 { // nobody is named; what is missing is said next
				return nil, nil
			}
			holder, err := h.signatures.Holder(opt.Signed.CMS)
			if err != nil {
				return nil, err
			}
			own := c
			own.IIN, own.Name, own.Evidence = holder.IIN, holder.Name, e
			own.BirthDate, _ = residence.BornBy(own.IIN)
			keyed(&own)
			return p.RecordSelf(cmd, own, h.rules)
		})
	})
}

// Alike returns the other persons who are recorded now with the name and the birth date; none where the
// command has an IIN.
func (h *Handler) Alike(ctx context.Context, c residence.RecordPerson) ([]domain.PersonID, error) {
	if c.IIN != "" || c.Likeness.IsZero() || h.records == nil {
		return nil, nil
	}
	err := h.model.CatchUp(ctx)
	var candidates []domain.PersonID
	if err == nil {
		candidates, err = h.records.Alike(ctx, c.Likeness)
	}
	if domain.IsKind(err, domain.Unavailable) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var others []domain.PersonID
	for _, id := range candidates {
		p, err := look[residence.Person](ctx, h, id.Stream())
		if err != nil {
			return nil, err
		}
		if m, merged := p.Merged(); p.Alike(c.Data()) && merged {
			id = m.SurvivorID
		}
		if id != c.PersonID && p.Alike(c.Data()) {
			others = append(others, id)
		}
	}
	slices.SortFunc(others, func(a, b domain.PersonID) int { return bytes.Compare(a.UUID[:], b.UUID[:]) })
	return slices.Compact(others), nil
}

// ChangePersonData records another name, birth date or class of a person.
func (h *Handler) ChangePersonData(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.ChangePersonData, opt Options,
) (Receipt, error) {
	return h.onPersonWithHousehold(ctx, cmd, id, opt, func(p *residence.Person, of residence.Household) ([]domain.Event, error) {
		c.Household = of
		return p.ChangeData(cmd, c)
	})
}

// DescribeDwelling records what a dwelling is from a day on.
func (h *Handler) DescribeDwelling(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.DescribeDwelling, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.Describe(cmd, c)
	})
}

// ChangeOwners replaces the owners of a dwelling from a day on, or proposes it to a second
// official.
func (h *Handler) ChangeOwners(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.ChangeOwners, opt Options,
) (Receipt, error) {
	unfit := h.ownersKnown(ctx, cmd, c.Owners, c.On)
	c.Rules = h.rules
	c.ProposalID = residence.ProposalID{UUID: domain.DeriveID(cmd.ID.UUID, "proposal")}
	return onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		if unfit != nil {
			return nil, unfit
		}
		return d.ChangeOwners(cmd, c)
	})
}

// CorrectOwners corrects a change of owners that was recorded wrongly (R39).
func (h *Handler) CorrectOwners(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.CorrectOwners, opt Options,
) (Receipt, error) {
	was, err := h.Dwelling(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	owners, on := was.Amended(c)
	unfit := h.ownersKnown(ctx, cmd, owners, on)
	residents, unread := h.registeredAt(ctx, cmd, id) // of no matter to a command that was carried out before
	c.Residents, c.Rules = residents, h.rules
	return onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		if unfit != nil {
			return nil, unfit
		}
		if unread != nil {
			return nil, unread
		}
		return d.CorrectOwners(cmd, c)
	})
}

// AnswerProposal confirms or declines a proposed change of owners.
func (h *Handler) AnswerProposal(
	ctx context.Context, cmd domain.Command, id domain.DwellingID, c residence.AnswerProposal, opt Options,
) (Receipt, error) {
	return onStream(ctx, h, cmd, id.Stream(), opt, func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.AnswerProposal(cmd, c)
	})
}

// lapseProposal ends a change of owners that nobody confirmed in time.
func (h *Handler) lapseProposal(ctx context.Context, due domain.Task) error {
	item, err := uuid.Parse(due.Item)
	if err != nil {
		return fmt.Errorf("command: a proposal %q of the stream %s: %w", due.Item, due.Stream, err)
	}
	was, err := look[residence.Dwelling](ctx, h, due.Stream)
	if err != nil {
		return err
	}
	cmd := h.ownCommand(item, "lapse"+again(was.LapsesAnnulled))
	_, err = execute(ctx, h, streamCommand[residence.Dwelling]{
		cmd: cmd, stream: due.Stream,
		decide: func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.LapseProposal(cmd, residence.ProposalID{UUID: item})
		},
	})
	return err
}

// Register registers a residence or a temporary stay of the person.
func (h *Handler) Register(
	ctx context.Context, cmd domain.Command, person domain.PersonID, c residence.Register, opt Options,
) (Receipt, error) {
	c, err := h.addDwellingFacts(ctx, cmd, c)
	if err != nil {
		return Receipt{}, err
	}
	for i, consent := range c.Consents {
		p, err := look[residence.Person](ctx, h, consent.PersonID.Stream())
		if err != nil {
			return Receipt{}, err
		}
		if err := cmp.Or(
			p.CheckAlive(domain.Path("consents", i, "person_id")), consent.CheckGiver(p, domain.Path("consents", i, "given_on")),
		); err != nil {
			return Receipt{}, err
		}
	}
	r, err := h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: person.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
	}, func(p *residence.Person, household residence.Household) ([]domain.Event, error) {
		for i, consent := range c.Consents {
			if err := h.CheckUnmerged(ctx, cmd.Role, consent.PersonID, domain.Path("consents", i, "person_id")); err != nil {
				return nil, err
			}
		}
		c.Household = household
		return p.Register(cmd, c)
	})
	if err != nil || opt.DryRun {
		return r, err
	}
	if err := h.undoAtGone(ctx, c.DwellingID, r); err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// addDwellingFacts adds to a registration what its decision needs beside the person and
// the household: the dwelling, the rules, and who is registered there where an
// occupancy norm is in force.
//
// No stream protects how many are registered at a dwelling: two persons who register at
// the same moment may both take the last place. So a norm may be exceeded by those who
// registered at once; nobody's registration is ended for it.
func (h *Handler) addDwellingFacts(
	ctx context.Context, cmd domain.Command, c residence.Register,
) (residence.Register, error) {
	d, err := h.Dwelling(ctx, c.DwellingID)
	if err != nil {
		return c, err
	}
	if !d.Known() {
		unknown := residence.UnknownDwelling().At("dwelling_id")
		unknown.Kind = domain.Invalid
		return c, unknown
	}
	c.Rules, c.Dwelling = h.rules, &d
	if c.Dead, err = h.deadAt(ctx, &d); err != nil {
		return c, err
	}
	if _, norm := h.rules.On(cmd.Today()).OccupancyNorm(d.KATO, c.From); !norm || d.Area == 0 {
		return c, nil
	}
	if err := h.model.CatchUp(ctx); err != nil {
		return c, err
	}
	c.Occupants, err = h.model.Occupants(ctx, d.ID, cmd.Today())
	return c, err
}

// Correct corrects what was recorded of the person's registrations. The plan tells the
// consequences. A dry run makes the plan and changes nothing, whether or not the
// consequences are accepted.
func (h *Handler) Correct(
	ctx context.Context, cmd domain.Command, person domain.PersonID, c residence.Correct, opt Options,
) (Receipt, residence.CorrectionPlan, error) {
	var plan residence.CorrectionPlan
	c.Rules = h.rules
	was, err := look[residence.Person](ctx, h, person.Stream())
	if err != nil {
		return Receipt{}, plan, err
	}
	var inserted []domain.DwellingID
	for i, ch := range c.Changes {
		if ch.DwellingID.IsZero() {
			continue
		}
		inserted = append(inserted, ch.DwellingID)
		d, err := h.Dwelling(ctx, ch.DwellingID)
		if err != nil {
			return Receipt{}, plan, err
		}
		if !d.Known() {
			unknown := residence.UnknownDwelling().At(domain.Path("changes", i, "dwelling_id"))
			unknown.Kind = domain.Invalid
			return Receipt{}, plan, unknown
		}
	}
	if c.Gone, err = h.goneOf(ctx, was, inserted...); err != nil {
		return Receipt{}, plan, err
	}
	r, err := h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: person.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
	}, func(p *residence.Person, household residence.Household) (events []domain.Event, err error) {
		c.Household = household
		if opt.DryRun {
			plan, err = p.PlanCorrection(cmd, c)
			return plan.Events, err
		}
		return p.Correct(cmd, c)
	})
	return r, plan, err
}

// Deregister hands in and carries out an S001 application.
//
// Steps:
//  1. The case receives the application. Only this step may refuse the whole.
//  2. Each person's stream ends what the application asks for, or refuses for this
//     person.
//  3. The case records a result for each person (R15: after the entries of the register,
//     never before them) and, in the same append, the departure sheets that were asked
//     for (R17).
//
// A crash between the steps leaves a received case without results, which [Finisher]
// completes.
//
// The receipt is that of the case; its events are the application, the endings
// of its persons and the decision.
func (h *Handler) Deregister(
	ctx context.Context, cmd domain.Command, c residence.ApplyForDeregistration, opt Options,
) (Receipt, error) {
	facts, err := h.deregistrationFacts(ctx, c)
	if err != nil {
		return Receipt{}, err
	}
	received, err := onCaseStream(ctx, h, cmd, c.CaseID, opt, func(d *residence.Deregistration) ([]domain.Event, error) {
		by := signer{cmd.Signer(c.ApplicantID), c.Signature}
		return h.decideSigned(ctx, cmd, by, opt, func(e domain.Evidence) ([]domain.Event, error) {
			c.Evidence = e
			return d.Receive(cmd, c, facts)
		})
	})
	if err != nil {
		return Receipt{}, err
	}
	if opt.DryRun {
		if !received.Planned { // the command has been carried out before
			return received, nil
		}
		var d residence.Deregistration
		d.Apply(received.Events[0])
		return h.planEndings(ctx, cmd, d, facts.Persons, received)
	}
	application, ok := received.Events[0].Event.(residence.DeregistrationApplied)
	if ok && len(application.CoOwners) > 0 { // it waits for their answers: see Answer
		return received, nil
	}
	decided, err := h.finishDeregistration(ctx, c.CaseID)
	if err != nil {
		return Receipt{}, err
	}
	decided.Events = append(received.Events, decided.Events...)
	decided.Repeated = received.Repeated
	return decided, nil
}

// planEndings adds to a planned receipt the steps that would follow. d is the case with
// the planned events; where it waits for co-owners no step follows.
func (h *Handler) planEndings(
	ctx context.Context, cmd domain.Command, d residence.Deregistration, persons []*residence.Person, r Receipt,
) (Receipt, error) {
	if d.Stage() != residence.StageCarriedOut {
		return r, nil
	}
	id := d.Applied.CaseID
	var results []residence.Result
	var endings []domain.Recorded
	for _, p := range persons {
		household, err := h.household(ctx, p.ID.Stream())
		if err != nil {
			return Receipt{}, err
		}
		ends, err := p.EndFor(h.endingsOf(d, household))
		ended := planned(cmd, p.ID.Stream(), id.UUID, ends)
		result, err := resultOf(p.ID, ended, err)
		if err != nil {
			return Receipt{}, err
		}
		results = append(results, result)
		for i := range ended { // the sheets name them as the log would
			ended[i].Revision = p.Revision() + 1 + uint64(i)
		}
		endings = append(endings, ended...)
	}
	decided, err := decideWithSheets(&d, cmd, results, endings, h.rules)
	if err != nil {
		return Receipt{}, err
	}
	r.Events = slices.Concat(r.Events, endings, planned(cmd, id.Stream(), id.UUID, decided))
	return r, nil
}

// Answer takes a co-owner's answer to an S001 application. The last confirmation carries
// the application out, by the steps of [Handler.Deregister]; a decline refuses it, in one
// append to the case.
func (h *Handler) Answer(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c residence.AnswerApplication, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	d, err := load[residence.Deregistration](ctx, h, id.Stream())
	if err != nil {
		return Receipt{}, err
	}
	dwelling, err := h.Dwelling(ctx, d.Applied.DwellingID)
	if err != nil {
		return Receipt{}, err
	}
	answered, err := onCaseStream(ctx, h, cmd, id, opt, func(d *residence.Deregistration) ([]domain.Event, error) {
		by := signer{cmd.Signer(c.PersonID), c.Signature}
		return h.decideSigned(ctx, cmd, by, opt, func(e domain.Evidence) ([]domain.Event, error) {
			c.Evidence = e
			return d.Answer(cmd, c, &dwelling)
		})
	})
	if err != nil {
		return Receipt{}, err
	}
	last, ok := answered.Events[len(answered.Events)-1].Event.(residence.CoOwnerConfirmed)
	if !ok || last.Deadline.IsZero() {
		return answered, nil
	}
	if opt.DryRun {
		if !answered.Planned {
			return answered, nil
		}
		var persons []*residence.Person
		for _, id := range d.Applied.Persons {
			p, err := h.Person(ctx, id)
			if err != nil {
				return Receipt{}, err
			}
			persons = append(persons, &p)
		}
		d.Apply(answered.Events[0])
		return h.planEndings(ctx, cmd, d, persons, answered)
	}
	decided, err := h.finishDeregistration(ctx, id)
	if err != nil {
		return Receipt{}, err
	}
	decided.Events = append(answered.Events, decided.Events...)
	decided.Repeated = answered.Repeated
	return decided, nil
}

// lapseConfirmations ends an S001 case whose co-owners did not answer in time (R6).
func (h *Handler) lapseConfirmations(ctx context.Context, due domain.Task) error {
	id, err := uuid.Parse(strings.TrimPrefix(due.Stream, "case-"))
	if err != nil {
		return fmt.Errorf("command: confirmations of the stream %s: %w", due.Stream, err)
	}
	was, err := look[residence.Deregistration](ctx, h, due.Stream)
	if err != nil {
		return err
	}
	cmd := h.ownCommand(id, "lapse"+again(was.Annulled))
	_, err = execute(ctx, h, streamCommand[residence.Deregistration]{
		cmd: cmd, stream: due.Stream, correlation: id,
		decide: func(d *residence.Deregistration) ([]domain.Event, error) { return d.Lapse(cmd, h.rules) },
	})
	return err
}

// deregistrationFacts reads what the decision on the application needs.
func (h *Handler) deregistrationFacts(
	ctx context.Context, c residence.ApplyForDeregistration,
) (residence.Facts, error) {
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
	for _, o := range dwelling.Owners {
		p, err := h.Person(ctx, o.Speaker())
		if err != nil {
			return residence.Facts{}, err
		}
		if p.Known() {
			f.Speakers = append(f.Speakers, &p)
		}
	}
	return f, nil
}

// finishDeregistration takes the steps that a received S001 case still needs
// and returns the receipt of its decision, with the endings before it.
func (h *Handler) finishDeregistration(ctx context.Context, id domain.CaseID) (Receipt, error) {
	d, err := load[residence.Deregistration](ctx, h, id.Stream())
	if err != nil {
		return Receipt{}, err
	}
	if d.Complete.IsZero() { // it waits for co-owners, or one has refused
		return Receipt{}, nil
	}
	var results []residence.Result
	var ended []domain.Recorded
	for i, person := range d.Applied.Persons {
		if d.Decided && !d.Results[i].Granted() {
			continue // refused for this person, which stays so even if it would be possible now
		}
		done, err := h.endFor(ctx, d, person)
		result, err := resultOf(person, done.Events, err)
		if err != nil {
			return Receipt{}, err
		}
		results = append(results, result)
		ended = append(ended, done.Events...)
	}
	cmd := d.Order.Step(id.UUID, "decide")
	cmd.Now = h.now()
	decided, err := execute(ctx, h, streamCommand[residence.Deregistration]{
		cmd: cmd, stream: id.Stream(), correlation: id.UUID, later: true,
		decide: func(d *residence.Deregistration) ([]domain.Event, error) {
			return decideWithSheets(d, cmd, results, ended, h.rules)
		},
	})
	decided.Events = append(ended, decided.Events...)
	return decided, err
}

// decideWithSheets is the last step of a deregistration: the decision and, in the
// same append, the departure sheets of what has ended.
func decideWithSheets(
	d *residence.Deregistration, cmd domain.Command, results []residence.Result, ended []domain.Recorded,
	book rules.Book,
) ([]domain.Event, error) {
	decided, err := d.Decide(cmd, results, book)
	if err != nil {
		return nil, err
	}
	return append(decided, d.DepartureSheets(cmd, ended)...), nil
}

// endingsOf is what the case asks of each person's stream: an ending on the day
// on which the case was complete, however late it is finished.
func (h *Handler) endingsOf(d residence.Deregistration, household residence.Household) residence.EndFor {
	return residence.EndFor{
		CaseID: d.Applied.CaseID, DwellingID: d.Applied.DwellingID, Ground: d.Applied.Ground,
		On: domain.DateOf(d.Complete), Received: d.Received, Named: d.Applied.Persons,
		Household: household, Rules: h.rules,
	}
}

// endFor ends the registrations of one person of the case. It is idempotent.
func (h *Handler) endFor(ctx context.Context, d residence.Deregistration, person domain.PersonID) (Receipt, error) {
	cmd := d.Order.Step(d.Applied.CaseID.UUID, "end "+person.String())
	return h.executeWithHousehold(ctx, streamCommand[residence.Person]{
		cmd: cmd, stream: person.Stream(), correlation: d.Applied.CaseID.UUID, later: true,
	}, func(p *residence.Person, household residence.Household) ([]domain.Event, error) {
		return p.EndFor(h.endingsOf(d, household))
	})
}

// resultOf is the result of the case for one person: the registrations that were ended,
// or why none was.
func resultOf(person domain.PersonID, events []domain.Recorded, err error) (residence.Result, error) {
	result := residence.Result{PersonID: person}
	var refusal *domain.Error
	switch {
	case errors.As(err, &refusal) && slices.Contains(residence.RefusalCodes, refusal.Code):
		result.Code, result.Reason = refusal.Code, refusal.Message
		return result, nil
	case err != nil:
		return result, err
	}
	for _, rec := range events {
		if e, ok := rec.Event.(residence.RegistrationEnded); ok {
			result.Ended = append(result.Ended, e.RegistrationID)
			result.Warnings = append(result.Warnings, e.Warnings...)
		}
	}
	return result, nil
}
