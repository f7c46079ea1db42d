package embedded

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// sortPatience is how long a connection may take to show what it speaks, with
// its TLS handshake, and then again to begin to speak it.
const sortPatience = 5 * time.Second

// acceptPause is how long the sorter waits after a failure to accept that will
// pass, such as too many open files.
const acceptPause = 50 * time.Millisecond

// http2Preface begins every HTTP/2 connection. Its first letters begin no
// request of HTTP/1: there is no such method.
const (
	http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	http2Letters = len("PRI")
)

// sorter serves two protocols on one listener: it hands each connection to the
// server of what it speaks. A connection of gRPC then is its server's alone.
type sorter struct {
	listener net.Listener
	tls      *tls.Config // nil for plain connections
	rpc      *sorted
	http     *sorted
	wait     sync.WaitGroup // for what accepts and sorts

	mu     sync.Mutex // guards the rest
	closed bool
	end    error                 // why no more connections come, once they do not
	ended  chan struct{}         // closed then
	fresh  map[net.Conn]struct{} // that are not sorted yet
}

// sorted is the listener of one protocol.
type sorted struct {
	*sorter
	conns chan net.Conn
}

// newSorter begins to accept connections. TLS is spoken where it is configured.
func newSorter(listener net.Listener, config *tls.Config) *sorter {
	s := &sorter{listener: listener, ended: make(chan struct{}), fresh: make(map[net.Conn]struct{})}
	s.rpc, s.http = &sorted{s, make(chan net.Conn)}, &sorted{s, make(chan net.Conn)}
	if config != nil {
		s.tls = config.Clone()
		// gRPC clients offer only h2. Who offers both wants one of the pages,
		// which are not there in HTTP/2.
		s.tls.NextProtos = []string{"http/1.1", "h2"}
	}
	s.wait.Go(s.accept)
	return s
}

func (s *sorter) accept() {
	for {
		conn, err := s.listener.Accept()
		var passing interface{ Temporary() bool }
		switch {
		case err == nil:
			s.wait.Go(func() { s.sort(conn) })
		case errors.As(err, &passing) && passing.Temporary():
			time.Sleep(acceptPause)
		default:
			s.stop(err)
			return
		}
	}
}

// sort finds out what a connection speaks, and hands it on.
func (s *sorter) sort(conn net.Conn) {
	if !s.begin(conn) {
		_ = conn.Close()
		return
	}
	defer s.done(conn)
	to, opened, err := s.open(conn)
	if err != nil {
		// Nobody is on the other side who could be told.
		_ = conn.Close()
		return
	}
	select {
	case to.conns <- opened:
	case <-s.ended:
		_ = conn.Close()
	}
}

// open shakes hands and reads the first bytes of a connection.
func (s *sorter) open(conn net.Conn) (to *sorted, opened net.Conn, err error) {
	if err := conn.SetDeadline(time.Now().Add(sortPatience)); err != nil {
		return nil, nil, err
	}
	if s.tls != nil {
		secured := tls.Server(conn, s.tls)
		if err := secured.Handshake(); err != nil {
			return nil, nil, err
		}
		conn = secured
	}
	first := make([]byte, len(http2Preface))
	if _, err := io.ReadFull(conn, first[:http2Letters]); err != nil {
		return nil, nil, err
	}
	if string(first[:http2Letters]) != http2Preface[:http2Letters] {
		return s.http, &begun{conn, first[:http2Letters]}, conn.SetDeadline(time.Time{})
	}
	// The rest is waited for here, where the end of the node ends the wait.
	if _, err := io.ReadFull(conn, first[http2Letters:]); err != nil {
		return nil, nil, err
	}
	return s.rpc, &begun{conn, first}, conn.SetDeadline(time.Time{})
}

// begin notes a connection to be sorted, unless the sorter has ended.
func (s *sorter) begin(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return false
	}
	s.fresh[conn] = struct{}{}
	return true
}

func (s *sorter) done(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fresh, conn)
}

// stop ends both listeners, and the connections that belong to neither.
func (s *sorter) stop(because error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return
	}
	s.end = because
	close(s.ended)
	for conn := range s.fresh {
		_ = conn.Close()
	}
}

// Close closes the one listener behind both. Either server may do it.
func (s *sorter) Close() error {
	s.stop(net.ErrClosed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.listener.Close()
}

func (s *sorter) Addr() net.Addr { return s.listener.Addr() }

// Accept waits for a connection of the protocol.
func (l *sorted) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.ended:
		l.mu.Lock()
		defer l.mu.Unlock()
		return nil, l.end
	}
}

// begun is a connection of which the first bytes were read. It is read by one
// goroutine at a time, as servers do.
type begun struct {
	net.Conn
	first []byte
}

func (c *begun) Read(b []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
