package embedded

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A directory whose files were replaced while the store is open, such as by those of a backup, is no
// longer the store: what the engine writes goes into files that no directory names, and a table that
// it opens may be another one of the same name. So the files by which that shows are compared with
// what the directory has at their names: before an append is acknowledged, before a table is opened,
// and whenever somebody asks whether appends are taken.

// placed is a file as it was when the store took it.
type placed struct {
	name string
	info fs.FileInfo // nil: it is not watched
}

// watch returns the file at the name. Only files of the operating system are watched.
func watch(name string, below vfs.FS) placed {
	if below != vfs.Default {
		return placed{}
	}
	info, err := os.Stat(name)
	if err != nil {
		return placed{}
	}
	return placed{name, info}
}

// replaced reports whether the name is that of another file now, or of none.
func (p placed) replaced() bool {
	if p.info == nil {
		return false
	}
	now, err := os.Stat(p.name)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) // what else goes wrong, whoever uses the file finds
	}
	return !os.SameFile(now, p.info)
}

// inPlace returns a refusal where the files of the directory were replaced, and then ends the writing.
func (d *disk) inPlace() error {
	d.mu.Lock()
	watched := []placed{d.lockFile, d.log}
	d.mu.Unlock()
	for _, p := range watched {
		if p.replaced() {
			d.fail(errFilesReplaced())
			return errFilesReplaced()
		}
	}
	return nil
}

// watchLog notes a new write-ahead log of the engine.
func (d *disk) watchLog(name string) {
	if !strings.HasSuffix(name, ".log") || !d.owns(name) {
		return
	}
	log := watch(name, d.FS)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = log
}
