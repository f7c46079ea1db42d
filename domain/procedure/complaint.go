package procedure

import (
	"slices"
	"strings"

	"tizilim/domain"
)

// Filing is the command that files a complaint.
type Filing struct {
	ID      string
	By      domain.PersonID
	Grounds domain.Personal
	WhyLate domain.Personal // why it comes after its term, where it does
}

// FileComplaint takes a complaint about the decision, or about the silence of
// the body, through the body itself. A late one is accepted too (C12, APPC 91,
// 92).
//
// The applicant can complain, and so can persons whose rights the act touches
// (R16), that is, whom it deregistered. Their term is not checked here: the
// notice to the applicant does not say when they learned of the act.
func (c *Case) FileComplaint(
	cmd domain.Command, f Filing, t Terms,
) ([]domain.Event, error) {
	id, by, grounds := f.ID, f.By, f.Grounds
	if !c.Known() {
		return nil, c.may(Complain)
	}
	if !c.Overdue || !c.State.Open() { // silence can be complained of in every open state
		if err := c.may(Complain); err != nil {
			return nil, err
		}
	}
	if by != c.ApplicantID && !slices.Contains(c.Affected, by) {
		return nil, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
			"only the applicant, or a person whose rights the decision touches, can complain").At("complainant_id")
	}
	if c.Complaint != nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeComplaintPending,
			"a complaint about this case is being examined: wait for its decision")
	}
	if strings.TrimSpace(string(grounds)) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "say what the complaint is about").At("grounds")
	}
	forward, err := t.Calendar.AddWorkingDays(cmd.Today(), t.ComplaintForward)
	if err != nil {
		return nil, err
	}
	learned := c.DecidedOn
	switch {
	case !c.NotifiedAt.IsZero():
		learned = domain.DateOf(c.NotifiedAt)
	case learned.IsZero(): // about the silence
		learned = domain.DateOf(c.Deadline)
	}
	late := by == c.ApplicantID && learned.AddMonths(t.ComplaintMonths).Before(cmd.Today())
	return []domain.Event{
		ComplaintFiled{
			CaseID:        c.CaseID,
			ComplaintID:   id,
			ComplainantID: by,
			Grounds:       grounds,
			Late:          late,
			WhyLate:       f.WhyLate,
			ForwardBy:     forward,
			FiledAt:       cmd.Now,
		},
	}, nil
}

// ForwardComplaint hands the complaint, with the documents of the case, to the
// reviewing body.
func (c *Case) ForwardComplaint(cmd domain.Command, to string, t Terms) ([]domain.Event, error) {
	if err := c.complained(); err != nil {
		return nil, err
	}
	if c.ComplaintAt != "" {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen, "the complaint has been forwarded already")
	}
	if strings.TrimSpace(to) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the body that reviews the complaint").At("to")
	}
	decide, err := t.Calendar.AddWorkingDays(cmd.Today(), t.ComplaintDecision)
	if err != nil {
		return nil, err
	}
	return []domain.Event{ComplaintForwarded{CaseID: c.CaseID, To: to, DecideBy: decide, ForwardedAt: cmd.Now}}, nil
}

// DecideComplaint ends the complaint: the body satisfies it itself before it is
// forwarded, or the reviewing body decides. The official whose act it is about
// does not review it (APPC 97). Where the act no longer stands, the case is
// under review again and its term runs from this day (policy); an act of one
// sitting, or on the body's own initiative, is remedied instead.
func (c *Case) DecideComplaint(
	cmd domain.Command,
	outcome ComplaintOutcome,
	reasons domain.Personal,
	term LateTerm,
	t Terms,
) ([]domain.Event, error) {
	if err := c.complained(); err != nil {
		return nil, err
	}
	if !slices.Contains(statedOutcomes, outcome) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a complaint ends in one of the ways %v", statedOutcomes).At("outcome")
	}
	if (outcome == Satisfied) != (c.ComplaintAt == "") {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"the body itself can only satisfy a complaint; after it is forwarded the reviewing body decides it")
	}
	if outcome == Satisfied && c.Complaint.ForwardBy.Before(cmd.Today()) {
		return nil, domain.Refuse(
			domain.Conflict,
			domain.CodeTooLate,
			"the body could satisfy the complaint itself until %s; now it must forward the complaint",
			c.Complaint.ForwardBy,
		)
	}
	if outcome != Satisfied && cmd.Actor == c.DecidedBy {
		return nil, domain.Refuse(domain.Forbidden, domain.CodeDeciderRecused,
			"the official whose act the complaint is about does not review it")
	}
	if err := reasoned(reasons); err != nil {
		return nil, err
	}
	if err := term.suits(c.Complaint.Late, outcome); err != nil {
		return nil, err
	}
	if c.Complaint.Late && outcome.Favourable() {
		term = TermRestored
	}
	e := ComplaintDecided{CaseID: c.CaseID, Outcome: outcome, By: domain.Account(cmd.Actor), Reasons: reasons, Term: term, DecidedAt: cmd.Now}
	if by := c.Complaint.ComplainantID; by != c.ApplicantID {
		e.Affected = by
	}
	if !outcome.Favourable() || c.OfSilence {
		return []domain.Event{e}, nil
	}
	var err error
	if e.Deadline, e.RemedyBy, err = c.afterFall(cmd.Today(), t); err != nil {
		return nil, err
	}
	return []domain.Event{e}, nil
}

// Remedy is the command that records what was done about an act that no longer
// stands. The caller has checked that the acts correct what this case did, and
// that the new case exists.
type Remedy struct {
	How     RemedyKind
	Acts    []domain.EventRef
	NewCase domain.CaseID
	Other   Case // which NewCase names; the zero Case where there is none
	Words   domain.Personal
}

// Remedy decides [Remedy].
func (c *Case) Remedy(cmd domain.Command, r Remedy) ([]domain.Event, error) {
	if err := c.may(RecordRemedy); err != nil {
		return nil, err
	}
	if _, owed := c.Owes(RemedyAfterComplaint); !owed {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"no complaint about this case calls for a remedy")
	}
	switch {
	case !slices.Contains(RemedyKinds, r.How):
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a remedy is one of %v", RemedyKinds).At("how")
	case (r.How == RemedyCorrected) != (len(r.Acts) > 0):
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the acts that correct what this case did; with every other remedy leave them out").At("acts")
	case (r.How == RemedyNewCase) != !r.NewCase.IsZero():
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the new case; with every other remedy leave it out").At("new_case")
	case r.How == RemedyNewCase && (r.NewCase == c.CaseID || r.Other.CaseID != r.NewCase || r.Other.Subject != c.Subject || r.Other.ReceivedAt.Before(c.ReceivedAt)):
		return nil, domain.Refuse(domain.Invalid, domain.CodeCaseUnknown,
			"no later case with this id has the same subject").At("new_case")
	case r.How == RemedyNotWanted && strings.TrimSpace(string(r.Words)) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the words of the complainant").At("words")
	}
	return []domain.Event{
		RemedyRecorded{
			CaseID:     c.CaseID,
			How:        r.How,
			Acts:       r.Acts,
			NewCase:    r.NewCase,
			Words:      r.Words,
			RecordedAt: cmd.Now,
		},
	}, nil
}

// suits refuses what a decision says of the term: a late complaint is granted only where its term
// is restored, and of one in time nothing is said (APPC 92). A dismissal may say either.
func (t LateTerm) suits(late bool, outcome ComplaintOutcome) error {
	switch {
	case t != "" && !slices.Contains(LateTerms, t):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "of a term is said one of %v", LateTerms).At("term")
	case t != "" && !late:
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed, "this complaint is in time: leave term out").At("term")
	case t == TermMissed && outcome.Favourable():
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a complaint that is granted although it was late has its term restored").At("term")
	}
	return nil
}

// WithdrawComplaint decides that whoever filed the complaint takes it back before it is decided. A
// desk has their paper.
func (c *Case) WithdrawComplaint(cmd domain.Command, by domain.PersonID, basis domain.Basis) ([]domain.Event, error) {
	if err := c.complained(); err != nil {
		return nil, err
	}
	if !by.IsZero() && by != c.Complaint.ComplainantID {
		return nil, domain.Refuse(domain.NotFound, domain.CodeNotFound, "you have not filed this complaint")
	}
	if err := basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	return []domain.Event{ComplaintWithdrawn{
		CaseID: c.CaseID, ComplaintID: c.Complaint.ComplaintID, ComplainantID: c.Complaint.ComplainantID, Basis: basis,
		WithdrawnAt: cmd.Now,
	}}, nil
}

func (c *Case) complained() error {
	if !c.Known() {
		return c.may(Complain)
	}
	if c.Complaint == nil {
		return domain.Refuse(domain.Conflict, domain.CodeStepNotOpen, "no complaint about this case is being examined")
	}
	return nil
}
