package accesslog

import (
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

const (
	// FewShown is the most persons whom one part of an answer leaves entries of their own
	// for. A part that shows more leaves a [PageRead].
	FewShown = 10
	// MostShown bounds the persons of one [PageRead], which keeps it under the largest event
	// that an event store takes.
	MostShown = 5_000
)

const category = "access-"

// PageStream is where a [PageRead] of that id is recorded, alone.
func PageStream(id uuid.UUID) string { return category + id.String() }

// IsLog reports whether the stream belongs to the access log.
func IsLog(stream string) bool { return strings.HasPrefix(stream, category) }

// PageRead says that somebody was about to be shown data of many persons at once, such as a
// page of a list. It is recorded before the answer is given, once for all of them, and says
// of each what a [PersonalDataRead] says. No history has it, although it concerns persons:
// like every read it is kept apart from the history of the record.
type PageRead struct {
	Reader    string          `json:"reader"` // account, or the person id of a citizen
	Role      domain.Role     `json:"role"`
	Operation string          `json:"operation"` // what was read, as the API names it
	Page      string          `json:"page"`      // path and parameters of the request: which list, from where, how many
	Purpose   Purpose         `json:"purpose"`
	Reference domain.Personal `json:"reference,omitempty"` // what the purpose rests on: the number of a request or a letter
	Shown     []Shown         `json:"shown"`               // by the id of the person
	ReadAt    time.Time       `json:"read_at"`
}

// Shown is a person whose data a page shows.
type Shown struct {
	PersonID domain.PersonID `json:"person_id"`
	CaseID   domain.CaseID   `json:"case_id,omitzero"` // that the data of this person belong to
}

func (e PageRead) LogValue() slog.Value { return domain.Masked(e) }

func (PageRead) EventType() string        { return "PageRead" }
func (e PageRead) EffectiveAt() time.Time { return e.ReadAt }

func (e PageRead) Concerns() domain.Concern {
	persons := make([]domain.PersonID, len(e.Shown))
	for i, s := range e.Shown {
		persons[i] = s.PersonID
	}
	return domain.ConcernsPersons(persons...)
}

// Of returns the read as the person's own access log would have it. ok is false where the
// page does not show them.
func (e PageRead) Of(id domain.PersonID) (read PersonalDataRead, ok bool) {
	for _, s := range e.Shown {
		if s.PersonID == id {
			return PersonalDataRead{
				PersonID: id, Reader: e.Reader, Role: e.Role, Operation: e.Operation, Purpose: e.Purpose,
				Reference: e.Reference, CaseID: s.CaseID, ReadAt: e.ReadAt,
			}, true
		}
	}
	return PersonalDataRead{}, false
}
