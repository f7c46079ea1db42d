package embedded

import (
	"context"
	"net"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// gossipService presents the node as a cluster of one.
type gossipService struct {
	gossip.UnimplementedGossipServer
	instance uuid.UUID // id of this run
	ticks    func() int64
}

// newGossipService takes the clock of the node, in ticks.
func newGossipService(ticks func() int64) *gossipService {
	return &gossipService{instance: uuid.New(), ticks: ticks}
}

// Read names the node by the address at which the client has reached it. That is right
// also where the node listens on every address of the machine. On a Unix socket it has none.
func (g *gossipService) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Internal, "The call has no connection.")
	}
	me := &gossip.MemberInfo{
		InstanceId: uuidStructured.render(g.instance), TimeStamp: g.ticks(), State: gossip.MemberInfo_Leader, IsAlive: true,
	}
	if addr, ok := p.LocalAddr.(*net.TCPAddr); ok {
		me.HttpEndPoint = &gossip.EndPoint{Address: addr.IP.String(), Port: uint32(addr.Port)}
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{me}}, nil
}
