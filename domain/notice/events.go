package notice

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[Began](),
	domain.EventOf[NoticeQueued](),
	domain.EventOf[NoticeSent](),
	domain.EventOf[NoticeDelivered](),
	domain.EventOf[NoticeFailed](),
}
