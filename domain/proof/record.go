package proof

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
)

// Record is an event as the log stores it.
type Record struct {
	Stream   string
	Revision uint64
	ID       uuid.UUID
	Type     string
	JSON     bool // its content type
	Data     []byte
	Metadata []byte
	Created  time.Time // when this log took the event; of a copied event the first log's time is in Metadata
}

// Ref names the event.
func (r Record) Ref() domain.EventRef { return domain.EventRef{Stream: r.Stream, Revision: r.Revision} }

// Key is the secret behind the MACs.
type Key []byte

const (
	macSize = 16 // bytes of HMAC-SHA256 that are kept
	// MarkSize is by how many bytes [Key.Mark] makes the metadata of an event longer.
	MarkSize = len(macMember) + (macSize*8+5)/6 + len(`"`)

	macMember      = `,"mac":"`
	copiedMember   = `,"$copied_created":"`
	positionMember = `","$copied_position":"`
)

// Errors of [Key.Verify].
var (
	ErrNoMAC    = errors.New("it has no MAC: it was not written by this registry, or before the registry wrote MACs")
	ErrWrongMAC = errors.New("its MAC is wrong: it was written without the keys of this registry, or was changed or moved")
)

// Mark returns the metadata with the MAC of the event as its last member. The
// metadata must be a JSON object in one line that has members.
func (k Key) Mark(r Record) []byte {
	body, _ := bytes.CutSuffix(r.Metadata, []byte("}"))
	marked := make([]byte, 0, len(r.Metadata)+MarkSize)
	marked = append(append(marked, body...), macMember...)
	mac := k.mac(r, r.Metadata, "")
	marked = base64.RawURLEncoding.AppendEncode(marked, mac[:])
	return append(marked, `"}`...)
}

// Verify checks the MAC of the event. Errors: [ErrNoMAC], [ErrWrongMAC].
func (k Key) Verify(r Record) error {
	body, mac, ok := cutMAC(r.Metadata)
	if !ok { // a copy of the log adds members after it
		own, _ := splitCopied(r.Metadata)
		body, mac, ok = cutMAC(own)
	}
	if !ok {
		return ErrNoMAC
	}
	if right := k.mac(r, body, "}"); !hmac.Equal(mac[:], right[:]) {
		return ErrWrongMAC
	}
	return nil
}

// hasher computes MACs by one key.
type hasher struct {
	key  string
	hash hash.Hash
	text []byte // what is hashed before the content
}

// hashers keeps each *hasher for the next event: to make one costs more than to hash an
// event. A process has one key, or a few.
var hashers sync.Pool

func (k Key) hasher() *hasher {
	h, _ := hashers.Get().(*hasher)
	if h == nil || h.key != string(k) {
		return &hasher{key: string(k), hash: hmac.New(sha256.New, k)}
	}
	h.hash.Reset()
	return h
}

// mac is the MAC of the event with the metadata, which has no MAC yet, and ends with end.
func (k Key) mac(r Record, metadata []byte, end string) (mac [macSize]byte) {
	h := k.hasher()
	defer hashers.Put(h)
	h.text = size(r.frame(h.text[:0], "tizilim event 1"), len(r.Data))
	h.hash.Write(h.text)
	h.hash.Write(r.Data)
	h.text = size(h.text[:0], len(metadata)+len(end))
	h.hash.Write(h.text)
	h.hash.Write(metadata)
	h.text = append(h.text[:0], end...)
	h.hash.Write(h.text)
	h.text = h.hash.Sum(h.text[:0])
	copy(mac[:], h.text)
	return mac
}

// Leaf returns the hash of the event's leaf. It covers everything but the position
// in the log, and what a copy adds to the metadata: of a copied event it covers the
// time at which the first log took it.
func (r Record) Leaf() tlog.Hash {
	own, copied := r.Metadata, ""
	if _, _, marked := cutMAC(r.Metadata); !marked { // as Verify
		own, copied = splitCopied(r.Metadata)
	}
	created := r.Created.UTC().Format(time.RFC3339Nano)
	if copied != "" {
		created = copied
	}
	content := "binary"
	if r.JSON {
		content = "json"
	}
	b := make([]byte, 0, 320+len(r.Stream)+len(r.Type)+len(r.Data)+len(r.Metadata))
	b = framed(framed(r.frame(b, "tizilim leaf 1"), content), created)
	return tlog.RecordHash(framed(framed(b, r.Data), own))
}

// frame begins what is hashed: what it is for, and which event it is of.
func (r Record) frame(b []byte, purpose string) []byte {
	b = framed(framed(b, purpose), r.Stream)
	b = framed(b, strconv.FormatUint(r.Revision, 10))
	return framed(framed(b, r.ID.String()), r.Type)
}

// framed appends the text with its length before it: no two lists of texts have the
// same bytes.
func framed[T string | []byte](b []byte, text T) []byte { return append(size(b, len(text)), text...) }

// size appends the length that stands before a text.
func size(b []byte, length int) []byte { return append(strconv.AppendInt(b, int64(length), 10), ':') }

// cutMAC takes the MAC out of metadata that [Key.Mark] has written. The brace that ends the
// metadata is not in body.
func cutMAC(metadata []byte) (body []byte, mac [macSize]byte, ok bool) {
	const length = MarkSize + len("}")
	at := len(metadata) - length
	if at <= 0 || !bytes.HasPrefix(metadata[at:], []byte(macMember)) || !bytes.HasSuffix(metadata, []byte(`"}`)) {
		return nil, mac, false
	}
	n, err := strictly.Decode(mac[:], metadata[at+len(macMember):len(metadata)-len(`"}`)])
	return metadata[:at], mac, err == nil && n == macSize
}

var strictly = base64.RawURLEncoding.Strict()

// splitCopied returns the metadata without the two members that a copy of the log
// appends to it, and the time in them; "" where the metadata is not that of a copy.
// The quotes of the members cannot be part of a value: in one they would be escaped.
func splitCopied(metadata []byte) (own []byte, created string) {
	at := bytes.LastIndex(metadata, []byte(copiedMember))
	if at < 0 {
		return metadata, ""
	}
	text, ok := bytes.CutSuffix(metadata[at+len(copiedMember):], []byte(`"}`))
	if !ok {
		return metadata, ""
	}
	when, position, ok := bytes.Cut(text, []byte(positionMember))
	if _, err := strconv.ParseUint(string(position), 10, 64); !ok || err != nil {
		return metadata, ""
	}
	parsed, err := time.Parse(time.RFC3339Nano, string(when))
	if err != nil || parsed.UTC().Format(time.RFC3339Nano) != string(when) {
		return metadata, ""
	}
	return append(append(make([]byte, 0, at+1), metadata[:at]...), '}'), string(when)
}
