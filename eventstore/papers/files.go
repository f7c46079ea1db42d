package papers

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path"
	"regexp"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
)

// Address names a stored file.
type Address struct {
	Case domain.CaseID
	Hash string // SHA-256 of the file as stored, in small hex
}

// Path is where a [Dir] has the file, with slashes. It begins with two digits of the case, so that
// no directory has too many entries.
func (a Address) Path() string { return path.Join(a.Case.String()[:2], a.Case.String(), a.Hash) }

// IsPath reports whether a [Dir] has a file at such a path.
func IsPath(p string) bool {
	at, ok := parseAddress(path.Base(path.Dir(p)), path.Base(p))
	return ok && at.Path() == p
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func parseAddress(caseID, hash string) (Address, bool) {
	id, err := uuid.Parse(caseID)
	return Address{domain.CaseID{UUID: id}, hash}, err == nil && hashForm.MatchString(hash)
}

// Kept is a file that is stored.
type Kept struct {
	Address
	At time.Time // since when
}

// Files keep files under their addresses. They are safe for concurrent use, also by several
// processes.
type Files interface {
	// Keep stores the spooled file, which it may move away. The file is durable when Keep returns.
	Keep(ctx context.Context, at Address, spooled *os.File) error
	// Open opens a stored file. Error: [ErrMissing].
	Open(ctx context.Context, at Address) (io.ReadCloser, error)
	// Remove removes a file; where there is none, it does nothing.
	Remove(ctx context.Context, at Address) error
	// All are the files that are stored. What is no file of a paper is left out.
	All(ctx context.Context) iter.Seq2[Kept, error]
}

var (
	// ErrMissing says that the store has no such file.
	ErrMissing = errors.New("papers: the file is not there")
	// ErrErased says that the data key of a file was destroyed.
	ErrErased = errors.New("papers: the key of the file was destroyed")
	// ErrDamaged says that a file is not what was stored.
	ErrDamaged = errors.New("papers: the file is not what was stored")
)
