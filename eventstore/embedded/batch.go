package embedded

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Bounds of one BatchAppend call: what it may have begun and not finished
// sending, and what it may have sent and not been answered yet. A client over
// the second waits; one over the first is refused the append.
const (
	maxUnfinishedAppends = 64
	maxUnansweredAppends = 256
)

// writeTimeout is the longest deadline of an append in a batch, as the
// server's: clients that ask for more get this.
const writeTimeout = 2 * time.Second

// batchCall is one BatchAppend call: many appends, in parts, mixed, each
// answered by its correlation id. Appends are decided in the order in which
// they were finished.
type batchCall struct {
	node *Node
	call streams.Streams_BatchAppendServer
	// answers are sent in this order.
	answers chan batchAnswer

	mu         sync.Mutex // guards unfinished: deadlines pass at any time
	unfinished map[uuid.UUID]*batchAppend
}

// batchAppend is an append of which the final part has not arrived.
type batchAppend struct {
	id       *shared.UUID // as the client sent it
	stream   string
	expected int64
	events   []proposed
	size     int
	deadline time.Time
	timer    *time.Timer
}

// batchAnswer is an answer, or a place for one.
type batchAnswer struct {
	response *streams.BatchAppendResp
	outcome  <-chan answer // completes the response, nil if it is complete
	expected int64         // by the append whose outcome it is
	done     func()        // called with the outcome
}

func (s *streamsService) BatchAppend(call streams.Streams_BatchAppendServer) error {
	b := &batchCall{
		node: s.node, call: call,
		answers:    make(chan batchAnswer, maxUnansweredAppends),
		unfinished: make(map[uuid.UUID]*batchAppend),
	}
	defer b.forget()
	received := make(chan error, 1)
	go func() { received <- b.receive() }()
	for {
		select {
		case a := <-b.answers:
			if err := b.send(a); err != nil {
				return err
			}
		case err := <-received:
			if failed := b.flush(); failed != nil {
				return failed
			}
			return err
		case <-s.node.closing:
			if failed := b.flush(); failed != nil {
				return failed
			}
			return errClosing
		}
	}
}

// flush sends what is still to be answered.
func (b *batchCall) flush() error {
	for {
		select {
		case a := <-b.answers:
			if err := b.send(a); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// forget stops the deadlines of what was never finished.
func (b *batchCall) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, a := range b.unfinished {
		a.timer.Stop()
		delete(b.unfinished, id)
	}
}

// receive takes in the parts until the client has no more.
func (b *batchCall) receive() error {
	for {
		request, err := b.call.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		id, err := eventID(request.GetCorrelationId())
		if err != nil {
			return err // there is nothing to answer to
		}
		if err := b.take(id, request); err != nil {
			b.drop(id)
			b.push(refuse(request.GetCorrelationId(), request.GetOptions().GetStreamIdentifier(), b.refusal(err)))
		}
	}
}

// take adds a part to its append and submits the append if it was the last.
func (b *batchCall) take(id uuid.UUID, request *streams.BatchAppendReq) error {
	var part []proposed
	size := 0
	for _, m := range request.GetProposedMessages() {
		p, err := proposedEvent(m.GetId(), m.GetMetadata(), m.GetCustomMetadata(), m.GetData())
		if err != nil {
			return err
		}
		part = append(part, p)
		size += p.size()
	}
	if request.GetOptions() != nil {
		if err := b.begin(id, request); err != nil {
			return err
		}
	}

	b.mu.Lock()
	a := b.unfinished[id]
	if a == nil {
		// Its deadline has passed, which was answered, or it was refused, or
		// never begun: then, as on the server, nobody waits for an answer.
		b.mu.Unlock()
		return nil
	}
	a.events = append(a.events, part...)
	if a.size += size; a.size > b.node.maxAppendSize {
		b.mu.Unlock()
		return errAppendTooLarge(b.node.maxAppendSize)
	}
	if !request.GetIsFinal() {
		b.mu.Unlock()
		return nil
	}
	delete(b.unfinished, id)
	b.mu.Unlock()
	a.timer.Stop()
	return b.submit(a)
}

// begin starts an append from the part that has its options. Options that come
// again are ignored, as by the server.
func (b *batchCall) begin(id uuid.UUID, request *streams.BatchAppendReq) error {
	stream, expected, timeout, err := batchOptions(request.GetOptions())
	if err != nil {
		return err
	}
	if timeout <= 0 {
		return context.DeadlineExceeded
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unfinished[id] != nil {
		return nil
	}
	if len(b.unfinished) == maxUnfinishedAppends {
		return invalid("%d appends of this call are not finished; finish one of them first.", maxUnfinishedAppends)
	}
	a := &batchAppend{
		id: request.GetCorrelationId(), stream: stream, expected: expected, deadline: time.Now().Add(timeout),
	}
	a.timer = time.AfterFunc(timeout, func() {
		if b.drop(id) == a {
			b.push(refuse(a.id, identifier(stream), b.refusal(context.DeadlineExceeded)))
		}
	})
	b.unfinished[id] = a
	return nil
}

func batchOptions(options *streams.BatchAppendReq_Options) (stream string, expected int64, timeout time.Duration, err error) {
	if stream, err = writableStream(options.GetStreamIdentifier()); err != nil {
		return "", 0, 0, err
	}
	switch e := options.GetExpectedStreamPosition().(type) {
	case *streams.BatchAppendReq_Options_StreamPosition:
		expected, err = expectedRevision(e.StreamPosition)
	case *streams.BatchAppendReq_Options_NoStream:
		expected = noRevision
	case *streams.BatchAppendReq_Options_Any:
		expected = expectAny
	case *streams.BatchAppendReq_Options_StreamExists:
		expected = expectStreamExists
	default:
		err = invalid("The options of an append need an expected_stream_position.")
	}
	timeout = writeTimeout
	switch d := options.GetDeadlineOption().(type) {
	case *streams.BatchAppendReq_Options_Deadline:
		if d.Deadline.CheckValid() != nil {
			return "", 0, 0, invalid("The deadline of the append is not a valid duration.")
		}
		timeout = min(timeout, d.Deadline.AsDuration())
	case *streams.BatchAppendReq_Options_Deadline_21_10_0:
		if d.Deadline_21_10_0.CheckValid() != nil {
			return "", 0, 0, invalid("The deadline of the append is not a valid time.")
		}
		timeout = min(timeout, time.Until(d.Deadline_21_10_0.AsTime()))
	}
	return stream, expected, timeout, err
}

// submit hands an append to the committer and keeps its place in the answers.
func (b *batchCall) submit(a *batchAppend) error {
	outcome := make(chan answer, 1)
	ctx, cancel := context.WithDeadline(b.call.Context(), a.deadline)
	w := &write{ctx: ctx, stream: a.stream, expected: a.expected, events: a.events, answer: outcome}
	if err := b.node.store.queue.put(ctx, w); err != nil {
		cancel()
		return err
	}
	b.push(batchAnswer{
		response: &streams.BatchAppendResp{CorrelationId: a.id, StreamIdentifier: identifier(a.stream)},
		outcome:  outcome, expected: a.expected, done: cancel,
	})
	return nil
}

// drop forgets an unfinished append, and returns it if there was one.
func (b *batchCall) drop(id uuid.UUID) *batchAppend {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.unfinished[id]
	if a != nil {
		a.timer.Stop()
		delete(b.unfinished, id)
	}
	return a
}

// push waits for a place among the unanswered: here a client that sends faster
// than the disk takes is held up.
func (b *batchCall) push(a batchAnswer) {
	select {
	case b.answers <- a:
	case <-b.call.Context().Done():
	}
}

func (b *batchCall) send(a batchAnswer) error {
	if a.outcome != nil {
		outcome := <-a.outcome
		a.done()
		switch outcome.verdict {
		case accepted:
			a.response.Result = &streams.BatchAppendResp_Success_{Success: batchSuccess(outcome)}
		case wrongRevision:
			a.response.Result = &streams.BatchAppendResp_Error{Error: batchStatus(codes.AlreadyExists, "WrongExpectedVersion", batchWrongVersion(a.expected, outcome.current))}
		case streamDeleted:
			a.response.Result = &streams.BatchAppendResp_Error{Error: batchStatus(codes.NotFound, "StreamDeleted", &shared.StreamDeleted{StreamIdentifier: a.response.StreamIdentifier})}
		default:
			a.response.Result = &streams.BatchAppendResp_Error{Error: b.refusal(outcome.err)}
		}
	}
	return b.call.Send(a.response)
}

func refuse(id *shared.UUID, stream *shared.StreamIdentifier, because *rpcstatus.Status) batchAnswer {
	return batchAnswer{response: &streams.BatchAppendResp{
		CorrelationId: id, StreamIdentifier: stream, Result: &streams.BatchAppendResp_Error{Error: because},
	}}
}

// refusal is the status, inside of the call, of an append that went wrong.
func (b *batchCall) refusal(err error) *rpcstatus.Status {
	var known *refusal
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return batchStatus(codes.DeadlineExceeded, "Timeout", &shared.Timeout{})
	case errors.As(err, &known) && known.is("maximum-append-size-exceeded"):
		return batchStatus(codes.InvalidArgument, "MaximumAppendSizeExceeded", &shared.MaximumAppendSizeExceeded{MaxAppendSize: uint32(b.node.maxAppendSize)})
	case errors.As(err, &known) && known.is("access-denied"):
		return batchStatus(codes.PermissionDenied, "AccessDenied", &shared.AccessDenied{})
	}
	if s, ok := status.FromError(err); ok {
		return batchStatus(codes.InvalidArgument, "BadRequest", &shared.BadRequest{Message: s.Message()})
	}
	return batchStatus(codes.Internal, err.Error(), &emptypb.Empty{})
}

func batchStatus(code codes.Code, message string, details proto.Message) *rpcstatus.Status {
	packed, err := anypb.New(details)
	if err != nil {
		// The details are built here, of valid parts.
		panic(err)
	}
	return &rpcstatus.Status{Code: int32(code), Message: message, Details: []*anypb.Any{packed}}
}

func batchSuccess(a answer) *streams.BatchAppendResp_Success {
	success := &streams.BatchAppendResp_Success{
		CurrentRevisionOption: &streams.BatchAppendResp_Success_NoStream{NoStream: &emptypb.Empty{}},
		PositionOption:        &streams.BatchAppendResp_Success_NoPosition{NoPosition: &emptypb.Empty{}},
	}
	if a.current != noRevision {
		success.CurrentRevisionOption = &streams.BatchAppendResp_Success_CurrentRevision{CurrentRevision: uint64(a.current)}
	}
	if a.position != 0 {
		success.PositionOption = &streams.BatchAppendResp_Success_Position{Position: &shared.AllStreamPosition{
			CommitPosition: a.position, PreparePosition: a.position,
		}}
	}
	return success
}

func batchWrongVersion(expected, current int64) *shared.WrongExpectedVersion {
	w := &shared.WrongExpectedVersion{}
	switch expected {
	case expectAny:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedAny{ExpectedAny: &emptypb.Empty{}}
	case expectStreamExists:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: &emptypb.Empty{}}
	case noRevision:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}}
	default:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{ExpectedStreamPosition: uint64(expected)}
	}
	if current == noRevision {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &emptypb.Empty{}}
	} else {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: uint64(current)}
	}
	return w
}
