package embedded

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// damages are the blocks of tables that were found damaged. The engine searches such a block for a
// bit that has flipped, at every read, and that takes seconds of a processor. So it reads each once.
type damages struct {
	any    atomic.Bool // without the lock: nearly always there are none
	mu     sync.Mutex
	blocks map[string][]block // by the name of the file
}

// block is a part of a file.
type block struct{ offset, length int64 }

// blockText is how the engine names a block in an error.
var blockText = regexp.MustCompile(`block (\d+)/(\d+)`)

// note remembers the block that the error of the engine names, if it names one.
func (d *damages) note(path string, err error) {
	named := blockText.FindStringSubmatch(firstLine(err))
	if named == nil {
		return
	}
	offset, err1 := strconv.ParseInt(named[1], 10, 64)
	length, err2 := strconv.ParseInt(named[2], 10, 64)
	if err1 != nil || err2 != nil {
		return
	}
	name, b := filepath.Base(path), block{offset, length}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, known := range d.blocks[name] {
		if known == b {
			return
		}
	}
	if d.blocks == nil {
		d.blocks = map[string][]block{}
	}
	d.blocks[name] = append(d.blocks[name], b)
	d.any.Store(true)
}

// check returns an error where a damaged block is a part of what is to be read.
func (d *damages) check(path string, offset, length int64) error {
	if !d.any.Load() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	name := filepath.Base(path)
	for _, b := range d.blocks[name] {
		if offset < b.offset+b.length && b.offset < offset+length {
			return fmt.Errorf("%s: block %d/%d has a wrong checksum: %w", name, b.offset, b.length, pebble.ErrCorruption)
		}
	}
	return nil
}

// tableFile is a table that the engine reads.
type tableFile struct {
	vfs.File
	name    string
	damages *damages
}

func (f *tableFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.damages.check(f.name, at, int64(len(p))); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, at)
}

func isTable(name string) bool { return strings.HasSuffix(name, ".sst") }
