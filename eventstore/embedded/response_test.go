package embedded

import (
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"
)

func anyRecord(t *rapid.T) *record {
	e := anyEvent(t)
	e.stream, e.kind = "s"+e.stream, "k"+e.kind
	r, err := decodeRecord(e.encode())
	if err != nil {
		t.Fatal(err)
	}
	r.position = rapid.Uint64Min(1).Draw(t, "position")
	return &r
}

// message returns a record as the message of the generated code.
func (r *record) message(ids uuidForm) *streams.ReadResp_ReadEvent_RecordedEvent {
	if r == nil {
		return nil
	}
	contentType := contentTypeBinary
	if r.json {
		contentType = contentTypeJSON
	}
	return &streams.ReadResp_ReadEvent_RecordedEvent{
		Id: ids.render(r.id), StreamIdentifier: identifier(string(r.stream)), StreamRevision: uint64(r.revision),
		PreparePosition: r.position, CommitPosition: r.position,
		Metadata: map[string]string{
			"type": string(r.kind), "content-type": contentType, "created": strconv.FormatInt(r.created, 10),
		},
		CustomMetadata: r.metadata, Data: r.data,
	}
}

func TestAnEventIsEncodedAsTheGeneratedCodeDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var e, link *record
		what := rapid.SampledFrom([]string{"event", "link", "both"}).Draw(t, "what")
		if what != "link" {
			e = anyRecord(t)
		}
		if what != "event" {
			link = anyRecord(t)
		}
		original := e
		if link != nil {
			original = link
		}
		ids := rapid.SampledFrom([]uuidForm{uuidStructured, uuidText}).Draw(t, "ids")
		want := &streams.ReadResp{Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
			Event: e.message(ids), Link: link.message(ids),
			Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: original.position},
		}}}
		b := appendEvent(nil, ids, e, link)
		if n := proto.Size(want); n != len(b) {
			t.Errorf("%d bytes, want %d", len(b), n)
		}
		got := &streams.ReadResp{}
		if err := proto.Unmarshal(b, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzResponse compares everything that is encoded by hand with what the generated code decodes.
func FuzzResponse(f *testing.F) {
	seed := event{revision: 1, created: -1, id: uuid.New(), json: true, stream: "s", kind: "k", data: []byte("d")}
	f.Add(seed.encode(), uint64(1), int64(0), uint32(0))
	f.Add(seed.encode(), uint64(1<<63), int64(-62135596800), uint32(999_999_999))
	f.Fuzz(func(t *testing.T, encoded []byte, at uint64, seconds int64, nanoseconds uint32) {
		now := time.Unix(seconds, int64(nanoseconds%1e9))
		place, revision := position{at, at / 2}, int64(at/2)
		checkpoint := &streams.ReadResp_Checkpoint{CommitPosition: at, PreparePosition: at / 2}
		checkpoint.ProtoReflect().SetUnknown(timeField(t, 3, now))
		same(t, appendCheckpoint(nil, place, now), &streams.ReadResp{
			Content: &streams.ReadResp_Checkpoint_{Checkpoint: checkpoint},
		})
		caughtUp := &streams.ReadResp_CaughtUp{}
		told := protowire.AppendVarint(protowire.AppendTag(timeField(t, 1, now), 2, protowire.VarintType), at/2)
		if at > 0 {
			told = messageField(t, told, 3, &shared.AllStreamPosition{CommitPosition: at, PreparePosition: at / 2})
		}
		caughtUp.ProtoReflect().SetUnknown(told)
		same(t, appendCaughtUp(nil, now, revision, place), &streams.ReadResp{
			Content: &streams.ReadResp_CaughtUp_{CaughtUp: caughtUp},
		})

		r, err := decodeRecord(encoded)
		if err != nil || at == 0 || len(r.kind) == 0 || len(r.stream) == 0 || !utf8.Valid(r.kind) {
			return // is in no store
		}
		r.position = at
		for _, ids := range []uuidForm{uuidStructured, uuidText} {
			for _, sent := range []struct{ e, link *record }{{&r, nil}, {nil, &r}, {&r, &r}} {
				same(t, appendEvent(nil, ids, sent.e, sent.link), &streams.ReadResp{
					Content: &streams.ReadResp_Event{Event: &streams.ReadResp_ReadEvent{
						Event: sent.e.message(ids), Link: sent.link.message(ids),
						Position: &streams.ReadResp_ReadEvent_CommitPosition{CommitPosition: at},
					}},
				})
			}
		}
	})
}

// same expects that the bytes are the message in its shortest encoding.
func same(t *testing.T, encoded []byte, want *streams.ReadResp) {
	t.Helper()
	if n := proto.Size(want); n != len(encoded) {
		t.Errorf("%d bytes, want %d", len(encoded), n)
	}
	got := &streams.ReadResp{}
	if err := proto.Unmarshal(encoded, got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Fatal(diff)
	}
}

// messageField adds a field that is newer than the protocol of the client's module.
func messageField(t *testing.T, b []byte, field protowire.Number, m proto.Message) []byte {
	t.Helper()
	encoded, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), encoded)
}

func timeField(t *testing.T, field protowire.Number, at time.Time) []byte {
	t.Helper()
	return messageField(t, nil, field, &timestamppb.Timestamp{Seconds: at.Unix(), Nanos: int32(at.Nanosecond())})
}

func TestTheNilIDIsEncoded(t *testing.T) {
	r := &record{position: 1, stream: []byte("s"), kind: []byte("k"), id: uuid.Nil}
	got := &streams.ReadResp{}
	if err := proto.Unmarshal(appendEvent(nil, uuidStructured, r, nil), got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.message(uuidStructured), got.GetEvent().GetEvent(), protocmp.Transform()); diff != "" {
		t.Fatal(diff)
	}
}
