package cow_test

import (
	"maps"
	"sync"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"tizilim/domain/cow"
)

func key(n int) uuid.UUID { return uuid.UUID{0: byte(n * 37), 14: byte(n >> 8), 15: byte(n)} }

// twin is a map and what it must hold.
type twin struct {
	cow   cow.Map[int]
	plain map[int]int
}

func (w *twin) check(t *rapid.T) {
	if w.cow.Len() != len(w.plain) {
		t.Fatalf("%d keys, want %d", w.cow.Len(), len(w.plain))
	}
	for k := range 300 {
		got, ok := w.cow.Get(key(k))
		want, there := w.plain[k]
		if got != want || ok != there || w.cow.Has(key(k)) != there {
			t.Fatalf("key %d: %d, %t, want %d, %t", k, got, ok, want, there)
		}
	}
}

func TestClonesGoTheirOwnWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := []*twin{{plain: map[int]int{}}}
		steps := rapid.IntRange(1, 600).Draw(t, "steps")
		for range steps {
			w := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
			k := rapid.IntRange(0, 299).Draw(t, "key")
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				if len(all) < 6 {
					all = append(all, &twin{w.cow.Clone(), maps.Clone(w.plain)})
				}
			case 1:
				w.cow.Delete(key(k))
				delete(w.plain, k)
			default:
				v := rapid.Int().Draw(t, "value")
				w.cow.Set(key(k), v)
				w.plain[k] = v
			}
		}
		for _, w := range all {
			w.check(t)
		}
	})
}

// TestAMapIsReadWhileItsCloneChanges is for the race detector.
func TestAMapIsReadWhileItsCloneChanges(t *testing.T) {
	var m cow.Map[int]
	for k := range 200 {
		m.Set(key(k), k)
	}
	a, b := m.Clone(), m.Clone()
	var all sync.WaitGroup
	for _, c := range []*cow.Map[int]{&a, &b} {
		all.Go(func() {
			for k := range 200 {
				c.Delete(key(k))
				c.Set(key(k+50), -k)
			}
		})
	}
	all.Go(func() {
		for k := range 200 {
			if v, ok := m.Get(key(k)); !ok || v != k {
				t.Errorf("key %d: %d, %t", k, v, ok)
			}
		}
	})
	all.Wait()
}
