package standin

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

func (s *streamsService) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	if request.GetOptions().GetSubscription() != nil {
		return s.node.subscribe(request, call)
	}
	limit, refusal := s.node.limit(requiresLeader(call.Context()))
	if refusal.err != nil {
		return refusal.answer(call.Context())
	}
	return s.node.read(request, call, limit)
}

// limit returns the position up to which the node shows the log, or the refusal to show it.
func (n *Node) limit(requiresLeader bool) (uint64, outcome) {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	switch {
	case n.leads():
		return math.MaxUint64, outcome{}
	case requiresLeader:
		return 0, n.errNotLeader()
	default:
		return n.copied, outcome{}
	}
}

// read answers a read of a stream or of $all, up to the limit.
func (n *Node) read(request *streams.ReadReq, call streams.Streams_ReadServer, limit uint64) error {
	c, ctx, options := n.cluster, call.Context(), request.GetOptions()
	left, stream := options.GetCount(), options.GetStream()
	backwards := options.GetReadDirection() == streams.ReadReq_Options_Backwards
	last, known, err := uint64(math.MaxUint64), true, error(nil)
	if limit < math.MaxUint64 && left > 0 {
		if request, last, known, err = c.upTo(ctx, request, limit); err != nil {
			return err
		}
	}
	if !known {
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_StreamNotFound_{
			StreamNotFound: &streams.ReadResp_StreamNotFound{StreamIdentifier: stream.GetStreamIdentifier()},
		}})
	}
	return c.forward(ctx, request, func(m *streams.ReadResp) (more bool, err error) {
		switch content := m.GetContent().(type) {
		case *streams.ReadResp_Event:
			if content.Event.GetCommitPosition() > limit { // the end of a stream is sent afterwards
				return backwards || stream != nil, nil
			}
			if left == 0 {
				return false, nil
			}
			left--
			c.showClientIDs(content.Event)
		case *streams.ReadResp_LastStreamPosition:
			content.LastStreamPosition = min(content.LastStreamPosition, last)
		}
		return true, call.Send(m)
	})
}

// upTo changes a read so that its answer has everything up to the limit. It returns the last revision of
// the stream there; known is false if there is none.
func (c *Cluster) upTo(
	ctx context.Context, request *streams.ReadReq, limit uint64,
) (_ *streams.ReadReq, last uint64, known bool, err error) {
	request = proto.Clone(request).(*streams.ReadReq)
	options := request.GetOptions()
	backwards := options.GetReadDirection() == streams.ReadReq_Options_Backwards
	stream := options.GetStream()
	if stream == nil {
		if backwards { // events beyond the limit must not count
			options.CountOption = &streams.ReadReq_Options_Count{Count: math.MaxUint64}
		}
		return request, math.MaxUint64, true, nil
	}
	last, known, err = c.lastRevision(ctx, stream.GetStreamIdentifier(), limit)
	beyond := stream.GetEnd() != nil || stream.GetRevision() > last
	if known && backwards && beyond && last != tombstoned {
		stream.RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: last}
	}
	return request, last, known, err
}

// forward sends a read to the log and calls each with the answers, until it returns false.
func (c *Cluster) forward(
	ctx context.Context, request *streams.ReadReq, each func(*streams.ReadResp) (more bool, err error),
) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.log.Read(inner, request)
	if err != nil {
		return err
	}
	for {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return outcomeOf(nil, call.Trailer(), err).answer(ctx)
		}
		if more, err := each(m); err != nil || !more {
			return err
		}
	}
}

// tombstoned stands for the last revision of a tombstoned stream.
const tombstoned = math.MaxUint64

// lastRevision returns the revision of the last event of a stream up to the position.
func (c *Cluster) lastRevision(
	ctx context.Context, stream *shared.StreamIdentifier, limit uint64,
) (revision uint64, known bool, err error) {
	request := readAll(&streams.ReadReq_Options_Count{Count: math.MaxUint64})
	request.Options.ReadDirection = streams.ReadReq_Options_Backwards
	request.Options.StreamOption = &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
		StreamIdentifier: stream, RevisionOption: &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}},
	}}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	call, err := c.log.Read(inner, request)
	if err != nil {
		return 0, false, err
	}
	for {
		m, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return 0, false, nil
		}
		if status.Code(err) == codes.FailedPrecondition {
			return tombstoned, true, nil
		}
		if err != nil {
			return 0, false, err
		}
		if e := m.GetEvent(); e != nil && e.GetCommitPosition() <= limit {
			return e.GetEvent().GetStreamRevision(), true, nil
		}
	}
}

// has reports whether the node has copied the log up to the position.
func (n *Node) has(position uint64) bool {
	n.cluster.mu.Lock()
	defer n.cluster.mu.Unlock()
	return n.leads() || position <= n.copied
}

// subscribe sends what the node has, and then what it receives. As on a server, requires-leader is checked
// for each page while the subscription catches up, and never when it is live.
func (n *Node) subscribe(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	c, ctx := n.cluster, call.Context()
	request, live, err := n.fromOwnEnd(ctx, request)
	if err != nil {
		return err
	}
	goLive := func() error {
		live = true
		return call.Send(&streams.ReadResp{Content: &streams.ReadResp_CaughtUp_{CaughtUp: &streams.ReadResp_CaughtUp{}}})
	}
	page := func() error {
		_, refusal := n.limit(requiresLeader(ctx))
		return refusal.answer(ctx)
	}
	return c.forward(ctx, request, func(m *streams.ReadResp) (bool, error) {
		var position uint64
		switch content := m.GetContent().(type) {
		case *streams.ReadResp_Confirmation:
			if err := call.Send(m); err != nil {
				return false, err
			}
			if live {
				return true, goLive()
			}
			return true, page()
		case *streams.ReadResp_CaughtUp_:
			live = true
		case *streams.ReadResp_Event:
			position = content.Event.GetCommitPosition()
			c.showClientIDs(content.Event)
		case *streams.ReadResp_Checkpoint_:
			position = content.Checkpoint.GetCommitPosition()
		}
		if !live {
			if n.has(position) {
				if err := page(); err != nil {
					return false, err
				}
			} else if err := goLive(); err != nil { // the copy of the node ends here
				return false, err
			}
		}
		if err := c.await(ctx, func() bool { return n.leads() || position <= n.copied }); err != nil {
			return false, status.FromContextError(err).Err()
		}
		return true, call.Send(m)
	})
}

// fromOwnEnd reports whether a subscription is live from its beginning, because it begins at or after the
// end of the node's copy. It changes a subscription from the end into one from the end of that copy.
func (n *Node) fromOwnEnd(ctx context.Context, request *streams.ReadReq) (_ *streams.ReadReq, live bool, err error) {
	limit, _ := n.limit(false)
	if limit == math.MaxUint64 {
		return request, false, nil // the node has the whole log
	}
	request = proto.Clone(request).(*streams.ReadReq)
	switch all := request.GetOptions().GetAll(); {
	case all.GetEnd() != nil:
		all.AllOption = &streams.ReadReq_Options_AllOptions_Position{
			Position: &streams.ReadReq_Options_Position{CommitPosition: limit, PreparePosition: limit},
		}
		return request, true, nil
	case all != nil: // there is always something to read from the start
		return request, all.GetPosition() != nil && all.GetPosition().GetCommitPosition() >= limit, nil
	}
	stream := request.GetOptions().GetStream()
	last, known, err := n.cluster.lastRevision(ctx, stream.GetStreamIdentifier(), limit)
	if err != nil || last == tombstoned {
		return request, false, err // the log answers it
	}
	switch at := stream.GetRevisionOption().(type) {
	case *streams.ReadReq_Options_StreamOptions_End:
		stream.RevisionOption = &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}}
		if known {
			stream.RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: last}
		}
		return request, true, nil
	case *streams.ReadReq_Options_StreamOptions_Revision:
		return request, !known || at.Revision >= last, nil
	}
	return request, !known, nil
}
