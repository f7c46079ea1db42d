package housing

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// A removal is an adverse act (Q15): it is the end of a review, and the review
// is an administrative procedure that the body begins by itself (APPC 62(2)).
// Its hearing and the complaint about the removal are those of
// [procedure.Case]; their events are in the stream of the list, so that one
// stream decides about a place.

// RemovalReason is why an entry leaves the list. The edition in force lists the
// reasons ([rules.Register]; housing law, art. 73(1)).
type RemovalReason string

// The reasons of the built-in edition.
const (
	GroundsFellAway       RemovalReason = "grounds_fell_away"
	DepartureOrEndOfWork  RemovalReason = "departure_or_end_of_employment"
	UntrueInformation     RemovalReason = "untrue_information"
	DwellingAcquired      RemovalReason = "dwelling_acquired"
	StateDwellingReceived RemovalReason = "state_dwelling_received"
)

// ReinstatementGround is why a removed entry comes back with its seniority: a
// complaint that was satisfied, or an act of court.
type ReinstatementGround string

const (
	ComplaintSatisfied ReinstatementGround = "complaint_satisfied"
	CourtAct           ReinstatementGround = "court_act"
)

// ReinstatementGrounds lists them all.
var ReinstatementGrounds = []ReinstatementGround{ComplaintSatisfied, CourtAct}

// Act of a court on a removal.
type Act struct {
	Number    domain.Personal `json:"number"`
	On        domain.Date     `json:"on"`
	InForceOn domain.Date     `json:"in_force_on"`
}

// EntryRemoved takes an entry off the list, and ends the review CaseID. The
// written notice with the grounds is due on NoticeDueOn ([NoticeGiven]).
type EntryRemoved struct {
	ListID      domain.ListID   `json:"list_id"`
	EntryID     domain.EntryID  `json:"entry_id"`
	PersonID    domain.PersonID `json:"person_id"`
	CaseID      domain.CaseID   `json:"case_id"`
	Seniority   Seniority       `json:"seniority"`
	Reason      RemovalReason   `json:"reason"`
	Note        domain.Personal `json:"note,omitempty"`
	NoticeDueOn domain.Date     `json:"notice_due_on"`
	Edition     rules.EditionID `json:"edition"` // of the rules it was judged by
	RemovedAt   time.Time       `json:"removed_at"`
}

// EntryReinstated brings a removed entry back to the place that its seniority
// gives it.
type EntryReinstated struct {
	ListID    domain.ListID   `json:"list_id"`
	EntryID   domain.EntryID  `json:"entry_id"`
	PersonID  domain.PersonID `json:"person_id"`
	Seniority Seniority       `json:"seniority"`
	Overtakes int             `json:"overtakes,omitempty"`
	CaseID    domain.CaseID   `json:"case_id"` // of the review that ended with the removal
	// Removal is the event that it undoes; none in events of before C31
	Removal     domain.EventRef     `json:"removal,omitzero"`
	Ground      ReinstatementGround `json:"ground"`
	ComplaintID string              `json:"complaint_id,omitempty"`
	CourtAct    Act                 `json:"court_act,omitzero"`
	Note        domain.Personal     `json:"note,omitempty"`
	// a new year from the reinstatement, whose decision has looked at the need (policy)
	InventoryDueOn domain.Date `json:"inventory_due_on"`
	ReinstatedAt   time.Time   `json:"reinstated_at"`
}

func (EntryRemoved) EventType() string    { return "EntryRemoved" }
func (EntryReinstated) EventType() string { return "EntryReinstated" }

func (e EntryRemoved) EffectiveAt() time.Time    { return e.RemovedAt }
func (e EntryReinstated) EffectiveAt() time.Time { return e.ReinstatedAt }

func (e EntryRemoved) Concerns() domain.Concern    { return personInCase(e.PersonID, e.CaseID) }
func (e EntryReinstated) Concerns() domain.Concern { return personInCase(e.PersonID, e.CaseID) }

func (e EntryRemoved) LogValue() slog.Value    { return domain.Masked(e) }
func (e EntryReinstated) LogValue() slog.Value { return domain.Masked(e) }

func (EntryRemoved) MovesTo() procedure.State { return procedure.Refused }

// proceeding is the procedure of a review.
type proceeding struct {
	procedure.Case
	entry domain.EntryID
	won   string // complaint about the removal that was decided in the holder's favour; empty where there is none
}

// proceed folds an event of a review.
func (l *List) proceed(id domain.CaseID, rec domain.Recorded) {
	p, ok := l.reviews.Get(id.UUID)
	if !ok {
		return
	}
	next := *p
	next.Case = p.Case.Clone()
	if e, ok := rec.Event.(procedure.ComplaintDecided); ok && e.Outcome.Favourable() && p.Complaint != nil {
		next.won = p.Complaint.ComplaintID
	}
	next.Apply(rec)
	l.reviews.Set(id.UUID, &next)
	l.change(p.entry, func(e *Entry) { e.Hearing = next.State == procedure.HearingPending })
}

// endReview forgets the review of an entry that stays.
func (l *List) endReview(e *Entry) {
	l.reviews.Delete(e.Proceeding.UUID)
	e.Review, e.Proceeding, e.Hearing = "", domain.CaseID{}, false
}

// Proceed lets step decide about the review of the entry or its removal: the
// hearing (C8), a complaint (C12). step gets the case of the review, whose
// applicant is the holder. holder is the citizen who asks, zero for staff.
func (l *List) Proceed(
	id domain.EntryID,
	holder domain.PersonID,
	step func(*procedure.Case) ([]domain.Event, error),
) ([]domain.Event, error) {
	e, err := l.entryOf(id, holder)
	if err != nil {
		return nil, err
	}
	return l.ProceedIn(e.Proceeding, step)
}

// ProceedIn is [List.Proceed] by the id of the review.
func (l *List) ProceedIn(id domain.CaseID, step func(*procedure.Case) ([]domain.Event, error)) ([]domain.Event, error) {
	p, ok := l.reviews.Get(id.UUID)
	if !ok {
		return nil, notReviewed()
	}
	return step(&p.Case)
}

// ReviewCase is the case of a review; the zero Case where there is none.
func (l *List) ReviewCase(id domain.CaseID) *procedure.Case {
	if p, ok := l.reviews.Get(id.UUID); ok {
		return &p.Case
	}
	return new(procedure.Case)
}

// Remove is the command that takes an entry off the list.
type Remove struct {
	EntryID   domain.EntryID
	Reason    RemovalReason
	Note      domain.Personal
	Exemption procedure.Dispense // from the hearing, where there was none
}

// Remove decides [Remove]: at the end of a review in which the holder was heard
// on the intended removal, or with the exemption that is used (C8); for a
// reason that the edition in force lists, and not of an entry that is protected
// until a dwelling is provided (Q15, Q15a). The numbers behind fall by one,
// those before stay (Q8).
func (l *List) Remove(cmd domain.Command, c Remove, by rules.Book) ([]domain.Event, error) {
	e, err := l.onList(c.EntryID)
	if err != nil {
		return nil, err
	}
	edition := by.On(cmd.Today())
	if reasons := edition.Register.RemovalReasons; !slices.Contains(reasons, string(c.Reason)) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"an entry is removed for one of the reasons %v", reasons).At("reason")
	}
	if protected := e.protectedBy(edition); len(protected) > 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryProtected,
			"this entry is protected (%v): it cannot be removed before a dwelling is provided; where the "+
				"protection does not hold, lift it first", protected)
	}
	p, ok := l.reviews.Get(e.Proceeding.UUID)
	if !ok {
		return nil, notReviewed()
	}
	before, err := p.Refusing(cmd, c.Exemption)
	if err != nil {
		return nil, err
	}
	return append(before, EntryRemoved{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, CaseID: e.Proceeding, Seniority: e.Seniority,
		Reason: c.Reason, Note: c.Note, NoticeDueOn: cmd.Today().AddDays(edition.Register.RemovalNoticeDays),
		Edition: edition.ID, RemovedAt: cmd.Now,
	}), nil
}

// Reinstate is the command that brings a removed entry back. One of ComplaintID
// and Act is given, as the ground demands.
type Reinstate struct {
	EntryID     domain.EntryID
	Ground      ReinstatementGround
	ComplaintID string // on the removal, decided in the holder's favour
	Act         Act    // of court, in force
	Note        domain.Personal
}

// Reinstate decides [Reinstate]: with the original seniority, by an act of court
// in force or a complaint on this removal that was decided in the holder's
// favour; unless the person has meanwhile got another active entry on the list
// (Q5).
func (l *List) Reinstate(cmd domain.Command, c Reinstate, by rules.Book) ([]domain.Event, error) {
	e, err := l.entry(c.EntryID)
	if err != nil {
		return nil, err
	}
	if c.Ground == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundRequired,
			"a reinstatement states one of the grounds %v", ReinstatementGrounds).At("ground")
	}
	if !slices.Contains(ReinstatementGrounds, c.Ground) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeGroundUnknown,
			"a reinstatement has exactly one of the grounds %v", ReinstatementGrounds).At("ground")
	}
	if e.State() != Removed {
		return nil, domain.Refuse(domain.Conflict, domain.CodeEntryNotRemoved,
			"this entry is %s; only a removed one can be reinstated", e.State())
	}
	review, _ := l.reviews.Get(e.Proceeding.UUID)
	if err := c.grounded(cmd, review); err != nil {
		return nil, err
	}
	if err := l.canStand(e.PersonID, e.Family); err != nil {
		return nil, err
	}
	return []domain.Event{EntryReinstated{
		ListID: l.Opened.ListID, EntryID: e.ID, PersonID: e.PersonID, CaseID: e.Proceeding, Seniority: e.Seniority,
		Removal:   domain.EventRef{Stream: l.Opened.ListID.Stream(), Revision: e.removal},
		Overtakes: l.behind(e.Seniority), Ground: c.Ground, ComplaintID: c.ComplaintID, CourtAct: c.Act, Note: c.Note,
		InventoryDueOn: inventoryDue(cmd.Today(), by), ReinstatedAt: cmd.Now,
	}}, nil
}

// grounded checks the fact on which the ground rests.
func (c Reinstate) grounded(cmd domain.Command, removal *proceeding) error {
	if c.Ground == ComplaintSatisfied {
		switch {
		case c.Act != (Act{}):
			return domain.Refuse(
				domain.Invalid,
				domain.CodeGroundNotAllowed,
				"a court act is given only with the ground %s: leave it out, or choose that ground",
				CourtAct,
			).At("court_act")
		case c.ComplaintID == "":
			return domain.Refuse(domain.Invalid, domain.CodeRequired,
				"name the complaint about the removal that was decided in favour of the holder").At("complaint_id")
		case removal == nil || removal.won != c.ComplaintID:
			return domain.Refuse(domain.Conflict, domain.CodeComplaintNotWon,
				"no complaint with this id about this removal was decided in favour of the holder").At("complaint_id")
		}
		return nil
	}
	switch {
	case c.ComplaintID != "":
		return domain.Refuse(domain.Invalid, domain.CodeGroundNotAllowed,
			"a complaint is given only with the ground %s: leave it out, or choose that ground",
			ComplaintSatisfied).At("complaint_id")
	case strings.TrimSpace(string(c.Act.Number)) == "":
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the number and the day of the court act").At("court_act.number")
	case c.Act.On.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the court act").At("court_act.on")
	case c.Act.InForceOn.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the court act took legal force").At("court_act.in_force_on")
	case c.Act.InForceOn.Before(c.Act.On):
		return domain.Refuse(domain.Invalid, domain.CodeEffectiveTooEarly,
			"a court act cannot be in force before its own day: correct one of both days").At("court_act.in_force_on")
	case cmd.Today().Before(c.Act.InForceOn):
		return domain.Refuse(domain.Conflict, domain.CodeCourtDecisionNotYet,
			"the court act is not in force before %s", c.Act.InForceOn).At("court_act.in_force_on")
	}
	return nil
}

func notReviewed() *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeEntryNotReviewed,
		"this entry is not under review: an entry is removed at the end of a review, in which its holder is heard")
}
