package embedded

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// engineOn opens an engine on the disk, and the log that it writes.
func engineOn(t *testing.T, below vfs.FS) (*engine, *lines) {
	t.Helper()
	if err := below.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	e, err := openEngine("data", below, 1<<20, newHealth(slog.New(log)))
	if err != nil {
		t.Fatal(err)
	}
	return e, log
}

func TestTroubleThatIsOverCanComeAgain(t *testing.T) {
	h := newHealth(slog.New(slog.DiscardHandler))
	for range 2 {
		begun, _ := h.now()
		select {
		case <-begun:
			t.Fatal("there is trouble already")
		default:
		}
		h.begin(errDiskFull("no room"))
		ends(t, "trouble has not begun", begun)
		h.end()
	}
}

func TestWhatAnAppendWouldGetIsToldWithoutOne(t *testing.T) {
	disk := newBadDisk()
	disk.free(1 << 40)
	s, _ := openLogged(t, disk)
	defer s.close()
	if err := s.refusal(); err != nil {
		t.Errorf("a disk that takes appends: %v", err)
	}
	disk.free(1 << 20)
	if err := s.refusal(); !isRefusal(err, "disk-full") {
		t.Errorf("a disk without room: %v", err)
	}
	disk.free(1 << 40)
	disk.fails(always(syscall.EIO))
	_, _ = try(s, "a", noRevision, one())
	if err := s.refusal(); !isRefusal(err, "disk-failed") {
		t.Errorf("a disk that fails: %v", err)
	}
	disk.fails(nil)
	await(t, "it is refused although the disk works", func() bool { return s.refusal() == nil })
}

// What an engine takes is seen by its readers before it is on the disk.
func TestAnEngineWhoseDiskHasFailedTakesNoBatch(t *testing.T) {
	e, _ := engineOn(t, vfs.NewMem())
	e.disk.fail(syscall.EIO)
	batch := e.db.NewBatch()
	if err := batch.Set([]byte("k"), nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := e.commit(batch); !isRefusal(err, "disk-failed") {
		t.Errorf("a commit: %v", err)
	}
	time.Sleep(50 * time.Millisecond) // for a commit that should not be under way
	if _, _, err := e.db.Get([]byte("k")); !errors.Is(err, pebble.ErrNotFound) {
		t.Errorf("the batch was taken: %v", err)
	}
}

func TestAFatalErrorOfTheEngineEndsTheWritingAndIsToldOnce(t *testing.T) {
	e, log := engineOn(t, vfs.NewMem())
	logger := engineLogger{e.disk.health.log, e.disk}
	logger.Fatalf("it is at its end")
	logger.Errorf("what follows from that")
	if !isRefusal(e.disk.trouble(), "disk-failed") || !strings.Contains(e.writes().Error(), "it is at its end") {
		t.Errorf("the trouble is %v, writes are refused by %v", e.disk.trouble(), e.writes())
	}
	if told := log.all(); len(told) != 1 || !strings.Contains(told[0], takesNoAppends) {
		t.Errorf("the log says %q", told)
	}
	e, log = engineOn(t, vfs.NewMem())
	engineLogger{e.disk.health.log, e.disk}.Errorf("another error")
	if told := log.all(); len(told) != 1 || !strings.Contains(told[0], "another error") {
		t.Errorf("the log says %q", told)
	}
}

func TestAnEngineWhoseDiskHasFailedIsClosedWithoutAWord(t *testing.T) {
	e, log := engineOn(t, vfs.NewMem())
	e.disk.fail(syscall.EIO)
	e.release()
	if err := e.close(); err != nil {
		t.Error(err)
	}
	if told := log.all(); len(told) != 1 || !strings.Contains(told[0], takesNoAppends) {
		t.Errorf("the log says %q", told)
	}
}

func TestClosingAnEngineWaitsForNoRoom(t *testing.T) {
	disk := newBadDisk()
	e, log := engineOn(t, disk)
	if err := e.db.Set([]byte("k"), nil, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	disk.fails(always(syscall.ENOSPC))
	e.disk.beginsToWait(t)
	e.release()
	began := time.Now()
	if err := e.close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > engineClosePatience/2 {
		t.Errorf("it took %v: %q", took, log.all())
	}
}

// An append whose sync failed may be there when the engine is opened anew. Who waits for it is
// told, although no other append comes.
func TestWhoWaitsForEventsIsWokenWhenTheEngineIsOpenedAnew(t *testing.T) {
	disk := newBadDisk()
	s, _ := openLogged(t, disk)
	defer s.close()
	must(t, s, "a", noRevision, one())
	disk.fails(always(syscall.EIO))
	if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-failed") {
		t.Fatalf("an append: %v", err)
	}
	all, _ := s.waiters.waitAll()
	stream, leave := s.waiters.waitStream("a")
	defer leave()
	disk.fails(nil)
	ends(t, "who waits for any event is not woken", all)
	ends(t, "who waits for an event of the stream is not woken", stream)
}

func TestTheTroubleIsThatOfTheLastAttemptToOpenTheEngine(t *testing.T) {
	disk := newBadDisk()
	disk.free(1 << 40)
	s, _ := openLogged(t, disk)
	defer s.close()
	disk.fails(always(syscall.EIO))
	if _, err := try(s, "a", noRevision, one()); !isRefusal(err, "disk-failed") {
		t.Fatalf("an append: %v", err)
	}
	disk.free(1 << 20)
	disk.fails(nil)
	await(t, "the disk, which is full, is said to have failed", func() bool { return isRefusal(s.refusal(), "disk-full") })
	if _, err := try(s, "a", noRevision, one()); !isRefusal(err, "disk-full") {
		t.Errorf("an append: %v", err)
	}
}

// Somebody has made the files those of another version meanwhile. What was read is read as ever,
// and the engine that was abandoned is released once another one takes its place.
func TestAnEngineThatCannotBeUsedTakesNoOthersPlace(t *testing.T) {
	disk := newBadDisk()
	s, _ := openLogged(t, disk)
	defer s.close()
	must(t, s, "a", noRevision, one())
	abandoned := s.engine
	disk.fails(always(syscall.EIO))
	if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-failed") {
		t.Fatalf("an append: %v", err)
	}
	markFormat := func(format byte) { // the disk of an opening takes no lock
		t.Helper()
		db, err := pebble.Open("data", &pebble.Options{
			FS: newDisk(disk.mem, "data", s.health), FormatMajorVersion: pebble.FormatNewest,
		})
		if err == nil {
			err = errors.Join(db.Set([]byte{keyFormat}, []byte{format}, pebble.Sync), db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	markFormat(storeFormat + 1)
	disk.fails(nil)
	await(t, "the format of the files is not told", func() bool {
		err := s.refusal()
		return err != nil && strings.Contains(err.Error(), "format")
	})
	if n := len(idsOf(t, s, "a")); n != 1 {
		t.Errorf("the stream has %d events meanwhile", n)
	}
	disk.fails(always(syscall.EROFS)) // the next attempts find the files as they are
	time.Sleep(firstReopening)
	markFormat(storeFormat)
	disk.fails(nil)
	await(t, "the store does not go on", func() bool { return s.refusal() == nil })
	must(t, s, "b", noRevision, one())
	ends(t, "the abandoned engine is kept for ever", abandoned.unused)
}

func TestAnEngineThatIsOpenedWhileTheStoreClosesWaitsForNoRoom(t *testing.T) {
	s, _ := openLogged(t, newBadDisk())
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := s.replaceEngine(); err != nil {
		t.Fatal(err)
	}
	s.engine.disk.mu.Lock()
	closing := s.engine.disk.closing
	s.engine.disk.mu.Unlock()
	if !closing {
		t.Error("what it writes would wait for room, and keep the store from closing")
	}
	s.current.release()
	s.engine.release()
	if err := s.engine.close(); err != nil {
		t.Error(err)
	}
	s.replaced.Wait()
}

// lockedDisk counts how often the directory was locked.
type lockedDisk struct {
	*badDisk
	locks atomic.Int64
}

func (d *lockedDisk) Lock(name string) (io.Closer, error) {
	d.locks.Add(1)
	return d.badDisk.Lock(name)
}

// A lock that is given up and taken again lets another store in.
func TestTheDirectoryStaysLockedWhileTheEngineIsOpenedAnew(t *testing.T) {
	disk := &lockedDisk{badDisk: newBadDisk()}
	s, _ := openLogged(t, disk)
	defer s.close()
	disk.fails(always(syscall.EIO))
	if _, err := try(s, "a", noRevision, one()); !isRefusal(err, "disk-failed") {
		t.Fatalf("an append: %v", err)
	}
	disk.fails(nil)
	await(t, "the store does not go on", func() bool { return s.refusal() == nil })
	if n := disk.locks.Load(); n != 1 {
		t.Errorf("the directory was locked %d times", n)
	}
}

// The store tries again and again to lock the directory for writing. Between the attempts it keeps the lock of
// one that looks.
func TestAStoreOnAReadOnlyMountIsGuardedUntilItIsMountedForWriting(t *testing.T) {
	mount := t.TempDir()
	run := func(args ...string) error {
		out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
		if err != nil {
			err = errors.New(err.Error() + ": " + string(out))
		}
		return err
	}
	if err := run("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", mount); err != nil {
		if os.Geteuid() != 0 {
			t.Skipf("only root may mount the disk of this test: %v", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run("umount", mount); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(mount, "data")
	open := func() *store {
		t.Helper()
		s, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	must(t, s, "a", noRevision, one())
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if err := run("mount", "-o", "remount,ro", mount); err != nil {
		t.Fatal(err)
	}
	s = open()
	defer s.close()
	time.Sleep(4 * firstReopening) // some attempts
	if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-failed") {
		t.Errorf("an append: %v", err)
	}
	if n := len(idsOf(t, s, "a")); n != 1 {
		t.Errorf("the stream has %d events", n)
	}
	name, err := filepath.Abs(filepath.Join(dir, lockFile))
	if err != nil {
		t.Fatal(err)
	}
	lookers.Lock()
	guarded := lookers.open[name] != nil
	lookers.Unlock()
	if !guarded {
		t.Error("another store could write in the directory as soon as it is mounted for writing")
	}
	if err := run("mount", "-o", "remount,rw", mount); err != nil {
		t.Fatal(err)
	}
	await(t, "the store does not go on", func() bool { return s.refusal() == nil })
	must(t, s, "a", 0, one())
	if ids := idsOf(t, s, "a"); len(slices.Compact(ids)) != 2 {
		t.Errorf("the stream reads as %v", ids)
	}
}
