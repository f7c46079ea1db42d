package procedure

import (
	"slices"
	"strings"

	"tizilim/domain"
)

// FileComplaint takes a complaint about the decision, or about the silence of
// the body, through the body itself. A late one is accepted too (C12, APPC 91,
// 92).
func (c *Case) FileComplaint(cmd domain.Command, id string, grounds domain.Personal, t Terms) ([]domain.Event, error) {
	if !c.Known() {
		return nil, c.may(Complain)
	}
	if !c.Overdue || !c.State.Open() { // silence is appealable in whatever state it lasts
		if err := c.may(Complain); err != nil {
			return nil, err
		}
	}
	if c.Complaint != nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeComplaintPending, "a complaint about this case is being examined")
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
	late := learned.AddMonths(t.ComplaintMonths).Before(cmd.Today())
	return []domain.Event{ComplaintFiled{CaseID: c.CaseID, ComplaintID: id, Grounds: grounds, Late: late, ForwardBy: forward, FiledAt: cmd.Now}}, nil
}

// ForwardComplaint hands the complaint with the file to the reviewing body.
func (c *Case) ForwardComplaint(cmd domain.Command, to string, t Terms) ([]domain.Event, error) {
	if err := c.complained(); err != nil {
		return nil, err
	}
	if c.ComplaintAt != "" {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen, "the complaint has been forwarded already")
	}
	if strings.TrimSpace(to) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "name the body that reviews the complaint").At("to")
	}
	decide, err := t.Calendar.AddWorkingDays(cmd.Today(), t.ComplaintDecision)
	if err != nil {
		return nil, err
	}
	return []domain.Event{ComplaintForwarded{CaseID: c.CaseID, To: to, DecideBy: decide, ForwardedAt: cmd.Now}}, nil
}

// DecideComplaint ends the complaint: the body satisfies it itself before it is
// forwarded, or the reviewing body decides. The official whose act it is about
// does not review it (APPC 97). Where the act falls, the term of the review that
// begins again runs from this day (policy); what the body did on its own
// initiative is not reviewed again.
func (c *Case) DecideComplaint(cmd domain.Command, outcome ComplaintOutcome, reasons domain.Personal, t Terms) ([]domain.Event, error) {
	if err := c.complained(); err != nil {
		return nil, err
	}
	if !slices.Contains(ComplaintOutcomes, outcome) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "a complaint ends in one of the ways %v", ComplaintOutcomes).At("outcome")
	}
	if (outcome == Satisfied) != (c.ComplaintAt == "") {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"the body itself can only satisfy a complaint; after it is forwarded the reviewing body decides it")
	}
	if outcome == Satisfied && c.Complaint.ForwardBy.Before(cmd.Today()) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooLate,
			"the body could satisfy the complaint itself until %s; now it forwards it", c.Complaint.ForwardBy)
	}
	if outcome != Satisfied && cmd.Actor == c.DecidedBy {
		return nil, domain.Refuse(domain.Forbidden, domain.CodeDeciderRecused, "whose act is complained of does not review it")
	}
	if err := reasoned(reasons); err != nil {
		return nil, err
	}
	e := ComplaintDecided{CaseID: c.CaseID, Outcome: outcome, By: cmd.Actor, Reasons: reasons, DecidedAt: cmd.Now}
	if _, reopens := Next(c.State, Reopen); reopens && outcome.Favourable() && !c.OfSilence && !c.OneSitting && !c.OwnInitiative {
		var err error
		if e.Deadline, err = t.decision(cmd.Today()); err != nil {
			return nil, err
		}
	}
	return []domain.Event{e}, nil
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
