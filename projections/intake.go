package projections

import (
	"fmt"

	"tizilim/domain"
)

// intake turns deliveries into writes and holds back what follows an event in
// quarantine: a later event of the same stream would be applied to a state that
// it does not fit. The same intake serves the projector and [Verify].
type intake struct {
	held map[string]bool // streams
}

func (in *intake) ops(d domain.Delivery) []op {
	rec := d.Recorded
	switch {
	case rec == nil:
		return nil
	case d.Poison != nil:
		return in.quarantine(*rec, "cannot be decoded: "+d.Poison.Error())
	case in.held[rec.Stream]:
		return in.quarantine(*rec, "held back: an earlier event of the stream is in quarantine")
	}
	ops, err := safely(project, *rec)
	if err != nil {
		return in.quarantine(*rec, err.Error())
	}
	return ops
}

func (in *intake) quarantine(rec domain.Recorded, why string) []op {
	if in.held == nil {
		in.held = make(map[string]bool)
	}
	in.held[rec.Stream] = true
	return []op{set(quarantineKey, eventRef(rec.Stream, rec.Revision), why), join(heldKey, rec.Stream)}
}

// safely keeps one event that a projection chokes on from stopping all others.
func safely(model projection, rec domain.Recorded) (ops []op, err error) {
	defer func() {
		if p := recover(); p != nil {
			ops, err = nil, fmt.Errorf("cannot be projected: %v", p)
		}
	}()
	return model(rec), nil
}
