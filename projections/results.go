package projections

import (
	"tizilim/domain"
)

// Every result carries AsOf, the position of the log up to which the answer
// holds, and, where it comes from one stream, Revision, that stream's last
// event, which is its ETag.

// EventRef names an event of the log.
type EventRef = domain.EventRef
