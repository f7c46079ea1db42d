package standin

import (
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
)

// freezer blocks all connections of a node while its process is stopped. A client can still connect, since
// the kernel accepts, but gets no answer.
type freezer struct {
	mu     sync.Mutex
	thawed chan struct{} // closed by thaw; nil: not frozen
}

func (f *freezer) freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.thawed == nil {
		f.thawed = make(chan struct{})
	}
}

func (f *freezer) thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.thawed != nil {
		close(f.thawed)
		f.thawed = nil
	}
}

// wait returns when the node is not frozen or done is closed.
func (f *freezer) wait(done <-chan struct{}) {
	f.mu.Lock()
	thawed := f.thawed
	f.mu.Unlock()
	if thawed == nil {
		return
	}
	select {
	case <-thawed:
	case <-done:
	}
}

// listener counts its open connections.
type listener struct {
	net.Listener
	freezer *freezer

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended bool // new connections are closed at once
}

func (l *listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: inner, listener: l, done: make(chan struct{})}
	l.mu.Lock()
	l.conns[c] = struct{}{}
	ended := l.ended
	l.mu.Unlock()
	if ended {
		_ = c.Close() // the server notices at its first use
	}
	return c, nil
}

// closeAll closes all connections, also those before their handshake, for which the stop of the server
// would wait.
func (l *listener) closeAll() {
	l.mu.Lock()
	l.ended = true
	open := slices.Collect(maps.Keys(l.conns))
	l.mu.Unlock()
	for _, c := range open {
		_ = c.Close() // the client may have closed it
	}
}

func (l *listener) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// conn is one connection of a client.
type conn struct {
	net.Conn
	listener *listener
	closing  sync.Once
	done     chan struct{}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !errors.Is(err, net.ErrClosed) {
		c.listener.freezer.wait(c.done)
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	c.listener.freezer.wait(c.done)
	return c.Conn.Write(p)
}

func (c *conn) Close() error {
	c.closing.Do(func() {
		close(c.done)
		c.listener.mu.Lock()
		delete(c.listener.conns, c)
		c.listener.mu.Unlock()
	})
	return c.Conn.Close()
}
