package seal

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Types of event in the streams of data keys. They are no events of the domain:
// they are in no history, and no read model has them.
const (
	KeyWrapped   = "DataKeyWrapped"
	KeyDestroyed = "DataKeyDestroyed"
)

// Record is an event in a stream of data keys.
type Record struct {
	Type string
	Data []byte
}

// stored is the stored form of a Record.
type stored struct {
	Generation uint32 `json:"generation"`
	Master     string `json:"master"` // id of the master key that wrapped
	// Key is the wrapped data key. Of a destroyed one it is nothing, wrapped: only
	// who holds a master key can say that a key was destroyed.
	Key []byte `json:"key"`
}

// binding says what a wrapped key is for.
func binding(recordType string, id KeyID) []byte {
	return []byte("tizilim " + recordType + "\x00" + id.String())
}

// Ring are the data keys of one owner, as the log has them.
type Ring struct {
	owner  Owner
	newest uint32 // generation
	// by generation:
	keys   map[uint32]*Key   // nil: destroyed
	bare   map[uint32][]byte // of the keys that are not
	latest map[uint32]string // master key of the last record
	last   map[uint32]int    // index of the last record
}

// NewRing folds the stream of the owner's data keys. It skips types of event
// that it does not know.
func NewRing(ctx context.Context, m MasterKeys, owner Owner, records []Record) (*Ring, error) {
	r := &Ring{
		owner: owner, keys: map[uint32]*Key{}, bare: map[uint32][]byte{}, latest: map[uint32]string{}, last: map[uint32]int{},
	}
	for i, record := range records {
		if err := r.add(ctx, m, i, record); err != nil {
			return nil, fmt.Errorf("%s: %w", owner.Stream(), err)
		}
	}
	return r, nil
}

func (r *Ring) add(ctx context.Context, m MasterKeys, i int, record Record) error {
	if record.Type != KeyWrapped && record.Type != KeyDestroyed {
		return nil
	}
	var s stored
	if err := json.Unmarshal(record.Data, &s); err != nil {
		return fmt.Errorf("%s: %w", record.Type, err)
	}
	id := KeyID{r.owner, s.Generation}
	if known, ok := r.keys[s.Generation]; ok && known == nil && record.Type == KeyWrapped {
		return nil // what was destroyed does not come back
	}
	bare, err := m.Unwrap(ctx, s.Master, s.Key, binding(record.Type, id))
	if err != nil {
		return err
	}
	r.latest[s.Generation], r.last[s.Generation] = s.Master, i
	r.newest = max(r.newest, s.Generation)
	if record.Type == KeyDestroyed {
		r.keys[s.Generation] = nil
		delete(r.bare, s.Generation)
		return nil
	}
	if r.keys[s.Generation], err = NewKey(id, bare); err != nil {
		return err
	}
	r.bare[s.Generation] = bare
	return nil
}

// Get returns the key of the generation; nil where it was destroyed. It is an
// error where the log has no such key.
func (r *Ring) Get(generation uint32) (*Key, error) {
	key, ok := r.keys[generation]
	if !ok {
		return nil, fmt.Errorf("seal: data key %s is not in the log: a stream of keys was deleted, "+
			"or the log is not whole", KeyID{r.owner, generation})
	}
	return key, nil
}

// Has reports whether the log has, or had, a key of the generation.
func (r *Ring) Has(generation uint32) bool {
	_, ok := r.keys[generation]
	return ok
}

// Current returns the key by which new values are sealed; nil where one has to
// be made.
func (r *Ring) Current() *Key { return r.keys[r.newest] }

// Needless returns how many of the first records are needed no more, because
// later ones say the same.
func (r *Ring) Needless() int {
	if len(r.last) == 0 {
		return 0
	}
	return slices.Min(slices.Collect(maps.Values(r.last)))
}

// Make returns a record with a new key, of the next generation.
func (r *Ring) Make(ctx context.Context, m MasterKeys) (Record, error) {
	key := make([]byte, KeySize)
	if _, err := rand.Read(key); err != nil {
		return Record{}, err
	}
	generation := r.newest
	if _, ok := r.keys[generation]; ok {
		generation++
	}
	return wrap(ctx, m, KeyWrapped, KeyID{r.owner, generation}, key)
}

// Destroy returns records that say that all keys are destroyed; none where they
// are. The records before them are needed no more.
func (r *Ring) Destroy(ctx context.Context, m MasterKeys) ([]Record, error) {
	left := false
	for _, key := range r.keys {
		left = left || key != nil
	}
	if !left {
		return nil, nil
	}
	return r.records(ctx, m, func(uint32) []byte { return nil })
}

// Rewrap returns records with all keys wrapped by the newest master key; none
// where they are. The records before them are needed no more.
func (r *Ring) Rewrap(ctx context.Context, m MasterKeys) ([]Record, error) {
	newest, err := m.Newest(ctx)
	if err != nil {
		return nil, err
	}
	old := false
	for _, master := range r.latest {
		old = old || master != newest
	}
	if !old {
		return nil, nil
	}
	return r.records(ctx, m, func(generation uint32) []byte { return r.bare[generation] })
}

// records returns one record for each generation: with its key, or that it is
// destroyed where keyOf returns none.
func (r *Ring) records(ctx context.Context, m MasterKeys, keyOf func(uint32) []byte) (records []Record, err error) {
	for generation := range r.newest + 1 {
		if _, ok := r.keys[generation]; !ok {
			continue
		}
		key, is := keyOf(generation), KeyWrapped
		if key == nil {
			is = KeyDestroyed
		}
		record, err := wrap(ctx, m, is, KeyID{r.owner, generation}, key)
		if err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

func wrap(ctx context.Context, m MasterKeys, recordType string, id KeyID, key []byte) (Record, error) {
	master, wrapped, err := m.Wrap(ctx, key, binding(recordType, id))
	if err != nil {
		return Record{}, fmt.Errorf("wrap a data key: %w", err)
	}
	data, err := json.Marshal(stored{id.Generation, master, wrapped})
	return Record{recordType, data}, err
}
