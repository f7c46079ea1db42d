package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type leavingBody struct {
	Basis *basisBody `json:"basis,omitempty" doc:"Only of an official, who always names it: the paper by which the holder leaves the list"`
	Representing
}

type leavingInput struct {
	EntryPath
	operation.Posted[leavingBody]
}

func (s *Server) leaveList() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "leave-list", Path: entryAddress + "/leaving", Tag: housingTag,
		Of:      operation.OfEntry,
		Summary: "Leave the list by one's own wish",
		Doc: "This cannot be undone: whoever wants to stand on the list again applies again, and stands by the new " +
			"application. Each entry behind moves up by one number. A citizen can leave with their own entry only; an " +
			"official names the paper. While the entry is under review, its review decides.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleCommission},
		Problems: entryProblems.and(
			domain.CodeEntryUnderReview, domain.CodeNotFound, domain.CodeBasisRequired, domain.CodeHashFormat,
			domain.CodeMemberNotAllowed, domain.CodeDateInFuture, domain.CodeRepresentative,
		),
		Example: `{}`,
	}, func(ctx context.Context, call operation.Call, in *leavingInput) (command.Receipt, entryChanged, error) {
		if err := s.actingForHolder(ctx, &call, in.EntryPath, in.Body); err != nil {
			return command.Receipt{}, entryChanged{}, operation.Hide(ctx, err)
		}
		r, err := s.commands.LeaveList(ctx, call.Command, in.ListID, housing.Leave{
			EntryID: in.EntryID, Holder: operation.Citizen(ctx), Basis: in.Body.Basis.basis(),
		}, call.Options)
		return r, entryChanged{EntryID: in.EntryID}, operation.Hide(ctx, err)
	})
}
