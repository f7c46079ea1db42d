package projections

import (
	"context"
	"sync"
	"time"
)

// shared lets any number of callers have one look at a time. Whoever asks while
// a look is under way waits for the next one: nobody is given what was seen
// before they asked, and a thousand who ask at once cost two looks.
type shared[T any] struct {
	look    func(context.Context) (T, error)
	timeout time.Duration // of one look

	mu   sync.Mutex  // guards what follows
	next *pending[T] // for whoever asks now; nil where nobody waits for it
	busy bool        // a goroutine looks, and will take next
	last error       // of the look before; nil where it saw something
}

// pending is a look that some wait for.
type pending[T any] struct {
	done  chan struct{} // closed when what follows is set
	value T
	err   error
}

// ask returns what a look has seen that began after the call. When ctx ends it
// returns why the look before saw nothing, or its own error; the look goes on for
// the others.
func (s *shared[T]) ask(ctx context.Context) (T, error) {
	mine := s.join()
	select {
	case <-mine.done:
		return mine.value, mine.err
	case <-ctx.Done():
		var none T
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.last != nil {
			return none, s.last
		}
		return none, ctx.Err()
	}
}

// join returns the look that begins next, and sees to it that it does.
func (s *shared[T]) join() *pending[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &pending[T]{done: make(chan struct{})}
	}
	if !s.busy {
		s.busy = true
		go s.run()
	}
	return s.next
}

// run looks as long as somebody waits.
func (s *shared[T]) run() {
	for {
		s.mu.Lock()
		now := s.next
		s.next, s.busy = nil, now != nil
		s.mu.Unlock()
		if now == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		now.value, now.err = s.look(ctx)
		cancel()
		s.mu.Lock()
		s.last = now.err
		s.mu.Unlock()
		close(now.done)
	}
}
