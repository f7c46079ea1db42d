package otp

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[Issued](),
	domain.EventOf[Verified](),
	domain.EventOf[CodeRejected](),
	domain.EventOf[Locked](),
	domain.EventOf[Expired](),
	domain.EventOf[Superseded](),
	domain.EventOf[CodeSent](),
}
