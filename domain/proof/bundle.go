package proof

import (
	"archive/zip"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"tizilim/domain"
)

// Evidence is an event as the log stores it, with its proof.
type Evidence struct {
	Event    domain.EventRef `json:"event"`
	ID       uuid.UUID       `json:"id"`
	Type     string          `json:"type"`
	JSON     bool            `json:"json"` // the content type
	Created  time.Time       `json:"created"`
	Data     []byte          `json:"data"` // in base64, as the two below
	Metadata []byte          `json:"metadata"`
	Proof    *Inclusion      `json:"proof"` // nil: no head covered the event yet

	// Shown is the event as the registry shows it to auditors. No proof covers it: where
	// the stored event has sealed values, only the registry can open them. In a bundle the
	// registry signs it.
	Shown json.RawMessage `json:"shown,omitempty"`
}

// EvidenceOf is the evidence of the record. p may be nil.
func EvidenceOf(r Record, p *Inclusion) Evidence {
	return Evidence{
		Event: r.Ref(), ID: r.ID, Type: r.Type, JSON: r.JSON, Created: r.Created,
		Data: r.Data, Metadata: r.Metadata, Proof: p,
	}
}

// Record is the event itself.
func (e Evidence) Record() Record {
	return Record{
		Stream: e.Event.Stream, Revision: e.Event.Revision, ID: e.ID, Type: e.Type, JSON: e.JSON, Created: e.Created,
		Data: e.Data, Metadata: e.Metadata,
	}
}

var errNoProof = errors.New("no signed head covered it when the bundle was made")

// Check checks that the event is in the tree of a head that is signed with the key.
func (e Evidence) Check(key Public) (Head, error) {
	if e.Proof == nil {
		return Head{}, errNoProof
	}
	if e.Proof.Event != e.Event || e.Proof.Leaf != e.Record().Leaf() {
		return Head{}, errors.New("it is not the event that the proof is about")
	}
	head, err := e.Proof.Check(key)
	if err != nil {
		return head, err
	}
	return head, e.checkShown()
}

// checkShown checks that the shown event is the stored one, as far as names go.
func (e Evidence) checkShown() error {
	if e.Shown == nil {
		return nil
	}
	var line struct {
		Stream   string    `json:"stream"`
		Revision uint64    `json:"revision"`
		ID       uuid.UUID `json:"event_id"`
		Type     string    `json:"type"`
	}
	if err := json.Unmarshal(e.Shown, &line); err != nil {
		return errors.New("the text beside it is not that of an event")
	}
	if line.Stream != e.Event.Stream || line.Revision != e.Event.Revision || line.ID != e.ID || line.Type != e.Type {
		return errors.New("the text beside it is that of another event")
	}
	return nil
}

// A bundle is a zip archive of two files: events.ndjson has one [Evidence] on each
// line, end.json says how many there are, and has the signature of the registry over the
// first file: what it opened and showed, in which order, and nothing left out. Whoever has
// the public key of the log can check it without the registry.
const (
	bundleEvents = "events.ndjson"
	bundleEnd    = "end.json"
	// BundleType is the media type of a bundle.
	BundleType = "application/vnd.tizilim.bundle+zip"
)

type end struct {
	Events    int    `json:"events"`
	Statement string `json:"statement"` // [Signer.SignBundle]
}

// Digest is that of SHA-256.
type Digest = [sha256.Size]byte

// bundleLine ends the first line of a bundle's statement, as [pageLine] that of a page.
const bundleLine = "/bundle"

func bundleText(log string, events Digest) string {
	return fmt.Sprintf("%s%s\n%s\n", log, bundleLine, base64.StdEncoding.EncodeToString(events[:]))
}

// SignBundle returns the digest of the events of a bundle as a signed note.
func (s *Signer) SignBundle(events Digest) (string, error) {
	signed, err := note.Sign(&note.Note{Text: bundleText(s.signer.Name(), events)}, s.signer)
	return string(signed), err
}

// checkBundle checks that the note was signed with the key for a bundle of these events.
func (p Public) checkBundle(signed string, events Digest) error {
	opened, err := note.Open([]byte(signed), note.VerifierList(p.verifier))
	if err != nil {
		return fmt.Errorf("the bundle is not signed with the key %s+%08x: %w", p.verifier.Name(), p.verifier.KeyHash(), err)
	}
	if opened.Text != bundleText(p.verifier.Name(), events) {
		return errors.New("the bundle was changed after the registry signed it")
	}
	return nil
}

// Bundle writes a bundle.
type Bundle struct {
	archive *zip.Writer
	lines   *json.Encoder
	digest  hash.Hash // of the lines
	sign    func(Digest) (string, error)
	end     end
}

// NewBundle begins a bundle. sign is [Signer.SignBundle].
func NewBundle(w io.Writer, sign func(Digest) (string, error)) (*Bundle, error) {
	archive := zip.NewWriter(w)
	file, err := archive.Create(bundleEvents)
	if err != nil {
		return nil, fmt.Errorf("begin a bundle: %w", err)
	}
	digest := sha256.New()
	return &Bundle{archive: archive, lines: json.NewEncoder(io.MultiWriter(file, digest)), digest: digest, sign: sign}, nil
}

// Add writes an event.
func (b *Bundle) Add(e Evidence) error {
	b.end.Events++
	return b.lines.Encode(e)
}

// Close ends the bundle. A bundle without its end is refused by [CheckBundle].
func (b *Bundle) Close() error {
	var err error
	if b.end.Statement, err = b.sign(Digest(b.digest.Sum(nil))); err != nil {
		return err
	}
	file, err := b.archive.Create(bundleEnd)
	if err == nil {
		err = json.NewEncoder(file).Encode(b.end)
	}
	return errors.Join(err, b.archive.Close())
}

// BundleReport is what a bundle proves.
type BundleReport struct {
	Events  int
	Proven  int
	Pending []domain.EventRef // of events that no head covered when the bundle was made
	Wrong   []string          // a sentence for each event that is not what it claims to be, or one for the bundle
	Newest  Head              // of the heads that the proofs lead to
}

// Sound reports whether nothing in the bundle is wrong.
func (r BundleReport) Sound() bool { return len(r.Wrong) == 0 }

// maxLine bounds a line of a bundle, in bytes. An event has at most 1 MiB.
const maxLine = 8 << 20

// CheckBundle checks a bundle of size bytes with the public key of the log. An error
// means that it cannot be read to its end.
//
// It proves each event of the bundle, and that the registry gave them together, in this
// order and with these texts. That the registry left none out it does not prove.
func CheckBundle(from io.ReaderAt, size int64, key Public) (r BundleReport, err error) {
	archive, err := zip.NewReader(from, size)
	if err != nil {
		return r, fmt.Errorf("this is not a whole bundle: %w", err)
	}
	file, err := archive.Open(bundleEvents)
	if err != nil {
		return r, fmt.Errorf("this is not a bundle: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	lines := bufio.NewScanner(io.TeeReader(file, digest))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		r.Events++
		var e Evidence
		decoder := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			r.Wrong = append(r.Wrong, fmt.Sprintf("line %d is not an event: %v", r.Events, err))
			continue
		}
		head, err := e.Check(key)
		switch {
		case errors.Is(err, errNoProof):
			r.Pending = append(r.Pending, e.Event)
		case err != nil:
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s: %v", e.Event, err))
		default:
			r.Proven++
			if head.Size > r.Newest.Size {
				r.Newest = head
			}
		}
	}
	if err := lines.Err(); err != nil {
		return r, fmt.Errorf("line %d of the bundle: %w", r.Events+1, err)
	}
	end, err := endOf(archive, r.Events)
	if err != nil {
		return r, err
	}
	if err := key.checkBundle(end.Statement, Digest(digest.Sum(nil))); err != nil && r.Sound() {
		r.Wrong = append(r.Wrong, err.Error())
	}
	return r, nil
}

// endOf reads the end of a bundle of so many events.
func endOf(archive *zip.Reader, events int) (end end, err error) {
	file, err := archive.Open(bundleEnd)
	if err != nil {
		return end, fmt.Errorf("this is not a whole bundle: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxLine)) // to its end, where the checksum is
	if err == nil {
		err = json.Unmarshal(text, &end)
	}
	if err != nil {
		return end, fmt.Errorf("the end of the bundle: %w", err)
	}
	if end.Events != events {
		return end, fmt.Errorf("the bundle says that it has %d events, and has %d", end.Events, events)
	}
	return end, nil
}
