package procedure_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

// priorityEnded is an act on a list that Aigul contests.
func priorityEnded() procedure.ActContested {
	return procedure.ActContested{
		CaseID: caseID, Act: domain.EventRef{Stream: "queue-1", Revision: 7}, ActType: "PriorityEnded", PersonID: aigul,
		ListID: domaintest.ID[domain.ListID]("list"), ActedBy: "commission-1", ActedOn: domaintest.Today(), ToldAt: domaintest.Noon(),
		At: domaintest.Noon(),
	}
}

var filing = procedure.Filing{ID: "complaint", By: aigul, Grounds: "my category has not ended"}

func contested(t *testing.T, events ...domain.Event) *procedure.Case {
	t.Helper()
	c := &procedure.Case{}
	first, err := c.Contest(domaintest.Command(), priorityEnded(), filing, terms)
	if err != nil || len(first) != 2 {
		t.Fatalf("%d events, %v", len(first), err)
	}
	return domaintest.Fold[procedure.Case](append(first, events...)...)
}

// TestC28_AContestedActIsACaseThatBeginsWithTheComplaint and never awaits a decision of its own.
func TestC28_AContestedActIsACaseThatBeginsWithTheComplaint(t *testing.T) {
	c := contested(t)
	if c.State != procedure.Contested || c.Complaint == nil || c.Complaint.Late || c.State.Open() {
		t.Errorf("%+v", c)
	}
	if _, owed := c.Owes(procedure.ForwardingOfComplaint); !owed {
		t.Error("the body owes nothing")
	}
	got, err := c.Contest(domaintest.Command(), priorityEnded(), filing, terms)
	domaintest.Refused(t, got, err, domain.CodeComplaintPending, "")
	other := filing
	other.By = daur
	got, err = (&procedure.Case{}).Contest(domaintest.Command(), priorityEnded(), other, terms)
	domaintest.Refused(t, got, err, domain.CodePersonUnknown, "complainant_id")
}

// TestC28_WhoHasActedDoesNotReviewIt, and what is set aside is owed a remedy.
func TestC28_WhoHasActedDoesNotReviewIt(t *testing.T) {
	c := contested(t, procedure.ComplaintForwarded{CaseID: caseID, To: "ministry", DecideBy: domaintest.Day("2026-04-13")})
	cmd := domaintest.Command()
	cmd.Actor = "commission-1"
	got, err := c.DecideComplaint(cmd, procedure.Annulled, "because", "", terms)
	domaintest.Refused(t, got, err, domain.CodeDeciderRecused, "")
	cmd.Actor = "ministry-1"
	got, err = c.DecideComplaint(cmd, procedure.Annulled, "because", "", terms)
	if err != nil || got[0].(procedure.ComplaintDecided).RemedyBy.IsZero() || !got[0].(procedure.ComplaintDecided).Deadline.IsZero() {
		t.Errorf("%v, %v", got, err)
	}
}

// TestC28_TheTermRunsFromTheNotice, a late complaint says why, and its decision says what becomes of
// the term.
func TestC28_TheTermRunsFromTheNotice(t *testing.T) {
	late := filing
	late.WhyLate = "I was in hospital"
	events, err := (&procedure.Case{}).Contest(domaintest.CommandOn("2026-06-16"), priorityEnded(), late, terms)
	if err != nil || !events[1].(procedure.ComplaintFiled).Late || events[1].(procedure.ComplaintFiled).WhyLate != late.WhyLate {
		t.Fatalf("%+v, %v", events, err)
	}
	c := domaintest.Fold[procedure.Case](append(events, procedure.ComplaintForwarded{CaseID: caseID, To: "ministry"})...)
	cmd := domaintest.CommandOn("2026-06-17")
	got, err := c.DecideComplaint(cmd, procedure.Annulled, "because", procedure.TermMissed, terms)
	domaintest.Refused(t, got, err, domain.CodeValueUnknown, "term")
	got, err = c.DecideComplaint(cmd, procedure.Annulled, "because", "", terms)
	if err != nil || got[0].(procedure.ComplaintDecided).Term != procedure.TermRestored {
		t.Errorf("granted: %v, %v", got, err)
	}
	got, err = c.DecideComplaint(cmd, procedure.Upheld, "too late", procedure.TermMissed, terms)
	if err != nil || got[0].(procedure.ComplaintDecided).Term != procedure.TermMissed {
		t.Errorf("dismissed: %v, %v", got, err)
	}
	got, err = contested(t).DecideComplaint(domaintest.Command(), procedure.Satisfied, "because", procedure.TermRestored, terms)
	domaintest.Refused(t, got, err, domain.CodeMemberNotAllowed, "term")
}

// TestC28_OnlyWhoComplainsWithdrawsTheComplaint, at a desk by a paper, and may complain again.
func TestC28_OnlyWhoComplainsWithdrawsTheComplaint(t *testing.T) {
	c := contested(t)
	citizen := domaintest.Command()
	citizen.Role = domain.RoleCitizen
	got, err := c.WithdrawComplaint(citizen, daur, domain.Basis{})
	domaintest.Refused(t, got, err, domain.CodeNotFound, "")
	got, err = c.WithdrawComplaint(domaintest.Command(), domain.PersonID{}, domain.Basis{})
	domaintest.Refused(t, got, err, domain.CodeBasisRequired, "basis")
	got, err = c.WithdrawComplaint(citizen, aigul, domain.Basis{})
	if err != nil {
		t.Fatal(err)
	}
	c.Apply(domaintest.Recorded(3, got[0]))
	if _, owed := c.Owes(procedure.ForwardingOfComplaint); owed || c.Complaint != nil {
		t.Errorf("after the withdrawal %+v", c)
	}
	if _, err := c.FileComplaint(citizen, filing, terms); err != nil {
		t.Errorf("again: %v", err)
	}
}

// TestC29_ACourtReopensARefusalWithTheOriginalSeniority, or the body owes a remedy where the case
// does not open again.
func TestC29_ACourtReopensARefusalWithTheOriginalSeniority(t *testing.T) {
	c := in(procedure.Refused)
	upheld := []domain.Event{
		procedure.ComplaintFiled{CaseID: caseID, ComplainantID: aigul}, procedure.ComplaintForwarded{CaseID: caseID, To: "ministry"},
		procedure.ComplaintDecided{CaseID: caseID, Outcome: procedure.Upheld},
	}
	for i, e := range upheld {
		c.Apply(domaintest.Recorded(3+i, e))
	}
	completed := c.Completed
	got, err := followCourt(c, domaintest.CommandOn("2026-03-20"))
	if err != nil {
		t.Fatal(err)
	}
	c.Apply(domaintest.Recorded(7, got[0]))
	if c.State != procedure.InReview || c.Completed != completed || c.Deadline.Before(domaintest.Day("2026-04-19").Start()) ||
		!c.DecidedOn.IsZero() {
		t.Errorf("after the court %+v", c)
	}
	for _, state := range []procedure.State{procedure.Granted, procedure.Contested} {
		c := in(state)
		got, err := followCourt(c, domaintest.Command())
		if err != nil || got[0].(procedure.CourtActRecorded).RemedyBy.IsZero() {
			t.Errorf("%s: %v, %v", state, got, err)
			continue
		}
		c.Apply(domaintest.Recorded(3, got[0]))
		if _, owed := c.Owes(procedure.RemedyAfterComplaint); !owed || c.State != state {
			t.Errorf("%s: no remedy is owed", state)
		}
		again, err := followCourt(c, domaintest.Command())
		domaintest.Refused(t, again, err, domain.CodeNothingChanges, "")
	}
}

// TestC29_AnActOfACourtIsInForceAndAboutTheDecision.
func TestC29_AnActOfACourtIsInForceAndAboutTheDecision(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*procedure.CourtAct)
		basis  domain.Basis
		code   domain.Code
		field  string
	}{
		"without a number":    {func(a *procedure.CourtAct) { a.Number = " " }, domaintest.Basis(), domain.CodeRequired, "court_act.number"},
		"without a day":       {func(a *procedure.CourtAct) { a.On = domain.Date{} }, domaintest.Basis(), domain.CodeRequired, "court_act.on"},
		"not in force":        {func(a *procedure.CourtAct) { a.InForceOn = domain.Date{} }, domaintest.Basis(), domain.CodeRequired, "court_act.in_force_on"},
		"in force too early":  {func(a *procedure.CourtAct) { a.InForceOn = a.On.AddDays(-1) }, domaintest.Basis(), domain.CodeEffectiveTooEarly, "court_act.in_force_on"},
		"in force later":      {func(a *procedure.CourtAct) { a.InForceOn = a.On.AddDays(1) }, domaintest.Basis(), domain.CodeCourtDecisionNotYet, "court_act.in_force_on"},
		"before the decision": {func(a *procedure.CourtAct) { a.On = a.On.AddDays(-1) }, domaintest.Basis(), domain.CodeEffectiveTooEarly, "court_act.on"},
		"without its file":    {func(*procedure.CourtAct) {}, domain.Basis{}, domain.CodeBasisRequired, "basis"},
	} {
		t.Run(name, func(t *testing.T) {
			act := courtAct
			c.change(&act)
			got, err := in(procedure.Refused).RecordCourtAct(domaintest.Command(), act, c.basis, terms)
			domaintest.Refused(t, got, err, c.code, c.field)
		})
	}
}
