package embedded

import (
	"cmp"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// maxScanned bounds the events that are scanned at once for those that match a filter.
const maxScanned = 4096

// subscription is a read that waits at the end of the log. Its functions are what differs between
// $all and a stream.
//
// It holds one page and a position, and no queue, so a slow client costs no memory. It is live
// after it has sent everything and has told its client so. Where more than a page was committed
// since, it is no longer live and catches up again.
type subscription struct {
	// wait returns a channel that the next commit closes, and a function that the caller
	// calls when it no longer waits.
	wait func() (wake <-chan struct{}, leave func())
	// scan adds the events that were committed since the last scan to the page. more says
	// that there are others. end ends the subscription after the page is sent.
	scan func(v *view, live bool, p *page) (more bool, end, err error)
	// caughtUp tells the client that everything was sent.
	caughtUp func() error
}

// follow serves the subscription until the call, the node or the subscription ends.
func (r *reader) follow(s subscription) error {
	for {
		if err := r.catchUp(s); err != nil {
			return err
		}
		if err := s.caughtUp(); err != nil {
			return err
		}
		for live := true; live; {
			var err error
			if live, err = r.sendLive(s); err != nil {
				return err
			}
		}
	}
}

// catchUp sends page after page until everything is sent.
func (r *reader) catchUp(s subscription) error {
	var end error
	err := r.sendPages(func(p *page) (more bool, err error) {
		err = r.withView(func(v *view) (err error) {
			more, end, err = s.scan(v, false, p)
			return err
		})
		return more && end == nil, err
	})
	return cmp.Or(err, end)
}

// sendLive sends the events since the last scan and waits for the next commit. It reports false if
// there are more events than fit into a page.
func (r *reader) sendLive(s subscription) (live bool, err error) {
	// wait comes before the scan, so that no commit in between is missed.
	wake, leave := s.wait()
	defer leave()
	var p page
	var more bool
	var end error
	err = r.withView(func(v *view) (err error) {
		more, end, err = s.scan(v, true, &p)
		return err
	})
	if err == nil {
		err = r.sendPage(p)
	}
	if err = cmp.Or(err, end); err != nil || more {
		return false, err
	}
	select {
	case <-wake:
		return true, nil
	case <-r.call.Context().Done():
		return false, r.call.Context().Err()
	case <-r.closing:
		return false, errClosing
	}
}

// subscribeAll serves a subscription to $all.
func (r *reader) subscribeAll() error {
	v := r.store.view()
	end := v.last
	v.release()

	var next uint64 // position to scan next
	var at position // of the last scanned event, after which to resume
	switch r.origin {
	case fromEnd:
		next, at = end+1, position{end, end}
	case fromPoint:
		next, at = r.after(), position{r.commit, r.prepare}
	}
	checkpointed := next // first position after the last checkpoint
	passed := uint64(0)  // scanned events since then
	if err := r.confirm(); err != nil {
		return err
	}
	if err := r.checkPosition(); err != nil {
		return err
	}

	scan := func(v *view, _ bool, p *page) (more bool, end, err error) {
		scanned := 0
		err = v.scanAll(next, false, func(e *record) bool {
			if more = p.full() || scanned == maxScanned; more {
				return false
			}
			scanned++
			next, at = e.position+1, position{e.position, e.position}
			if r.filter.matches(e) {
				r.addEvent(v, p, e)
			}
			if r.filter != nil {
				if passed++; passed >= r.filter.checkpointEvery {
					passed, checkpointed = 0, next
					p.checkpoint(at, r.store.now())
				}
			}
			return true
		})
		return more, nil, err
	}
	caughtUp := func() error {
		now := r.store.now()
		if r.filter != nil && next > checkpointed {
			passed, checkpointed = 0, next
			if err := r.call.SendMsg(encoded(appendCheckpoint(nil, at, now))); err != nil {
				return err
			}
		}
		return r.call.SendMsg(encoded(appendCaughtUp(nil, now, noRevision, at)))
	}
	return r.follow(subscription{r.store.waiters.waitAll, scan, caughtUp})
}

// subscribeStream serves a subscription to one stream. While it catches up it sends the events that
// are visible to readers of the stream. While it is live it sends every event, also one that a
// later event of the same commit hides. It ends after any event of type $streamDeleted.
func (r *reader) subscribeStream() error {
	var next int64          // revision to scan next
	at := int64(noRevision) // last revision sent, or that of the client
	switch r.origin {
	case fromEnd:
		err := r.withView(func(v *view) error {
			h, err := loadHead(v.snapshot, r.stream)
			next, at = h.last+1, h.last
			return err
		})
		if err != nil {
			return err
		}
	case fromPoint:
		at = min(r.revision, math.MaxInt64-1)
		next = at + 1
	}
	if err := r.confirm(); err != nil {
		return err
	}

	wait := func() (<-chan struct{}, func()) { return r.store.waiters.waitStream(r.stream) }
	scan := func(v *view, live bool, p *page) (more bool, end, err error) {
		h, err := loadHead(v.snapshot, r.stream)
		if err != nil {
			return false, nil, err
		}
		last, oldest := h.last, int64(math.MinInt64)
		if h.tombstoned {
			if end = errStreamDeleted(r.stream); !live {
				return false, end, nil
			}
			last = tombstoneRevision
		}
		if !live {
			now := r.store.ticks()
			first, err := v.firstVisible(h, now) // after the last one if soft-deleted
			if err != nil {
				return false, nil, err
			}
			// Events that are appended later will be sent live, even hidden ones.
			next, oldest = max(next, min(first, h.last+1)), h.retention.oldest(now)
		}
		err = v.scanStream(h.id, next, last, false, func(e *record) bool {
			if more = p.full(); more {
				end = nil
				return false
			}
			if e.revision < tombstoneRevision {
				next = e.revision + 1
			}
			if e.created < oldest {
				return true
			}
			r.addEvent(v, p, e)
			at = e.revision
			if string(e.kind) == tombstoneKind {
				end = errStreamDeleted(r.stream)
				return false
			}
			return true
		})
		return more, end, err
	}
	caughtUp := func() error {
		return r.call.SendMsg(encoded(appendCaughtUp(nil, r.store.now(), at, position{})))
	}
	return r.follow(subscription{wait, scan, caughtUp})
}

// confirm tells the client that it is subscribed. Everything that is committed from now on will be
// sent.
func (r *reader) confirm() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}})
}
