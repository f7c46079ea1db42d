package procedure_test

import (
	"errors"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

// on takes a step on a day.
func on(day string, take decider) func(*procedure.Case) ([]domain.Event, error) {
	return func(c *procedure.Case) ([]domain.Event, error) { return take(c, domaintest.CommandOn(day)) }
}

// by takes a step at noon of the day of the specifications, as another account.
func by(actor string, take decider) func(*procedure.Case) ([]domain.Event, error) {
	return func(c *procedure.Case) ([]domain.Event, error) {
		cmd := domaintest.Command()
		cmd.Actor = actor
		return take(c, cmd)
	}
}

func given(s procedure.State, more ...domain.Event) []domain.Event {
	return append(append([]domain.Event{begun()}, reach[s]...), more...)
}

func noonOf(day string) (cmd domain.Command) { return domaintest.CommandOn(day) }

// unforeseen is a calendar without data for the year.
type unforeseen struct{}

var errNoYear = errors.New("no data for the year")

func (unforeseen) AddWorkingDays(domain.Date, int) (domain.Date, error) {
	return domain.Date{}, errNoYear
}
func (unforeseen) lastDay(domain.Date) (domain.Date, error) { return domain.Date{}, errNoYear }

var lacking = []procedure.Missing{{Document: domain.DocumentBirthCertificate, Text: "birth certificate"}}

func TestC14_WhatTheStateHoldsIsAskedOfNobody(t *testing.T) {
	held := terms
	held.StateHeld = []domain.DocumentType{domain.DocumentIdentityCard, domain.DocumentPassport}
	ask := func(silent bool, missing ...procedure.Missing) func(*procedure.Case) ([]domain.Event, error) {
		return func(c *procedure.Case) ([]domain.Event, error) {
			return c.RequestCorrection(
				domaintest.Command(),
				procedure.Correction{Missing: missing, SystemsSilent: silent},
				held,
			)
		}
	}
	asked := func(silent bool, missing ...procedure.Missing) []domain.Event {
		return []domain.Event{procedure.CorrectionRequested{
			CaseID: caseID, Missing: missing, SystemsSilent: silent, Until: domaintest.Day("2026-03-27"), RequestedAt: domaintest.Noon(),
		}}
	}
	passport := procedure.Missing{Document: domain.DocumentPassport, Text: "passport"}
	text := procedure.Missing{Text: "the extract is illegible"}
	domaintest.Run(t, []domaintest.Spec[procedure.Case]{
		{
			Name:    "C14 not a document that they hold",
			Given:   given(procedure.Registered),
			When:    ask(false, passport),
			Refused: domain.CodeHeldByState,
			Field:   "missing[0].document_type",
		},
		{
			Name:    "C14 nor among others",
			Given:   given(procedure.Registered),
			When:    ask(false, lacking[0], text, passport),
			Refused: domain.CodeHeldByState,
			Field:   "missing[2].document_type",
		},
		{
			Name:  "C14 unless they do not answer, which is recorded",
			Given: given(procedure.Registered),
			When:  ask(true, passport),
			Then:  asked(true, passport),
		},
		{
			Name:  "C14 what they do not hold is asked for",
			Given: given(procedure.Registered),
			When:  ask(false, lacking[0], text),
			Then:  asked(false, lacking[0], text),
		},
		{
			Name:    "C3 each item is said in words",
			Given:   given(procedure.Registered),
			When:    ask(false, lacking[0], procedure.Missing{Document: domain.DocumentOther, Text: " "}),
			Refused: domain.CodeRequired,
			Field:   "missing[1].text",
		},
	})
}

func TestCorrection(t *testing.T) {
	request := func(until string) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			var day domain.Date
			if until != "" {
				day = domaintest.Day(until)
			}
			return c.RequestCorrection(cmd, procedure.Correction{Missing: lacking, Until: day}, terms)
		}
	}
	requested := func(until string) domain.Event {
		return procedure.CorrectionRequested{
			CaseID:      caseID,
			Missing:     lacking,
			Until:       domaintest.Day(until),
			RequestedAt: domaintest.Noon(),
		}
	}
	correct := steps[procedure.Correct].take
	back := steps[procedure.Return].take
	domaintest.Run(t, []domaintest.Spec[procedure.Case]{
		{
			Name:  "C3 ten working days where no date is set",
			Given: given(procedure.Registered),
			When:  on("2026-03-15", request("")),
			Then:  []domain.Event{requested("2026-03-27")},
		},
		{
			Name:  "C3 a date that leaves a reasonable time",
			Given: given(procedure.Registered),
			When:  on("2026-03-15", request("2026-03-27")),
			Then:  []domain.Event{requested("2026-03-27")},
		},
		{
			Name:    "C3 a day less is not reasonable",
			Given:   given(procedure.Registered),
			When:    on("2026-03-15", request("2026-03-26")),
			Refused: domain.CodeTooEarly,
			Field:   "until",
		},
		{
			Name:  "C3 what is missing is listed",
			Given: given(procedure.Registered),
			When: on("2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.RequestCorrection(cmd, procedure.Correction{}, terms)
			}),
			Refused: domain.CodeRequired,
			Field:   "missing",
		},
		{
			Name: "C3 Q4 Q6 cured on the last day: complete from that instant, with a new term", Given: given(procedure.AwaitingCorrection), When: on("2026-03-27", correct),
			Then: []domain.Event{
				procedure.CorrectionReceived{
					Documents: handedIn, CaseID: caseID,
					ReceivedAt: noonOf("2026-03-27").Now,
					Deadline:   domaintest.Day("2026-04-27").End(),
				},
			}, // 26 April is a Sunday
		},
		{
			Name:    "C3 the day after is too late",
			Given:   given(procedure.AwaitingCorrection),
			When:    on("2026-03-28", correct),
			Refused: domain.CodeTooLate,
		},
		{
			Name:    "C3 not returned on the last day",
			Given:   given(procedure.AwaitingCorrection),
			When:    on("2026-03-27", back),
			Refused: domain.CodeTooEarly,
		},
		{
			Name:  "C3 returned the day after",
			Given: given(procedure.AwaitingCorrection),
			When:  on("2026-03-28", back),
			Then:  []domain.Event{procedure.CaseReturned{CaseID: caseID, ReturnedAt: noonOf("2026-03-28").Now}},
		},
		{
			Name:    "C3 with nothing handed in",
			Given:   given(procedure.AwaitingCorrection),
			Refused: domain.CodeRequired, Field: "documents",
			When: on("2026-03-27", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.Correct(cmd, nil, terms)
			}),
		},
		{
			Name:    "C2 what is incomplete is not reviewed",
			Given:   given(procedure.AwaitingCorrection),
			When:    on("2026-03-15", steps[procedure.TakeUp].take),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C2 nor granted",
			Given:   given(procedure.AwaitingCorrection),
			When:    on("2026-03-15", steps[procedure.Grant].take),
			Refused: domain.CodeStepNotOpen,
		},
	})
	c := domaintest.Fold[procedure.Case](
		given(procedure.AwaitingCorrection, procedure.CorrectionReceived{ReceivedAt: noonOf("2026-03-20").Now})...)
	cured := domaintest.Fold[procedure.Case](
		given(
			procedure.AwaitingCorrection,
			procedure.CorrectionReceived{Deadline: domaintest.Day("2026-04-27").End()},
		)...)
	if !cured.Deadline.Equal(domaintest.Day("2026-04-27").End()) || cured.Original != cured.Deadline {
		t.Errorf("Q4: the term is %s, extended from %s, want that of the cure", cured.Deadline, cured.Original)
	}
	if !c.Completed.At.Equal(noonOf("2026-03-20").Now) || c.Completed.Position != 102 {
		t.Errorf("Q6: complete at %v, want the instant and place of the cure", c.Completed)
	}
}

func TestC5_AWrongAddresseeForwardsWithinThreeWorkingDays(t *testing.T) {
	forward := steps[procedure.Forward].take
	late := begun() // filed on Sunday, registered on Monday in the morning
	late.RegisteredAt = domaintest.Day("2026-03-16").Start().Add(9 * time.Hour)
	domaintest.Run(t, []domaintest.Spec[procedure.Case]{
		{
			Name:  "C5 on the third working day",
			Given: given(procedure.Registered),
			When:  on("2026-03-18", forward),
			Then: []domain.Event{
				procedure.CaseForwarded{
					CaseID:      caseID,
					To:          "body",
					NotifyBy:    domaintest.Day("2026-03-18"),
					ForwardedAt: noonOf("2026-03-18").Now,
				},
			},
		},
		{
			Name:    "C5 not on the fourth",
			Given:   given(procedure.Registered),
			When:    on("2026-03-19", forward),
			Refused: domain.CodeTooLate,
		},
		{
			Name:  "C5 C4 counted from the registration",
			Given: []domain.Event{late},
			When:  on("2026-03-19", forward),
			Then: []domain.Event{
				procedure.CaseForwarded{
					CaseID:      caseID,
					To:          "body",
					NotifyBy:    domaintest.Day("2026-03-19"),
					ForwardedAt: noonOf("2026-03-19").Now,
				}},
		},
		{
			Name:    "C5 C4 three days of that",
			Given:   []domain.Event{late},
			When:    on("2026-03-20", forward),
			Refused: domain.CodeTooLate,
		},
		{
			Name:  "C5 to a body that is named",
			Given: given(procedure.Registered),
			When: on("2026-03-18", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.Forward(cmd, " ", terms)
			}),
			Refused: domain.CodeRequired,
			Field:   "to",
		},
	})
}

func TestC15_WhoMayNotDecide(t *testing.T) {
	recused := procedure.DeciderRecused{
		CaseID:  caseID,
		Recused: "desk-7",
		Ground:  procedure.Interested,
		Decider: "desk-8",
	}
	recuse := func(g procedure.RecusalGround, next string) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.Recuse(cmd, g, next) }
	}
	specs := []domaintest.Spec[procedure.Case]{
		{
			Name:  "C15 the decider is replaced",
			Given: given(procedure.InReview),
			When:  on("2026-03-15", recuse(procedure.CloseRelative, "desk-8")),
			Then: []domain.Event{
				procedure.DeciderRecused{
					CaseID:    caseID,
					Recused:   "desk-7",
					Ground:    procedure.CloseRelative,
					Decider:   "desk-8",
					RecusedAt: domaintest.Noon(),
				}},
		},
		{
			Name:    "C15 on a ground of the law",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", recuse("dislike", "desk-8")),
			Refused: domain.CodeGroundUnknown,
			Field:   "ground",
		},
		{
			Name:    "C15 by somebody else",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", recuse(procedure.Dependent, "desk-7")),
			Refused: domain.CodeRequired,
			Field:   "decider",
		},
		{
			Name:    "C15 not by the applicant",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", recuse(procedure.Dependent, aigul.String())),
			Refused: domain.CodeDeciderRecused,
		},
		{
			Name:    "C15 not by who was recused before",
			Given:   given(procedure.InReview, recused),
			When:    on("2026-03-15", recuse(procedure.Dependent, "desk-7")),
			Refused: domain.CodeDeciderRecused,
		},
		{
			Name:  "C15 who came instead decides",
			Given: given(procedure.InReview, recused),
			When:  by("desk-8", steps[procedure.Grant].take),
			Then:  []domain.Event{moved{procedure.Granted, domaintest.Noon()}},
		},
	}
	specs = append(specs, domaintest.Spec[procedure.Case]{
		Name:  "C26 another official of the body than who took it up decides",
		Given: given(procedure.InReview),
		When:  by("desk-9", steps[procedure.Grant].take),
		Then:  []domain.Event{moved{procedure.Granted, domaintest.Noon()}},
	})
	for _, step := range []procedure.Step{procedure.AnnounceHearing, procedure.Extend, procedure.Terminate, procedure.Grant, procedure.Refuse} {
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:    "C15 the applicant does not " + string(step),
				Given:   given(procedure.InReview),
				When:    by(aigul.String(), steps[step].take),
				Refused: domain.CodeDeciderRecused,
			},
			domaintest.Spec[procedure.Case]{
				Name:    "C15 who was recused does not " + string(step),
				Given:   given(procedure.InReview, recused),
				When:    by("desk-7", steps[step].take),
				Refused: domain.CodeDeciderRecused,
			},
		)
	}
	specs = append(
		specs,
		domaintest.Spec[procedure.Case]{
			Name:    "C15 the applicant does not take up",
			Given:   given(procedure.Registered),
			When:    by(aigul.String(), steps[procedure.TakeUp].take),
			Refused: domain.CodeDeciderRecused,
		},
	)
	domaintest.Run(t, specs)
}

// TestC8_Hearing: announced on Sunday the 15th, the objection is open until
// Tuesday the 17th, the refusal comes on Wednesday the 18th at the earliest.
func TestC8_Hearing(t *testing.T) {
	refuse := func(x procedure.Exemption, reasons domain.Personal) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			before, err := c.Refusing(cmd, procedure.Dispense{Exemption: x, Reasons: reasons})
			return decision(before, err, moved{procedure.Refused, cmd.Now})
		}
	}
	unexempted := refuse("", "")
	end := func(how procedure.HearingEnd, protocol domain.Personal) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.CloseHearing(cmd, how, protocol)
		}
	}
	closed := func(how procedure.HearingEnd, protocol domain.Personal, day string) []domain.Event {
		return []domain.Event{
			procedure.HearingClosed{CaseID: caseID, How: how, Protocol: protocol, ClosedAt: noonOf(day).Now},
		}
	}
	refused := func(day string) []domain.Event { return []domain.Event{moved{procedure.Refused, noonOf(day).Now}} }
	dispensed := func(x procedure.Exemption) []domain.Event {
		return []domain.Event{
			procedure.HearingDispensed{
				CaseID:      caseID,
				Exemption:   x,
				Reasons:     "because",
				DispensedAt: domaintest.Noon(),
			},
			moved{procedure.Refused, domaintest.Noon()},
		}
	}
	objected := given(procedure.HearingPending, procedure.ObjectionFiled{CaseID: caseID})
	lapsed := given(procedure.HearingPending, procedure.HearingClosed{CaseID: caseID, How: procedure.HearingLapsed})
	waived := given(procedure.HearingPending, procedure.HearingClosed{CaseID: caseID, How: procedure.HearingWaived})
	short := begun()
	short.Deadline = short.ReceivedAt.AddDate(0, 0, 3).Add(-1)
	specs := []domaintest.Spec[procedure.Case]{
		{
			Name:  "C8 announced with the intended act and both days",
			Given: given(procedure.InReview),
			When:  on("2026-03-15", steps[procedure.AnnounceHearing].take),
			Then: []domain.Event{procedure.HearingAnnounced{
				CaseID: caseID, Preliminary: "a refusal", NotBefore: domaintest.Day("2026-03-18"), ObjectUntil: domaintest.Day("2026-03-17"), AnnouncedAt: domaintest.Noon()}},
		},
		{
			Name:  "C8 not without saying what is intended",
			Given: given(procedure.InReview),
			When: on("2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.AnnounceHearing(cmd, " ", terms)
			}),
			Refused: domain.CodeRequired,
			Field:   "preliminary",
		},
		{
			Name:  "C8 an objection on the last day",
			Given: given(procedure.HearingPending),
			When:  on("2026-03-17", steps[procedure.Object].take),
			Then: []domain.Event{
				procedure.ObjectionFiled{CaseID: caseID, Objection: "no", FiledAt: noonOf("2026-03-17").Now},
			},
		},
		{
			Name:    "C8 not the day after",
			Given:   given(procedure.HearingPending),
			When:    on("2026-03-18", steps[procedure.Object].take),
			Refused: domain.CodeTooLate,
		},
		{
			Name:  "C8 an objection says something",
			Given: given(procedure.HearingPending),
			When: on(
				"2026-03-17",
				func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.Object(cmd, "") },
			),
			Refused: domain.CodeRequired,
			Field:   "objection",
		},
		{
			Name:    "C8 the window has not lapsed on its last day",
			Given:   given(procedure.HearingPending),
			When:    on("2026-03-17", end(procedure.HearingLapsed, "")),
			Refused: domain.CodeTooEarly,
		},
		{
			Name:  "C8 it has the day after",
			Given: given(procedure.HearingPending),
			When:  on("2026-03-18", end(procedure.HearingLapsed, "")),
			Then:  closed(procedure.HearingLapsed, "", "2026-03-18"),
		},
		{
			Name:    "C8 an oral hearing has a protocol",
			Given:   given(procedure.HearingPending),
			When:    on("2026-03-16", end(procedure.HeardOrally, "")),
			Refused: domain.CodeRequired,
			Field:   "protocol",
		},
		{
			Name:  "C8 heard orally",
			Given: given(procedure.HearingPending),
			When:  on("2026-03-16", end(procedure.HeardOrally, "said")),
			Then:  closed(procedure.HeardOrally, "said", "2026-03-16"),
		},
		{
			Name:    "C8 a waiver is the applicant's word",
			Given:   given(procedure.HearingPending),
			When:    on("2026-03-16", end(procedure.HearingWaived, "")),
			Refused: domain.CodeRequired,
			Field:   "protocol",
		},
		{
			Name:    "C8 no hearing ends otherwise",
			Given:   given(procedure.HearingPending),
			When:    on("2026-03-16", end("ignored", "x")),
			Refused: domain.CodeValueUnknown,
			Field:   "how",
		},

		{
			Name:    "C8 no refusal unheard",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", unexempted),
			Refused: domain.CodeHearingRequired,
		},
		{
			Name:    "C8 no refusal while the hearing is open",
			Given:   given(procedure.HearingPending),
			When:    on("2026-03-18", unexempted),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C8 heard, but on the second working day",
			Given:   objected,
			When:    on("2026-03-17", unexempted),
			Refused: domain.CodeTooEarly,
		},
		{
			Name:  "C8 heard, on the third",
			Given: objected,
			When:  on("2026-03-18", unexempted),
			Then:  refused("2026-03-18"),
		},
		{
			Name:  "C8 the window was not used",
			Given: lapsed,
			When:  on("2026-03-18", unexempted),
			Then:  refused("2026-03-18"),
		},
		{
			Name:  "C8 at the applicant's request nothing is waited for",
			Given: waived,
			When:  on("2026-03-15", unexempted),
			Then:  refused("2026-03-15"),
		},
		{
			Name: "C8 a new intention is heard anew",
			Given: append(
				objected,
				procedure.HearingAnnounced{
					CaseID:      caseID,
					NotBefore:   domaintest.Day("2026-03-25"),
					ObjectUntil: domaintest.Day("2026-03-24"),
				},
				procedure.ObjectionFiled{CaseID: caseID},
			),
			When:    on("2026-03-24", unexempted),
			Refused: domain.CodeTooEarly,
		},
		{
			Name:    "C8 an exemption is one of the law",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", refuse("haste", "because")),
			Refused: domain.CodeValueUnknown,
			Field:   "exemption.ground",
		},
		{
			Name:    "C8 with its reasons",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", refuse(procedure.Urgency, "")),
			Refused: domain.CodeReasonsRequired,
			Field:   "exemption.reasons",
		},
		{
			Name:    "C8 a refusal is no favourable act",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", refuse(procedure.FavourableAct, "because")),
			Refused: domain.CodeHearingRequired,
			Field:   "exemption.ground",
		},
		{
			Name:    "C8 thirty days are no short term",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", refuse(procedure.ShortTerm, "because")),
			Refused: domain.CodeHearingRequired,
			Field:   "exemption.ground",
		},
		{
			Name:  "C8 less than three days are",
			Given: append([]domain.Event{short}, reach[procedure.InReview]...),
			When:  on("2026-03-15", refuse(procedure.ShortTerm, "because")),
			Then:  dispensed(procedure.ShortTerm),
		},
	}
	for _, x := range []procedure.Exemption{procedure.Enforcement, procedure.Urgency, procedure.OwnRequest, procedure.Simplified, procedure.AutomatedProcess} {
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:  "C8 dispensed with: " + string(x),
				Given: given(procedure.InReview),
				When:  on("2026-03-15", refuse(x, "because")),
				Then:  dispensed(x),
			},
		)
	}
	domaintest.Run(t, specs)
}

func TestC9_Term(t *testing.T) {
	extend := func(until string, reasons domain.Personal) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.Extend(cmd, procedure.Extension{Office: procedure.DeputyHead, Reasons: reasons, Until: domaintest.Day(until)}, terms)
		}
	}
	extended := func(day, until, notify string) domain.Event {
		return procedure.TermExtended{
			CaseID:     caseID,
			By:         "desk-7",
			Office:     procedure.DeputyHead,
			Reasons:    "because",
			Deadline:   domaintest.Day(until).End(),
			NotifyBy:   domaintest.Day(notify),
			ExtendedAt: noonOf(day).Now,
		}
	}
	overdue := func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.MarkOverdue(cmd) }
	passed := procedure.DeadlinePassed{CaseID: caseID, Deadline: begun().Deadline}
	marked := []domain.Event{
		procedure.DeadlinePassed{CaseID: caseID, Deadline: begun().Deadline, MarkedAt: noonOf("2026-04-15").Now},
	}
	specs := []domaintest.Spec[procedure.Case]{
		{
			Name:  "C9 two months, on the last day of the term",
			Given: given(procedure.InReview),
			When:  on("2026-04-14", extend("2026-06-14", "because")),
			Then:  []domain.Event{extended("2026-04-14", "2026-06-14", "2026-04-17")},
		},
		{
			Name:    "C9 a day more is too long",
			Given:   given(procedure.InReview),
			When:    on("2026-04-14", extend("2026-06-15", "because")),
			Refused: domain.CodePeriodTooLong,
			Field:   "until",
		},
		{
			Name:    "C9 in all, not each time",
			Given:   given(procedure.InReview, extended("2026-04-14", "2026-05-20", "2026-04-17")),
			When:    on("2026-05-20", extend("2026-06-15", "because")),
			Refused: domain.CodePeriodTooLong,
			Field:   "until",
		},
		{
			Name:  "C9 what is left of them",
			Given: given(procedure.InReview, extended("2026-04-14", "2026-05-20", "2026-04-17")),
			When:  on("2026-05-20", extend("2026-06-14", "because")),
			Then:  []domain.Event{extended("2026-05-20", "2026-06-14", "2026-05-25")},
		},
		{
			Name:    "C9 never to the same day",
			Given:   given(procedure.InReview),
			When:    on("2026-04-14", extend("2026-04-14", "because")),
			Refused: domain.CodePeriodTooLong,
			Field:   "until",
		},
		{
			Name:    "C9 not after the term",
			Given:   given(procedure.InReview),
			When:    on("2026-04-15", extend("2026-05-15", "because")),
			Refused: domain.CodeTooLate,
		},
		{
			Name:    "C9 not without reasons",
			Given:   given(procedure.InReview),
			When:    on("2026-04-14", extend("2026-06-14", " ")),
			Refused: domain.CodeReasonsRequired,
			Field:   "reasons",
		},

		{
			Name:    "C9 not overdue on the last day",
			Given:   given(procedure.InReview),
			When:    on("2026-04-14", overdue),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C9 marked once",
			Given:   given(procedure.InReview, passed),
			When:    on("2026-04-16", overdue),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C9 the extended term counts",
			Given:   given(procedure.InReview, extended("2026-04-14", "2026-05-20", "2026-04-17")),
			When:    on("2026-05-20", overdue),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C9 Q4 the term does not run while a correction is awaited",
			Given:   given(procedure.AwaitingCorrection),
			When:    on("2026-04-15", overdue),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:  "C9 a decision may come late",
			Given: given(procedure.InReview, passed),
			When:  on("2026-04-20", steps[procedure.Grant].take),
			Then:  []domain.Event{moved{procedure.Granted, noonOf("2026-04-20").Now}},
		},
	}
	for s := range reach {
		spec := domaintest.Spec[procedure.Case]{
			Name:  "C9 the day after, " + string(s),
			Given: given(s),
			When:  on("2026-04-15", overdue),
			Then:  marked,
		}
		if !s.Open() || s == procedure.AwaitingCorrection {
			spec.Then, spec.Refused = nil, domain.CodeStepNotOpen
		}
		specs = append(specs, spec)
	}
	domaintest.Run(t, specs)
}

func TestC11_NoticeOfTheDecision(t *testing.T) {
	notice := func(w procedure.NotifiedBy) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.Notify(cmd, procedure.OfDecision, w)
		}
	}
	told := procedure.DecisionNotified{CaseID: caseID, By: procedure.ByHand, NotifiedAt: domaintest.Noon()}
	specs := []domaintest.Spec[procedure.Case]{
		{
			Name:    "C11 once",
			Given:   given(procedure.Refused, told),
			When:    on("2026-03-16", notice(procedure.ByHand)),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C11 by a way that records its receipt",
			Given:   given(procedure.Refused),
			When:    on("2026-03-15", notice("rumour")),
			Refused: domain.CodeValueUnknown,
			Field:   "by",
		},
		{
			Name: "C11 a new decision is told anew",
			Given: given(
				procedure.Refused,
				told,
				annulled("2026-04-15"),
				moved{procedure.Refused, noonOf("2026-03-16").Now},
			),
			When: on("2026-03-15", notice(procedure.ByHand)),
			Then: []domain.Event{told},
		},
	}
	for _, w := range procedure.WaysOfNotice {
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:  "C11 " + string(w),
				Given: given(procedure.Granted),
				When:  on("2026-03-15", notice(w)),
				Then: []domain.Event{
					procedure.DecisionNotified{CaseID: caseID, By: w, NotifiedAt: domaintest.Noon()}},
			},
		)
	}
	domaintest.Run(t, specs)
}

func annulled(deadline string) domain.Event {
	return procedure.ComplaintDecided{
		CaseID:   caseID,
		Outcome:  procedure.Annulled,
		By:       "reviewer",
		Reasons:  "because",
		Deadline: domaintest.Day(deadline).End(),
	}
}

func TestC13_Termination(t *testing.T) {
	terminate := func(d procedure.Termination) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.Terminate(cmd, d, terms)
		}
	}
	// duplicate names the other case, on the same subject unless something else
	// is said, in the state.
	duplicate := func(state procedure.State, change func(*procedure.Termination)) decider {
		d := procedure.Termination{
			Ground:      procedure.SameSubjectDecided,
			Reasons:     "because",
			DuplicateOf: another,
			Other:       *in(state),
		}
		d.Other.CaseID = another
		if change != nil {
			change(&d)
		}
		return terminate(d)
	}
	terminated := func(g procedure.TerminationGround, of domain.CaseID) []domain.Event {
		return []domain.Event{procedure.CaseTerminated{
			CaseID: caseID, Ground: g, DuplicateOf: of, Reasons: "because", NotifyBy: domaintest.Day("2026-03-18"), TerminatedAt: domaintest.Noon()}}
	}
	specs := []domaintest.Spec[procedure.Case]{
		{
			Name:    "C13 on a ground of the law",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", terminate(procedure.Termination{Ground: "tired", Reasons: "because"})),
			Refused: domain.CodeGroundUnknown,
			Field:   "ground",
		},
		{
			Name:    "C13 with reasons",
			Given:   given(procedure.InReview),
			When:    on("2026-03-15", terminate(procedure.Termination{Ground: procedure.OtherByLaw})),
			Refused: domain.CodeReasonsRequired,
			Field:   "reasons",
		},
		{
			Name:  "C13 a duplicate of what was granted",
			Given: given(procedure.Registered),
			When:  on("2026-03-15", duplicate(procedure.Granted, nil)),
			Then:  terminated(procedure.SameSubjectDecided, another),
		},
		{
			Name:  "C13 of what was refused",
			Given: given(procedure.Registered),
			When:  on("2026-03-15", duplicate(procedure.Refused, nil)),
			Then:  terminated(procedure.SameSubjectDecided, another),
		},
		{
			Name:  "C13 it names the other case",
			Given: given(procedure.Registered),
			When: on(
				"2026-03-15",
				duplicate(procedure.Granted, func(d *procedure.Termination) { d.DuplicateOf = domain.CaseID{} }),
			),
			Refused: domain.CodeRequired,
			Field:   "duplicate_of",
		},
		{
			Name:  "C13 one that exists",
			Given: given(procedure.Registered),
			When: on(
				"2026-03-15",
				duplicate(procedure.Granted, func(d *procedure.Termination) { d.Other = procedure.Case{} }),
			),
			Refused: domain.CodeNoDuplicate,
			Field:   "duplicate_of",
		},
		{
			Name:  "C13 not itself",
			Given: given(procedure.Registered),
			When: on(
				"2026-03-15",
				duplicate(
					procedure.Granted,
					func(d *procedure.Termination) { d.DuplicateOf, d.Other.CaseID = caseID, caseID },
				),
			),
			Refused: domain.CodeNoDuplicate,
			Field:   "duplicate_of",
		},
		{
			Name:  "C13 of the same subject",
			Given: given(procedure.Registered),
			When: on(
				"2026-03-15",
				duplicate(procedure.Granted, func(d *procedure.Termination) { d.Other.Subject = caseID.UUID }),
			),
			Refused: domain.CodeNoDuplicate,
			Field:   "duplicate_of",
		},
		{
			Name:  "C13 no other ground names a case",
			Given: given(procedure.Registered),
			When: on(
				"2026-03-15",
				duplicate(procedure.Granted, func(d *procedure.Termination) { d.Ground = procedure.OtherByLaw }),
			),
			Refused: domain.CodeNoDuplicate,
			Field:   "duplicate_of",
		},
	}
	for state := range reach {
		if state == procedure.Granted || state == procedure.Refused {
			continue
		}
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{
				Name:    "C13 nothing is decided in a case that is " + string(state),
				Given:   given(procedure.Registered),
				When:    on("2026-03-15", duplicate(state, nil)),
				Refused: domain.CodeNoDuplicate,
				Field:   "duplicate_of",
			},
		)
	}
	for _, g := range procedure.TerminationGrounds {
		if g == procedure.SameSubjectDecided || g == procedure.ApplicantDied { // R49: a body does not state it
			continue
		}
		specs = append(
			specs,
			domaintest.Spec[procedure.Case]{Name: "C13 " + string(g), Given: given(procedure.Registered),
				When: on(
					"2026-03-15",
					terminate(procedure.Termination{Ground: g, Reasons: "because"}),
				), Then: terminated(g, domain.CaseID{})},
		)
	}
	domaintest.Run(t, specs)
}

func TestC12_Complaint(t *testing.T) {
	filed := func(day, forward string, late bool) domain.Event {
		return procedure.ComplaintFiled{
			CaseID:        caseID,
			ComplaintID:   "complaint",
			ComplainantID: aigul,
			Grounds:       "it is wrong",
			Late:          late,
			ForwardBy:     domaintest.Day(forward),
			FiledAt:       noonOf(day).Now,
		}
	}
	atHome := filed("2026-03-15", "2026-03-18", false)
	forwarded := procedure.ComplaintForwarded{
		CaseID:      caseID,
		To:          "ministry",
		DecideBy:    domaintest.Day("2026-04-13"),
		ForwardedAt: noonOf("2026-03-16").Now,
	}
	decide := func(o procedure.ComplaintOutcome, reasons domain.Personal) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.DecideComplaint(cmd, o, reasons, "", terms)
		}
	}
	// made is a complaint decided where the case does not open again: five
	// working days to make it good.
	made := func(o procedure.ComplaintOutcome) []domain.Event {
		return []domain.Event{
			procedure.ComplaintDecided{
				CaseID:    caseID,
				Outcome:   o,
				By:        "reviewer",
				Reasons:   "because",
				RemedyBy:  domaintest.Day("2026-03-20"),
				DecidedAt: domaintest.Noon(),
			},
		}
	}
	theirs := func(who domain.PersonID) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.FileComplaint(cmd, procedure.Filing{ID: "complaint", By: who, Grounds: "it is wrong"}, terms)
		}
	}
	his := filed("2026-09-15", "2026-09-18", false).(procedure.ComplaintFiled)
	his.ComplainantID = daur
	hers := atHome.(procedure.ComplaintFiled)
	hers.ComplainantID = daur
	fell := made(procedure.Annulled)[0].(procedure.ComplaintDecided)
	fell.Affected = daur
	decided := func(o procedure.ComplaintOutcome, by, deadline string) []domain.Event {
		e := procedure.ComplaintDecided{
			CaseID:    caseID,
			Outcome:   o,
			By:        domain.Account(by),
			Reasons:   "because",
			DecidedAt: domaintest.Noon(),
		}
		if deadline != "" {
			e.Deadline = domaintest.Day(deadline).End()
		}
		return []domain.Event{e}
	}
	forward := func(to string) decider {
		return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.ForwardComplaint(cmd, to, terms)
		}
	}
	sitting := begun()
	sitting.OneSitting = true
	passed := procedure.DeadlinePassed{CaseID: caseID, Deadline: begun().Deadline}
	told := procedure.DecisionNotified{CaseID: caseID, By: procedure.ByHand, NotifiedAt: noonOf("2026-03-20").Now}
	domaintest.Run(t, []domaintest.Spec[procedure.Case]{
		{
			Name:  "C12 on the last day of three months",
			Given: given(procedure.Refused),
			When:  on("2026-06-15", complain),
			Then:  []domain.Event{filed("2026-06-15", "2026-06-18", false)},
		},
		{
			Name:  "C12 a late one is taken too, and marked",
			Given: given(procedure.Refused),
			When:  on("2026-06-16", complain),
			Then:  []domain.Event{filed("2026-06-16", "2026-06-19", true)},
		},
		{
			Name:  "C12 C11 the time runs from the notice",
			Given: given(procedure.Refused, told),
			When:  on("2026-06-20", complain),
			Then:  []domain.Event{filed("2026-06-20", "2026-06-24", false)},
		},
		{
			Name:  "C12 late after that",
			Given: given(procedure.Refused, told),
			When:  on("2026-06-21", complain),
			Then:  []domain.Event{filed("2026-06-21", "2026-06-24", true)},
		},
		{
			Name:  "C12 C9 silence can be complained of",
			Given: given(procedure.InReview, passed),
			When:  on("2026-04-16", complain),
			Then:  []domain.Event{filed("2026-04-16", "2026-04-21", false)},
		},
		{
			Name:  "C12 C9 silence, three months after the term",
			Given: given(procedure.InReview, passed),
			When:  on("2026-07-14", complain),
			Then:  []domain.Event{filed("2026-07-14", "2026-07-17", false)},
		},
		{
			Name:  "C12 C9 silence, three months and a day after the term",
			Given: given(procedure.InReview, passed),
			When:  on("2026-07-15", complain),
			Then:  []domain.Event{filed("2026-07-15", "2026-07-20", true)},
		},
		{
			Name:    "C12 C6 who withdrew complains of no silence",
			Given:   given(procedure.InReview, passed, procedure.CaseWithdrawn{CaseID: caseID}),
			When:    on("2026-04-16", complain),
			Refused: domain.CodeCaseDecided,
		},
		{
			Name:    "C12 not in time to decide yet",
			Given:   given(procedure.InReview),
			When:    on("2026-03-16", complain),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 one at a time",
			Given:   given(procedure.Refused, atHome),
			When:    on("2026-03-16", complain),
			Refused: domain.CodeComplaintPending,
		},
		{
			Name:  "C12 it says what it is about",
			Given: given(procedure.Refused),
			When: on("2026-03-16", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
				return c.FileComplaint(cmd, procedure.Filing{ID: "complaint", By: aigul, Grounds: ""}, terms)
			}),
			Refused: domain.CodeRequired,
			Field:   "grounds",
		},

		{
			Name:  "C12 forwarded with the file",
			Given: given(procedure.Refused, atHome),
			When:  on("2026-03-16", forward("ministry")),
			Then:  []domain.Event{forwarded},
		},
		{
			Name:    "C12 once",
			Given:   given(procedure.Refused, atHome, forwarded),
			When:    on("2026-03-16", forward("ministry")),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 to a body that is named",
			Given:   given(procedure.Refused, atHome),
			When:    on("2026-03-16", forward("")),
			Refused: domain.CodeRequired,
			Field:   "to",
		},
		{
			Name:    "C12 nothing to forward",
			Given:   given(procedure.Refused),
			When:    on("2026-03-16", forward("ministry")),
			Refused: domain.CodeStepNotOpen,
		},

		{
			Name:  "C12 the body satisfies it on the third working day",
			Given: given(procedure.Refused, atHome),
			When:  on("2026-03-18", decide(procedure.Satisfied, "because")),
			Then: []domain.Event{
				procedure.ComplaintDecided{
					CaseID:    caseID,
					Outcome:   procedure.Satisfied,
					By:        "desk-7",
					Reasons:   "because",
					Deadline:  domaintest.Day("2026-04-17").End(),
					DecidedAt: noonOf("2026-03-18").Now,
				}},
		},
		{
			Name:    "C12 not on the fourth",
			Given:   given(procedure.Refused, atHome),
			When:    on("2026-03-19", decide(procedure.Satisfied, "because")),
			Refused: domain.CodeTooLate,
		},
		{
			Name:    "C12 the body does not turn it down itself",
			Given:   given(procedure.Refused, atHome),
			When:    by("reviewer", decide(procedure.Upheld, "because")),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 after it is forwarded the body does not decide it",
			Given:   given(procedure.Refused, atHome, forwarded),
			When:    by("reviewer", decide(procedure.Satisfied, "because")),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 C15 whose act it is does not review it",
			Given:   given(procedure.Refused, atHome, forwarded),
			When:    by("desk-7", decide(procedure.Annulled, "because")),
			Refused: domain.CodeDeciderRecused,
		},
		{
			Name:  "C12 upheld: nothing moves",
			Given: given(procedure.Refused, atHome, forwarded),
			When:  by("reviewer", decide(procedure.Upheld, "because")),
			Then:  decided(procedure.Upheld, "reviewer", ""),
		},
		{
			Name:  "C12 annulled: a new term",
			Given: given(procedure.Refused, atHome, forwarded),
			When:  by("reviewer", decide(procedure.Annulled, "because")),
			Then:  decided(procedure.Annulled, "reviewer", "2026-04-14"),
		},
		{
			Name:  "C12 obliged: a new term",
			Given: given(procedure.Terminated, atHome, forwarded),
			When:  by("reviewer", decide(procedure.Obliged, "because")),
			Then:  decided(procedure.Obliged, "reviewer", "2026-04-14"),
		},
		{
			Name:  "C12 a grant is not taken back",
			Given: given(procedure.Granted, atHome, forwarded),
			When:  by("reviewer", decide(procedure.Annulled, "because")),
			Then:  made(procedure.Annulled),
		},
		{
			Name:  "C12 R16 whom it touches complains, and no notice to the applicant makes that late",
			Given: given(procedure.Granted),
			When:  on("2026-09-15", theirs(daur)),
			Then:  []domain.Event{his},
		},
		{
			Name:  "C12 R16 the decision names who complained, where it was not the applicant",
			Given: given(procedure.Granted, hers, forwarded),
			When:  by("reviewer", decide(procedure.Annulled, "because")),
			Then:  []domain.Event{fell},
		},
		{
			Name:    "C12 R16 nobody else does",
			Given:   given(procedure.Granted),
			When:    on("2026-03-16", theirs(domaintest.ID[domain.PersonID]("passer-by"))),
			Refused: domain.CodePersonUnknown,
			Field:   "complainant_id",
		},
		{
			Name:  "C12 a grant that is upheld leaves nothing to do",
			Given: given(procedure.Granted, atHome, forwarded),
			When:  by("reviewer", decide(procedure.Upheld, "because")),
			Then:  decided(procedure.Upheld, "reviewer", ""),
		},
		{
			Name:  "C12 C13 what is decided in one sitting is made good elsewhere",
			Given: []domain.Event{sitting, moved{procedure.Refused, domaintest.Noon()}, atHome, forwarded},
			When:  by("reviewer", decide(procedure.Annulled, "because")),
			Then:  made(procedure.Annulled),
		},
		{
			Name:  "C12 a complaint of the silence does not touch the refusal that came after it",
			Given: given(procedure.InReview, passed, atHome, forwarded, moved{procedure.Refused, domaintest.Noon()}),
			When: by(
				"reviewer",
				decide(procedure.Obliged, "because"),
			),
			Then: decided(procedure.Obliged, "reviewer", ""),
		},
		{
			Name:    "C12 with reasons",
			Given:   given(procedure.Refused, atHome, forwarded),
			When:    by("reviewer", decide(procedure.Annulled, "")),
			Refused: domain.CodeReasonsRequired,
			Field:   "reasons",
		},
		{
			Name:    "C12 no other outcome",
			Given:   given(procedure.Refused, atHome, forwarded),
			When:    by("reviewer", decide("worse", "because")),
			Refused: domain.CodeValueUnknown,
			Field:   "outcome",
		},
		{
			Name:    "C12 nothing to decide",
			Given:   given(procedure.Refused),
			When:    by("reviewer", decide(procedure.Annulled, "because")),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "C12 unknown",
			When:    by("reviewer", decide(procedure.Annulled, "because")),
			Refused: domain.CodeCaseUnknown,
		},
	})
}

// TestC12_AReopenedCaseIsAsItWasBeforeTheDecision: with its seniority, and
// nobody has been heard or told yet.
func TestC12_AReopenedCaseIsAsItWasBeforeTheDecision(t *testing.T) {
	first := domaintest.Fold[procedure.Case](given(procedure.InReview)...)
	c := domaintest.Fold[procedure.Case](
		given(procedure.HearingPending, procedure.ObjectionFiled{}, moved{procedure.Refused, domaintest.Noon()},
			procedure.DecisionNotified{NotifiedAt: domaintest.Noon()}, annulled("2026-04-15"))...)
	if c.State != procedure.InReview || c.Completed != first.Completed || c.Heard || c.Hearing != nil ||
		!c.NotifiedAt.IsZero() ||
		!c.DecidedOn.IsZero() {
		t.Errorf("reopened: %+v", c)
	}
	if _, err := c.Refusing(domaintest.Command(), procedure.Dispense{}); domain.CodeOf(
		err,
	) != domain.CodeHearingRequired {
		t.Errorf("C8: refused again without a hearing: %v", err)
	}
}

func TestC10_OneSittingTakesNoStepBetween(t *testing.T) {
	for step, how := range steps {
		e := begun()
		e.OneSitting = true
		got, err := how.take(domaintest.Fold[procedure.Case](e), domaintest.CommandOn(how.on))
		t.Run(string(step), func(t *testing.T) { domaintest.Refused(t, got, err, domain.CodeStepNotOpen, "") })
	}
}

func TestAYearWithoutDataDecidesNothing(t *testing.T) {
	terms := terms
	terms.Calendar, terms.LastDay = unforeseen{}, unforeseen{}.lastDay
	cmd := domaintest.Command()
	pending := procedure.ComplaintFiled{CaseID: caseID, ForwardBy: domaintest.Day("2026-03-18")}
	granted := domaintest.Fold[procedure.Case](given(procedure.Granted, pending)...)
	complained := domaintest.Fold[procedure.Case](given(procedure.Refused, pending)...)
	for name, err := range map[string]error{
		"correction request": second(in(procedure.Registered).RequestCorrection(cmd, procedure.Correction{Missing: lacking}, terms)),
		"correction":         second(in(procedure.AwaitingCorrection).Correct(cmd, handedIn, terms)),
		"forwarding":         second(in(procedure.Registered).Forward(cmd, "b", terms)),
		"hearing":            second(in(procedure.InReview).AnnounceHearing(cmd, "p", terms)),
		"extension":          second(in(procedure.InReview).Extend(cmd, procedure.Extension{Office: procedure.Head, Reasons: "r", Until: domaintest.Day("2026-05-01")}, terms)),
		"remedy":             second(granted.DecideComplaint(cmd, procedure.Satisfied, "r", "", terms)),
		"termination":        second(in(procedure.InReview).Terminate(cmd, procedure.Termination{Ground: procedure.OtherByLaw, Reasons: "r"}, terms)),
		"complaint":          second(in(procedure.Refused).FileComplaint(cmd, procedure.Filing{ID: "c", By: aigul, Grounds: "g"}, terms)),
		"forwarded":          second(complained.ForwardComplaint(cmd, "b", terms)),
		"satisfied":          second(complained.DecideComplaint(cmd, procedure.Satisfied, "r", "", terms)),
	} {
		if !errors.Is(err, errNoYear) {
			t.Errorf("%s: %v, want the calendar's error", name, err)
		}
	}
}

func second(_ []domain.Event, err error) error { return err }

func TestPersonalValuesOfTheProcedureNeverPrint(t *testing.T) {
	for _, c := range []struct {
		value any
		holds int // personal values
	}{
		{procedure.Dispense{}, 1}, {procedure.Case{}, 7}, {procedure.Remedy{}, 8}, {procedure.Termination{}, 8},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}

// handedIn is what completes an application.
var handedIn = []domain.Document{{Type: domain.DocumentBirthCertificate}}
