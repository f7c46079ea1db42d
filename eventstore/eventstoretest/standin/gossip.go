package standin

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
)

// gossipService answers with the cluster as the node sees it.
type gossipService struct {
	gossip.UnimplementedGossipServer
	node *Node
}

func (s *gossipService) Read(context.Context, *shared.Empty) (*gossip.ClusterInfo, error) {
	c, now := s.node.cluster, time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	info := &gossip.ClusterInfo{}
	for _, n := range c.nodes {
		state, alive := s.node.sees(n, now)
		host, port := n.endpoint()
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, err
		}
		info.Members = append(info.Members, &gossip.MemberInfo{
			InstanceId: structured([16]byte{15: byte(n.index + 1)}), TimeStamp: now.UnixNano() / 100, // ticks
			State: state, IsAlive: alive, HttpEndPoint: &gossip.EndPoint{Address: host, Port: uint32(number)},
		})
	}
	return info, nil
}

// sees returns the state of another node, or of itself, as the node sees it. The caller holds c.mu.
func (n *Node) sees(other *Node, now time.Time) (state gossip.MemberInfo_VNodeState, alive bool) {
	if n == other {
		return n.role, true
	}
	lost, state := other.lostAt, other.role
	if !other.on() {
		state = other.lostAs
	}
	if lost.IsZero() {
		lost = n.lostAt
	}
	return state, lost.IsZero() || now.Sub(lost) < n.cluster.times.Staleness
}

func (n *Node) endpoint() (host, port string) {
	host, port, err := net.SplitHostPort(n.address)
	if err != nil {
		panic(err) // it is the address of a listener
	}
	return host, port
}

// featuresService answers with the features of the log that the nodes have too.
type featuresService struct {
	serverfeatures.UnimplementedServerFeaturesServer
	node *Node
}

func (s *featuresService) GetSupportedMethods(
	ctx context.Context, request *shared.Empty,
) (*serverfeatures.SupportedMethods, error) {
	c := s.node.cluster
	if err := c.await(ctx, func() bool { return !s.node.hidesFeatures }); err != nil {
		return nil, err
	}
	methods, err := c.features.GetSupportedMethods(ctx, request)
	if err != nil {
		return nil, err
	}
	methods.Methods = slices.DeleteFunc(methods.Methods, func(m *serverfeatures.SupportedMethod) bool {
		return m.GetMethodName() == "batchappend"
	})
	return methods, nil
}
