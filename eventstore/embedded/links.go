package embedded

import (
	"bytes"
	"strconv"
)

// show adds the event to the page as the reader asked for it. Where links are
// to be followed and the event is one, that is an event of type $> whose data
// is "revision@stream"; what it points at must be shown to readers of that
// stream. A link that cannot be followed is shown without its event, one whose
// data begins with no number as itself.
func (r *reader) show(v *view, p *page, e *record) {
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
		v.showTo(string(stream), revision, r.store.ticks(), func(target *record) { p.event(r.uuids, target, e) })
	if !followed {
		p.event(r.uuids, nil, e)
	}
}

// showTo calls show with the event at the revision (the last for -1) if a
// reader of its stream would find it.
func (v *view) showTo(stream string, revision, now int64, show func(*record)) (shown bool) {
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
