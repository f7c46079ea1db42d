package embedded

import (
	"math"
	"strconv"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// A page is what a reader holds in memory between two looks at the store: at
// most pageEvents events, and no further event once pageBytes are exceeded. No
// view is held while a page is being sent, however slow its reader is.
const (
	pageEvents = 256
	pageBytes  = 1 << 20
)

type page struct {
	items []item
	bytes int
}

// item is what is sent for one event of the log: itself, if it passed the
// filter, then a checkpoint at its position, if one is due.
type item struct {
	event      resolved
	shown      bool
	checkpoint uint64
}

// resolved is an event as a reader sees it. Link is set if links are to be
// followed and the event was one; event is nil then if the link dangles.
type resolved struct{ event, link *event }

func (p *page) full() bool { return len(p.items) >= pageEvents || p.bytes >= pageBytes }

func (p *page) add(e resolved) {
	p.items = append(p.items, item{event: e, shown: true})
	for _, part := range []*event{e.event, e.link} {
		if part != nil {
			p.bytes += part.size()
		}
	}
}

func (s *streamsService) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	q, err := parseQuery(request)
	if err != nil {
		return err
	}
	r := &reader{query: q, store: s.node.store, closing: s.node.closing, call: call}
	switch {
	case q.subscription && q.stream != "":
		return r.subscribeStream()
	case q.subscription:
		return r.subscribeAll()
	case q.stream != "":
		return r.readStream()
	default:
		return r.readAll()
	}
}

// reader serves one Read call.
type reader struct {
	query
	store   *store
	closing <-chan struct{} // closed when the node closes
	call    streams.Streams_ReadServer
}

// interrupted tells why a long read should stop, if it should.
func (r *reader) interrupted() error {
	select {
	case <-r.closing:
		return errClosing
	default:
		return r.call.Context().Err()
	}
}

// readAll reads up to what was the end of the log when it began.
func (r *reader) readAll() error {
	v := r.store.view()
	end := v.last
	v.release()

	next := r.commit
	switch {
	case r.origin == fromStart:
		next = 0
	case r.origin == fromEnd && r.backwards:
		next = end + 1
	case r.origin == fromEnd:
		return nil
	case r.backwards && r.commit > end+1:
		// Beyond the last event there is only its end, which this store does
		// not distinguish from any larger position.
		next = end + 1
	}
	left := r.count
	for left > 0 {
		if err := r.interrupted(); err != nil {
			return err
		}
		var p page
		more, considered := false, 0
		err := r.withView(func(v *view) error {
			return v.scanAll(next, r.backwards, func(e event) bool {
				if !r.backwards && e.position > end {
					return false
				}
				if p.full() || uint64(len(p.items)) == left || considered == maxConsidered {
					more = true
					return false
				}
				considered++
				if next = e.position; !r.backwards {
					next++
				}
				if r.filter.matches(&e) {
					p.add(r.resolve(v, e.clone()))
				}
				return true
			})
		})
		if err != nil {
			return err
		}
		if err := r.sendPage(p); err != nil {
			return err
		}
		if left -= uint64(len(p.items)); !more {
			return nil
		}
	}
	return nil
}

// readStream reads the stream as it was when the read began.
func (r *reader) readStream() error {
	var h head
	var first int64
	err := r.withView(func(v *view) (err error) {
		if h, err = loadHead(v.snapshot, r.stream); err != nil || r.missing(h) {
			return err
		}
		first, err = v.firstShown(h, r.store.ticks())
		return err
	})
	switch {
	case err != nil:
		return err
	case h.tombstoned:
		return errStreamDeleted(r.stream)
	case r.missing(h):
		return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: identifier(r.stream)},
		}})
	}

	low, high := first, h.last
	switch {
	case r.backwards && r.origin == fromPoint:
		high = min(high, r.revision)
	case r.backwards && r.origin == fromStart:
		high = 0
	case !r.backwards:
		from := r.revision // 0 unless fromPoint
		if r.origin == fromEnd {
			from = h.last + 1
		}
		if err := r.sendFirstPosition(from, first, h.last); err != nil {
			return err
		}
		low = max(low, from)
	}

	left := r.count
	for left > 0 && low <= high {
		if err := r.interrupted(); err != nil {
			return err
		}
		var p page
		oldest := h.retention.oldest(r.store.ticks())
		more := false
		err := r.withView(func(v *view) error {
			return v.scanStream(h.id, low, high, r.backwards, func(e event) bool {
				if p.full() || uint64(len(p.items)) == left {
					more = true
					return false
				}
				if r.backwards {
					high = e.revision - 1
				} else {
					low = e.revision + 1
				}
				if e.created >= oldest {
					p.add(r.resolve(v, e.clone()))
				}
				return true
			})
		})
		if err != nil {
			return err
		}
		if err := r.sendPage(p); err != nil {
			return err
		}
		if left -= uint64(len(p.items)); !more {
			break
		}
	}
	if r.compatibility < 1 {
		return nil
	}
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: uint64(h.last)}})
}

// missing reports whether readers are told that there is no such stream.
func (r *reader) missing(h head) bool {
	return h.tombstoned || h.last == noRevision || h.retention.softDeleted()
}

// sendFirstPosition tells a client that began before the first event shown
// where that is, if the first page the server would read has no event.
func (r *reader) sendFirstPosition(from, first, last int64) error {
	const serverPage = 32
	if r.compatibility < 1 {
		return nil
	}
	window := int64(min(serverPage, r.count))
	switch {
	case from <= math.MaxInt64-window && from+window-1 < first:
	case from > last:
		first = last + 1
	default:
		return nil
	}
	if from == first {
		return nil
	}
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: uint64(first)}})
}

// firstShown is the first revision of the stream that its readers are shown.
func (v *view) firstShown(h head, now int64) (int64, error) {
	first := h.retention.first(h.last)
	if oldest := h.retention.oldest(now); oldest > 0 {
		return v.firstYoungerThan(h.id, first, h.last, oldest)
	}
	return first, nil
}

func (r *reader) withView(use func(*view) error) error {
	v := r.store.view()
	defer v.release()
	return use(v)
}

func (r *reader) sendPage(p page) error {
	for _, i := range p.items {
		if i.shown {
			if err := r.call.Send(r.readEvent(i.event)); err != nil {
				return err
			}
		}
		if i.checkpoint != 0 {
			if err := r.sendCheckpoint(i.checkpoint); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reader) readEvent(e resolved) *streams.ReadResp {
	original := e.event
	if e.link != nil {
		original = e.link
	}
	return &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
		Event:    r.recorded(e.event),
		Link:     r.recorded(e.link),
		Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: original.position},
	}}}
}

func (r *reader) recorded(e *event) *streams.ReadResp_ReadEvent_RecordedEvent {
	if e == nil {
		return nil
	}
	contentType := contentTypeBinary
	if e.json {
		contentType = contentTypeJSON
	}
	return &streams.ReadResp_ReadEvent_RecordedEvent{
		Id:               r.uuids.render(e.id),
		StreamIdentifier: identifier(e.stream),
		StreamRevision:   uint64(e.revision),
		PreparePosition:  e.position,
		CommitPosition:   e.position,
		Metadata: map[string]string{
			"type":         e.kind,
			"content-type": contentType,
			"created":      strconv.FormatInt(e.created, 10),
		},
		CustomMetadata: e.metadata,
		Data:           e.data,
	}
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}
