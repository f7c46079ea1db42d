package proof

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

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

	// Shown is the event as the registry shows it to auditors. It is not proven: where
	// the stored event has sealed values, only the registry can open them.
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
// line, end.json says how many there are. Whoever has the public key of the log can
// check it without the registry.
const (
	bundleEvents = "events.ndjson"
	bundleEnd    = "end.json"
	// BundleType is the media type of a bundle.
	BundleType = "application/vnd.tizilim.bundle+zip"
)

type end struct {
	Events int `json:"events"`
}

// Bundle writes a bundle.
type Bundle struct {
	archive *zip.Writer
	lines   *json.Encoder
	end     end
}

// NewBundle begins a bundle.
func NewBundle(w io.Writer) (*Bundle, error) {
	archive := zip.NewWriter(w)
	file, err := archive.Create(bundleEvents)
	if err != nil {
		return nil, fmt.Errorf("begin a bundle: %w", err)
	}
	return &Bundle{archive: archive, lines: json.NewEncoder(file)}, nil
}

// Add writes an event.
func (b *Bundle) Add(e Evidence) error {
	b.end.Events++
	return b.lines.Encode(e)
}

// Close ends the bundle. A bundle without its end is refused by [CheckBundle].
func (b *Bundle) Close() error {
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
	Wrong   []string          // a sentence for each event that is not what it claims to be
	Newest  Head              // of the heads that the proofs lead to
}

// Sound reports whether nothing in the bundle is wrong.
func (r BundleReport) Sound() bool { return len(r.Wrong) == 0 }

// maxLine bounds a line of a bundle, in bytes. An event has at most 1 MiB.
const maxLine = 8 << 20

// CheckBundle checks a bundle of size bytes with the public key of the log. An error
// means that it cannot be read to its end.
//
// It proves each event of the bundle. It does not prove that the bundle has all events
// of a history.
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
	lines := bufio.NewScanner(file)
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
	return r, checkEnd(archive, r.Events)
}

func checkEnd(archive *zip.Reader, events int) error {
	file, err := archive.Open(bundleEnd)
	if err != nil {
		return fmt.Errorf("this is not a whole bundle: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxLine)) // to its end, where the checksum is
	var end end
	if err == nil {
		err = json.Unmarshal(text, &end)
	}
	if err != nil {
		return fmt.Errorf("the end of the bundle: %w", err)
	}
	if end.Events != events {
		return fmt.Errorf("the bundle says that it has %d events, and has %d", end.Events, events)
	}
	return nil
}
