package procedure

import (
	"slices"

	"tizilim/domain"
)

// Duty is what the body owes in a case by a day, beside the decision itself. A
// duty that is not done by then is marked as late and remains.
type Duty string

const (
	NoticeOfForwarding    Duty = "notice_of_forwarding"  // APPC 65, C5
	NoticeOfExtension     Duty = "notice_of_extension"   // APPC 76, C9
	NoticeOfTermination   Duty = "notice_of_termination" // APPC 70, C13
	ForwardingOfComplaint Duty = "complaint_forwarding"  // or its satisfaction; APPC 91, C12
	DecisionOnComplaint   Duty = "complaint_decision"    // APPC 99, C12
	RemedyAfterComplaint  Duty = "remedy"                // of an act that no longer stands (APPC 85)
)

// Duties lists them all.
var Duties = []Duty{
	NoticeOfForwarding, NoticeOfExtension, NoticeOfTermination, ForwardingOfComplaint, DecisionOnComplaint, RemedyAfterComplaint,
}

// Owed is a duty and the last day for it.
type Owed struct {
	Duty Duty
	By   domain.Date
}

// DutiesOf says what an event makes the body owe, and which duties it settles.
// The case and the list of tasks both use it, so that they agree.
func DutiesOf(event domain.Event) (owed []Owed, settled []Duty) {
	switch e := event.(type) {
	case CaseForwarded:
		return []Owed{{NoticeOfForwarding, e.NotifyBy}}, nil
	case TermExtended:
		return []Owed{{NoticeOfExtension, e.NotifyBy}}, nil
	case CaseTerminated: // a notice of the end of the case makes one of its term needless
		if e.NotifyBy.IsZero() {
			return nil, []Duty{NoticeOfExtension}
		}
		return []Owed{{NoticeOfTermination, e.NotifyBy}}, []Duty{NoticeOfExtension}
	case CaseWithdrawn:
		return nil, []Duty{NoticeOfExtension}
	case Moves:
		if !e.MovesTo().Open() {
			return nil, []Duty{NoticeOfExtension}
		}
	case ApplicantNotified:
		return nil, []Duty{e.Of}
	case DecisionNotified:
		return nil, []Duty{NoticeOfTermination}
	case ComplaintFiled:
		return []Owed{{ForwardingOfComplaint, e.ForwardBy}}, nil
	case ComplaintForwarded:
		return []Owed{{DecisionOnComplaint, e.DecideBy}}, []Duty{ForwardingOfComplaint}
	case ComplaintDecided:
		settled = []Duty{ForwardingOfComplaint, DecisionOnComplaint}
		if !e.Deadline.IsZero() { // the termination no longer stands
			settled = append(settled, NoticeOfTermination)
		}
		if !e.RemedyBy.IsZero() {
			owed = []Owed{{RemedyAfterComplaint, e.RemedyBy}}
		}
		return owed, settled
	case ComplaintWithdrawn:
		return nil, []Duty{ForwardingOfComplaint, DecisionOnComplaint}
	case CourtActRecorded:
		settled = []Duty{ForwardingOfComplaint, DecisionOnComplaint}
		if !e.Deadline.IsZero() {
			return nil, append(settled, NoticeOfTermination)
		}
		return []Owed{{RemedyAfterComplaint, e.RemedyBy}}, settled
	case RemedyRecorded:
		return nil, []Duty{RemedyAfterComplaint}
	}
	return nil, nil
}

// Owing is a duty of a case; Missed says that its lateness is marked.
type Owing struct {
	Owed
	Missed bool
}

// owe folds what an event changes in the duties of the case.
func (c *Case) owe(event domain.Event) {
	owed, settled := DutiesOf(event)
	for _, d := range settled {
		c.Owing = slices.DeleteFunc(slices.Clone(c.Owing), func(o Owing) bool { return o.Duty == d })
	}
	for _, o := range owed { // a duty that is owed again has a new day
		c.Owing = slices.DeleteFunc(slices.Clone(c.Owing), func(was Owing) bool { return was.Duty == o.Duty })
		c.Owing = append(c.Owing, Owing{Owed: o})
	}
	if e, ok := event.(DutyMissed); ok {
		c.Owing = slices.Clone(c.Owing)
		for i := range c.Owing {
			if c.Owing[i].Duty == e.Duty {
				c.Owing[i].Missed = true
			}
		}
	}
}

// Owes returns the day by which the body owes the duty; ok is false where it
// does not.
func (c *Case) Owes(d Duty) (by domain.Date, ok bool) {
	i := slices.IndexFunc(c.Owing, func(o Owing) bool { return o.Duty == d })
	if i < 0 {
		return domain.Date{}, false
	}
	return c.Owing[i].By, true
}

// MarkMissed records that the day of a duty has passed. The registry does so by
// itself: lateness is recorded, not hidden (C9).
func (c *Case) MarkMissed(cmd domain.Command, d Duty) ([]domain.Event, error) {
	i := slices.IndexFunc(c.Owing, func(o Owing) bool { return o.Duty == d })
	if i < 0 || c.Owing[i].Missed || !c.Owing[i].By.Before(cmd.Today()) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
			"no %s of this case is late, or its lateness is recorded already", d)
	}
	return []domain.Event{DutyMissed{CaseID: c.CaseID, Duty: d, By: c.Owing[i].By, MarkedAt: cmd.Now}}, nil
}

// Notify records that the applicant got notice: of the decision (C11), or of
// what else the body owes notice of (C5, C9). It can come late: lateness is
// marked, and the duty remains.
func (c *Case) Notify(cmd domain.Command, of Duty, by NotifiedBy) ([]domain.Event, error) {
	step, known := noticeSteps[of]
	if !known {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"notice is given of the decision, or of one of %v", []Duty{NoticeOfForwarding, NoticeOfExtension}).At("of")
	}
	if err := c.may(step); err != nil {
		return nil, err
	}
	if !slices.Contains(WaysOfNotice, by) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a notice goes one of the ways %v", WaysOfNotice).At("by")
	}
	if step != Notify {
		if _, owed := c.Owes(of); !owed {
			return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen,
				"the body owes the applicant no %s, or has given it already", of)
		}
		return []domain.Event{ApplicantNotified{CaseID: c.CaseID, Of: of, By: by, NotifiedAt: cmd.Now}}, nil
	}
	if !c.NotifiedAt.IsZero() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStepNotOpen, "the addressee was notified already")
	}
	return []domain.Event{DecisionNotified{CaseID: c.CaseID, By: by, NotifiedAt: cmd.Now}}, nil
}

// NotifyOf is Notify by the registry itself, of the decision at the revision: a
// notice that arrives late does not count as notice of a later decision.
func (c *Case) NotifyOf(cmd domain.Command, decision uint64, by NotifiedBy) ([]domain.Event, error) {
	if c.DecidedOn.IsZero() || c.Decision != decision {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue,
			"the case has no decision, or has had another decision since")
	}
	return c.Notify(cmd, OfDecision, by)
}

// OfDecision is the notice that ends every case (C11). Only after a termination
// it has a last day.
const OfDecision Duty = ""

var noticeSteps = map[Duty]Step{
	OfDecision: Notify, NoticeOfTermination: Notify,
	NoticeOfForwarding: NotifyForwarding, NoticeOfExtension: NotifyExtension,
}
