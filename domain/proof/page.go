package proof

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
)

// Page is what the key of the log says of a printed document: this file shows what this
// event issued. The event itself is not needed to check it, so who is handed a document
// is handed nothing that its page does not show.
type Page struct {
	Event  domain.EventRef
	Leaf   tlog.Hash         // of the event
	Digest [sha256.Size]byte // of the file
}

// pageLine ends the first line of a page's statement. A head begins with the name of the
// log alone, so neither passes for the other.
const pageLine = "/document"

func (p Page) text(log string) string {
	return fmt.Sprintf("%s%s\n%s\n%s\n%s\n", log, pageLine, p.Event, p.Leaf, base64.StdEncoding.EncodeToString(p.Digest[:]))
}

// SignPage returns the page as a signed note. The same page gives the same note.
func (s *Signer) SignPage(p Page) (string, error) {
	signed, err := note.Sign(&note.Note{Text: p.text(s.signer.Name())}, s.signer)
	return string(signed), err
}

// OpenPage checks the signature of a note and returns its page.
func (p Public) OpenPage(signed string) (page Page, err error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(p.verifier))
	if err != nil {
		return page, fmt.Errorf("the document is not signed with the key %s+%08x: %w",
			p.verifier.Name(), p.verifier.KeyHash(), err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 5 || lines[0] != p.verifier.Name()+pageLine || lines[4] != "" {
		return page, fmt.Errorf("the note is not about a document of the log %s", p.verifier.Name())
	}
	if err := page.Event.UnmarshalText([]byte(lines[1])); err != nil {
		return page, fmt.Errorf("the event in the note: %w", err)
	}
	if page.Leaf, err = tlog.ParseHash(lines[2]); err != nil {
		return page, fmt.Errorf("the leaf in the note: %w", err)
	}
	digest, err := base64.StdEncoding.Strict().DecodeString(lines[3])
	if err != nil || len(digest) != len(page.Digest) {
		return page, fmt.Errorf("the digest in the note is not one of SHA-256")
	}
	copy(page.Digest[:], digest)
	return page, nil
}

// Printed proves a printed document: its page is that of an event, and the log has the
// event.
type Printed struct {
	Statement string    `json:"statement"` // a [Page], signed
	Proof     Inclusion `json:"proof"`     // of the event
}

// Check checks that the file is the page that was signed with the key, and that the log
// has its event.
func (p Printed) Check(key Public, file []byte) (Head, error) {
	page, err := key.OpenPage(p.Statement)
	if err != nil {
		return Head{}, err
	}
	if page.Digest != sha256.Sum256(file) {
		return Head{}, fmt.Errorf("the page was changed after it was signed")
	}
	if page.Event != p.Proof.Event || page.Leaf != p.Proof.Leaf {
		return Head{}, fmt.Errorf("the page is that of %s, and the proof that of another event", page.Event)
	}
	return p.Proof.Check(key)
}
