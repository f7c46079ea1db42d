package projections

import (
	"strconv"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// revisions keeps in the record of every stream the revision of its last event,
// which is the ETag of what is read from it. The access log has no record.
func revisions(rec domain.Recorded) []op {
	if accesslog.IsLog(rec.Stream) {
		return nil
	}
	return []op{set(rec.Stream, "revision", strconv.FormatUint(rec.Revision, 10))}
}
