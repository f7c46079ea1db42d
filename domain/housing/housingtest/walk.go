// Package housingtest makes random histories of applications for service
// housing, as the registry itself would write them.
package housingtest

import (
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// every step that a walk can take, and those by which a case gets far: a walk
// that took all alike would seldom leave the first states.
var (
	every = []string{
		"ask", "correct", "return", "forward", "take up", "recuse", "announce", "object", "close", "extend", "withdraw", "terminate",
		"place", "refuse", "notify", "complain", "forward complaint", "decide complaint", "remedy", "time",
	}
	complaining = []string{
		"notify",
		"complain",
		"complain",
		"forward complaint",
		"decide complaint",
		"decide complaint",
		"decide complaint",
		"remedy",
		"remedy",
		"time",
	}
	likely = map[procedure.State][]string{
		procedure.Registered:         {"ask", "take up", "take up", "take up"},
		procedure.AwaitingCorrection: {"correct", "correct", "return"},
		procedure.InReview:           {"announce", "extend", "refuse", "place", "recuse", "time", "notify"},
		procedure.HearingPending:     {"object", "close", "time"},
		procedure.Granted:            complaining,
		procedure.Refused:            complaining,
		procedure.Terminated:         complaining,
	}
)

// Walk takes an application through random steps, by random officials, at random
// instants: whatever is refused leaves no trace. see gets each event as the log
// would hold it, and the case after it; position is that of the application.
func Walk(
	t *rapid.T,
	id domain.CaseID,
	list domain.ListID,
	applicant domain.PersonID,
	position domain.Position,
	see func(domain.Recorded, *housing.Application),
) {
	w := walk{Application: new(housing.Application), list: list, position: position, see: see}
	book := rules.Book{}
	terms := Terms(book.On(domaintest.Today()), book)
	queue := new(housing.List)
	queue.Apply(
		domaintest.Recorded(
			0,
			housing.ListOpened{ListID: list, Body: "b", Settlement: "s", Title: "t", OpenedAt: domaintest.Noon()},
		),
	)
	cmd := domaintest.Command()
	cmd.Now = cmd.Now.Add(time.Duration(rapid.IntRange(0, 24*7).Draw(t, "filed after hours")) * time.Hour)
	w.take(cmd)(w.Receive(cmd, housing.ReceiveApplication{
		CaseID: id, ListID: list, ApplicantID: applicant, Consent: rapid.Bool().Draw(t, "consent"), Language: domain.Kazakh, Signature: domain.SignatureHandwritten,
		Service: Service("b"),
	}, queue, func(domain.PersonID) bool { return true }))
	pick := func(name string, of ...string) string { return rapid.SampledFrom(of).Draw(t, name) }
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		cmd.Now = cmd.Now.Add(
			time.Duration(
				rapid.SampledFrom([]int{0, 0, 0, 1, 1, 7, 24, 24, 48, 72, 24 * 11, 24 * 32}).Draw(t, "hours later"),
			) * time.Hour,
		)
		cmd.Actor = pick("actor", "official-1", "official-2", applicant.String())
		today := cmd.Today()
		step := w.take(cmd)
		choice := every
		if open, ok := likely[w.State]; ok && rapid.IntRange(0, 3).Draw(t, "likely") > 0 {
			choice = open
		}
		switch pick("step", choice...) {
		case "ask":
			step(w.RequestCorrection(cmd, procedure.Correction{Missing: []procedure.Missing{{Text: "a paper"}}}, terms))
		case "correct":
			step(w.Correct(cmd, nil, terms))
		case "return":
			step(w.Return(cmd))
		case "forward":
			step(w.Forward(cmd, "another body", terms))
		case "take up":
			step(w.TakeUp(cmd))
		case "recuse":
			step(w.Recuse(cmd, procedure.Interested, pick("decider", "official-1", "official-2")))
		case "announce":
			step(w.AnnounceHearing(cmd, "a refusal", terms))
		case "object":
			step(w.Object(cmd, "no"))
		case "close":
			step(w.CloseHearing(cmd, rapid.SampledFrom(procedure.HearingEnds).Draw(t, "how"), "said"))
		case "extend":
			step(
				w.Extend(cmd, procedure.Extension{
					Office: procedure.Head, Reasons: "because",
					Until: today.AddDays(rapid.IntRange(-5, 100).Draw(t, "by days")),
				}, terms),
			)
		case "withdraw":
			step(w.Withdraw(cmd, domain.Basis{}, procedure.Terms{}))
		case "terminate":
			step(w.Terminate(cmd, procedure.Termination{Ground: procedure.OtherByLaw, Reasons: "because"}, terms))
		case "place":
			if step(w.Approve(cmd, queue, housing.Approve{Examine: &housing.Examine{}, Rules: book})) {
				w.take(cmd)(w.Certify(cmd, housing.EntryPlaced{
					ListID: list, EntryID: w.Approved.EntryID, PersonID: applicant, CaseID: id, Seniority: w.Approved.Seniority, RegisteredOn: today, Number: 1,
				}))
			}
		case "refuse":
			refuse := housing.Refuse{Ground: housing.RequirementsNotMet, Unmet: "serves elsewhere", Reasons: "because"}
			if rapid.IntRange(0, 3).Draw(t, "exempt") == 0 {
				refuse.Exemption = procedure.Dispense{
					Exemption: rapid.SampledFrom(procedure.Exemptions).Draw(t, "exemption"),
					Reasons:   "because",
				}
			}
			step(w.Refuse(cmd, refuse))
		case "notify":
			step(
				w.Notify(
					cmd,
					rapid.SampledFrom([]procedure.Duty{procedure.OfDecision, procedure.NoticeOfExtension, procedure.NoticeOfForwarding}).
						Draw(t, "of"),
					procedure.ByHand,
				),
			)
		case "complain":
			step(w.FileComplaint(cmd, procedure.Filing{ID: "complaint", By: applicant, Grounds: "it is wrong"}, terms))
		case "forward complaint":
			step(w.ForwardComplaint(cmd, "ministry", terms))
		case "decide complaint":
			step(
				w.DecideComplaint(
					cmd,
					rapid.SampledFrom(procedure.ComplaintOutcomes).Draw(t, "outcome"),
					"because", "",
					terms,
				),
			)
		case "remedy":
			step(w.Remedy(cmd, procedure.Remedy{How: procedure.RemedyNotWanted, Words: "no"}))
		case "time":
			step(w.MarkOverdue(cmd))
			for _, d := range procedure.Duties {
				w.take(cmd)(w.MarkMissed(cmd, d))
			}
		}
	}
}

// Terms are those of the edition.
func Terms(e rules.Edition, book rules.Book) procedure.Terms {
	return procedure.Terms{
		HearingDays: e.Procedure.HearingNotice, ObjectionDays: e.Procedure.ObjectionWindow,
		ExtensionMonths: e.Procedure.ExtensionMonths, ExtensionNotice: e.Procedure.ExtensionNotice,
		ForwardingDays: e.Procedure.ForwardingWithin, TerminationNotice: e.Procedure.TerminationNotice,
		ComplaintMonths: e.Complaint.FileWithinMonths, ComplaintForward: e.Complaint.ForwardWithin,
		ComplaintDecision: e.Complaint.DecideWithin, RemedyDays: e.Complaint.RemedyWithin, CorrectionDays: e.Procedure.CorrectionPeriod,
		Calendar: book.Calendar(), LastDay: book.PlacementDeadline,
	}
}

type walk struct {
	*housing.Application
	list     domain.ListID
	position domain.Position
	revision uint64
	see      func(domain.Recorded, *housing.Application)
}

// take returns what appends the events that were decided, if any were.
func (w *walk) take(cmd domain.Command) func([]domain.Event, error) bool {
	return func(events []domain.Event, err error) bool {
		if err != nil {
			return false
		}
		for _, e := range events {
			rec := domain.Recorded{
				Stream: w.caseOf(
					e,
				), Revision: w.revision, Position: w.position + domain.Position(w.revision), Created: cmd.Now, Event: e,
				Meta: domain.Meta{Actor: cmd.Actor, Role: cmd.Role, Channel: cmd.Channel},
			}
			w.revision++
			w.Apply(rec)
			w.see(rec, w.Application)
		}
		return true
	}
}

func (w *walk) caseOf(e domain.Event) string {
	if first, ok := e.(housing.ApplicationReceived); ok {
		return first.CaseID.Stream()
	}
	return w.CaseID.Stream()
}
