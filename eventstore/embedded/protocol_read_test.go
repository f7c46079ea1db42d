package embedded_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// subscribed turns a read into a subscription.
func subscribed(request *streams.ReadReq) *streams.ReadReq {
	request.Options.CountOption = &streams.ReadReq_Options_Subscription{
		Subscription: &streams.ReadReq_Options_SubscriptionOptions{},
	}
	return request
}

// fromPosition is a read of $all from the position.
func fromPosition(commit uint64) *streams.ReadReq {
	r := allRequest()
	r.Options.GetAll().AllOption = &streams.ReadReq_Options_AllOptions_Position{
		Position: &streams.ReadReq_Options_Position{CommitPosition: commit, PreparePosition: commit},
	}
	return r
}

// fromRevision is a read of the stream from the revision.
func fromRevision(stream string, revision uint64) *streams.ReadReq {
	r := readRequest(stream)
	r.Options.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_Revision{Revision: revision}
	return r
}

// open begins a call whose answers come one by one.
func (w *wire) open(request *streams.ReadReq) *answers {
	w.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	w.Cleanup(cancel)
	call, err := w.streams.Read(ctx, request)
	if err != nil {
		w.Fatal(err)
	}
	return &answers{w, call}
}

type answers struct {
	*wire
	call streams.Streams_ReadClient
}

func (a *answers) next() *streams.ReadResp {
	a.Helper()
	r, err := a.call.Recv()
	if err != nil {
		a.Fatal(err)
	}
	return r
}

// oneByOne makes the pages of a read have one event each.
func oneByOne(r *streams.ReadReq) *streams.ReadReq {
	r.Options.CountOption = &streams.ReadReq_Options_Count{Count: 1}
	return r
}

// untilCaughtUp returns the answers before CaughtUp, and CaughtUp.
func (a *answers) untilCaughtUp() (before []*streams.ReadResp, caughtUp *streams.ReadResp_CaughtUp) {
	a.Helper()
	for {
		r := a.next()
		if r.GetCaughtUp() != nil {
			return before, r.GetCaughtUp()
		}
		before = append(before, r)
	}
}

// appended appends n events and returns the position of the last one.
func (w *wire) appended(stream string, events int) uint64 {
	w.Helper()
	var list []*streams.AppendReq_ProposedMessage
	for range events {
		list = append(list, message("{}"))
	}
	r, _, err := w.append(toStream(stream), list...)
	if err != nil {
		w.Fatal(err)
	}
	return r.GetSuccess().GetPosition().GetCommitPosition()
}

// younger returns the fields of a message that are newer than the protocol of the client's module: numbers, and
// the bytes of inner messages.
func younger(t *testing.T, m proto.Message) map[protowire.Number]any {
	t.Helper()
	return fieldsOf(t, m.ProtoReflect().GetUnknown())
}

func fieldsOf(t *testing.T, b []byte) map[protowire.Number]any {
	t.Helper()
	list := make(map[protowire.Number]any)
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		var value any
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			value, n = protowire.ConsumeBytes(b)
		default:
			t.Fatalf("field %d is of wire type %d", number, kind)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		list[number], b = value, b[n:]
	}
	return list
}

// wantTime compares a google.protobuf.Timestamp with the time.
func wantTime(t *testing.T, b any, want time.Time) {
	t.Helper()
	encoded, ok := b.([]byte)
	if !ok {
		t.Fatal("there is no time")
	}
	var got timestamppb.Timestamp
	if err := proto.Unmarshal(encoded, &got); err != nil || !got.AsTime().Equal(want) {
		t.Errorf("the time is %v, %v, want %v", got.AsTime(), err, want)
	}
}

// TestCaughtUpHasTimeAndPosition reads CaughtUp by the server's streams.proto: timestamp 1, stream_revision 2,
// position 3 of commit 1 and prepare 2.
func TestCaughtUpHasTimeAndPosition(t *testing.T) {
	c := &clock{}
	c.advance(time.Duration(time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC).UnixNano()))
	node := start(t, "", embedded.InMemory(), embedded.WithClock(c.now))
	w := dial(t, node)
	end := func(r *streams.ReadReq) *streams.ReadReq {
		if all := r.Options.GetAll(); all != nil {
			all.AllOption = &streams.ReadReq_Options_AllOptions_End{End: &shared.Empty{}}
		} else {
			r.Options.GetStream().RevisionOption = &streams.ReadReq_Options_StreamOptions_End{End: &shared.Empty{}}
		}
		return r
	}
	caughtUp := func(r *streams.ReadReq) map[protowire.Number]any {
		_, answer := w.open(subscribed(r)).untilCaughtUp()
		fields := younger(t, answer)
		wantTime(t, fields[1], c.now())
		return fields
	}
	for name, r := range map[string]*streams.ReadReq{
		"empty $all": allRequest(), "the end of an empty $all": end(allRequest()),
		"empty stream": readRequest("s"), "the end of an empty stream": end(readRequest("s")),
	} {
		if fields := caughtUp(r); len(fields) != 1 {
			t.Errorf("%s: %v, want the time only", name, fields)
		}
	}

	first := w.appended("s", 1)
	if fields := caughtUp(readRequest("s")); fields[2] != uint64(0) {
		t.Errorf("revision %v, want 0, which is not left out", fields[2])
	}
	last := w.appended("s", 2)
	for name, c := range map[string]struct {
		request *streams.ReadReq
		want    uint64
	}{
		"a stream from its start":    {readRequest("s"), 2},
		"a stream from its end":      {end(readRequest("s")), 2},
		"a stream from a revision":   {fromRevision("s", 1), 2},
		"a stream from past its end": {fromRevision("s", 7), 7},
	} {
		if fields := caughtUp(c.request); fields[2] != c.want || fields[3] != nil {
			t.Errorf("%s: revision %v, position %v, want %d and none", name, fields[2], fields[3], c.want)
		}
	}
	nothing := validFilter()
	nothing.GetEventType().Prefix = []string{"nothing"}
	for name, c := range map[string]struct {
		request *streams.ReadReq
		want    uint64
	}{
		"$all from its start":            {allRequest(), last},
		"$all from its end":              {end(allRequest()), last},
		"$all from a position":           {fromPosition(first), last},
		"$all from past its end":         {fromPosition(last + 1000), last + 1000},
		"$all, of which nothing matches": {filteredRequest(nothing), last},
	} {
		fields := caughtUp(c.request)
		at, _ := fields[3].([]byte)
		position := fieldsOf(t, at)
		if fields[2] != nil || position[1] != c.want || position[2] != c.want {
			t.Errorf("%s: revision %v, position %v, want none and %d", name, fields[2], position, c.want)
		}
	}
}

// TestCaughtUpIsSentAtTimeZeroToo guards against a message whose fields are all zero, which would be empty.
func TestCaughtUpIsSentAtTimeZeroToo(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory(), embedded.WithClock((&clock{}).now)))
	_, answer := w.open(subscribed(allRequest())).untilCaughtUp()
	wantTime(t, younger(t, answer)[1], time.Unix(0, 0))
}

// TestACheckpointHasATime reads Checkpoint by the server's streams.proto: timestamp 3.
func TestACheckpointHasATime(t *testing.T) {
	c := &clock{}
	c.advance(time.Duration(time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC).UnixNano()))
	w := dial(t, start(t, "", embedded.InMemory(), embedded.WithClock(c.now)))
	last := w.appended("s", 70) // two windows and some
	before, _ := w.open(filteredRequest(validFilter())).untilCaughtUp()
	var checkpoints []*streams.ReadResp_Checkpoint
	for _, r := range before {
		if r.GetCheckpoint() != nil {
			checkpoints = append(checkpoints, r.GetCheckpoint())
		}
	}
	if len(checkpoints) != 3 || checkpoints[2].CommitPosition != last || checkpoints[2].PreparePosition != last {
		t.Fatalf("checkpoints %v, want 3, the last at %d", checkpoints, last)
	}
	for _, at := range checkpoints {
		wantTime(t, younger(t, at)[3], c.now())
	}
}

// TestNoCheckpointIsSentTwice ends a window with the log, so that catching up needs no other checkpoint.
func TestNoCheckpointIsSentTwice(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	last := w.appended("s", 64) // two windows
	before, _ := w.open(filteredRequest(validFilter())).untilCaughtUp()
	var told []uint64
	for _, r := range before {
		if r.GetCheckpoint() != nil {
			told = append(told, r.GetCheckpoint().GetCommitPosition())
		}
	}
	if len(told) != 2 || told[1] != last {
		t.Errorf("checkpoints at %v, want 2, the second at %d", told, last)
	}
}

// TestTheOfficialClientAcceptsNewerFields subscribes with the client, whose protocol lacks these fields.
func TestTheOfficialClientAcceptsNewerFields(t *testing.T) {
	client := eventstoretest.Connect(t, start(t, "", embedded.InMemory()).ConnectionString())
	want := appendTo(t, client, "s", newEvent(1), newEvent(1))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	sub, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
		From: esdb.Start{}, Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: []string{"s"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	events, checkpoint := 0, uint64(0)
	for e := sub.Recv(); e.CaughtUp == nil; e = sub.Recv() {
		switch {
		case e.EventAppeared != nil:
			events++
		case e.CheckPointReached != nil:
			checkpoint = e.CheckPointReached.Commit
		case e.SubscriptionDropped != nil:
			t.Fatal(e.SubscriptionDropped.Error)
		}
	}
	if events != 2 || checkpoint != want.CommitPosition {
		t.Errorf("%d events and a checkpoint at %d, want 2 and %d", events, checkpoint, want.CommitPosition)
	}
}

// TestASubscriptionThatFellBehindCatchesUpAgain appends far more than the connection buffers while the client does
// not receive. Everything must be delivered. No version of the server sends FellBehind.
func TestASubscriptionThatFellBehindCatchesUpAgain(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	sub := w.open(subscribed(readRequest("s")))
	sub.untilCaughtUp()
	const appends, each = 40, 100
	large := strings.Repeat("x", 5000)
	for range appends {
		var list []*streams.AppendReq_ProposedMessage
		for range each {
			list = append(list, message(large))
		}
		if _, _, err := w.append(toStream("s"), list...); err != nil {
			t.Fatal(err)
		}
	}
	const last = appends*each - 1
	for next, again := uint64(0), uint64(0); again != last; {
		switch r := sub.next(); {
		case r.GetEvent() != nil:
			if revision := r.GetEvent().GetEvent().GetStreamRevision(); revision != next {
				t.Fatalf("revision %d, want %d", revision, next)
			}
			next++
		case r.GetCaughtUp() != nil:
			again, _ = younger(t, r.GetCaughtUp())[2].(uint64)
			if again != next-1 {
				t.Fatalf("caught up with revision %d after that of %d", again, next-1)
			}
		default:
			t.Fatalf("%v, want events and CaughtUp only", r)
		}
	}
}

func TestAPositionInsideOfAnEventIsRefused(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	first := w.appended("s", 1)
	second := w.appended("s", 1)
	last := w.appended("s", 1)
	backwards := func(r *streams.ReadReq) *streams.ReadReq {
		r.Options.ReadDirection = streams.ReadReq_Options_Backwards
		return r
	}
	filtered := func(commit uint64) *streams.ReadReq {
		r := fromPosition(commit)
		r.Options.FilterOption = filteredRequest(validFilter()).Options.FilterOption
		return r
	}
	for name, r := range map[string]*streams.ReadReq{
		"a read":                        fromPosition(first + 1),
		"a read before its end":         fromPosition(second - 1),
		"a filtered read":               filtered(second + 1),
		"a read backwards":              backwards(fromPosition(second + 1)),
		"a read backwards in the last":  backwards(fromPosition(last + 1)),
		"a filtered read backwards":     backwards(filtered(second + 1)),
		"a subscription":                subscribed(fromPosition(first + 1)),
		"a filtered subscription":       subscribed(filtered(second - 1)),
		"a subscription before its end": subscribed(fromPosition(last - 1)),
	} {
		got, _, err := w.read(r)
		s, _ := status.FromError(err)
		if s.Code() != codes.InvalidArgument || s.Message() != "Trying to read from an invalid position." {
			t.Errorf("%s: %v, want it refused", name, err)
		}
		// As the server does, a subscription is confirmed before it fails.
		want := 0
		if r.Options.GetSubscription() != nil {
			want = 1
		}
		if len(got) != want || want == 1 && got[0].GetConfirmation() == nil {
			t.Errorf("%s: %v before it was refused", name, got)
		}
	}

	for name, c := range map[string]struct {
		request *streams.ReadReq
		events  int
	}{
		"0":                                {fromPosition(0), 3},
		"the first":                        {fromPosition(first), 3},
		"the second":                       {fromPosition(second), 2},
		"inside of the last":               {fromPosition(last + 1), 0},
		"past the end":                     {fromPosition(last + 10_000), 0},
		"backwards from the second":        {backwards(fromPosition(second)), 1},
		"backwards from past the end":      {backwards(fromPosition(last + 10_000)), 3},
		"backwards from 0":                 {backwards(fromPosition(0)), 0},
		"backwards from the largest there": {backwards(fromPosition(math.MaxInt64)), 3},
	} {
		if got, _, err := w.read(c.request); err != nil || len(got) != c.events {
			t.Errorf("%s: %d events, %v, want %d", name, len(got), err, c.events)
		}
	}
	for name, at := range map[string]uint64{
		"the last": last, "inside of the last": last + 1, "past the end": last + 10_000,
	} {
		if before, _ := w.open(subscribed(fromPosition(at))).untilCaughtUp(); len(before) != 1 {
			t.Errorf("a subscription from %s: %v, want its confirmation only", name, before)
		}
	}
}

func TestAFilterWithoutPrefixesMatchesNothing(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	last := w.appended("s", 40)
	filter := validFilter()
	filter.GetEventType().Prefix = nil
	read := filteredRequest(filter)
	read.Options.CountOption = &streams.ReadReq_Options_Count{Count: math.MaxUint64}
	if got, _, err := w.read(read); err != nil || len(got) != 0 {
		t.Errorf("a read: %v, %v, want nothing", got, err)
	}
	before, _ := w.open(filteredRequest(filter)).untilCaughtUp()
	if len(before) != 3 || before[1].GetCheckpoint() == nil || before[2].GetCheckpoint().GetCommitPosition() != last {
		t.Errorf("%v, want a confirmation and two checkpoints, the second at %d", before, last)
	}
}

// TestAnEventOfTheTypeOfTombstonesEndsASubscription lets a client write such an event.
func TestAnEventOfTheTypeOfTombstonesEndsASubscription(t *testing.T) {
	w := dial(t, start(t, "", embedded.InMemory()))
	ending := message("{}")
	ending.Metadata["type"] = "$streamDeleted"
	live := w.open(subscribed(readRequest("s")))
	live.untilCaughtUp()
	if _, _, err := w.append(toStream("s"), message("{}"), ending, message("{}")); err != nil {
		t.Fatal(err)
	}
	late := w.open(subscribed(readRequest("s")))
	if late.next().GetConfirmation() == nil {
		t.Fatal("the subscription was not confirmed")
	}
	for name, sub := range map[string]*answers{"live": live, "catching up": late} {
		for revision := range uint64(2) {
			if r := sub.next(); r.GetEvent().GetEvent().GetStreamRevision() != revision || r.GetEvent() == nil {
				t.Fatalf("%s: %v, want revision %d", name, r, revision)
			}
		}
		_, err := sub.call.Recv()
		trailer := sub.call.Trailer()
		if status.Code(err) != codes.FailedPrecondition || strings.Join(trailer.Get("exception"), "") != "stream-deleted" {
			t.Errorf("%s: %v %v, want the stream deleted", name, err, trailer)
		}
	}
	// For reads it is an ordinary event.
	if got, _, err := w.read(readRequest("s")); err != nil || len(got) != 3 {
		t.Errorf("a read: %d events, %v, want 3", len(got), err)
	}
	after := w.open(subscribed(fromRevision("s", 1)))
	if before, _ := after.untilCaughtUp(); len(before) != 2 || before[1].GetEvent() == nil {
		t.Errorf("a subscription after it: %v, want the third event", before)
	}
}

// TestAFullyHiddenStreamHasAFirstPosition expects the messages of the server: the first revision by the metadata,
// and, if that is after the end, the revision of the next event.
func TestAFullyHiddenStreamHasAFirstPosition(t *testing.T) {
	c := &clock{}
	c.advance(time.Duration(time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC).UnixNano()))
	w := dial(t, start(t, "", embedded.InMemory(), embedded.WithClock(c.now)))
	for stream, metadata := range map[string]string{
		"near": `{"$tb":12}`, "far": `{"$tb":1000}`, "old": `{"$maxAge":10}`, "half": `{"$maxAge":100}`,
	} {
		w.appended(stream, 10)
		if _, _, err := w.append(toStream("$$"+stream), message(metadata)); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(time.Minute)
	w.appended("half", 40)
	c.advance(time.Minute)
	for name, c := range map[string]struct {
		request *streams.ReadReq
		want    []uint64 // first positions
		events  int
	}{
		"$tb within the page":       {readRequest("near"), []uint64{10}, 0},
		"$tb beyond the page":       {readRequest("far"), []uint64{1000, 10}, 0},
		"all too old":               {readRequest("old"), []uint64{10}, 0},
		"from where the next is":    {fromRevision("old", 10), nil, 0},
		"from past the end":         {fromRevision("old", 11), []uint64{10}, 0},
		"the first page too old":    {oneByOne(readRequest("half")), []uint64{10}, 1},
		"the first page half old":   {readRequest("half"), nil, 40},
		"from the first not hidden": {fromRevision("half", 10), nil, 40},
	} {
		c.request.Options.ControlOption = &streams.ReadReq_Options_ControlOption{Compatibility: 1}
		got, _, err := w.read(c.request)
		if err != nil {
			t.Fatal(err)
		}
		var first []uint64
		events := 0
		for _, r := range got {
			switch position := r.GetContent().(type) {
			case *streams.ReadResp_FirstStreamPosition:
				first = append(first, position.FirstStreamPosition)
			case *streams.ReadResp_Event:
				events++
			}
		}
		if !slices.Equal(first, c.want) || events != c.events {
			t.Errorf("%s: first positions %v and %d events, want %v and %d", name, first, events, c.want, c.events)
		}
	}
}
