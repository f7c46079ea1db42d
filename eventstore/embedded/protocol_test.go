package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// wire is a client that can send any message, also those that the official client cannot send.
type wire struct {
	*testing.T
	ctx     context.Context
	conn    *grpc.ClientConn
	streams streams.StreamsClient
}

func dial(t *testing.T, node *embedded.Node) *wire {
	t.Helper()
	conn, err := grpc.NewClient(node.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return &wire{T: t, ctx: ctx, conn: conn, streams: streams.NewStreamsClient(conn)}
}

func named(stream string) *shared.StreamIdentifier {
	return &shared.StreamIdentifier{StreamName: []byte(stream)}
}

func textID(id string) *shared.UUID { return &shared.UUID{Value: &shared.UUID_String_{String_: id}} }

func message(data string) *streams.AppendReq_ProposedMessage {
	return &streams.AppendReq_ProposedMessage{
		Id: textID(uuid.NewString()), Data: []byte(data),
		Metadata: map[string]string{"type": "T", "content-type": "application/json"},
	}
}

func toStream(name string) *streams.AppendReq_Options {
	return &streams.AppendReq_Options{
		StreamIdentifier:       named(name),
		ExpectedStreamRevision: &streams.AppendReq_Options_Any{Any: &shared.Empty{}},
	}
}

// append sends options and messages unchanged and returns the answer.
func (w *wire) append(
	options *streams.AppendReq_Options, messages ...*streams.AppendReq_ProposedMessage,
) (*streams.AppendResp, metadata.MD, error) {
	w.Helper()
	var trailers metadata.MD
	call, err := w.streams.Append(w.ctx, grpc.Trailer(&trailers))
	if err != nil {
		w.Fatal(err)
	}
	requests := []*streams.AppendReq{{Content: &streams.AppendReq_Options_{Options: options}}}
	for _, m := range messages {
		requests = append(requests, &streams.AppendReq{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: m}})
	}
	for _, r := range requests {
		if err := call.Send(r); err != nil && !errors.Is(err, io.EOF) {
			w.Fatal(err)
		}
	}
	response, err := call.CloseAndRecv()
	return response, trailers, err
}

// read sends the request and returns all answers.
func (w *wire) read(request *streams.ReadReq) ([]*streams.ReadResp, metadata.MD, error) {
	w.Helper()
	var trailers metadata.MD
	call, err := w.streams.Read(w.ctx, request, grpc.Trailer(&trailers))
	if err != nil {
		w.Fatal(err)
	}
	var list []*streams.ReadResp
	for {
		r, err := call.Recv()
		if errors.Is(err, io.EOF) {
			return list, trailers, nil
		}
		if err != nil {
			return list, trailers, err
		}
		list = append(list, r)
	}
}

// readRequest is a valid read of a stream, for tests to change.
func readRequest(stream string) *streams.ReadReq {
	return &streams.ReadReq{Options: &streams.ReadReq_Options{
		StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
			StreamIdentifier: named(stream),
			RevisionOption:   &streams.ReadReq_Options_StreamOptions_Start{Start: &shared.Empty{}},
		}},
		CountOption:  &streams.ReadReq_Options_Count{Count: math.MaxUint64},
		FilterOption: &streams.ReadReq_Options_NoFilter{NoFilter: &shared.Empty{}},
		UuidOption: &streams.ReadReq_Options_UUIDOption{
			Content: &streams.ReadReq_Options_UUIDOption_Structured{Structured: &shared.Empty{}},
		},
	}}
}

func filteredRequest(filter *streams.ReadReq_Options_FilterOptions) *streams.ReadReq {
	r := readRequest("")
	r.Options.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
		AllOption: &streams.ReadReq_Options_AllOptions_Start{Start: &shared.Empty{}},
	}}
	r.Options.CountOption = &streams.ReadReq_Options_Subscription{
		Subscription: &streams.ReadReq_Options_SubscriptionOptions{},
	}
	r.Options.FilterOption = &streams.ReadReq_Options_Filter{Filter: filter}
	return r
}

func validFilter() *streams.ReadReq_Options_FilterOptions {
	return &streams.ReadReq_Options_FilterOptions{
		Filter: &streams.ReadReq_Options_FilterOptions_EventType{
			EventType: &streams.ReadReq_Options_FilterOptions_Expression{Prefix: []string{"T"}},
		},
		Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 32},
		CheckpointIntervalMultiplier: 1,
	}
}

func TestAMalformedRequestIsAnInvalidArgument(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	with := func(change func(*streams.ReadReq_Options)) func() error {
		r := readRequest("s")
		change(r.Options)
		return func() error { _, _, err := w.read(r); return err }
	}
	filtered := func(change func(*streams.ReadReq_Options_FilterOptions)) func() error {
		f := validFilter()
		change(f)
		return func() error { _, _, err := w.read(filteredRequest(f)); return err }
	}
	position := func(commit, prepare uint64) func(*streams.ReadReq_Options) {
		return func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
				AllOption: &streams.ReadReq_Options_AllOptions_Position{
					Position: &streams.ReadReq_Options_Position{CommitPosition: commit, PreparePosition: prepare},
				},
			}}
		}
	}
	appended := func(options *streams.AppendReq_Options, messages ...*streams.AppendReq_ProposedMessage) func() error {
		return func() error { _, _, err := w.append(options, messages...); return err }
	}
	withMessage := func(change func(*streams.AppendReq_ProposedMessage)) func() error {
		m := message("{}")
		change(m)
		return appended(toStream("s"), m)
	}

	for name, call := range map[string]func() error{
		"append without options": appended(nil),
		"append without stream": appended(
			&streams.AppendReq_Options{ExpectedStreamRevision: toStream("s").ExpectedStreamRevision},
		),
		"append to an empty stream name": appended(toStream("")),
		"append to invalid UTF-8":        appended(toStream("a\xff")),
		"append to a very long name":     appended(toStream(strings.Repeat("n", 5000))),
		"append to $$":                   appended(toStream("$$")),
		"append to metadata of metadata": appended(toStream("$$$$s")),
		"append without expectation":     appended(&streams.AppendReq_Options{StreamIdentifier: named("s")}),
		"append at an impossible revison": appended(&streams.AppendReq_Options{
			StreamIdentifier:       named("s"),
			ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: math.MaxUint64 - 1},
		}),
		"append of a nil message":         appended(toStream("s"), nil),
		"event without id":                withMessage(func(m *streams.AppendReq_ProposedMessage) { m.Id = nil }),
		"event with an empty id":          withMessage(func(m *streams.AppendReq_ProposedMessage) { m.Id = &shared.UUID{} }),
		"event with a text that is no id": withMessage(func(m *streams.AppendReq_ProposedMessage) { m.Id = textID("no") }),
		"event with the nil id": withMessage(
			func(m *streams.AppendReq_ProposedMessage) { m.Id = textID(uuid.Nil.String()) },
		),
		"event without metadata":   withMessage(func(m *streams.AppendReq_ProposedMessage) { m.Metadata = nil }),
		"event without type":       withMessage(func(m *streams.AppendReq_ProposedMessage) { delete(m.Metadata, "type") }),
		"event with an empty type": withMessage(func(m *streams.AppendReq_ProposedMessage) { m.Metadata["type"] = "" }),
		"event without content type": withMessage(
			func(m *streams.AppendReq_ProposedMessage) { delete(m.Metadata, "content-type") },
		),
		"append of options twice": func() error {
			call, err := w.streams.Append(w.ctx)
			if err != nil {
				return err
			}
			for range 2 {
				_ = call.Send(&streams.AppendReq{Content: &streams.AppendReq_Options_{Options: toStream("s")}})
			}
			_, err = call.CloseAndRecv()
			return err
		},
		"append of nothing at all": func() error {
			call, err := w.streams.Append(w.ctx)
			if err != nil {
				return err
			}
			_, err = call.CloseAndRecv()
			return err
		},
		"read without options":         func() error { _, _, err := w.read(&streams.ReadReq{}); return err },
		"read of nothing":              with(func(o *streams.ReadReq_Options) { o.StreamOption = nil }),
		"read of an empty stream name": with(func(o *streams.ReadReq_Options) { o.GetStream().StreamIdentifier = nil }),
		"read from nowhere":            with(func(o *streams.ReadReq_Options) { o.GetStream().RevisionOption = nil }),
		"read from too far": with(func(o *streams.ReadReq_Options) {
			o.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: 1 << 63}
		}),
		"read of $all from nowhere": with(func(o *streams.ReadReq_Options) {
			o.StreamOption = &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{}}
		}),
		"read of $all, prepare after":    with(position(5, 6)),
		"read of $all from too far":      with(position(1<<63, 0)),
		"read without uuid option":       with(func(o *streams.ReadReq_Options) { o.UuidOption = nil }),
		"read with an empty uuid option": with(func(o *streams.ReadReq_Options) { o.UuidOption.Content = nil }),
		"read without count":             with(func(o *streams.ReadReq_Options) { o.CountOption = nil }),
		"read of no events": with(
			func(o *streams.ReadReq_Options) { o.CountOption = &streams.ReadReq_Options_Count{} },
		),
		"read in a third direction":  with(func(o *streams.ReadReq_Options) { o.ReadDirection = 2 }),
		"read without filter option": with(func(o *streams.ReadReq_Options) { o.FilterOption = nil }),
		"filter on a stream": with(func(o *streams.ReadReq_Options) {
			o.FilterOption = &streams.ReadReq_Options_Filter{Filter: validFilter()}
		}),
		"subscription backwards": with(func(o *streams.ReadReq_Options) {
			o.CountOption, o.ReadDirection = &streams.ReadReq_Options_Subscription{}, streams.ReadReq_Options_Backwards
		}),
		"filter of nothing": filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.Filter = nil }),
		"filter by a broken regex": filtered(
			func(f *streams.ReadReq_Options_FilterOptions) { f.GetEventType().Regex = "(" },
		),
		"filter with lookahead": filtered(
			func(f *streams.ReadReq_Options_FilterOptions) { f.GetEventType().Regex = "^(?!x)" },
		),
		"filter by a very long regex": filtered(
			func(f *streams.ReadReq_Options_FilterOptions) { f.GetEventType().Regex = strings.Repeat("x", 5000) },
		),
		"filter without window": filtered(func(f *streams.ReadReq_Options_FilterOptions) { f.Window = nil }),
		"filter with an empty window": filtered(func(f *streams.ReadReq_Options_FilterOptions) {
			f.Window = &streams.ReadReq_Options_FilterOptions_Max{}
		}),
		"filter without checkpoints": filtered(
			func(f *streams.ReadReq_Options_FilterOptions) { f.CheckpointIntervalMultiplier = 0 },
		),
		"delete without options": func() error { _, err := w.streams.Delete(w.ctx, &streams.DeleteReq{}); return err },
		"tombstone without options": func() error {
			_, err := w.streams.Tombstone(
				w.ctx, &streams.TombstoneReq{},
			)
			return err
		},
		"tombstone of stream metadata": func() error {
			_, err := w.streams.Tombstone(w.ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
				StreamIdentifier: named("$$s"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
			}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := call()
			s, _ := status.FromError(err)
			if s.Code() != codes.InvalidArgument || len(s.Message()) < 10 {
				t.Fatalf("%v, want InvalidArgument and a sentence", err)
			}
		})
	}
}

func TestAWriteToAllIsDenied(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	_, trailers, err := w.append(toStream("$all"), message("{}"))
	if status.Code(err) != codes.PermissionDenied || trailers.Get("exception")[0] != "access-denied" {
		t.Fatalf("%v %v, want access denied", err, trailers)
	}
}

func TestAWrongExpectedVersionHasTheFieldsOfBothGenerations(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	if _, _, err := w.append(toStream("there"), message("{}"), message("{}")); err != nil {
		t.Fatal(err)
	}
	type answer = streams.AppendResp_WrongExpectedVersion
	empty := &shared.Empty{}
	for name, c := range map[string]struct {
		stream   string
		expected *streams.AppendReq_Options
		want     *answer
	}{
		"no stream expected, one there": {"there", &streams.AppendReq_Options{
			ExpectedStreamRevision: &streams.AppendReq_Options_NoStream{NoStream: empty},
		}, &answer{
			CurrentRevisionOption:        &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: 1},
			CurrentRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: 1},
			ExpectedRevisionOption:       &streams.AppendResp_WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: empty},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{
				ExpectedRevision_20_6_0: math.MaxUint64,
			},
		}},
		"a stream expected, none there": {"absent", &streams.AppendReq_Options{
			ExpectedStreamRevision: &streams.AppendReq_Options_StreamExists{StreamExists: empty},
		}, &answer{
			CurrentRevisionOption:         &streams.AppendResp_WrongExpectedVersion_CurrentNoStream{CurrentNoStream: empty},
			CurrentRevisionOption_20_6_0:  &streams.AppendResp_WrongExpectedVersion_NoStream_20_6_0{NoStream_20_6_0: empty},
			ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedStreamExists{ExpectedStreamExists: empty},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_StreamExists_20_6_0{StreamExists_20_6_0: empty},
		}},
		"another revision expected": {"there", &streams.AppendReq_Options{
			ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: 7},
		}, &answer{
			CurrentRevisionOption:         &streams.AppendResp_WrongExpectedVersion_CurrentRevision{CurrentRevision: 1},
			CurrentRevisionOption_20_6_0:  &streams.AppendResp_WrongExpectedVersion_CurrentRevision_20_6_0{CurrentRevision_20_6_0: 1},
			ExpectedRevisionOption:        &streams.AppendResp_WrongExpectedVersion_ExpectedRevision{ExpectedRevision: 7},
			ExpectedRevisionOption_20_6_0: &streams.AppendResp_WrongExpectedVersion_ExpectedRevision_20_6_0{ExpectedRevision_20_6_0: 7},
		}},
	} {
		c.expected.StreamIdentifier = named(c.stream)
		response, _, err := w.append(c.expected, message("{}"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, response.GetWrongExpectedVersion(), protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestErrorsHaveTheTrailersThatClientsUse(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	if _, err := w.streams.Tombstone(w.ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
		StreamIdentifier: named("gone"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
	}}); err != nil {
		t.Fatal(err)
	}
	large := message(strings.Repeat("x", 1<<20))
	untyped := message("{}")
	delete(untyped.Metadata, "content-type")
	for name, c := range map[string]struct {
		call func() (metadata.MD, error)
		code codes.Code
		want map[string]string
	}{
		"append to a tombstoned stream": {
			func() (metadata.MD, error) { _, md, err := w.append(toStream("gone"), message("{}")); return md, err },
			codes.FailedPrecondition, map[string]string{"exception": "stream-deleted", "stream-name": "gone"},
		},
		"read of a tombstoned stream": {
			func() (metadata.MD, error) { _, md, err := w.read(readRequest("gone")); return md, err },
			codes.FailedPrecondition, map[string]string{"exception": "stream-deleted", "stream-name": "gone"},
		},
		"append over the limit": {
			func() (metadata.MD, error) { _, md, err := w.append(toStream("s"), large); return md, err },
			codes.InvalidArgument, map[string]string{
				"exception": "maximum-append-size-exceeded", "maximum-append-size": "1048576",
			},
		},
		"event without content type": {
			func() (metadata.MD, error) { _, md, err := w.append(toStream("s"), untyped); return md, err },
			codes.InvalidArgument, map[string]string{
				"exception": "missing-required-metadata-property", "required-metadata-properties": "type,content-type",
			},
		},
		"delete at another revision": {
			func() (metadata.MD, error) {
				var md metadata.MD
				_, err := w.streams.Delete(w.ctx, &streams.DeleteReq{Options: &streams.DeleteReq_Options{
					StreamIdentifier: named("тізілім"), ExpectedStreamRevision: &streams.DeleteReq_Options_Revision{Revision: 4},
				}}, grpc.Trailer(&md))
				return md, err
			},
			codes.FailedPrecondition, map[string]string{
				"exception": "wrong-expected-version", "expected-version": "4", "actual-version": "-1",
			},
		},
	} {
		md, err := c.call()
		if status.Code(err) != c.code {
			t.Errorf("%s: %v, want %v", name, err, c.code)
		}
		for key, want := range c.want {
			if got := md.Get(key); len(got) != 1 || got[0] != want {
				t.Errorf("%s: trailer %s is %q, want %q", name, key, got, want)
			}
		}
	}
}

func TestIDsHaveTheRequestedForm(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	id := uuid.New()
	m := message("{}")
	m.Id = textID(id.String())
	if _, _, err := w.append(toStream("s"), m); err != nil {
		t.Fatal(err)
	}
	request := readRequest("s")
	structured, _, err := w.read(request)
	if err != nil {
		t.Fatal(err)
	}
	parts := structured[0].GetEvent().GetEvent().GetId().GetStructured()
	if got, err := esdb.ParseUUIDFromInt64(
		parts.GetMostSignificantBits(), parts.GetLeastSignificantBits(),
	); err != nil || got != id {
		t.Errorf("structured %v, want %v", got, id)
	}
	request.Options.UuidOption.Content = &streams.ReadReq_Options_UUIDOption_String_{String_: &shared.Empty{}}
	text, _, err := w.read(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := text[0].GetEvent().GetEvent().GetId().GetString_(); got != id.String() {
		t.Errorf("text %q, want %q", got, id)
	}
}

func TestNewerClientsGetTheFirstAndLastRevision(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	var list []*streams.AppendReq_ProposedMessage
	for range 60 {
		list = append(list, message("{}"))
	}
	if _, _, err := w.append(toStream("s"), list...); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.append(toStream("$$s"), message(`{"$tb":50}`)); err != nil {
		t.Fatal(err)
	}
	request := readRequest("s")
	old, _, err := w.read(request)
	if err != nil || len(old) != 10 {
		t.Fatalf("%d answers, %v, want 10 events only: older clients fail on anything else", len(old), err)
	}
	request.Options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
	answers, _, err := w.read(request)
	if err != nil || len(answers) != 12 {
		t.Fatalf("%d answers, %v, want 12", len(answers), err)
	}
	if first := answers[0]; first.GetFirstStreamPosition() != 50 {
		t.Errorf("%v, want the first position, 50", first)
	}
	if last := answers[11]; last.GetLastStreamPosition() != 59 {
		t.Errorf("%v, want the last position, 59", last)
	}
}

func TestGossipShowsAClusterOfOneNode(t *testing.T) {
	node := start(t, "", embedded.InMemory())
	info, err := gossip.NewGossipClient(dial(t, node).conn).Read(context.Background(), &shared.Empty{})
	if err != nil || len(info.Members) != 1 ||
		info.Members[0].State != gossip.MemberInfo_Leader || !info.Members[0].IsAlive {
		t.Fatalf("%v, %v, want one leader", info, err)
	}
	client := eventstoretest.Connect(t, strings.Replace(node.ConnectionString(), "esdb://", "esdb+discover://", 1))
	version, err := client.GetServerVersion()
	if err != nil || version.Major != 24 {
		t.Fatalf("%v, %v, want version 24", version, err)
	}
}

func TestAbsentServicesAreUnimplemented(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	err := client.CreatePersistentSubscription(context.Background(), "s", "g", esdb.PersistentStreamSubscriptionOptions{})
	var e *esdb.Error
	if !errors.As(err, &e) || e.Code() != esdb.ErrorCodeUnsupportedFeature || !strings.Contains(
		err.Error(), "Persistent subscriptions are not part of",
	) {
		t.Fatalf("%v, want it unsupported, in a sentence", err)
	}
}

// batch is a BatchAppend call.
type batch struct {
	*wire
	call streams.Streams_BatchAppendClient
}

func (w *wire) batch() *batch {
	w.Helper()
	call, err := w.streams.BatchAppend(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	return &batch{w, call}
}

func (b *batch) send(r *streams.BatchAppendReq) {
	b.Helper()
	if err := b.call.Send(r); err != nil {
		b.Fatal(err)
	}
}

func (b *batch) receive() *streams.BatchAppendResp {
	b.Helper()
	r, err := b.call.Recv()
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func batched(data string) *streams.BatchAppendReq_ProposedMessage {
	m := message(data)
	return &streams.BatchAppendReq_ProposedMessage{Id: m.Id, Data: m.Data, Metadata: m.Metadata}
}

func TestABatchAppendIsAnsweredByItsCorrelationID(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	b := w.batch()
	one, two := textID(uuid.NewString()), textID(uuid.NewString())
	options := func(stream string) *streams.BatchAppendReq_Options {
		return &streams.BatchAppendReq_Options{
			StreamIdentifier:       named(stream),
			ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
			DeadlineOption:         &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(time.Minute)},
		}
	}
	// Two appends in parts, mixed.
	b.send(&streams.BatchAppendReq{
		CorrelationId: one, Options: options("one"),
		ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{batched("1")},
	})
	b.send(&streams.BatchAppendReq{
		CorrelationId: two, Options: options("two"),
		ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{batched("1")}, IsFinal: true,
	})
	b.send(&streams.BatchAppendReq{
		CorrelationId: one, ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{batched("2")}, IsFinal: true,
	})
	for _, want := range []struct {
		id       *shared.UUID
		stream   string
		revision uint64
	}{{two, "two", 0}, {one, "one", 1}} {
		r := b.receive()
		if !proto.Equal(r.CorrelationId, want.id) || string(r.StreamIdentifier.StreamName) != want.stream ||
			r.GetSuccess().GetCurrentRevision() != want.revision {
			t.Fatalf("%v, want %s at revision %d", r, want.stream, want.revision)
		}
	}
	if err := b.call.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.call.Recv(); !errors.Is(err, io.EOF) {
		t.Fatalf("%v, want the end", err)
	}
	got, _, err := w.read(readRequest("one"))
	if err != nil || len(got) != 2 || !bytes.Equal(got[1].GetEvent().GetEvent().GetData(), []byte("2")) {
		t.Fatalf("%v, %v, want both parts", got, err)
	}
}

func TestARefusedBatchAppendDoesNotEndTheCall(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	if _, _, err := w.append(toStream("there"), message("{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.streams.Tombstone(w.ctx, &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
		StreamIdentifier: named("gone"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
	}}); err != nil {
		t.Fatal(err)
	}
	expecting := func(stream string) *streams.BatchAppendReq_Options {
		return &streams.BatchAppendReq_Options{
			StreamIdentifier:       named(stream),
			ExpectedStreamPosition: &streams.BatchAppendReq_Options_NoStream{NoStream: &emptypb.Empty{}},
		}
	}
	late := expecting("s")
	late.DeadlineOption = &streams.BatchAppendReq_Options_Deadline_21_10_0{
		Deadline_21_10_0: timestamppb.New(time.Now().Add(-time.Second)),
	}
	slow := expecting("s")
	slow.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(time.Millisecond)}
	nameless := expecting("")

	b := w.batch()
	for _, c := range []struct {
		name    string
		request *streams.BatchAppendReq
		code    codes.Code
		details proto.Message
	}{
		{"wrong version", &streams.BatchAppendReq{
			Options: expecting("there"), IsFinal: true,
			ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{batched("1")},
		}, codes.AlreadyExists, &shared.WrongExpectedVersion{
			CurrentStreamRevisionOption:  &shared.WrongExpectedVersion_CurrentStreamRevision{CurrentStreamRevision: 0},
			ExpectedStreamPositionOption: &shared.WrongExpectedVersion_ExpectedNoStream{ExpectedNoStream: &emptypb.Empty{}},
		}},
		{
			"deleted",
			&streams.BatchAppendReq{
				Options: expecting("gone"), IsFinal: true,
				ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{batched("1")},
			},
			codes.NotFound, &shared.StreamDeleted{StreamIdentifier: named("gone")},
		},
		{
			"too large",
			&streams.BatchAppendReq{
				Options: expecting("s"), IsFinal: true,
				ProposedMessages: []*streams.BatchAppendReq_ProposedMessage{batched(strings.Repeat("x", 1<<20))},
			},
			codes.InvalidArgument, &shared.MaximumAppendSizeExceeded{MaxAppendSize: 1 << 20},
		},
		{
			"past its deadline", &streams.BatchAppendReq{Options: late, IsFinal: true}, codes.DeadlineExceeded,
			&shared.Timeout{},
		},
		{"never finished", &streams.BatchAppendReq{Options: slow}, codes.DeadlineExceeded, &shared.Timeout{}},
		{
			"without a stream", &streams.BatchAppendReq{Options: nameless}, codes.InvalidArgument,
			&shared.BadRequest{Message: "The request needs a stream_identifier with a stream_name."},
		},
	} {
		c.request.CorrelationId = textID(uuid.NewString())
		b.send(c.request)
		r := b.receive()
		if !proto.Equal(r.CorrelationId, c.request.CorrelationId) || codes.Code(r.GetError().GetCode()) != c.code ||
			len(r.GetError().GetDetails()) != 1 {
			t.Fatalf("%s: %v, want %v", c.name, r, c.code)
		}
		details, err := r.GetError().GetDetails()[0].UnmarshalNew()
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.details, details, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
