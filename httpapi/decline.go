package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type declineBody struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid" doc:"The dwelling that was offered"`
	TakeBack   bool              `json:"take_back,omitempty" doc:"true takes back a decline of this dwelling"`
	Basis      *basisBody        `json:"basis,omitempty" doc:"Only of an official, who always names it: the paper by which the holder declines, or takes the decline back"`
	Representing
}

type declineInput struct {
	EntryPath
	operation.Posted[declineBody]
}

func (s *Server) declineDwelling() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "decline-dwelling", Path: entryAddress + "/decline", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Decline a dwelling that was offered",
		Doc: "The entry keeps its number. While the decline stands, that dwelling may be given to somebody behind. The " +
			"holder can take the decline back until the dwelling is given. A citizen can decline for their own entry " +
			"only; an official names the paper.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleCommission},
		Problems: entryProblems.and(
			domain.CodeDwellingUnknown, domain.CodeDwellingNotGiven, domain.CodeDwellingLeased, domain.CodeNothingChanges,
			domain.CodeDwellingNotInStock, domain.CodeDwellingOffered, domain.CodeDwellingGone,
			domain.CodeTooManyDeclined, domain.CodeNotFound, domain.CodeBasisRequired, domain.CodeHashFormat,
			domain.CodeMemberNotAllowed, domain.CodeDateInFuture, domain.CodeRepresentative,
		),
		Example: `{"dwelling_id": "208fa9b6-2196-5a43-b37e-82748063fe59"}`,
	}, func(ctx context.Context, call operation.Call, in *declineInput) (command.Receipt, entryChanged, error) {
		if err := s.actingForHolder(ctx, &call, in.EntryPath, in.Body); err != nil {
			return command.Receipt{}, entryChanged{}, operation.Hide(ctx, err)
		}
		r, err := s.commands.DeclineDwelling(ctx, call.Command, in.ListID, housing.DeclineDwelling{
			EntryID: in.EntryID, Holder: operation.Citizen(ctx), DwellingID: in.Body.DwellingID,
			TakeBack: in.Body.TakeBack, Basis: in.Body.Basis.basis(),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, operation.Hide(ctx, err)
	})
}

// declineDocument is a decline that the commission states with its decision.
type declineDocument struct {
	EntryID domain.EntryID `json:"entry_id" format:"uuid"`
	Basis   *basisBody     `json:"basis" doc:"The paper by which the holder declined this dwelling"`
}

func statedDeclines(documents []declineDocument) []housing.StatedDecline {
	var stated []housing.StatedDecline
	for _, d := range documents {
		stated = append(stated, housing.StatedDecline{EntryID: d.EntryID, Basis: d.Basis.basis()})
	}
	return stated
}
