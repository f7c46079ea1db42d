package proof_test

import (
	"crypto/sha256"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
	"tizilim/domain/proof"
)

// printed is the proof of a file as the page of the first of two events.
func printed(t *testing.T, file string) proof.Printed {
	t.Helper()
	first, second := record(), record()
	second.Revision++
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, r := range []proof.Record{first, second} {
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), r.Leaf(), reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	head, err := signer(t, 1).Sign(headOf(t, reader, 2))
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := tlog.ProveRecord(2, 0, reader)
	if err != nil {
		t.Fatal(err)
	}
	return proof.Printed{
		Statement: signed(t, 1, pageOf(first, file)),
		Proof:     proof.Inclusion{Event: first.Ref(), Leaf: first.Leaf(), Hashes: hashes, Head: head},
	}
}

func pageOf(r proof.Record, file string) proof.Page {
	return proof.Page{Event: r.Ref(), Leaf: r.Leaf(), Digest: sha256.Sum256([]byte(file))}
}

func signed(t *testing.T, seed byte, p proof.Page) string {
	t.Helper()
	statement, err := signer(t, seed).SignPage(p)
	if err != nil {
		t.Fatal(err)
	}
	return statement
}

func TestAPrintedDocumentIsCheckedWithThePublicKeyAlone(t *testing.T) {
	p := printed(t, "a page")
	if head, err := p.Check(signer(t, 1).Public(), []byte("a page")); err != nil || head.Size != 2 {
		t.Errorf("%+v, %v", head, err)
	}
	if again := printed(t, "a page"); again.Statement != p.Statement {
		t.Error("the same page has two statements")
	}
}

func TestAPrintedDocumentThatIsNotWhatItClaimsIsRefused(t *testing.T) {
	other := record()
	other.Revision = 9
	for what, c := range map[string]struct {
		change func(*proof.Printed)
		file   string
		want   string
	}{
		"another page":           {func(*proof.Printed) {}, "another page", "the page was changed"},
		"a statement of another": {func(p *proof.Printed) { p.Statement = signed(t, 2, pageOf(record(), "a page")) }, "a page", "the document is not signed with the key"},
		"a page of another event": {func(p *proof.Printed) { p.Statement = signed(t, 1, pageOf(other, "a page")) }, "a page",
			"the page is that of"},
		"a leaf of another event": {func(p *proof.Printed) {
			page := pageOf(record(), "a page")
			page.Leaf = other.Leaf()
			p.Statement = signed(t, 1, page)
		}, "a page", "the page is that of"},
		"another place in the tree": {func(p *proof.Printed) { p.Proof.Index = 1 }, "a page", "does not lead to the head"},
		"a head as statement":       {func(p *proof.Printed) { p.Statement = p.Proof.Head }, "a page", "the note is not about a document"},
		"a statement as head":       {func(p *proof.Printed) { p.Proof.Head = p.Statement }, "a page", "the note is not a head"},
	} {
		t.Run(what, func(t *testing.T) {
			p := printed(t, "a page")
			c.change(&p)
			if _, err := p.Check(signer(t, 1).Public(), []byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestAPageIsReadBackFromItsStatement(t *testing.T) {
	want := proof.Page{
		Event: domain.EventRef{Stream: "case-1", Revision: 3}, Leaf: record().Leaf(), Digest: sha256.Sum256(nil),
	}
	if got, err := signer(t, 1).Public().OpenPage(signed(t, 1, want)); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}
