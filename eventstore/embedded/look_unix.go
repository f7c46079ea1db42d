//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"golang.org/x/sys/unix"
)

// lookers are the lock files that this process has open for looking, and how often. A process loses
// its locks of a file as soon as it closes the file anywhere, so each is opened once.
var lookers struct {
	sync.Mutex
	open map[string]*looker
}

type looker struct {
	file  *os.File
	users int
}

// lockToLook keeps nodes that write out of the directory, and lets others look at it too. Unlike the
// lock of the engine it changes nothing. Without a lock file, as in a backup, it locks nothing.
// Error: ErrInUse where a node has the directory open for writing.
func lockToLook(dir string, below vfs.FS) (io.Closer, error) {
	if below != vfs.Default { // nobody else reaches a file system of this process
		return noLock{}, nil
	}
	name, err := filepath.Abs(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, err
	}
	lookers.Lock()
	defer lookers.Unlock()
	if l := lookers.open[name]; l != nil {
		l.users++
		return lookLock(name), nil
	}
	// Another node of this process has this lock. To open the file and close it again would release it.
	if writesHere(name) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return noLock{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data directory %s: %w", dir, err)
	}
	read := unix.Flock_t{Type: unix.F_RDLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(file.Fd(), unix.F_SETLK, &read); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s (%v)", ErrInUse, dir, err), file.Close())
	}
	if lookers.open == nil {
		lookers.open = make(map[string]*looker)
	}
	lookers.open[name] = &looker{file: file, users: 1}
	return lookLock(name), nil
}

// lookLock is one use of a looker.
type lookLock string

func (name lookLock) Close() error {
	lookers.Lock()
	defer lookers.Unlock()
	l := lookers.open[string(name)]
	if l.users--; l.users > 0 {
		return nil
	}
	delete(lookers.open, string(name))
	return l.file.Close()
}
