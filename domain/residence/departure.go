package residence

import (
	"time"

	"tizilim/domain"
)

// DepartureFollowed says what the registry did after a person had left the country for good: it
// opened a review of each entry that is theirs or counts them (Q39).
type DepartureFollowed struct {
	PersonID   domain.PersonID `json:"person_id"`
	Departure  domain.EventRef `json:"departure"`
	Entries    []EntryLeft     `json:"entries,omitempty"` // now under review
	FollowedAt time.Time       `json:"followed_at"`
}

func (DepartureFollowed) EventType() string { return "DepartureFollowed" }

func (e DepartureFollowed) EffectiveAt() time.Time   { return e.FollowedAt }
func (e DepartureFollowed) Concerns() domain.Concern { return domain.ConcernsPersons(e.PersonID) }

// Departs reports whether the event says that the person left the country for good, also by a
// correction.
func Departs(event domain.Event) bool {
	if e, ok := event.(RegistrationEnded); ok {
		return e.Reason == DepartureAbroad
	}
	c, ok := CorrectionIn(event)
	return ok && c.Now.Reason == DepartureAbroad && (c.Was.Reason != DepartureAbroad || c.Was.Void)
}

// departed folds what is to be followed up.
func (p *Person) departed(rec domain.Recorded) {
	if _, followed := rec.Event.(DepartureFollowed); followed {
		p.departure = domain.EventRef{}
	}
	if Departs(rec.Event) {
		p.departure = domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}
	}
}

// Departure is the event of a departure abroad that is not followed up yet; zero where there is
// none.
func (p *Person) Departure() domain.EventRef { return p.departure }

// FollowDeparture decides that the departure is followed up.
func (p *Person) FollowDeparture(cmd domain.Command, departure domain.EventRef, entries []EntryLeft) ([]domain.Event, error) {
	if p.departure.IsZero() || p.departure != departure {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "no departure of the person waits to be followed up")
	}
	return []domain.Event{DepartureFollowed{
		PersonID: p.ID, Departure: departure, Entries: entries, FollowedAt: cmd.Now,
	}}, nil
}
