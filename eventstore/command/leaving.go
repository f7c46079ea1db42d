package command

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// LeaveList records that a holder leaves the list: one append to it.
func (h *Handler) LeaveList(
	ctx context.Context, cmd domain.Command, list domain.ListID, c housing.Leave, opt Options,
) (Receipt, error) {
	return h.onList(ctx, cmd, list, opt, func(q *housing.List) ([]domain.Event, error) { return q.Leave(cmd, c) })
}
