package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
)

// KeySize is the size of a data key and of a master key, in bytes.
const KeySize = 32

// KeyID names a data key.
type KeyID struct {
	Owner      Owner
	Generation uint32 // 0 for the first key of the owner
}

func (id KeyID) String() string {
	return id.Owner.String() + "." + strconv.FormatUint(uint64(id.Generation), 10)
}

// Key is a data key.
type Key struct {
	ID   KeyID
	name string // of ID
	aead cipher.AEAD
}

// NewKey returns the data key of [KeySize] bytes.
func NewKey(id KeyID, key []byte) (*Key, error) {
	aead, err := newAEAD(key)
	return &Key{id, id.String(), aead}, err
}

// newAEAD returns AES-256-GCM that puts a random nonce before each ciphertext.
func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal: a key has %d bytes, not %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Event says which event a value stands in.
type Event struct {
	ID     uuid.UUID
	Type   string
	Stream string
}

// bound is the associated data of the values in an event, which is the same for all that one
// key seals.
type bound struct {
	event Event
	key   string
	data  []byte
}

// by returns the associated data of a value that the key seals.
func (b *bound) by(key *Key) []byte {
	if b.data == nil || b.key != key.name {
		b.key, b.data = key.name, b.event.bind(key)
	}
	return b.data
}

// bind returns the associated data of a value in the event. Stream names and
// types have no zero byte.
func (e Event) bind(key *Key) []byte {
	data := make([]byte, 0, 160)
	data = append(data, "tizilim s1\x00"...)
	data = append(data, e.ID[:]...)
	data = append(data, e.Type...)
	data = append(data, 0)
	data = append(data, e.Stream...)
	data = append(data, 0)
	return append(data, key.name...)
}

// Seal returns the event with each personal value sealed by the key of its
// owner, which keyOf returns. The event itself does not change.
//
// The owner is the person whom the value tells of: the first person that the
// structure with the value names, or else the structure around that one, and so
// on; else the first person whom the event concerns; else the case that it is a
// step of. testdata/owners.txt says for each value which of them it is.
func Seal(e domain.Event, in Event, keyOf func(Owner) (*Key, error)) (domain.Event, error) {
	bound := bound{event: in}
	return replace(e, func(v reflect.Value, k kind, owner Owner) error {
		key, err := keyOf(owner)
		if err != nil {
			return err
		}
		head := domain.SealedPrefix + key.name + "."
		if k == binary {
			v.SetBytes(key.aead.Seal([]byte(head), nil, v.Bytes(), bound.by(key)))
			return nil
		}
		clear := v.String() // of a day a mask
		if k == day {
			clear = v.Interface().(domain.PersonalDate).Date.String()
		}
		sealed := key.aead.Seal(nil, nil, []byte(clear), bound.by(key))
		text := make([]byte, 0, len(head)+encoding.EncodedLen(len(sealed)))
		return setText(v, k, string(encoding.AppendEncode(append(text, head...), sealed)))
	})
}

var encoding = base64.RawURLEncoding

// setText puts the text where the value was.
func setText(v reflect.Value, k kind, s string) error {
	if k == day {
		return v.Addr().Interface().(*domain.PersonalDate).UnmarshalText([]byte(s))
	}
	v.SetString(s)
	return nil
}

// replace calls f for each personal value of a copy of the event, and returns
// the copy.
func replace(e domain.Event, f func(v reflect.Value, k kind, owner Owner) error) (domain.Event, error) {
	plan := planOf(reflect.TypeOf(e))
	if plan == nil {
		return e, nil
	}
	v := reflect.New(reflect.TypeOf(e)).Elem()
	v.Set(reflect.ValueOf(e))
	if err := plan.visit(v, ownerOf(e), true, f); err != nil {
		return nil, err
	}
	return v.Interface().(domain.Event), nil
}

// Sized returns the event with texts in place of its personal values, each as
// long as the sealed one.
func Sized(e domain.Event) (domain.Event, error) {
	const nonceAndTag = 12 + 16
	head := domain.SealedPrefix + KeyID{}.String() + "."
	return replace(e, func(v reflect.Value, k kind, _ Owner) error {
		if k == binary {
			v.SetBytes(make([]byte, len(head)+nonceAndTag+v.Len()))
			return nil
		}
		size := len("2006-01-02")
		if k == text {
			size = v.Len()
		}
		return setText(v, k, head+strings.Repeat("0", encoding.EncodedLen(nonceAndTag+size)))
	})
}

// Used returns the keys by which values of the event are sealed, each once.
func Used(e domain.Event) (used []KeyID) {
	plan := planOf(reflect.TypeOf(e))
	if plan == nil {
		return nil
	}
	v := reflect.ValueOf(e)
	// It cannot fail, as the function does not.
	_ = plan.visit(v, Owner{}, false, func(v reflect.Value, k kind, _ Owner) error {
		if key, _, ok := split(v, k); ok && !slices.Contains(used, key) {
			used = append(used, key)
		}
		return nil
	})
	return used
}

// Open returns the event with each sealed value opened by its key, which keyOf
// returns; nil says that the key was destroyed, and the value is
// [domain.Erased]: of bytes, none. The event itself does not change.
func Open(e domain.Event, in Event, keyOf func(KeyID) (*Key, error)) (domain.Event, error) {
	bound := bound{event: in}
	return replace(e, func(v reflect.Value, k kind, _ Owner) error {
		id, sealed, ok := parse(v, k)
		if !ok {
			return nil
		}
		key, err := keyOf(id)
		if err != nil {
			return err
		}
		if key == nil {
			if k == binary {
				v.SetZero()
				return nil
			}
			return setText(v, k, domain.Erased)
		}
		clear, err := key.aead.Open(nil, nil, sealed, bound.by(key))
		if err != nil {
			return fmt.Errorf("seal: a value sealed by key %s is not what was sealed for this event: "+
				"somebody changed or moved it", id)
		}
		if k == binary {
			v.SetBytes(clear)
			return nil
		}
		return setText(v, k, string(clear))
	})
}

// Sealed reports whether the stored event has a sealed value.
func Sealed(data []byte) bool {
	for _, prefix := range sealedPrefixes {
		if bytes.Contains(data, prefix) {
			return true
		}
	}
	return false
}

// sealedPrefixes begin a sealed text, and in base64 sealed bytes.
var sealedPrefixes = [][]byte{
	[]byte(`"` + domain.SealedPrefix),
	[]byte(`"` + base64.StdEncoding.EncodeToString([]byte(domain.SealedPrefix))),
}

// parse reads a sealed value. ok is false where the value is in clear.
func parse(v reflect.Value, k kind) (key KeyID, sealed []byte, ok bool) {
	key, content, ok := split(v, k)
	if !ok || k == binary {
		return key, []byte(content), ok
	}
	sealed, err := encoding.DecodeString(content)
	return key, sealed, err == nil
}

// split reads by which key a value is sealed, and the text after it.
func split(v reflect.Value, k kind) (key KeyID, content string, ok bool) {
	var s string
	switch k {
	case binary:
		s = string(v.Bytes())
	case day:
		written, _ := v.Interface().(domain.PersonalDate).MarshalText() // has no error
		s = string(written)
	default:
		s = v.String()
	}
	rest, found := strings.CutPrefix(s, domain.SealedPrefix)
	if !found {
		return key, "", false
	}
	owner, rest, _ := strings.Cut(rest, ".")
	generation, content, _ := strings.Cut(rest, ".")
	id, err := uuid.Parse(owner)
	number, notNumber := strconv.ParseUint(generation, 10, 32)
	if err != nil || notNumber != nil {
		return key, "", false
	}
	return KeyID{Owner{id}, uint32(number)}, content, true
}
