package embedded

import (
	"context"
	"net"
	"time"

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
}

func newGossipService() *gossipService { return &gossipService{instance: uuid.New()} }

// Read names the node by the address at which the client has reached it. That is right
// also where the node listens on every address of the machine.
func (g *gossipService) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Internal, "The call has no connection.")
	}
	addr, ok := p.LocalAddr.(*net.TCPAddr)
	if !ok {
		return nil, status.Error(codes.Internal, "The node is not served over TCP.")
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{{
		InstanceId:   uuidStructured.render(g.instance),
		TimeStamp:    time.Now().UnixNano() / 100,
		State:        gossip.MemberInfo_Leader,
		IsAlive:      true,
		HttpEndPoint: &gossip.EndPoint{Address: addr.IP.String(), Port: uint32(addr.Port)},
	}}}, nil
}
