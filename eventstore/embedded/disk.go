package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// roomPoll is how often an operation that found no room on the disk is tried again.
	roomPoll = 100 * time.Millisecond
	// compactionPatience is how long what a compaction writes waits for room.
	compactionPatience = 10 * time.Second
)

// optionalCategories are the categories of what the engine writes to save room or
// time. It does not need to write it now.
var optionalCategories = []vfs.DiskWriteCategory{"pebble-compaction", "pebble-blob-file-rewrite"}

// disk is the file system below one opening of the storage engine. It decides what the
// engine sees of a disk that refuses a write:
//
//   - An operation that finds no room waits, and is tried again until it finds some: for
//     the engine, a full disk is a slow one. Only what a compaction writes gives up after
//     compactionPatience, so that its unfinished files give their room back.
//   - Every other refusal, a failed sync in particular, ends the writing. No operation
//     reaches the disk any more and none returns, since the engine would end the process
//     on an error. So the directory is as after a crash of the process: the store abandons
//     the engine and opens another one. A failed sync is not tried again: the operating
//     system may have dropped the data and then report success.
//
// While the engine is being opened, and nothing is served yet, it gets every error.
//
// Files outside of the directory, such as those of a backup, are passed through.
type disk struct {
	vfs.FS
	dir    string
	health *health

	damages damages

	mu       sync.Mutex // guards the rest
	lockFile placed
	log      placed // the write-ahead log
	served   bool   // the engine is open, so operations wait and get no errors
	closing  bool   // nothing waits for room any more
	waiting  int    // operations that wait for room, without compactions
	failure  error  // why no operation reaches the disk any more
	failed   chan struct{}
	reading  string // file that was opened last
}

func newDisk(below vfs.FS, dir string, h *health) *disk {
	return &disk{
		FS: below, dir: dir, health: h, failed: make(chan struct{}), lockFile: watch(below.PathJoin(dir, lockFile), below),
	}
}

// serve begins the use of the opened engine. It returns the failure of the disk until then.
func (d *disk) serve() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.served = d.failure == nil
	return d.failure
}

// hurry ends the waiting for room for ever: the writing ends where something waits, or will.
func (d *disk) hurry() {
	d.mu.Lock()
	d.closing = true
	waiting := d.waiting > 0
	d.mu.Unlock()
	if waiting {
		d.fail(errClosing)
	}
}

// fail ends the writing. The first cause is kept.
func (d *disk) fail(cause error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure != nil {
		return
	}
	d.failure = cause
	close(d.failed)
	if d.served && !d.closing {
		d.health.begin(refusalOf(cause))
	}
}

// err returns why the writing has ended; nil while it has not.
func (d *disk) err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failure
}

// refused ends an operation that does not reach the disk, or has failed.
func (d *disk) refused(err error) error {
	d.mu.Lock()
	served := d.served
	d.mu.Unlock()
	if served {
		select {} // the engine is abandoned
	}
	return err
}

// isNoRoom reports whether an operation has failed for want of room only. It has changed
// nothing, or has written a part, and can be tried again.
func isNoRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isReadOnly reports whether the file system takes no writes at all.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// do carries out an operation that changes the disk. patience bounds the waiting for room;
// 0: no bound.
func (d *disk) do(what, name string, patience time.Duration, operation func() error) error {
	if !d.owns(name) {
		return operation()
	}
	if err := d.err(); err != nil {
		return d.refused(err)
	}
	err := operation()
	if isNoRoom(err) {
		if err = d.waitForRoom(patience, err, operation); isNoRoom(err) && patience > 0 {
			return err // the engine gives a compaction up
		}
	}
	return d.judge(what, name, err)
}

// judge ends the writing unless the error is none of the disk.
func (d *disk) judge(what, name string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) {
		return err
	}
	d.fail(fmt.Errorf("%s %s: %w", what, filepath.Base(name), rootCause(err)))
	return d.refused(err)
}

// rootCause leaves out the path, which the caller names shorter, where the error has one.
func rootCause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// waitForRoom tries an operation that found no room again.
func (d *disk) waitForRoom(patience time.Duration, err error, operation func() error) error {
	if !d.beginWait(patience, err) {
		return err
	}
	defer d.endWait(patience)
	var impatient <-chan time.Time // never, where there is no bound
	if patience > 0 {
		impatient = time.After(patience)
	}
	again := time.NewTicker(roomPoll)
	defer again.Stop()
	for {
		select {
		case <-again.C:
		case <-impatient:
			return err
		case <-d.failed:
			return d.err()
		}
		if err = operation(); !isNoRoom(err) {
			return err
		}
	}
}

func (d *disk) beginWait(patience time.Duration, err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.served || d.closing || d.failure != nil {
		return false
	}
	if patience == 0 {
		if d.waiting++; d.waiting == 1 {
			d.health.begin(errDiskFull(rootCause(err).Error()))
		}
	}
	return true
}

func (d *disk) endWait(patience time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if patience != 0 {
		return
	}
	if d.waiting--; d.waiting == 0 && d.failure == nil {
		d.health.end()
	}
}

// owns reports whether the file is in the directory of the store, or is that directory.
func (d *disk) owns(name string) bool {
	return name == d.dir || strings.HasPrefix(name, strings.TrimSuffix(d.dir, "/")+"/") || d.dir == ""
}

// free returns how many bytes can still be written; false where nobody knows.
func (d *disk) free() (uint64, bool) {
	usage, err := d.GetDiskUsage(d.dir)
	return usage.AvailBytes, err == nil
}

func patienceOf(category vfs.DiskWriteCategory) time.Duration {
	for _, optional := range optionalCategories {
		if category == optional {
			return compactionPatience
		}
	}
	return 0
}

// opened carries out an operation that opens a file for writing.
func (d *disk) opened(what, name string, category vfs.DiskWriteCategory, open func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	patience := patienceOf(category)
	err := d.do(what, name, patience, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	d.watchLog(name)
	return &diskFile{File: f, disk: d, name: name, patience: patience}, nil
}

func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.opened("create", name, category, func() (vfs.File, error) { return d.FS.Create(name, category) })
}

func (d *disk) OpenReadWrite(name string, category vfs.DiskWriteCategory, options ...vfs.OpenOption) (vfs.File, error) {
	return d.opened("open", name, category, func() (vfs.File, error) {
		return d.FS.OpenReadWrite(name, category, options...)
	})
}

// ReuseForWrite is not tried again where it has renamed the file and then failed: the
// engine gets a new file instead.
func (d *disk) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.opened("reuse", to, category, func() (vfs.File, error) {
		f, err := d.FS.ReuseForWrite(from, to, category)
		if isNoRoom(err) {
			return d.FS.Create(to, category)
		}
		return f, err
	})
}

func (d *disk) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	d.mu.Lock()
	d.reading = filepath.Base(name)
	d.mu.Unlock()
	f, err := d.FS.Open(name, options...)
	if !isTable(name) || !d.owns(name) {
		return f, err
	}
	if replaced := d.inPlace(); replaced != nil {
		if err == nil {
			err = f.Close()
		}
		return nil, errors.Join(replaced, err)
	}
	if err != nil {
		return nil, err
	}
	return &tableFile{File: f, name: name, damages: &d.damages}, nil
}

// blame adds the file that was read last to an error of the opening, if that says that a file is damaged.
func (d *disk) blame(err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if pebble.IsCorruptionError(err) {
		err = fmt.Errorf("%s is damaged: %w", d.reading, err)
	}
	return inOneLine(err)
}

func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, disk: d, name: name}, nil
}

func (d *disk) Link(from, to string) error {
	return d.do("link", to, 0, func() error { return d.FS.Link(from, to) })
}

func (d *disk) Rename(from, to string) error {
	return d.do("rename", to, 0, func() error { return d.FS.Rename(from, to) })
}

func (d *disk) Remove(name string) error {
	return d.do("remove", name, 0, func() error { return d.FS.Remove(name) })
}

func (d *disk) RemoveAll(name string) error {
	return d.do("remove", name, 0, func() error { return d.FS.RemoveAll(name) })
}

// MkdirAll changes nothing where the directory exists, so it may also be asked for on a
// disk that takes no writes.
func (d *disk) MkdirAll(name string, perm os.FileMode) error {
	if info, err := d.Stat(name); err == nil && info.IsDir() {
		return nil
	}
	return d.do("make", name, 0, func() error { return d.FS.MkdirAll(name, perm) })
}

// Lock does nothing: the store holds the lock of its directory, over all openings of the
// engine.
func (d *disk) Lock(string) (io.Closer, error) { return noLock{}, nil }

func (d *disk) Unwrap() vfs.FS { return d.FS }

type noLock struct{}

func (noLock) Close() error { return nil }

// diskFile is a file that the engine writes.
type diskFile struct {
	vfs.File
	disk     *disk
	name     string
	patience time.Duration
}

func (f *diskFile) Write(p []byte) (n int, err error) {
	err = f.disk.do("write", f.name, f.patience, func() error {
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	return n, err
}

func (f *diskFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.disk.do("write", f.name, f.patience, func() error {
		m, err := f.File.WriteAt(p[n:], at+int64(n))
		n += m
		return err
	})
	return n, err
}

// Preallocate reports no want of room, since the write that follows waits for it.
func (f *diskFile) Preallocate(offset, length int64) error {
	if err := f.disk.err(); err != nil && f.disk.owns(f.name) {
		return f.disk.refused(err)
	}
	if err := f.File.Preallocate(offset, length); !isNoRoom(err) {
		return err
	}
	return nil
}

func (f *diskFile) Sync() error { return f.sync(f.File.Sync) }

func (f *diskFile) SyncData() error { return f.sync(f.File.SyncData) }

func (f *diskFile) SyncTo(length int64) (full bool, err error) {
	err = f.sync(func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// sync never waits: a sync must not be tried again.
func (f *diskFile) sync(operation func() error) error {
	if !f.disk.owns(f.name) {
		return operation()
	}
	if err := f.disk.err(); err != nil {
		return f.disk.refused(err)
	}
	return f.disk.judge("sync", f.name, operation())
}
