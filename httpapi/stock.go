package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type takeIntoStockInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[takeIntoStockBody]
}

type takeIntoStockBody struct {
	Basis *basisBody `json:"basis,omitempty" doc:"By which the owners gave the dwelling, such as a contract; required unless the state owns it or nobody is recorded as an owner"`
}

func (s *Server) takeIntoStock() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "take-into-stock", Path: "/v1/dwellings/{id}/stock", Tag: housingTag,
		Of:      operation.OfDwelling,
		Summary: "Take a dwelling into the service housing of your body",
		Doc: "From then on only your body provides the dwelling and ends its lease. A dwelling that nobody has taken " +
			"belongs to the body that provides it first. A dwelling of others than the state is taken by the document " +
			"with which they gave it, and provided only after that; the owners are told.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: basisProblems.and(domain.CodeDwellingUnknown, domain.CodeNothingChanges, domain.CodeDwellingGone),
		Example:  `{}`,
	}, func(ctx context.Context, call operation.Call, in *takeIntoStockInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.TakeIntoStock(ctx, call.Command, in.ID,
			residence.TakeIntoStock{Basis: in.Body.Basis.basis()}, call.Options)
		return r, recordedDwelling{DwellingID: in.ID}, err
	})
}
