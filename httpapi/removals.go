package httpapi

import (
	"context"
	"slices"
	"strings"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) removalOperations() []operation.Operation {
	return []operation.Operation{
		s.giveRemovalNotice(),
		s.removeEntry(),
		s.reinstateEntry(),
		s.announceRemoval(),
		s.objectToRemoval(),
		s.endRemovalHearing(),
		s.complainOfRemoval(),
		s.forwardRemovalComplaint(),
		s.decideRemovalComplaint(),
		s.withdrawRemovalComplaint(),
	}
}

type noticeBody struct {
	Grounds string      `json:"grounds" minLength:"1" maxLength:"4000"`
	GivenOn domain.Date `json:"given_on" format:"date" doc:"The day of the notice. It is due within ten days of the removal, or as many days as the edition in force says. A late notice is recorded as late"`
}

type noticeInput struct {
	EntryPath
	operation.Posted[noticeBody]
}

func (s *Server) giveRemovalNotice() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "give-notice", Path: entryAddress + "/notice", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Record the written notice of a removal",
		Roles:   []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{
			domain.CodeDateInFuture, domain.CodeEffectiveTooEarly, domain.CodeListUnknown,
			domain.CodeEntryUnknown, domain.CodeReasonsRequired, domain.CodeNoticeNotOwed,
		},
		Example: `{"grounds": "a dwelling was acquired", "given_on": "2026-03-17"}`,
	}, func(ctx context.Context, call operation.Call, in *noticeInput) (command.Receipt, entryChanged, error) {
		r, err := s.commands.GiveNotice(ctx, call.Command, in.ListID, housing.GiveNotice{
			EntryID: in.EntryID, Grounds: domain.Personal(in.Body.Grounds), On: in.Body.GivenOn,
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type removalBody struct {
	Reason    housing.RemovalReason `json:"reason" maxLength:"64" doc:"A reason that the edition in force lists: grounds_fell_away, departure_or_end_of_employment, untrue_information, dwelling_acquired, state_dwelling_received" example:"dwelling_acquired"`
	Note      string                `json:"note,omitempty" maxLength:"2000"`
	Exemption *exemptionBody        `json:"exemption,omitempty" doc:"The exemption from the hearing (APPC 73(2)), if the holder was not heard"`
	Minuted
}

type removalInput struct {
	EntryPath
	operation.Posted[removalBody]
}

func (s *Server) removeEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "remove-entry", Path: entryAddress + "/removal", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Remove an entry from its list",
		Doc: "The removal ends a review in which the holder was heard (APPC 73). Without a hearing it names the " +
			"exemption. The written notice is due within ten days. Each entry after the removed one moves up by " +
			"one number; the entries before it keep their numbers.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: slices.Concat(entryProblems, minutesProblems, []domain.Code{
			domain.CodeCaseDecided, domain.CodeReasonsRequired, domain.CodeStepNotOpen, domain.CodeTooEarly,
			domain.CodeDeciderRecused, domain.CodeHearingRequired, domain.CodeEntryProtected,
			domain.CodeEntryNotReviewed,
		}),
		Example: `{
			"reason": "dwelling_acquired", "note": "extract of the real-estate register of 2026-03-10"
		}`,
	}, func(ctx context.Context, call operation.Call, in *removalInput) (command.Receipt, entryChanged, error) {
		remove := housing.Remove{EntryID: in.EntryID, Reason: in.Body.Reason, Note: domain.Personal(in.Body.Note)}
		if x := in.Body.Exemption; x != nil {
			remove.Exemption = procedure.Dispense{Exemption: x.Ground, Reasons: domain.Personal(x.Reasons)}
		}
		call.Minutes = in.Body.stated()
		r, err := s.commands.RemoveEntry(ctx, call.Command, in.ListID, remove, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

type courtActBody struct {
	Number    string      `json:"number" minLength:"1" maxLength:"200"`
	On        domain.Date `json:"on" format:"date"`
	InForceOn domain.Date `json:"in_force_on" format:"date"`
}

type reinstatementBody struct {
	Ground      housing.ReinstatementGround `json:"ground"`
	ComplaintID string                      `json:"complaint_id,omitempty" maxLength:"64" doc:"The complaint about the removal that was decided in favour of the holder"`
	CourtAct    *courtActBody               `json:"court_act,omitempty" doc:"A court act that is in force"`
	Note        string                      `json:"note,omitempty" maxLength:"2000"`
	Minuted
}

type reinstatementInput struct {
	EntryPath
	operation.Posted[reinstatementBody]
}

func (s *Server) reinstateEntry() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "reinstate-entry", Path: entryAddress + "/reinstatement", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Reinstate a removed entry with its original seniority",
		Doc: "The reinstatement names its ground: a complaint about the removal that was decided in favour of the " +
			"holder, or a court act in force.",
		Roles: []domain.Role{domain.RoleCommission},
		Problems: minutesProblems.and(
			domain.CodeCourtDecisionNotYet, domain.CodeListUnknown,
			domain.CodeAlreadyOnList, domain.CodeEntryUnknown, domain.CodeEntryNotRemoved,
			domain.CodeGroundUnknown, domain.CodeGroundNotAllowed, domain.CodeGroundRequired,
			domain.CodeSpouseOnList, domain.CodeComplaintNotWon,
		),
		Example: `{
			"ground": "court_act", "court_act": {"number": "2-114/26", "on": "2026-03-01", "in_force_on": "2026-03-10"}
		}`,
	}, func(ctx context.Context, call operation.Call, in *reinstatementInput) (command.Receipt, entryChanged, error) {
		reinstate := housing.Reinstate{
			EntryID: in.EntryID, Ground: in.Body.Ground, ComplaintID: in.Body.ComplaintID, Note: domain.Personal(in.Body.Note),
		}
		if x := in.Body.CourtAct; x != nil {
			reinstate.Act = housing.Act{Number: domain.Personal(x.Number), On: x.On, InForceOn: x.InForceOn}
		}
		call.Minutes = in.Body.stated()
		r, err := s.commands.ReinstateEntry(ctx, call.Command, in.ListID, reinstate, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

func (s *Server) announceRemoval() operation.Operation {
	return entryStep(s, operation.Declaration{
		ID:      "entry-hearing",
		Of:      operation.OfEntry,
		Summary: "Tell the holder of an entry under review that a removal is intended",
		Doc: "The holder can object for two working days. The entry can be removed three working days later at " +
			"the earliest (APPC 73). The entry keeps its number.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeDeciderRecused},
		Example:  `{"preliminary": "a removal is intended: a dwelling was acquired"}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b hearingBody) ([]domain.Event, error) {
		return c.AnnounceHearing(cmd, domain.Personal(b.Preliminary), t)
	})
}

// removalProblems are those of every step on a removal.
var removalProblems = codes{
	domain.CodeListUnknown, domain.CodeEntryUnknown, domain.CodeEntryNotReviewed, domain.CodeCaseDecided,
	domain.CodeStepNotOpen,
}

// entryStepInput is a step on the review of an entry, or on its removal.
type entryStepInput[B any] struct {
	EntryPath
	operation.Posted[B]
}

// entryStep declares POST <entry>/<id of the operation without "entry-">.
func entryStep[B any](s *Server, d operation.Declaration, take takeStep[B]) operation.Operation {
	return entryStepAfter(s, d,
		func(context.Context, EntryPath) (struct{}, error) { return struct{}{}, nil },
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b B, _ struct{}) ([]domain.Event, error) {
			return take(c, cmd, t, b)
		})
}

// entryStepAfter is [entryStep] for a decision that needs something from outside the
// entry, which look fetches before it.
func entryStepAfter[B, F any](
	s *Server, d operation.Declaration, look func(context.Context, EntryPath) (F, error),
	take func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b B, seen F) ([]domain.Event, error),
) operation.Operation {
	d.Path, d.Tag = entryAddress+"/"+strings.TrimPrefix(d.ID, "entry-"), housingTag
	d.Problems = removalProblems.and(d.Problems...)
	return operation.Command(d, func(
		ctx context.Context, call operation.Call, in *entryStepInput[B],
	) (command.Receipt, entryChanged, error) {
		seen, err := look(ctx, in.EntryPath)
		if err != nil {
			return command.Receipt{}, entryChanged{}, err
		}
		if err := s.actingForHolder(ctx, &call, in.EntryPath, in.Body); err != nil {
			return command.Receipt{}, entryChanged{}, operation.Hide(ctx, err)
		}
		if err := s.minuted(ctx, &call, in.Body); err != nil {
			return command.Receipt{}, entryChanged{}, err
		}
		r, err := s.stepOnEntry(
			ctx, call, in.EntryPath, func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
				return take(c, call.Command, t, in.Body, seen)
			},
		)
		return r, entryChanged{EntryID: in.EntryID}, err
	})
}

// stepOnEntry takes a step. A citizen takes steps on their own entry only.
func (s *Server) stepOnEntry(ctx context.Context, call operation.Call, at EntryPath,
	take func(*procedure.Case, procedure.Terms) ([]domain.Event, error)) (command.Receipt, error) {
	if operation.Caller(ctx).IsCitizen() {
		call.Channel = domain.ChannelPortal
	}
	r, err := s.commands.StepOnEntry(
		ctx,
		call.Command,
		at.ListID,
		at.EntryID,
		operation.Citizen(ctx),
		take,
		call.Options,
	)
	return r, operation.Hide(ctx, err)
}

func (s *Server) objectToRemoval() operation.Operation {
	return entryStep(s, operation.Declaration{
		ID:       "entry-objection",
		Of:       operation.OfEntry,
		Summary:  "Object to an intended removal",
		Doc:      "A citizen can object only for their own entry.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: []domain.Code{domain.CodeTooLate, domain.CodeNotFound, domain.CodeRepresentative},
		Example:  `{"objection": "the dwelling belongs to my brother"}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b objectionBody) ([]domain.Event, error) {
		return c.Object(cmd, domain.Personal(b.Objection))
	})
}

func (s *Server) endRemovalHearing() operation.Operation {
	return entryStep(s, operation.Declaration{
		ID:       "entry-hearing-end",
		Of:       operation.OfEntry,
		Summary:  "End a hearing on an intended removal without a written objection",
		Doc:      "If the time for an objection passes, the registry ends the hearing by itself.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeTooEarly},
		Example:  `{"how": "waived", "protocol": "I want no hearing"}`,
	}, func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b hearingEndBody) ([]domain.Event, error) {
		return c.CloseHearing(cmd, b.How, domain.Personal(b.Protocol))
	})
}

type removalComplaintBody struct {
	Grounds string `json:"grounds" minLength:"1" maxLength:"4000" doc:"What the complaint is about, and why"`
	WhyLate string `json:"why_late,omitempty" maxLength:"4000" doc:"Why the complaint comes after three months, if it does"`
	Representing
}

type complained struct {
	EntryID     domain.EntryID `json:"entry_id" format:"uuid"`
	ComplaintID string         `json:"complaint_id" doc:"Name it in the reinstatement that follows the complaint"`
	operation.Events
}

func (s *Server) complainOfRemoval() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "entry-complaint", Path: entryAddress + "/complaint", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Complain about a removal",
		Doc: "The commission that removed the entry receives the complaint. A late complaint is accepted too " +
			"(APPC 91, 92). A citizen can complain only about their own entry.",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: removalProblems.and(domain.CodeComplaintPending, domain.CodeNotFound, domain.CodeRepresentative),
		Example:  `{"grounds": "the dwelling belongs to my brother"}`,
	}, func(
		ctx context.Context, call operation.Call, in *entryStepInput[removalComplaintBody],
	) (command.Receipt, complained, error) {
		id := domain.DeriveID(call.ID.UUID, "complaint").String()
		if err := s.actingForHolder(ctx, &call, in.EntryPath, in.Body); err != nil {
			return command.Receipt{}, complained{}, operation.Hide(ctx, err)
		}
		r, err := s.stepOnEntry(
			ctx,
			call,
			in.EntryPath,
			func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
				return c.FileComplaint(call.Command, procedure.Filing{
					ID: id, By: c.ApplicantID, Grounds: domain.Personal(in.Body.Grounds), WhyLate: domain.Personal(in.Body.WhyLate),
				}, t)
			},
		)
		return r, complained{EntryID: in.EntryID, ComplaintID: id}, err
	})
}

func (s *Server) withdrawRemovalComplaint() operation.Operation {
	return entryStepAfter(s, operation.Declaration{
		ID:       "entry-complaint-withdrawal",
		Of:       operation.OfEntry,
		Summary:  "Withdraw a complaint about a removal that is not decided yet",
		Roles:    []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: basisProblems.and(domain.CodeNotFound, domain.CodeDateInFuture, domain.CodeMemberNotAllowed, domain.CodeRepresentative),
		Example:  `{}`,
	}, func(ctx context.Context, _ EntryPath) (domain.PersonID, error) {
		return operation.Citizen(ctx), nil
	}, func(
		c *procedure.Case, cmd domain.Command, _ procedure.Terms, b complaintWithdrawalBody, by domain.PersonID,
	) ([]domain.Event, error) {
		return c.WithdrawComplaint(cmd, by, b.Basis.basis())
	})
}

func (s *Server) forwardRemovalComplaint() operation.Operation {
	return entryStep(s, operation.Declaration{
		ID:      "entry-complaint-forwarding",
		Of:      operation.OfEntry,
		Summary: "Forward a complaint about a removal, with its papers, to the reviewing body",
		Doc:     "It is forwarded within three working days (APPC 91).",
		Roles:   []domain.Role{domain.RoleCommission},
		Example: `{"to": "ҚР Қорғаныс министрлігі"}`,
	}, func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b bodyNamed) ([]domain.Event, error) {
		return c.ForwardComplaint(cmd, b.To, t)
	})
}

func (s *Server) decideRemovalComplaint() operation.Operation {
	return entryStepAfter(s, operation.Declaration{
		ID:      "entry-complaint-decision",
		Of:      operation.OfEntry,
		Summary: "Decide a complaint about a removal",
		Doc: "Until the complaint is forwarded, the commission itself can satisfy it. After that the reviewing " +
			"body decides. If the removal is annulled, the commission reinstates the entry and names the " +
			"complaint.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: minutesProblems.and(domain.CodeReasonsRequired, domain.CodeTooLate, domain.CodeDeciderRecused),
		Example:  `{"outcome": "act_annulled", "reasons": "the dwelling belongs to the brother"}`,
	}, func(ctx context.Context, at EntryPath) (reviewers, error) {
		return s.reviewersOfList(ctx, at.ListID)
	}, func(
		c *procedure.Case, cmd domain.Command, t procedure.Terms, b complaintDecisionBody, by reviewers,
	) ([]domain.Event, error) {
		if err := by.check(c, cmd); err != nil {
			return nil, err
		}
		return c.DecideComplaint(cmd, b.Outcome, domain.Personal(b.Reasons), b.Term, t)
	})
}
