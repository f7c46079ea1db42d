package procedure_test

import (
	"slices"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

// proof is the document that shows that a clock was wrong.
var proof = domain.Basis{
	Type: domain.DocumentOther, Number: "17", IssuedOn: domaintest.Day("2026-03-10"), Issuer: "operators",
	SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

// commissionOn is a command of a commission on the day.
func commissionOn(day string) domain.Command {
	cmd := domaintest.CommandOn(day)
	cmd.Role = domain.RoleCommission
	return cmd
}

// fold folds the events as those of one stream.
func fold(events ...domain.Event) *procedure.Case { return domaintest.Fold[procedure.Case](events...) }

// annul annuls the event at that revision on the day.
func annul(c *procedure.Case, day string, revision int, until domain.Date) (procedure.StepAnnulled, error) {
	stream := caseID.Stream()
	events, err := c.AnnulStep(commissionOn(day), procedure.AnnulStep{
		Annul: domain.Annul{
			Event: domain.EventRef{Stream: stream, Revision: uint64(revision)}, Until: until, Basis: proof,
			Reasons: "a clock was a day ahead",
		},
		Stream: stream,
	})
	if err != nil {
		return procedure.StepAnnulled{}, err
	}
	return events[0].(procedure.StepAnnulled), nil
}

func TestV7_AStepThatAWrongClockTookIsAnnulledByItsReferenceAndItsEffectUndone(t *testing.T) {
	deadline := domaintest.Day("2026-04-10").End()
	asked := procedure.CorrectionRequested{CaseID: caseID, Until: domaintest.Day("2026-03-31")}
	hearing := procedure.HearingAnnounced{
		CaseID: caseID, NotBefore: domaintest.Day("2026-04-01"), ObjectUntil: domaintest.Day("2026-03-31"),
	}
	extended := procedure.TermExtended{CaseID: caseID, Deadline: deadline, NotifyBy: domaintest.Day("2026-03-31")}
	dayAfter := domaintest.Day("2026-04-01").Start()
	for _, c := range []struct {
		name   string
		events []domain.Event
		due    time.Time
		undone func(*procedure.Case) bool
	}{
		{
			"a case that was marked late", given(procedure.InReview, extended,
				procedure.DeadlinePassed{CaseID: caseID, Deadline: deadline}),
			deadline, func(c *procedure.Case) bool { return !c.Overdue },
		}, {
			"a duty that was marked as missed", given(procedure.InReview, extended,
				procedure.DutyMissed{CaseID: caseID, Duty: procedure.NoticeOfExtension, By: domaintest.Day("2026-03-31")}),
			dayAfter, func(c *procedure.Case) bool {
				_, owed := c.Owes(procedure.NoticeOfExtension)
				return owed && !c.Owing[0].Missed
			},
		}, {
			"one of two duties that were marked as missed", given(procedure.InReview, extended,
				procedure.ComplaintFiled{CaseID: caseID, ForwardBy: domaintest.Day("2026-03-31")},
				procedure.DutyMissed{CaseID: caseID, Duty: procedure.ForwardingOfComplaint, By: domaintest.Day("2026-03-31")},
				procedure.DutyMissed{CaseID: caseID, Duty: procedure.NoticeOfExtension, By: domaintest.Day("2026-03-31")}),
			dayAfter, func(c *procedure.Case) bool {
				missed := func(d procedure.Duty) bool {
					return slices.ContainsFunc(c.Owing, func(o procedure.Owing) bool { return o.Duty == d && o.Missed })
				}
				return !missed(procedure.NoticeOfExtension) && missed(procedure.ForwardingOfComplaint)
			},
		}, {
			"an application that was returned", given(procedure.Registered, asked, procedure.CaseReturned{CaseID: caseID}),
			dayAfter, func(c *procedure.Case) bool { return c.State == procedure.AwaitingCorrection },
		}, {
			"a hearing that was ended", given(procedure.InReview, hearing,
				procedure.HearingClosed{CaseID: caseID, How: procedure.HearingLapsed}),
			dayAfter, func(c *procedure.Case) bool { return c.State == procedure.HearingPending && !c.Heard },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			last := len(c.events) - 1
			before := fold(c.events...)
			if c.undone(before) {
				t.Fatal("the step has no effect")
			}
			e, err := annul(before, "2026-03-31", last, domain.Date{})
			if err != nil {
				t.Fatal(err)
			}
			if e.Annuls.Revision != uint64(last) || e.Step != c.events[last].EventType() || !e.Due.Equal(c.due) ||
				!e.RecordedAt.Equal(domaintest.Noon()) || e.Basis != proof {
				t.Errorf("recorded %+v", e)
			}
			after := fold(append(c.events, e)...)
			if !c.undone(after) {
				t.Errorf("the effect stays: %+v", after)
			}
			if _, err := annul(after, "2026-03-31", last, domain.Date{}); domain.CodeOf(err) != domain.CodeFactUnknown {
				t.Errorf("annulled once more: %v", err)
			}
			again := fold(append(c.events, e, c.events[last])...) // the registry takes it again
			if c.undone(again) {
				t.Error("it has no effect when it is taken again")
			}
			if _, err := annul(again, "2026-03-31", last, domain.Date{}); domain.CodeOf(err) != domain.CodeFactUnknown {
				t.Errorf("the first one was annulled once more: %v", err)
			}
			if _, err := annul(again, "2026-03-31", last+2, domain.Date{}); err != nil {
				t.Errorf("the second one: %v", err)
			}
		})
	}
}

func TestV7_WhatIsNoStepOfTheRegistryOrWasBuiltOnIsNotAnnulled(t *testing.T) {
	asked := procedure.CorrectionRequested{CaseID: caseID, Until: domaintest.Day("2026-03-31")}
	returned := given(procedure.Registered, asked, procedure.CaseReturned{CaseID: caseID})
	hearing := procedure.HearingAnnounced{CaseID: caseID, ObjectUntil: domaintest.Day("2026-03-31")}
	lapsed := given(procedure.InReview, hearing, procedure.HearingClosed{CaseID: caseID, How: procedure.HearingLapsed})
	waived := given(procedure.InReview, hearing, procedure.HearingClosed{CaseID: caseID, How: procedure.HearingWaived})
	term := domaintest.Day("2026-04-10").End()
	late := given(procedure.InReview, procedure.TermExtended{CaseID: caseID, Deadline: term, NotifyBy: domaintest.Day("2026-03-31")},
		procedure.DeadlinePassed{CaseID: caseID, Deadline: term})
	whole := func(a procedure.AnnulStep) procedure.AnnulStep { return a }
	for _, c := range []struct {
		name     string
		events   []domain.Event
		revision int
		day      string
		change   func(procedure.AnnulStep) procedure.AnnulStep
		code     domain.Code
		field    string
	}{
		{"an act of a person", waived, len(waived) - 1, "2026-03-20", whole, domain.CodeFactUnknown, "event"},
		{"an event of another stream", returned, len(returned) - 1, "2026-03-20", func(a procedure.AnnulStep) procedure.AnnulStep {
			a.Event.Stream = "case-another"
			return a
		}, domain.CodeFactUnknown, "event"},
		{"after a withdrawal", append(lapsed, procedure.CaseWithdrawn{CaseID: caseID}), len(lapsed) - 1, "2026-03-20", whole,
			domain.CodeAnnulmentOvertaken, ""},
		{"once a complaint has given a new term", append(slices.Clip(late), procedure.ComplaintDecided{CaseID: caseID, Deadline: term}),
			len(late) - 1, "2026-03-20", whole, domain.CodeFactUnknown, "event"},
		{"without a document", returned, len(returned) - 1, "2026-03-20", func(a procedure.AnnulStep) procedure.AnnulStep {
			a.Basis = domain.Basis{}
			return a
		}, domain.CodeValueUnknown, "basis.type"},
		{"without reasons", returned, len(returned) - 1, "2026-03-20", func(a procedure.AnnulStep) procedure.AnnulStep {
			a.Reasons = " "
			return a
		}, domain.CodeReasonsRequired, "reasons"},
		{"after the last day and without a new one", returned, len(returned) - 1, "2026-04-02", whole, domain.CodeRequired, "until"},
		{"with a day before the last one", returned, len(returned) - 1, "2026-03-20", func(a procedure.AnnulStep) procedure.AnnulStep {
			a.Until = domaintest.Day("2026-03-30")
			return a
		}, domain.CodeTooEarly, "until"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stream := caseID.Stream()
			a := c.change(procedure.AnnulStep{Stream: stream, Annul: domain.Annul{
				Event: domain.EventRef{Stream: stream, Revision: uint64(c.revision)}, Basis: proof, Reasons: "r",
			}})
			_, err := fold(c.events...).AnnulStep(commissionOn(c.day), a)
			if domain.CodeOf(err) != c.code || err.(*domain.Error).Field != c.field {
				t.Errorf("answered %v", err)
			}
		})
	}
	without := append(slices.Clip(late), procedure.ComplaintDecided{CaseID: caseID})
	if _, err := annul(fold(without...), "2026-03-20", len(late)-1, domain.Date{}); err != nil {
		t.Errorf("after a complaint that gave no term: %v", err)
	}
	if _, err := annul(fold(returned...), "2026-04-02", len(returned)-1, domaintest.Day("2026-04-05")); err != nil {
		t.Errorf("with a new day: %v", err)
	}
	bySystem, stream := domaintest.CommandOn("2026-03-20"), caseID.Stream()
	bySystem.Role = domain.RoleSystem
	if _, err := fold(returned...).AnnulStep(bySystem, procedure.AnnulStep{Stream: stream, Annul: domain.Annul{
		Event: domain.EventRef{Stream: stream, Revision: uint64(len(returned) - 1)}, Basis: proof, Reasons: "r",
	}}); domain.CodeOf(err) != domain.CodeRoleNotAllowed {
		t.Errorf("by the registry itself: %v", err)
	}
	own := domaintest.CommandOn("2026-03-20")
	own.Person = fold(returned...).ApplicantID
	if _, err := fold(returned...).AnnulStep(own, procedure.AnnulStep{}); domain.CodeOf(err) != domain.CodeDeciderRecused {
		t.Errorf("by the applicant: %v", err)
	}
}

// TestV7_AHearingThatGoesOnIsOverBeforeTheDecision: no refusal comes on a day on which the
// applicant may still object.
func TestV7_AHearingThatGoesOnIsOverBeforeTheDecision(t *testing.T) {
	lapsed := given(procedure.InReview,
		procedure.HearingAnnounced{
			CaseID: caseID, NotBefore: domaintest.Day("2026-04-02"), ObjectUntil: domaintest.Day("2026-03-31"),
		},
		procedure.HearingClosed{CaseID: caseID, How: procedure.HearingLapsed})
	for until, notBefore := range map[string]string{
		"2026-03-31": "2026-04-02", "2026-04-01": "2026-04-02", "2026-04-02": "2026-04-03", "2026-04-03": "2026-04-04",
	} {
		e, err := annul(fold(lapsed...), "2026-03-20", len(lapsed)-1, domaintest.Day(until))
		if err != nil || e.Until != domaintest.Day(until) || e.NotBefore != domaintest.Day(notBefore) {
			t.Errorf("objections until %s: until %s, no refusal before %s, %v", until, e.Until, e.NotBefore, err)
		}
	}
}

func TestV7_OfACaseThatIsUnknownNothingIsAnnulled(t *testing.T) {
	if _, err := annul(&procedure.Case{}, "2026-03-20", 0, domain.Date{}); domain.CodeOf(err) != domain.CodeCaseUnknown {
		t.Errorf("answered %v", err)
	}
}

func TestV7_OfADutyThatWasDoneLateNothingIsDueAgain(t *testing.T) {
	by := domaintest.Day("2026-03-31")
	done := given(procedure.InReview, procedure.TermExtended{CaseID: caseID, Deadline: domaintest.Day("2026-04-10").End(), NotifyBy: by},
		procedure.DutyMissed{CaseID: caseID, Duty: procedure.NoticeOfExtension, By: by},
		procedure.ApplicantNotified{CaseID: caseID, Of: procedure.NoticeOfExtension})
	if e, err := annul(fold(done...), "2026-04-02", len(done)-2, domain.Date{}); err != nil || !e.Due.IsZero() {
		t.Errorf("due %s, %v", e.Due, err)
	}
}
