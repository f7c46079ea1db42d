package embedded

import "sync"

// waiters wakes subscriptions after commits. The committer never waits for a subscription, since it
// only closes a channel.
type waiters struct {
	mu      sync.Mutex
	all     chan struct{}
	streams map[string]*waiter // only streams with a waiter
}

type waiter struct {
	wake chan struct{}
	refs int
}

// waitAll returns a channel that the next commit closes. A caller that takes it before a scan and
// waits on it afterwards misses no commit.
func (w *waiters) waitAll() (wake <-chan struct{}, leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all == nil {
		w.all = make(chan struct{})
	}
	return w.all, func() {}
}

// waitStream is waitAll for the commits that change one stream. The caller calls leave when it no
// longer waits.
func (w *waiters) waitStream(stream string) (wake <-chan struct{}, leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.streams == nil {
		w.streams = make(map[string]*waiter)
	}
	on := w.streams[stream]
	if on == nil {
		on = &waiter{wake: make(chan struct{})}
		w.streams[stream] = on
	}
	on.refs++
	return on.wake, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		// The map may have a newer waiter for the stream.
		if on.refs--; on.refs == 0 && w.streams[stream] == on {
			delete(w.streams, stream)
		}
	}
}

// wake wakes the waiters for any commit and for one of the streams.
func (w *waiters) wake(streams map[string]struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all != nil {
		close(w.all)
		w.all = nil
	}
	for stream := range streams {
		if on := w.streams[stream]; on != nil {
			close(on.wake)
			delete(w.streams, stream)
		}
	}
}

// wakeAll wakes all waiters.
func (w *waiters) wakeAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.all != nil {
		close(w.all)
		w.all = nil
	}
	for stream, on := range w.streams {
		close(on.wake)
		delete(w.streams, stream)
	}
}
