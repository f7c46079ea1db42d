// Package gateway sends SMS and e-mail: what the registry tells a person beyond
// the personal account, and one-time passwords.
//
// It adapts two things to [command.Gateway]: [HTTP], a service of the operator,
// and [Outbox], a file for one machine that needs nobody.
package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"tizilim/eventstore/command"
)

// Outbox is a gateway that writes messages into a file, one JSON object a line,
// for whoever is at the machine to read. It serves one process on one machine,
// and is locked against others.
// A message that is in the file is not written again.
type Outbox struct {
	lock io.Closer
	mu   sync.Mutex
	file *os.File
	size int64 // of whole lines
	sent map[uuid.UUID]bool
}

// ErrInUse says that another outbox writes the file.
var ErrInUse = errors.New("the outbox is in use")

// OpenOutbox opens the file, or makes it. It is readable by its owner only: it
// holds telephones and one-time passwords. Error: [ErrInUse].
func OpenOutbox(path string) (*Outbox, error) {
	if err := makePrivate(path + ".lock"); err != nil {
		return nil, fmt.Errorf("the outbox cannot be opened: %w", err)
	}
	lock, err := vfs.Default.Lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInUse, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("the outbox cannot be opened: %w", err)
	}
	o := &Outbox{lock: lock, file: file, sent: map[uuid.UUID]bool{}}
	if err := o.load(); err != nil {
		_ = o.Close()
		return nil, fmt.Errorf("the outbox %s cannot be read: %w", path, err)
	}
	return o, nil
}

// written is a line of the file.
type written struct {
	At time.Time `json:"at"`
	command.Message
}

// load notes the messages of the file. A last line without its end was never
// acknowledged: a crash cut it off, and it is written over.
func (o *Outbox) load() error {
	for lines := bufio.NewReader(o.file); ; {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		var line written
		if err == nil {
			err = json.Unmarshal(text, &line)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", len(o.sent)+1, err)
		}
		o.sent[line.ID] = true
		o.size += int64(len(text))
	}
}

// Send writes the message, and answers when it is on disk.
func (o *Outbox) Send(_ context.Context, m command.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent[m.ID] {
		return nil
	}
	line, err := json.Marshal(written{time.Now().UTC(), m})
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	line = append(line, '\n')
	if err := o.write(line); err != nil {
		// A full disk takes a part of a line. Where it cannot be cut off now, the next
		// attempt does so.
		_ = o.file.Truncate(o.size)
		return fmt.Errorf("outbox: %w", err)
	}
	o.sent[m.ID] = true
	o.size += int64(len(line))
	return nil
}

// write writes the line behind the whole lines, in place of what an earlier attempt left half
// written.
func (o *Outbox) write(line []byte) error {
	if err := o.file.Truncate(o.size); err != nil {
		return err
	}
	if _, err := o.file.WriteAt(line, o.size); err != nil {
		return err
	}
	return o.file.Sync()
}

// makePrivate makes the file where it is not there.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// Close closes the file and lets others have it.
func (o *Outbox) Close() error { return errors.Join(o.file.Close(), o.lock.Close()) }
