package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
)

type correctionRequestBody struct {
	Missing       []missingBody `json:"missing" minItems:"1" maxItems:"100" doc:"What is missing, item by item"`
	SystemsSilent bool          `json:"systems_silent,omitempty" doc:"The state systems do not answer: only then is a document asked for that they hold (identity cards, passports)"`
	Until         domain.Date   `json:"until,omitzero" format:"date" doc:"Last day to bring it; ten working days where it is left out"`
}

type missingBody struct {
	Document domain.DocumentType `json:"document_type,omitempty" enum:"identity_card,passport,residence_permit,stateless_certificate,refugee_certificate,birth_certificate,application,exit_permission,court_decision,other" doc:"Where a document is missing"`
	Text     string              `json:"text" minLength:"1" maxLength:"1000" doc:"As the applicant reads it; no personal data"`
}

func (b correctionRequestBody) correction() procedure.Correction {
	ask := procedure.Correction{SystemsSilent: b.SystemsSilent, Until: b.Until}
	for _, m := range b.Missing {
		ask.Missing = append(ask.Missing, procedure.Missing(m))
	}
	return ask
}

type curedBody struct {
	Documents []documentBody `json:"documents,omitempty" maxItems:"100"`
}

type bodyNamed struct {
	To string `json:"to" minLength:"1" maxLength:"200" doc:"The body"`
}

type nothingBody struct{}

type recusalBody struct {
	Ground  procedure.RecusalGround `json:"ground" enum:"took_part,close_relative,dependent,interested"`
	Decider string                  `json:"decider" minLength:"1" maxLength:"200" doc:"Account that decides instead"`
}

type hearingBody struct {
	Preliminary string `json:"preliminary" minLength:"1" maxLength:"4000" doc:"What is intended, and why"`
}

type objectionBody struct {
	Objection string `json:"objection" minLength:"1" maxLength:"4000"`
}

type hearingEndBody struct {
	How      procedure.HearingEnd `json:"how" enum:"heard_orally,waived,lapsed"`
	Protocol string               `json:"protocol,omitempty" maxLength:"4000" doc:"Of an oral hearing; of a waiver, the applicant's words"`
}

type extensionBody struct {
	Until   domain.Date `json:"until" format:"date" doc:"New last day of the term"`
	Reasons string      `json:"reasons" minLength:"1" maxLength:"4000"`
}

type terminationBody struct {
	Ground  procedure.TerminationGround `json:"ground" enum:"same_subject_and_grounds_decided,court_act_in_force,other_by_law"`
	Reasons string                      `json:"reasons" minLength:"1" maxLength:"4000"`
}

type decisionNoticeBody struct {
	By procedure.NotifiedBy `json:"by" enum:"personal_account,sms,email,registered_letter,by_hand"`
}

type complaintBody struct {
	Grounds string `json:"grounds" minLength:"1" maxLength:"4000" doc:"What the complaint is about, and why"`
}

type complaintDecisionBody struct {
	Outcome procedure.ComplaintOutcome `json:"outcome" enum:"satisfied_by_body,act_upheld,act_annulled,body_obliged"`
	Reasons string                     `json:"reasons" minLength:"1" maxLength:"4000"`
}

// stepInput is a step on a case.
type stepInput[B any] struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	Posted[B]
}

type stepped struct {
	CaseID domain.CaseID `json:"case_id" format:"uuid"`
	Events
}

// takeStep decides a step of the procedure.
type takeStep[B any] func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b B) ([]domain.Event, error)

// step registers POST /v1/cases/{id}/name.
func step[B any](s *Server, name, summary, doc string, take takeStep[B]) {
	post(s, operation{
		id: name, path: "/v1/cases/{id}/" + name, tag: "Cases", status: http.StatusOK, summary: summary, doc: doc,
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *stepInput[B]) (command.Receipt, stepped, error) {
		p := principal(ctx)
		if p.Role == domain.RoleCitizen {
			cmd.Channel = domain.ChannelPortal
		}
		r, err := s.commands.StepOnCase(ctx, cmd, in.ID, func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
			if err := concerns(p, c); err != nil {
				return nil, err
			}
			return take(c, cmd, t, in.Body)
		}, opt)
		return r, stepped{in.ID, eventsOf(r)}, hide(ctx, err)
	})
}

// concerns keeps callers to the cases that are theirs: a citizen to what they
// applied for, staff to the service that they render. A desk of the State
// Corporation takes the applicant's papers in either service.
func concerns(p Principal, c *procedure.Case) error {
	switch {
	case !c.Known():
		return domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no application with this id was received")
	case p.Role == domain.RoleCitizen && p.PersonID != c.ApplicantID:
		return notYours()
	case p.Role == domain.RoleCommission && c.OneSitting, p.Role == domain.RoleProvider && !c.OneSitting:
		return domain.Refuse(domain.Forbidden, domain.CodeRoleNotAllowed,
			"this case is of the other service: a commission acts on applications for housing, the provider on deregistrations")
	}
	return nil
}

func (s *Server) procedure() {
	step(s, "correction-request", "Say what an application lacks, and until when it can be brought",
		"An application is never refused at intake (APPC 64). What the state's own systems hold is not asked for (State-services law 5(2)). The application returns to the applicant when the day has passed; a new filing stays open.",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b correctionRequestBody) ([]domain.Event, error) {
			return c.RequestCorrection(cmd, b.correction(), t)
		})
	step(s, "correction", "Bring what was missing",
		"From this instant the application is complete: it decides the place on the list, and the term runs from it.",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b curedBody) ([]domain.Event, error) {
			return c.Correct(cmd, documents(b.Documents), t)
		})
	step(s, "forwarding", "Forward an application to the body that it should have gone to",
		"Within three working days (APPC 65).",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b bodyNamed) ([]domain.Event, error) {
			return c.Forward(cmd, b.To, t)
		})
	step(s, "review", "Take up an application", "Who takes it up decides it.",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, _ nothingBody) ([]domain.Event, error) {
			return c.TakeUp(cmd)
		})
	step(s, "recusal", "Replace the decider", "On a ground of APPC 67.",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b recusalBody) ([]domain.Event, error) {
			return c.Recuse(cmd, b.Ground, b.Decider)
		})
	step(s, "hearing", "Tell the applicant of an intended refusal",
		"The refusal follows three working days later at the earliest; objections are open for two (APPC 73).",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b hearingBody) ([]domain.Event, error) {
			return c.AnnounceHearing(cmd, domain.Personal(b.Preliminary), t)
		})
	step(s, "objection", "Object to an intended refusal", "",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b objectionBody) ([]domain.Event, error) {
			return c.Object(cmd, domain.Personal(b.Objection))
		})
	step(s, "hearing-end", "End a hearing without a written objection", "",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b hearingEndBody) ([]domain.Event, error) {
			return c.CloseHearing(cmd, b.How, domain.Personal(b.Protocol))
		})
	step(s, "extension", "Extend the term", "By a reasoned decision of the head or a deputy, before the term is over, by two months in all (APPC 76).",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b extensionBody) ([]domain.Event, error) {
			return c.Extend(cmd, domain.Personal(b.Reasons), b.Until, t)
		})
	step(s, "withdrawal", "Withdraw an application", "Before it is decided; a new filing stays open.",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, _ nothingBody) ([]domain.Event, error) {
			return c.Withdraw(cmd)
		})
	step(s, "termination", "End a case without a decision on its subject", "On a ground of APPC 70.",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b terminationBody) ([]domain.Event, error) {
			return c.Terminate(cmd, b.Ground, domain.Personal(b.Reasons), t)
		})
	step(s, "notice", "Record that the applicant got the decision", "By a way that records its receipt (APPC 66); the time for a complaint runs from it.",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b decisionNoticeBody) ([]domain.Event, error) {
			return c.Notify(cmd, b.By)
		})
	step(s, "complaint", "Complain of a decision, or of its absence after the term", "A late complaint is taken too (APPC 91, 92).",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b complaintBody) ([]domain.Event, error) {
			return c.FileComplaint(cmd, domain.DeriveID(cmd.ID.UUID, "complaint").String(), domain.Personal(b.Grounds), t)
		})
	step(s, "complaint-forwarding", "Forward a complaint with the file to the reviewing body", "Within three working days (APPC 91).",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b bodyNamed) ([]domain.Event, error) {
			return c.ForwardComplaint(cmd, b.To, t)
		})
	step(s, "complaint-decision", "Decide a complaint",
		"The body itself can satisfy it before it is forwarded; then the reviewing body decides. Where a refusal falls, the case is under review again, with its place by seniority.",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b complaintDecisionBody) ([]domain.Event, error) {
			return c.DecideComplaint(cmd, b.Outcome, domain.Personal(b.Reasons), t)
		})
}
