package eventstore

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// gossipTimeout bounds one gossip request to one node.
	gossipTimeout = 2 * time.Second
	// unresponsiveFor is how long a node that did not answer is not tried as leader.
	// After a leader has died, the gossip of the others still names it for a while.
	unresponsiveFor = 1500 * time.Millisecond
	// gossipGrace is how much later than the first node the others may answer a gossip
	// request. A machine that is down never answers.
	gossipGrace = 500 * time.Millisecond
)

// endpoint is where a node listens.
type endpoint struct {
	name string // host name, which its certificate must have
	port uint16
	ip   string // one address of the name; empty: any

	socket string // path of a Unix socket; then the others are zero
}

// String returns the address in the form that the client takes.
func (e endpoint) String() string {
	if e.socket != "" {
		return (&url.URL{Scheme: "unix", Path: e.socket}).String()
	}
	return net.JoinHostPort(e.name, strconv.Itoa(int(e.port)))
}

// dialed returns the network and the address to connect to.
func (e endpoint) dialed() (network, address string) {
	switch {
	case e.socket != "":
		return "unix", e.socket
	case e.ip != "":
		return "tcp", net.JoinHostPort(e.ip, strconv.Itoa(int(e.port)))
	}
	return "tcp", e.String()
}

// parseEndpoint parses host:port.
func parseEndpoint(address string) (endpoint, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return endpoint{}, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return endpoint{}, err
	}
	return endpoint{name: host, port: uint16(n)}, nil
}

// cluster is what is known about the nodes. The mutex of the Store guards it.
type cluster struct {
	seeds        []endpoint             // from the connection string
	dns          bool                   // the only seed is a DNS name of several nodes
	discovers    bool                   // the leader is found by gossip
	members      map[endpoint]bool      // from the gossip that named the last leader
	named        endpoint               // leader that a follower has named; zero: none
	unresponsive map[endpoint]time.Time // until when a node is not tried as leader
}

// expectLeader notes the leader that a follower has named. The node is then one of a
// cluster, even if the connection string names one node only, and gossip is used from
// now on. The caller holds the mutex of the Store.
func (c *cluster) expectLeader(leader endpoint) {
	c.named, c.discovers = leader, true
	c.members[leader] = true // until gossip names all members
}

// severalNodes reports whether the leader is found by gossip.
func (s *Store) severalNodes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cluster.discovers
}

// candidates returns the known nodes, with DNS names resolved.
func (s *Store) candidates(ctx context.Context) ([]endpoint, error) {
	s.mu.Lock()
	seeds, dns := s.cluster.seeds, s.cluster.dns
	seen := map[endpoint]bool{}
	for m := range s.cluster.members {
		seen[m] = true
	}
	s.mu.Unlock()
	var unresolved error
	for _, seed := range seeds {
		if !dns || net.ParseIP(seed.name) != nil {
			seen[seed] = true
			continue
		}
		addresses, err := net.DefaultResolver.LookupHost(ctx, seed.name)
		if err != nil {
			unresolved = &ConnectError{Reason: NameNotFound, Endpoint: seed.String()}
			continue
		}
		for _, ip := range addresses {
			seen[endpoint{name: seed.name, port: seed.port, ip: ip}] = true
		}
	}
	list := make([]endpoint, 0, len(seen))
	for e := range seen {
		list = append(list, e)
	}
	if len(list) == 0 {
		return nil, unresolved
	}
	return list, nil
}

// findLeader sends a gossip request to every known node at once and returns the first
// leader that is named. It never returns the endpoint not, nor a node that is marked
// as unresponsive.
func (s *Store) findLeader(ctx context.Context, not endpoint) (endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, min(gossipTimeout, time.Duration(s.config.GossipTimeout)*time.Second))
	defer cancel()
	nodes, err := s.candidates(ctx)
	if err != nil {
		return endpoint{}, err
	}
	type answer struct {
		from    endpoint
		members []*gossip.MemberInfo
		err     error
	}
	answers := make(chan answer, len(nodes))
	for _, node := range nodes {
		go func() {
			members, err := s.readGossip(ctx, node)
			answers <- answer{node, members, err}
		}()
	}
	var failed []answer
	answered := 0
	for range nodes {
		a := <-answers
		if a.err != nil {
			failed = append(failed, a)
			continue
		}
		if leader, ok := s.leaderAmong(a.members, not); ok {
			return leader, nil
		}
		if answered++; answered == 1 {
			defer time.AfterFunc(gossipGrace, cancel).Stop()
		}
	}
	if answered > 0 {
		return endpoint{}, &ConnectError{
			Reason: NoLeader, Err: fmt.Errorf("%d of %d nodes answered", answered, len(nodes)),
		}
	}
	var why *ConnectError
	for _, a := range failed { // a permanent reason has precedence: an operator must act on it
		if why = s.connectError(ctx, a.from, a.err); why.Reason.permanent() {
			break
		}
	}
	return endpoint{}, why
}

// leaderAmong returns the leader among the members, if it may be tried. It then
// remembers these members and forgets earlier ones.
func (s *Store) leaderAmong(members []*gossip.MemberInfo, not endpoint) (leader endpoint, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[endpoint]bool{}
	for _, m := range members {
		at := m.GetHttpEndPoint()
		e := endpoint{name: at.GetAddress(), port: uint16(at.GetPort())}
		if e.name == "" || at.GetPort() == 0 || at.GetPort() > 65535 {
			continue
		}
		known[e] = true
		if m.State == gossip.MemberInfo_Leader && m.IsAlive && e != not && time.Now().After(s.cluster.unresponsive[e]) {
			leader, ok = e, true
		}
	}
	if ok {
		s.cluster.members = known
	}
	return leader, ok
}

// readGossip returns the members of the cluster that the node knows.
func (s *Store) readGossip(ctx context.Context, node endpoint) ([]*gossip.MemberInfo, error) {
	conn, err := s.open(node)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	info, err := gossip.NewGossipClient(conn).Read(ctx, &shared.Empty{})
	if err != nil {
		return nil, err
	}
	return info.GetMembers(), nil
}

// open returns a connection to the node without the client.
func (s *Store) open(node endpoint) (*grpc.ClientConn, error) {
	config, err := s.tls(node)
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if config != nil {
		transport = credentials.NewTLS(config)
	}
	target := node.String()
	if network, address := node.dialed(); network == "tcp" {
		target = "passthrough:///" + address
	}
	return grpc.NewClient(target, grpc.WithTransportCredentials(transport))
}

// destination returns the node that the next session connects to: the leader that a
// follower has named, else the one that gossip names, else the only host of the
// connection string.
func (s *Store) destination(ctx context.Context) (endpoint, error) {
	s.mu.Lock()
	to := s.cluster.named
	s.cluster.named = endpoint{}
	discovers, seeds := s.cluster.discovers, s.cluster.seeds
	pause := time.Until(s.failedAt.Add(connectPause))
	s.mu.Unlock()
	if to != (endpoint{}) {
		return to, nil
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done(): // the request that follows returns the error
	}
	if discovers {
		return s.findLeader(ctx, endpoint{})
	}
	return seeds[0], nil
}

// markUnresponsive keeps the node from being tried as leader for unresponsiveFor.
func (s *Store) markUnresponsive(node endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e, until := range s.cluster.unresponsive {
		if time.Now().After(until) {
			delete(s.cluster.unresponsive, e)
		}
	}
	s.cluster.unresponsive[node] = time.Now().Add(unresponsiveFor)
}
