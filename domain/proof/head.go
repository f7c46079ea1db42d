package proof

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain"
)

// Head is the state of the tree at one time: who has it can tell whether a later log
// goes on from it.
type Head struct {
	Size int64 // number of events in the tree
	Root tlog.Hash
	At   time.Time // when it was signed, in seconds
}

// timeLine is the beginning of the line of a note with the time.
const timeLine = "signed at "

// text is what is signed: a checkpoint of a transparency log, whose first line names
// the log.
func (h Head) text(log string) string {
	return fmt.Sprintf("%s\n%d\n%s\n%s%s\n", log, h.Size, h.Root, timeLine, h.At.UTC().Format(time.RFC3339))
}

// parseHead reads what text writes.
func parseHead(text, log string) (h Head, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 5 || lines[0] != log || lines[4] != "" || !strings.HasPrefix(lines[3], timeLine) {
		return h, fmt.Errorf("the note is not a head of the log %s", log)
	}
	if h.Size, err = strconv.ParseInt(lines[1], 10, 64); err == nil && h.Size < 0 {
		err = strconv.ErrRange
	}
	if err != nil {
		return h, fmt.Errorf("the size in the head: %w", err)
	}
	if h.Root, err = tlog.ParseHash(lines[2]); err != nil {
		return h, fmt.Errorf("the root in the head: %w", err)
	}
	if h.At, err = time.Parse(time.RFC3339, strings.TrimPrefix(lines[3], timeLine)); err != nil {
		return h, fmt.Errorf("the time in the head: %w", err)
	}
	return h, nil
}

// Signer signs heads.
type Signer struct {
	signer note.Signer
	public Public
}

// NewSigner returns the signer of the log with the name. seed is the private key of
// Ed25519, 32 bytes. The name has neither spaces nor a plus sign.
func NewSigner(name string, seed []byte) (*Signer, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("the key of the heads has %d bytes, not %d", len(seed), ed25519.SeedSize)
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	text, err := note.NewEd25519VerifierKey(name, public)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("the name of the log: %w", err)
	}
	const ed25519Algorithm = 1
	private := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, seed...))
	signer, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, verifier.KeyHash(), private))
	if err != nil {
		return nil, err
	}
	return &Signer{signer, Public{text, verifier}}, nil
}

// Public is the public half.
func (s *Signer) Public() Public { return s.public }

// Sign returns the head as a signed note.
func (s *Signer) Sign(h Head) (string, error) {
	signed, err := note.Sign(&note.Note{Text: h.text(s.signer.Name())}, s.signer)
	return string(signed), err
}

// Public is the public key of a log, by which everybody can check its heads.
type Public struct {
	text     string
	verifier note.Verifier
}

// ParsePublic reads a public key as [Public.String] writes it.
func ParsePublic(text string) (Public, error) {
	text = strings.TrimSpace(text)
	verifier, err := note.NewVerifier(text)
	if err != nil {
		return Public{}, fmt.Errorf("this is not the public key of a log: %w", err)
	}
	return Public{text, verifier}, nil
}

// String is the name of the log, a hash of the key and the key itself, with plus signs
// between them, as package note writes public keys.
func (p Public) String() string { return p.text }

// Name is the name of the log.
func (p Public) Name() string { return p.verifier.Name() }

// Open checks the signature of a note and returns its head.
func (p Public) Open(signed string) (Head, error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(p.verifier))
	if err != nil {
		return Head{}, fmt.Errorf("the head is not signed with the key %s+%08x: %w",
			p.verifier.Name(), p.verifier.KeyHash(), err)
	}
	return parseHead(opened.Text, p.verifier.Name())
}

// Inclusion proves that an event is in the log.
type Inclusion struct {
	Event  domain.EventRef `json:"event" doc:"The event, as stream@revision"`
	Leaf   tlog.Hash       `json:"leaf" doc:"Hash of the event's leaf, in base64"`
	Index  int64           `json:"index" doc:"Number of the leaf in the tree; the first is 0"`
	Hashes []tlog.Hash     `json:"hashes" doc:"The hashes beside the path from the leaf to the root, in base64"`
	Head   string          `json:"head" doc:"The signed head that the proof leads to"`
}

// Check checks that the head is signed with the key, and that the leaf is in its tree.
// It does not check that the leaf is the event's; see [Record.Leaf].
func (p Inclusion) Check(key Public) (Head, error) {
	head, err := key.Open(p.Head)
	if err != nil {
		return head, err
	}
	if err := tlog.CheckRecord(p.Hashes, head.Size, head.Root, p.Index, p.Leaf); err != nil {
		return head, fmt.Errorf("the proof of %s does not lead to the head", p.Event)
	}
	return head, nil
}

// Consistency proves that a later tree goes on from an earlier one.
type Consistency struct {
	From   int64       `json:"from" doc:"Size of the earlier tree"`
	To     int64       `json:"to" doc:"Size of the later tree"`
	Hashes []tlog.Hash `json:"hashes" doc:"The hashes from which both roots follow, in base64"`
}

// Check checks that the later head goes on from the earlier one: nothing that it
// covers was changed, removed or put in another order.
func (c Consistency) Check(earlier, later Head) error {
	if c.From != earlier.Size || c.To != later.Size {
		return fmt.Errorf("the proof is of the sizes %d and %d, the heads of %d and %d",
			c.From, c.To, earlier.Size, later.Size)
	}
	if err := tlog.CheckTree(c.Hashes, later.Size, later.Root, earlier.Size, earlier.Root); err != nil {
		return fmt.Errorf("the head of size %d does not go on from that of size %d", later.Size, earlier.Size)
	}
	return nil
}
