// Package keyring says which keys belong to a log. The keys themselves are never in it,
// only a fingerprint of each: with it a process sees that a key is missing or is another
// one, before it does harm. With another key for the ids of persons, for example, the
// same IIN would become a second person.
package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

// ID is the id of the stream of a registry's keys. There is one in each log.
var ID = domain.DeriveID(uuid.Nil, "registry")

// Category is the category of the stream. No projector follows it.
const Category = "registry-"

// Stream is the stream of a registry's keys. Its revision protects which keys were the
// first: of two registries that begin on one empty log, one appends.
var Stream = Category + ID.String()

// Fingerprint tells keys apart and gives none away: 128 bits of the SHA-256 of
// HMAC-SHA-256(key, "fingerprint"), in hex.
type Fingerprint string

// FingerprintOf returns the fingerprint of a key.
func FingerprintOf(key []byte) Fingerprint {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("fingerprint"))
	sum := sha256.Sum256(mac.Sum(nil))
	return Fingerprint(hex.EncodeToString(sum[:16]))
}

// Key is a key by its name, such as person-id.
type Key struct {
	Name        string      `json:"name"`
	Fingerprint Fingerprint `json:"fingerprint"`
}

// Kind is a kind of key that a registry needs.
type Kind struct {
	Name string
	// FromTheStart says that every version of the program made this key at its first
	// start. A key of another kind may be missing in a registry from before the kind.
	FromTheStart bool
}

// Ring is the state of the stream: the keys that belong to the log. The zero Ring is that
// of a log without any.
type Ring struct {
	keys map[string]Fingerprint
}

// Apply folds an event.
func (r *Ring) Apply(e domain.Event) {
	if r.keys == nil {
		r.keys = map[string]Fingerprint{}
	}
	switch e := e.(type) {
	case KeysFingerprinted:
		for _, key := range e.Keys {
			r.keys[key.Name] = key.Fingerprint
		}
	case KeyAccepted:
		r.keys[e.Key.Name] = e.Key.Fingerprint
	}
}

// Begun reports whether any key belongs to the log.
func (r *Ring) Begun() bool { return len(r.keys) > 0 }

// Of returns the fingerprint of the key that belongs to the log; empty if there is none.
func (r *Ring) Of(name string) Fingerprint { return r.keys[name] }

// Mismatch says that a key does not belong to the log.
type Mismatch struct {
	Name    string
	Missing bool // there is no such key; otherwise there is another one
}

func (m *Mismatch) Error() string {
	if m.Missing {
		return fmt.Sprintf("the key %s is missing", m.Name)
	}
	return fmt.Sprintf("the key %s is not the one of this log", m.Name)
}

// Compare compares the keys that a process has with those of the log. It returns the names
// of the keys that may be made now, because no event can rest on an earlier one. empty
// says that the log has no event of the registry. Error: [*Mismatch].
func (r *Ring) Compare(kinds []Kind, have map[string]Fingerprint, empty bool) (absent []string, err error) {
	for _, kind := range kinds {
		print, exists := have[kind.Name]
		recorded, belongs := r.keys[kind.Name]
		switch {
		case exists && belongs && print != recorded:
			return nil, &Mismatch{Name: kind.Name}
		case exists:
		case belongs, !r.Begun() && !empty && kind.FromTheStart:
			return nil, &Mismatch{Name: kind.Name, Missing: true}
		default:
			absent = append(absent, kind.Name)
		}
	}
	return absent, nil
}

// Record decides that the keys which do not belong to the log yet do so from now on. It
// returns no event where all do. Compare has found no mismatch.
func (r *Ring) Record(have map[string]Fingerprint, now time.Time) []domain.Event {
	var fresh []Key
	for name, print := range have {
		if _, belongs := r.keys[name]; !belongs {
			fresh = append(fresh, Key{name, print})
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	slices.SortFunc(fresh, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return []domain.Event{KeysFingerprinted{Keys: fresh, RecordedAt: now}}
}

// Accept decides that the key replaces the one of its name. It returns no event where
// that key belongs to the log already.
func (r *Ring) Accept(key Key, basis string, now time.Time) []domain.Event {
	before := r.keys[key.Name]
	if before == key.Fingerprint {
		return nil
	}
	return []domain.Event{KeyAccepted{Key: key, Before: before, Basis: basis, AcceptedAt: now}}
}
