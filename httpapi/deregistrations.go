package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	printed "tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
)

func (s *Server) deregistrationOperations() []operation.Operation {
	return []operation.Operation{
		s.deregister(),
		s.confirmDeregistration(),
	}
}

type deregisterBody struct {
	Channel        domain.Channel    `json:"channel"`
	Language       domain.Language   `json:"language,omitempty" default:"kk"`
	Ground         residence.Ground  `json:"ground"`
	DwellingID     domain.DwellingID `json:"dwelling_id" format:"uuid"`
	ApplicantID    domain.PersonID   `json:"applicant_id" format:"uuid"`
	Persons        []domain.PersonID `json:"persons,omitempty" maxItems:"100" doc:"Persons to deregister; one at least, here or in named"`
	Named          []NamedPerson     `json:"named,omitempty" maxItems:"100" doc:"Only on the portal: persons to deregister, each by IIN and name"`
	Documents      []documentBody    `json:"documents,omitempty" maxItems:"300"`
	DepartureSheet bool              `json:"departure_sheet,omitempty" doc:"Whether a departure sheet is asked for"`
	Signature      signatureBody     `json:"signature"`
	Basis          *basisBody        `json:"basis,omitempty" doc:"Only at a desk: the signed application; the rules in force demand one"`
	Representing
	CoOwners []representedBody `json:"co_owners,omitempty" maxItems:"100" doc:"Only at a desk: who confirmed in the place of each co-owner who does not act alone"`
}

// representedBody says who acts in the place of a person.
type representedBody struct {
	PersonID      domain.PersonID `json:"person_id" format:"uuid"`
	RepresentedBy domain.PersonID `json:"represented_by" format:"uuid"`
}

type deregisterInput struct {
	operation.Posted[deregisterBody]
}

// resultBody is the result of one person of an S001 case.
type resultBody struct {
	PersonID domain.PersonID         `json:"person_id" format:"uuid"`
	Outcome  string                  `json:"outcome" enum:"deregistered,refused"`
	Ended    []domain.RegistrationID `json:"ended,omitempty" doc:"The registrations that were ended"`
	Warnings []warningBody           `json:"warnings,omitempty" doc:"What the rules allow, but a person should look at"`
	Code     domain.Code             `json:"code,omitempty"`
	Reason   string                  `json:"reason,omitempty"`
}

type deregistered struct {
	CaseID    domain.CaseID     `json:"case_id" format:"uuid"`
	Results   []resultBody      `json:"results,omitempty" doc:"One result for each person, in the order of the application; empty while the case waits for co-owners"`
	CoOwners  []domain.PersonID `json:"co_owners,omitempty" doc:"The co-owners who must first confirm the application, with POST /v1/cases/{id}/confirmation"`
	ConfirmBy time.Time         `json:"confirm_by,omitzero" doc:"The co-owners can answer until this instant, which ends a day"`
	operation.Events
}

func (s *Server) deregister() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "deregister", Path: "/v1/deregistrations", Tag: residenceTag, Status: http.StatusCreated,
		Of:      operation.OfRequest,
		Summary: "Deregister at the place of residence (S001)",
		Doc: "One application for one or more persons; each gets a result of its own. Who is not registered at the " +
			"dwelling is refused in the decision, with a document, also if nobody else is on the application. " +
			"The class of the applicant and the ground decide which channels are open.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider},
		Problems: slices.Concat(signatureProblems, namingProblems, []domain.Code{
			domain.CodeNamedTwice, domain.CodePersonUnknown, domain.CodeDwellingUnknown,
			domain.CodeChannelNotOpen, domain.CodeChannelNotOfRole,
			domain.CodeGroundNotOpen, domain.CodeApplicantNotOwner, domain.CodeNobodyConsents, domain.CodeApplicantNotYou,
			domain.CodeIdentityDocument, domain.CodeApplicationDocument, domain.CodeExitPermission,
			domain.CodePassportOfChild, domain.CodeIdentityCardSurrender, domain.CodeCourtDecision,
			domain.CodeCourtDecisionNotYet, domain.CodeRepresentative, domain.CodeNotNamed, domain.CodeNotEntitled, domain.CodeGroundUnknown,
			domain.CodeGroundRequired, domain.CodeBasisRequired, domain.CodeHashFormat, domain.CodeDateInFuture,
			domain.CodeMemberNotAllowed, domain.CodeNotFound,
		}),
		Example: `{
			"channel": "portal", "ground": "owner_application", "dwelling_id": "208fa9b6-2196-5a43-b37e-82748063fe59",
			"applicant_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "persons": ["47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e"],
			"departure_sheet": true, "signature": {"method": "eds", "cms": "MIIC1gYJKoZIhvcNAQcC"}
		}`,
	}, func(ctx context.Context, call operation.Call, in *deregisterInput) (command.Receipt, deregistered, error) {
		out := deregistered{CaseID: domain.CaseID{UUID: domain.DeriveID(call.ID.UUID, "case")}}
		var err error
		call.Command, err = s.onChannel(ctx, call.Command, in.Body.Channel, in.Body.ApplicantID, in.Body.Representing)
		if err != nil {
			return command.Receipt{}, out, err
		}
		if call.Options.Signed, err = signed(in.Request(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		named := s.naming(call, "deregister", out.CaseID.Stream())
		persons, err := named.persons(ctx, in.Body.Persons, in.Body.Named)
		if err != nil {
			return command.Receipt{}, out, err
		}
		papers, err := named.documents(in.Body.Documents)
		if err != nil {
			return command.Receipt{}, out, err
		}
		about := append([]domain.PersonID{in.Body.ApplicantID}, persons...)
		if err := s.inRequest(ctx, in.Body.DwellingID, about...); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Deregister(ctx, call.Command, residence.ApplyForDeregistration{
			CaseID: out.CaseID, Language: in.Body.Language, Ground: in.Body.Ground, DwellingID: in.Body.DwellingID,
			ApplicantID: in.Body.ApplicantID, Persons: persons, Named: named.named, Documents: papers,
			DepartureSheet: in.Body.DepartureSheet, Signature: in.Body.Signature.Method,
			Basis: in.Body.Basis.basis(), Represented: represented(in.Body.CoOwners),
		}, call.Options)
		for _, rec := range r.Events {
			switch e := rec.Event.(type) {
			case residence.DeregistrationApplied:
				out.CoOwners, out.ConfirmBy = e.CoOwners, e.ConfirmBy
			case residence.DeregistrationDecided:
				out.Results = results(e.Results, in.Body.Language)
			}
		}
		return r, out, err
	})
}

// persons are those to deregister: whom the request names by id, and then by IIN and name.
func (n *naming) persons(ctx context.Context, ids []domain.PersonID, by []NamedPerson) ([]domain.PersonID, error) {
	all := slices.Clone(ids)
	for i, b := range by {
		id, err := n.who(ctx, b, domain.Path("named", i))
		if err != nil {
			return nil, err
		}
		all = append(all, id)
	}
	if len(all) == 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "say whom to deregister").At("persons")
	}
	return all, nil
}

func represented(bodies []representedBody) []residence.Represented {
	var list []residence.Represented
	for _, b := range bodies {
		list = append(list, residence.Represented(b))
	}
	return list
}

// results are those of an application. The reasons are sentences in its language.
func results(list []residence.Result, l domain.Language) []resultBody {
	bodies := make([]resultBody, len(list))
	for i, r := range list {
		bodies[i] = resultBody{
			PersonID: r.PersonID, Outcome: "refused", Ended: r.Ended, Warnings: warnings(r.Warnings), Code: r.Code,
			Reason: cmp.Or(printed.NotDeregistered(r.Code, l), r.Reason),
		}
		if r.Granted() {
			bodies[i].Outcome = "deregistered"
		}
	}
	return bodies
}

type confirmed struct {
	CaseID  domain.CaseID `json:"case_id" format:"uuid"`
	Results []resultBody  `json:"results,omitempty" doc:"One result for each person, if your answer was the one that decided the application"`
	operation.Events
}

type confirmationBody struct {
	Outcome   residence.Answer `json:"outcome" doc:"revoke takes your confirmation back; that is possible until every co-owner has answered"`
	PersonID  domain.PersonID  `json:"person_id,omitzero" format:"uuid" doc:"The co-owner in whose place you answer as their legal representative. Default: yourself, or the one co-owner whom you represent"`
	Signature signatureBody    `json:"signature"`
}

type confirmationInput struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	operation.Posted[confirmationBody]
}

func (s *Server) confirmDeregistration() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "confirm-deregistration", Path: "/v1/cases/{id}/confirmation", Tag: residenceTag,
		Of:      operation.OfCase,
		Summary: "Answer the application of another co-owner for a deregistration",
		Doc: "If a dwelling has several owners, an application of one of them on the portal waits until all " +
			"others have confirmed it. With the last confirmation it is carried out; with the first decline it is " +
			"refused.",
		Roles: []domain.Role{domain.RoleCitizen},
		Problems: signatureProblems.and(
			domain.CodeConfirmationLate, domain.CodeAnswered, domain.CodeNotConfirmed,
			domain.CodeCaseUnknown, domain.CodeCaseDecided, domain.CodeNotFound, domain.CodeRepresentative,
		),
		Example: `{"outcome": "confirm", "signature": {"method": "eds", "cms": "MIIC1gYJKoZIhvcNAQcC"}}`,
	}, func(ctx context.Context, call operation.Call, in *confirmationInput) (command.Receipt, confirmed, error) {
		out := confirmed{CaseID: in.ID}
		call.Channel = domain.ChannelPortal
		var err error
		if call.Options.Signed, err = signed(in.Request(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		coOwner := cmp.Or(in.Body.PersonID, operation.Citizen(ctx))
		if call.Command, err = s.acting(ctx, call.Command, coOwner, Representing{}); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.Answer(ctx, call.Command, in.ID, residence.AnswerApplication{
			PersonID: coOwner, Answer: in.Body.Outcome, Signature: in.Body.Signature.Method,
		}, call.Options)
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.DeregistrationDecided); ok {
				c, err := s.commands.Case(ctx, in.ID)
				if err != nil {
					return r, out, err
				}
				out.Results = results(e.Results, c.Language)
			}
		}
		return r, out, operation.Hide(ctx, err)
	})
}

// onChannel puts an application on its channel, and says who acts in the applicant's place. It
// refuses a channel that the role of the caller does not serve, and a citizen who applies for
// somebody whom they do not represent.
func (s *Server) onChannel(
	ctx context.Context, cmd domain.Command, channel domain.Channel, applicant domain.PersonID, by Representing,
) (domain.Command, error) {
	p := operation.Caller(ctx)
	if !channel.OpenTo(p.Role) {
		return cmd, domain.Refuse(domain.Forbidden, domain.CodeChannelNotOfRole,
			"the role %s cannot file through the channel %s: choose another channel", p.Role, channel).At("channel")
	}
	cmd.Channel = channel
	cmd, err := s.acting(ctx, cmd, applicant, by)
	notYou := domain.Refuse(domain.Forbidden, domain.CodeApplicantNotYou,
		"through the portal you can apply for yourself and for whom you legally represent: set applicant_id to "+
			"that person's id").At("applicant_id")
	switch {
	case p.IsCitizen() && domain.IsKind(cmd.Barred, domain.NotFound):
		cmd.Barred = notYou
	case p.IsCitizen() && domain.IsKind(err, domain.NotFound):
		err = notYou
	}
	return cmd, err
}
