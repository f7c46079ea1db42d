package httpapi

import (
	"cmp"
	"context"
	"slices"

	"tizilim/domain"
	bodies "tizilim/domain/body"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/token"
)

func (s *Server) stepOperations() []operation.Operation {
	return []operation.Operation{
		s.requestCorrection(),
		s.bringCorrection(),
		s.forwardCase(),
		s.takeUpCase(),
		s.replaceDecider(),
		s.announceHearing(),
		s.objectToRefusal(),
		s.endHearing(),
		s.extendTerm(),
		s.withdrawApplication(),
		s.terminateCase(),
		s.recordCaseNotice(),
		s.complainOfCase(),
		s.forwardComplaint(),
		s.decideComplaint(),
		s.withdrawComplaint(),
		s.recordCourtAct(),
		s.recordRemedy(),
		s.annulStep(),
	}
}

type missingBody struct {
	Document domain.DocumentType `json:"document_type,omitempty" doc:"The type of the document, if a document is missing"`
	Text     string              `json:"text" minLength:"1" maxLength:"1000" doc:"What the applicant will read; write no personal data"`
}

type correctionRequestBody struct {
	Missing       []missingBody `json:"missing" minItems:"1" maxItems:"100" doc:"What is missing, item by item"`
	SystemsSilent bool          `json:"systems_silent,omitempty" doc:"true if the state systems do not answer. Only then may you ask for a document that they hold (identity card, passport)"`
	Until         domain.Date   `json:"until,omitzero" format:"date" doc:"The last day to bring what is missing. Default: ten working days from now"`
}

func (s *Server) requestCorrection() operation.Operation {
	return step(s, operation.Declaration{
		ID:      "correction-request",
		Of:      operation.OfCase,
		Summary: "Ask the applicant for what an application lacks, and set the last day to bring it",
		Doc: "No application is refused at intake (APPC 64). Documents that state systems hold must not be asked " +
			"for (State-services law 5(2)). If nothing is brought by the last day, the application is returned, " +
			"and the applicant may apply again.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeTooEarly, domain.CodeHeldByState},
		Example:  `{"missing": [{"document_type": "birth_certificate", "text": "of the child"}], "until": "2026-03-31"}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b correctionRequestBody) ([]domain.Event, error) {
		return c.RequestCorrection(cmd, b.correction(), t)
	})
}

// caseProblems are those of every step on a case.
var caseProblems = codes{domain.CodeCaseUnknown, domain.CodeCaseDecided, domain.CodeStepNotOpen}

// takeStep decides a step of the procedure.
type takeStep[B any] func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b B) ([]domain.Event, error)

// step declares POST /v1/cases/{id}/<id of the operation>.
func step[B any](s *Server, d operation.Declaration, take takeStep[B]) operation.Operation {
	return stepAfter(s, d,
		func(context.Context, domain.CaseID, B) (struct{}, error) { return struct{}{}, nil },
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b B, _ struct{}) ([]domain.Event, error) {
			return take(c, cmd, t, b)
		})
}

// stepInput is a step on a case.
type stepInput[B any] struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	operation.Posted[B]
}

type stepped struct {
	CaseID domain.CaseID `json:"case_id" format:"uuid"`
	operation.Events
}

// stepAfter is [step] for a decision that needs something from outside the case.
// look fetches it before the decision. What look refuses is told only to callers
// whom the case concerns.
func stepAfter[B, F any](s *Server, d operation.Declaration, look func(context.Context, domain.CaseID, B) (F, error),
	take func(
		c *procedure.Case, cmd domain.Command, t procedure.Terms, b B, seen F,
	) ([]domain.Event, error)) operation.Operation {
	d.Path, d.Tag, d.Problems = "/v1/cases/{id}/"+d.ID, casesTag, caseProblems.and(d.Problems...)
	return operation.Command(d, func(
		ctx context.Context, call operation.Call, in *stepInput[B],
	) (command.Receipt, stepped, error) {
		p := operation.Caller(ctx)
		if p.IsCitizen() {
			call.Channel = domain.ChannelPortal
		}
		if err := s.minuted(ctx, &call, in.Body); err != nil {
			return command.Receipt{}, stepped{}, err
		}
		seen, lookErr := look(ctx, in.ID, in.Body)
		if lookErr == nil {
			lookErr = s.actingInCase(ctx, &call, in.ID, in.Body)
		}
		r, err := s.commands.StepOnCase(ctx, call.Command, in.ID, func(
			c *procedure.Case, t procedure.Terms,
		) ([]domain.Event, error) {
			if err := concerns(p, operation.Citizen(ctx), c, d.ID); err != nil {
				return nil, err
			}
			if lookErr != nil {
				return nil, lookErr
			}
			return take(c, call.Command, t, in.Body, seen)
		}, call.Options)
		return r, stepped{CaseID: in.ID}, operation.Hide(ctx, err)
	})
}

// concerns refuses callers whom the case does not concern. A citizen may act in a
// case that they applied for. A commission acts on applications for housing, and
// the provider on deregistrations. A desk of the State Corporation takes the papers
// of the applicant in both services. A person whom the decision affects may
// complain of it without being the applicant (R16). citizen is whose matter the request of a
// citizen is.
func concerns(p token.Principal, citizen domain.PersonID, c *procedure.Case, step string) error {
	switch {
	case !c.Known():
		return domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no application with this id was received")
	case p.IsCitizen() && step == "complaint" && slices.Contains(c.Affected, citizen):
		return nil
	case p.IsCitizen() && citizen != c.ApplicantID:
		return operation.NotYours()
	case p.Role == domain.RoleCommission && c.OneSitting, p.Role == domain.RoleProvider && !c.OneSitting:
		return domain.Refuse(
			domain.Forbidden,
			domain.CodeRoleNotAllowed,
			"this case is of the other service: a commission acts on applications for housing, the provider on deregistrations",
		)
	}
	return nil
}

func (b correctionRequestBody) correction() procedure.Correction {
	ask := procedure.Correction{SystemsSilent: b.SystemsSilent, Until: b.Until}
	for _, m := range b.Missing {
		ask.Missing = append(ask.Missing, procedure.Missing{Document: m.Document, Text: domain.Personal(m.Text)})
	}
	return ask
}

type curedBody struct {
	Documents []documentBody `json:"documents,omitempty" maxItems:"100"`
}

func (s *Server) bringCorrection() operation.Operation {
	return step(s, operation.Declaration{
		ID:      "correction",
		Of:      operation.OfCase,
		Summary: "Bring what an application lacked",
		Doc: "From this instant the application is complete. The instant decides the place on the list, and the " +
			"term begins.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: []domain.Code{domain.CodeTooLate, domain.CodeNotFound, domain.CodeRepresentative},
		Example:  `{"documents": [{"type": "birth_certificate", "number": "7"}]}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b curedBody) ([]domain.Event, error) {
		return c.Correct(cmd, documents(b.Documents), t)
	})
}

type bodyNamed struct {
	To string `json:"to" minLength:"1" maxLength:"200" doc:"The body that the application or complaint goes to"`
}

func (s *Server) forwardCase() operation.Operation {
	return step(s, operation.Declaration{
		ID:       "forwarding",
		Of:       operation.OfCase,
		Summary:  "Forward an application to the body that must decide it",
		Doc:      "It is forwarded within three working days (APPC 65).",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeTooLate},
		Example:  `{"to": "ҚР Ішкі істер министрлігі"}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b bodyNamed) ([]domain.Event, error) {
		return c.Forward(cmd, b.To, t)
	})
}

type nothingBody struct{}

func (s *Server) takeUpCase() operation.Operation {
	return step(s, operation.Declaration{
		ID:       "review",
		Of:       operation.OfCase,
		Summary:  "Begin the review of an application",
		Doc:      "The account that begins the review prepares the decision. Any official of the body who is not barred records it.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeDeciderRecused},
		Example:  `{}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, _ nothingBody) ([]domain.Event, error) {
		return c.TakeUp(cmd)
	})
}

type recusalBody struct {
	Ground  procedure.RecusalGround `json:"ground"`
	Decider string                  `json:"decider" minLength:"1" maxLength:"200" doc:"The account that decides instead"`
}

func (s *Server) replaceDecider() operation.Operation {
	return step(s, operation.Declaration{
		ID:       "recusal",
		Of:       operation.OfCase,
		Summary:  "Replace the deciding official",
		Doc:      "The official is barred on a ground of APPC 67, for example kinship.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeGroundUnknown, domain.CodeDeciderRecused},
		Example:  `{"ground": "close_relative", "decider": "commission-2"}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b recusalBody) ([]domain.Event, error) {
		return c.Recuse(cmd, b.Ground, b.Decider)
	})
}

type hearingBody struct {
	Preliminary string `json:"preliminary" minLength:"1" maxLength:"4000" doc:"What is intended, and why"`
}

func (s *Server) announceHearing() operation.Operation {
	return step(s, operation.Declaration{
		ID:      "hearing",
		Of:      operation.OfCase,
		Summary: "Tell the applicant that a refusal is intended",
		Doc: "The applicant can object for two working days. The application can be refused three working days " +
			"later at the earliest (APPC 73).",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeDeciderRecused},
		Example:  `{"preliminary": "a refusal is intended: the spouse owns a dwelling"}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b hearingBody) ([]domain.Event, error) {
		return c.AnnounceHearing(cmd, domain.Personal(b.Preliminary), t)
	})
}

type objectionBody struct {
	Objection string `json:"objection" minLength:"1" maxLength:"4000"`
	Representing
}

func (s *Server) objectToRefusal() operation.Operation {
	return step(s, operation.Declaration{
		ID:       "objection",
		Of:       operation.OfCase,
		Summary:  "Object to an intended refusal",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: []domain.Code{domain.CodeTooLate, domain.CodeNotFound, domain.CodeRepresentative},
		Example:  `{"objection": "the dwelling was sold two years ago"}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b objectionBody) ([]domain.Event, error) {
		return c.Object(cmd, domain.Personal(b.Objection))
	})
}

type hearingEndBody struct {
	How      procedure.HearingEnd `json:"how"`
	Protocol string               `json:"protocol,omitempty" maxLength:"4000" doc:"The protocol of an oral hearing; for a waiver, the words of the applicant"`
}

func (s *Server) endHearing() operation.Operation {
	return step(s, operation.Declaration{
		ID:       "hearing-end",
		Of:       operation.OfCase,
		Summary:  "End a hearing without a written objection",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeTooEarly},
		Example:  `{"how": "heard_orally", "protocol": "the applicant has nothing to add"}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b hearingEndBody) ([]domain.Event, error) {
		return c.CloseHearing(cmd, b.How, domain.Personal(b.Protocol))
	})
}

type extensionBody struct {
	Office  procedure.Office `json:"office,omitempty" doc:"The office of the official who extends the term; APPC 76 allows only these. The record of the body says who holds it, so you can leave it out; only an account without a record states it, and only while no head and no deputy of the body is recorded"`
	Until   domain.Date      `json:"until" format:"date" doc:"New last day of the term"`
	Reasons string           `json:"reasons" minLength:"1" maxLength:"4000"`
}

func (s *Server) extendTerm() operation.Operation {
	return stepAfter(s, operation.Declaration{
		ID:      "extension",
		Of:      operation.OfCase,
		Summary: "Extend the term of a case",
		Doc: "The head of the body or a deputy extends it, with reasons, before the term is over. All extensions " +
			"together last two months at most (APPC 76).",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{
			domain.CodeReasonsRequired, domain.CodeTooLate, domain.CodePeriodTooLong,
			domain.CodeDeciderRecused, domain.CodeOfficeRequired,
		},
		Example: `{"office": "deputy_head", "until": "2026-05-20", "reasons": "an answer of the land register is awaited"}`,
	}, func(ctx context.Context, _ domain.CaseID, b extensionBody) (procedure.Extension, error) {
		x := procedure.Extension{Office: b.Office, Stated: true, Until: b.Until, Reasons: domain.Personal(b.Reasons)}
		p := operation.Caller(ctx)
		if led := operation.Body(ctx).LedOn(domain.DateOf(s.now())); p.PersonID.IsZero() && led {
			return x, notLeading()
		}
		if p.PersonID.IsZero() {
			return x, nil
		}
		var err error
		x.Office, err = officeOf(operation.Body(ctx), p.PersonID, domain.DateOf(s.now()), b.Office)
		x.Stated = false
		return x, err
	}, func(
		c *procedure.Case, cmd domain.Command, t procedure.Terms, _ extensionBody, x procedure.Extension,
	) ([]domain.Event, error) {
		return c.Extend(cmd, x, t)
	})
}

// officeOf returns the office by which the official may extend a term: the one that is
// asked for, or with none the highest. The record of the body says which they hold.
func officeOf(
	b *bodies.Body, person domain.PersonID, day domain.Date, asked procedure.Office,
) (procedure.Office, error) {
	for _, office := range procedure.Offices { // the head first
		if (asked == "" || asked == office) && slices.Contains(b.OfficesOn(person, day), bodies.Office(office)) {
			return office, nil
		}
	}
	return "", notLeading()
}

func notLeading() *domain.Error {
	return domain.Refuse(domain.Forbidden, domain.CodeOfficeRequired,
		"by the record of your body you are neither its head nor a deputy today, or not in the office that you name")
}

type withdrawalBody struct {
	Basis *basisBody `json:"basis,omitempty" doc:"Only at a desk: the paper by which the applicant withdraws; the rules in force demand one"`
	Representing
}

func (s *Server) withdrawApplication() operation.Operation {
	return step(s, operation.Declaration{
		ID:       "withdrawal",
		Of:       operation.OfCase,
		Summary:  "Withdraw an application",
		Doc:      "This is possible until the application is decided. The applicant may apply again.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: basisProblems.and(domain.CodeNotFound, domain.CodeDateInFuture, domain.CodeMemberNotAllowed, domain.CodeRepresentative),
		Example:  `{}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b withdrawalBody) ([]domain.Event, error) {
		return c.Withdraw(cmd, b.Basis.basis(), t)
	})
}

type terminationBody struct {
	Ground  procedure.TerminationGround `json:"ground"`
	Reasons string                      `json:"reasons" minLength:"1" maxLength:"4000"`

	DuplicateOf domain.CaseID `json:"duplicate_of,omitzero" format:"uuid" doc:"The case in which the same subject was decided; only for a termination as a duplicate"`
}

func (s *Server) terminateCase() operation.Operation {
	return stepAfter(s, operation.Declaration{
		ID:      "termination",
		Of:      operation.OfCase,
		Summary: "End a case without a decision on its subject",
		Doc: "The termination has a ground of APPC 70. For a duplicate, name the case in which the same subject " +
			"was decided. The applicant may apply again with new arguments or facts.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{
			domain.CodeGroundUnknown, domain.CodeReasonsRequired, domain.CodeDeciderRecused,
			domain.CodeNoDuplicate,
		},
		Example: `{
			"ground": "same_subject_and_grounds_decided", "duplicate_of": "ed90ba3a-a1e5-55cd-b69c-5fda8983422d",
			"reasons": "no new argument"
		}`,
	}, func(ctx context.Context, _ domain.CaseID, b terminationBody) (procedure.Case, error) {
		return s.caseNamed(ctx, b.DuplicateOf)
	},
		func(
			c *procedure.Case, cmd domain.Command, t procedure.Terms, b terminationBody, other procedure.Case,
		) ([]domain.Event, error) {
			return c.Terminate(cmd, procedure.Termination{
				Ground: b.Ground, Reasons: domain.Personal(b.Reasons), DuplicateOf: b.DuplicateOf, Other: other,
			}, t)
		})
}

// caseNamed is the case with the id as the log holds it; the zero Case where no
// id is given.
func (s *Server) caseNamed(ctx context.Context, id domain.CaseID) (procedure.Case, error) {
	if id.IsZero() {
		return procedure.Case{}, nil
	}
	return s.commands.Case(ctx, id)
}

// noticeSubject is what the applicant gets notice of.
type noticeSubject string

const decisionNotice noticeSubject = "decision"

var noticeSubjects = []noticeSubject{
	decisionNotice, noticeSubject(procedure.NoticeOfForwarding), noticeSubject(procedure.NoticeOfExtension),
}

type caseNoticeBody struct {
	Of noticeSubject        `json:"of,omitempty" doc:"What the notice was about. Default: the decision"`
	By procedure.NotifiedBy `json:"by"`
}

func (s *Server) recordCaseNotice() operation.Operation {
	return step(s, operation.Declaration{
		ID:      "notice",
		Of:      operation.OfCase,
		Summary: "Record that the applicant got a notice",
		Doc: "By default it is the notice of the decision. It goes by a way that records its receipt (APPC 66), " +
			"and the time for a complaint begins. It can also be the notice of the forwarding, or of an " +
			"extension.",
		Roles:   []domain.Role{domain.RoleProvider, domain.RoleCommission},
		Example: `{"of": "decision", "by": "registered_letter"}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b caseNoticeBody) ([]domain.Event, error) {
		of := procedure.Duty(b.Of)
		if b.Of == decisionNotice {
			of = procedure.OfDecision
		}
		return c.Notify(cmd, of, b.By)
	})
}

type complaintBody struct {
	Grounds       string          `json:"grounds" minLength:"1" maxLength:"4000" doc:"What the complaint is about, and why"`
	WhyLate       string          `json:"why_late,omitempty" maxLength:"4000" doc:"Why the complaint comes after three months, if it does. The body that decides it restores the term if the reasons are good"`
	ComplainantID domain.PersonID `json:"complainant_id,omitzero" format:"uuid" doc:"Only at a desk: the person who complains, if it is not the applicant but a person whom the case deregistered"`
	Representing
}

func (b complaintBody) whose(applicant domain.PersonID) domain.PersonID {
	return cmp.Or(b.ComplainantID, applicant)
}

func (s *Server) complainOfCase() operation.Operation {
	return stepAfter(s, operation.Declaration{
		ID:      "complaint",
		Of:      operation.OfCase,
		Summary: "Complain about a decision, or about a decision that was not made in time",
		Doc: "The applicant can complain, and so can every person whom the case deregistered. A late complaint is " +
			"accepted too (APPC 91, 92).",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider},
		Problems: []domain.Code{domain.CodePersonUnknown, domain.CodeComplaintPending, domain.CodeNotFound, domain.CodeRepresentative},
		Example:  `{"grounds": "the dwelling was sold two years ago"}`,
	}, func(ctx context.Context, _ domain.CaseID, b complaintBody) (domain.PersonID, error) {
		citizen := operation.Citizen(ctx)
		if !citizen.IsZero() && b.ComplainantID.IsZero() {
			return citizen, nil
		}
		if !citizen.IsZero() && b.ComplainantID != citizen {
			return domain.PersonID{}, domain.Refuse(domain.Invalid, domain.CodePersonUnknown,
				"you can complain only in your own name, or in the place of whom you represent: leave complainant_id "+
					"out").At("complainant_id")
		}
		return b.ComplainantID, nil
	},
		func(
			c *procedure.Case, cmd domain.Command, t procedure.Terms, b complaintBody, by domain.PersonID,
		) ([]domain.Event, error) {
			if by.IsZero() {
				by = c.ApplicantID
			}
			return c.FileComplaint(cmd, procedure.Filing{
				ID: domain.DeriveID(cmd.ID.UUID, "complaint").String(), By: by,
				Grounds: domain.Personal(b.Grounds), WhyLate: domain.Personal(b.WhyLate),
			}, t)
		})
}

func (s *Server) forwardComplaint() operation.Operation {
	return step(s, operation.Declaration{
		ID:      "complaint-forwarding",
		Of:      operation.OfCase,
		Summary: "Forward a complaint, with the papers of the case, to the reviewing body",
		Doc:     "It is forwarded within three working days (APPC 91).",
		Roles:   []domain.Role{domain.RoleProvider, domain.RoleCommission},
		Example: `{"to": "ҚР Қорғаныс министрлігі"}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b bodyNamed) ([]domain.Event, error) {
		return c.ForwardComplaint(cmd, b.To, t)
	})
}

type complaintDecisionBody struct {
	Outcome procedure.ComplaintOutcome `json:"outcome"`
	Reasons string                     `json:"reasons" minLength:"1" maxLength:"4000"`
	Term    procedure.LateTerm         `json:"term,omitempty" doc:"Only for a complaint that came after its term: whether the term is restored (APPC 92). A complaint that is granted has its term restored"`
	Minuted
}

func (s *Server) decideComplaint() operation.Operation {
	return stepAfter(s, operation.Declaration{
		ID:      "complaint-decision",
		Of:      operation.OfCase,
		Summary: "Decide a complaint",
		Doc: "Until the complaint is forwarded, the body itself can satisfy it. After that the reviewing body " +
			"decides. If the refusal of an application for housing is annulled, the case is under review again, " +
			"and its place on the list still follows from the application. In other cases the body records a " +
			"remedy.",
		Roles:    []domain.Role{domain.RoleProvider, domain.RoleCommission},
		Problems: minutesProblems.and(domain.CodeReasonsRequired, domain.CodeTooLate, domain.CodeDeciderRecused),
		Example:  `{"outcome": "act_annulled", "reasons": "the extract shows no dwelling"}`,
	}, func(ctx context.Context, id domain.CaseID, _ complaintDecisionBody) (reviewers, error) {
		return s.reviewersOfCase(ctx, id)
	}, func(
		c *procedure.Case, cmd domain.Command, t procedure.Terms, b complaintDecisionBody, by reviewers,
	) ([]domain.Event, error) {
		if err := by.check(c, cmd); err != nil {
			return nil, err
		}
		return c.DecideComplaint(cmd, b.Outcome, domain.Personal(b.Reasons), b.Term, t)
	})
}

type complaintWithdrawalBody struct {
	Basis *basisBody `json:"basis,omitempty" doc:"Only at a desk: the paper by which the complaint is withdrawn"`
	Representing
}

func (s *Server) withdrawComplaint() operation.Operation {
	return stepAfter(s, operation.Declaration{
		ID:       "complaint-withdrawal",
		Of:       operation.OfCase,
		Summary:  "Withdraw a complaint that is not decided yet",
		Doc:      "Only whoever filed the complaint can withdraw it. They can complain again.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: basisProblems.and(domain.CodeNotFound, domain.CodeDateInFuture, domain.CodeMemberNotAllowed, domain.CodeRepresentative),
		Example:  `{}`,
	}, func(ctx context.Context, _ domain.CaseID, _ complaintWithdrawalBody) (domain.PersonID, error) {
		return operation.Citizen(ctx), nil
	}, func(
		c *procedure.Case, cmd domain.Command, _ procedure.Terms, b complaintWithdrawalBody, by domain.PersonID,
	) ([]domain.Event, error) {
		return c.WithdrawComplaint(cmd, by, b.Basis.basis())
	})
}

type courtStepBody struct {
	CourtAct courtActBody `json:"court_act"`
	Basis    *basisBody   `json:"basis" doc:"The file of the court act"`
}

func (s *Server) recordCourtAct() operation.Operation {
	return step(s, operation.Declaration{
		ID:      "court-act",
		Of:      operation.OfCase,
		Summary: "Record that a court has set the decision of a case aside",
		Doc: "A refused or terminated application for housing is reviewed again: it is decided anew by a new term, and its " +
			"place on the list still follows from the application. In other cases the body records a remedy, by acts " +
			"that hold from the day which the court names.",
		Roles: []domain.Role{domain.RoleProvider, domain.RoleCommission},
		Problems: basisProblems.and(
			domain.CodeCourtDecisionNotYet, domain.CodeEffectiveTooEarly, domain.CodeNothingChanges, domain.CodeDateInFuture,
		),
		Example: `{
			"court_act": {"number": "2-114/26", "on": "2026-03-01", "in_force_on": "2026-03-10"},
			"basis": {"type": "court_decision", "number": "2-114/26", "issued_on": "2026-03-01", "issuer": "Алматы қ. соты",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}
		}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b courtStepBody) ([]domain.Event, error) {
		return c.RecordCourtAct(cmd, procedure.CourtAct{
			Number: domain.Personal(b.CourtAct.Number), On: b.CourtAct.On, InForceOn: b.CourtAct.InForceOn,
		}, b.Basis.basis(), t)
	})
}

type remedyBody struct {
	How     procedure.RemedyKind `json:"how"`
	Acts    []domain.EventRef    `json:"acts,omitempty" maxItems:"100" doc:"The events that correct what the case did, as stream@revision"`
	NewCase domain.CaseID        `json:"new_case,omitzero" format:"uuid" doc:"The case of the new application on the same subject"`
	Words   string               `json:"words,omitempty" maxLength:"4000" doc:"The words of a complainant who wants no remedy"`
}

func (s *Server) recordRemedy() operation.Operation {
	return stepAfter(s, operation.Declaration{
		ID:      "remedy",
		Of:      operation.OfCase,
		Summary: "Record what was done after a complaint was satisfied",
		Doc: "This is for a case that is not reviewed again. The acts of the case are never deleted: a new act " +
			"names them and corrects them, or the applicant applies again. A contested act is remedied by acts that " +
			"undo or replace it, such as a priority that is given again.",
		Roles:    []domain.Role{domain.RoleProvider, domain.RoleCommission},
		Problems: []domain.Code{domain.CodeNoRemedy},
		Example:  `{"how": "applied_anew", "new_case": "ed90ba3a-a1e5-55cd-b69c-5fda8983422d"}`,
	}, func(ctx context.Context, id domain.CaseID, b remedyBody) (procedure.Case, error) {
		if err := s.commands.Corrects(ctx, id, b.Acts); err != nil {
			return procedure.Case{}, err
		}
		return s.caseNamed(ctx, b.NewCase)
	},
		func(
			c *procedure.Case, cmd domain.Command, _ procedure.Terms, b remedyBody, other procedure.Case,
		) ([]domain.Event, error) {
			return c.Remedy(cmd, procedure.Remedy{
				How: b.How, Acts: b.Acts, NewCase: b.NewCase, Other: other, Words: domain.Personal(b.Words),
			})
		})
}
