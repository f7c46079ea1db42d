package embedded

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// maxQueuedBytes bounds the writes that wait for the committer, of all calls together. A
// larger write waits until the queue is empty.
const maxQueuedBytes = 16 << 20

// writeQueue is the queue of writes for the committer. It holds up to a whole group, so that
// the writes of a single call can share an fsync too. Every write in it is answered: after
// close no write gets in, and the committer takes out the rest.
type writeQueue struct {
	writes  chan *write
	room    *semaphore.Weighted // bytes
	closing chan struct{}       // closed when close begins

	// entering is held for reading by put, and for writing by close, which so waits
	// for every put in progress.
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

// put queues a write. It waits for room in the queue, and not for the disk.
func (q *writeQueue) put(ctx context.Context, w *write) error {
	q.entering.RLock()
	defer q.entering.RUnlock()
	if q.closed {
		return errClosing
	}
	w.reserved = min(int64(w.size()), maxQueuedBytes)
	// The committer makes room until the queue is closed, and close waits for this
	// call. So this wait ends.
	if err := q.room.Acquire(ctx, w.reserved); err != nil {
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
	q.room.Release(w.reserved)
	return err
}

// release frees the room of a write that was taken out.
func (q *writeQueue) release(w *write) { q.room.Release(w.reserved) }

// poll takes out a write; false if there is none.
func (q *writeQueue) poll() (*write, bool) {
	select {
	case w, ok := <-q.writes:
		if ok {
			q.release(w)
		}
		return w, ok
	default:
		return nil, false
	}
}

// close refuses further writes. Those in the queue can still be taken out.
func (q *writeQueue) close() {
	close(q.closing)
	q.entering.Lock()
	defer q.entering.Unlock()
	q.closed = true
	close(q.writes)
}
