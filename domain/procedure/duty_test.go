package procedure_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

// owing is how a case comes to owe each duty: of all of them the last day is
// Wednesday, 18 March 2026.
var owing = map[procedure.Duty][]domain.Event{
	procedure.NoticeOfForwarding:  given(procedure.Forwarded),
	procedure.NoticeOfExtension:   given(procedure.InReview, extension),
	procedure.NoticeOfTermination: given(procedure.Terminated),
	procedure.ForwardingOfComplaint: given(
		procedure.Refused,
		procedure.ComplaintFiled{CaseID: caseID, ForwardBy: domaintest.Day("2026-03-18")},
	),
	procedure.DecisionOnComplaint: given(
		procedure.Refused,
		procedure.ComplaintFiled{CaseID: caseID, ForwardBy: domaintest.Day("2026-03-17")},
		procedure.ComplaintForwarded{CaseID: caseID, To: "ministry", DecideBy: domaintest.Day("2026-03-18")},
	),
	procedure.RemedyAfterComplaint: given(
		procedure.Granted,
		procedure.ComplaintDecided{CaseID: caseID, RemedyBy: domaintest.Day("2026-03-18")},
	),
}

// settling are the facts by which each duty is done, or falls away.
var settling = map[procedure.Duty][]domain.Event{
	procedure.NoticeOfForwarding: {procedure.ApplicantNotified{CaseID: caseID, Of: procedure.NoticeOfForwarding}},
	procedure.NoticeOfExtension: {
		procedure.ApplicantNotified{
			CaseID: caseID,
			Of:     procedure.NoticeOfExtension,
		}, moved{To: procedure.Granted}, moved{To: procedure.Refused},
		procedure.CaseWithdrawn{CaseID: caseID}, procedure.CaseTerminated{CaseID: caseID},
	},
	procedure.NoticeOfTermination: {procedure.DecisionNotified{CaseID: caseID}, annulled("2026-04-15")},
	procedure.ForwardingOfComplaint: {
		procedure.ComplaintForwarded{CaseID: caseID},
		procedure.ComplaintDecided{CaseID: caseID, Outcome: procedure.Satisfied},
	},
	procedure.DecisionOnComplaint:  {procedure.ComplaintDecided{CaseID: caseID, Outcome: procedure.Upheld}},
	procedure.RemedyAfterComplaint: {procedure.RemedyRecorded{CaseID: caseID}},
}

// TestC5_C9_C12_C13_WhatTheBodyDoesLateIsMarked: the day after the last one, by
// the registry itself, once for each day that was owed, and until it is done.
func TestC5_C9_C12_C13_WhatTheBodyDoesLateIsMarked(t *testing.T) {
	if len(owing) != len(procedure.Duties) || len(settling) != len(procedure.Duties) {
		t.Fatalf("%d duties are specified, %d settled, of %d", len(owing), len(settling), len(procedure.Duties))
	}
	var specs []domaintest.Spec[procedure.Case]
	for d, events := range owing {
		mark := func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.MarkMissed(cmd, d) }
		missed := procedure.DutyMissed{
			CaseID:   caseID,
			Duty:     d,
			By:       domaintest.Day("2026-03-18"),
			MarkedAt: noonOf("2026-03-19").Now,
		}
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:    "C9 not on the last day: " + string(d),
				Given:   events,
				When:    on("2026-03-18", mark),
				Refused: domain.CodeStepNotOpen,
			},
			domaintest.Spec[procedure.Case]{
				Name:  "C9 the day after: " + string(d),
				Given: events,
				When:  on("2026-03-19", mark),
				Then:  []domain.Event{missed},
			},
			domaintest.Spec[procedure.Case]{
				Name:    "C9 once: " + string(d),
				Given:   append(events[:len(events):len(events)], missed),
				When:    on("2026-03-25", mark),
				Refused: domain.CodeStepNotOpen,
			},
			domaintest.Spec[procedure.Case]{
				Name:    "C9 not before it is owed: " + string(d),
				Given:   given(procedure.Registered),
				When:    on("2026-03-19", mark),
				Refused: domain.CodeStepNotOpen,
			},
		)
		for _, e := range settling[d] {
			specs = append(
				specs,
				domaintest.Spec[procedure.Case]{Name: "C9 nor after " + e.EventType() + ": " + string(d),
					Given: append(
						events[:len(events):len(events)],
						e,
					), When: on("2026-03-19", mark), Refused: domain.CodeStepNotOpen},
			)
		}
		for other, events := range owing { // the decision on a complaint is owed after its forwarding, which is done then
			if other != d {
				specs = append(
					specs,
					domaintest.Spec[procedure.Case]{Name: "C9 " + string(d) + " is not " + string(other),
						Given: events, When: on("2026-03-19", mark), Refused: domain.CodeStepNotOpen},
				)
			}
		}
	}
	specs = append(specs, domaintest.Spec[procedure.Case]{
		Name: "C9 another extension is noticed anew",
		Given: given(
			procedure.InReview,
			extension,
			procedure.DutyMissed{Duty: procedure.NoticeOfExtension},
			procedure.TermExtended{
				CaseID:   caseID,
				Deadline: domaintest.Day("2026-05-20").End(),
				NotifyBy: domaintest.Day("2026-04-20"),
			},
		),
		When: on("2026-04-21", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.MarkMissed(cmd, procedure.NoticeOfExtension)
		}),
		Then: []domain.Event{
			procedure.DutyMissed{
				CaseID:   caseID,
				Duty:     procedure.NoticeOfExtension,
				By:       domaintest.Day("2026-04-20"),
				MarkedAt: noonOf("2026-04-21").Now,
			},
		},
	})
	domaintest.Run(t, specs)
}

func TestC5_C9_NoticeOfWhatIsNoDecision(t *testing.T) {
	told := func(of procedure.Duty, day string) []domain.Event {
		return []domain.Event{
			procedure.ApplicantNotified{CaseID: caseID, Of: of, By: procedure.ByHand, NotifiedAt: noonOf(day).Now},
		}
	}
	domaintest.Run(t, []domaintest.Spec[procedure.Case]{
		{
			Name:  "C5 of the forwarding",
			Given: given(procedure.Forwarded),
			When:  on("2026-03-18", notify(procedure.NoticeOfForwarding)),
			Then:  told(procedure.NoticeOfForwarding, "2026-03-18"),
		},
		{
			Name:  "C5 late rather than never",
			Given: given(procedure.Forwarded),
			When:  on("2026-04-18", notify(procedure.NoticeOfForwarding)),
			Then:  told(procedure.NoticeOfForwarding, "2026-04-18"),
		},
		{
			Name:  "C9 of the extension",
			Given: given(procedure.InReview, extension),
			When:  on("2026-03-16", notify(procedure.NoticeOfExtension)),
			Then:  told(procedure.NoticeOfExtension, "2026-03-16"),
		},
		{
			Name:  "C9 while the applicant is heard too",
			Given: given(procedure.HearingPending, extension),
			When:  on("2026-03-16", notify(procedure.NoticeOfExtension)),
			Then:  told(procedure.NoticeOfExtension, "2026-03-16"),
		},
		{
			Name:    "C9 of no extension there is no notice",
			Given:   given(procedure.InReview),
			When:    on("2026-03-16", notify(procedure.NoticeOfExtension)),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C9 once",
			Given:   given(procedure.InReview, extension, procedure.ApplicantNotified{Of: procedure.NoticeOfExtension}),
			When:    on("2026-03-16", notify(procedure.NoticeOfExtension)),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:  "C13 of the termination, which is the decision",
			Given: given(procedure.Terminated),
			When:  on("2026-03-15", notify(procedure.NoticeOfTermination)),
			Then: []domain.Event{
				procedure.DecisionNotified{CaseID: caseID, By: procedure.ByHand, NotifiedAt: domaintest.Noon()}},
		},
		{
			Name:    "C11 of nothing else",
			Given:   given(procedure.Refused),
			When:    on("2026-03-16", notify(procedure.RemedyAfterComplaint)),
			Refused: domain.CodeValueUnknown,
			Field:   "of",
		},
		{
			Name:  "C9 by a way that records its receipt",
			Given: given(procedure.InReview, extension),
			When: on("2026-03-16", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.Notify(cmd, procedure.NoticeOfExtension, "rumour")
			}),
			Refused: domain.CodeValueUnknown,
			Field:   "by",
		},
	})
}

// TestC12_R14_WhatFellIsMadeGood: what a case did that does not open again is
// not undone; the remedy names what was done about it.
func TestC12_R14_WhatFellIsMadeGood(t *testing.T) {
	act := domain.EventRef{Stream: "residence-x", Revision: 7}
	remedy := func(change func(*procedure.Remedy)) decider {
		r := procedure.Remedy{How: procedure.RemedyNewCase, NewCase: another, Other: *in(procedure.Registered)}
		r.Other.CaseID = another
		change(&r)
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.Remedy(cmd, r) }
	}
	corrected := func(acts ...domain.EventRef) decider {
		return remedy(func(r *procedure.Remedy) { *r = procedure.Remedy{How: procedure.RemedyCorrected, Acts: acts} })
	}
	same := func(*procedure.Remedy) {}
	specs := []domaintest.Spec[procedure.Case]{
		{
			Name:  "C12 corrected",
			Given: given(procedure.Granted, fallen),
			When:  on("2026-03-16", corrected(act)),
			Then: []domain.Event{
				procedure.RemedyRecorded{
					CaseID:     caseID,
					How:        procedure.RemedyCorrected,
					Acts:       []domain.EventRef{act},
					RecordedAt: noonOf("2026-03-16").Now,
				}},
		},
		{
			Name:  "C12 applied for anew",
			Given: given(procedure.Refused, fallen),
			When:  on("2026-03-16", remedy(same)),
			Then: []domain.Event{
				procedure.RemedyRecorded{
					CaseID:     caseID,
					How:        procedure.RemedyNewCase,
					NewCase:    another,
					RecordedAt: noonOf("2026-03-16").Now,
				}},
		},
		{
			Name:  "C12 not wanted",
			Given: given(procedure.Terminated, fallen),
			When:  on("2026-03-16", notWanted),
			Then: []domain.Event{
				procedure.RemedyRecorded{
					CaseID:     caseID,
					How:        procedure.RemedyNotWanted,
					Words:      "I have moved anyway",
					RecordedAt: noonOf("2026-03-16").Now,
				}},
		},
		{
			Name:  "C12 late rather than never",
			Given: given(procedure.Granted, fallen, procedure.DutyMissed{Duty: procedure.RemedyAfterComplaint}),
			When:  on("2026-06-16", corrected(act)),
			Then: []domain.Event{
				procedure.RemedyRecorded{
					CaseID:     caseID,
					How:        procedure.RemedyCorrected,
					Acts:       []domain.EventRef{act},
					RecordedAt: noonOf("2026-06-16").Now,
				}},
		},
		{
			Name:    "C12 once",
			Given:   given(procedure.Granted, fallen, procedure.RemedyRecorded{}),
			When:    on("2026-03-16", corrected(act)),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 only where an act fell",
			Given:   given(procedure.Granted),
			When:    on("2026-03-16", corrected(act)),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 a correction names its acts",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", corrected()),
			Refused: domain.CodeRequired,
			Field:   "acts",
		},
		{
			Name:    "C12 nothing else does",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", remedy(func(r *procedure.Remedy) { r.Acts = []domain.EventRef{act} })),
			Refused: domain.CodeRequired,
			Field:   "acts",
		},
		{
			Name:    "C12 a new application is named",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", remedy(func(r *procedure.Remedy) { r.NewCase = domain.CaseID{} })),
			Refused: domain.CodeRequired,
			Field:   "new_case",
		},
		{
			Name:  "C12 by nothing else",
			Given: given(procedure.Granted, fallen),
			When: on(
				"2026-03-16",
				remedy(func(r *procedure.Remedy) { r.How, r.Words = procedure.RemedyNotWanted, "no" }),
			),
			Refused: domain.CodeRequired,
			Field:   "new_case",
		},
		{
			Name:    "C12 it exists",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", remedy(func(r *procedure.Remedy) { r.Other = procedure.Case{} })),
			Refused: domain.CodeCaseUnknown,
			Field:   "new_case",
		},
		{
			Name:    "C12 it is another",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", remedy(func(r *procedure.Remedy) { r.NewCase, r.Other.CaseID = caseID, caseID })),
			Refused: domain.CodeCaseUnknown,
			Field:   "new_case",
		},
		{
			Name:    "C12 on the same subject",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", remedy(func(r *procedure.Remedy) { r.Other.Subject = caseID.UUID })),
			Refused: domain.CodeCaseUnknown,
			Field:   "new_case",
		},
		{
			Name:  "C12 not an earlier one",
			Given: given(procedure.Granted, fallen),
			When: on(
				"2026-03-16",
				remedy(func(r *procedure.Remedy) { r.Other.ReceivedAt = domaintest.Noon().Add(-1) }),
			),
			Refused: domain.CodeCaseUnknown,
			Field:   "new_case",
		},
		{
			Name:  "C12 that none is wanted, the complainant says",
			Given: given(procedure.Granted, fallen),
			When: on(
				"2026-03-16",
				remedy(func(r *procedure.Remedy) { *r = procedure.Remedy{How: procedure.RemedyNotWanted, Words: " "} }),
			),
			Refused: domain.CodeRequired,
			Field:   "words",
		},
		{
			Name:    "C12 in no other way",
			Given:   given(procedure.Granted, fallen),
			When:    on("2026-03-16", remedy(func(r *procedure.Remedy) { r.How = "forgotten" })),
			Refused: domain.CodeValueUnknown,
			Field:   "how",
		},
	}
	domaintest.Run(t, specs)
}

func TestC9_AnExtensionIsDecidedByTheHeadOrADeputy(t *testing.T) {
	var specs []domaintest.Spec[procedure.Case]
	extend := func(in procedure.Office) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.Extend(cmd, procedure.Extension{Office: in, Reasons: "because", Until: domaintest.Day("2026-05-01")}, terms)
		}
	}
	for _, office := range procedure.Offices {
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:  "C9 " + string(office),
				Given: given(procedure.InReview),
				When:  on("2026-03-16", extend(office)),
				Then: []domain.Event{
					procedure.TermExtended{
						CaseID:     caseID,
						By:         "desk-7",
						Office:     office,
						Reasons:    "because",
						Deadline:   domaintest.Day("2026-05-01").End(),
						NotifyBy:   domaintest.Day("2026-03-19"),
						ExtendedAt: noonOf("2026-03-16").Now,
					}},
			},
		)
	}
	for _, office := range []procedure.Office{"", "clerk"} {
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:    "C9 not " + string(office),
				Given:   given(procedure.InReview),
				When:    on("2026-03-16", extend(office)),
				Refused: domain.CodeValueUnknown,
				Field:   "office",
			},
		)
	}
	domaintest.Run(t, specs)
}
