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

// outcome is what a call of the log ended with.
type outcome struct {
	response proto.Message
	trailer  metadata.MD
	err      error
}

// write is an append, a deletion or a tombstone.
type write struct {
	run func(context.Context) outcome // in the log

	once   sync.Once
	ended  chan struct{} // closed once the outcome is there
	result outcome
}

func newWrite(run func(context.Context) outcome) *write {
	return &write{run: run, ended: make(chan struct{})}
}

// end gives the write its outcome, unless it has one.
func (w *write) end(o outcome) {
	w.once.Do(func() {
		w.result = o
		close(w.ended)
	})
}

func errTimedOut(what string) error { return status.Error(codes.Aborted, "Operation timed out: "+what) }

var errNotReady = status.Error(codes.Unavailable, "Server Is Not Ready")

// errNotLeader names the leader, if the node knows one. The caller holds c.mu.
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

// answer is how a call ends with an outcome that has no response.
func (o outcome) answer(ctx context.Context) error {
	if len(o.trailer) > 0 {
		if err := grpc.SetTrailer(ctx, o.trailer); err != nil {
			return err
		}
	}
	return o.err
}

// write has the leader take a write.
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
	at := takes && leader.ready && leader.majority()
	if reached && takes && !at {
		leader.waiting = append(leader.waiting, w)
	}
	c.mu.Unlock()

	switch {
	case !reached:
		return c.expire(ctx, "Forwarding timeout")
	case !takes:
		return outcome{err: errNotReady}
	case at:
		w.end(w.run(ctx))
		return c.delivered(ctx, leader, w.result)
	}
	timeout := time.NewTimer(c.times.Commit)
	defer timeout.Stop()
	select {
	case <-w.ended:
		return w.result
	case <-timeout.C:
		return outcome{err: errTimedOut("Commit phase timeout.")}
	case <-ctx.Done():
		return outcome{err: status.FromContextError(ctx.Err()).Err()}
	}
}

// delivered is the outcome as the client gets it: where the leader was lost
// under the write, the seed decides whether the answer was.
func (c *Cluster) delivered(ctx context.Context, leader *Node, o outcome) outcome {
	c.mu.Lock()
	lost := !(leader.role == gossip.MemberInfo_Leader && leader.majority()) && c.random.IntN(2) == 0
	c.mu.Unlock()
	if lost {
		return c.expire(ctx, "Commit phase timeout.")
	}
	return o
}

// expire answers as late as a write that nobody commits.
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
	c := s.node.cluster
	o := s.node.write(call.Context(), newWrite(func(ctx context.Context) outcome { return c.append(ctx, requests) }))
	if o.err != nil {
		return o.answer(call.Context())
	}
	response, ok := o.response.(*streams.AppendResp)
	if !ok {
		return fmt.Errorf("%T is no answer to an append", o.response)
	}
	return call.SendAndClose(response)
}

// append appends to the log, as the present leader.
func (c *Cluster) append(ctx context.Context, requests []*streams.AppendReq) outcome {
	if len(requests) == 0 {
		return c.send(ctx, requests)
	}
	options := requests[0].GetOptions()
	stream := string(options.GetStreamIdentifier().GetStreamName())
	var list []*streams.AppendReq_ProposedMessage
	for _, r := range requests[1:] {
		if r.GetProposedMessage() != nil {
			list = append(list, r.GetProposedMessage())
		}
	}
	var first uint64 // the revision of the first event, where that is given
	switch expected := options.GetExpectedStreamRevision().(type) {
	case *streams.AppendReq_Options_Any, *streams.AppendReq_Options_StreamExists:
		c.store(stream, list)
		return c.send(ctx, requests)
	case *streams.AppendReq_Options_Revision:
		first = expected.Revision + 1
	}
	o := c.send(ctx, requests)
	if response, ok := o.response.(*streams.AppendResp); ok && response.GetWrongExpectedVersion() != nil {
		if !c.storedAt(ctx, stream, first, list) {
			return o
		}
		o = c.send(ctx, requests)
	} else if o.err == nil {
		c.learn(stream, list)
	}
	return o
}

// send makes an append to the log as it is.
func (c *Cluster) send(ctx context.Context, requests []*streams.AppendReq) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.log.Append(ctx)
	if err != nil {
		return outcome{err: err}
	}
	for _, request := range requests {
		if err := call.Send(request); err != nil {
			break // CloseAndRecv knows why
		}
	}
	response, err := call.CloseAndRecv()
	return passed(response, call.Trailer(), err)
}

// passed is what the log has answered, with what gRPC does not add by itself.
func passed(response proto.Message, trailer metadata.MD, err error) outcome {
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

// unary makes a write of a method that has one request.
func unary[Req, Resp proto.Message](ctx context.Context, n *Node, request Req, method func(context.Context, Req, ...grpc.CallOption) (Resp, error)) (Resp, error) {
	o := n.write(ctx, newWrite(func(ctx context.Context) outcome {
		var trailer metadata.MD
		response, err := method(ctx, request, grpc.Trailer(&trailer))
		return passed(response, trailer, err)
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
