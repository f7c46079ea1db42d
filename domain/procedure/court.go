package procedure

import (
	"log/slog"
	"strings"
	"time"

	"tizilim/domain"
)

// CourtAct is an act of a court about a decision.
type CourtAct struct {
	Number    domain.Personal `json:"number"`
	On        domain.Date     `json:"on"`
	InForceOn domain.Date     `json:"in_force_on"`
}

// Check refuses an act that is not named whole, or is not in force. The field of the refusal is
// the member of court_act at fault.
func (a CourtAct) Check(cmd domain.Command) error {
	switch {
	case strings.TrimSpace(string(a.Number)) == "":
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the number and the day of the court act").At("court_act.number")
	case a.On.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired, "give the day of the court act").At("court_act.on")
	case a.InForceOn.IsZero():
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"give the day on which the court act took legal force").At("court_act.in_force_on")
	case a.InForceOn.Before(a.On):
		return domain.Refuse(domain.Invalid, domain.CodeEffectiveTooEarly,
			"a court act cannot be in force before its own day: correct one of both days").At("court_act.in_force_on")
	case cmd.Today().Before(a.InForceOn):
		return domain.Refuse(domain.Conflict, domain.CodeCourtDecisionNotYet,
			"the court act is not in force before %s", a.InForceOn).At("court_act.in_force_on")
	}
	return nil
}

// CourtActRecorded says that a court has set the decision of the case aside, after a complaint was
// dismissed or without one. A refusal or a termination is reviewed again: then it has a deadline,
// and the application keeps its instant. Where the case does not open again, the body owes a remedy.
type CourtActRecorded struct {
	CaseID     domain.CaseID `json:"case_id"`
	Act        CourtAct      `json:"court_act"`
	Basis      domain.Basis  `json:"basis,omitzero"`     // the file of the act
	Deadline   time.Time     `json:"deadline,omitzero"`  // of the review that begins again
	RemedyBy   domain.Date   `json:"remedy_by,omitzero"` // where the body owes one
	RecordedAt time.Time     `json:"recorded_at"`
}

func (CourtActRecorded) EventType() string          { return "CourtActRecorded" }
func (e CourtActRecorded) EffectiveAt() time.Time   { return e.Act.InForceOn.Start() }
func (e CourtActRecorded) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e CourtActRecorded) LogValue() slog.Value     { return domain.Masked(e) }

// RecordCourtAct decides that a court has set the decision aside (C29). It needs no complaint
// before: whether one was needed, the court has decided. A complaint that is being examined ends
// with it.
func (c *Case) RecordCourtAct(cmd domain.Command, a CourtAct, basis domain.Basis, t Terms) ([]domain.Event, error) {
	if err := c.may(FollowCourt); err != nil {
		return nil, err
	}
	if err := a.Check(cmd); err != nil {
		return nil, err
	}
	if err := basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if a.On.Before(c.DecidedOn) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeEffectiveTooEarly,
			"the decision is of %s: an earlier act of a court is not about it", c.DecidedOn).At("court_act.on")
	}
	if c.Court != nil && c.Court.Act == a {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "this court act is recorded already")
	}
	e := CourtActRecorded{CaseID: c.CaseID, Act: a, Basis: basis, RecordedAt: cmd.Now}
	var err error
	if e.Deadline, e.RemedyBy, err = c.afterFall(cmd.Today(), t); err != nil {
		return nil, err
	}
	return []domain.Event{e}, nil
}

// afterFall says until when the body decides anew, or makes good, what its decision did, now that
// the decision no longer stands: one of both.
func (c *Case) afterFall(today domain.Date, t Terms) (deadline time.Time, remedyBy domain.Date, err error) {
	if c.reopens() {
		deadline, err = t.decision(today)
	} else {
		remedyBy, err = t.Calendar.AddWorkingDays(today, t.RemedyDays)
	}
	return deadline, remedyBy, err
}

// reopens reports whether a decision that no longer stands is taken anew in this case.
func (c *Case) reopens() bool {
	_, can := Next(c.State, Reopen)
	return can && !c.OneSitting && !c.OwnInitiative
}

// reopen folds that the decision of the case fell and is taken anew by the deadline.
func (c *Case) reopen(deadline time.Time) {
	c.State, c.Heard, c.Hearing, c.Overdue = InReview, false, nil, false
	c.Deadline, c.Original = deadline, deadline
	c.DecidedOn, c.DecidedBy, c.NotifiedAt = domain.Date{}, "", time.Time{}
}
