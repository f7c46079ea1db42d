package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"tizilim/domain/proof"
)

// Witness is a file with the newest head that was seen, outside of the log: a log that
// was cut off or exchanged contradicts it. Several processes may share it.
type Witness struct {
	path string

	mu   sync.Mutex
	size int64 // of the head that this process has written
	kept bool
}

// NewWitness returns the witness in the file, which need not exist.
func NewWitness(path string) *Witness { return &Witness{path: path} }

// Head returns the head in the file; the zero Head where there is no file.
func (w *Witness) Head(public proof.Public) (proof.Head, error) {
	text, err := os.ReadFile(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return proof.Head{}, nil
	}
	if err != nil {
		return proof.Head{}, fmt.Errorf("the kept head of the log: %w", err)
	}
	head, err := public.Open(string(text))
	if err != nil {
		return head, fmt.Errorf("the kept head in %s: %w", w.path, err)
	}
	return head, nil
}

// PutAway moves the file aside, to a name that tells of the head in it, so that the log is
// compared with it no more.
func (w *Witness) PutAway(kept proof.Head) (to string, err error) {
	to = fmt.Sprintf("%s.%d-events", w.path, kept.Size)
	return to, os.Rename(w.path, to)
}

// keep writes the head, at once with its whole content.
func (w *Witness) keep(head proof.Head, note string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if note == "" || w.kept && head.Size <= w.size {
		return nil
	}
	temporary, err := os.CreateTemp(filepath.Dir(w.path), ".log-head-*")
	if err != nil {
		return fmt.Errorf("keep the head of the log: %w", err)
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.WriteString(note)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), w.path)
	}
	if err != nil {
		return fmt.Errorf("keep the head of the log: %w", err)
	}
	w.size, w.kept = head.Size, true
	return nil
}
