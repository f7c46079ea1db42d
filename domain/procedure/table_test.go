package procedure_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
)

var (
	caseID  = domaintest.ID[domain.CaseID]("case")
	another = domaintest.ID[domain.CaseID]("another case")
	aigul   = domaintest.ID[domain.PersonID]("aigul")
	daur    = domaintest.ID[domain.PersonID]("daur") // whose rights the decision touches
	subject = domaintest.ID[domain.ListID]("subject").UUID
)

// weekdays is a calendar without holidays. 15 March 2026, the day of the
// specifications, is a Sunday.
type weekdays struct{}

func (weekdays) AddWorkingDays(day domain.Date, n int) (domain.Date, error) {
	for n > 0 {
		day = day.AddDays(1)
		if wd := day.Start().Weekday(); wd != time.Saturday && wd != time.Sunday {
			n--
		}
	}
	return day, nil
}

func (c weekdays) next(day domain.Date) (domain.Date, error) {
	return c.AddWorkingDays(day.AddDays(-1), 1)
}

var terms = procedure.Terms{
	HearingDays: 3, ObjectionDays: 2, ExtensionMonths: 2, ExtensionNotice: 3, ForwardingDays: 3, TerminationNotice: 3,
	ComplaintMonths: 3, ComplaintForward: 3, ComplaintDecision: 20, RemedyDays: 5, CorrectionDays: 10, Calendar: weekdays{},
	LastDay: func(complete domain.Date) (domain.Date, error) { return weekdays{}.next(complete.AddDays(30)) },
}

// received begins a case as a service does.
type received struct{ procedure.Application }

func (received) EventType() string              { return "Received" }
func (e received) EffectiveAt() time.Time       { return e.ReceivedAt }
func (e received) Concerns() domain.Concern     { return domain.ConcernsCase(e.CaseID) }
func (received) MovesTo() procedure.State       { return procedure.Registered }
func (e received) Begun() procedure.Application { return e.Application }

// moved is a decision of a service.
type moved struct {
	To procedure.State
	At time.Time
}

func (moved) EventType() string          { return "Moved" }
func (e moved) EffectiveAt() time.Time   { return e.At }
func (moved) Concerns() domain.Concern   { return domain.ConcernsNobody("it is invented") }
func (e moved) MovesTo() procedure.State { return e.To }

// examined is what a service records before it decides.
type examined struct{}

func (examined) EventType() string        { return "Examined" }
func (examined) EffectiveAt() time.Time   { return domaintest.Noon() }
func (examined) Concerns() domain.Concern { return domain.ConcernsNobody("it is invented") }

func begun() received {
	return received{procedure.Application{
		CaseID: caseID, ApplicantID: aigul, Affected: []domain.PersonID{daur}, Subject: subject,
		ReceivedAt: domaintest.Noon(), RegisteredAt: domaintest.Noon(), Deadline: domaintest.Day("2026-04-14").End(),
	}}
}

// reach is how a case gets into each state.
var reach = map[procedure.State][]domain.Event{
	procedure.Registered: {},
	procedure.AwaitingCorrection: {
		procedure.CorrectionRequested{
			CaseID:  caseID,
			Missing: []procedure.Missing{{Text: "m"}},
			Until:   domaintest.Day("2026-03-27"),
		},
	},
	procedure.AwaitingCoOwners: {moved{To: procedure.AwaitingCoOwners}},
	procedure.InReview:         {procedure.ReviewBegan{CaseID: caseID, Decider: "desk-7"}},
	procedure.HearingPending: {procedure.ReviewBegan{CaseID: caseID, Decider: "desk-7"}, procedure.HearingAnnounced{
		CaseID: caseID, NotBefore: domaintest.Day("2026-03-18"), ObjectUntil: domaintest.Day("2026-03-17"), AnnouncedAt: domaintest.Noon()}},
	procedure.Approved:  {moved{To: procedure.Approved}},
	procedure.Contested: {moved{procedure.Contested, domaintest.Noon()}},
	procedure.Granted:   {moved{procedure.Granted, domaintest.Noon()}},
	procedure.Refused:   {moved{procedure.Refused, domaintest.Noon()}},
	procedure.Forwarded: {procedure.CaseForwarded{CaseID: caseID, To: "b", NotifyBy: domaintest.Day("2026-03-18")}},
	procedure.Returned: {
		procedure.CorrectionRequested{CaseID: caseID, Until: domaintest.Day("2026-03-27")},
		procedure.CaseReturned{CaseID: caseID},
	},
	procedure.Withdrawn: {procedure.CaseWithdrawn{CaseID: caseID}},
	procedure.Terminated: {
		procedure.CaseTerminated{
			CaseID:       caseID,
			NotifyBy:     domaintest.Day("2026-03-18"),
			TerminatedAt: domaintest.Noon(),
		},
	},
}

func in(s procedure.State) *procedure.Case {
	return domaintest.Fold[procedure.Case](append([]domain.Event{begun()}, reach[s]...)...)
}

type decider = func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error)

// aStep takes a step as it is taken where it is open: on a day on which, and
// after facts after which, nothing but the state can stand against it.
type aStep struct {
	on    string
	take  decider
	after []domain.Event // that move no case
}

var steps = map[procedure.Step]aStep{
	procedure.RequestCorrection: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.RequestCorrection(
			cmd,
			procedure.Correction{Missing: []procedure.Missing{{Text: "birth certificate"}}},
			terms,
		)
	}, nil},
	procedure.Correct: {
		"2026-03-15",
		func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.Correct(cmd, handedIn, terms)
		},
		nil,
	},
	procedure.Return: {
		"2026-03-28",
		func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.Return(cmd) },
		nil,
	},
	procedure.Forward: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.Forward(cmd, "body", terms)
	}, nil},
	procedure.TakeUp: {
		"2026-03-15",
		func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.TakeUp(cmd) },
		nil,
	},
	procedure.Recuse: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.Recuse(cmd, procedure.CloseRelative, "desk-8")
	}, nil},
	procedure.AnnounceHearing: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.AnnounceHearing(cmd, "a refusal", terms)
	}, nil},
	procedure.Object: {
		"2026-03-16",
		func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) { return c.Object(cmd, "no") },
		nil,
	},
	procedure.CloseHearing: {"2026-03-16", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.CloseHearing(cmd, procedure.HearingWaived, "wants none")
	}, nil},
	procedure.Extend: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.Extend(cmd, procedure.Extension{
			Office: procedure.Head, Reasons: "an answer is awaited", Until: domaintest.Day("2026-05-01"),
		}, terms)
	}, nil},
	procedure.Withdraw: {
		"2026-03-15",
		func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
			return c.Withdraw(cmd, domain.Basis{}, terms)
		},
		nil,
	},
	procedure.Terminate: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.Terminate(cmd, procedure.Termination{Ground: procedure.CourtActInForce, Reasons: "act"}, terms)
	}, nil},
	procedure.Examine: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		if err := c.Examining(cmd); err != nil {
			return nil, err
		}
		return []domain.Event{examined{}}, nil
	}, nil},
	procedure.Grant: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		before, err := c.Granting(cmd)
		return decision(before, err, moved{procedure.Granted, cmd.Now})
	}, nil},
	procedure.Refuse: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		before, err := c.Refusing(cmd, procedure.Dispense{Exemption: procedure.Urgency, Reasons: "urgent"})
		return decision(before, err, moved{procedure.Refused, cmd.Now})
	}, nil},
	procedure.Notify: {"2026-03-15", func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.Notify(cmd, procedure.OfDecision, procedure.ByHand)
	}, nil},
	procedure.NotifyForwarding: {"2026-03-15", notify(procedure.NoticeOfForwarding), nil},
	procedure.NotifyExtension:  {"2026-03-15", notify(procedure.NoticeOfExtension), []domain.Event{extension}},
	procedure.RecordRemedy:     {"2026-03-15", notWanted, []domain.Event{fallen}},
	procedure.Complain:         {"2026-03-15", complain, nil},
	procedure.FollowCourt:      {"2026-03-15", followCourt, nil},
}

var courtAct = procedure.CourtAct{
	Number: "2-114/26", On: domaintest.Day("2026-03-15"), InForceOn: domaintest.Day("2026-03-15"),
}

func followCourt(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
	return c.RecordCourtAct(cmd, courtAct, domaintest.Basis(), terms)
}

func complain(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
	return c.FileComplaint(cmd, procedure.Filing{ID: "complaint", By: aigul, Grounds: "it is wrong"}, terms)
}

func notify(of procedure.Duty) decider {
	return func(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
		return c.Notify(cmd, of, procedure.ByHand)
	}
}

func notWanted(c *procedure.Case, cmd domain.Command) ([]domain.Event, error) {
	return c.Remedy(cmd, procedure.Remedy{How: procedure.RemedyNotWanted, Words: "I have moved anyway"})
}

var (
	extension = procedure.TermExtended{
		CaseID:   caseID,
		Deadline: domaintest.Day("2026-05-01").End(),
		NotifyBy: domaintest.Day("2026-03-18"),
	}
	fallen = procedure.ComplaintDecided{
		CaseID:   caseID,
		Outcome:  procedure.Annulled,
		RemedyBy: domaintest.Day("2026-03-20"),
	}
)

func decision(before []domain.Event, err error, e domain.Event) ([]domain.Event, error) {
	if err != nil {
		return nil, err
	}
	return append(before, e), nil
}

// allowed are the lines of domain.md E.5 and APPC 70, written out a second time.
var allowed = map[procedure.State]map[procedure.Step]procedure.State{
	procedure.Registered: {
		procedure.Forward: procedure.Forwarded, procedure.RequestCorrection: procedure.AwaitingCorrection, procedure.TakeUp: procedure.InReview,
		procedure.Withdraw: procedure.Withdrawn, procedure.Terminate: procedure.Terminated,
		// Taken up by deciding it.
		procedure.Grant: procedure.Granted, procedure.Refuse: procedure.Refused,
	},
	procedure.AwaitingCorrection: {
		procedure.Correct: procedure.Registered, procedure.Return: procedure.Returned,
		procedure.Withdraw: procedure.Withdrawn, procedure.Terminate: procedure.Terminated,
	},
	procedure.AwaitingCoOwners: {procedure.Withdraw: procedure.Withdrawn, procedure.Terminate: procedure.Terminated},
	procedure.InReview: {
		procedure.Recuse: procedure.InReview, procedure.AnnounceHearing: procedure.HearingPending, procedure.Extend: procedure.InReview,
		procedure.Examine:         procedure.InReview, // S000: need (art. 101-3)
		procedure.NotifyExtension: procedure.InReview,
		procedure.Grant:           procedure.Granted, procedure.Refuse: procedure.Refused,
		procedure.Withdraw: procedure.Withdrawn, procedure.Terminate: procedure.Terminated,
	},
	procedure.HearingPending: {
		procedure.Object: procedure.InReview, procedure.CloseHearing: procedure.InReview, procedure.NotifyExtension: procedure.HearingPending,
		procedure.Withdraw: procedure.Withdrawn, procedure.Terminate: procedure.Terminated,
	},
	procedure.Approved: {},
	procedure.Contested: {
		procedure.Complain:     procedure.Contested,
		procedure.RecordRemedy: procedure.Contested,
		procedure.FollowCourt:  procedure.Contested,
	},
	procedure.Granted: {
		procedure.FollowCourt:  procedure.Granted,
		procedure.Notify:       procedure.Granted,
		procedure.Complain:     procedure.Granted,
		procedure.RecordRemedy: procedure.Granted,
	},
	procedure.Refused: {
		procedure.FollowCourt:  procedure.InReview,
		procedure.Notify:       procedure.Refused,
		procedure.Complain:     procedure.Refused,
		procedure.RecordRemedy: procedure.Refused,
	},
	procedure.Forwarded: {procedure.NotifyForwarding: procedure.Forwarded},
	procedure.Returned:  {},
	procedure.Withdrawn: {},
	procedure.Terminated: {
		procedure.FollowCourt:  procedure.InReview,
		procedure.Notify:       procedure.Terminated,
		procedure.Complain:     procedure.Terminated,
		procedure.RecordRemedy: procedure.Terminated,
	},
}

// late are the steps that come after a case has left the one state in which they
// are owed: elsewhere there is nothing that could have been decided already.
var late = []procedure.Step{procedure.NotifyForwarding, procedure.NotifyExtension, procedure.RecordRemedy, procedure.FollowCourt}

// TestC2_C6_C10_EveryStepInEveryState walks the whole state table: what it has
// leads where it says, everything else is refused and decides nothing.
func TestC2_C6_C10_EveryStepInEveryState(t *testing.T) {
	if len(allowed) != len(reach) {
		t.Fatalf("%d states are specified, %d can be reached", len(allowed), len(reach))
	}
	for state, open := range allowed {
		for step, how := range steps {
			t.Run(fmt.Sprintf("%s %s", state, step), func(t *testing.T) {
				c := in(state)
				for i, e := range how.after {
					c.Apply(domaintest.Recorded(7+i, e))
				}
				if c.State != state {
					t.Fatalf("the case is %s", c.State)
				}
				got, err := how.take(c, domaintest.CommandOn(how.on))
				to, ok := open[step]
				switch {
				case ok && err == nil:
					for i, e := range got {
						c.Apply(domaintest.Recorded(9+i, e))
					}
					if c.State != to {
						t.Errorf("leads to %s, want %s", c.State, to)
					}
				case ok:
					t.Errorf("refused: %v", err)
				case c.State.Open() && c.State != procedure.Approved || slices.Contains(late, step):
					domaintest.Refused(t, got, err, domain.CodeStepNotOpen, "")
				default:
					domaintest.Refused(t, got, err, domain.CodeCaseDecided, "")
				}
				none, err := how.take(new(procedure.Case), domaintest.CommandOn(how.on))
				domaintest.Refused(t, none, err, domain.CodeCaseUnknown, "")
			})
		}
	}
}

// TestTheTableIsTheSpecification: the table that the deciders ask has the lines
// of the specification and, beside them, the reopening alone.
func TestTheTableIsTheSpecification(t *testing.T) {
	seen := map[procedure.Transition]bool{}
	for _, line := range procedure.Table {
		if seen[line] {
			t.Errorf("%v stands twice", line)
		}
		seen[line] = true
		if line.Step == procedure.Reopen {
			if line.To != procedure.InReview || line.From != procedure.Refused && line.From != procedure.Terminated {
				t.Errorf("%v is no reopening", line)
			}
			continue
		}
		if to, ok := allowed[line.From][line.Step]; !ok || to != line.To {
			t.Errorf("%v is not specified", line)
		}
	}
	for from, open := range allowed {
		for step, to := range open {
			if from == procedure.Registered && (step == procedure.Grant || step == procedure.Refuse) {
				continue // by way of the review
			}
			if !seen[procedure.Transition{From: from, Step: step, To: to}] {
				t.Errorf("the table has no line %s %s %s", from, step, to)
			}
		}
	}
}

// TestC10_RandomWalksNeverLeaveTheTable takes steps at random, complaints and
// the passing of days among them. A case that is returned, withdrawn or
// forwarded never moves again; there is one result at a time.
func TestC10_RandomWalksNeverLeaveTheTable(t *testing.T) {
	names := make([]procedure.Step, 0, len(steps))
	for s := range steps {
		names = append(names, s)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		c := domaintest.Fold[procedure.Case](begun())
		day := domaintest.Today()
		for i := range rapid.IntRange(1, 40).Draw(t, "length") {
			day = day.AddDays(rapid.SampledFrom([]int{0, 0, 0, 1, 3, 40}).Draw(t, "days"))
			cmd := domaintest.CommandOn(day.String())
			cmd.Actor = rapid.SampledFrom([]string{"desk-7", "desk-8", "reviewer"}).Draw(t, "actor")
			was := *c
			var got []domain.Event
			var err error
			step := procedure.Step("")
			switch rapid.IntRange(0, 5).Draw(t, "kind") {
			case 0:
				outcome := rapid.SampledFrom(procedure.ComplaintOutcomes).Draw(t, "outcome")
				got, err = c.DecideComplaint(cmd, outcome, "because", "", terms)
				step = procedure.Reopen
			case 1:
				got, err = c.ForwardComplaint(cmd, "ministry", terms)
			case 2:
				got, err = c.MarkOverdue(cmd)
			default:
				step = rapid.SampledFrom(names).Draw(t, "step")
				got, err = steps[step].take(c, cmd)
			}
			if (err == nil) == (len(got) == 0) {
				t.Fatalf("%s: %d events and %v", step, len(got), err)
			}
			for j, e := range got {
				rec := domaintest.Recorded(i*3+j+1, e)
				rec.Meta.Actor = cmd.Actor
				c.Apply(rec)
			}
			to, inTable := procedure.Next(was.State, step)
			if was.State == procedure.Registered && (step == procedure.Grant || step == procedure.Refuse) {
				to, inTable = allowed[was.State][step], true
			}
			if c.State != was.State && (!inTable || c.State != to) {
				t.Fatalf("%s led from %s to %s, which the table does not have", step, was.State, c.State)
			}
			switch was.State {
			case procedure.Forwarded, procedure.Returned, procedure.Withdrawn:
				if c.State != was.State ||
					len(got) != 0 && was.Complaint == nil &&
						step != procedure.NotifyForwarding { // a complaint of the silence still gets its answer
					t.Fatalf("a case that was %s took %s", was.State, step)
				}
			}
			if c.State.Open() != c.DecidedOn.IsZero() && c.State != procedure.Forwarded &&
				c.State != procedure.Returned &&
				c.State != procedure.Withdrawn {
				t.Fatalf("%s, decided on %s", c.State, c.DecidedOn)
			}
			if c.Overdue && was.Overdue && c.State == procedure.Registered &&
				was.State == procedure.AwaitingCorrection {
				t.Fatal("a new term is overdue at once")
			}
		}
	})
}
