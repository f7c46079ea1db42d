//go:build !twosteps

package projections

import (
	"context"
	"slices"
)

// inOneStep writes a batch and the checkpoint after it, and returns the outcome. The header is
// the arguments of applyBatch before the ops. The tag twosteps writes them one after the other,
// to prove that the rig in cmd/faults notices.
func (w *writer) inOneStep(ctx context.Context, keys []string, header, ops []any) (string, error) {
	return applyBatch.Run(ctx, w.client, keys, slices.Concat(header, ops)...).Text()
}
