package embedded

import (
	"context"
	"net"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// gossipService presents the node as a cluster of one.
type gossipService struct {
	gossip.UnimplementedGossipServer
	instance uuid.UUID // id of this run
	store    *store
}

func newGossipService(store *store) *gossipService {
	return &gossipService{instance: uuid.New(), store: store}
}

// appendsHeader is the header that says whether the node takes appends now, as a google.rpc.Status:
// OK, or the refusal that an append would get. So a client knows of a full disk before it appends.
const appendsHeader = "tizilim-appends-bin"

// Read names the node by the address at which the client has reached it. That is right
// also where the node listens on every address of the machine. On a Unix socket it has none.
func (g *gossipService) Read(ctx context.Context, _ *shared.Empty) (*gossip.ClusterInfo, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Internal, "The call has no connection.")
	}
	me := &gossip.MemberInfo{
		InstanceId: uuidStructured.render(g.instance), TimeStamp: g.store.ticks(), State: gossip.MemberInfo_Leader, IsAlive: true,
	}
	if addr, ok := p.LocalAddr.(*net.TCPAddr); ok {
		me.HttpEndPoint = &gossip.EndPoint{Address: addr.IP.String(), Port: uint32(addr.Port)}
	}
	takes, err := proto.Marshal(status.Convert(g.store.refusal()).Proto())
	if err != nil {
		return nil, err
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs(appendsHeader, string(takes))); err != nil {
		return nil, err
	}
	return &gossip.ClusterInfo{Members: []*gossip.MemberInfo{me}}, nil
}
