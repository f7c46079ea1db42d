package httpapi

import (
	"context"
	"errors"

	"tizilim/domain"
)

// certain runs a read that may find nothing. The model is a moment behind the
// log, so what it does not know may only be late: the read then waits until the
// model has all that the log holds now, which is later than the request came,
// and is run once more. That time "not found" is true. Where the wait is in
// vain, its error is the answer, and nobody is told that there is nothing.
//
// What is found costs nothing more. All who find nothing at once share their
// looks at the log. look may be run twice, so it must leave no trace: that
// somebody was shown something is noted after it.
func certain[O any](ctx context.Context, s *Server, look func(context.Context) (O, error)) (O, error) {
	out, err := look(ctx)
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.NotFound {
		return out, err
	}
	if err := s.watch.CatchUp(ctx); err != nil {
		return out, err
	}
	return look(ctx)
}
