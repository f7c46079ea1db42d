package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type takeIntoStockInput struct {
	ID domain.DwellingID `path:"id" format:"uuid"`
	operation.Posted[nothingBody]
}

func (s *Server) takeIntoStock() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "take-into-stock", Path: "/v1/dwellings/{id}/stock", Tag: housingTag,
		Of:      operation.OfDwelling,
		Summary: "Take a dwelling into the service housing of your body",
		Doc: "From then on only your body provides the dwelling and ends its lease. A dwelling that nobody has taken " +
			"belongs to the body that provides it first.",
		Roles:    []domain.Role{domain.RoleCommission},
		Problems: []domain.Code{domain.CodeDwellingUnknown, domain.CodeNothingChanges},
		Example:  `{}`,
	}, func(ctx context.Context, call operation.Call, in *takeIntoStockInput) (command.Receipt, recordedDwelling, error) {
		r, err := s.commands.TakeIntoStock(ctx, call.Command, in.ID, call.Options)
		return r, recordedDwelling{DwellingID: in.ID}, err
	})
}
