package feed

import (
	"encoding/binary"
	"encoding/hex"
	"math"

	"github.com/google/uuid"

	"tizilim/domain"
)

// Position is a place in the feed: behind a fact, or behind all facts of an event. It is written in hex
// of a fixed width, so that texts are ordered as places are. The zero Position is before everything.
type Position struct {
	At domain.Position // of the event
	// Fact is how many facts of the event are before the place; [AllFacts] where all are.
	Fact uint16
	// Mark is the beginning of the id of the event: in another log another event stands there.
	Mark [4]byte
}

// AllFacts is behind all facts of an event.
const AllFacts = math.MaxUint16

// After is the place behind so many facts of the event.
func After(at domain.Position, id uuid.UUID, facts uint16) Position {
	p := Position{At: at, Fact: facts}
	copy(p.Mark[:], id[:])
	return p
}

// IsZero reports whether nothing is before the place.
func (p Position) IsZero() bool { return p == Position{} }

// Before reports whether p is an earlier place than o.
func (p Position) Before(o Position) bool { return p.At < o.At || p.At == o.At && p.Fact < o.Fact }

const positionBytes = 8 + 2 + 4

func (p Position) String() string {
	if p.IsZero() {
		return ""
	}
	var b [positionBytes]byte
	binary.BigEndian.PutUint64(b[:], uint64(p.At))
	binary.BigEndian.PutUint16(b[8:], p.Fact)
	copy(b[10:], p.Mark[:])
	return hex.EncodeToString(b[:])
}

// ParsePosition reads what String writes. Error: [domain.CodeMalformed].
func ParsePosition(text string) (Position, error) {
	if text == "" {
		return Position{}, nil
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != positionBytes {
		return Position{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"send a position of the feed unchanged, or leave it out to begin anew")
	}
	p := Position{At: domain.Position(binary.BigEndian.Uint64(b)), Fact: binary.BigEndian.Uint16(b[8:])}
	copy(p.Mark[:], b[10:])
	return p, nil
}

// MarshalText writes the position; the zero one is the empty text.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (p *Position) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePosition(string(text))
	return err
}
