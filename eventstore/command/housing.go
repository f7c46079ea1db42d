package command

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// OpenList opens a list. The lists that a body took over from others are its own, and it has one
// of a name (Q27, C27).
func (h *Handler) OpenList(ctx context.Context, cmd domain.Command, c housing.OpenList, opt Options) (Receipt, error) {
	former, err := h.former(ctx, c.BodyID)
	if err != nil {
		return Receipt{}, err
	}
	return onStream(ctx, h, cmd, c.ListID.Stream(), opt, func(q *housing.List) ([]domain.Event, error) {
		for _, id := range former {
			same := c
			same.BodyID = id
			same, err := housing.NewList(same)
			if err != nil {
				return nil, err
			}
			taken, err := h.openerOf(ctx, same.ListID)
			if err != nil {
				return nil, err
			}
			if !taken.IsZero() {
				return nil, housing.ListTaken(same.ListID)
			}
		}
		return q.Open(cmd, c)
	})
}

// ReceiveApplication hands in an S000 application.
func (h *Handler) ReceiveApplication(
	ctx context.Context, cmd domain.Command, c housing.ReceiveApplication, opt Options,
) (Receipt, error) {
	if err := h.CheckAlive(ctx, c.ApplicantID, "applicant_id"); err != nil {
		return Receipt{}, err
	}
	born, err := h.births(ctx, c.ApplicantID, c.Family)
	if err != nil {
		return Receipt{}, err
	}
	c.Rules, c.Born = h.rules, born.on
	c.Adult = func(id domain.PersonID) bool {
		return born.knows(id) && born[id].YearsOn(cmd.Today()) >= h.rules.On(cmd.Today()).Ages.Capacity
	}
	return onCaseStream(ctx, h, cmd, c.CaseID, opt, func(a *housing.Application) ([]domain.Event, error) {
		by := signer{cmd.Signer(c.ApplicantID), c.Signature}
		return h.decideSigned(ctx, cmd, by, opt, func(e domain.Evidence) ([]domain.Event, error) {
			q, err := h.List(ctx, c.ListID)
			if err != nil {
				return nil, err
			}
			if err := h.unmerged(ctx, cmd.Role, c.ApplicantID, "applicant_id", c.Family); err != nil {
				return nil, err
			}
			if c.Facts, err = h.lives(ctx, cmd.Today(), c.ApplicantID, c.Family); err != nil {
				return nil, err
			}
			c.Evidence = e
			return a.Receive(cmd, c, q, born.knows)
		})
	})
}

// births are the birth dates of those who are recorded.
type births map[domain.PersonID]domain.Date

func (b births) on(id domain.PersonID) domain.Date { return b[id] }

func (b births) knows(id domain.PersonID) bool { _, ok := b[id]; return ok }

// births reads when the holder of an application or entry and the family were born.
func (h *Handler) births(ctx context.Context, holder domain.PersonID, family []housing.FamilyMember) (births, error) {
	found := births{}
	for _, m := range append([]housing.FamilyMember{{PersonID: holder}}, family...) {
		p, err := h.Person(ctx, m.PersonID)
		if err != nil {
			return nil, err
		}
		if p.Known() {
			found[m.PersonID] = p.BirthDate
		}
	}
	return found, nil
}

// DecidePlacement decides to place the applicant of an S000 case on its list.
//
// Steps:
//  1. The case is approved, unless another list of the body has an entry of the person
//     or the spouse (Q5), or the registry's own records contradict it and nobody has
//     answered that (Q28). From here on the case takes no other decision.
//  2. The list places the entry and computes its number, or refuses where the person
//     got an active entry meanwhile, or where the instant of the application contradicts
//     the log now and the approval does not say which order holds.
//  3. The case records the certificate. After a refusal it records the compensating
//     event, that the approval is void, and is open again.
//
// A crash between the steps leaves an approved case without a certificate, which
// [Finisher] completes.
//
// The receipt is that of the case's certificate; its events are the approval,
// the certificate and, before it, the entry of the list.
func (h *Handler) DecidePlacement(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c housing.Approve, opt Options,
) (Receipt, error) {
	cmd, err := h.Minuted(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	examine := c.Examine
	c.Rules = h.rules
	approved, err := onCaseStream(ctx, h, cmd, id, opt, func(a *housing.Application) ([]domain.Event, error) {
		q, err := h.List(ctx, a.Received.ListID)
		if err != nil {
			return nil, err
		}
		if err := canDecideOn(cmd, a); err != nil {
			return nil, err
		}
		c.Examine = h.completeExamination(q, examine)
		if err := h.model.CatchUp(ctx); err != nil { // for the records, and for the other lists
			return nil, err
		}
		c.Facts, err = h.Recorded(ctx, cmd.Today(), housing.EntryOf(id), a.ApplicantID, a.Received.Family)
		if err != nil {
			return nil, err
		}
		events, err := a.Approve(cmd, q, c)
		if domain.CodeOf(err) == domain.CodeWarningsOpen { // of what the list has learned since it was read, perhaps
			if q, err = h.List(ctx, a.Received.ListID); err != nil {
				return nil, err
			}
			events, err = a.Approve(cmd, q, c)
		}
		if err != nil && domain.CodeOf(err) != domain.CodeWarningsOpen { // warnings come after all refusals
			return nil, err
		}
		if err := h.unmerged(ctx, cmd.Role, a.ApplicantID, "", a.Received.Family); err != nil {
			return nil, err
		}
		elsewhere := h.checkOtherLists(ctx, a.Received.ListID, q.Opened.Body, a.ApplicantID, a.Received.Family)
		return events, cmp.Or(elsewhere, err)
	})
	if err != nil {
		return Receipt{}, err
	}
	if approved.Planned {
		return h.planPlacement(ctx, cmd, id, approved)
	}
	if opt.DryRun { // the command had been carried out before
		return approved, nil
	}
	done, err := h.finishPlacement(ctx, id, approved.Events[len(approved.Events)-1]) // a review may begin before it
	if err != nil {
		return Receipt{}, err
	}
	done.Events = append(approved.Events, done.Events...)
	done.Repeated = approved.Repeated
	return done, nil
}

// checkOtherLists refuses a person with a family where the person, or the spouse, has
// an entry on another list of the body (Q5). The read model, which has caught up, tells which
// lists the body has; each list tells who stands there. Nothing protects two lists together: of two
// acts at the same moment, one on each list, neither sees the other. A list with an event
// that cannot be used is taken as it was before that event: it holds back its own
// commands, and not those on the other lists.
func (h *Handler) checkOtherLists(
	ctx context.Context, own domain.ListID, body string, p domain.PersonID, family []housing.FamilyMember,
) error {
	lists, err := h.model.ListsOf(ctx, body)
	if err != nil {
		return err
	}
	for _, id := range lists {
		if id == own {
			continue
		}
		q, err := streamOf[housing.List](h, id.Stream()).readSound(ctx)
		if err == nil {
			err = q.state.KeepsOff(p, family)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// planPlacement adds to a planned approval the steps that would follow.
func (h *Handler) planPlacement(
	ctx context.Context, cmd domain.Command, id domain.CaseID, approved Receipt,
) (Receipt, error) {
	a, err := load[housing.Application](ctx, h, id.Stream())
	if err != nil {
		return Receipt{}, err
	}
	for _, rec := range approved.Events {
		a.Apply(rec)
	}
	e := *a.Approved
	q, err := h.List(ctx, e.ListID)
	if err != nil {
		return Receipt{}, err
	}
	placed, err := q.Place(cmd, placementOf(e, latest), h.rules)
	if err != nil {
		return Receipt{}, err
	}
	certified, err := a.Certify(cmd, placed[0].(housing.EntryPlaced))
	if err != nil {
		return Receipt{}, err
	}
	approved.Events = slices.Concat(approved.Events,
		planned(cmd, e.ListID.Stream(), id.UUID, placed), planned(cmd, id.Stream(), id.UUID, certified))
	return approved, nil
}

// latest is the position of a decision after all that the log holds.
const latest domain.Position = math.MaxUint64

// placementOf is the command to the list that follows from an approval at that
// position of the log.
func placementOf(e housing.PlacementApproved, at domain.Position) housing.Place {
	return housing.Place{
		EntryID: e.EntryID, PersonID: e.PersonID, CaseID: e.CaseID, Seniority: e.Seniority, Family: e.Family,
		Consent: e.Consent, RegisteredOn: e.RegisteredOn, Approved: at, Order: e.Order.Holds,
	}
}

// finishPlacement takes the steps that an approval still needs. The command of each
// step is derived from the approval: repeated, by this process or another, the step is
// taken once.
func (h *Handler) finishPlacement(ctx context.Context, id domain.CaseID, approval domain.Recorded) (Receipt, error) {
	e, ok := approval.Event.(housing.PlacementApproved)
	if !ok {
		return Receipt{}, errors.New("command: " + approval.Stream + " holds no approval where one was read")
	}
	cmd := func(name string) domain.Command { return domain.CommandOf(approval, h.now()).Step(approval.ID, name) }

	place := cmd("place")
	placed, err := step(ctx, h, place, e.ListID.Stream(), id, func(q *housing.List) ([]domain.Event, error) {
		return q.Place(place, placementOf(e, approval.Position), h.rules)
	})
	var refusal *domain.Error
	if errors.As(err, &refusal) && voidsApproval(refusal.Code) {
		void := cmd("void")
		if _, err := step(ctx, h, void, id.Stream(), id, func(a *housing.Application) ([]domain.Event, error) {
			return a.Void(void, refusal)
		}); err != nil {
			return Receipt{}, err
		}
		return Receipt{}, refusal
	}
	if err != nil {
		return Receipt{}, err
	}

	certify := cmd("certify")
	entry := placed.Events[0].Event.(housing.EntryPlaced)
	certified, err := step(ctx, h, certify, id.Stream(), id, func(a *housing.Application) ([]domain.Event, error) {
		return a.Certify(certify, entry)
	})
	if err != nil {
		return Receipt{}, err
	}
	certified.Events = append(placed.Events, certified.Events...)
	return certified, nil
}

// voidsApproval reports whether the approval is void where the list refuses the
// placement with this code.
func voidsApproval(code domain.Code) bool {
	return code == domain.CodeAlreadyOnList || code == domain.CodeSpouseOnList || code == domain.CodeListUnknown ||
		code == domain.CodeOrderContradicted
}

// completeExamination adds to an examination what the registry knows: the settlement of
// the list, and the rules. It returns nil for nil.
func (h *Handler) completeExamination(q *housing.List, c *housing.Examine) *housing.Examine {
	if c == nil {
		return nil
	}
	whole := *c
	whole.Settlement, whole.Rules = q.Opened.Settlement, h.rules
	return &whole
}

// Examine records an examination of need: one append to its case.
func (h *Handler) Examine(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c housing.Examine, opt Options,
) (Receipt, error) {
	return onCaseStream(ctx, h, cmd, id, opt, func(a *housing.Application) ([]domain.Event, error) {
		q, err := h.List(ctx, a.Received.ListID)
		if err != nil {
			return nil, err
		}
		return a.Examine(cmd, *h.completeExamination(q, &c))
	})
}

// ChangeApplicationConsent withdraws the consent of an application that is not
// decided, or gives it again: one append to its case.
func (h *Handler) ChangeApplicationConsent(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c housing.ChangeConsent, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return onCaseStream(ctx, h, cmd, id, opt, func(a *housing.Application) ([]domain.Event, error) {
		return a.ChangeConsent(cmd, c)
	})
}

// AnswerAsMember records whether a member of the applicant's family consents: one append to
// the case.
func (h *Handler) AnswerAsMember(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c housing.AnswerAsMember, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	return onCaseStream(ctx, h, cmd, id, opt, func(a *housing.Application) ([]domain.Event, error) {
		return a.AnswerAsMember(cmd, c)
	})
}

// DropMembers drops members who have not consented from the family of an application: one
// append to the case.
func (h *Handler) DropMembers(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c housing.DropMembers, opt Options,
) (Receipt, error) {
	return onCaseStream(ctx, h, cmd, id, opt, func(a *housing.Application) ([]domain.Event, error) {
		return a.DropMembers(cmd, c)
	})
}

// RefuseApplication refuses an S000 application: one append to its case.
func (h *Handler) RefuseApplication(
	ctx context.Context, cmd domain.Command, id domain.CaseID, c housing.Refuse, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	cmd, err := h.Minuted(ctx, cmd)
	if err != nil {
		return Receipt{}, err
	}
	return onCaseStream(ctx, h, cmd, id, opt, func(a *housing.Application) ([]domain.Event, error) {
		if err := canDecideOn(cmd, a); err != nil {
			return nil, err
		}
		if c.Examine != nil {
			q, err := h.List(ctx, a.Received.ListID)
			if err != nil {
				return nil, err
			}
			c.Examine = h.completeExamination(q, c.Examine)
		}
		return a.Refuse(cmd, c)
	})
}
