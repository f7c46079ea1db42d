package embedded

import (
	"strconv"
	"time"

	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// The frequent answers of a read are encoded by hand, from the memory of the engine directly
// into the page that is sent. So an event is copied only once, and never becomes a tree of
// messages. A test compares this encoding with that of the generated code.

// encoded is an answer to a Read in its wire format.
type encoded []byte

// codec is the codec of gRPC for messages. It sends encoded answers unchanged.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(grpcproto.Name)} }

func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	if answer, ok := v.(encoded); ok {
		return mem.BufferSlice{mem.SliceBuffer(answer)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// appendEvent adds a ReadResp with an event, the link to it, or both.
func appendEvent(b []byte, ids uuidForm, e, link *record) []byte {
	original := e
	if link != nil {
		original = link
	}
	size := 1 + protowire.SizeVarint(original.position)
	var eventSize, linkSize int
	if e != nil {
		eventSize = recordedSize(ids, e)
		size += messageSize(eventSize)
	}
	if link != nil {
		linkSize = recordedSize(ids, link)
		size += messageSize(linkSize)
	}
	b = appendHeader(b, 1, size) // ReadResp.event
	if e != nil {
		b = appendHeader(b, 1, eventSize) // ReadEvent.event
		b = appendRecorded(b, ids, e)
	}
	if link != nil {
		b = appendHeader(b, 2, linkSize) // ReadEvent.link
		b = appendRecorded(b, ids, link)
	}
	b = protowire.AppendTag(b, 3, protowire.VarintType) // ReadEvent.commit_position
	return protowire.AppendVarint(b, original.position)
}

// The keys of RecordedEvent.metadata. The content types are whole entries.
var (
	entryTypeKey    = appendText(nil, 1, "type")
	entryCreatedKey = appendText(nil, 1, "created")
	entryJSON       = contentTypeEntry(contentTypeJSON)
	entryBinary     = contentTypeEntry(contentTypeBinary)
)

func contentTypeEntry(contentType string) []byte {
	return appendText(appendText(nil, 1, "content-type"), 2, contentType)
}

func (r *record) contentType() []byte {
	if r.json {
		return entryJSON
	}
	return entryBinary
}

// recordedSize returns how many bytes appendRecorded adds.
func recordedSize(ids uuidForm, e *record) int {
	var digits [20]byte
	created := len(strconv.AppendInt(digits[:0], e.created, 10))
	return messageSize(idSize(ids, e)) + messageSize(textSize(len(e.stream))) +
		numberSize(uint64(e.revision)) + 2*numberSize(e.position) +
		messageSize(len(entryTypeKey)+messageSize(len(e.kind))) +
		messageSize(len(e.contentType())) +
		messageSize(len(entryCreatedKey)+messageSize(created)) +
		textSize(len(e.metadata)) + textSize(len(e.data))
}

// appendRecorded adds the fields of a RecordedEvent.
func appendRecorded(b []byte, ids uuidForm, e *record) []byte {
	b = appendHeader(b, 1, idSize(ids, e))
	b = appendID(b, ids, e)
	b = appendHeader(b, 2, textSize(len(e.stream))) // StreamIdentifier.stream_name is 3
	b = appendText(b, 3, e.stream)
	b = appendNumber(b, 3, uint64(e.revision))
	b = appendNumber(b, 4, e.position) // prepare
	b = appendNumber(b, 5, e.position) // commit

	b = appendHeader(b, 6, len(entryTypeKey)+messageSize(len(e.kind)))
	b = append(b, entryTypeKey...)
	b = appendMessage(b, 2, e.kind)
	b = appendMessage(b, 6, e.contentType())
	var digits [20]byte
	created := strconv.AppendInt(digits[:0], e.created, 10)
	b = appendHeader(b, 6, len(entryCreatedKey)+messageSize(len(created)))
	b = append(b, entryCreatedKey...)
	b = appendMessage(b, 2, created)

	b = appendText(b, 7, e.metadata)
	return appendText(b, 8, e.data)
}

const textIDLength = 36

func idSize(ids uuidForm, e *record) int {
	if ids == uuidText {
		return textSize(textIDLength)
	}
	most, least := e.halves()
	return messageSize(numberSize(most) + numberSize(least))
}

// appendID adds the fields of a UUID.
func appendID(b []byte, ids uuidForm, e *record) []byte {
	if ids == uuidText {
		return appendText(b, 2, e.id.String())
	}
	most, least := e.halves()
	b = appendHeader(b, 1, numberSize(most)+numberSize(least))
	b = appendNumber(b, 1, most)
	return appendNumber(b, 2, least)
}

// appendCheckpoint adds a ReadResp with a checkpoint. Its time, field 3, is newer than the
// protocol of the client's module.
func appendCheckpoint(b []byte, at position, now time.Time) []byte {
	fields := appendPosition(nil, at)
	fields = appendMessage(fields, 3, appendTime(nil, now))
	return appendMessage(b, 3, fields)
}

// appendCaughtUp adds a ReadResp that says that a subscription has caught up, with the time
// and with the revision or position after which to resume it, if there is any. All three
// fields are newer than the protocol of the client's module.
func appendCaughtUp(b []byte, now time.Time, revision int64, at position) []byte {
	fields := appendMessage(nil, 1, appendTime(nil, now))
	if revision != noRevision {
		fields = protowire.AppendTag(fields, 2, protowire.VarintType) // also for 0
		fields = protowire.AppendVarint(fields, uint64(revision))
	}
	if at != (position{}) {
		fields = appendMessage(fields, 3, appendPosition(nil, at))
	}
	return appendMessage(b, 8, fields)
}

func appendPosition(b []byte, at position) []byte {
	return appendNumber(appendNumber(b, 1, at.commit), 2, at.prepare)
}

// appendTime adds the fields of a google.protobuf.Timestamp.
func appendTime(b []byte, t time.Time) []byte {
	return appendNumber(appendNumber(b, 1, uint64(t.Unix())), 2, uint64(t.Nanosecond()))
}

// appendHeader begins a field of this size, in bytes.
func appendHeader(b []byte, field protowire.Number, size int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(size))
}

// appendMessage adds a field, also an empty one.
func appendMessage(b []byte, field protowire.Number, fields []byte) []byte {
	return append(appendHeader(b, field, len(fields)), fields...)
}

// messageSize returns how many bytes appendMessage adds. All fields here have numbers below
// 16, whose tags have one byte.
func messageSize(length int) int { return 1 + protowire.SizeBytes(length) }

// appendText adds a field unless it is empty, as proto3 does.
func appendText[T string | []byte](b []byte, field protowire.Number, text T) []byte {
	if len(text) == 0 {
		return b
	}
	return append(appendHeader(b, field, len(text)), text...)
}

// textSize returns how many bytes appendText adds.
func textSize(length int) int {
	if length == 0 {
		return 0
	}
	return messageSize(length)
}

// appendNumber adds a field unless it is 0, as proto3 does.
func appendNumber(b []byte, field protowire.Number, n uint64) []byte {
	if n == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func numberSize(n uint64) int {
	if n == 0 {
		return 0
	}
	return 1 + protowire.SizeVarint(n)
}
