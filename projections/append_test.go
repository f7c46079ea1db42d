package projections

import (
	"testing"

	"tizilim/domain"
)

// TestABatchDoesNotEndInsideAnAppend: however small it is, and however late the rest arrives.
func TestABatchDoesNotEndInsideAnAppend(t *testing.T) {
	event := func(more int) domain.Delivery { return domain.Delivery{Recorded: &domain.Recorded{More: more}} }
	log := make(chan domain.Delivery)
	go func() {
		for _, d := range []domain.Delivery{event(0), event(2), event(1), event(0), {}, event(1)} {
			log <- d
		}
		close(log) // the subscription breaks inside the last append
	}()
	var sizes []int
	applied := 0
	for {
		batch, _ := nextBatch(t.Context(), log, 1, nil)
		if len(batch) == 0 {
			break
		}
		if last := batch[len(batch)-1].Recorded; last != nil && last.More > 0 {
			t.Errorf("a batch ends %d events before the end of the append", last.More)
		}
		sizes, applied = append(sizes, len(batch)), applied+len(batch)
	}
	if applied != 5 {
		t.Errorf("%d deliveries in batches of %v, want 5: what is not whole waits for the next subscription", applied, sizes)
	}
}
