package procedure

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
)

// Taken is a step of the case that was taken because an instant had come.
type Taken struct {
	Revision   uint64 // of its event
	Step       string // type of its event
	Duty       Duty   // of [DutyMissed]
	RecordedAt time.Time
}

// StepAnnulled annuls a step that was taken because of a clock that was wrong.
type StepAnnulled struct {
	CaseID     domain.CaseID   `json:"case_id"`
	Annuls     domain.EventRef `json:"annuls"`
	Step       string          `json:"step"`                // type of the event that it annuls
	Duty       Duty            `json:"duty,omitempty"`      // of a duty that was marked as missed
	RecordedAt time.Time       `json:"recorded_at"`         // when the log took the step
	Until      domain.Date     `json:"until,omitzero"`      // the last day to correct or to object, from now on
	NotBefore  domain.Date     `json:"not_before,omitzero"` // of a hearing: the first day on which the act may be adopted
	Due        time.Time       `json:"due,omitzero"`        // when the step is due; zero where it is not due again
	Basis      domain.Basis    `json:"basis"`
	Reasons    domain.Personal `json:"reasons"`
	AnnulledAt time.Time       `json:"annulled_at"`
}

func (StepAnnulled) EventType() string          { return "ProcedureStepAnnulled" }
func (e StepAnnulled) EffectiveAt() time.Time   { return e.AnnulledAt }
func (e StepAnnulled) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e StepAnnulled) LogValue() slog.Value     { return domain.Masked(e) }

// Names of the steps that can be annulled.
var (
	stepOverdue = DeadlinePassed{}.EventType()
	stepMissed  = DutyMissed{}.EventType()
	stepReturn  = CaseReturned{}.EventType()
	stepLapse   = HearingClosed{}.EventType()
)

// take folds which steps of the case can be annulled. A step is among them until it is
// annulled, or until what it was about begins anew.
func (c *Case) take(rec domain.Recorded) {
	forget := func(steps ...string) {
		c.Taken = slices.DeleteFunc(slices.Clone(c.Taken), func(t Taken) bool { return slices.Contains(steps, t.Step) })
	}
	t := Taken{Revision: rec.Revision, Step: rec.Event.EventType(), RecordedAt: rec.Created}
	switch e := rec.Event.(type) {
	case CorrectionReceived, TermExtended:
		forget(stepOverdue)
		return
	case ComplaintDecided:
		if !e.Deadline.IsZero() {
			forget(stepOverdue, stepLapse)
		}
		return
	case CourtActRecorded:
		if !e.Deadline.IsZero() {
			forget(stepOverdue, stepLapse)
		}
		return
	case HearingAnnounced:
		forget(stepLapse)
		return
	case StepAnnulled:
		c.Taken = slices.DeleteFunc(slices.Clone(c.Taken), func(t Taken) bool { return t.Revision == e.Annuls.Revision })
		c.Annulments++
		return
	case HearingClosed:
		if e.How != HearingLapsed {
			return
		}
	case DutyMissed:
		t.Duty = e.Duty
	case DeadlinePassed, CaseReturned:
	default:
		return
	}
	c.Taken = append(slices.Clip(c.Taken), t)
}

// undo folds the annulment of a step.
func (c *Case) undo(e StepAnnulled) {
	switch e.Step {
	case stepOverdue:
		c.Overdue = false
	case stepMissed:
		c.Owing = slices.Clone(c.Owing)
		for i := range c.Owing {
			if c.Owing[i].Duty == e.Duty {
				c.Owing[i].Missed = false
			}
		}
	case stepReturn:
		c.State, c.CureUntil = AwaitingCorrection, e.Until
	case stepLapse:
		c.State, c.Heard = HearingPending, false
		hearing := *c.Hearing
		hearing.ObjectUntil, hearing.NotBefore = e.Until, e.NotBefore
		c.Hearing = &hearing
	}
}

// AnnulStep is the command that annuls a step which was taken by a clock that was wrong.
type AnnulStep struct {
	domain.Annul
	Stream string // of the case
}

func (a AnnulStep) LogValue() slog.Value { return domain.Masked(a) }

// AnnulStep decides [AnnulStep]: an official who may decide the case states the document that
// shows that the clock was wrong, and the reasons. A step that others were built on stays:
// what followed is undone by a complaint.
func (c *Case) AnnulStep(cmd domain.Command, a AnnulStep) ([]domain.Event, error) {
	if !c.Known() {
		return nil, domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no case with this id")
	}
	if err := c.by(cmd); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(c.Taken, func(t Taken) bool { return t.Revision == a.Event.Revision })
	if i < 0 || a.Event.Stream != a.Stream {
		return nil, domain.Refuse(domain.Invalid, domain.CodeFactUnknown,
			"this event is no step that the registry took in this case because an instant had come, or it was annulled "+
				"already; look it up in the history").At("event")
	}
	t := c.Taken[i]
	if t.Step == stepReturn && c.State != Returned || t.Step == stepLapse && (c.State != InReview || c.Hearing == nil) {
		return nil, domain.Overtaken(
			"the case has gone on since (%s): what followed from this step is undone by a complaint", c.State)
	}
	if err := a.Check(cmd, domain.RoleCommission, domain.RoleProvider); err != nil {
		return nil, err
	}
	e := StepAnnulled{
		CaseID: c.CaseID, Annuls: a.Event, Step: t.Step, Duty: t.Duty, RecordedAt: t.RecordedAt,
		Basis: a.Basis, Reasons: a.Reasons, AnnulledAt: cmd.Now,
	}
	var err error
	switch t.Step {
	case stepReturn:
		if e.Until, err = a.LastDay(cmd.Today(), c.CureUntil); err != nil {
			return nil, err
		}
		e.Due = e.Until.AddDays(1).Start()
	case stepLapse:
		if e.Until, err = a.LastDay(cmd.Today(), c.Hearing.ObjectUntil); err != nil {
			return nil, err
		}
		e.Due, e.NotBefore = e.Until.AddDays(1).Start(), c.Hearing.NotBefore
		if !e.Until.Before(e.NotBefore) {
			e.NotBefore = e.Until.AddDays(1)
		}
	default:
		if err := a.NoLastDay(); err != nil {
			return nil, err
		}
		if by, owed := c.Owes(t.Duty); t.Step == stepMissed && owed {
			e.Due = by.AddDays(1).Start()
		}
		if t.Step == stepOverdue && c.Overdue && c.State.Open() && c.State != AwaitingCorrection {
			e.Due = c.Deadline
		}
	}
	return []domain.Event{e}, nil
}

// Annulling checks that the caller may annul what a clock decided in the case.
func (c *Case) Annulling(cmd domain.Command) error { return c.by(cmd) }
