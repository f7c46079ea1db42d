package standin

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
)

// Node is one node of a cluster, across its processes.
type Node struct {
	cluster *Cluster
	index   int
	address string // host:port, the same for ever
	freezer freezer
	turns   sync.Mutex // a process starts or ends at a time

	// Guarded by the mutex of the cluster.
	process   *process // nil while killed
	up        bool     // the process runs
	isolated  bool     // no other node is reached; clients are
	frozen    bool     // the process is stopped
	deaf      bool     // it does not tell its features
	deposed   bool     // out of reach, it led when another took over
	restartAt time.Time

	role    gossip.MemberInfo_VNodeState // Leader, ResigningLeader, Follower or Unknown
	leader  int                          // whom the node believes to lead
	since   time.Time                    // when it lost the leader or the quorum; zero while it has it
	lostAt  time.Time                    // when the others lost it; zero while they have it
	lostAs  gossip.MemberInfo_VNodeState // as what they saw it last
	settles time.Time                    // when, being a new leader, it gets its quorum
	ready   bool                         // leading, it commits what it takes
	waiting []*write                     // for a quorum
	known   map[place]uuid.UUID          // the ids that the process took, as they are in the log

	delay  time.Duration // of its copy of the log
	next   int           // the first of the cluster's commits that it has not copied
	copied uint64        // the position up to which it has
	calls  map[string]Calls
}

// process is one run of a node.
type process struct {
	server   *grpc.Server
	listener *listener
	served   chan error
}

// Calls counts calls of one method.
type Calls struct {
	RequiringLeader int
	Other           int
}

// Address is where clients reach the node, host:port.
func (n *Node) Address() string { return n.address }

// ConnectionString names this node only, as a seed of gossip.
func (n *Node) ConnectionString() string { return "esdb://" + n.address + "?tls=false" }

// on reports whether the other nodes reach this one. The caller holds c.mu.
func (n *Node) on() bool { return n.up && !n.isolated && !n.frozen }

// majority reports whether the node reaches a quorum. The caller holds c.mu.
func (n *Node) majority() bool { return n.on() && n.cluster.inTouch() >= quorum }

// leads reports whether the node believes that it leads. The caller holds c.mu.
func (n *Node) leads() bool {
	return n.role == gossip.MemberInfo_Leader || n.role == gossip.MemberInfo_ResigningLeader
}

// start runs a process on the address, unless one runs.
func (n *Node) start(address string) error {
	n.turns.Lock()
	defer n.turns.Unlock()
	if n.process != nil { // written by start and stop only
		return nil
	}
	inner, err := listen(address)
	if err != nil {
		return err
	}
	p := &process{
		listener: &listener{Listener: inner, freezer: &n.freezer, conns: make(map[*conn]struct{})},
		served:   make(chan error, 1),
	}
	p.server = grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Millisecond, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(n.takeUnary),
		grpc.StreamInterceptor(n.takeStream),
	)
	streams.RegisterStreamsServer(p.server, &streamsService{node: n})
	gossip.RegisterGossipServer(p.server, &gossipService{node: n})
	serverfeatures.RegisterServerFeaturesServer(p.server, &featuresService{node: n})
	go func() { p.served <- p.server.Serve(p.listener) }()

	c := n.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	n.address, n.process, n.up = inner.Addr().String(), p, true
	n.restartAt = time.Time{}
	n.seen()
	return nil
}

// listen waits for an address that a process has just given up.
func listen(address string) (net.Listener, error) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(pulse) {
		l, err := net.Listen("tcp", address)
		if err == nil || time.Now().After(deadline) {
			return l, err
		}
	}
}

// stop ends the process, if there is one: its connections are cut.
func (n *Node) stop() {
	n.turns.Lock()
	defer n.turns.Unlock()
	c := n.cluster
	c.mu.Lock()
	p := n.process
	n.restartAt = time.Time{}
	n.known = make(map[place]uuid.UUID)
	n.unseen()
	n.process, n.up, n.isolated, n.deaf, n.deposed = nil, false, false, false, false
	n.stepDown()
	c.wake()
	c.mu.Unlock()
	if p == nil {
		return
	}
	p.listener.cut()
	p.server.Stop()
	if err := <-p.served; err != nil {
		c.t.Errorf("stand-in cluster: %v: %v", n, err)
	}
	c.mu.Lock()
	n.thaw() // not before its connections are cut: what it has not read is lost
	c.mu.Unlock()
}

// unseen notes what the others last saw of the node, and when. The caller
// holds c.mu.
func (n *Node) unseen() {
	if n.on() {
		n.lostAt, n.lostAs = time.Now(), n.role
	}
}

// seen notes that the others see the node again. The caller holds c.mu.
func (n *Node) seen() {
	if n.on() {
		n.lostAt = time.Time{}
	}
}

// freeze stops the process. The caller holds c.mu.
func (n *Node) freeze() {
	n.frozen = true
	n.freezer.freeze()
}

// thaw lets the process go on. The caller holds c.mu.
func (n *Node) thaw() {
	n.frozen = false
	n.freezer.thaw()
}

func (n *Node) takeUnary(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	if err := n.take(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (n *Node) takeStream(
	server any, call grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler,
) error {
	if err := n.take(call.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(server, call)
}

// take counts a call, once the process is not stopped.
func (n *Node) take(ctx context.Context, method string) error {
	return n.cluster.await(ctx, func() bool {
		if n.frozen {
			return false
		}
		calls := n.calls[method]
		if requiresLeader(ctx) {
			calls.RequiringLeader++
		} else {
			calls.Other++
		}
		n.calls[method] = calls
		return true
	})
}

func requiresLeader(ctx context.Context) bool {
	values := metadata.ValueFromIncomingContext(ctx, "requires-leader")
	return len(values) > 0 && (values[0] == "true" || values[0] == "True")
}

func (n *Node) String() string { return fmt.Sprintf("node %d at %s", n.index, n.address) }
