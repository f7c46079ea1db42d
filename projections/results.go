package projections

import (
	"tizilim/domain"
)

// Every result carries AsOf, the position of the log up to which the answer
// holds, and, where it comes from one stream, Revision, that stream's last
// event, which is its ETag.

// EventRef names an event of the log.
type EventRef = domain.EventRef

// Pointer names an event of a history.
type Pointer struct {
	Position domain.Position
	EventRef
}

// HistoryPage is a part of a history, in the order of the log.
type HistoryPage struct {
	Pointers []Pointer
	Next     domain.Position // after which the next page begins; 0 where there is none
	AsOf     domain.Position
}
