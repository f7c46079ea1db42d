package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"
)

// noRevision is the last revision of a stream without events.
const noRevision int64 = -1

// tombstoneRevision is the revision of the event that tombstones a stream, of any length, in
// the protocol.
const tombstoneRevision int64 = math.MaxInt64

// event is one record of the log.
type event struct {
	position uint64 // in the log; at least 1, strictly rising, never reused
	revision int64  // in the stream; dense from 0, or tombstoneRevision
	created  int64  // 100 ns ticks since the Unix epoch
	id       uuid.UUID
	json     bool
	stream   string
	kind     string // type of the event
	data     []byte
	metadata []byte
}

// The encoded form of an event, integers big endian, lengths uvarint:
//
//	format(1) flags(1) id(16) created(8) revision(8)
//	len stream, len type, len metadata, len data
//
// The position is the key of the record. The storage engine checks checksums on every read, so
// the record has none.
const (
	eventFormat      = 1
	eventFlagJSON    = 1 << 0
	eventFixedLength = 1 + 1 + 16 + 8 + 8
)

func (e *event) encode() []byte {
	size := eventFixedLength + 4*binary.MaxVarintLen32 + len(e.stream) + len(e.kind) + len(e.metadata) + len(e.data)
	b := make([]byte, 0, size)
	var flags byte
	if e.json {
		flags |= eventFlagJSON
	}
	b = append(b, eventFormat, flags)
	b = append(b, e.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(e.created))
	b = binary.BigEndian.AppendUint64(b, uint64(e.revision))
	b = appendSized(b, e.stream)
	b = appendSized(b, e.kind)
	b = appendSized(b, e.metadata)
	return appendSized(b, e.data)
}

// record is a decoded event whose parts alias the encoded form, that is, the memory of the
// engine. It is valid until the iterator moves.
type record struct {
	position uint64
	revision int64
	created  int64
	id       uuid.UUID
	json     bool
	stream   []byte
	kind     []byte
	metadata []byte
	data     []byte
}

// halves returns the id as two numbers, as the protocol encodes it.
func (r *record) halves() (most, least uint64) {
	return binary.BigEndian.Uint64(r.id[:8]), binary.BigEndian.Uint64(r.id[8:])
}

// decodeRecord decodes an event. The position is not part of the encoded form.
func decodeRecord(b []byte) (record, error) {
	if len(b) < eventFixedLength {
		return record{}, fmt.Errorf("event record of %d bytes is shorter than its fixed part", len(b))
	}
	if b[0] != eventFormat {
		return record{}, fmt.Errorf("event record of format %d, this version reads format %d", b[0], eventFormat)
	}
	if b[1]&^eventFlagJSON != 0 {
		return record{}, fmt.Errorf("event record has unknown flags %#x", b[1])
	}
	r := record{
		json:     b[1]&eventFlagJSON != 0,
		id:       uuid.UUID(b[2:18]),
		created:  int64(binary.BigEndian.Uint64(b[18:26])),
		revision: int64(binary.BigEndian.Uint64(b[26:34])),
	}
	if r.revision < 0 {
		return record{}, fmt.Errorf("event record has the revision %d", r.revision)
	}
	rest := b[eventFixedLength:]
	for _, part := range []*[]byte{&r.stream, &r.kind, &r.metadata, &r.data} {
		var err error
		if *part, rest, err = cutSized(rest); err != nil {
			return record{}, fmt.Errorf("event record: %w", err)
		}
	}
	if len(rest) != 0 {
		return record{}, fmt.Errorf("event record has %d bytes after its end", len(rest))
	}
	return r, nil
}

// decodeEvent decodes an event. Its data and metadata alias b: clone it to keep the event
// longer than b.
func decodeEvent(b []byte) (event, error) {
	r, err := decodeRecord(b)
	if err != nil {
		return event{}, err
	}
	return event{
		revision: r.revision, created: r.created, id: r.id, json: r.json,
		stream: string(r.stream), kind: string(r.kind), metadata: r.metadata, data: r.data,
	}, nil
}

// clone returns a copy that shares no memory with the storage engine.
func (e event) clone() *event {
	e.data = append([]byte(nil), e.data...)
	e.metadata = append([]byte(nil), e.metadata...)
	return &e
}

// head is the state of a stream that is kept beside its events.
type head struct {
	// id stands for the stream's name in the keys of its index. It is the
	// position of the stream's first event, 0 while there is none.
	id uint64
	// last is the revision of the last event, noRevision if there is none.
	// A tombstone does not change it.
	last int64
	// first is the revision of the first event that scavenges have not removed;
	// last+1 if they have removed all but a tombstone.
	first int64
	// tombstoned is set if the stream refuses every read and write for ever.
	tombstoned bool
	// hasMetadata is set if the metadata stream of the stream has an event.
	hasMetadata bool
	// retention is a copy from the last event of the metadata stream, so that a read
	// needs only one stream.
	retention retention
	// lenient is set in a head from a version that accepted valid members of malformed
	// metadata. loadHead reads its retention again. No head is written so any more.
	lenient bool
}

// exists reports whether the stream or its metadata stream ever had an event.
func (h head) exists() bool { return h.last != noRevision || h.hasMetadata }

// The encoded form of a head: format(1) flags(1) id(8), then uvarints:
// last+1, maxCount, maxAge, truncateBefore, and first if it was scavenged.
const (
	headFormat          = 1
	headFlagTombstoned  = 1 << 0
	headFlagHasMetadata = 1 << 1
	headFlagScavenged   = 1 << 2
	headFlagStrict      = 1 << 3 // with headFlagHasMetadata: it is not lenient
)

func (h head) encode() []byte {
	b := make([]byte, 0, 10+5*binary.MaxVarintLen64)
	var flags byte
	if h.tombstoned {
		flags |= headFlagTombstoned
	}
	if h.hasMetadata {
		flags |= headFlagHasMetadata | headFlagStrict
	}
	if h.first > 0 {
		flags |= headFlagScavenged
	}
	b = append(b, headFormat, flags)
	b = binary.BigEndian.AppendUint64(b, h.id)
	b = binary.AppendUvarint(b, uint64(h.last+1))
	b = binary.AppendUvarint(b, uint64(h.retention.maxCount))
	b = binary.AppendUvarint(b, uint64(h.retention.maxAge))
	b = binary.AppendUvarint(b, uint64(h.retention.truncateBefore))
	if h.first > 0 {
		b = binary.AppendUvarint(b, uint64(h.first))
	}
	return b
}

func decodeHead(b []byte) (head, error) {
	if len(b) < 10 || b[0] != headFormat {
		return head{}, errors.New("stream head is cut short or of an unknown format")
	}
	if b[1]&^(headFlagTombstoned|headFlagHasMetadata|headFlagScavenged|headFlagStrict) != 0 {
		return head{}, fmt.Errorf("stream head has unknown flags %#x", b[1])
	}
	h := head{
		tombstoned:  b[1]&headFlagTombstoned != 0,
		hasMetadata: b[1]&headFlagHasMetadata != 0,
		lenient:     b[1]&(headFlagHasMetadata|headFlagStrict) == headFlagHasMetadata,
		id:          binary.BigEndian.Uint64(b[2:10]),
	}
	rest := b[10:]
	numbers := []*int64{&h.last, &h.retention.maxCount, &h.retention.maxAge, &h.retention.truncateBefore}
	if b[1]&headFlagScavenged != 0 {
		numbers = append(numbers, &h.first)
	}
	for _, to := range numbers {
		v, n := binary.Uvarint(rest)
		if n <= 0 || v > math.MaxInt64 {
			return head{}, errors.New("stream head holds an invalid number")
		}
		*to, rest = int64(v), rest[n:]
	}
	h.last--
	if len(rest) != 0 {
		return head{}, fmt.Errorf("stream head has %d bytes after its end", len(rest))
	}
	return h, nil
}

func appendSized[T string | []byte](b []byte, part T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(part))), part...)
}

func cutSized(b []byte) (part, rest []byte, err error) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n > uint64(len(b)-width) {
		return nil, nil, errors.New("a length exceeds what is left of the record")
	}
	b = b[width:]
	return b[:n:n], b[n:], nil
}
