package embedded

import (
	"strconv"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
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

// message is what the protocol says of a record, made by the generated code.
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

func TestTheNilIDIsEncodedToo(t *testing.T) {
	r := &record{position: 1, stream: []byte("s"), kind: []byte("k"), id: uuid.Nil}
	got := &streams.ReadResp{}
	if err := proto.Unmarshal(appendEvent(nil, uuidStructured, r, nil), got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.message(uuidStructured), got.GetEvent().GetEvent(), protocmp.Transform()); diff != "" {
		t.Fatal(diff)
	}
}
