package notice

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[Began](),
	domain.EventOf[NoticeQueued](),
	domain.EventOf[NoticeSent](),
	domain.EventOf[NoticeDelivered](),
	domain.EventOf[NoticeFailed](),
	domain.EventOf[CircularBegan](),
	domain.EventOf[CircularProgressed](),
	domain.EventOf[CircularCompleted](),
}

// itsOwnStream is why an event is in no history.
const itsOwnStream = "it is about a message, which the account of the person shows; the history has the act that it tells of"
