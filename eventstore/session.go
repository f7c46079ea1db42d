package eventstore

import (
	"context"
	"fmt"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// forceClose is how long a retired session may keep its last calls. Whoever is
// still in it by then is stuck in the client.
const forceClose = 30 * time.Second

// rediscovery is what the client of v4.2.0 logs, from the goroutine that owns
// its connection, when the connection is lost and before it looks for another.
const rediscovery = "starting a new discovery process"

// session is one client for one connection.
//
// The client of v4.2.0 does not survive the loss of its connection well: it
// forgets to close the lost one, which lives on with its goroutines; it is dead
// for good when it finds no other; its callers then hang, whatever their context
// says; and closing it under its callers makes them panic. So a session is
// connected by one probe before anybody uses it, retired as soon as the client
// tells that the connection is lost, and its client closed, which closes the
// lost connection too, when the last call has left it. The next call begins a
// new session.
type session struct {
	client *esdb.Client
	ready  chan struct{} // closed when the probe has ended
	err    error         // of the probe; read after ready

	// Guarded by the mutex of the Store.
	calls   int // the probe, calls and subscriptions in the client
	retired bool
	closing *time.Timer // of a retired session that is still used
}

// acquire returns the present session, connected, for one call; release gives
// it back.
func (s *Store) acquire(ctx context.Context, what string) (*session, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	if s.current == nil {
		on, err := s.begin()
		if err != nil {
			s.mu.Unlock()
			return nil, err
		}
		s.current = on
	}
	on := s.current
	on.calls++
	s.mu.Unlock()

	select {
	case <-on.ready:
		if on.err != nil {
			defer s.release(on)
			s.retire(on)
			return nil, s.classify(what, on, on.err)
		}
		return on, nil
	case <-ctx.Done():
		s.release(on)
		return nil, unavailable(what + ": not connected in time")
	}
}

// begin makes a session and probes it. The caller holds s.mu.
func (s *Store) begin() (*session, error) {
	on := &session{ready: make(chan struct{}), calls: 1}
	config := *s.config
	config.Logger = func(level esdb.LogLevel, format string, args ...any) {
		s.log.Debug("eventstore client", "level", level, "message", fmt.Sprintf(format, args...))
		if format == rediscovery {
			s.retire(on)
		}
	}
	client, err := esdb.NewClient(&config)
	if err != nil { // Open has validated the configuration
		return nil, fmt.Errorf("event store: %w", err)
	}
	on.client = client
	go func() {
		defer s.release(on)
		defer close(on.ready)
		defer recoverClient("connect", &on.err)
		_, on.err = client.GetServerVersion() // connects, and asks nothing more
	}()
	return on, nil
}

// release gives a session back after a call.
func (s *Store) release(on *session) {
	s.mu.Lock()
	on.calls--
	last := on.retired && on.calls == 0
	s.mu.Unlock()
	if last {
		on.close()
	}
}

// retire lets no further call into the session.
func (s *Store) retire(on *session) {
	s.mu.Lock()
	if s.current == on {
		s.current = nil
	}
	again, unused := on.retired, on.calls == 0
	on.retired = true
	if !again && !unused {
		on.closing = time.AfterFunc(forceClose, func() { _ = on.client.Close() })
	}
	s.mu.Unlock()
	if !again && unused {
		on.close()
	}
}

// close ends the client. Nobody is in it any more, and nobody comes.
func (on *session) close() {
	if on.closing != nil {
		on.closing.Stop()
	}
	_ = on.client.Close() // its only error is nil
}

// recoverClient turns the panic of a call in a client that was closed under it
// into an error.
func recoverClient(what string, err *error) {
	if r := recover(); r != nil {
		*err = unavailable(fmt.Sprintf("%s: the client gave up (%v)", what, r))
	}
}
