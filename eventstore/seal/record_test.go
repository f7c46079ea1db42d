package seal

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
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

// rootsRecord returns the record of the roots.
func rootsRecord(t *testing.T, r Roots, m MasterKeys) Record {
	t.Helper()
	record, err := r.Wrap(t.Context(), m, RootsMade)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func TestSeedsAreInTheLogOnlyWrapped(t *testing.T) {
	m, roots := local(t, hexKey(1)), MakeRoots()
	record := rootsRecord(t, roots, m)
	back, master, err := UnwrapRoots(t.Context(), m, record)
	if err != nil || master != MasterID(bytes.Repeat([]byte{1}, KeySize)) || !maps.Equal(back, roots) {
		t.Errorf("%d roots by %s, %v", len(back), master, err)
	}
	for number, s := range roots {
		if bytes.Contains(record.Data, s[:]) || strings.Contains(string(record.Data), base64.StdEncoding.EncodeToString(s[:])) {
			t.Errorf("the record has the bare seed %d", number)
		}
	}
	var unknown *UnknownMasterError
	if _, _, err := UnwrapRoots(t.Context(), local(t, hexKey(2)), record); !errors.As(err, &unknown) {
		t.Errorf("by another master key: %v", err)
	}
}

// TestARecordIsBoundToItsStreamAndType: who holds no master key can neither make a record nor
// move one, and so cannot say that keys were destroyed.
func TestARecordIsBoundToItsStreamAndType(t *testing.T) {
	m := local(t, hexKey(1))
	whole, _ := MakeRoots().Subtree(7)
	left, _ := whole.Destroyed(someone, 0)
	record, err := left.Wrap(t.Context(), m, 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := UnwrapSubtree(t.Context(), m, 7, record); err != nil {
		t.Error(err)
	}
	if _, _, err := UnwrapSubtree(t.Context(), m, 8, record); !errors.Is(err, ErrForged) {
		t.Errorf("as that of another subtree: %v", err)
	}
	roots := rootsRecord(t, MakeRoots(), m)
	if _, _, err := UnwrapRoots(t.Context(), m, Record{RootsLeft, roots.Data}); !errors.Is(err, ErrForged) {
		t.Errorf("new roots, as those that are left: %v", err)
	}
	var s stored
	if err := json.Unmarshal(roots.Data, &s); err != nil {
		t.Fatal(err)
	}
	s.Seeds[len(s.Seeds)-1] ^= 1
	forged, _ := json.Marshal(s)
	for _, data := range []string{string(forged), "", "null", "{}", `{"master":1}`} {
		if _, _, err := UnwrapRoots(t.Context(), m, Record{RootsMade, []byte(data)}); err == nil {
			t.Errorf("%.30q was taken for roots", data)
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
	record := rootsRecord(t, MakeRoots(), m)
	write(hexKey(2)+"\n"+hexKey(1)+"\n", now.Add(time.Second))
	for _, r := range []Record{rootsRecord(t, MakeRoots(), local(t, hexKey(2))), record} { // of another process, and from before
		if _, _, err := UnwrapRoots(t.Context(), m, r); err != nil {
			t.Error(err)
		}
	}
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
	record := rootsRecord(t, MakeRoots(), s)
	if _, _, err := UnwrapRoots(t.Context(), s, record); err != nil || s.calls != 2 {
		t.Errorf("%d calls, %v", s.calls, err)
	}
	s.down = errors.New("the service does not answer")
	if _, _, err := UnwrapRoots(t.Context(), s, record); !errors.Is(err, s.down) {
		t.Errorf("unwrap: %v", err)
	}
	if _, err := MakeRoots().Wrap(t.Context(), s, RootsMade); !errors.Is(err, s.down) {
		t.Errorf("wrap: %v", err)
	}
}
