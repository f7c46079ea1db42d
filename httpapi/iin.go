package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) iinOperations() []operation.Operation {
	return []operation.Operation{
		s.giveIIN(),
	}
}

type giveIINBody struct {
	IIN    string          `json:"iin" minLength:"1" maxLength:"48" doc:"12 digits" example:"999999000012"`
	Basis  *basisBody      `json:"basis" doc:"The document that shows it, such as the new identity card"`
	Accept []contradiction `json:"accept,omitempty" maxItems:"5" doc:"The codes of the contradictions that the document confirms; a refusal lists them"`
}

type giveIINInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[giveIINBody]
}

type iinGiven struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	operation.Events
}

func (s *Server) giveIIN() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "give-iin", Path: "/v1/persons/{id}/iin", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Record an IIN that comes later, or that replaces another one",
		Doc: "The id of the person stays. From now on the IIN means this person wherever it is used: in a token, a " +
			"signature, a search. An IIN that it replaces goes on to mean the person. An IIN of another person is refused. " +
			"The person gets a notice.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: codes{
			domain.CodeIINFormat, domain.CodeIINControlDigit, domain.CodeIINZero, domain.CodeIINTaken,
			domain.CodePersonUnknown, domain.CodeNothingChanges, domain.CodeHashFormat, domain.CodeDateInFuture,
			domain.CodeWarningsOpen, domain.CodeIINBirthDate, domain.CodeIINClass,
		},
		Example: `{
			"iin": "999999000012",
			"basis": {
				"type": "identity_card", "number": "045120338", "issued_on": "2026-03-02", "issuer": "ҚР ІІМ",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *giveIINInput) (command.Receipt, iinGiven, error) {
		out := iinGiven{PersonID: in.ID}
		iin, err := parseIIN(in.Body.IIN)
		if err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.GiveIIN(ctx, call.Command, s.personKey.PersonID(iin), residence.GiveIIN{
			PersonID: in.ID, IIN: iin, Basis: in.Body.Basis.basis(), Accept: as[domain.Code](in.Body.Accept),
		}, call.Options)
		return r, out, err
	})
}
