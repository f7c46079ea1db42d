package embedded

import (
	"bytes"
	"strconv"
)

// resolve follows the event if it is a link and the reader asked for that. A
// link is an event of type $> whose data is "revision@stream"; what it points
// at must be shown to readers of that stream. A link that cannot be followed
// is shown without its event, one whose data begins with no number as itself.
func (r *reader) resolve(v *view, e *event) resolved {
	if !r.resolveLinks || e.kind != linkKind {
		return resolved{event: e}
	}
	number, stream, found := bytes.Cut(e.data, []byte{'@'})
	revision, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return resolved{event: e}
	}
	if !found || len(stream) == 0 || len(stream) > maxStreamName {
		return resolved{link: e}
	}
	return resolved{event: v.shownEvent(string(stream), revision, r.store.ticks()), link: e}
}

// shownEvent is the event at the revision (the last for -1) as a reader of its
// stream would find it, nil if that reader would not.
func (v *view) shownEvent(stream string, revision, now int64) *event {
	h, err := loadHead(v.snapshot, stream)
	if err != nil || h.tombstoned || h.last == noRevision || h.retention.softDeleted() {
		return nil
	}
	if revision == -1 {
		revision = h.last
	}
	if revision < h.retention.first(h.last) || revision > h.last {
		return nil
	}
	var found *event
	err = v.scanStream(h.id, revision, revision, false, func(e event) bool {
		if e.created >= h.retention.oldest(now) {
			found = e.clone()
		}
		return false
	})
	if err != nil {
		return nil
	}
	return found
}
