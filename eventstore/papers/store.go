package papers

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/google/uuid"

	"tizilim/domain"
)

// MediaTypes are the types of file that are taken. The content says which it is.
var MediaTypes = []string{"application/pdf", "image/jpeg", "image/png"}

const (
	// sniffed is how many bytes tell the type of a file.
	sniffed = 512
	// heading begins a stored file; the sealed key of the file follows, and ends the line.
	heading = "tizilim-paper-1 "
	// maxHeading bounds the first line of a stored file.
	maxHeading = 1 << 10
)

// Keys seal the keys of files by the data keys of persons. [*eventstore.Store] has them.
type Keys interface {
	// SealSecret seals a secret by the current data key of the owner.
	SealSecret(ctx context.Context, owner uuid.UUID, secret, binding []byte) (string, error)
	// OpenSecret returns what was sealed with this binding; nil where the key was destroyed.
	OpenSecret(ctx context.Context, sealed string, binding []byte) ([]byte, error)
}

// Store keeps papers. It is safe for concurrent use.
type Store struct {
	files   Files
	keys    Keys
	scanner Scanner
	spool   string
	largest int64
}

// New returns a store. Files are received in the directory spool, encrypted, and then stored in
// files; for a [Dir] it must be on the same file system. scanner may be nil. largest bounds a
// file, in bytes.
func New(files Files, keys Keys, scanner Scanner, spool string, largest int64) (*Store, error) {
	if largest <= 0 {
		return nil, errors.New("papers: the largest size of a file must be positive")
	}
	if err := os.MkdirAll(spool, 0o700); err != nil {
		return nil, err
	}
	left, err := filepath.Glob(filepath.Join(spool, "*"+receiving))
	if err != nil {
		return nil, err
	}
	for _, f := range left {
		if info, err := os.Stat(f); err == nil && time.Since(info.ModTime()) > abandoned {
			os.Remove(f) // of a process that was killed; what stays does no harm
		}
	}
	return &Store{files, keys, scanner, spool, largest}, nil
}

const (
	// receiving is the ending of files on their way in.
	receiving = ".receiving"
	// abandoned is after how long nobody receives a file any more.
	abandoned = time.Hour
)

// Largest bounds a file, in bytes.
func (s *Store) Largest() int64 { return s.largest }

// Draft is a file that was received and is not stored yet.
type Draft struct {
	Address
	SHA256    string // of the content, in small hex
	Size      int64  // of the content, in bytes
	MediaType string // as the content shows it

	files Files
	file  *os.File
}

// Receive takes the content of a paper of the case that tells of the person. It reads the content
// once and holds no more than a small part of it. Errors: [domain.CodePaperType],
// [domain.CodePaperTooLarge], [domain.CodePaperInfected], [domain.CodeScannerAway]. The caller ends
// the draft by [Draft.Discard], also after [Draft.Keep].
func (s *Store) Receive(
	ctx context.Context, of domain.CaseID, person domain.PersonID, content io.Reader,
) (*Draft, error) {
	d, err := s.receive(ctx, of, person, content)
	if err != nil && d != nil {
		d.Discard()
		d = nil
	}
	return d, err
}

// receive is Receive, which discards the draft that comes with an error.
func (s *Store) receive(
	ctx context.Context, of domain.CaseID, person domain.PersonID, content io.Reader,
) (d *Draft, err error) {
	start := make([]byte, sniffed)
	n, err := io.ReadFull(content, start)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	start = start[:n]
	d = &Draft{MediaType: http.DetectContentType(start), files: s.files}
	if !slices.Contains(MediaTypes, d.MediaType) {
		return nil, domain.Refuse(domain.Invalid, domain.CodePaperType,
			"the content of the file is no PDF, JPEG or PNG: scan the paper as one of them").At("file")
	}
	if d.file, err = os.CreateTemp(s.spool, "*"+receiving); err != nil { // 0600
		return nil, err
	}
	stored, read := sha256.New(), sha256.New()
	encrypted, err := s.encrypt(ctx, io.MultiWriter(d.file, stored), of, person)
	if err != nil {
		return d, err
	}
	all := io.LimitReader(io.MultiReader(bytes.NewReader(start), content), s.largest+1)
	scanned := func() error { return nil }
	if s.scanner != nil {
		all, scanned = s.scan(ctx, all)
	}
	d.Size, err = io.Copy(io.MultiWriter(encrypted, read), all)
	found := scanned()
	switch {
	case d.Size > s.largest:
		return d, domain.Refuse(domain.Invalid, domain.CodePaperTooLarge,
			"the file is larger than %d bytes: scan the paper with fewer dots or colours, or in parts", s.largest).At("file")
	case err != nil && found == nil:
		return d, err
	case found != nil:
		return d, found
	}
	if err := encrypted.Close(); err != nil {
		return d, err
	}
	d.Address, d.SHA256 = Address{of, sum(stored)}, sum(read)
	return d, nil
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// encrypt begins a stored file.
func (s *Store) encrypt(
	ctx context.Context, w io.Writer, of domain.CaseID, person domain.PersonID,
) (io.WriteCloser, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	sealed, err := s.keys.SealSecret(ctx, person.UUID, []byte(key.String()), binding(of))
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, heading+sealed+"\n"); err != nil {
		return nil, err
	}
	return age.Encrypt(w, key.Recipient())
}

func binding(of domain.CaseID) []byte { return []byte("tizilim paper of " + of.String()) }

// Keep stores the file. When it returns, the file is durable.
func (d *Draft) Keep(ctx context.Context) error { return d.files.Keep(ctx, d.Address, d.file) }

// Discard removes what was received and is not stored.
func (d *Draft) Discard() {
	d.file.Close()
	os.Remove(d.file.Name()) // not there where it was moved away
}

// Open opens a paper for reading. Errors: [ErrMissing], [ErrErased], [ErrDamaged]; reading can
// fail with [ErrDamaged] too. The reader gives nothing that was not checked.
func (s *Store) Open(ctx context.Context, at Address) (io.ReadCloser, error) {
	f, err := s.files.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	content, err := s.decrypt(ctx, f, at)
	if err != nil {
		f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{content, f}, nil
}

func (s *Store) decrypt(ctx context.Context, f io.Reader, at Address) (io.Reader, error) {
	r := bufio.NewReaderSize(f, maxHeading)
	line, err := r.ReadSlice('\n')
	sealed, ok := strings.CutPrefix(string(line), heading)
	if err != nil || !ok {
		return nil, fmt.Errorf("%w: it has no heading", ErrDamaged)
	}
	secret, err := s.keys.OpenSecret(ctx, strings.TrimSuffix(sealed, "\n"), binding(at.Case))
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, ErrErased
	}
	key, err := age.ParseX25519Identity(string(secret))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	content, err := age.Decrypt(r, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return content, nil
}

// Check says whether the file is there and is what was stored: [ErrMissing], [ErrDamaged]. It
// needs no key.
func Check(ctx context.Context, files Files, at Address) error {
	f, err := files.Open(ctx, at)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if sum(h) != at.Hash {
		return ErrDamaged
	}
	return nil
}

// Remove removes the file of a draft that was kept and that no event names.
func (s *Store) Remove(ctx context.Context, at Address) error { return s.files.Remove(ctx, at) }
