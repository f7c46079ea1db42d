package embedded

import (
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
// sent everything, and has fallen behind when, being live, what was committed
// since it last looked is more than a page.

// look is what a subscription found in the store.
type look struct {
	page    page
	reached bool  // nothing more was committed
	end     error // ends the subscription once the page is sent
}

// follow looks, sends and waits until the call, the node or the subscription
// ends. Arm returns a channel that the next commit closes, and what to do when
// nobody waits for it any more.
func (r *reader) follow(arm func() (wake <-chan struct{}, leave func()), lookOn func(v *view, live bool) (look, error), caughtUp func() error) error {
	live := false
	for {
		// Armed before the look: no commit falls between look and wait.
		wake, leave := arm()
		err := func() error {
			defer leave()
			var l look
			err := r.withView(func(v *view) (err error) {
				l, err = lookOn(v, live)
				return err
			})
			if err != nil {
				return err
			}
			if live && !l.reached {
				live = false
				if err := r.sendFellBehind(); err != nil {
					return err
				}
			}
			if err := r.sendPage(l.page); err != nil {
				return err
			}
			if l.end != nil {
				return l.end
			}
			if !l.reached {
				return r.interrupted()
			}
			if !live {
				live = true
				if err := caughtUp(); err != nil {
					return err
				}
			}
			select {
			case <-wake:
				return nil
			case <-r.call.Context().Done():
				return r.call.Context().Err()
			case <-r.closing:
				return errClosing
			}
		}()
		if err != nil {
			return err
		}
	}
}

// subscribeAll serves a subscription to $all.
func (r *reader) subscribeAll() error {
	v := r.store.view()
	end := v.last
	v.release()

	var next uint64 // first position not yet passed over
	switch r.origin {
	case fromEnd:
		next = end + 1
	case fromPoint:
		next = r.after()
	}
	checkpointed := next // first position after the last checkpoint
	passed := uint64(0)  // events since then
	if err := r.confirm(); err != nil {
		return err
	}

	lookOn := func(v *view, _ bool) (look, error) {
		l := look{reached: true}
		considered := 0
		err := v.scanAll(next, false, func(e event) bool {
			if l.page.full() || considered == maxConsidered {
				l.reached = false
				return false
			}
			considered++
			next = e.position + 1
			if r.filter.matches(&e) {
				l.page.add(r.resolve(v, e.clone()))
			}
			if r.filter != nil {
				if passed++; passed >= r.filter.checkpointEvery {
					passed, checkpointed = 0, next
					l.page.checkpoint(e.position)
				}
			}
			return true
		})
		return l, err
	}
	caughtUp := func() error {
		if r.filter != nil && next > checkpointed {
			passed, checkpointed = 0, next
			if err := r.sendCheckpoint(next - 1); err != nil {
				return err
			}
		}
		return r.sendCaughtUp()
	}
	return r.follow(r.store.waiters.waitAll, lookOn, caughtUp)
}

// checkpoint puts a checkpoint after what is in the page.
func (p *page) checkpoint(position uint64) { p.items = append(p.items, item{checkpoint: position}) }

// subscribeStream serves a subscription to one stream. Catching up it shows
// what a reader of the stream is shown; live, it shows every event, also one
// that a later one of the same commit has already pushed out of the stream.
func (r *reader) subscribeStream() error {
	var next int64 // first revision not yet passed over
	switch r.origin {
	case fromEnd:
		err := r.withView(func(v *view) error {
			h, err := loadHead(v.snapshot, r.stream)
			next = h.last + 1
			return err
		})
		if err != nil {
			return err
		}
	case fromPoint:
		next = min(r.revision, math.MaxInt64-1) + 1
	}
	if err := r.confirm(); err != nil {
		return err
	}

	arm := func() (<-chan struct{}, func()) { return r.store.waiters.waitStream(r.stream) }
	lookOn := func(v *view, live bool) (look, error) {
		l := look{reached: true}
		h, err := loadHead(v.snapshot, r.stream)
		if err != nil {
			return look{}, err
		}
		last, oldest := h.last, int64(math.MinInt64)
		if h.tombstoned {
			if l.end = errStreamDeleted(r.stream); !live {
				return l, nil
			}
			last = tombstoneRevision
		}
		if !live {
			now := r.store.ticks()
			first, err := v.firstShown(h, now) // beyond the last if soft-deleted
			if err != nil {
				return look{}, err
			}
			// What is not shown yet, being still to come, will be shown live.
			next, oldest = max(next, min(first, h.last+1)), h.retention.oldest(now)
		}
		err = v.scanStream(h.id, next, last, false, func(e event) bool {
			if l.page.full() {
				l.reached, l.end = false, nil
				return false
			}
			if e.revision < tombstoneRevision {
				next = e.revision + 1
			}
			if e.created >= oldest {
				l.page.add(r.resolve(v, e.clone()))
			}
			return true
		})
		return l, err
	}
	return r.follow(arm, lookOn, r.sendCaughtUp)
}

// confirm tells the client that it is subscribed: whatever is committed from
// now on will be shown.
func (r *reader) confirm() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Confirmation{
		Confirmation: &streams.ReadResp_SubscriptionConfirmation{SubscriptionId: uuid.NewString()},
	}})
}

func (r *reader) sendCheckpoint(position uint64) error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: position, PreparePosition: position},
	}})
}

func (r *reader) sendCaughtUp() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
}

func (r *reader) sendFellBehind() error {
	return r.call.Send(&streams.ReadResp{Content: &streams.ReadResp_FellBehind_{FellBehind: &streams.ReadResp_FellBehind{}}})
}
