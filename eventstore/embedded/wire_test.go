package embedded

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// wantInvalid expects that a validation error is an InvalidArgument.
func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if code := status.Code(err); code != codes.InvalidArgument && code != codes.PermissionDenied {
		t.Fatalf("%v, want an invalid argument", err)
	}
}

func FuzzParseQuery(f *testing.F) {
	for _, request := range []*streams.ReadReq{
		{},
		{Options: &streams.ReadReq_Options{
			StreamOption: &streams.ReadReq_Options_Stream{Stream: &streams.ReadReq_Options_StreamOptions{
				StreamIdentifier: identifier("s"),
				RevisionOption:   &streams.ReadReq_Options_StreamOptions_Revision{Revision: 3},
			}},
			CountOption:  &streams.ReadReq_Options_Count{Count: 1},
			FilterOption: &streams.ReadReq_Options_NoFilter{},
			UuidOption:   &streams.ReadReq_Options_UUIDOption{Content: &streams.ReadReq_Options_UUIDOption_String_{}},
		}},
		{Options: &streams.ReadReq_Options{
			StreamOption: &streams.ReadReq_Options_All{All: &streams.ReadReq_Options_AllOptions{
				AllOption: &streams.ReadReq_Options_AllOptions_Position{
					Position: &streams.ReadReq_Options_Position{CommitPosition: 4, PreparePosition: 4},
				},
			}},
			CountOption: &streams.ReadReq_Options_Subscription{},
			FilterOption: &streams.ReadReq_Options_Filter{Filter: &streams.ReadReq_Options_FilterOptions{
				Filter: &streams.ReadReq_Options_FilterOptions_EventType{
					EventType: &streams.ReadReq_Options_FilterOptions_Expression{Regex: "^[^$]"},
				},
				Window:                       &streams.ReadReq_Options_FilterOptions_Max{Max: 32},
				CheckpointIntervalMultiplier: 1,
			}},
			UuidOption: &streams.ReadReq_Options_UUIDOption{Content: &streams.ReadReq_Options_UUIDOption_Structured{}},
		}},
	} {
		b, err := proto.Marshal(request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var request streams.ReadReq
		if proto.Unmarshal(b, &request) != nil {
			return
		}
		q, err := parseQuery(&request)
		if err != nil {
			wantInvalid(t, err)
			return
		}
		switch {
		case !q.subscription && q.count == 0, q.subscription && q.backwards:
			t.Fatalf("accepted %+v", q)
		case q.stream != "" && q.filter != nil:
			t.Fatalf("accepted a filter on a stream: %+v", q)
		case q.revision < 0 || q.prepare > q.commit:
			t.Fatalf("accepted %+v", q)
		}
		if q.filter != nil {
			q.filter.matches(&record{stream: []byte("s"), kind: []byte("k")})
		}
	})
}

func FuzzAppendRequest(f *testing.F) {
	for _, request := range []*streams.AppendReq{
		{},
		{Content: &streams.AppendReq_Options_{Options: &streams.AppendReq_Options{
			StreamIdentifier:       identifier("s"),
			ExpectedStreamRevision: &streams.AppendReq_Options_Revision{Revision: 3},
		}}},
		{Content: &streams.AppendReq_ProposedMessage_{ProposedMessage: &streams.AppendReq_ProposedMessage{
			Id:       uuidText.render(uuid.New()),
			Metadata: map[string]string{"type": "t", "content-type": contentTypeJSON},
			Data:     []byte("{}"),
		}}},
	} {
		b, err := proto.Marshal(request)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var request streams.AppendReq
		if proto.Unmarshal(b, &request) != nil {
			return
		}
		if stream, expected, err := appendOptions(&request); err != nil {
			wantInvalid(t, err)
		} else if stream == "" || stream == allStream || expected < expectStreamExists {
			t.Fatalf("accepted stream %q at %d", stream, expected)
		}
		m := request.GetProposedMessage()
		p, err := proposedEvent(m.GetId(), m.GetMetadata(), m.GetCustomMetadata(), m.GetData())
		if err != nil {
			if _, ok := err.(*refusal); !ok {
				wantInvalid(t, err)
			}
		} else if p.id == uuid.Nil || p.kind == "" {
			t.Fatalf("accepted %+v", p)
		}
	})
}

func FuzzBatchAppendOptions(f *testing.F) {
	b, err := proto.Marshal(&streams.BatchAppendReq_Options{
		StreamIdentifier:       identifier("s"),
		ExpectedStreamPosition: &streams.BatchAppendReq_Options_StreamPosition{StreamPosition: 3},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var options streams.BatchAppendReq_Options
		if proto.Unmarshal(b, &options) != nil {
			return
		}
		if _, _, timeout, err := batchOptions(&options); err != nil {
			wantInvalid(t, err)
		} else if timeout > writeTimeout {
			t.Fatalf("a timeout of %v", timeout)
		}
	})
}

func TestEveryUUIDIsParsedAsItWasRendered(t *testing.T) {
	for range 100 {
		want := uuid.New()
		for _, form := range []uuidForm{uuidStructured, uuidText} {
			if got, err := eventID(form.render(want)); err != nil || got != want {
				t.Fatalf("%v, %v, want %v", got, err, want)
			}
		}
	}
	for _, id := range []*shared.UUID{nil, {}, {Value: &shared.UUID_String_{String_: "x"}}} {
		if _, err := eventID(id); status.Code(err) != codes.InvalidArgument {
			t.Fatalf("%v gives %v", id, err)
		}
	}
}

func TestASubscriptionFromAPositionWithASmallerPrepareIncludesItsCommit(t *testing.T) {
	for _, c := range []struct {
		commit, prepare, want uint64
	}{{7, 7, 8}, {7, 6, 7}, {7, 0, 7}, {0, 0, 1}} {
		q := query{origin: fromPoint, commit: c.commit, prepare: c.prepare}
		if got := q.after(); got != c.want {
			t.Errorf("after C:%d/P:%d comes %d, want %d", c.commit, c.prepare, got, c.want)
		}
	}
}
