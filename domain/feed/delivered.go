package feed

import (
	"time"

	"tizilim/domain"
)

// Events are the types of event that this package declares.
var Events = []domain.EventType{domain.EventOf[Delivered]()}

// Delivered says that a consumer has acknowledged every fact before the place: its webhooks go on from
// there. Only the last one of a stream counts.
type Delivered struct {
	BodyID      domain.BodyID `json:"body_id"`
	Version     int           `json:"version"`  // of the webhook
	Position    string        `json:"position"` // as a [Position] is written
	DeliveredAt time.Time     `json:"delivered_at"`
}

// DeliveryStream has how far the consumer has come.
func DeliveryStream(id domain.BodyID) string { return "delivery-" + id.String() }

func (Delivered) EventType() string        { return "FactsDelivered" }
func (e Delivered) EffectiveAt() time.Time { return e.DeliveredAt }

func (Delivered) Concerns() domain.Concern {
	return domain.ConcernsNobody("it says how far a consumer has come in the feed; who was told is in the access logs")
}
