//go:build twosteps

package projections

import (
	"context"
	"slices"
)

// inOneStep writes the ops under the checkpoint of before, and then the checkpoint.
func (w *writer) inOneStep(ctx context.Context, keys []string, header, ops []any) (string, error) {
	before := slices.Clone(header)
	before[5], before[6], before[9] = formatPosition(w.position), formatPosition(w.event), w.last
	outcome, err := applyBatch.Run(ctx, w.client, keys, append(before, ops...)...).Text()
	if err != nil || outcome != "applied" {
		return outcome, err
	}
	return applyBatch.Run(ctx, w.client, keys, header...).Text()
}
