package seal

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func hexKey(b byte) string { return hex.EncodeToString(bytes.Repeat([]byte{b}, KeySize)) }

func local(t *testing.T, text string) *Local {
	t.Helper()
	l, err := NewLocal(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var someone = Owner{uuid.MustParse("35e3b45c-2872-587c-a03c-0fcccc509f40")}

func ringOf(t *testing.T, m MasterKeys, records ...Record) *Ring {
	t.Helper()
	r, err := NewRing(t.Context(), m, someone, records)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func made(t *testing.T, r *Ring, m MasterKeys) Record {
	t.Helper()
	record, err := r.Make(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// opens fails the test unless what the key of one ring seals opens by that of the other.
func opens(t *testing.T, sealed, opened *Ring, generation uint32) {
	t.Helper()
	with, err := sealed.Get(generation)
	if err != nil {
		t.Fatal(err)
	}
	by, err := opened.Get(generation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := by.aead.Open(nil, nil, with.aead.Seal(nil, nil, []byte("text"), nil), nil); err != nil {
		t.Errorf("the rings have different keys of generation %d", generation)
	}
}

func TestAKeyIsInTheLogOnlyWrapped(t *testing.T) {
	m := local(t, hexKey(1))
	record := made(t, ringOf(t, m), m)
	first, again := ringOf(t, m, record), ringOf(t, m, record)
	opens(t, first, again, 0)
	if bytes.Contains(record.Data, first.bare[0]) || record.Type != KeyWrapped {
		t.Error("the record has the bare key")
	}
	if first.Current() == nil || ringOf(t, m).Current() != nil {
		t.Error("a ring without a record has a key, or one with a record has none")
	}
}

func TestAWrappedKeyIsBoundToItsOwnerAndGeneration(t *testing.T) {
	m := local(t, hexKey(1))
	record := made(t, ringOf(t, m), m)
	if _, err := NewRing(t.Context(), m, Owner{uuid.New()}, []Record{record}); err == nil {
		t.Error("the key of one person was taken for that of another")
	}
	for name, forged := range map[string]Record{
		"of another generation": {KeyWrapped, bytes.Replace(record.Data, []byte(`"generation":0`), []byte(`"generation":1`), 1)},
		"as a destruction":      {KeyDestroyed, record.Data},
	} {
		if _, err := NewRing(t.Context(), m, someone, []Record{forged}); err == nil {
			t.Errorf("a record was taken %s", name)
		}
	}
	forged, _ := json.Marshal(stored{0, MasterID(bytes.Repeat([]byte{1}, KeySize)), make([]byte, 28)})
	if _, err := NewRing(t.Context(), m, someone, []Record{record, {KeyDestroyed, forged}}); err == nil {
		t.Error("somebody without the master key has destroyed a key")
	}
}

func TestADestroyedKeyStaysDestroyedAndTheNextOneIsAnother(t *testing.T) {
	m := local(t, hexKey(1))
	first := made(t, ringOf(t, m), m)
	gone, err := ringOf(t, m, first).Destroy(t.Context(), m)
	if err != nil || len(gone) != 1 {
		t.Fatalf("%v, %v", gone, err)
	}
	// The wrapped key may still be in the log, or come back from a backup.
	for _, records := range [][]Record{{first, gone[0]}, {gone[0]}, {first, gone[0], first}} {
		r := ringOf(t, m, records...)
		if key, err := r.Get(0); err != nil || key != nil || r.Current() != nil {
			t.Errorf("%d records: key %v, %v", len(records), key, err)
		}
		if again, err := r.Destroy(t.Context(), m); err != nil || again != nil {
			t.Errorf("destroyed again: %v, %v", again, err)
		}
	}
	second := made(t, ringOf(t, m, first, gone[0]), m)
	r := ringOf(t, m, first, gone[0], second)
	if key := r.Current(); key == nil || key.ID.Generation != 1 {
		t.Fatalf("the next key is %v", key)
	}
	// The second erasure needs no record of the first.
	gone, err = r.Destroy(t.Context(), m)
	if err != nil || len(gone) != 2 {
		t.Fatalf("%v, %v", gone, err)
	}
	r = ringOf(t, m, gone...)
	for generation := range uint32(2) {
		if key, err := r.Get(generation); err != nil || key != nil {
			t.Errorf("generation %d: %v, %v", generation, key, err)
		}
	}
}

func TestAKeyThatTheLogLacksIsAnErrorAndNotErased(t *testing.T) {
	m := local(t, hexKey(1))
	if key, err := ringOf(t, m).Get(0); err == nil {
		t.Errorf("the key is %v", key)
	}
}

func TestRewrapMovesEachKeyToTheNewestMasterKeyOnce(t *testing.T) {
	m := local(t, hexKey(1))
	first := made(t, ringOf(t, m), m)
	gone, _ := ringOf(t, m, first).Destroy(t.Context(), m)
	second := made(t, ringOf(t, m, first, gone[0]), m)
	records := []Record{first, gone[0], second}
	if again, err := ringOf(t, m, records...).Rewrap(t.Context(), m); err != nil || again != nil {
		t.Fatalf("nothing is old: %v, %v", again, err)
	}
	both := local(t, hexKey(2)+"\n"+hexKey(1)+"\n")
	moved, err := ringOf(t, both, records...).Rewrap(t.Context(), both)
	if err != nil || len(moved) != 2 {
		t.Fatalf("%v, %v", moved, err)
	}
	alone := local(t, hexKey(2)) // the old master key is gone, and with it the records before
	r := ringOf(t, alone, moved...)
	opens(t, ringOf(t, m, records...), r, 1)
	if key, err := r.Get(0); err != nil || key != nil {
		t.Errorf("the destroyed key: %v, %v", key, err)
	}
	if again, err := r.Rewrap(t.Context(), alone); err != nil || again != nil {
		t.Errorf("rewrapped twice: %v, %v", again, err)
	}
	var unknown *UnknownMasterError
	if _, err := NewRing(t.Context(), alone, someone, records); !errors.As(err, &unknown) ||
		unknown.Master != MasterID(bytes.Repeat([]byte{1}, KeySize)) {
		t.Errorf("without the old master key: %v", err)
	}
}

func TestAnUnknownTypeOfRecordIsSkippedAndABrokenOneIsNot(t *testing.T) {
	m := local(t, hexKey(1))
	record := made(t, ringOf(t, m), m)
	if r := ringOf(t, m, Record{"$metadata", []byte("x")}, record); r.Current() == nil {
		t.Error("the key after it is missing")
	}
	for _, data := range []string{"", "null", "{}", `{"generation":-1}`} {
		if _, err := NewRing(t.Context(), m, someone, []Record{{KeyWrapped, []byte(data)}}); err == nil {
			t.Errorf("%q was taken for a key", data)
		}
	}
}

func TestAListOfMasterKeysIsReadStrictly(t *testing.T) {
	for _, text := range []string{"", "\n", "abc", hexKey(1)[2:], hexKey(1) + "," + "x"} {
		if _, err := NewLocal(text); err == nil {
			t.Errorf("%q was taken", text)
		} else if len(text) > 8 && strings.Contains(err.Error(), text[:8]) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
	for _, text := range []string{hexKey(1), hexKey(1) + "\r\n", " " + hexKey(1) + " , " + hexKey(2)} {
		if newest, err := local(t, text).Newest(t.Context()); err != nil || newest != MasterID(bytes.Repeat([]byte{1}, KeySize)) {
			t.Errorf("%q: %s, %v", text, newest, err)
		}
	}
}

func TestAChangedFileOfMasterKeysIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	write(hexKey(1)+"\n", now)
	m, err := OpenLocal(path)
	if err != nil {
		t.Fatal(err)
	}
	record := made(t, ringOf(t, m), m)
	write(hexKey(2)+"\n"+hexKey(1)+"\n", now.Add(time.Second))
	other := local(t, hexKey(2))
	newer := made(t, ringOf(t, other), other)
	ringOf(t, m, newer)  // by another process
	ringOf(t, m, record) // from before
	if newest, err := m.Newest(t.Context()); err != nil || newest != MasterID(bytes.Repeat([]byte{2}, KeySize)) {
		t.Errorf("the newest is %s, %v", newest, err)
	}
	write("broken", now.Add(2*time.Second))
	if _, _, err := m.Wrap(t.Context(), nil, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a broken file: %v", err)
	}
	if _, err := OpenLocal(path + ".missing"); err == nil {
		t.Error("a missing file was read")
	}
}

// service stands for a key management service: the master key never leaves it,
// and it may be out of reach.
type service struct {
	*Local
	calls int
	down  error
}

func (s *service) Wrap(ctx context.Context, key, binding []byte) (string, []byte, error) {
	s.calls++
	if s.down != nil {
		return "", nil, s.down
	}
	return s.Local.Wrap(ctx, key, binding)
}

func (s *service) Unwrap(ctx context.Context, master string, wrapped, binding []byte) ([]byte, error) {
	s.calls++
	if s.down != nil {
		return nil, s.down
	}
	return s.Local.Unwrap(ctx, master, wrapped, binding)
}

func TestMasterKeysCanBeAService(t *testing.T) {
	s := &service{Local: local(t, hexKey(1))}
	record := made(t, ringOf(t, s), s)
	if ringOf(t, s, record).Current() == nil || s.calls != 2 {
		t.Errorf("%d calls", s.calls)
	}
	s.down = errors.New("the service does not answer")
	if _, err := NewRing(t.Context(), s, someone, []Record{record}); !errors.Is(err, s.down) {
		t.Errorf("unwrap: %v", err)
	}
	if _, err := ringOf(t, s).Make(t.Context(), s); !errors.Is(err, s.down) {
		t.Errorf("wrap: %v", err)
	}
}
