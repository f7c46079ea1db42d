package embedded

import (
	"cmp"
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

// Bounds of one BatchAppend call: what it may hold of appends that it has not
// finished sending, or not in time and has not taken the answer of, in bytes,
// and how many it may have sent that are not answered yet. A client over the
// first is refused the append; one over the second waits.
const (
	maxUnfinishedBytes   = 64 << 20
	maxUnansweredAppends = 256
)

// What is counted for an unfinished append besides its events' own bytes: its
// timer and its place, and the parts of each event.
const (
	unfinishedAppendBytes = 512
	unfinishedEventBytes  = 256
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
	// taking holds a token while a part is taken in, so that the end of the
	// node can wait for it, and keep all others out.
	taking chan struct{}
	// overdue holds a token while late is not empty.
	overdue chan struct{}

	mu         sync.Mutex // guards the rest: deadlines pass at any time
	unfinished map[uuid.UUID]*batchAppend
	late       []*batchAppend // to be refused: their deadlines have passed
	held       int            // bytes of all that is unfinished or late
}

// batchAppend is an append of which the final part has not arrived.
type batchAppend struct {
	id       *shared.UUID // as the client sent it
	stream   string
	expected int64
	events   []proposed
	size     int // as in the limit of an append
	deadline time.Time
	timer    *time.Timer // nil until the append has had to wait
}

// held is how much memory the append is counted as while it is unfinished.
func (a *batchAppend) held() int {
	return a.size + len(a.stream) + unfinishedAppendBytes + unfinishedEventBytes*len(a.events)
}

// batchAnswer is an answer, or a place for one.
type batchAnswer struct {
	response *streams.BatchAppendResp
	outcome  <-chan answer // completes the response, nil if it is complete
	expected int64         // by the append whose outcome it is
}

func (s *streamsService) BatchAppend(call streams.Streams_BatchAppendServer) error {
	b := &batchCall{
		node: s.node, call: call,
		answers:    make(chan batchAnswer, maxUnansweredAppends),
		taking:     make(chan struct{}, 1),
		overdue:    make(chan struct{}, 1),
		unfinished: make(map[uuid.UUID]*batchAppend),
	}
	defer b.forget()
	received := make(chan error, 1)
	go func() { received <- b.receive() }()
	closing, idle := s.node.closing, chan<- struct{}(nil)
	for {
		select {
		case a := <-b.answers:
			if err := b.send(a); err != nil {
				return err
			}
		case <-b.overdue:
			if err := b.sendLate(); err != nil {
				return err
			}
		case err := <-received:
			return b.finish(err)
		case <-closing:
			// What is being taken in gets its answer too.
			closing, idle = nil, b.taking
		case idle <- struct{}{}:
			return b.finish(errClosing)
		}
	}
}

// finish sends what is still to be answered, and ends the call as told.
func (b *batchCall) finish(end error) error {
	for {
		select {
		case a := <-b.answers:
			if err := b.send(a); err != nil {
				return err
			}
		default:
			return cmp.Or(b.sendLate(), end)
		}
	}
}

// sendLate refuses the appends of which the deadline has passed.
func (b *batchCall) sendLate() error {
	for a := b.takeLate(); a != nil; a = b.takeLate() {
		if err := b.send(b.refuse(a.id, identifier(a.stream), context.DeadlineExceeded)); err != nil {
			return err
		}
	}
	return nil
}

func (b *batchCall) takeLate() *batchAppend {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.late) == 0 {
		return nil
	}
	a := b.late[0]
	b.late = b.late[1:]
	b.held -= a.held()
	return a
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
		select {
		case b.taking <- struct{}{}:
		case <-b.call.Context().Done():
			return b.call.Context().Err()
		}
		b.take(request)
		<-b.taking
	}
}

// take adds a part to its append, and submits the append if it was the last.
func (b *batchCall) take(request *streams.BatchAppendReq) {
	id, err := eventID(request.GetCorrelationId())
	if err != nil {
		err = invalid("The append needs a correlation_id that is a UUID.")
		b.push(b.refuse(request.GetCorrelationId(), request.GetOptions().GetStreamIdentifier(), err))
		return
	}
	// Options that come again are ignored, as by the server.
	a := b.resume(id)
	if a == nil {
		if request.GetOptions() == nil {
			// The append was refused, or its deadline has passed, which was
			// answered, or it never began: nobody waits for an answer. Clients
			// fail on one that they do not wait for.
			return
		}
		if a, err = beginBatchAppend(request); err != nil {
			b.push(b.refuse(request.GetCorrelationId(), request.GetOptions().GetStreamIdentifier(), err))
			return
		}
	}
	err = a.add(request.GetProposedMessages(), maxAppendSize)
	switch {
	case err != nil:
	case request.GetIsFinal():
		err = b.submit(a)
	default:
		err = b.suspend(id, a)
	}
	if err != nil {
		b.push(b.refuse(a.id, identifier(a.stream), err))
	}
}

// beginBatchAppend starts an append from the part that has its options.
func beginBatchAppend(request *streams.BatchAppendReq) (*batchAppend, error) {
	stream, expected, timeout, err := batchOptions(request.GetOptions())
	if err != nil {
		return nil, err
	}
	if timeout <= 0 {
		return nil, context.DeadlineExceeded
	}
	return &batchAppend{
		id: request.GetCorrelationId(), stream: stream, expected: expected, deadline: time.Now().Add(timeout),
	}, nil
}

// add puts the events of a part behind those of the parts before.
func (a *batchAppend) add(messages []*streams.BatchAppendReq_ProposedMessage, limit int) error {
	for _, m := range messages {
		p, err := proposedEvent(m.GetId(), m.GetMetadata(), m.GetCustomMetadata(), m.GetData())
		if err != nil {
			return err
		}
		if a.size += p.size(); a.size > limit {
			return errAppendTooLarge(limit)
		}
		a.events = append(a.events, p)
	}
	return nil
}

// suspend keeps an append until its next part arrives or its deadline passes.
func (b *batchCall) suspend(id uuid.UUID, a *batchAppend) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held+a.held() > maxUnfinishedBytes {
		return invalid("The unfinished appends of this call hold more than %d MiB; finish one of them first.", maxUnfinishedBytes>>20)
	}
	b.held += a.held()
	b.unfinished[id] = a
	a.timer = time.AfterFunc(time.Until(a.deadline), func() { b.expire(id, a) })
	return nil
}

// resume takes an append out of what is suspended, nil if it is not there. Its
// deadline does not pass while the caller has it.
func (b *batchCall) resume(id uuid.UUID) *batchAppend {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.unfinished[id]
	if a != nil {
		a.timer.Stop()
		b.held -= a.held()
		delete(b.unfinished, id)
	}
	return a
}

// expire ends the wait of an append. It does not wait for the client to take
// the answer: a client that takes none would be waited for by as many as it
// likes.
func (b *batchCall) expire(id uuid.UUID, a *batchAppend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unfinished[id] != a {
		return
	}
	delete(b.unfinished, id)
	b.held -= a.held()
	a.events, a.size = nil, 0
	b.held += a.held()
	b.late = append(b.late, a)
	select {
	case b.overdue <- struct{}{}:
	default:
	}
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
	w := &write{
		ctx: b.call.Context(), deadline: a.deadline,
		stream: a.stream, expected: a.expected, events: a.events, answer: outcome,
	}
	if err := b.node.store.queue.put(w.ctx, w); err != nil {
		return err
	}
	b.push(batchAnswer{
		response: &streams.BatchAppendResp{CorrelationId: a.id, StreamIdentifier: identifier(a.stream)},
		outcome:  outcome, expected: a.expected,
	})
	return nil
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

// refuse is the answer to an append that was not decided.
func (b *batchCall) refuse(id *shared.UUID, stream *shared.StreamIdentifier, err error) batchAnswer {
	return batchAnswer{response: &streams.BatchAppendResp{
		CorrelationId: id, StreamIdentifier: stream, Result: &streams.BatchAppendResp_Error{Error: b.refusal(err)},
	}}
}

// refusal is the status, inside of the call, of an append that went wrong.
func (b *batchCall) refusal(err error) *rpcstatus.Status {
	var known *refusal
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return batchStatus(codes.DeadlineExceeded, "Timeout", &shared.Timeout{})
	case errors.As(err, &known) && known.is("maximum-append-size-exceeded"):
		return batchStatus(codes.InvalidArgument, "MaximumAppendSizeExceeded", &shared.MaximumAppendSizeExceeded{MaxAppendSize: uint32(maxAppendSize)})
	case errors.As(err, &known) && known.is("access-denied"):
		return batchStatus(codes.PermissionDenied, "AccessDenied", &shared.AccessDenied{})
	}
	switch s, ok := status.FromError(err); {
	case !ok:
	case s.Code() == codes.InvalidArgument:
		return batchStatus(codes.InvalidArgument, "BadRequest", &shared.BadRequest{Message: s.Message()})
	default:
		return batchStatus(s.Code(), s.Message(), &emptypb.Empty{})
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
