package httpapi

import (
	"cmp"
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type memberConsentBody struct {
	Given    bool            `json:"given" doc:"true consents, false declines"`
	Terms    *termsBody      `json:"consent_terms,omitempty" doc:"The terms of the consent; only if it is given"`
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid" doc:"The member of the family: at a desk, and where you answer in the place of somebody whom you legally represent. Default on the portal: yourself"`
	Basis    *basisBody      `json:"basis,omitempty" doc:"Only at a desk: the paper on which the member consents or declines"`
	Representing
}

func (s *Server) answerAsMember() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "answer-as-family-member", Path: "/v1/cases/{id}/member-consent", Tag: housingTag,
		Of:      operation.OfCase,
		Summary: "Consent, or decline, as a spouse or adult member of an applicant's family",
		Doc: "Who is named consents for themselves. Until then their data is not looked up, and the applicant is not " +
			"placed. The answer can be changed until the decision.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: basisProblems.and(
			domain.CodeNothingChanges, domain.CodeCaseUnknown, domain.CodeCaseDecided, domain.CodeMemberNotAllowed,
			domain.CodeTooEarly, domain.CodeNotFound, domain.CodeNotInFamily, domain.CodeDateInFuture,
			domain.CodeRepresentative,
		),
		Example: `{"given": true}`,
	}, func(ctx context.Context, call operation.Call, in *stepInput[memberConsentBody]) (command.Receipt, stepped, error) {
		b, out := in.Body, stepped{CaseID: in.ID}
		c := housing.AnswerAsMember{
			PersonID: b.PersonID, Given: b.Given, Terms: b.Terms.terms(), Basis: b.Basis.basis(),
		}
		switch citizen := operation.Caller(ctx).IsCitizen(); {
		case !b.Given && b.Terms != nil:
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"who declines gives no terms; leave them out").At("consent_terms")
		case citizen && b.PersonID == operation.Citizen(ctx):
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"you answer for yourself: leave person_id out").At("person_id")
		case citizen && b.Basis != nil:
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"you answer for yourself: leave basis out").At("basis")
		case citizen:
			c.PersonID = cmp.Or(b.PersonID, operation.Citizen(ctx))
		case b.PersonID.IsZero():
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeRequired,
				"say which member of the family answers").At("person_id")
		}
		var err error
		if call.Command, err = s.acting(ctx, call.Command, c.PersonID, b.Representing); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.AnswerAsMember(ctx, call.Command, in.ID, c, call.Options)
		return r, out, operation.Hide(ctx, err)
	})
}

type dropMembersBody struct {
	Drop []domain.PersonID `json:"drop" minItems:"1" maxItems:"50" format:"uuid" doc:"Members who have not consented"`
}

func (s *Server) dropMembers() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "drop-family-members", Path: "/v1/cases/{id}/family-correction", Tag: housingTag,
		Of:      operation.OfCase,
		Summary: "Drop members who have not consented from the family of an application",
		Doc: "The applicant corrects the application before the decision. A member who consented stays: whether they " +
			"belong to the family is for the commission to judge.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: []domain.Code{
			domain.CodeCaseUnknown, domain.CodeCaseDecided, domain.CodeNotFound, domain.CodeNotInFamily,
			domain.CodeNamedTwice, domain.CodeMemberConsented, domain.CodeRepresentative,
		},
		Example: `{"drop": ["47c0d5bc-cd31-8c35-a3de-ee3c2a772f0e"]}`,
	}, func(ctx context.Context, call operation.Call, in *stepInput[dropMembersBody]) (command.Receipt, stepped, error) {
		r, err := s.commands.DropMembers(ctx, call.Command, in.ID, housing.DropMembers{
			Members: in.Body.Drop, Holder: operation.Citizen(ctx),
		}, call.Options)
		return r, stepped{CaseID: in.ID}, operation.Hide(ctx, err)
	})
}

// memberConsentState is where the own consent of a member of the family stands.
type memberConsentState struct {
	PersonID domain.PersonID      `json:"person_id" format:"uuid"`
	State    housing.ConsentState `json:"state"`
}
