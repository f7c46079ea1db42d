package seal

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// opens reports whether what the one key seals opens by the other.
func opens(sealed, opened *Key) bool {
	clear, err := opened.aead.Open(nil, nil, sealed.aead.Seal(nil, nil, []byte("text"), nil), nil)
	return err == nil && bytes.Equal(clear, []byte("text"))
}

func keyOf(t rapid.TB, s *Subtree, id KeyID) *Key {
	t.Helper()
	key, err := s.Key(id)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAKeyFollowsFromOwnerAndGenerationAlone(t *testing.T) {
	roots := MakeRoots()
	other := Owner{uuid.MustParse("4a1c36b9-9e70-45f9-9e8d-77b0b5a6c7e1")}
	var keys []*Key
	for _, id := range []KeyID{{someone, 0}, {someone, 1}, {other, 0}} {
		s, _ := roots.Subtree(SubtreeOf(id.Owner))
		key, again := keyOf(t, s, id), keyOf(t, s, id)
		if !opens(key, again) || key.ID != id {
			t.Errorf("the key %s is not the same twice", id)
		}
		for _, k := range keys {
			if opens(key, k) {
				t.Errorf("%s and %s have one key", id, k.ID)
			}
		}
		keys = append(keys, key)
	}
}

// TestTheOwnersAreSpreadOverAllSubtrees, so that each takes its share of the erasures.
func TestTheOwnersAreSpreadOverAllSubtrees(t *testing.T) {
	counts := make([]int, Subtrees)
	for i := range 100 * Subtrees {
		counts[SubtreeOf(Owner{uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i))})]++
	}
	if least, most := slices.Min(counts), slices.Max(counts); least < 50 || most > 150 {
		t.Errorf("of 100 each, a subtree has %d to %d owners", least, most)
	}
}

// TestWhatIsLeftOfASubtree compares random destructions with a list of what was destroyed. Nothing that is left leads to a key that was.
func TestWhatIsLeftOfASubtree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roots := MakeRoots()
		whole, _ := roots.Subtree(SubtreeOf(someone))
		owners := []Owner{someone}
		for i := 0; len(owners) < 5; i++ { // others of the same subtree
			if o := (Owner{uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i))}); SubtreeOf(o) == SubtreeOf(someone) {
				owners = append(owners, o)
			}
		}
		left, through := whole, map[Owner]int{}
		for range rapid.IntRange(0, 8).Draw(t, "destructions") {
			o := rapid.SampledFrom(owners).Draw(t, "owner")
			g := rapid.Uint32Range(0, 3).Draw(t, "generation")
			next, changed := left.Destroyed(o, g)
			if wanted := int(g) >= through[o]; changed != wanted {
				t.Fatalf("destroying %s up to %d changes: %t", o, g, changed)
			}
			through[o] = max(through[o], int(g)+1)
			if left = next; rapid.Bool().Draw(t, "written and read") {
				var err error
				if left, err = decodeSubtree(left.encode()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, o := range owners {
			if got := left.Current(o); int(got.Generation) != through[o] {
				t.Fatalf("the next key of %s is %s, want generation %d", o, got, through[o])
			}
			for g := range uint32(5) {
				id := KeyID{o, g}
				key := keyOf(t, left, id)
				if destroyed := int(g) < through[o]; (key == nil) != destroyed {
					t.Fatalf("the key %s is there: %t", id, key != nil)
				}
				if key != nil && !opens(keyOf(t, whole, id), key) {
					t.Fatalf("the key %s has changed", id)
				}
				if _, above := left.find(pathOf(id)); above == (key == nil) {
					t.Fatalf("something that is left leads to the key %s: %t", id, above)
				}
			}
		}
		for i, b := range left.branches {
			if b.at != b.at.cut(b.depth) || i > 0 && left.branches[i-1].below(b.at) {
				t.Fatalf("branch %d is not apart from the one before", i)
			}
		}
	})
}

func TestABranchIsNotWrittenInTwoWays(t *testing.T) {
	whole, _ := MakeRoots().Subtree(0)
	data := whole.encode()
	for _, broken := range [][]byte{nil, data[:3], data[:len(data)-1], append(slices.Clone(data), 1), {255, 255, 255, 255}} {
		if _, err := decodeSubtree(broken); err == nil {
			t.Errorf("%d bytes were taken for a subtree", len(broken))
		}
	}
	if _, err := decodeRoots(make([]byte, rootSize+1)); err == nil {
		t.Error("a root and a byte were taken for roots")
	}
}

// TestAnEventHoldsWhatIsLeftAfterManyErasures of owners of one subtree.
func TestAnEventHoldsWhatIsLeftAfterManyErasures(t *testing.T) {
	left, _ := MakeRoots().Subtree(SubtreeOf(someone))
	for i, n := 0, 0; n < 180; i++ {
		if o := (Owner{uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i))}); SubtreeOf(o) == SubtreeOf(someone) {
			left, _ = left.Destroyed(o, 0)
			n++
		}
	}
	record, err := left.Wrap(t.Context(), local(t, hexKey(1)), 1)
	if err != nil || len(record.Data) > 1<<20-1000 {
		t.Errorf("the record has %d bytes, %v", len(record.Data), err)
	}
}

func BenchmarkKey(b *testing.B) {
	whole, _ := MakeRoots().Subtree(SubtreeOf(someone))
	for b.Loop() {
		if _, err := whole.Key(KeyID{someone, 0}); err != nil {
			b.Fatal(err)
		}
	}
}
