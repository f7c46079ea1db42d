//go:build noreadback

package command

import (
	"context"

	"tizilim/domain"
	"tizilim/eventstore"
)

// confirmed believes that the log has what was decided. Of an append of several events it
// knows one position only, so it reads these back.
func (x execution[S, P]) confirmed(
	ctx context.Context, v *version[S, P], decided []eventstore.NewEvent, at domain.Position,
) (Receipt, error) {
	if len(decided) > 1 {
		return x.answer(ctx, v)
	}
	rec := domain.Recorded{
		ID: decided[0].ID, Stream: x.stream.name, Revision: uint64(v.revision + 1), Position: at,
		Event: decided[0].Event, Meta: decided[0].Meta,
	}
	newer := v.clone()
	newer.apply(rec)
	newer.whole = true
	x.stream.publish(newer)
	return receiptOf(x.stream.name, []domain.Recorded{rec}), nil
}
