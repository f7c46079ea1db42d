package embedded

import (
	"bytes"
	"strconv"
)

// addEvent adds the event to the page. Where the reader resolves links and the event is a
// link, which has the type $> and the data "revision@stream", it adds the target with the
// link. Without a visible target it adds the link alone. A link whose data does not begin
// with a number is added as an ordinary event.
func (r *reader) addEvent(v *view, p *page, e *record) {
	if !r.resolveLinks || string(e.kind) != linkKind {
		p.event(r.uuids, e, nil)
		return
	}
	number, stream, found := bytes.Cut(e.data, []byte{'@'})
	revision, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		p.event(r.uuids, e, nil)
		return
	}
	followed := found && len(stream) > 0 && len(stream) <= maxStreamName &&
		v.readVisible(string(stream), revision, r.store.ticks(), func(target *record) { p.event(r.uuids, target, e) })
	if !followed {
		p.event(r.uuids, nil, e)
	}
}

// readVisible calls show with the event at the revision of the stream (-1: the last one)
// if the event is visible to readers of the stream.
func (v *view) readVisible(stream string, revision, now int64, show func(*record)) (shown bool) {
	h, err := loadHead(v.snapshot, stream)
	if err != nil || h.tombstoned || h.last == noRevision || h.retention.softDeleted() {
		return false
	}
	if revision == -1 {
		revision = h.last
	}
	if revision < h.retention.first(h.last) || revision > h.last {
		return false
	}
	err = v.scanStream(h.id, revision, revision, false, func(e *record) bool {
		if e.created >= h.retention.oldest(now) {
			show(e)
			shown = true
		}
		return false
	})
	return err == nil && shown
}
