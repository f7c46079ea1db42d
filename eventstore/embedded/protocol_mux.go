package embedded

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// handshakeTimeout is how long a connection may take for its TLS handshake and its first bytes, and
// then again for the beginning of its protocol.
const handshakeTimeout = 5 * time.Second

// acceptPause is the pause after a transient failure to accept, such as too many open files.
const acceptPause = 50 * time.Millisecond

// http2Preface begins every HTTP/2 connection. No HTTP/1 request begins with its first letters, which
// are not a method.
const (
	http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	http2Letters = len("PRI")
)

// protocolMux serves gRPC and HTTP/1 on one listener. It passes each connection to the server of its
// protocol.
type protocolMux struct {
	listener net.Listener
	tls      *tls.Config // nil for plain connections
	rpc      *protocolListener
	http     *protocolListener
	wait     sync.WaitGroup // for its goroutines

	mu      sync.Mutex // guards the rest
	closed  bool
	end     error                 // why there are no more connections
	ended   chan struct{}         // closed when end is set
	pending map[net.Conn]struct{} // connections whose protocol is unknown yet
}

// protocolListener is the listener of one protocol.
type protocolListener struct {
	*protocolMux
	conns chan net.Conn
}

// newProtocolMux begins to accept connections, with TLS if config is not nil.
func newProtocolMux(listener net.Listener, config *tls.Config) *protocolMux {
	s := &protocolMux{listener: listener, ended: make(chan struct{}), pending: make(map[net.Conn]struct{})}
	s.rpc, s.http = &protocolListener{s, make(chan net.Conn)}, &protocolListener{s, make(chan net.Conn)}
	if config != nil {
		s.tls = config.Clone()
		// gRPC clients offer only h2. A client that offers both gets HTTP/1, in which
		// the pages are served.
		s.tls.NextProtos = []string{"http/1.1", "h2"}
	}
	s.wait.Go(s.accept)
	return s
}

func (s *protocolMux) accept() {
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

// sort finds the protocol of a connection and passes it on.
func (s *protocolMux) sort(conn net.Conn) {
	if !s.begin(conn) {
		_ = conn.Close()
		return
	}
	defer s.done(conn)
	to, opened, err := s.open(conn)
	if err != nil {
		// The client gets no error: its protocol is unknown.
		_ = conn.Close()
		return
	}
	select {
	case to.conns <- opened:
	case <-s.ended:
		_ = conn.Close()
	}
}

// open does the TLS handshake and reads the first bytes of a connection.
func (s *protocolMux) open(conn net.Conn) (to *protocolListener, opened net.Conn, err error) {
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
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
		return s.http, &peekedConn{conn, first[:http2Letters]}, conn.SetDeadline(time.Time{})
	}
	// Wait for the rest here, since the end of the node ends this wait.
	if _, err := io.ReadFull(conn, first[http2Letters:]); err != nil {
		return nil, nil, err
	}
	return s.rpc, &peekedConn{conn, first}, conn.SetDeadline(time.Time{})
}

// begin notes a pending connection; false if the mux has ended.
func (s *protocolMux) begin(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return false
	}
	s.pending[conn] = struct{}{}
	return true
}

func (s *protocolMux) done(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, conn)
}

// stop ends both listeners and closes the pending connections.
func (s *protocolMux) stop(because error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != nil {
		return
	}
	s.end = because
	close(s.ended)
	for conn := range s.pending {
		_ = conn.Close()
	}
}

// Close closes the common listener. Both servers call it.
func (s *protocolMux) Close() error {
	s.stop(net.ErrClosed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.listener.Close()
}

func (s *protocolMux) Addr() net.Addr { return s.listener.Addr() }

// Accept waits for a connection of the protocol.
func (l *protocolListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.ended:
		l.mu.Lock()
		defer l.mu.Unlock()
		return nil, l.end
	}
}

// peekedConn is a connection whose first bytes were read already. Only one goroutine may read it at
// a time.
type peekedConn struct {
	net.Conn
	first []byte
}

func (c *peekedConn) Read(b []byte) (int, error) {
	if len(c.first) > 0 {
		n := copy(b, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(b)
}
