package domain

import (
	"strings"
	"time"

	"github.com/google/uuid"
)

// Skipped stands in every fold for an event that an operator has released: no state and no
// read model has what the event says, and histories show who released it and on what basis.
// The log keeps the event. Skipped itself is never stored.
type Skipped struct {
	Type       string    `json:"type"`          // of the event
	Why        string    `json:"why,omitempty"` // it cannot be read; empty if it can
	Basis      string    `json:"basis"`         // the document that orders the release
	ReleasedBy string    `json:"released_by"`
	ReleasedAt time.Time `json:"released_at"`

	since   time.Time
	concern Concern
}

// Skip returns what stands for the event. Of an event that cannot be read only the stream
// says whom it concerns.
func (s Skipped) Skip(rec Recorded) Skipped {
	s.since, s.concern = rec.Created, concernOf(rec.Stream)
	if rec.Event != nil {
		s.concern = rec.Event.Concerns()
	}
	return s
}

func (Skipped) EventType() string        { return "EventSkipped" }
func (s Skipped) EffectiveAt() time.Time { return s.since }
func (s Skipped) Concerns() Concern      { return s.concern }

// concernOf is whom an event of the stream concerns, as far as the name of the stream says.
func concernOf(stream string) Concern {
	category, id, _ := strings.Cut(stream, "-")
	of, err := uuid.Parse(id)
	switch {
	case err != nil:
	case category == "residence":
		return ConcernsPersons(PersonID{of})
	case category == "dwelling":
		return Concern{Dwellings: []DwellingID{{of}}}
	case category == "case":
		return ConcernsCase(CaseID{of})
	}
	return ConcernsNobody("it is released, and its stream is that of nobody")
}
