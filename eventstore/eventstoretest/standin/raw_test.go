package standin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tizilim/eventstore/eventstoretest/standin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	notReady    = "Server Is Not Ready"
	noQuorum    = "Operation timed out: Commit phase timeout."
	canceled    = "Operation timed out: Request canceled by server"
	notLeader   = "Leader info available"
	nobodyLeads = -1
)

// with changes DefaultTimes. A test makes long what it does not test, so that it passes on a busy machine.
func with(change func(*standin.Times)) standin.Option {
	times := standin.DefaultTimes
	change(&times)
	return standin.WithTimes(times)
}

// leadsOn lets a leader without a quorum lead for long.
func leadsOn(times *standin.Times) { times.StepDown, times.Takeover = 5*time.Second, 6*time.Second }

// bounded returns a context that ends with the test, or earlier if the test hangs.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// toLeader returns a context whose calls require the leader.
func toLeader(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

// raw is a client of one node without the official client.
type raw struct {
	t    *testing.T
	conn *grpc.ClientConn
}

func dial(t *testing.T, n *standin.Node) raw {
	t.Helper()
	conn, err := grpc.NewClient(n.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return raw{t, conn}
}

// at is an expected revision; anyRevision and noStream beside it.
type at int64

const (
	anyRevision at = -2
	noStream    at = -1
)

// appendRequests are the options of an append, and an event per id.
func appendRequests(stream string, expected at, ids ...uuid.UUID) []*streams.AppendReq {
	options := &streams.AppendReq_Options{StreamIdentifier: identifier(stream)}
	switch expected {
	case anyRevision:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_Any{Any: &shared.Empty{}}
	case noStream:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_NoStream{NoStream: &shared.Empty{}}
	default:
		options.ExpectedStreamRevision = &streams.AppendReq_Options_Revision{Revision: uint64(expected)}
	}
	requests := []*streams.AppendReq{{Content: &streams.AppendReq_Options_{Options: options}}}
	for _, id := range ids {
		requests = append(requests, &streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{
			ProposedMessage: &streams.AppendReq_ProposedMessage{
				Id:       &shared.UUID{Value: &shared.UUID_String_{String_: id.String()}},
				Metadata: map[string]string{"type": "Happened", "content-type": "application/json"}, Data: []byte("{}"),
			},
		}})
	}
	return requests
}

// append appends an event per id.
func (r raw) append(
	ctx context.Context, stream string, expected at, ids ...uuid.UUID,
) (*streams.AppendResp, metadata.MD, error) {
	r.t.Helper()
	call, err := streams.NewStreamsClient(r.conn).Append(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, request := range appendRequests(stream, expected, ids...) {
		if err := call.Send(request); err != nil {
			break // CloseAndRecv knows why
		}
	}
	response, err := call.CloseAndRecv()
	return response, call.Trailer(), err
}

// mustAppend appends one event to Any.
func (r raw) mustAppend(ctx context.Context, stream string) uuid.UUID {
	r.t.Helper()
	id := uuid.New()
	if _, _, err := r.append(ctx, stream, anyRevision, id); err != nil {
		r.t.Fatal(err)
	}
	return id
}

func identifier(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

// request reads a stream, or with "" $all, from its start.
func request(stream string, backwards bool, count uint64) *streams.ReadReq {
	options := &streams.ReadReq_Options{
		CountOption:  &streams.ReadReq_Options_Count{Count: count},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}},
		},
	}
	all := &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
	}
	one := &streams.ReadReq_Options_StreamOptions{
		StreamIdentifier: identifier(stream),
		RevisionOption:   &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
	}
	if backwards {
		options.ReadDirection = streams.ReadReq_Options_Backwards
		all.AllOption = &streams.ReadReq_Options_AllOptions_End{End: &shared.Empty{}}
		one.RevisionOption = &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
	}
	options.StreamOption = &streams.ReadReq_Options_Stream{Stream: one}
	if stream == "" {
		options.StreamOption = &streams.ReadReq_Options_All{All: all}
	}
	return &streams.ReadReq{Options: options}
}

// read returns the ids of the events read; found is false for a stream that the
// node does not know.
func (r raw) read(
	ctx context.Context, request *streams.ReadReq,
) (ids []string, found bool, trailer metadata.MD, err error) {
	call, err := streams.NewStreamsClient(r.conn).Read(ctx, request)
	if err != nil {
		return nil, false, nil, err
	}
	for {
		m, err := call.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return ids, true, nil, nil
		case err != nil:
			return nil, false, call.Trailer(), err
		case m.GetStreamNotFound() != nil:
			return nil, false, nil, nil
		case m.GetEvent() != nil:
			ids = append(ids, m.GetEvent().GetEvent().GetId().GetString_())
		}
	}
}

// lastRevision returns the last revision of a stream, as newer clients get it.
func (r raw) lastRevision(ctx context.Context, req *streams.ReadReq) uint64 {
	r.t.Helper()
	req.Options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
	call, err := streams.NewStreamsClient(r.conn).Read(ctx, req)
	if err != nil {
		r.t.Fatal(err)
	}
	for {
		m, err := call.Recv()
		if err != nil {
			r.t.Fatalf("the end is not told: %v", err)
		}
		if last, told := m.GetContent().(*streams.ReadResp_LastStreamPosition); told {
			return last.LastStreamPosition
		}
	}
}

// shows reports a difference between what the node shows of a stream and the one event.
func (r raw) shows(ctx context.Context, stream string, id uuid.UUID) error {
	ids, _, _, err := r.read(ctx, request(stream, false, 5))
	if err == nil && !slices.Equal(ids, []string{id.String()}) {
		err = fmt.Errorf("it shows %v, not %s", ids, id)
	}
	return err
}

// subscription is an open one, confirmed.
type subscription struct {
	t    *testing.T
	call streams.Streams_ReadClient
}

// subscribe subscribes to a stream, or with "" to $all, from its start or end.
func (r raw) subscribe(ctx context.Context, stream string, fromEnd bool) subscription {
	r.t.Helper()
	req := request(stream, fromEnd, 1)
	req.Options.ReadDirection = streams.ReadReq_Options_Forwards
	req.Options.CountOption = &streams.ReadReq_Options_Subscription{
		Subscription: &streams.ReadReq_Options_SubscriptionOptions{},
	}
	call, err := streams.NewStreamsClient(r.conn).Read(ctx, req)
	if err != nil {
		r.t.Fatal(err)
	}
	s := subscription{r.t, call}
	if m, err := call.Recv(); err != nil || m.GetConfirmation() == nil {
		r.t.Fatalf("%v, %v: want a confirmation", m, err)
	}
	return s
}

// next returns the id of the next event, or the error that ends the subscription.
func (s subscription) next() (string, error) {
	for {
		m, err := s.call.Recv()
		if err != nil {
			return "", err
		}
		if e := m.GetEvent(); e != nil {
			return e.GetEvent().GetId().GetString_(), nil
		}
	}
}

func (s subscription) want(id uuid.UUID) {
	s.t.Helper()
	if got, err := s.next(); got != id.String() {
		s.t.Fatalf("event %s, %v; want %s", got, err, id)
	}
}

func wantStatus(t *testing.T, err error, code codes.Code, message string) {
	t.Helper()
	if got := status.Convert(err); got.Code() != code || got.Message() != message {
		t.Fatalf("%v, want %v %q", err, code, message)
	}
}

// wantNotLeader expects a refusal that names the node.
func wantNotLeader(t *testing.T, err error, trailer metadata.MD, leader *standin.Node) {
	t.Helper()
	wantStatus(t, err, codes.NotFound, notLeader)
	first := func(key string) string {
		if values := trailer.Get(key); len(values) > 0 {
			return values[0]
		}
		return ""
	}
	named := net.JoinHostPort(first("leader-endpoint-host"), first("leader-endpoint-port"))
	if first("exception") != "not-leader" || named != leader.Address() {
		t.Fatalf("trailers %v, want the leader %s", trailer, leader.Address())
	}
}

// members returns the states of the nodes, as the node sees them.
func (r raw) members(ctx context.Context) (states []gossip.MemberInfo_VNodeState, alive []bool) {
	r.t.Helper()
	info, err := gossip.NewGossipClient(r.conn).Read(ctx, &shared.Empty{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range info.GetMembers() {
		states, alive = append(states, m.GetState()), append(alive, m.GetIsAlive())
	}
	return states, alive
}

// eventually calls the condition until it is true.
func eventually(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !yes() {
		select {
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		case <-time.After(time.Millisecond):
		}
	}
}

// awaitCopies waits until every node has n events of the stream.
func awaitCopies(ctx context.Context, t *testing.T, c *standin.Cluster, stream string, n int) {
	t.Helper()
	for i := range 3 {
		node := dial(t, c.Node(i))
		eventually(t, "the events are copied", func() bool {
			ids, _, _, err := node.read(ctx, request(stream, false, uint64(n)))
			return err == nil && len(ids) == n
		})
	}
}

// others are the two nodes beside one.
func others(i int) (int, int) { return (i + 1) % 3, (i + 2) % 3 }
