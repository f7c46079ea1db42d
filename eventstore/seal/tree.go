package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	byteorder "encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// Data keys are the leaves of binary trees. A node has a seed, from which those of its two
// children follow by a hash, and nothing leads back. So 32 bytes stand for all keys below a
// node, and one key is destroyed by forgetting the seeds on its path and keeping those beside
// it. (This is the pseudo-random function of Goldreich, Goldwasser and Micali, punctured.)
const (
	// Subtrees is how many trees there are. Each owner has their keys in one of them.
	Subtrees = 1 << rootDepth

	rootDepth = 10
	// leafDepth is the depth of a key below an imagined root over all trees. That two of 2^25
	// owners meet in a leaf, and are erased together, has a probability of 2^-47.
	leafDepth = 96
)

type (
	seed [sha256.Size]byte
	path [leafDepth / 8]byte
)

// SubtreeOf is the number of the owner's subtree, from 0 to [Subtrees] - 1.
func SubtreeOf(o Owner) int {
	hash := sha256.Sum256(append([]byte("tizilim owner of keys\x00"), o.UUID[:]...))
	return int(hash[0])<<2 | int(hash[1]>>6)
}

// rootPath is the way to the root of a subtree.
func rootPath(number int) (p path) {
	p[0], p[1] = byte(number>>2), byte(number<<6)
	return p
}

// pathOf is the way to a key: to the subtree of its owner, and on by a hash of its own.
func pathOf(id KeyID) path {
	text := append([]byte("tizilim data key\x00"), id.Owner.UUID[:]...)
	hash := sha256.Sum256(byteorder.BigEndian.AppendUint32(text, id.Generation))
	p, root := path(hash[:len(path{})]), rootPath(SubtreeOf(id.Owner))
	p[0], p[1] = root[0], root[1]|p[1]&0x3f
	return p
}

func (p path) right(depth int) bool { return p[depth/8]&(0x80>>(depth%8)) != 0 }

// cut returns the path with the bits from the depth on set to 0.
func (p path) cut(depth int) path {
	for i := range p {
		if rest := depth - 8*i; rest < 8 {
			p[i] &= ^byte(0xff >> max(rest, 0))
		}
	}
	return p
}

// turned returns the path cut after the bit at the depth, which is turned round: to the
// sibling of the node there.
func (p path) turned(depth int) path {
	p = p.cut(depth + 1)
	p[depth/8] ^= 0x80 >> (depth % 8)
	return p
}

// The second part of the hash that leads from a seed to what follows from it.
const (
	toLeft byte = iota
	toRight
	toKey
)

func (s *seed) next(to byte) seed {
	var in [len("tizilim key tree") + len(s) + 1]byte
	n := copy(in[:], "tizilim key tree")
	n += copy(in[n:], s[:])
	in[n] = to
	return sha256.Sum256(in[:])
}

// branch is a seed that is left of a subtree, and all keys below it with it.
type branch struct {
	at    path // cut at the depth
	depth int
	seed  seed
}

func (n branch) below(p path) bool { return p.cut(n.depth) == n.at }

// Subtree is what is left of a subtree of keys, and which of its keys were destroyed.
type Subtree struct {
	branches  []branch // in the order of their paths; none is below another
	destroyed map[KeyID]bool
}

// whole returns the subtree of the number with nothing destroyed.
func whole(number int, s seed) *Subtree {
	return &Subtree{branches: []branch{{rootPath(number), rootDepth, s}}, destroyed: map[KeyID]bool{}}
}

// find returns the index of the branch above the path.
func (s *Subtree) find(p path) (int, bool) {
	i, exact := slices.BinarySearchFunc(s.branches, p, func(n branch, p path) int { return bytes.Compare(n.at[:], p[:]) })
	if !exact {
		i--
	}
	return i, i >= 0 && s.branches[i].below(p)
}

// Key returns the key; nil where it was destroyed.
func (s *Subtree) Key(id KeyID) (*Key, error) {
	if s.destroyed[id] {
		return nil, nil
	}
	p := pathOf(id)
	i, ok := s.find(p)
	if !ok {
		return nil, fmt.Errorf("seal: data key %s does not follow from the keys of the log", id)
	}
	at := s.branches[i].seed
	for depth := s.branches[i].depth; depth < leafDepth; depth++ {
		if p.right(depth) {
			at = at.next(toRight)
		} else {
			at = at.next(toLeft)
		}
	}
	key := at.next(toKey)
	return NewKey(id, key[:])
}

// Current is the id of the key by which new values of the owner are sealed.
func (s *Subtree) Current(o Owner) KeyID {
	id := KeyID{Owner: o}
	for s.destroyed[id] {
		id.Generation++
	}
	return id
}

// Destroyed returns the subtree without the keys of the owner up to the generation, and
// whether that changes anything. s itself does not change.
func (s *Subtree) Destroyed(o Owner, through uint32) (*Subtree, bool) {
	left := &Subtree{branches: slices.Clone(s.branches), destroyed: map[KeyID]bool{}}
	for id := range s.destroyed {
		left.destroyed[id] = true
	}
	for id := (KeyID{Owner: o}); id.Generation <= through; id.Generation++ {
		if left.destroyed[id] {
			continue
		}
		left.puncture(pathOf(id))
		left.destroyed[id] = true
	}
	return left, len(left.destroyed) > len(s.destroyed)
}

// puncture replaces the branch above the path by those beside the path.
func (s *Subtree) puncture(p path) {
	i, ok := s.find(p)
	if !ok {
		return // it was the leaf of another key, which is destroyed
	}
	n := s.branches[i]
	s.branches = slices.Delete(s.branches, i, i+1)
	for depth := n.depth; depth < leafDepth; depth++ {
		on, beside := toLeft, toRight
		if p.right(depth) {
			on, beside = toRight, toLeft
		}
		s.branches = append(s.branches, branch{p.turned(depth), depth + 1, n.seed.next(beside)})
		n.seed = n.seed.next(on)
	}
	slices.SortFunc(s.branches, func(a, b branch) int { return bytes.Compare(a.at[:], b.at[:]) })
}

// The stored form of a branch is its depth, path and seed; of a key that was destroyed, its
// owner and generation.
const (
	branchSize = 1 + len(path{}) + len(seed{})
	goneSize   = len(uuid.UUID{}) + 4
)

// encode writes the subtree: how many branches it has, the branches, and what was destroyed.
func (s *Subtree) encode() []byte {
	out := byteorder.BigEndian.AppendUint32(make([]byte, 0, 4+len(s.branches)*branchSize+len(s.destroyed)*goneSize), uint32(len(s.branches)))
	for _, n := range s.branches {
		out = append(out, byte(n.depth))
		out = append(out, n.at[:]...)
		out = append(out, n.seed[:]...)
	}
	for id := range s.destroyed {
		out = append(out, id.Owner.UUID[:]...)
		out = byteorder.BigEndian.AppendUint32(out, id.Generation)
	}
	return out
}

var errRecord = errors.New("a record of data keys is not whole")

func decodeSubtree(data []byte) (*Subtree, error) {
	if len(data) < 4 {
		return nil, errRecord
	}
	count, rest := int(byteorder.BigEndian.Uint32(data)), data[4:]
	if count*branchSize > len(rest) || (len(rest)-count*branchSize)%goneSize != 0 {
		return nil, errRecord
	}
	s := &Subtree{destroyed: map[KeyID]bool{}}
	for range count {
		n := branch{depth: int(rest[0])}
		copy(n.at[:], rest[1:])
		copy(n.seed[:], rest[1+len(n.at):])
		s.branches, rest = append(s.branches, n), rest[branchSize:]
	}
	for ; len(rest) > 0; rest = rest[goneSize:] {
		id := KeyID{Owner{uuid.UUID(rest[:16])}, byteorder.BigEndian.Uint32(rest[16:])}
		s.destroyed[id] = true
	}
	return s, nil
}

// Roots are the seeds of the subtrees of which no key was destroyed, by their numbers.
type Roots map[int]seed

// MakeRoots returns new keys.
func MakeRoots() Roots {
	r := Roots{}
	for number := range Subtrees {
		var s seed
		_, _ = rand.Read(s[:]) // it never fails
		r[number] = s
	}
	return r
}

// Subtree returns the whole subtree of the number; ok is false where keys of it were
// destroyed, so that it has a stream of its own.
func (r Roots) Subtree(number int) (s *Subtree, ok bool) {
	root, ok := r[number]
	if !ok {
		return nil, false
	}
	return whole(number, root), true
}

// Without returns the roots without that of the subtree.
func (r Roots) Without(number int) Roots {
	left := Roots{}
	for n, s := range r {
		if n != number {
			left[n] = s
		}
	}
	return left
}

const rootSize = 2 + len(seed{})

func (r Roots) encode() []byte {
	out := make([]byte, 0, len(r)*rootSize)
	for number, s := range r {
		out = byteorder.BigEndian.AppendUint16(out, uint16(number))
		out = append(out, s[:]...)
	}
	return out
}

func decodeRoots(data []byte) (Roots, error) {
	if len(data)%rootSize != 0 {
		return nil, errRecord
	}
	r := Roots{}
	for ; len(data) > 0; data = data[rootSize:] {
		r[int(byteorder.BigEndian.Uint16(data))] = seed(data[2:rootSize])
	}
	return r, nil
}

// Punctured returns the numbers of the subtrees that are not among the roots, in order.
func (r Roots) Punctured() (numbers []int) {
	for number := range Subtrees {
		if _, ok := r[number]; !ok {
			numbers = append(numbers, number)
		}
	}
	return numbers
}
