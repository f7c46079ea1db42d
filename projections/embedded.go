package projections

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// embeddedTick is how exactly leases and claims of an [Embedded] expire.
const embeddedTick = 250 * time.Millisecond

// Embedded is a Redis inside this process, for one machine and nothing to
// install. It keeps nothing: after a start the models are filled from the log.
//
// It is for tests, and for lists of some thousands of entries: it sorts a whole sorted
// set on every rank, range and cut, where Redis takes logarithmic time. With
// 4,000 entries on one list a number takes 2 ms (a Redis: 0.1 ms) and filling
// the list 4 s (0.2 s), which grows with the square of the length (two shared
// cores; go test -bench . ./projections).
type Embedded struct {
	server   *miniredis.Miniredis
	listener net.Listener
	client   redis.UniversalClient
	stop     chan struct{}
	done     sync.WaitGroup
}

// StartEmbedded starts one on a free port of the loopback interface, for tests and
// measurements: everybody on the machine can connect to it.
func StartEmbedded() (*Embedded, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the in-process Redis: %w", err)
	}
	return StartEmbeddedOn(listener)
}

// StartEmbeddedOn starts one on the listener, of TCP or of a Unix socket, and closes the
// listener at its end, also after an error.
func StartEmbeddedOn(listener net.Listener) (*Embedded, error) {
	server := miniredis.NewMiniRedis()
	unused, err := server.Dial() // starts it without a listener of its own
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the in-process Redis: %w", err), listener.Close())
	}
	e := &Embedded{server: server, listener: listener, stop: make(chan struct{})}
	if e.client, err = Connect(e.URL()); err != nil {
		server.Close()
		return nil, errors.Join(err, unused.Close(), listener.Close())
	}
	e.done.Go(e.age)
	e.done.Go(e.accept)
	return e, unused.Close()
}

// acceptPause is the pause after a transient failure to accept, such as too many open
// files.
const acceptPause = 50 * time.Millisecond

// accept hands each connection to the server, until the listener is closed.
func (e *Embedded) accept() {
	server := e.server.Server()
	for {
		conn, err := e.listener.Accept()
		switch {
		case err == nil:
			server.ServeConn(conn)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(acceptPause)
		}
	}
}

// age lets keys expire, which the in-process Redis does not do by itself.
func (e *Embedded) age() {
	tick := time.NewTicker(embeddedTick)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-e.stop:
			return
		case now := <-tick.C:
			e.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// URL is the address for [Connect].
func (e *Embedded) URL() string {
	addr := e.listener.Addr()
	if addr.Network() == "unix" {
		return (&url.URL{Scheme: "unix", Path: addr.String()}).String()
	}
	return "redis://" + addr.String()
}

// Client is a client of it, which Close closes.
func (e *Embedded) Client() redis.UniversalClient { return e.client }

// Close ends it; everything in it is gone.
func (e *Embedded) Close() error {
	close(e.stop)
	err := errors.Join(e.client.Close(), e.listener.Close())
	e.done.Wait()
	e.server.Close()
	return err
}
