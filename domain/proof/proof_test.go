package proof_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
	"tizilim/domain/proof"
)

var (
	key     = proof.Key("a key that no registry in use has")
	created = time.Date(2026, 3, 1, 12, 0, 0, 123456700, time.UTC)
)

func record() proof.Record {
	return proof.Record{
		Stream: "queue-1", Revision: 7, ID: uuid.MustParse("5f0d9f4e-1111-4222-8333-444455556666"), Type: "EntryPlaced",
		JSON: true, Data: []byte(`{"number":1}`), Metadata: []byte(`{"schema":"1","actor":"desk"}`), Created: created,
	}
}

// marked is the record with its MAC.
func marked() proof.Record {
	r := record()
	r.Metadata = key.Mark(r)
	return r
}

// copied is the record as a copy of the log has it.
func copied(r proof.Record) proof.Record {
	r.Metadata = fmt.Appendf(bytes.TrimSuffix(bytes.Clone(r.Metadata), []byte("}")),
		`,"$copied_created":%q,"$copied_position":"812"}`, r.Created.Format(time.RFC3339Nano))
	r.Created = r.Created.Add(time.Hour)
	return r
}

// changes are everything that can be changed of an event.
var changes = map[string]func(*proof.Record){
	"stream":       func(r *proof.Record) { r.Stream = "queue-2" },
	"revision":     func(r *proof.Record) { r.Revision++ },
	"id":           func(r *proof.Record) { r.ID[0]++ },
	"type":         func(r *proof.Record) { r.Type = "EntryRemoved" },
	"data":         func(r *proof.Record) { r.Data = []byte(`{"number":2}`) },
	"metadata":     func(r *proof.Record) { r.Metadata = bytes.Replace(r.Metadata, []byte("desk"), []byte("task"), 1) },
	"split":        func(r *proof.Record) { r.Stream, r.Type = r.Stream+"7", r.Type[1:] },
	"other member": func(r *proof.Record) { r.Metadata = bytes.Replace(r.Metadata, []byte("{"), []byte(`{"a":"b",`), 1) },
}

func TestAMACIsOfOneEventAtItsPlace(t *testing.T) {
	if err := key.Verify(marked()); err != nil {
		t.Fatal(err)
	}
	if err := key.Verify(copied(marked())); err != nil {
		t.Errorf("of a copied event: %v", err)
	}
	if err := proof.Key("another key").Verify(marked()); !errors.Is(err, proof.ErrWrongMAC) {
		t.Errorf("by another key: %v", err)
	}
	if err := key.Verify(record()); !errors.Is(err, proof.ErrNoMAC) {
		t.Errorf("of an event without one: %v", err)
	}
	for what, change := range changes {
		r := marked()
		if change(&r); !errors.Is(key.Verify(r), proof.ErrWrongMAC) {
			t.Errorf("with another %s: %v", what, key.Verify(r))
		}
	}
	if n := len(marked().Metadata) - len(record().Metadata); n != proof.MarkSize {
		t.Errorf("the metadata is longer by %d bytes, not %d", n, proof.MarkSize)
	}
}

func TestALeafCoversTheEventAndTheTimeOfItsFirstLog(t *testing.T) {
	leaf := marked().Leaf()
	if copied(marked()).Leaf() != leaf {
		t.Error("a copied event has another leaf")
	}
	for what, change := range changes {
		r := marked()
		if change(&r); r.Leaf() == leaf {
			t.Errorf("another %s has the same leaf", what)
		}
	}
	r := marked()
	if r.Created = r.Created.Add(100); r.Leaf() == leaf {
		t.Error("another time of the log has the same leaf")
	}
	r = copied(marked())
	r.Metadata = bytes.Replace(r.Metadata, []byte(`_created":"2026`), []byte(`_created":"2025`), 1)
	if r.Leaf() == leaf {
		t.Error("another time in the copy has the same leaf")
	}
	if r = marked(); true {
		r.JSON = false
		if r.Leaf() == leaf {
			t.Error("another content type has the same leaf")
		}
	}
}

func TestWhatLooksLikeACopyInAValueIsPartOfTheValue(t *testing.T) {
	r := record()
	r.Metadata = []byte(`{"actor":"x\",\"$copied_created\":\"2026-03-01T12:00:00Z\",\"$copied_position\":\"1"}`)
	r.Metadata = key.Mark(r)
	if err := key.Verify(r); err != nil {
		t.Fatal(err)
	}
	for _, added := range []string{
		`,"$copied_created":"2026-03-01T12:00:00Z"}`,
		`,"$copied_created":"2026-03-01T12:00:00Z","$copied_position":"1","actor":"y"}`,
		`,"$copied_created":"yesterday","$copied_position":"1"}`,
	} {
		changed := r
		changed.Metadata = append(bytes.TrimSuffix(bytes.Clone(r.Metadata), []byte("}")), added...)
		if key.Verify(changed) == nil {
			t.Errorf("the MAC does not cover %s", added)
		}
	}
}

func signer(t *testing.T, seed byte) *proof.Signer {
	t.Helper()
	s, err := proof.NewSigner("tizilim", bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tree returns the stored hashes of a tree with n leaves.
func tree(t *testing.T, n int64) tlog.HashReader {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i := range n {
		hashes, err := tlog.StoredHashes(i, fmt.Append(nil, i), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	return reader
}

func headOf(t *testing.T, reader tlog.HashReader, size int64) proof.Head {
	t.Helper()
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	return proof.Head{Size: size, Root: root, At: created.Truncate(time.Second)}
}

func TestAHeadIsReadByWhoeverHasThePublicKey(t *testing.T) {
	s := signer(t, 1)
	want := headOf(t, tree(t, 5), 5)
	signed, err := s.Sign(want)
	if err != nil {
		t.Fatal(err)
	}
	public, err := proof.ParsePublic(s.Public().String() + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := public.Open(signed); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := signer(t, 2).Public().Open(signed); err == nil {
		t.Error("another key opens the head")
	}
	if _, err := public.Open(strings.Replace(signed, "\n5\n", "\n6\n", 1)); err == nil {
		t.Error("a changed head opens")
	}
	if _, err := proof.NewSigner("two words", bytes.Repeat([]byte{1}, 32)); err == nil {
		t.Error("a name that no note can have was taken")
	}
}

func TestProofsLeadFromAnEventToAHeadAndFromAHeadToALaterOne(t *testing.T) {
	s, reader := signer(t, 1), tree(t, 9)
	early, late := headOf(t, reader, 5), headOf(t, reader, 9)
	note, err := s.Sign(late)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := tlog.ProveRecord(9, 3, reader)
	if err != nil {
		t.Fatal(err)
	}
	p := proof.Inclusion{
		Event: domain.EventRef{Stream: "queue-1", Revision: 3}, Leaf: tlog.RecordHash([]byte("3")), Index: 3,
		Hashes: hashes, Head: note,
	}
	if head, err := p.Check(s.Public()); err != nil || head != late {
		t.Errorf("%+v, %v", head, err)
	}
	p.Leaf = tlog.RecordHash([]byte("4"))
	if _, err := p.Check(s.Public()); err == nil {
		t.Error("another leaf is proven")
	}
	between, err := tlog.ProveTree(9, 5, reader)
	if err != nil {
		t.Fatal(err)
	}
	c := proof.Consistency{From: 5, To: 9, Hashes: between}
	if err := c.Check(early, late); err != nil {
		t.Error(err)
	}
	early.Root = tlog.RecordHash(nil)
	if err := c.Check(early, late); err == nil {
		t.Error("a head of another log is proven")
	}
}

// TestStoredMACsAndLeavesStayRight has what stands in logs. It never changes.
func TestStoredMACsAndLeavesStayRight(t *testing.T) {
	const want = `{"schema":"1","actor":"desk","mac":"7OGBzVJuXi0gcVlMsTtQxA"}`
	if got := string(marked().Metadata); got != want {
		t.Errorf("marked: %s", got)
	}
	for _, r := range []proof.Record{marked(), copied(marked())} {
		if got, want := r.Leaf().String(), "svYkBlDAUiZZ4cTWjXy6UMIgj5GmTe0z/DZzDkGlBGc="; got != want {
			t.Errorf("leaf: %s", got)
		}
	}
}

func TestMACsOfSeveralKeysAtOnceAreRight(t *testing.T) {
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			own := proof.Key(fmt.Sprint("key ", i%3))
			for revision := range uint64(500) {
				r := record()
				r.Revision = revision
				r.Metadata = own.Mark(r)
				if err := own.Verify(r); err != nil {
					t.Errorf("revision %d: %v", revision, err)
				}
				if err := key.Verify(r); !errors.Is(err, proof.ErrWrongMAC) {
					t.Errorf("by another key: %v", err)
				}
			}
		})
	}
	work.Wait()
}
