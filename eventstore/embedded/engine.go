package embedded

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// slowCommit is how long a commit may take before the log says that the disk is slow.
const slowCommit = 2 * time.Second

// engineClosePatience bounds the closing of the engine. Nothing is lost where it is given up: every
// answered append is synced.
const engineClosePatience = 5 * time.Second

// engine is one opening of the storage engine on the directory of a store. After a failure
// of the disk the store opens another one, and readers may still use this one.
type engine struct {
	db      *pebble.DB
	disk    *disk
	looking bool // it was opened for reading only

	refs   atomic.Int64  // its views, and the store while it is the current one
	unused chan struct{} // closed after the last of them

	mu       sync.Mutex // guards retired
	retired  []*pebble.Snapshot
	retiring chan struct{} // holds a token while retired is not empty
	released chan struct{} // closed when all snapshots are
}

func engineOptions(cacheSize int64, d *disk, log *sparseLog) *pebble.Options {
	o := &pebble.Options{
		FS:                 d,
		CacheSize:          cacheSize,
		FormatMajorVersion: pebble.FormatNewest,
		// 16 MiB bounds the write-ahead log that a start replays.
		MemTableSize: 16 << 20,
		Logger:       engineLogger{log, d},
		EventListener: &pebble.EventListener{
			// Damage is an error of the read that meets it. It does not end the process.
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				d.damages.note(info.Path, info.Details)
				log.say(slog.LevelError, "a file of the event store is damaged: stop the server and run "+
					"tizilim eventstore check", "file", info.Path, "details", firstLine(info.Details))
			},
		},
	}
	for i := range o.Levels {
		// An append looks up keys that do not exist, such as those of new ids.
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		// Four times the default, since reads of $all pay a system call and a
		// checksum for each block.
		o.Levels[i].BlockSize = 16 << 10
	}
	return o
}

// openEngine opens the engine on a directory whose lock the caller holds. It does not wait for
// room on the disk; the opened engine does.
func openEngine(dir string, below vfs.FS, cacheSize int64, h *health) (*engine, error) {
	d := newDisk(below, dir, h)
	if err := d.room(0); err != nil {
		return nil, err
	}
	if err := checkLog(dir, below); err != nil {
		return nil, fmt.Errorf("open the data directory %s: %w", dir, err)
	}
	db, err := openDB(dir, engineOptions(cacheSize, d, h.log))
	if err == nil {
		if err = d.serve(); err != nil { // of what the engine does in the background
			err = errors.Join(err, closeDB(db))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the data directory %s: %w", dir, d.blame(err))
	}
	return newEngine(db, d), nil
}

// openLooking opens the engine for reading only: nothing in the directory is changed.
func openLooking(dir string, below vfs.FS, cacheSize int64, h *health) (*engine, error) {
	d := newDisk(below, dir, h)
	d.fail(errors.New("opened for reading only"))
	options := engineOptions(cacheSize, d, h.log)
	options.ReadOnly, options.ErrorIfNotExists = true, true
	if err := checkLog(dir, below); err != nil {
		return nil, fmt.Errorf("open the data directory %s: %w", dir, err)
	}
	db, err := openDB(dir, options)
	if err != nil {
		return nil, fmt.Errorf("open the data directory %s: %w", dir, d.blame(err))
	}
	e := newEngine(db, d)
	e.looking = true
	return e, nil
}

func newEngine(db *pebble.DB, d *disk) *engine {
	e := &engine{
		db: db, disk: d, unused: make(chan struct{}), retiring: make(chan struct{}, 1), released: make(chan struct{}),
	}
	e.refs.Store(1)
	go e.releaseSnapshots()
	return e
}

// retire releases a snapshot in the background, since the engine may have to wait for the disk then.
// No reader may wait for it.
func (e *engine) retire(s *pebble.Snapshot) {
	e.mu.Lock()
	e.retired = append(e.retired, s)
	e.mu.Unlock()
	select {
	case e.retiring <- struct{}{}:
	default:
	}
}

func (e *engine) releaseSnapshots() {
	defer close(e.released)
	for used := true; used; {
		select {
		case <-e.retiring:
		case <-e.unused:
			used = false
		}
		e.mu.Lock()
		retired := e.retired
		e.retired = nil
		e.mu.Unlock()
		for _, s := range retired {
			_ = s.Close() // it fails only when called twice
		}
	}
}

// openDB opens the engine. Some of its failures are panics.
func openDB(dir string, options *pebble.Options) (db *pebble.DB, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the storage engine has failed: %v", p)
		}
	}()
	return pebble.Open(dir, options)
}

func closeDB(db *pebble.DB) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the storage engine has failed: %v", p)
		}
	}()
	return db.Close()
}

// writes returns why the engine takes no writes; nil where it takes them.
func (e *engine) writes() error {
	if e.looking {
		return errLooking()
	}
	if err := e.disk.err(); err != nil {
		return refusalOf(err)
	}
	return nil
}

// commit syncs a batch to the disk and closes it. Only the committer calls it. After an error it is
// unknown whether the batch is stored, and the engine takes no other. It does not wait for a disk
// that has failed: the batch then stays with the abandoned engine.
func (e *engine) commit(batch *pebble.Batch) error {
	if err := e.writes(); err != nil {
		return errors.Join(err, batch.Close())
	}
	slow := time.AfterFunc(slowCommit, func() {
		e.disk.health.log.say(slog.LevelWarn, "the disk of the event store is slow: appends wait for it", "for", slowCommit)
	})
	defer slow.Stop()
	done := make(chan error, 1)
	go func() { done <- batch.Commit(pebble.Sync) }()
	select {
	case err := <-done:
		if replaced := e.disk.inPlace(); replaced != nil {
			return errors.Join(replaced, batch.Close())
		}
		// A failure that the engine has told its logger only.
		return errors.Join(err, e.writes(), batch.Close())
	case <-e.disk.failed:
		return e.writes()
	}
}

// beginLog has the engine begin another write-ahead log. The first one of a new store has an old form,
// in which damage in its middle looks like its end.
func (e *engine) beginLog() error {
	done := make(chan error, 1)
	go func() { done <- e.db.Flush() }()
	select {
	case err := <-done:
		return err
	case <-e.disk.failed:
		return e.writes()
	}
}

// release ends one use of the engine.
func (e *engine) release() {
	if e.refs.Add(-1) == 0 {
		close(e.unused)
	}
}

// close closes the engine after its last use, or abandons it where its disk has failed. It waits no
// longer than engineClosePatience, for a disk that does not answer. Nothing that was acknowledged is
// lost, since it is synced.
func (e *engine) close() error {
	<-e.unused
	if e.looking {
		<-e.released
		return closeDB(e.db)
	}
	defer e.disk.fail(errClosing)
	if e.disk.err() != nil {
		return nil
	}
	e.disk.hurry()
	closed := make(chan error, 1)
	go func() {
		<-e.released
		closed <- closeDB(e.db)
	}()
	select {
	case err := <-closed:
		return err
	case <-e.disk.failed:
	case <-time.After(engineClosePatience):
	}
	e.disk.health.log.say(slog.LevelWarn, "the disk does not answer, so the event store was not closed cleanly; "+
		"nothing that was acknowledged is lost")
	return nil
}

// engineLogger passes the messages of the engine to the logger of the node.
type engineLogger struct {
	log  *sparseLog
	disk *disk
}

func (l engineLogger) Infof(format string, args ...any) {
	l.log.logger.Debug("storage engine", "message", fmt.Sprintf(format, args...))
}

// Errorf logs nothing where the disk has failed, since the node says so itself.
func (l engineLogger) Errorf(format string, args ...any) {
	if l.disk.err() == nil {
		l.log.say(slog.LevelError, "storage engine", "message", firstLine(fmt.Errorf(format, args...)))
	}
}

// Fatalf ends the writing and returns, unlike what the engine expects. That is safe: nothing that
// the engine does afterwards reaches the disk, and no commit succeeds.
func (l engineLogger) Fatalf(format string, args ...any) {
	l.disk.fail(fmt.Errorf("the storage engine has failed: %s", firstLine(fmt.Errorf(format, args...))))
}

// oneLine is an error whose text is its first line, see firstLine.
type oneLine struct{ error }

func (e oneLine) Error() string { return firstLine(e.error) }
func (e oneLine) Unwrap() error { return e.error }

// inOneLine leaves out of the text of an error what the engine writes below its first line.
func inOneLine(err error) error {
	if err == nil {
		return nil
	}
	return oneLine{err}
}

// firstLine returns the text of an error of the engine, which repeats itself from the second line on.
func firstLine(err error) string {
	if err == nil {
		return ""
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// lockFile is the file by whose lock the engine guards a directory.
const lockFile = "LOCK"

// writers are the lock files of the stores of this process that write.
var writers sync.Map // path of the file to struct{}

// writesHere reports whether a store of this process writes in the directory of the lock file.
func writesHere(name string) bool {
	_, writes := writers.Load(name)
	return writes
}

// writeLock is the lock of a store that writes.
type writeLock struct {
	io.Closer
	name string
}

func (l writeLock) Close() error {
	defer writers.Delete(l.name)
	return l.Closer.Close()
}

// lock locks the directory for a store that writes.
func lock(dir string, below vfs.FS) (io.Closer, error) {
	name := below.PathJoin(dir, lockFile)
	held, err := below.Lock(name)
	switch {
	case err != nil && (isNoRoom(err) || isReadOnly(err) || errors.Is(err, fs.ErrNotExist)):
		return nil, fmt.Errorf("lock the data directory %s: %w", dir, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %s (%v)", ErrInUse, dir, err)
	case below != vfs.Default:
		return held, nil
	}
	if name, err = filepath.Abs(name); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	writers.Store(name, struct{}{})
	return writeLock{held, name}, nil
}

// troubleOf returns the refusal of writes where a store could not be opened for want of room,
// because its disk takes no writes, or because its files were replaced; otherwise nil.
func troubleOf(err error) error {
	var full *refusal
	switch {
	case errors.As(err, &full) && (full.is("disk-full") || full.is("files-replaced")):
		return full
	case isNoRoom(err):
		return errDiskFull(rootCause(err).Error())
	case isReadOnly(err), errors.Is(err, syscall.EIO):
		return errDiskFailed(rootCause(err))
	}
	return nil
}
