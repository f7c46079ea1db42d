package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// servedDisk is a disk under an engine that is open.
func servedDisk(t *testing.T, below vfs.FS) *disk {
	t.Helper()
	if err := below.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	d := newDisk(below, "data", newHealth(slog.New(slog.DiscardHandler)))
	if err := d.serve(); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *disk) trouble() error { _, trouble := d.health.now(); return trouble }

// ends demands that the channel is closed soon.
func ends(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal(what)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestAFullDiskAndAFullQuotaAreWantOfRoomAndNothingElseIs(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.ENOSPC: true, syscall.EDQUOT: true, syscall.EIO: false, syscall.EROFS: false, fs.ErrNotExist: false,
	} {
		if got := isNoRoom(&os.PathError{Op: "write", Path: "x", Err: err}); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}

func TestWhatTheEngineMayAskForEndsNoWriting(t *testing.T) {
	d := servedDisk(t, vfs.NewMem())
	for _, err := range []error{fs.ErrNotExist, fs.ErrExist} {
		if got := d.do("remove", "data/x", 0, func() error { return err }); !errors.Is(got, err) || d.err() != nil {
			t.Errorf("%v: the engine is told %v, the disk is %v", err, got, d.err())
		}
	}
}

func TestACompactionGivesUpWithoutRoomAndTheWritingGoesOn(t *testing.T) {
	d := servedDisk(t, vfs.NewMem())
	err := d.do("write", "data/x", 10*time.Millisecond, func() error { return syscall.ENOSPC })
	if !isNoRoom(err) || d.err() != nil || d.trouble() != nil {
		t.Errorf("it is told %v, the disk is %v, %v", err, d.err(), d.trouble())
	}
	for category, want := range map[vfs.DiskWriteCategory]time.Duration{
		"pebble-compaction": compactionPatience, "pebble-wal": 0, "pebble-manifest": 0, "pebble-memtable-flush": 0,
	} {
		if got := patienceOf(category); got != want {
			t.Errorf("%s waits %v, want %v", category, got, want)
		}
	}
}

func TestBeforeAnythingIsServedNothingWaitsForRoom(t *testing.T) {
	d := newDisk(vfs.NewMem(), "data", newHealth(slog.New(slog.DiscardHandler)))
	if err := d.do("write", "data/x", 0, func() error { return syscall.ENOSPC }); !isNoRoom(err) {
		t.Errorf("the start is told %v", err)
	}
	if err := d.serve(); !isNoRoom(err) { // whatever the engine did with the error
		t.Errorf("it is served: %v", err)
	}
	if d.trouble() != nil {
		t.Errorf("a start is told as trouble of a store that serves: %v", d.trouble())
	}
}

// waiting begins an operation that finds no room, and returns when it waits.
func (d *disk) beginsToWait(t *testing.T) {
	t.Helper()
	go func() { _ = d.do("write", "data/x", 0, func() error { return syscall.ENOSPC }) }()
	eventually(t, "nothing waits", func() bool { return isRefusal(d.trouble(), "disk-full") })
}

func TestAFailureEndsTheWaitingForRoomAndIsToldInItsPlace(t *testing.T) {
	d := servedDisk(t, vfs.NewMem())
	waited := make(chan error, 1)
	go func() {
		waited <- d.waitForRoom(0, syscall.ENOSPC, func() error { return syscall.ENOSPC })
	}()
	eventually(t, "nothing waits", func() bool { return isRefusal(d.trouble(), "disk-full") })
	d.fail(syscall.EIO)
	select {
	case err := <-waited:
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("what waited is told %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits on")
	}
	if !isRefusal(d.trouble(), "disk-failed") {
		t.Errorf("the trouble is %v", d.trouble())
	}
}

func TestWhoeverClosesTheStoreWaitsForNoRoom(t *testing.T) {
	d := servedDisk(t, vfs.NewMem())
	d.beginsToWait(t)
	d.hurry()
	ends(t, "what waits keeps the store from closing", d.failed)

	d = servedDisk(t, vfs.NewMem())
	d.hurry()
	go func() { _ = d.do("write", "data/x", 0, func() error { return syscall.ENOSPC }) }()
	ends(t, "what comes later keeps the store from closing", d.failed)
	if d.trouble() != nil {
		t.Errorf("closing is told as trouble: %v", d.trouble())
	}
}

func TestNoOperationReachesADiskThatHasFailed(t *testing.T) {
	d := servedDisk(t, vfs.NewMem())
	d.fail(syscall.EIO)
	reached := make(chan struct{})
	go func() { _ = d.do("write", "data/x", 0, func() error { close(reached); return nil }) }()
	outside := false
	if err := d.do("write", "backup/x", 0, func() error { outside = true; return nil }); err != nil || !outside {
		t.Errorf("a file outside of the store is refused: %v", err)
	}
	select {
	case <-reached:
		t.Error("it is reached")
	case <-time.After(50 * time.Millisecond):
	}
}

// scarce is a file that takes a few bytes at each call.
type scarce struct {
	vfs.File
	took []byte
	full bool // for the next call
}

func (f *scarce) Write(p []byte) (int, error) {
	if f.full = !f.full; f.full {
		f.took = append(f.took, p[:1]...)
		return 1, syscall.ENOSPC
	}
	f.took = append(f.took, p...)
	return len(p), nil
}

func (f *scarce) WriteAt(p []byte, at int64) (int, error) {
	if at != int64(len(f.took)) {
		return 0, fmt.Errorf("written at %d, and has %d bytes", at, len(f.took))
	}
	return f.Write(p)
}
func (f *scarce) Preallocate(int64, int64) error { return syscall.ENOSPC }

func TestAWriteThatWasCutOffGoesOnWhereItWasCut(t *testing.T) {
	for name, write := range map[string]func(vfs.File, []byte) (int, error){
		"write":      func(f vfs.File, p []byte) (int, error) { return f.Write(p) },
		"write at 0": func(f vfs.File, p []byte) (int, error) { return f.WriteAt(p, 0) },
	} {
		below := &scarce{}
		f := &diskFile{File: below, disk: servedDisk(t, vfs.NewMem()), name: "data/x"}
		n, err := write(f, []byte("whole"))
		if n != 5 || err != nil || string(below.took) != "whole" {
			t.Errorf("%s: %d bytes, %v, the file has %q", name, n, err, below.took)
		}
		if err := f.Preallocate(0, 100); err != nil {
			t.Errorf("%s: room that is asked for ahead: %v", name, err)
		}
	}
}

// noReuse is a file system that finds no room when a file is reused.
type noReuse struct{ vfs.FS }

func (noReuse) ReuseForWrite(string, string, vfs.DiskWriteCategory) (vfs.File, error) {
	return nil, syscall.ENOSPC
}

// readOnly is a file system that makes no directories.
type readOnly struct{ vfs.FS }

func (readOnly) MkdirAll(string, os.FileMode) error { return syscall.EROFS }

func TestWhatIsNotNeededIsNotDemandedOfADiskWithoutRoom(t *testing.T) {
	f, err := servedDisk(t, noReuse{vfs.NewMem()}).ReuseForWrite("data/a", "data/b", "pebble-wal")
	if err != nil {
		t.Fatalf("a log file that cannot be reused: %v", err)
	}
	_ = f.Close()
	below := vfs.NewMem()
	if err := below.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	d := newDisk(readOnly{below}, "data", newHealth(slog.New(slog.DiscardHandler)))
	if err := d.MkdirAll("data", 0o700); err != nil || d.err() != nil {
		t.Errorf("a directory that is there: %v, %v", err, d.err())
	}
}

func TestTheTroubleOfAStartIsToldByItsCause(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: "disk-full", errDiskFull("1 MiB"): "disk-full",
		syscall.EROFS: "disk-failed", syscall.EIO: "disk-failed", pebble.ErrCorruption: "", fs.ErrPermission: "",
	} {
		got := troubleOf(fmt.Errorf("open: %w", err))
		if (got == nil) != (want == "") || want != "" && !isRefusal(got, want) {
			t.Errorf("%v: %v, want %q", err, got, want)
		}
	}
}

func TestTheSizeOfAnAppendIsAPartOfTheRoomThatItNeeds(t *testing.T) {
	mem := vfs.NewMem()
	d := newDisk(mem, "", newHealth(slog.New(slog.DiscardHandler)))
	mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: roomNeeded + 2<<20, TotalBytes: 1 << 40})
	if err := d.room(1 << 20); err != nil {
		t.Errorf("an append of 1 MiB: %v", err)
	}
	if err := d.room(1<<20 + 1); !isRefusal(err, "disk-full") {
		t.Errorf("a larger one: %v", err)
	}
}

func TestTheEngineIsOpenedAnewSoonAndThenSeldom(t *testing.T) {
	r := &reopening{last: time.Now().Add(-time.Hour)}
	for _, c := range []struct {
		err  error
		want time.Duration
	}{
		{nil, firstReopening},
		{syscall.EIO, 2 * firstReopening},
		{syscall.EIO, 4 * firstReopening},
		{errDiskFull("1 MiB"), roomReopening},
		{errFilesReplaced(), roomReopening},
		{syscall.EIO, 2 * roomReopening},
	} {
		if r.plan(c.err); r.pause != c.want || r.due == nil {
			t.Errorf("after %v it waits %v, want %v", c.err, r.pause, c.want)
		}
	}
	for range 10 {
		r.plan(syscall.EIO)
	}
	if r.pause != longestReopening {
		t.Errorf("it waits %v in the end", r.pause)
	}
	r.done()
	if r.plan(nil); r.pause != longestReopening { // it failed at once again
		t.Errorf("after an engine that failed at once it waits %v", r.pause)
	}
}

// unsynced is a file whose syncs find no room.
type unsynced struct {
	vfs.File
	syncs atomic.Int64
}

func (f *unsynced) Sync() error { f.syncs.Add(1); return syscall.ENOSPC }

func TestASyncThatFindsNoRoomEndsTheWritingAtOnce(t *testing.T) {
	below := &unsynced{}
	f := &diskFile{File: below, disk: servedDisk(t, vfs.NewMem()), name: "data/x"}
	go func() { _ = f.Sync() }()
	ends(t, "the writing goes on", f.disk.failed)
	if n := below.syncs.Load(); n != 1 {
		t.Errorf("it was tried %d times", n)
	}
}
