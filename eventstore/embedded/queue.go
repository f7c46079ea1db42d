package embedded

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// maxQueuedBytes bounds what waits for the committer, whatever the number of
// calls it came by. A write above it waits until it has the queue to itself.
const maxQueuedBytes = 16 << 20

// writeQueue is where writes wait for the committer. It has room for a whole
// group, so that also the writes of one call gather there while the disk is
// busy, and share the next fsync. A write that was put into it is always
// answered: close lets none in any more, and the committer takes out the rest.
type writeQueue struct {
	writes  chan *write
	room    *semaphore.Weighted // bytes
	closing chan struct{}       // closed when close begins

	// entering is held for reading by who puts a write in, and for writing by
	// close, which then knows that nobody is on the way in.
	entering sync.RWMutex
	closed   bool // guarded by entering
}

func newWriteQueue() *writeQueue {
	return &writeQueue{
		writes:  make(chan *write, maxGroupWrites),
		room:    semaphore.NewWeighted(maxQueuedBytes),
		closing: make(chan struct{}),
	}
}

// put queues a write. It waits for room, not for the disk.
func (q *writeQueue) put(ctx context.Context, w *write) error {
	q.entering.RLock()
	defer q.entering.RUnlock()
	if q.closed {
		return errClosing
	}
	w.room = min(int64(w.size()), maxQueuedBytes)
	// The committer makes room until the queue is closed, which waits for
	// this: so nothing waits here for ever.
	if err := q.room.Acquire(ctx, w.room); err != nil {
		return err
	}
	var err error
	select {
	case q.writes <- w:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-q.closing:
		err = errClosing
	}
	q.room.Release(w.room)
	return err
}

// left makes room for others after a write was taken out.
func (q *writeQueue) left(w *write) { q.room.Release(w.room) }

// poll takes out a write if one waits.
func (q *writeQueue) poll() (*write, bool) {
	select {
	case w, ok := <-q.writes:
		if ok {
			q.left(w)
		}
		return w, ok
	default:
		return nil, false
	}
}

// close lets no more writes in. Those that are in stay to be taken out.
func (q *writeQueue) close() {
	close(q.closing)
	q.entering.Lock()
	defer q.entering.Unlock()
	q.closed = true
	close(q.writes)
}
