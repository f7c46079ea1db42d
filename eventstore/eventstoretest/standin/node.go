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

// Node is one node of a cluster. It has several processes one after another.
type Node struct {
	cluster  *Cluster
	index    int
	address  string // host:port, the same for all processes
	freezer  freezer
	starting sync.Mutex // held while a process starts or ends

	// Guarded by the mutex of the cluster.
	process       *process // nil while killed
	up            bool     // the process runs
	isolated      bool     // cut off from the other nodes, but not from clients
	frozen        bool     // the process is stopped
	hidesFeatures bool     // it does not answer requests for its features
	deposed       bool     // it led, out of reach, when another node became the leader
	restartAt     time.Time

	role     gossip.MemberInfo_VNodeState // Leader, ResigningLeader, Follower or Unknown
	leader   int                          // leader as the node believes
	since    time.Time                    // when it lost the leader or the quorum; zero: not lost
	lostAt   time.Time                    // when the others lost it; zero: not lost
	lostAs   gossip.MemberInfo_VNodeState // its last role that the others saw
	quorumAt time.Time                    // when a new leader gets its quorum
	ready    bool                         // it leads and commits writes
	waiting  []*write                     // for a quorum
	known    map[place]uuid.UUID          // ids in the log of the events that the process took

	delay  time.Duration // of copying the log
	next   int           // index of the next commit to copy
	copied uint64        // position up to which the log is copied
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

// Address returns the address for clients, host:port.
func (n *Node) Address() string { return n.address }

// ConnectionString returns a connection string that names only this node.
func (n *Node) ConnectionString() string { return "esdb://" + n.address + "?tls=false" }

// on reports whether the other nodes can reach this one. The caller holds c.mu.
func (n *Node) on() bool { return n.up && !n.isolated && !n.frozen }

// majority reports whether the node can reach a quorum. The caller holds c.mu.
func (n *Node) majority() bool { return n.on() && n.cluster.reachable() >= quorum }

// leads reports whether the node believes that it leads. The caller holds c.mu.
func (n *Node) leads() bool {
	return n.role == gossip.MemberInfo_Leader || n.role == gossip.MemberInfo_ResigningLeader
}

// start starts a process on the address, if none runs.
func (n *Node) start(address string) error {
	n.starting.Lock()
	defer n.starting.Unlock()
	if n.process != nil { // only start and stop write it
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
		grpc.UnaryInterceptor(n.admitUnary),
		grpc.StreamInterceptor(n.admitStream),
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
	n.noteReachable()
	return nil
}

// listen listens on an address. It waits for one that a process has just closed.
func listen(address string) (net.Listener, error) {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(tickPeriod) {
		l, err := net.Listen("tcp", address)
		if err == nil || time.Now().After(deadline) {
			return l, err
		}
	}
}

// stop ends the process, if there is one, and closes its connections.
func (n *Node) stop() {
	n.starting.Lock()
	defer n.starting.Unlock()
	c := n.cluster
	c.mu.Lock()
	p := n.process
	n.restartAt = time.Time{}
	n.known = make(map[place]uuid.UUID)
	n.noteLost()
	n.process, n.up, n.isolated, n.hidesFeatures, n.deposed = nil, false, false, false, false
	n.stepDown()
	c.wake()
	c.mu.Unlock()
	if p == nil {
		return
	}
	p.listener.closeAll()
	p.server.Stop()
	if err := <-p.served; err != nil {
		c.t.Errorf("stand-in cluster: %v: %v", n, err)
	}
	c.mu.Lock()
	n.thaw() // after its connections are closed, so that unread messages are lost
	c.mu.Unlock()
}

// noteLost notes the time and the role in which the others last saw the node. The caller holds c.mu.
func (n *Node) noteLost() {
	if n.on() {
		n.lostAt, n.lostAs = time.Now(), n.role
	}
}

// noteReachable notes that the others reach the node again. The caller holds c.mu.
func (n *Node) noteReachable() {
	if n.on() {
		n.lostAt = time.Time{}
	}
}

// freeze stops the process. The caller holds c.mu.
func (n *Node) freeze() {
	n.frozen = true
	n.freezer.freeze()
}

// thaw continues the process. The caller holds c.mu.
func (n *Node) thaw() {
	n.frozen = false
	n.freezer.thaw()
}

func (n *Node) admitUnary(
	ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
) (any, error) {
	if err := n.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (n *Node) admitStream(
	server any, call grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler,
) error {
	if err := n.admit(call.Context(), info.FullMethod); err != nil {
		return err
	}
	return handler(server, call)
}

// admit waits while the process is stopped, and counts the call.
func (n *Node) admit(ctx context.Context, method string) error {
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
