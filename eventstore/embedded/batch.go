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

// Bounds of one BatchAppend call. maxUnfinishedBytes bounds the appends without their
// final part, and the expired ones whose answer is not sent; an append beyond it is
// refused. maxUnansweredAppends bounds the finished appends without an answer; a client
// beyond it waits.
const (
	maxUnfinishedBytes   = 64 << 20
	maxUnansweredAppends = 256
)

// Memory that is counted for an unfinished append beside the bytes of its events: for its
// timer and its map entry, and for each event.
const (
	unfinishedAppendBytes = 512
	unfinishedEventBytes  = 256
)

// writeTimeout is the longest deadline of an append in a batch, as on the server. A longer
// deadline counts as this one.
const writeTimeout = 2 * time.Second

// batchCall is one BatchAppend call. It has many appends, whose parts may be mixed. Each is
// answered by its correlation id. They are decided in the order of their final parts.
type batchCall struct {
	node *Node
	call streams.Streams_BatchAppendServer
	// answers are sent in this order.
	answers chan batchAnswer
	// receiving holds a token while a part is handled. When the node closes, it takes
	// the token: it waits for that part and keeps out all others.
	receiving chan struct{}
	// hasExpired holds a token while expired is not empty.
	hasExpired chan struct{}

	mu         sync.Mutex // guards the rest, which timers use too
	unfinished map[uuid.UUID]*batchAppend
	expired    []*batchAppend // their deadlines have passed, and their refusals are not sent
	held       int            // memory of all unfinished and expired appends, in bytes
}

// batchAppend is an append whose final part has not arrived.
type batchAppend struct {
	id       *shared.UUID // as the client sent it
	stream   string
	expected int64
	events   []proposed
	size     int // as counted for the limit of an append
	deadline time.Time
	timer    *time.Timer // nil until the append waits for a part
}

// memory returns the memory that is counted for the append while it is unfinished.
func (a *batchAppend) memory() int {
	return a.size + len(a.stream) + unfinishedAppendBytes + unfinishedEventBytes*len(a.events)
}

// batchAnswer is an answer, or the place of one that will come.
type batchAnswer struct {
	response *streams.BatchAppendResp
	outcome  <-chan answer // completes the response; nil if it is complete
	expected int64         // revision that the append expects
}

func (s *streamsService) BatchAppend(call streams.Streams_BatchAppendServer) error {
	b := &batchCall{
		node: s.node, call: call,
		answers:    make(chan batchAnswer, maxUnansweredAppends),
		receiving:  make(chan struct{}, 1),
		hasExpired: make(chan struct{}, 1),
		unfinished: make(map[uuid.UUID]*batchAppend),
	}
	defer b.stopTimers()
	received := make(chan error, 1)
	go func() { received <- b.receive() }()
	closing, idle := s.node.closing, chan<- struct{}(nil)
	for {
		select {
		case a := <-b.answers:
			if err := b.send(a); err != nil {
				return err
			}
		case <-b.hasExpired:
			if err := b.sendExpired(); err != nil {
				return err
			}
		case err := <-received:
			return b.finish(err)
		case <-closing:
			// The part that is being handled gets its answer too.
			closing, idle = nil, b.receiving
		case idle <- struct{}{}:
			return b.finish(errClosing)
		}
	}
}

// finish sends the remaining answers and ends the call with the error.
func (b *batchCall) finish(end error) error {
	for {
		select {
		case a := <-b.answers:
			if err := b.send(a); err != nil {
				return err
			}
		default:
			return cmp.Or(b.sendExpired(), end)
		}
	}
}

// sendExpired refuses the appends whose deadlines have passed.
func (b *batchCall) sendExpired() error {
	for a := b.nextExpired(); a != nil; a = b.nextExpired() {
		if err := b.send(b.refuse(a.id, identifier(a.stream), context.DeadlineExceeded)); err != nil {
			return err
		}
	}
	return nil
}

func (b *batchCall) nextExpired() *batchAppend {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.expired) == 0 {
		return nil
	}
	a := b.expired[0]
	b.expired = b.expired[1:]
	b.held -= a.memory()
	return a
}

// stopTimers stops the timers of the unfinished appends.
func (b *batchCall) stopTimers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, a := range b.unfinished {
		a.timer.Stop()
		delete(b.unfinished, id)
	}
}

// receive handles the parts until the client has no more.
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
		case b.receiving <- struct{}{}:
		case <-b.call.Context().Done():
			return b.call.Context().Err()
		}
		b.addPart(request)
		<-b.receiving
	}
}

// addPart adds a part to its append, and submits the append if the part is the last.
func (b *batchCall) addPart(request *streams.BatchAppendReq) {
	id, err := eventID(request.GetCorrelationId())
	if err != nil {
		err = invalid("The append needs a correlation_id that is a UUID.")
		b.enqueue(b.refuse(request.GetCorrelationId(), request.GetOptions().GetStreamIdentifier(), err))
		return
	}
	// Options in a later part are ignored, as by the server.
	a := b.resume(id)
	if a == nil {
		if request.GetOptions() == nil {
			// The append was refused, or has expired, and this was answered; or it
			// never began. There is no answer now: clients fail on an answer that
			// they do not expect.
			return
		}
		if a, err = beginBatchAppend(request); err != nil {
			b.enqueue(b.refuse(request.GetCorrelationId(), request.GetOptions().GetStreamIdentifier(), err))
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
		b.enqueue(b.refuse(a.id, identifier(a.stream), err))
	}
}

// beginBatchAppend begins an append with the part that has its options.
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

// add adds the events of a part.
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
	if b.held+a.memory() > maxUnfinishedBytes {
		return invalid("The unfinished appends of this call hold more than %d MiB; finish one of them first.",
			maxUnfinishedBytes>>20)
	}
	b.held += a.memory()
	b.unfinished[id] = a
	a.timer = time.AfterFunc(time.Until(a.deadline), func() { b.expire(id, a) })
	return nil
}

// resume removes a suspended append and returns it; nil if there is none with the id. The
// append does not expire while the caller has it.
func (b *batchCall) resume(id uuid.UUID) *batchAppend {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.unfinished[id]
	if a != nil {
		a.timer.Stop()
		b.held -= a.memory()
		delete(b.unfinished, id)
	}
	return a
}

// expire ends the wait of an append whose deadline has passed. It does not send the answer
// itself: for a client that reads no answers, each expired append would block a
// goroutine.
func (b *batchCall) expire(id uuid.UUID, a *batchAppend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unfinished[id] != a {
		return
	}
	delete(b.unfinished, id)
	b.held -= a.memory()
	a.events, a.size = nil, 0
	b.held += a.memory()
	b.expired = append(b.expired, a)
	select {
	case b.hasExpired <- struct{}{}:
	default:
	}
}

func batchOptions(
	options *streams.BatchAppendReq_Options,
) (stream string, expected int64, timeout time.Duration, err error) {
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

// submit queues an append for the committer and reserves its place among the answers.
func (b *batchCall) submit(a *batchAppend) error {
	outcome := make(chan answer, 1)
	w := &write{
		ctx: b.call.Context(), deadline: a.deadline,
		stream: a.stream, expected: a.expected, events: a.events, answer: outcome,
	}
	if err := b.node.store.submit(w); err != nil {
		return err
	}
	b.enqueue(batchAnswer{
		response: &streams.BatchAppendResp{CorrelationId: a.id, StreamIdentifier: identifier(a.stream)},
		outcome:  outcome, expected: a.expected,
	})
	return nil
}

// enqueue adds an answer. It blocks while there are maxUnansweredAppends, which slows down
// a client that sends faster than the disk can write.
func (b *batchCall) enqueue(a batchAnswer) {
	select {
	case b.answers <- a:
	case <-b.call.Context().Done():
	}
}

func (b *batchCall) send(a batchAnswer) error {
	if a.outcome != nil {
		outcome, err := b.node.store.await(b.call.Context(), a.outcome)
		if err != nil {
			outcome = answer{verdict: failed, err: err}
		}
		switch outcome.verdict {
		case accepted:
			a.response.Result = &streams.BatchAppendResp_Success_{Success: batchSuccess(outcome)}
		case wrongRevision:
			a.response.Result = &streams.BatchAppendResp_Error{Error: batchStatus(
				codes.AlreadyExists, "WrongExpectedVersion", batchWrongRevision(a.expected, outcome.current),
			)}
		case streamDeleted:
			a.response.Result = &streams.BatchAppendResp_Error{Error: batchStatus(
				codes.NotFound, "StreamDeleted", &shared.StreamDeleted{StreamIdentifier: a.response.StreamIdentifier},
			)}
		default:
			a.response.Result = &streams.BatchAppendResp_Error{Error: b.refusal(outcome.err)}
		}
	}
	return b.call.Send(a.response)
}

// refuse returns the answer to an append that was not decided.
func (b *batchCall) refuse(id *shared.UUID, stream *shared.StreamIdentifier, err error) batchAnswer {
	return batchAnswer{response: &streams.BatchAppendResp{
		CorrelationId: id, StreamIdentifier: stream, Result: &streams.BatchAppendResp_Error{Error: b.refusal(err)},
	}}
}

// refusal returns the status of a failed append.
func (b *batchCall) refusal(err error) *rpcstatus.Status {
	var known *refusal
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return batchStatus(codes.DeadlineExceeded, "Timeout", &shared.Timeout{})
	case errors.As(err, &known) && known.is("maximum-append-size-exceeded"):
		return batchStatus(
			codes.InvalidArgument, "MaximumAppendSizeExceeded",
			&shared.MaximumAppendSizeExceeded{MaxAppendSize: uint32(maxAppendSize)},
		)
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
		panic(err) // the details are always valid
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

func batchWrongRevision(expected, current int64) *shared.WrongExpectedVersion {
	w := &shared.WrongExpectedVersion{}
	switch expected {
	case expectAny:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedAny{ExpectedAny: &emptypb.Empty{}}
	case expectStreamExists:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamExists{
			ExpectedStreamExists: &emptypb.Empty{},
		}
	case noRevision:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}}
	default:
		w.ExpectedStreamPositionOption = &shared.WrongExpectedVersion_ExpectedStreamPosition{
			ExpectedStreamPosition: uint64(expected),
		}
	}
	if current == noRevision {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentNoStream{CurrentNoStream: &emptypb.Empty{}}
	} else {
		w.CurrentStreamRevisionOption = &shared.WrongExpectedVersion_CurrentStreamRevision{
			CurrentStreamRevision: uint64(current),
		}
	}
	return w
}
