package certificates

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[Duplicated](),
	domain.EventOf[Corrected](),
}
