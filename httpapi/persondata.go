package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) personDataOperations() []operation.Operation {
	return []operation.Operation{
		s.changePersonData(),
	}
}

// contradiction is a code that the record of a person can accept.
type contradiction domain.Code

var contradictions = as[contradiction](residence.AcceptableContradictions)

// warningToAnswer is a code that the first record of a person can accept.
type warningToAnswer domain.Code

var warningsToAnswer = append(as[warningToAnswer](residence.AcceptableContradictions), warningToAnswer(domain.CodePersonAlike))

// birthKnown is how much of a birth date is known, where that is said.
type birthKnown residence.BirthKnown

var birthsKnown = as[birthKnown](residence.BirthsKnown)

type changePersonDataBody struct {
	Kind          residence.DataChange `json:"kind" doc:"correction: the record was wrong. change: something happened, such as a marriage or a grant of citizenship"`
	EffectiveFrom domain.Date          `json:"effective_from,omitzero" format:"date" doc:"The day from which a change holds; only with change"`
	Name          string               `json:"name,omitempty" maxLength:"200" doc:"The name as in the document; left out if it stays"`
	BirthDate     domain.Date          `json:"birth_date,omitzero" format:"date" doc:"The right birth date, with 01 for what is not known of it; only with correction"`
	BirthKnown    birthKnown           `json:"birth_known,omitempty" doc:"How much of the birth date is known; left out if all is"`
	Class         residence.Class      `json:"class,omitempty" doc:"The legal class; left out if it stays"`
	Basis         *basisBody           `json:"basis" doc:"The document that shows it, such as a certificate of marriage"`
	Accept        []contradiction      `json:"accept,omitempty" maxItems:"5" doc:"The codes of the contradictions that the document confirms; a refusal lists them"`
}

type changePersonDataInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[changePersonDataBody]
}

type personDataChanged struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	operation.Events
}

// contradicted are the problems of what a record says about a person.
var contradicted = codes{
	domain.CodeWarningsOpen, domain.CodeIINBirthDate, domain.CodeIINClass, domain.CodeBirthPartUnknown,
	domain.CodeIINRequired, domain.CodeDateInFuture,
}

func (s *Server) changePersonData() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "change-person-data", Path: "/v1/persons/{id}/data", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Correct or change a person's name, birth date or class by a document",
		Doc: "The record before stays in the log and in the history. The person gets a notice. " +
			"A contradiction between the IIN and the record is refused until accept names its code.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: contradicted.and(
			domain.CodePersonUnknown, domain.CodeNothingChanges, domain.CodeMemberNotAllowed, domain.CodeBeforeBirth,
			domain.CodeEffectiveTooEarly, domain.CodeHashFormat, domain.CodeKinshipImpossible,
		),
		Example: `{
			"kind": "change", "effective_from": "2026-03-02", "class": "citizen",
			"basis": {
				"type": "identity_card", "number": "045120338", "issued_on": "2026-03-02", "issuer": "ҚР ІІМ",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(
		ctx context.Context, call operation.Call, in *changePersonDataInput,
	) (command.Receipt, personDataChanged, error) {
		b := in.Body
		r, err := s.commands.ChangePersonData(ctx, call.Command, in.ID, residence.ChangePersonData{
			Kind: b.Kind, From: b.EffectiveFrom, Name: domain.Personal(b.Name), BirthDate: b.BirthDate,
			BirthKnown: residence.BirthKnown(b.BirthKnown), Class: b.Class, Basis: b.Basis.basis(),
			Accept: as[domain.Code](b.Accept), Likeness: s.likeness, NameKeys: s.nameKeys,
		}, call.Options)
		return r, personDataChanged{PersonID: in.ID}, err
	})
}
