package seal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
)

// The streams of data keys. Their events are none of the domain: they are in no history, and
// no read model has them.
const (
	// StreamPrefix begins the name of each stream with data keys.
	StreamPrefix = "key-"
	// RootsStream has the seeds of the subtrees of which no key was destroyed.
	RootsStream = StreamPrefix + "roots"
)

// SubtreeStream has what is left of a subtree of which a key was destroyed.
func SubtreeStream(number int) string { return fmt.Sprintf("%s%04d", StreamPrefix, number) }

// Types of event in these streams. The last event of a stream counts; those before it may be
// removed.
const (
	RootsMade        = "DataKeyRootsMade" // the first event of its stream
	RootsLeft        = "DataKeyRootsLeft"
	SubtreePunctured = "DataKeySubtreePunctured"
)

// Record is an event in a stream of data keys.
type Record struct {
	Type string
	Data []byte
}

// stored is the stored form of a Record. A master key wraps a key of 32 bytes, as a key
// management service can, and that key seals the seeds. Only who holds a master key can make
// a record, and so say that a key was destroyed.
type stored struct {
	Master string `json:"master"` // id of the master key that wrapped
	Key    []byte `json:"key"`    // wrapped
	Seeds  []byte `json:"seeds"`  // sealed by the key
}

func wrap(ctx context.Context, m MasterKeys, stream, recordType string, seeds []byte) (Record, error) {
	key := make([]byte, KeySize)
	_, _ = rand.Read(key) // it never fails
	aead, err := newAEAD(key)
	if err != nil {
		return Record{}, err
	}
	binding := []byte("tizilim " + recordType + "\x00" + stream)
	master, wrapped, err := m.Wrap(ctx, key, binding)
	if err != nil {
		return Record{}, fmt.Errorf("wrap the data keys: %w", err)
	}
	data, err := json.Marshal(stored{master, wrapped, aead.Seal(nil, nil, seeds, binding)})
	return Record{recordType, data}, err
}

func unwrap(ctx context.Context, m MasterKeys, stream string, r Record) (seeds []byte, master string, err error) {
	var s stored
	if err := json.Unmarshal(r.Data, &s); err != nil || s.Master == "" {
		return nil, "", fmt.Errorf("%s: %s: %w", stream, r.Type, ErrForged)
	}
	binding := []byte("tizilim " + r.Type + "\x00" + stream)
	key, err := m.Unwrap(ctx, s.Master, s.Key, binding)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", stream, err)
	}
	aead, err := newAEAD(key)
	if err == nil {
		seeds, err = aead.Open(nil, nil, s.Seeds, binding)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", stream, ErrForged)
	}
	return seeds, s.Master, nil
}

// Wrap returns the record of the roots, of the type [RootsMade] or [RootsLeft].
func (r Roots) Wrap(ctx context.Context, m MasterKeys, recordType string) (Record, error) {
	return wrap(ctx, m, RootsStream, recordType, r.encode())
}

// UnwrapRoots returns the roots that a record has, and the master key that wrapped them.
func UnwrapRoots(ctx context.Context, m MasterKeys, r Record) (roots Roots, master string, err error) {
	seeds, master, err := unwrap(ctx, m, RootsStream, r)
	if err == nil {
		roots, err = decodeRoots(seeds)
	}
	return roots, master, err
}

// Wrap returns the record of the subtree of the number.
func (s *Subtree) Wrap(ctx context.Context, m MasterKeys, number int) (Record, error) {
	return wrap(ctx, m, SubtreeStream(number), SubtreePunctured, s.encode())
}

// UnwrapSubtree returns the subtree of the number that a record has, and the master key that
// wrapped it.
func UnwrapSubtree(ctx context.Context, m MasterKeys, number int, r Record) (s *Subtree, master string, err error) {
	seeds, master, err := unwrap(ctx, m, SubtreeStream(number), r)
	if err == nil {
		s, err = decodeSubtree(seeds)
	}
	return s, master, err
}
