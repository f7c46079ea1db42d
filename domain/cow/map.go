// Package cow has a map with copy on write: [Map].
package cow

import (
	"encoding/binary"

	"github.com/google/uuid"
	"github.com/tidwall/btree"
)

// Map is a map from UUIDs. The zero Map is empty.
//
// A clone costs the same however much the map holds: both share what neither has
// changed since. So a value must not be changed in place; Set another one.
//
// Any number of goroutines may read a Map that nobody changes. Set, Delete and
// Clone are changes.
type Map[V any] struct{ tree *btree.BTreeG[pair[V]] }

// degree bounds what a change copies of a map that has been cloned: a few nodes of
// at most twice so many keys.
const degree = 16

type pair[V any] struct {
	key   uuid.UUID
	value V
}

func before[V any](a, b pair[V]) bool {
	x, y := binary.BigEndian.Uint64(a.key[:]), binary.BigEndian.Uint64(b.key[:])
	if x != y {
		return x < y
	}
	return binary.BigEndian.Uint64(a.key[8:]) < binary.BigEndian.Uint64(b.key[8:])
}

// Get returns the value of the key, and whether there is one.
func (m *Map[V]) Get(key uuid.UUID) (V, bool) {
	if m.tree == nil {
		var none V
		return none, false
	}
	p, ok := m.tree.Get(pair[V]{key: key})
	return p.value, ok
}

// Has reports whether the key has a value.
func (m *Map[V]) Has(key uuid.UUID) bool {
	_, ok := m.Get(key)
	return ok
}

// Len returns how many keys have a value.
func (m *Map[V]) Len() int {
	if m.tree == nil {
		return 0
	}
	return m.tree.Len()
}

// Set gives the key a value, in the place of the one that it has.
func (m *Map[V]) Set(key uuid.UUID, value V) {
	if m.tree == nil {
		m.tree = btree.NewBTreeGOptions(before[V], btree.Options{Degree: degree, NoLocks: true})
	}
	m.tree.Set(pair[V]{key, value})
}

// Delete takes the key and its value out.
func (m *Map[V]) Delete(key uuid.UUID) {
	if m.tree != nil {
		m.tree.Delete(pair[V]{key: key})
	}
}

// Clone returns a map that holds the same, and goes its own way from here on.
func (m *Map[V]) Clone() Map[V] {
	if m.tree == nil {
		return Map[V]{}
	}
	return Map[V]{m.tree.Copy()}
}
