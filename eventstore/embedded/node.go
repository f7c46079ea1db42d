package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
	// ErrClosed is returned by Serve and Start after Close.
	ErrClosed = errors.New("the event store is closed")
)

// maxMessage is the largest message the node takes, as the server's: an append
// over its limit gets the limit's error as long as each message is below this.
const maxMessage = 16<<20 + 1<<16

// closePatience is how long Close lets calls in progress finish. Subscriptions
// end at once; only a client that does not read its answer uses it up.
const closePatience = 2 * time.Second

// Node is an event store on one directory, and its server.
type Node struct {
	store   *store
	server  *grpc.Server
	pages   *http.Server
	tls     *tls.Config   // nil without TLS
	closing chan struct{} // closed when Close begins
	uses    sync.RWMutex  // held for reading by what Close has to wait for

	mu       sync.Mutex // guards the rest
	closed   bool
	listener net.Listener
	served   chan error // result of the Serve that Start began, nil without
}

// Open opens the store in the directory, creating it if needed, and recovers
// it from whatever ended its last use. The store serves nobody before Serve or
// Start. It returns ErrInUse if another node has the directory open.
func Open(dir string, options ...Option) (*Node, error) {
	set := settings{
		fs: vfs.Default, now: time.Now, logger: slog.Default(),
	}
	for _, option := range options {
		option(&set)
	}
	if err := set.validate(); err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	store, err := openStore(dir, set.fs, cacheSize, set.now, set.logger)
	if err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	n := &Node{store: store, tls: set.tls, closing: make(chan struct{})}

	guard := &guard{username: set.username, password: set.password, logger: set.logger}
	serverOptions := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.WaitForHandlers(true),
		grpc.ConnectionTimeout(sortPatience),
		// The clients ping every 10 s, also when nothing is going on; by
		// default gRPC servers hang up on those.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(guard.unary),
		grpc.StreamInterceptor(guard.stream),
		grpc.UnknownServiceHandler(refuseUnknown),
	}
	n.server = grpc.NewServer(serverOptions...)
	cluster := newGossipService()
	n.pages = newPages(n, guard, cluster.instance)
	streams.RegisterStreamsServer(n.server, &streamsService{node: n})
	gossip.RegisterGossipServer(n.server, cluster)
	serverfeatures.RegisterServerFeaturesServer(n.server, featuresService{})
	return n, nil
}

// Start listens on the address (port 0 picks a free one) and serves clients
// there in the background until Close, which returns what that ended with. A node
// is served once.
func (n *Node) Start(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("serve event store: %w", err)
	}
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

// serve speaks gRPC and HTTP/1 on the listener.
func (n *Node) serve(listener net.Listener) error {
	sorter := newSorter(listener, n.tls)
	told := make(chan error, 1)
	go func() { told <- n.pages.Serve(sorter.http) }()
	err := n.server.Serve(sorter.rpc)
	// Whatever ended one ends the other.
	closed := sorter.Close()
	sorter.wait.Wait()
	<-told
	select {
	case <-n.closing:
		// Then their end is no error, whichever of them was closed first.
		err = closed
	default:
	}
	if err != nil {
		return fmt.Errorf("serve event store: %w", err)
	}
	return nil
}

// Addr is where the node is served, nil before Start.
func (n *Node) Addr() net.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listener == nil {
		return nil
	}
	return n.listener.Addr()
}

// ConnectionString is what clients are given to connect to the node, without
// credentials; empty before Start.
func (n *Node) ConnectionString() string {
	addr := n.Addr()
	if addr == nil {
		return ""
	}
	return fmt.Sprintf("esdb://%s?tls=%t", addr, n.tls != nil)
}

// Close ends subscriptions, lets appends that have begun get their answer, and
// closes the store. Closing again does nothing.
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
	told := make(chan struct{})
	go func() {
		defer close(told)
		n.closePages()
	}()
	patience := time.AfterFunc(closePatience, n.server.Stop)
	n.server.GracefulStop()
	patience.Stop()
	<-told
	// Handlers may outlive GracefulStop's connections; Stop waits for them.
	n.server.Stop()

	var err error
	if served != nil {
		err = <-served
	}
	n.uses.Lock()
	defer n.uses.Unlock()
	return errors.Join(err, n.store.close())
}

// closePages lets those who read a page finish. Its errors are that somebody
// did not, and that gRPC has closed their common listener before.
func (n *Node) closePages() {
	patience, stop := context.WithTimeout(context.Background(), closePatience)
	defer stop()
	if n.pages.Shutdown(patience) != nil {
		_ = n.pages.Close()
	}
}
