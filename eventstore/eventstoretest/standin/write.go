package standin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// streamsService is a node's Streams service.
type streamsService struct {
	streams.UnimplementedStreamsServer
	node *Node
}

// outcome is the outcome of a call to the log.
type outcome struct {
	response proto.Message
	trailer  metadata.MD
	err      error
}

// write is an append, a deletion or a tombstone.
type write struct {
	target target                               // of an append
	run    func(context.Context, *Node) outcome // writes to the log as the node that took the write
	leader *Node                                // the leader without a quorum that took it

	once   sync.Once
	ended  chan struct{} // closed when result is set
	result outcome
}

func newWrite(target target, run func(context.Context, *Node) outcome) *write {
	return &write{target: target, run: run, ended: make(chan struct{})}
}

// end sets the outcome of the write, if it has none.
func (w *write) end(o outcome) {
	w.once.Do(func() {
		w.result = o
		close(w.ended)
	})
}

func errTimedOut(what string) error { return status.Error(codes.Aborted, "Operation timed out: "+what) }

var errNotReady = status.Error(codes.Unavailable, "Server Is Not Ready")

// errNotLeader is a refusal that names the leader, if the node knows one. The caller holds c.mu.
func (n *Node) errNotLeader() outcome {
	if n.leader == nobody {
		return outcome{err: errNotReady}
	}
	host, port, err := net.SplitHostPort(n.cluster.nodes[n.leader].address)
	if err != nil {
		return outcome{err: err}
	}
	return outcome{
		err: status.Error(codes.NotFound, "Leader info available"),
		trailer: metadata.Pairs("exception", "not-leader",
			"leader-endpoint-host", host, "leader-endpoint-port", port),
	}
}

// answer returns the error of a call, and sets its trailer.
func (o outcome) answer(ctx context.Context) error {
	if len(o.trailer) > 0 {
		if err := grpc.SetTrailer(ctx, o.trailer); err != nil {
			return err
		}
	}
	return o.err
}

// write carries out a write at the node: the leader takes it, a follower forwards or refuses it.
func (n *Node) write(ctx context.Context, w *write) outcome {
	c := n.cluster
	c.mu.Lock()
	leader := n
	switch {
	case n.role == gossip.MemberInfo_Follower && requiresLeader(ctx):
		defer c.mu.Unlock()
		return n.errNotLeader()
	case n.role == gossip.MemberInfo_Follower:
		leader = c.nodes[n.leader]
	}
	reached := leader == n || n.on() && leader.on()
	takes := leader.role == gossip.MemberInfo_Leader
	commits := takes && leader.ready && leader.majority()
	c.mu.Unlock()

	switch {
	case !reached:
		return c.expire(ctx, "Forwarding timeout")
	case !takes:
		return outcome{err: errNotReady}
	case !commits:
		return c.takeWithoutQuorum(ctx, leader, w)
	default:
		return w.run(ctx, leader)
	}
}

// expire waits for the commit timeout and returns its error.
func (c *Cluster) expire(ctx context.Context, what string) outcome {
	if err := c.await(ctx, after(time.Now().Add(c.times.Commit))); err != nil {
		return outcome{err: status.FromContextError(err).Err()}
	}
	return outcome{err: errTimedOut(what)}
}

func (s *streamsService) Append(call streams.Streams_AppendServer) error {
	var requests []*streams.AppendReq
	for {
		request, err := call.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		requests = append(requests, request)
	}
	a := parseAppend(requests)
	o := s.node.write(call.Context(), newWrite(a.target, func(ctx context.Context, leader *Node) outcome {
		return leader.append(ctx, a)
	}))
	if o.err != nil {
		return o.answer(call.Context())
	}
	response, ok := o.response.(*streams.AppendResp)
	if !ok {
		return fmt.Errorf("%T is not an answer to an append", o.response)
	}
	return call.SendAndClose(response)
}

// proposal is a received append. Only the log validates it.
type proposal struct {
	target
	atEnd    bool // Any or StreamExists
	events   []*streams.AppendReq_ProposedMessage
	requests []*streams.AppendReq
}

func parseAppend(requests []*streams.AppendReq) *proposal {
	a := &proposal{requests: requests}
	for _, r := range requests {
		if m := r.GetProposedMessage(); m != nil {
			a.events, a.ids = append(a.events, m), append(a.ids, parseID(m.GetId()))
		}
		if options := r.GetOptions(); options != nil {
			a.stream = string(options.GetStreamIdentifier().GetStreamName())
			switch expected := options.GetExpectedStreamRevision().(type) {
			case *streams.AppendReq_Options_Any, *streams.AppendReq_Options_StreamExists:
				a.atEnd = true
			case *streams.AppendReq_Options_NoStream:
				a.exact = true
			case *streams.AppendReq_Options_Revision:
				a.exact, a.first = true, expected.Revision+1
			}
		}
	}
	return a
}

// append appends to the log as the leader.
func (n *Node) append(ctx context.Context, a *proposal) outcome {
	c := n.cluster
	if a.atEnd {
		n.storeIDs(a.stream, a.events)
		return c.send(ctx, a.requests)
	}
	o := c.send(ctx, a.requests)
	response, ok := o.response.(*streams.AppendResp)
	switch {
	case o.err != nil || !ok:
		return o
	case response.GetWrongExpectedVersion() == nil:
		n.noteIDs(a.stream, a.events)
		return o
	case c.useStoredIDs(ctx, a.stream, a.first, a.events):
		return c.send(ctx, a.requests)
	default:
		return o
	}
}

// send sends an append to the log unchanged.
func (c *Cluster) send(ctx context.Context, requests []*streams.AppendReq) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.log.Append(ctx)
	if err != nil {
		return outcome{err: err}
	}
	for _, request := range requests {
		if err := call.Send(request); err != nil {
			break // CloseAndRecv returns the error
		}
	}
	response, err := call.CloseAndRecv()
	return outcomeOf(response, call.Trailer(), err)
}

// outcomeOf converts an answer of the log. It removes the trailer that gRPC adds itself.
func outcomeOf(response proto.Message, trailer metadata.MD, err error) outcome {
	trailer = trailer.Copy()
	trailer.Delete("content-type")
	return outcome{response: response, trailer: trailer, err: err}
}

func (s *streamsService) Delete(ctx context.Context, request *streams.DeleteReq) (*streams.DeleteResp, error) {
	return unary(ctx, s.node, request, s.node.cluster.log.Delete)
}

func (s *streamsService) Tombstone(ctx context.Context, request *streams.TombstoneReq) (*streams.TombstoneResp, error) {
	return unary(ctx, s.node, request, s.node.cluster.log.Tombstone)
}

// unary carries out a method with one request as a write.
func unary[Req, Resp proto.Message](
	ctx context.Context, n *Node, request Req, method func(context.Context, Req, ...grpc.CallOption) (Resp, error),
) (Resp, error) {
	o := n.write(ctx, newWrite(target{}, func(ctx context.Context, _ *Node) outcome {
		var trailer metadata.MD
		response, err := method(ctx, request, grpc.Trailer(&trailer))
		return outcomeOf(response, trailer, err)
	}))
	if o.err != nil {
		var none Resp
		return none, o.answer(ctx)
	}
	response, ok := o.response.(Resp)
	if !ok {
		return response, fmt.Errorf("%T is not the answer", o.response)
	}
	return response, nil
}
