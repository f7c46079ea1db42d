package embedded

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Pauses before the engine is opened anew. They double from the first to the longest, for a disk
// that fails again and again. Whether a full disk has room is cheap to see.
const (
	firstReopening   = 500 * time.Millisecond
	longestReopening = 30 * time.Second
	roomReopening    = time.Second // also whether the files are back
)

// reopening plans when the engine is opened anew.
type reopening struct {
	due   <-chan time.Time // nil while the engine takes writes
	pause time.Duration
	last  time.Time // when an engine was opened
}

// plan plans the next attempt, after the error of the last one or a failure of the disk (nil).
func (r *reopening) plan(err error) {
	var full *refusal
	switch {
	case errors.As(err, &full) && (full.is("disk-full") || full.is("files-replaced")):
		r.pause = roomReopening
	case err == nil && time.Since(r.last) > longestReopening:
		r.pause = firstReopening
	default:
		r.pause = min(2*cmp.Or(r.pause, firstReopening), longestReopening)
	}
	r.due = time.After(r.pause)
}

// done notes that an engine was opened. It may fail at once again, so the pause stays.
func (r *reopening) done() { r.due, r.last = nil, time.Now() }

// reopen opens the engine anew for writing. Until it succeeds, readers use the old one. What was not
// acknowledged is there afterwards or not, as after a crash. Files that were replaced are not opened:
// they may be those of another log, whose readers must know that it is another one.
func (s *store) reopen() error {
	err := s.engine.disk.inPlace()
	if err == nil {
		err = s.lockToWrite()
	}
	if err == nil {
		err = s.replaceEngine()
	}
	if err != nil {
		trouble := cmp.Or(troubleOf(err), errDiskFailed(errors.New(firstLine(err))))
		s.health.begin(trouble)
		return trouble
	}
	s.health.end()
	s.waiters.wakeAll()
	return nil
}

func (s *store) replaceEngine() error {
	opened, err := openEngine(s.dir, s.fs, s.cacheSize, s.health)
	if err != nil {
		return err
	}
	old := s.engine
	s.engine = opened
	if err := s.recover(); err != nil {
		s.engine = old
		opened.release()
		return errors.Join(fmt.Errorf("data directory %s: %w", s.dir, err), opened.close())
	}
	old.release()
	s.replaced.Go(func() { _ = old.close() }) // a failed one; its errors are known
	select {
	case <-s.queue.closing: // close did not see this engine
		opened.disk.hurry()
	default:
	}
	return nil
}

// lockToWrite has the store hold the lock of a store that writes.
func (s *store) lockToWrite() error {
	if s.locked {
		return nil
	}
	// A process that closes a file loses its locks of it, so the old lock goes first.
	if err := s.unlock(); err != nil {
		return err
	}
	held, err := lock(s.dir, s.fs)
	if err != nil {
		s.lock, _ = lockToLook(s.dir, s.fs)
		return err
	}
	s.lock, s.locked = held, true
	return nil
}
