package eventstore

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	// askTimeout bounds one question to one node about its cluster.
	askTimeout = 2 * time.Second
	// doubtFor is how long the word of others is not enough to try again a leader
	// that did not answer: for a while after its death they still name it.
	doubtFor = 1500 * time.Millisecond
	// stragglers is how much longer than the first node the others may take to say
	// who leads: a machine that is gone says nothing at all.
	stragglers = 500 * time.Millisecond
)

// endpoint is where a node listens.
type endpoint struct {
	name string // by which it is known, and its certificate checked
	port uint16
	ip   string // one address of the name; empty: any
}

func (e endpoint) String() string { return net.JoinHostPort(e.name, strconv.Itoa(int(e.port))) }

// dialed is where to connect to.
func (e endpoint) dialed() string {
	if e.ip != "" {
		return net.JoinHostPort(e.ip, strconv.Itoa(int(e.port)))
	}
	return e.String()
}

// parseEndpoint reads host:port.
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

// cluster is what is known of where the nodes are. The mutex of the Store guards
// it.
type cluster struct {
	seeds   []endpoint             // as the connection string names them
	dns     bool                   // the one seed is a name of several nodes
	asked   bool                   // the leader is found by asking, not taken as given
	members map[endpoint]bool      // as told with the last leader
	hint    endpoint               // named as the leader by a node that is not; zero: none
	doubted map[endpoint]time.Time // until when a leader that did not answer is passed over
}

// follow notes whom a node that does not lead has named as the leader. One that
// was named as the only node is one of a cluster then: the others are asked from
// now on. The caller holds the mutex of the Store.
func (c *cluster) follow(leader endpoint) {
	c.hint, c.asked = leader, true
	c.members[leader] = true // until a node tells all of them
}

// severalNodes reports whether there are others to ask.
func (s *Store) severalNodes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cluster.asked
}

// candidates are all nodes that may be asked, resolved.
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
			seen[endpoint{seed.name, seed.port, ip}] = true
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

// findLeader asks every node that is known who leads, all at once, and returns
// the first that is named; never the one that is not meant. A leader that has
// just been tried in vain is not returned, whoever names it.
func (s *Store) findLeader(ctx context.Context, not endpoint) (endpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, min(askTimeout, time.Duration(s.config.GossipTimeout)*time.Second))
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
			members, err := s.ask(ctx, node)
			answers <- answer{node, members, err}
		}()
	}
	var failed []answer
	heard := 0
	for range nodes {
		a := <-answers
		if a.err != nil {
			failed = append(failed, a)
			continue
		}
		if leader, ok := s.note(a.members, not); ok {
			return leader, nil
		}
		if heard++; heard == 1 {
			defer time.AfterFunc(stragglers, cancel).Stop()
		}
	}
	if heard > 0 {
		return endpoint{}, &ConnectError{Reason: NoLeader, Err: fmt.Errorf("%d of %d nodes answered", heard, len(nodes))}
	}
	var why *ConnectError
	for _, a := range failed { // an operator has to mend what lasts, so that is told first
		if why = s.whyNot(ctx, a.from, a.err); why.Reason.lasts() {
			break
		}
	}
	return endpoint{}, why
}

// note returns the leader among the members, if one is named that may be tried.
// The members are then remembered, instead of those of before.
func (s *Store) note(members []*gossip.MemberInfo, not endpoint) (leader endpoint, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heard := map[endpoint]bool{}
	for _, m := range members {
		at := m.GetHttpEndPoint()
		e := endpoint{name: at.GetAddress(), port: uint16(at.GetPort())}
		if e.name == "" || at.GetPort() == 0 || at.GetPort() > 65535 {
			continue
		}
		heard[e] = true
		if m.State == gossip.MemberInfo_Leader && m.IsAlive && e != not && time.Now().After(s.cluster.doubted[e]) {
			leader, ok = e, true
		}
	}
	if ok {
		s.cluster.members = heard
	}
	return leader, ok
}

// ask returns what the node knows of its cluster.
func (s *Store) ask(ctx context.Context, node endpoint) ([]*gossip.MemberInfo, error) {
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

// open returns a connection of our own to the node, for one question.
func (s *Store) open(node endpoint) (*grpc.ClientConn, error) {
	config, err := s.tls(node)
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if config != nil {
		transport = credentials.NewTLS(config)
	}
	return grpc.NewClient("passthrough:///"+node.dialed(), grpc.WithTransportCredentials(transport))
}

// destination is where the next session connects to: the node that was named as
// the leader, or what discovery finds, or the one host of the connection string.
func (s *Store) destination(ctx context.Context) (endpoint, error) {
	s.mu.Lock()
	to := s.cluster.hint
	s.cluster.hint = endpoint{}
	asked, seeds := s.cluster.asked, s.cluster.seeds
	pause := time.Until(s.failedAt.Add(connectPause))
	s.mu.Unlock()
	if to != (endpoint{}) {
		return to, nil
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done(): // soon told by what is asked
	}
	if asked {
		return s.findLeader(ctx, endpoint{})
	}
	return seeds[0], nil
}

// doubt passes over the node for a moment, whoever names it as the leader.
func (s *Store) doubt(node endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for e, until := range s.cluster.doubted {
		if time.Now().After(until) {
			delete(s.cluster.doubted, e)
		}
	}
	s.cluster.doubted[node] = time.Now().Add(doubtFor)
}
