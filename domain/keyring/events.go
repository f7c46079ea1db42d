package keyring

import (
	"time"

	"tizilim/domain"
)

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[KeysFingerprinted](),
	domain.EventOf[KeyAccepted](),
	domain.EventOf[LossAccepted](),
}

// aboutKeys is why an event is in no history.
const aboutKeys = "it is about the keys of the registry"

// KeysFingerprinted says which keys belong to the log from now on: all of them at the
// first start of a registry, and later those of new kinds.
type KeysFingerprinted struct {
	Keys       []Key     `json:"keys"` // by name
	RecordedAt time.Time `json:"recorded_at"`
}

func (KeysFingerprinted) EventType() string        { return "KeysFingerprinted" }
func (e KeysFingerprinted) EffectiveAt() time.Time { return e.RecordedAt }
func (KeysFingerprinted) Concerns() domain.Concern { return domain.ConcernsNobody(aboutKeys) }

// KeyAccepted says that a key was changed on purpose.
type KeyAccepted struct {
	Key        Key         `json:"key"`
	Before     Fingerprint `json:"before"` // of the key that it replaces
	Basis      string      `json:"basis"`  // the document that orders the change
	AcceptedAt time.Time   `json:"accepted_at"`
}

func (KeyAccepted) EventType() string        { return "KeyAccepted" }
func (e KeyAccepted) EffectiveAt() time.Time { return e.AcceptedAt }
func (KeyAccepted) Concerns() domain.Concern { return domain.ConcernsNobody(aboutKeys) }

// LossAccepted says that the log ends before, or does not go on from, a head that was
// signed, since it was restored from before, and that the registry goes on with it.
type LossAccepted struct {
	Events     int64     `json:"events"`    // of the log up to the head that it lacks
	SignedAt   time.Time `json:"signed_at"` // of that head
	Head       string    `json:"head"`      // that head, as its signed note
	Has        int64     `json:"has"`       // events that the newest head of the log covers
	Basis      string    `json:"basis"`     // the document that orders to go on
	AcceptedAt time.Time `json:"accepted_at"`
}

func (LossAccepted) EventType() string        { return "LossAccepted" }
func (e LossAccepted) EffectiveAt() time.Time { return e.AcceptedAt }
func (LossAccepted) Concerns() domain.Concern {
	return domain.ConcernsNobody("it is about the log as a whole")
}
