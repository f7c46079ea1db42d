package seal

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// MasterKeys wrap data keys, so that they can stand in the log. [Local] holds
// the master keys itself; package transit has them in a key management service.
// The newest key wraps; the older ones only unwrap.
//
// A binding says what a wrapped key is for. Only with the same binding is it
// unwrapped.
//
// A service that cannot be used now makes each method return an error that is a
// sentence for the operator and wraps a [*domain.Error] of kind Unavailable.
// Each call is bounded by itself: its context may have no deadline.
type MasterKeys interface {
	// Newest returns the id of the master key by which Wrap wraps.
	Newest(ctx context.Context) (master string, err error)
	Wrap(ctx context.Context, key, binding []byte) (master string, wrapped []byte, err error)
	// Unwrap returns what was wrapped. Errors: [*UnknownMasterError], [ErrForged].
	Unwrap(ctx context.Context, master string, wrapped, binding []byte) (key []byte, err error)
}

// UnknownMasterError says that a data key was wrapped by a master key that is
// not there.
type UnknownMasterError struct{ Master string }

func (e *UnknownMasterError) Error() string {
	return fmt.Sprintf("the log has data keys that master key %s wrapped, and this key is not there: "+
		"restore the file or the variable with the master keys, or name the service that has it", e.Master)
}

// ErrForged says that a wrapped key was not made by the master key for this binding.
var ErrForged = errors.New("a wrapped data key is not what a master key made: somebody changed or moved it")

// Local are master keys in a file or in the environment. They are safe for
// concurrent use.
type Local struct {
	path string // empty: the keys do not change

	mu       sync.Mutex
	keys     []localKey // the newest first
	modified time.Time  // the file, when it was read
}

type localKey struct {
	id   string
	aead cipher.AEAD
}

// NewLocal returns master keys from a text: one in hex on each line, or between
// commas, the newest first.
func NewLocal(text string) (*Local, error) {
	keys, err := parseMasters(text)
	return &Local{keys: keys}, err
}

// OpenLocal reads master keys from a file with one in hex on each line, the
// newest first. A changed file is read again.
func OpenLocal(path string) (*Local, error) {
	l := &Local{path: path}
	return l, l.refresh()
}

func parseMasters(text string) (keys []localKey, err error) {
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		key, err := hex.DecodeString(line)
		if err != nil || len(key) != KeySize {
			return nil, fmt.Errorf("master key %d of the list is not a key of %d bytes in hex", len(keys)+1, KeySize)
		}
		aead, err := newAEAD(key)
		if err != nil {
			return nil, err
		}
		keys = append(keys, localKey{MasterID(key), aead})
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no master key")
	}
	return keys, nil
}

// MasterID is the id of a local master key. It tells nothing about the key.
func MasterID(key []byte) string {
	sum := sha256.Sum256(append([]byte("tizilim master key\x00"), key...))
	return hex.EncodeToString(sum[:8])
}

// refresh reads the file where it has changed. Its caller holds the lock, or is
// alone.
func (l *Local) refresh() error {
	if l.path == "" {
		return nil
	}
	info, err := os.Stat(l.path)
	if err != nil {
		return fmt.Errorf("master keys: %w", err)
	}
	if info.ModTime().Equal(l.modified) && l.keys != nil {
		return nil
	}
	text, err := os.ReadFile(l.path)
	if err != nil {
		return fmt.Errorf("master keys: %w", err)
	}
	keys, err := parseMasters(string(bytes.TrimSpace(text)))
	if err != nil {
		return fmt.Errorf("%s: %w; restore the file from a backup", l.path, err)
	}
	l.keys, l.modified = keys, info.ModTime()
	return nil
}

func (l *Local) newest() (localKey, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refresh(); err != nil {
		return localKey{}, err
	}
	return l.keys[0], nil
}

// Newest implements [MasterKeys].
func (l *Local) Newest(context.Context) (string, error) {
	k, err := l.newest()
	return k.id, err
}

// Wrap implements [MasterKeys].
func (l *Local) Wrap(_ context.Context, key, binding []byte) (string, []byte, error) {
	k, err := l.newest()
	if err != nil {
		return "", nil, err
	}
	return k.id, k.aead.Seal(nil, nil, key, binding), nil
}

// Unwrap implements [MasterKeys].
func (l *Local) Unwrap(_ context.Context, master string, wrapped, binding []byte) ([]byte, error) {
	k, err := l.find(master)
	if err != nil {
		return nil, err
	}
	key, err := k.aead.Open(nil, nil, wrapped, binding)
	if err != nil {
		return nil, ErrForged
	}
	return key, nil
}

// find looks into a file that has changed too: another process may have put a
// new master key there.
func (l *Local) find(master string) (localKey, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range 2 {
		for _, k := range l.keys {
			if k.id == master {
				return k, nil
			}
		}
		if err := l.refresh(); err != nil {
			return localKey{}, err
		}
	}
	return localKey{}, &UnknownMasterError{master}
}
