package projections

import (
	"encoding/json"
	"fmt"
	"time"

	"tizilim/domain"
)

// intake turns deliveries into writes. An event that cannot be applied goes into
// quarantine, and with it every later event of its stream: they would be applied
// to a state that they do not fit. Events leave it in their order, and so one that was
// released stays in it behind another. The same intake serves the projector and
// [Verify].
type intake struct {
	held map[string]bool // streams with an event in quarantine
}

func (in *intake) ops(d domain.Delivery) []op {
	rec := d.Recorded
	if rec == nil {
		return nil
	}
	why := ""
	switch {
	case d.Poison != nil:
		why = "cannot be decoded: " + d.Poison.Error()
	case in.held[rec.Stream]:
		return in.quarantine(*rec, "")
	default:
		ops, err := safely(project, *rec)
		if err == nil {
			return append(skipped(*rec), ops...)
		}
		why = err.Error()
	}
	return in.quarantine(*rec, why)
}

// quarantine holds the event back; why is empty where it only waits for an
// earlier one of its stream.
func (in *intake) quarantine(rec domain.Recorded, why string) []op {
	if in.held == nil {
		in.held = make(map[string]bool)
	}
	in.held[rec.Stream] = true
	return []op{
		set(quarantineKey, eventRef(rec.Stream, rec.Revision), stored(quarantined{Why: why, Created: rec.Created.UTC()})),
		join(heldKey, rec.Stream),
	}
}

// skipped returns the write that remembers a released event; none of any other event.
func skipped(rec domain.Recorded) []op {
	e, ok := rec.Event.(domain.Skipped)
	if !ok {
		return nil
	}
	kept := quarantined{
		Why: e.Why, Created: rec.Created.UTC(), Release: Release{e.Basis, e.ReleasedBy, e.ReleasedAt.UTC()},
	}
	return []op{set(releasedKey, eventRef(rec.Stream, rec.Revision), stored(kept))}
}

// quarantined is what a generation keeps of an event in quarantine and of one
// that was skipped. All of it follows from the log, so that [Verify] can compare
// it.
type quarantined struct {
	Why     string    `json:"why,omitempty"` // empty: the event waits for an earlier one of its stream
	Created time.Time `json:"created"`       // when the log learned of the event
	Release Release   `json:"release,omitzero"`
}

// waits reports whether nothing is known to be wrong with the event itself.
func (q quarantined) waits() bool { return q.Why == "" }

// parseQuarantined reads what [stored] wrote.
func parseQuarantined(text string) (q quarantined) {
	if err := json.Unmarshal([]byte(text), &q); err != nil {
		q.Why = "the read model holds an unreadable reason: " + err.Error()
	}
	return q
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
