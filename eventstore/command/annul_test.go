package command_test

import (
	"testing"

	"tizilim/domain"
)

// TestC23_AnActIsFoundByItsReference, and none where the log has no such event.
func TestC23_AnActIsFoundByItsReference(t *testing.T) {
	l := world(t)
	events := l.stream(list.Stream())
	h := newHandler(l)
	last := uint64(len(events) - 1)
	found, err := h.RecordedAct(ctx, domain.EventRef{Stream: list.Stream(), Revision: last})
	if err != nil || found.ID != events[last].ID {
		t.Errorf("the last event: %+v, %v", found, err)
	}
	for name, ref := range map[string]domain.EventRef{
		"one behind the end":      {Stream: list.Stream(), Revision: last + 1},
		"one of no stream at all": {Stream: "queue-none"},
	} {
		if found, err := h.RecordedAct(ctx, ref); domain.CodeOf(err) != domain.CodeOf(domain.NotByClock()) || err == nil {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
}
