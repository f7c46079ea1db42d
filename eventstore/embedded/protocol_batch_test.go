package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"tizilim/eventstore/embedded"
)

func anyRevision(stream string) *streams.BatchAppendReq_Options {
	return &streams.BatchAppendReq_Options{
		StreamIdentifier:       named(stream),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_Any{Any: &emptypb.Empty{}},
	}
}

// part is a part of an append, the first if it has options.
func part(
	id *shared.UUID, options *streams.BatchAppendReq_Options, final bool, data ...string,
) *streams.BatchAppendReq {
	r := &streams.BatchAppendReq{CorrelationId: id, Options: options, IsFinal: final}
	for _, d := range data {
		r.ProposedMessages = append(r.ProposedMessages, batched(d))
	}
	return r
}

// refused expects an error with the details.
func refused(t *testing.T, r *streams.BatchAppendResp, code codes.Code, details proto.Message) {
	t.Helper()
	if codes.Code(r.GetError().GetCode()) != code || len(r.GetError().GetDetails()) != 1 {
		t.Fatalf("%v, want %v", r, code)
	}
	got, err := r.GetError().GetDetails()[0].UnmarshalNew()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(details, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

// goesOn expects that the call accepts another append and answers it next.
func (b *batch) goesOn() {
	b.Helper()
	id := textID(uuid.NewString())
	b.send(part(id, anyRevision("goes-on"), true, "1"))
	if r := b.receive(); !proto.Equal(r.CorrelationId, id) || r.GetSuccess() == nil {
		b.Fatalf("%v, want the next append answered", r)
	}
}

// TestARefusedPartNamesItsStream is for two releases of the Node client, whose process ends at an error without a
// stream identifier.
func TestARefusedPartNamesItsStream(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	untyped := part(nil, nil, true, "1")
	delete(untyped.ProposedMessages[0].Metadata, "type")
	for name, c := range map[string]struct {
		later   *streams.BatchAppendReq
		details proto.Message
	}{
		"too large": {
			part(nil, nil, true, strings.Repeat("x", 600<<10)),
			&shared.MaximumAppendSizeExceeded{MaxAppendSize: 1 << 20},
		},
		"too large, more to come": {
			part(nil, nil, false, strings.Repeat("x", 600<<10)),
			&shared.MaximumAppendSizeExceeded{MaxAppendSize: 1 << 20},
		},
		"an event without a type": {
			untyped,
			&shared.BadRequest{Message: "Required Metadata Property 'type' is missing"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.batch()
			id := textID(uuid.NewString())
			b.send(part(id, anyRevision("s"), false, strings.Repeat("x", 600<<10)))
			c.later.CorrelationId = id
			b.send(c.later)
			r := b.receive()
			if !proto.Equal(r.CorrelationId, id) || string(r.StreamIdentifier.GetStreamName()) != "s" {
				t.Fatalf("%v, want its correlation and its stream", r)
			}
			refused(t, r, codes.InvalidArgument, c.details)
			// Parts that come after the refusal are not answered again.
			b.send(part(id, nil, true, "1"))
			b.send(c.later)
			b.goesOn()
		})
	}
	if answers, _, err := w.read(readRequest("s")); err != nil || answers[0].GetStreamNotFound() == nil {
		t.Errorf("%v, %v, want nothing written", answers, err)
	}
}

func TestABatchAppendWithoutAValidCorrelationIsABadRequest(t *testing.T) {
	b := dial(t, start(t, "", embedded.InMemory())).batch()
	for name, id := range map[string]*shared.UUID{
		"missing": nil, "empty": {}, "no UUID": textID("first"),
	} {
		t.Run(name, func(t *testing.T) {
			b.send(part(id, anyRevision("s"), true, "1"))
			r := b.receive()
			if !proto.Equal(r.CorrelationId, id) || string(r.StreamIdentifier.GetStreamName()) != "s" {
				t.Fatalf("%v, want it answered as it was sent", r)
			}
			refused(
				t, r, codes.InvalidArgument, &shared.BadRequest{Message: "The append needs a correlation_id that is a UUID."},
			)
			b.goesOn()
		})
	}
}

func TestABatchCallAcceptsManyUnfinishedAppends(t *testing.T) {
	b := dial(t, start(t, "", embedded.InMemory())).batch()
	const appends = 200
	var ids []*shared.UUID
	for i := range appends {
		ids = append(ids, textID(uuid.NewString()))
		b.send(part(ids[i], anyRevision(fmt.Sprint("s", i)), false, "x"))
	}
	for _, id := range ids {
		b.send(part(id, nil, true, "x"))
	}
	for i, id := range ids {
		if r := b.receive(); !proto.Equal(r.CorrelationId, id) || r.GetSuccess().GetCurrentRevision() != 1 {
			t.Fatalf("append %d: %v, want both of its parts written", i, r)
		}
	}
}

func TestTheLargestRevisionIsAWrongExpectedVersion(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	if _, _, err := w.append(toStream("s"), message("{}")); err != nil {
		t.Fatal(err)
	}
	t.Run("append", func(t *testing.T) {
		r, _, err := w.append(&streams.AppendReq_Options{
			StreamIdentifier:       named("s"),
			ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: math.MaxInt64},
		}, message("{}"))
		if err != nil || r.GetWrongExpectedVersion().GetExpectedRevision() != math.MaxInt64 ||
			r.GetWrongExpectedVersion().GetCurrentRevision() != 0 {
			t.Fatalf("%v, %v", r, err)
		}
	})
	t.Run("batch append", func(t *testing.T) {
		b := w.batch()
		options := anyRevision("s")
		options.ExpectedStreamPosition = &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: math.MaxInt64}
		b.send(part(textID(uuid.NewString()), options, true, "1"))
		refused(t, b.receive(), codes.AlreadyExists, &shared.WrongExpectedVersion{
			CurrentStreamRevisionOption: &shared.WrongExpectedVersion_CurrentStreamRevision{},
			ExpectedStreamPositionOption: &shared.WrongExpectedVersion_ExpectedStreamPosition{
				ExpectedStreamPosition: math.MaxInt64,
			},
		})
	})
	t.Run("delete", func(t *testing.T) {
		_, err := w.streams.Delete(w.ctx, &streams.DeleteReq{Options: &streams.DeleteReq_Options{
			StreamIdentifier: named("s"), ExpectedStreamRevision: &streams.DeleteReq_Options_Revision{Revision: math.MaxInt64},
		}})
		if status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "WrongExpectedVersion") {
			t.Fatalf("%v, want a wrong expected version", err)
		}
	})
	for _, impossible := range []uint64{math.MaxInt64 + 1, math.MaxUint64 - 1} {
		_, _, err := w.append(&streams.AppendReq_Options{
			StreamIdentifier:       named("s"),
			ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: impossible},
		}, message("{}"))
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%d: %v, want it an invalid argument still", impossible, err)
		}
	}
}

// TestAnAppendRepeatedWithAnyIsRecognisedInItsStream differs from the server, whose single cache of ids for all
// streams keeps only the last stream of an id.
func TestAnAppendRepeatedWithAnyIsRecognisedInItsStream(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	same := message("{}")
	first, _, err := w.append(toStream("one"), same)
	if err != nil {
		t.Fatal(err)
	}
	if other, _, err := w.append(toStream("two"), same); err != nil || other.GetSuccess() == nil {
		t.Fatalf("%v, %v, want the id taken in another stream", other, err)
	}
	again, _, err := w.append(toStream("one"), same)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, again, protocmp.Transform()); diff != "" {
		t.Errorf("the repetition is answered otherwise: %s", diff)
	}
	if answers, _, err := w.read(readRequest("one")); err != nil || len(answers) != 1 {
		t.Errorf("%v, %v, want the event once", answers, err)
	}
}

// TestCloseAnswersEveryAppendOfABatchCall closes the node under load. The log must hold exactly the answered
// events.
func TestCloseAnswersEveryAppendOfABatchCall(t *testing.T) {
	for round := range 6 {
		dir := t.TempDir()
		node, err := embedded.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := node.Start("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		b := dial(t, node).batch()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for b.call.Send(part(textID(uuid.NewString()), anyRevision("s"), true, "x")) == nil {
			}
		}()
		answered := 0
		for range 50 * round {
			if b.receive().GetSuccess() != nil {
				answered++
			}
		}
		closed := make(chan error, 1)
		go func() { closed <- node.Close() }()
		for {
			r, err := b.call.Recv()
			if err != nil {
				if status.Code(err) != codes.Unavailable {
					t.Errorf("the call ended with %v, want it unavailable", err)
				}
				break
			}
			if r.GetSuccess() == nil {
				t.Fatalf("%v", r)
			}
			answered++
		}
		<-sent
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		if stats, err := embedded.ReadStats(dir); err != nil || stats.Events != uint64(answered) {
			t.Errorf("round %d: %d events, %v, where %d were answered", round, stats.Events, err, answered)
		}
	}
}

func TestABatchCallThatIsHalfClosedGetsAllItsAnswers(t *testing.T) {
	b := dial(t, start(t, "", embedded.InMemory())).batch()
	const appends = 500
	go func() {
		for range appends {
			_ = b.call.Send(part(textID(uuid.NewString()), anyRevision("s"), true, "x"))
		}
		_ = b.call.CloseSend()
	}()
	for range appends {
		if r := b.receive(); r.GetSuccess() == nil {
			t.Fatalf("%v", r)
		}
	}
	if _, err := b.call.Recv(); !errors.Is(err, io.EOF) {
		t.Fatalf("%v, want the end", err)
	}
}

func TestAnUnfinishedAppendEndsWithItsCall(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	ctx, cancel := context.WithCancel(w.ctx)
	call, err := w.streams.BatchAppend(ctx)
	if err != nil {
		t.Fatal(err)
	}
	b := &batch{w, call}
	b.goesOn()
	b.send(part(textID(uuid.NewString()), anyRevision("s"), false, "never finished"))
	cancel()
	if _, err := call.Recv(); status.Code(err) != codes.Canceled {
		t.Fatalf("%v, want it cancelled", err)
	}
	if answers, _, err := w.read(readRequest("s")); err != nil || answers[0].GetStreamNotFound() == nil {
		t.Errorf("%v, %v, want nothing written", answers, err)
	}
}

// TestExpiredAppendsWithoutAReaderCostLittle lets many deadlines pass while the client reads no answers.
func TestExpiredAppendsWithoutAReaderCostLittle(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	b := w.batch()
	const appends = 20_000
	options := anyRevision("late")
	options.DeadlineOption = &streams.BatchAppendReq_Options_Deadline{Deadline: durationpb.New(time.Microsecond)}
	before := runtime.NumGoroutine()
	for range appends {
		b.send(part(textID(uuid.NewString()), options, false, "x"))
	}
	b.send(part(textID(uuid.NewString()), anyRevision("taken"), true, "x"))
	for taken := false; !taken; {
		answers, _, err := w.read(readRequest("taken"))
		if err != nil {
			t.Fatal(err)
		}
		taken = answers[0].GetEvent() != nil
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		now := runtime.NumGoroutine()
		if now <= before+appends/100 {
			break // a deadline that has just passed has a goroutine of its own until it has marked its append
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines while nobody reads, %d before", now, before)
		}
	}
	late := 0
	for range appends + 1 {
		if r := b.receive(); r.GetSuccess() == nil {
			refused(t, r, codes.DeadlineExceeded, &shared.Timeout{})
			late++
		}
	}
	if late != appends {
		t.Errorf("%d appends were late, want %d", late, appends)
	}
	b.goesOn()
}
