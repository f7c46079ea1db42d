package otp

import (
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// ContactID names a telephone or an e-mail and does not tell it: it is a keyed hash.
type ContactID struct{ uuid.UUID }

// Stream of the codes that go to the contact, whoever asks for them. Its revision
// protects their number within an hour. No projection reads it.
func (id ContactID) Stream() string { return "contact-" + id.String() }

// CodeSent says that a code is about to be sent to a contact. It does not say which
// code, to whom or why.
type CodeSent struct {
	ContactID ContactID `json:"contact_id"`
	SentAt    time.Time `json:"sent_at"`
}

func (CodeSent) EventType() string        { return "CodeSent" }
func (e CodeSent) EffectiveAt() time.Time { return e.SentAt }
func (CodeSent) Concerns() domain.Concern {
	return domain.ConcernsNobody("it counts the codes to a telephone or e-mail, and does not say whose that is")
}

// Sent are the codes that went to a contact: the state of a contact- stream.
type Sent struct{ recent []time.Time } // in the hour before the last one, itself included

// Apply folds the next event of the stream into s.
func (s *Sent) Apply(rec domain.Recorded) {
	if e, ok := rec.Event.(CodeSent); ok {
		s.recent = append(within(s.recent, e.SentAt), e.SentAt)
	}
}

// Clone returns a copy that later events do not change: Apply replaces the list.
func (s *Sent) Clone() Sent { return *s }

// Send decides that one more code goes to the contact, unless the edition's number
// within an hour is reached.
func (s *Sent) Send(cmd domain.Command, id ContactID, book rules.Book) ([]domain.Event, error) {
	most := book.On(cmd.Today()).OTP.PerContactPerHour
	if len(within(s.recent, cmd.Now)) >= most {
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooManyCodes,
			"%d codes were sent to this telephone or e-mail within an hour: wait, then ask again", most)
	}
	return []domain.Event{CodeSent{ContactID: id, SentAt: cmd.Now}}, nil
}

// within returns a new list of those instants that are in the hour before now.
func within(instants []time.Time, now time.Time) []time.Time {
	var recent []time.Time
	for _, at := range instants {
		if at.After(now.Add(-window)) {
			recent = append(recent, at)
		}
	}
	return recent
}
