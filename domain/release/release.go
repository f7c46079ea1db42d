// Package release decides which events every fold goes without: events that this release of
// the program cannot read, or that the read model cannot take, and that an operator gives up.
// The log keeps such an event, and [domain.Skipped] stands for it wherever it is folded or
// shown.
package release

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

// Stream is where releases are recorded. Its revision protects nothing but that an event is
// released once: releases only add up. Every process reads on in it.
var Stream = "registry-" + domain.DeriveID(uuid.Nil, "releases").String()

// Events are the types of event that this package declares.
var Events = []domain.EventType{domain.EventOf[EventReleased]()}

// EventReleased says that every fold goes without an event. The event is named by its place
// and its id: what stands at that place in another log is not released.
type EventReleased struct {
	Released   domain.EventRef `json:"released"`
	EventID    uuid.UUID       `json:"event_id"`
	Type       string          `json:"type"`  // of the event as it is stored
	Basis      string          `json:"basis"` // the document that orders it, without personal data
	ReleasedBy string          `json:"released_by"`
	ReleasedAt time.Time       `json:"released_at"`
}

func (EventReleased) EventType() string        { return "EventReleased" }
func (e EventReleased) EffectiveAt() time.Time { return e.ReleasedAt }
func (EventReleased) Concerns() domain.Concern {
	return domain.ConcernsNobody("the history of whom the released event concerns shows that it is skipped")
}

// Skipped is what stands for the event from now on.
func (e EventReleased) Skipped() domain.Skipped {
	return domain.Skipped{Type: e.Type, Basis: e.Basis, ReleasedBy: e.ReleasedBy, ReleasedAt: e.ReleasedAt}
}

// List is what has been released: the state of [Stream].
type List struct {
	events map[domain.EventRef][]EventReleased // of each place, one for each event id
	order  []domain.EventRef
}

// Apply folds an event of the stream.
func (l *List) Apply(rec domain.Recorded) {
	e, ok := rec.Event.(EventReleased)
	if !ok {
		return
	}
	if l.events == nil {
		l.events = map[domain.EventRef][]EventReleased{}
	}
	l.events[e.Released] = append(l.events[e.Released], e)
	l.order = append(l.order, e.Released)
}

// Of returns the release of the event with the id at that place; false where it is not
// released.
func (l *List) Of(place domain.EventRef, id uuid.UUID) (EventReleased, bool) {
	for _, e := range l.events[place] {
		if e.EventID == id {
			return e, true
		}
	}
	return EventReleased{}, false
}

// After returns the places of the releases behind the first known ones, in the order of the
// log.
func (l *List) After(known int) []domain.EventRef { return l.order[min(known, len(l.order)):] }

// Release gives the event up on the basis. An event that is released already stays so, and
// nothing happens.
//
// Errors: [domain.CodeRequired] where the basis or who releases is not said.
func (l *List) Release(cmd domain.Command, event domain.Recorded, name, basis, by string) ([]domain.Event, error) {
	switch {
	case strings.TrimSpace(basis) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "name the document that orders the release")
	case strings.TrimSpace(by) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "say who releases the event")
	}
	place := domain.EventRef{Stream: event.Stream, Revision: event.Revision}
	if _, released := l.Of(place, event.ID); released {
		return nil, nil
	}
	return []domain.Event{EventReleased{
		Released: place, EventID: event.ID, Type: name, Basis: basis, ReleasedBy: by, ReleasedAt: cmd.Now,
	}}, nil
}
