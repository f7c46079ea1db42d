package proof

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
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
	marked = base64.RawURLEncoding.AppendEncode(marked, k.mac(r, r.Metadata))
	return append(marked, `"}`...)
}

// Verify checks the MAC of the event. Errors: [ErrNoMAC], [ErrWrongMAC].
func (k Key) Verify(r Record) error {
	own, _ := splitCopied(r.Metadata)
	body, mac, ok := cutMAC(own)
	if !ok {
		return ErrNoMAC
	}
	if !hmac.Equal(mac, k.mac(r, body)) {
		return ErrWrongMAC
	}
	return nil
}

// mac is the MAC of the event with the metadata, which has no MAC yet.
func (k Key) mac(r Record, metadata []byte) []byte {
	h := hmac.New(sha256.New, k)
	b := framed(r.frame("tizilim event 1"), r.Data)
	h.Write(framed(b, metadata))
	return h.Sum(nil)[:macSize]
}

// Leaf returns the hash of the event's leaf. It covers everything but the position
// in the log, and what a copy adds to the metadata: of a copied event it covers the
// time at which the first log took it.
func (r Record) Leaf() tlog.Hash {
	own, copied := splitCopied(r.Metadata)
	created := r.Created.UTC().Format(time.RFC3339Nano)
	if copied != "" {
		created = copied
	}
	content := "binary"
	if r.JSON {
		content = "json"
	}
	b := framed(framed(r.frame("tizilim leaf 1"), content), created)
	return tlog.RecordHash(framed(framed(b, r.Data), own))
}

// frame begins what is hashed: what it is for, and which event it is of. It has room
// for the rest.
func (r Record) frame(purpose string) []byte {
	b := make([]byte, 0, 256+len(r.Stream)+len(r.Type)+len(r.Data)+len(r.Metadata))
	b = framed(framed(b, purpose), r.Stream)
	b = framed(b, strconv.FormatUint(r.Revision, 10))
	return framed(framed(b, r.ID.String()), r.Type)
}

// framed appends the text with its length before it: no two lists of texts have the
// same bytes.
func framed[T string | []byte](b []byte, text T) []byte {
	b = strconv.AppendInt(b, int64(len(text)), 10)
	return append(append(b, ':'), text...)
}

// cutMAC takes the MAC out of metadata that [Key.Mark] has written.
func cutMAC(metadata []byte) (body, mac []byte, ok bool) {
	const length = MarkSize + len("}")
	at := len(metadata) - length
	if at <= 0 || !bytes.HasPrefix(metadata[at:], []byte(macMember)) || !bytes.HasSuffix(metadata, []byte(`"}`)) {
		return nil, nil, false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(string(metadata[at+len(macMember) : len(metadata)-len(`"}`)]))
	if err != nil {
		return nil, nil, false
	}
	return append(append(make([]byte, 0, at+1), metadata[:at]...), '}'), mac, true
}

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
