package embedded

import (
	"cmp"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
)

// maxConsidered bounds the events that one look at the store passes over in
// search of some that match a filter.
const maxConsidered = 4096

// A subscription is a read that waits at the end of the log. It holds a page
// and a position, never a queue: a reader that is slow for a year costs as much
// as a fast one, and then reads on from the disk. It is live from when it has
// sent everything, of which it tells its client, and no longer when what was
// committed since it last looked is more than a page: then it catches up again.

// subscription is what differs between one to $all and one to a stream.
type subscription struct {
	// arm returns a channel that the next commit closes, and what to do when
	// nobody waits for it any more.
	arm func() (wake <-chan struct{}, leave func())
	// look adds what was committed since the last look to the page. More says
	// that it was not all. End ends the subscription once the page is sent.
	look func(v *view, live bool, p *page) (more bool, end, err error)
	// caughtUp tells the client that it has been sent everything.
	caughtUp func() error
}

// follow looks, sends and waits until the call, the node or the subscription
// ends.
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
			if live, err = r.liveOn(s); err != nil {
				return err
			}
		}
	}
}

func (r *reader) catchUp(s subscription) error {
	var end error
	err := r.deliver(func(p *page) (more bool, err error) {
		err = r.withView(func(v *view) (err error) {
			more, end, err = s.look(v, false, p)
			return err
		})
		return more && end == nil, err
	})
	return cmp.Or(err, end)
}

// liveOn sends what has come since the last look, and waits for more. It
// reports false when more than a page has come.
func (r *reader) liveOn(s subscription) (live bool, err error) {
	// Armed before the look: no commit falls between look and wait.
	wake, leave := s.arm()
	defer leave()
	var p page
	var more bool
	var end error
	err = r.withView(func(v *view) (err error) {
		more, end, err = s.look(v, true, &p)
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

	var next uint64 // first position not yet passed over
	var at position // last one passed over, after which to resume
	switch r.origin {
	case fromEnd:
		next, at = end+1, position{end, end}
	case fromPoint:
		next, at = r.after(), position{r.commit, r.prepare}
	}
	checkpointed := next // first position after the last checkpoint
	passed := uint64(0)  // events since then
	if err := r.confirm(); err != nil {
		return err
	}
	if err := r.checkPosition(); err != nil {
		return err
	}

	look := func(v *view, _ bool, p *page) (more bool, end, err error) {
		considered := 0
		err = v.scanAll(next, false, func(e *record) bool {
			if more = p.full() || considered == maxConsidered; more {
				return false
			}
			considered++
			next, at = e.position+1, position{e.position, e.position}
			if r.filter.matches(e) {
				r.show(v, p, e)
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
	return r.follow(subscription{r.store.waiters.waitAll, look, caughtUp})
}

// subscribeStream serves a subscription to one stream. Catching up it shows
// what a reader of the stream is shown; live, it shows every event, also one
// that a later one of the same commit has already pushed out of the stream. It
// ends after an event of the type of tombstones, whoever wrote it.
func (r *reader) subscribeStream() error {
	var next int64          // first revision not yet passed over
	at := int64(noRevision) // last one shown, or the client's own
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

	arm := func() (<-chan struct{}, func()) { return r.store.waiters.waitStream(r.stream) }
	look := func(v *view, live bool, p *page) (more bool, end, err error) {
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
			first, err := v.firstShown(h, now) // beyond the last if soft-deleted
			if err != nil {
				return false, nil, err
			}
			// What is not shown yet, being still to come, will be shown live.
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
			r.show(v, p, e)
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
	return r.follow(subscription{arm, look, caughtUp})
}

// confirm tells the client that it is subscribed: whatever is committed from
// now on will be shown.
func (r *reader) confirm() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}})
}
