//go:build !noreadback

package command

import (
	"context"

	"tizilim/domain"
	"tizilim/eventstore"
)

// confirmed answers a command whose append at v was acknowledged. The answer is what the log
// shows, and not what was decided: an earlier attempt may have got through with another
// decision. The tag noreadback answers what was decided, to prove that the rig in cmd/faults
// notices.
func (x execution[S, P]) confirmed(
	ctx context.Context, v *version[S, P], _ []eventstore.NewEvent, _ domain.Position,
) (Receipt, error) {
	return x.answer(ctx, v)
}
