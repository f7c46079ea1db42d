package embedded

import (
	"cmp"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
)

// pageBytes is the size at which a page is full, in bytes. A page may exceed it by one event.
const pageBytes = 256 << 10

// page is the part of an answer that is read from the store at once and then sent: encoded
// messages one after another. No view is held while a page is sent, however slow the client
// is. gRPC may still send from the previous page.
type page struct {
	answers []byte
	ends    []int // end of each message in answers
	events  uint64
}

func (p *page) full() bool { return len(p.answers) >= pageBytes }

// event adds an event, the link to it, or both.
func (p *page) event(ids uuidForm, e, link *record) {
	p.answers = appendEvent(p.answers, ids, e, link)
	p.ends = append(p.ends, len(p.answers))
	p.events++
}

// checkpoint adds a checkpoint.
func (p *page) checkpoint(at position, now time.Time) {
	p.answers = appendCheckpoint(p.answers, at, now)
	p.ends = append(p.ends, len(p.answers))
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

// interrupted returns an error if a long read must stop.
func (r *reader) interrupted() error {
	select {
	case <-r.closing:
		return errClosing
	default:
		return r.call.Context().Err()
	}
}

// readAll reads $all, up to the end of the log at the beginning of the read.
func (r *reader) readAll() error {
	v := r.store.view()
	end := v.last
	v.release()

	if err := r.checkPosition(); err != nil {
		return err
	}
	next := r.commit
	switch {
	case r.origin == fromStart:
		next = 0
	case r.origin == fromEnd && r.backwards:
		next = end + 1
	case r.origin == fromEnd:
		return nil
	case r.backwards && r.commit > end+1:
		// Every position beyond the last event stands for the end of the log.
		next = end + 1
	}
	left := r.count
	return r.sendPages(func(p *page) (more bool, err error) {
		scanned := 0
		err = r.withView(func(v *view) error {
			return v.scanAll(next, r.backwards, func(e *record) bool {
				if !r.backwards && e.position > end {
					return false
				}
				if p.full() || p.events == left || scanned == maxScanned {
					more = true
					return false
				}
				scanned++
				if next = e.position; !r.backwards {
					next++
				}
				if r.filter.matches(e) {
					r.addEvent(v, p, e)
				}
				return true
			})
		})
		left -= p.events
		return more && left > 0, err
	})
}

// checkPosition refuses a position inside of an event, as the server does. It accepts the
// beginning of every event, also of one that a scavenge has removed, and the end of the log.
// Forwards, every position after the beginning of the last event counts as the end.
func (r *reader) checkPosition() error {
	if r.origin != fromPoint {
		return nil
	}
	return r.withView(func(v *view) error {
		if !r.backwards && r.commit >= v.last {
			return nil
		}
		inside, err := v.insideEvent(r.commit)
		if err == nil && inside {
			err = invalid("Trying to read from an invalid position.")
		}
		return err
	})
}

// readStream reads the stream as it was when the read began.
func (r *reader) readStream() error {
	var h head
	var first int64
	err := r.withView(func(v *view) (err error) {
		if h, err = loadHead(v.snapshot, r.stream); err != nil || r.notFound(h) {
			return err
		}
		first, err = v.firstVisible(h, r.store.ticks())
		return err
	})
	switch {
	case err != nil:
		return err
	case h.tombstoned:
		return errStreamDeleted(r.stream)
	case r.notFound(h):
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
		if err := r.sendFirstPosition(from, first, h); err != nil {
			return err
		}
		low = max(low, from)
	}

	left := r.count
	err = r.sendPages(func(p *page) (more bool, err error) {
		oldest := h.retention.oldest(r.store.ticks())
		err = r.withView(func(v *view) error {
			return v.scanStream(h.id, low, high, r.backwards, func(e *record) bool {
				if p.full() || p.events == left {
					more = true
					return false
				}
				if r.backwards {
					high = e.revision - 1
				} else {
					low = e.revision + 1
				}
				if e.created >= oldest {
					r.addEvent(v, p, e)
				}
				return true
			})
		})
		left -= p.events
		return more && left > 0, err
	})
	if err != nil || r.compatibility < 1 {
		return err
	}
	return r.call.Send(&streams.ReadResp{
		Content: &streams.ReadResp_LastStreamPosition{LastStreamPosition: uint64(h.last)},
	})
}

// notFound reports whether the stream does not exist for readers.
func (r *reader) notFound(h head) bool {
	return h.tombstoned || h.last == noRevision || h.retention.softDeleted()
}

// sendFirstPosition tells a client the revision of the first visible event, if the first page
// that the server would read has none. The server does this for each page until one has an
// event: first with the revision where $maxCount or $tb begin the stream, and then, if that
// is after the end, with the revision of the next event.
func (r *reader) sendFirstPosition(from, first int64, h head) error {
	const serverPage = 32
	if r.compatibility < 1 {
		return nil
	}
	send := func(revision int64) error {
		return r.call.Send(&streams.ReadResp{
			Content: &streams.ReadResp_FirstStreamPosition{FirstStreamPosition: uint64(revision)},
		})
	}
	window := int64(min(serverPage, r.count))
	pageEnd := func() int64 { return from + min(window-1, math.MaxInt64-from) }
	kept := max(h.first, h.retention.first(h.last))
	if pageEnd() < kept {
		from = kept
		if err := send(kept); err != nil {
			return err
		}
	}
	switch {
	case max(from, kept) > h.last:
		first = h.last + 1
	case first <= min(pageEnd(), h.last):
		return nil
	}
	if from == first {
		return nil
	}
	return send(first)
}

// firstVisible returns the first revision that is visible to readers of the stream.
func (v *view) firstVisible(h head, now int64) (int64, error) {
	first := max(h.first, h.retention.first(h.last))
	if oldest := h.retention.oldest(now); oldest > 0 {
		return v.firstCreatedSince(h.id, first, h.last, oldest)
	}
	return first, nil
}

// withView calls use with the newest view.
func (r *reader) withView(use func(*view) error) error {
	v := r.store.view()
	defer v.release()
	return use(v)
}

// sendPages sends page after page until read returns no more. It reads the next page while
// one is being sent.
func (r *reader) sendPages(read func(*page) (more bool, err error)) error {
	var first page
	more, err := read(&first)
	if err != nil {
		return err
	}
	if !more {
		return r.sendPage(first)
	}

	ahead := make(chan page)
	stop := make(chan struct{})
	var failed error // failed and panicked belong to the goroutine until it ends
	var panicked any
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(ahead)
		defer func() {
			if panicked = recover(); panicked != nil {
				panicked = fmt.Sprintf("%v\n%s", panicked, debug.Stack())
			}
		}()
		last := first
		for more := true; more; {
			next := page{
				answers: make([]byte, 0, min(len(last.answers), pageBytes)*9/8),
				ends:    make([]int, 0, len(last.ends)*9/8),
			}
			if failed = r.interrupted(); failed == nil {
				more, failed = read(&next)
			}
			if failed != nil {
				return
			}
			select {
			case ahead <- next:
				last = next
			case <-stop:
				return
			}
		}
	})
	err = r.sendPage(first)
	for err == nil {
		next, more := <-ahead
		if !more {
			break
		}
		err = r.sendPage(next)
	}
	close(stop)
	reading.Wait()
	if panicked != nil {
		panic(panicked) // here it ends one call, in the goroutine it would end the process
	}
	return cmp.Or(err, failed)
}

func (r *reader) sendPage(p page) error {
	begin := 0
	for _, end := range p.ends {
		if err := r.call.SendMsg(encoded(p.answers[begin:end:end])); err != nil {
			return err
		}
		begin = end
	}
	return nil
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}
