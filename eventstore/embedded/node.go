package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

var (
	// ErrInUse is returned by Open for a directory that another node has open,
	// in this process or in another.
	ErrInUse = errors.New("the data directory is in use by another event store")
	// ErrClosed is returned by Start after Close.
	ErrClosed = errors.New("the event store is closed")
)

// maxMessage is the size of the largest message, in bytes. It is above the largest limit of
// an append, so that an append over its limit gets that limit's error.
const maxMessage = 16<<20 + 1<<16

// closeTimeout is how long Close waits for calls in progress. Subscriptions end at once, so
// only a client that does not read its answer takes this long.
const closeTimeout = 2 * time.Second

// Node is an event store on one directory, and its server.
type Node struct {
	store   *store
	server  *grpc.Server
	http    *http.Server
	tls     *tls.Config   // nil without TLS
	closing chan struct{} // closed when Close begins
	uses    sync.RWMutex  // held for reading by uses that Close waits for

	mu       sync.Mutex // guards the rest
	closed   bool
	listener net.Listener
	served   chan error // result of the serving that Start began; nil without
}

// Open opens the store in the directory. It creates a missing one, and recovers one after a
// crash. The node serves no clients before Start. On a disk that is full or takes no writes, a
// store that exists is only read until the disk works. Error: ErrInUse if another node has the
// directory open.
func Open(dir string, options ...Option) (*Node, error) { return open(openStore, dir, options) }

// Look opens the store in the directory for reading only, also on a read-only file system. It
// changes no file there. Several may look at a store at the same time. Error: ErrInUse if a
// node has the directory open for writing.
func Look(dir string, options ...Option) (*Node, error) { return open(lookAtStore, dir, options) }

// opening is openStore or lookAtStore.
type opening func(dir string, fs vfs.FS, cacheSize int64, now func() time.Time, logger *slog.Logger) (*store, error)

func open(how opening, dir string, options []Option) (*Node, error) {
	set := settings{
		fs: vfs.Default, now: time.Now, logger: slog.Default(),
	}
	for _, option := range options {
		option(&set)
	}
	if err := set.valid(); err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	store, err := how(dir, set.fs, cacheSize, set.now, set.logger)
	if err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	n := &Node{store: store, tls: set.tls, closing: make(chan struct{})}

	guard := &guard{username: set.username, password: set.password, logger: set.logger}
	serverOptions := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.WaitForHandlers(true),
		grpc.ConnectionTimeout(handshakeTimeout),
		// The clients ping every 10 s, also without calls. By default a gRPC server
		// closes their connections for that.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(guard.unary),
		grpc.StreamInterceptor(guard.stream),
		grpc.UnknownServiceHandler(refuseUnknown),
	}
	n.server = grpc.NewServer(serverOptions...)
	cluster := newGossipService(store)
	n.http = newHTTPServer(n, guard, cluster.instance)
	streams.RegisterStreamsServer(n.server, &streamsService{node: n})
	gossip.RegisterGossipServer(n.server, cluster)
	serverfeatures.RegisterServerFeaturesServer(n.server, featuresService{})
	return n, nil
}

// Start listens on the address, where port 0 is a free one, and serves clients in the
// background until Close. Close returns the error of the serving. A node can be served once.
func (n *Node) Start(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("serve event store: %w", err)
	}
	return n.StartOn(listener)
}

// StartOn is Start on a listener, such as one of a Unix socket, which the node closes, also
// after an error.
func (n *Node) StartOn(listener net.Listener) error {
	if err := n.attach(listener); err != nil {
		return errors.Join(err, listener.Close())
	}
	served := make(chan error, 1)
	n.mu.Lock()
	n.served = served
	n.mu.Unlock()
	go func() { served <- n.serve(listener) }()
	return nil
}

// attach sets the listener of the node.
func (n *Node) attach(listener net.Listener) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return ErrClosed
	case n.listener != nil:
		return fmt.Errorf("serve event store: it is served on %s already", n.listener.Addr())
	}
	n.listener = listener
	return nil
}

// serve serves gRPC and HTTP/1 on the listener.
func (n *Node) serve(listener net.Listener) error {
	mux := newProtocolMux(listener, n.tls)
	ended := make(chan error, 1)
	go func() { ended <- n.http.Serve(mux.http) }()
	err := n.server.Serve(mux.rpc)
	// The end of one server ends the other.
	closed := mux.Close()
	mux.wait.Wait()
	<-ended
	select {
	case <-n.closing:
		// Close has ended both servers, so their errors do not count.
		err = closed
	default:
	}
	if err != nil {
		return fmt.Errorf("serve event store: %w", err)
	}
	return nil
}

// Addr returns the address of the node; nil before Start.
func (n *Node) Addr() net.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listener == nil {
		return nil
	}
	return n.listener.Addr()
}

// ConnectionString returns the connection string for clients, without credentials; empty
// before Start. On a Unix socket it is esdb+unix:// and the path of the socket, which the
// package eventstore reads. The official client reads no such string; it takes the path
// as the address of its configuration: unix:///srv/eventstore.sock.
func (n *Node) ConnectionString() string {
	addr := n.Addr()
	if addr == nil {
		return ""
	}
	if addr.Network() == "unix" {
		return (&url.URL{Scheme: "esdb+unix", Path: addr.String()}).String()
	}
	return fmt.Sprintf("esdb://%s?tls=%t", addr, n.tls != nil)
}

// Close ends the subscriptions, answers the appends in progress, and closes the store. It may
// be called again.
func (n *Node) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return nil
	}
	n.closed = true
	served := n.served
	n.mu.Unlock()

	close(n.closing)
	httpClosed := make(chan struct{})
	go func() {
		defer close(httpClosed)
		n.closeHTTP()
	}()
	stop := time.AfterFunc(closeTimeout, n.server.Stop)
	n.server.GracefulStop()
	stop.Stop()
	<-httpClosed
	// Handlers may run longer than their connections. Stop waits for them.
	n.server.Stop()

	var err error
	if served != nil {
		err = <-served
	}
	n.uses.Lock()
	defer n.uses.Unlock()
	return errors.Join(err, n.store.close())
}

// closeHTTP waits for requests over HTTP/1 in progress, up to closeTimeout. It ignores the
// error that gRPC has closed the common listener.
func (n *Node) closeHTTP() {
	ctx, stop := context.WithTimeout(context.Background(), closeTimeout)
	defer stop()
	if n.http.Shutdown(ctx) != nil {
		_ = n.http.Close()
	}
}

// whileOpen calls use unless the node is closing. Close waits until use returns.
func (n *Node) whileOpen(use func() error) error {
	n.uses.RLock()
	defer n.uses.RUnlock()
	select {
	case <-n.closing:
		return ErrClosed
	default:
		return use()
	}
}

// untilClosing is whileOpen for a use that may take long. Close ends its context.
func (n *Node) untilClosing(ctx context.Context, use func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return n.whileOpen(func() error {
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case <-n.closing:
				cancel(ErrClosed)
			case <-done:
			}
		}()
		return use(ctx)
	})
}
