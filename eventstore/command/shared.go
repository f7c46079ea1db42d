package command

import (
	"context"
	"sync"
)

// shared lets any number of goroutines share one piece of work, of which at most
// one runs at a time. Who asks while it runs waits for the next run, so that
// nobody gets a result of a run that began before they asked. A thousand who ask
// at once cost two runs.
//
// It belongs to nobody who asks: a run ends early only when all who wait for it
// have left.
type shared[T any] struct {
	work func(context.Context) (T, error)

	mu      sync.Mutex // guards all below, and the waiting of runs; nothing is locked under it
	next    *run[T]    // for whoever asks now; nil where nobody waits for it
	running bool       // a goroutine works, and will take next
}

// run is one piece of work that some wait for.
type run[T any] struct {
	ctx     context.Context
	cancel  context.CancelFunc
	waiting int
	done    chan struct{} // closed when what follows is set
	value   T
	err     error
}

// ask returns the result of a run that began after the call, or the error of
// ctx, where it ends before.
func (s *shared[T]) ask(ctx context.Context) (T, error) {
	r := s.join(ctx)
	defer s.leave(r)
	select {
	case <-r.done:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// join returns the run that begins next, and sees to it that it does.
func (s *shared[T]) join(ctx context.Context) *run[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = &run[T]{done: make(chan struct{})}
		s.next.ctx, s.next.cancel = context.WithCancel(context.WithoutCancel(ctx))
	}
	s.next.waiting++
	if !s.running {
		s.running = true
		go s.run()
	}
	return s.next
}

func (s *shared[T]) leave(r *run[T]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.waiting--; r.waiting == 0 {
		r.cancel()
		if s.next == r { // nobody wants it: it does not begin
			s.next = nil
		}
	}
}

// run works as long as somebody waits.
func (s *shared[T]) run() {
	for {
		s.mu.Lock()
		r := s.next
		s.next, s.running = nil, r != nil
		s.mu.Unlock()
		if r == nil {
			return
		}
		r.value, r.err = s.work(r.ctx)
		close(r.done)
	}
}
