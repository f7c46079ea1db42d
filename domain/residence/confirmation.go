package residence

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// Confirmation is whether a co-owner has confirmed an application (R6).
type Confirmation string

const (
	ConfirmationRequested Confirmation = "requested"
	ConfirmationConfirmed Confirmation = "confirmed"
	ConfirmationDeclined  Confirmation = "declined"
	ConfirmationLapsed    Confirmation = "lapsed"
)

// Confirmations lists them all.
var Confirmations = []Confirmation{
	ConfirmationRequested,
	ConfirmationConfirmed,
	ConfirmationDeclined,
	ConfirmationLapsed,
}

// CoOwnerConfirmed says that a co-owner confirmed the application. With the
// last of them the case is complete: Deadline is set, and the 30 minutes run
// from this instant, not from that of the application.
type CoOwnerConfirmed struct {
	CaseID      domain.CaseID          `json:"case_id"`
	PersonID    domain.PersonID        `json:"person_id"`
	Signature   domain.SignatureMethod `json:"signature"`
	Evidence    domain.Evidence        `json:"evidence,omitzero"`
	ConfirmedAt time.Time              `json:"confirmed_at"`
	Deadline    time.Time              `json:"deadline,omitzero"`
}

// CoOwnerDeclined says that a co-owner declined the application. The decision
// follows in the same append.
type CoOwnerDeclined struct {
	CaseID     domain.CaseID          `json:"case_id"`
	PersonID   domain.PersonID        `json:"person_id"`
	Signature  domain.SignatureMethod `json:"signature"`
	Evidence   domain.Evidence        `json:"evidence,omitzero"`
	DeclinedAt time.Time              `json:"declined_at"`
}

// ConfirmationRevoked says that a co-owner revoked their confirmation; it is
// requested again.
type ConfirmationRevoked struct {
	CaseID    domain.CaseID          `json:"case_id"`
	PersonID  domain.PersonID        `json:"person_id"`
	Signature domain.SignatureMethod `json:"signature"`
	Evidence  domain.Evidence        `json:"evidence,omitzero"`
	RevokedAt time.Time              `json:"revoked_at"`
}

// ConfirmationsLapsed says that some co-owners did not answer in time. The
// decision follows in the same append.
type ConfirmationsLapsed struct {
	CaseID   domain.CaseID     `json:"case_id"`
	Silent   []domain.PersonID `json:"silent"`
	LapsedAt time.Time         `json:"lapsed_at"` // when the time was over, however late that was noticed
}

func (CoOwnerConfirmed) EventType() string    { return "CoOwnerConfirmed" }
func (CoOwnerDeclined) EventType() string     { return "CoOwnerDeclined" }
func (ConfirmationRevoked) EventType() string { return "CoOwnerConfirmationRevoked" }
func (ConfirmationsLapsed) EventType() string { return "CoOwnerConfirmationsLapsed" }

// MovesTo says that the last confirmation puts the case under review.
func (e CoOwnerConfirmed) MovesTo() procedure.State {
	if e.Deadline.IsZero() {
		return procedure.AwaitingCoOwners
	}
	return procedure.InReview
}

// Term is the deadline that runs from the last confirmation.
func (e CoOwnerConfirmed) Term() time.Time { return e.Deadline }

func (e CoOwnerConfirmed) EffectiveAt() time.Time    { return e.ConfirmedAt }
func (e CoOwnerDeclined) EffectiveAt() time.Time     { return e.DeclinedAt }
func (e ConfirmationRevoked) EffectiveAt() time.Time { return e.RevokedAt }
func (e ConfirmationsLapsed) EffectiveAt() time.Time { return e.LapsedAt }

func (e CoOwnerConfirmed) Concerns() domain.Concern    { return domain.ConcernsCase(e.CaseID) }
func (e CoOwnerDeclined) Concerns() domain.Concern     { return domain.ConcernsCase(e.CaseID) }
func (e ConfirmationRevoked) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e ConfirmationsLapsed) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }

func (e CoOwnerConfirmed) LogValue() slog.Value    { return domain.Masked(e) }
func (e CoOwnerDeclined) LogValue() slog.Value     { return domain.Masked(e) }
func (e ConfirmationRevoked) LogValue() slog.Value { return domain.Masked(e) }

// Stage of an S001 case.
type Stage string

const (
	StageNone             Stage = ""                   // not received
	StageAwaitingCoOwners Stage = "awaiting_co_owners" // no registration is touched
	StageCarriedOut       Stage = "in_review"          // complete: the registry ends the registrations, and nothing stops it
	StageDecided          Stage = "decided"
)

// Stage returns the stage of the case. The transitions are:
//
//	from              by                       guard                          to
//	—                 received                 no co-owners to ask            CarriedOut
//	—                 received                 portal, R6                     AwaitingCoOwners
//	AwaitingCoOwners  confirmed                others are still silent        AwaitingCoOwners
//	AwaitingCoOwners  confirmed                the last, owners as they were  CarriedOut
//	AwaitingCoOwners  confirmed                the last, owners changed       Decided (refused)
//	AwaitingCoOwners  confirmation revoked     it had been given              AwaitingCoOwners
//	AwaitingCoOwners  declined                 not confirmed before           Decided (refused)
//	AwaitingCoOwners  lapsed                   the time is over               Decided (refused)
//	AwaitingCoOwners  withdrawn, terminated                                   Decided (nothing)
//	CarriedOut        decided                                                 Decided
//
// A confirmation can be revoked until the last one is given. With that one the
// registry begins to end registrations in other streams, so it cannot be
// revoked.
func (d *Deregistration) Stage() Stage {
	switch {
	case !d.Known():
		return StageNone
	case d.Decided || d.Withdrawn:
		return StageDecided
	case d.Complete.IsZero():
		return StageAwaitingCoOwners
	}
	return StageCarriedOut
}

// Answer is what a co-owner says to an application.
type Answer string

const (
	AnswerConfirm Answer = "confirm"
	AnswerDecline Answer = "decline"
	AnswerRevoke  Answer = "revoke"
)

// Answers lists them all.
var Answers = []Answer{AnswerConfirm, AnswerDecline, AnswerRevoke}

// AnswerApplication is the command by which a co-owner answers.
type AnswerApplication struct {
	PersonID  domain.PersonID
	Answer    Answer
	Signature domain.SignatureMethod
	Evidence  domain.Evidence
	Rules     rules.Book
}

// Answer decides [AnswerApplication]. dwelling has the present owners: title is
// checked when the case is decided (R5).
func (d *Deregistration) Answer(cmd domain.Command, c AnswerApplication, dwelling *Dwelling) ([]domain.Event, error) {
	if !d.Known() || !slices.Contains(d.Applied.CoOwners, c.PersonID) {
		return nil, domain.Refuse(domain.NotFound, domain.CodeCaseUnknown,
			"there is no application with this id that asks for your confirmation")
	}
	if d.Stage() != StageAwaitingCoOwners {
		return nil, domain.Refuse(domain.Conflict, domain.CodeCaseDecided,
			"this case no longer waits for a confirmation")
	}
	if !cmd.Now.Before(d.Applied.ConfirmBy) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeConfirmationLate,
			"the time for an answer ended on %s; the owner may apply again", domain.LastDayBefore(d.Applied.ConfirmBy))
	}
	if c.Signature != domain.SignatureEDS {
		return nil, domain.Refuse(domain.Invalid, domain.CodeSignatureMethod,
			"an answer to an application is signed by %s", domain.SignatureEDS).At("signature.method")
	}
	if err := c.Signature.SignedBy(cmd.Signer(c.PersonID), c.Evidence); err != nil {
		return nil, err
	}
	by := c.Rules
	confirmed := slices.Contains(d.Confirmed, c.PersonID)
	switch c.Answer {
	case AnswerConfirm:
		if confirmed {
			return nil, domain.Refuse(domain.Conflict, domain.CodeAnswered,
				"you have confirmed this application already")
		}
		return d.confirm(cmd, c, dwelling), nil
	case AnswerDecline:
		if confirmed {
			return nil, domain.Refuse(domain.Conflict, domain.CodeAnswered,
				"you have confirmed this application: revoke the confirmation first")
		}
		declined := CoOwnerDeclined{
			CaseID: d.Applied.CaseID, PersonID: c.PersonID, Signature: c.Signature, Evidence: c.Evidence, DeclinedAt: cmd.Now,
		}
		return append([]domain.Event{declined},
			d.refuseAll(cmd, by, domain.CodeCoOwnerDeclined, "a co-owner of the dwelling declined the application")...), nil
	case AnswerRevoke:
		if !confirmed {
			return nil, domain.Refuse(domain.Conflict, domain.CodeNotConfirmed,
				"you have given no confirmation that could be revoked")
		}
		return []domain.Event{
			ConfirmationRevoked{
				CaseID:    d.Applied.CaseID,
				PersonID:  c.PersonID,
				Signature: c.Signature,
				Evidence:  c.Evidence,
				RevokedAt: cmd.Now,
			},
		}, nil
	}
	return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
		"an answer is %s, %s or %s", AnswerConfirm, AnswerDecline, AnswerRevoke).At("outcome")
}

func (d *Deregistration) confirm(cmd domain.Command, c AnswerApplication, dwelling *Dwelling) []domain.Event {
	by := c.Rules
	e := CoOwnerConfirmed{
		CaseID:      d.Applied.CaseID,
		PersonID:    c.PersonID,
		Signature:   c.Signature,
		Evidence:    c.Evidence,
		ConfirmedAt: cmd.Now,
	}
	agreed := append(slices.Clip(d.Confirmed), c.PersonID)
	if len(agreed) < len(d.Applied.CoOwners) {
		return []domain.Event{e}
	}
	if !dwelling.OwnedBy(d.Applied.ApplicantID) {
		return append([]domain.Event{e},
			d.refuseAll(cmd, by, domain.CodeApplicantNotOwner, "the applicant does not own the dwelling any more")...)
	}
	for _, o := range dwelling.Owners {
		if p := o.Speaker(); p != d.Applied.ApplicantID && !slices.Contains(agreed, p) {
			return append([]domain.Event{e}, d.refuseAll(cmd, by, domain.CodeOwnersChanged,
				"the dwelling has another owner since, who was not asked; apply again")...)
		}
	}
	e.Deadline = deregistrationDeadline(by.On(cmd.Today()), cmd.Now)
	return []domain.Event{e}
}

// Lapse decides that the co-owners' time is over.
func (d *Deregistration) Lapse(cmd domain.Command, by rules.Book) ([]domain.Event, error) {
	if d.Stage() != StageAwaitingCoOwners || cmd.Now.Before(d.Applied.ConfirmBy) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue,
			"this case waits for no confirmation, or the time for it is not over")
	}
	e := ConfirmationsLapsed{CaseID: d.Applied.CaseID, LapsedAt: d.Applied.ConfirmBy}
	for _, p := range d.Applied.CoOwners {
		if !slices.Contains(d.Confirmed, p) {
			e.Silent = append(e.Silent, p)
		}
	}
	return append([]domain.Event{e}, d.refuseAll(cmd, by, domain.CodeCoOwnersSilent,
		"not all co-owners of the dwelling confirmed the application in time; apply again")...), nil
}

// refuseAll ends the case with the same result for each person.
func (d *Deregistration) refuseAll(
	cmd domain.Command,
	by rules.Book,
	code domain.Code,
	reason string,
) []domain.Event {
	var results []Result
	for _, p := range d.Applied.Persons {
		results = append(results, Result{PersonID: p, Code: code, Reason: reason})
	}
	return d.decision(cmd, results, by)
}

// coOwners are the persons who must confirm an application (R6): by themselves on the
// portal, on paper at a desk. The agent confirms for a co-owner that is no person; a zero id
// stands for one for which nobody speaks.
func coOwners(cmd domain.Command, c ApplyForDeregistration, f Facts) []domain.PersonID {
	if !f.edition(cmd).Deregistration.CoOwnersConfirm || c.Ground != GroundOwnerApplication {
		return nil
	}
	var others []domain.PersonID
	for _, o := range f.Dwelling.Owners {
		if p := o.Speaker(); p != c.ApplicantID && !slices.Contains(others, p) {
			others = append(others, p)
		}
	}
	return others
}
