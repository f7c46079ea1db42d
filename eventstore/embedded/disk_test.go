package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
)

// badDisk is a disk in memory whose writes can be made to fail.
type badDisk struct {
	vfs.FS
	mem    *vfs.MemFS
	writes atomic.Int64                      // operations that change the disk
	fault  atomic.Pointer[func(int64) error] // asked with the number of each of them
}

func newBadDisk() *badDisk {
	d := &badDisk{mem: vfs.NewCrashableMem()}
	d.FS = errorfs.Wrap(d.mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpLock || op.Kind == errorfs.OpFileClose {
			return nil
		}
		n := d.writes.Add(1)
		if f := d.fault.Load(); f != nil {
			return (*f)(n)
		}
		return nil
	}))
	return d
}

// fails has the operations fail by the function; nil: none.
func (d *badDisk) fails(f func(int64) error) {
	if f == nil {
		d.fault.Store(nil)
		return
	}
	d.fault.Store(&f)
}

func always(err error) func(int64) error { return func(int64) error { return err } }

// free sets how much of the disk is free, in bytes.
func (d *badDisk) free(bytes uint64) {
	d.mem.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: bytes, TotalBytes: 1 << 40})
}

// lines counts the lines of a log by their text.
type lines struct {
	mu    sync.Mutex
	count map[string]int
	texts []string
}

func (l *lines) Enabled(context.Context, slog.Level) bool { return true }
func (l *lines) Handle(_ context.Context, r slog.Record) error {
	if r.Level < slog.LevelInfo {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == nil {
		l.count = map[string]int{}
	}
	l.count[r.Message]++
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	l.texts = append(l.texts, text)
	return nil
}
func (l *lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *lines) WithGroup(string) slog.Handler      { return l }

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.texts...)
}

func openLogged(t testing.TB, disk vfs.FS) (*store, *lines) {
	t.Helper()
	log := &lines{}
	s, err := openStore("data", disk, 1<<20, time.Now, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	return s, log
}

// one is an event to append.
func one() []proposed { return []proposed{{id: uuid.New(), kind: "k", data: make([]byte, 500)}} }

// try appends the events at the revision, with the patience of a client.
func try(s *store, stream string, expected int64, events []proposed) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	a, err := s.write(ctx, &write{stream: stream, expected: expected, events: events})
	if err == nil && a.verdict == failed {
		err = a.err
	}
	return a, err
}

// must appends and demands that it is accepted.
func must(t *testing.T, s *store, stream string, expected int64, events []proposed) answer {
	t.Helper()
	a, err := try(s, stream, expected, events)
	if err != nil || a.verdict != accepted {
		t.Fatalf("an append got %+v, %v", a, err)
	}
	return a
}

// isRefusal reports whether the error is the refusal with the name.
func isRefusal(err error, name string) bool {
	var r *refusal
	return errors.As(err, &r) && r.is(name)
}

// idsOf reads the ids of the events of a stream.
func idsOf(t testing.TB, s *store, stream string) (ids []uuid.UUID) {
	t.Helper()
	v := s.view()
	defer v.release()
	h, err := loadHead(v.snapshot, stream)
	if err == nil {
		err = v.scanIndex(h.id, 0, h.last, false, func(log *pebble.Iterator, _ int64, at entry) (bool, error) {
			ids = append(ids, at.id)
			if !seekTo(log, at.position, false) {
				return false, errNoEventAt(at.position)
			}
			return true, nil
		})
	}
	if err != nil {
		t.Fatalf("read %s: %v", stream, err)
	}
	return ids
}

func TestWithoutRoomAppendsAreRefusedAndReadsGoOn(t *testing.T) {
	disk := newBadDisk()
	disk.free(1 << 40)
	s, log := openLogged(t, disk)
	defer s.close()
	first := one()
	was := must(t, s, "a", noRevision, first)

	disk.free(roomNeeded - 1)
	for range 50 {
		if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-full") {
			t.Fatalf("%v, want the append refused: the disk is full", err)
		}
	}
	if _, err := try(s, "a", expectAny, nil); !isRefusal(err, "disk-full") {
		t.Errorf("%v, want an append without events refused too: clients ask by it", err)
	}
	if ids := idsOf(t, s, "a"); len(ids) != 1 || ids[0] != first[0].id {
		t.Errorf("the stream reads as %v", ids)
	}
	if again, err := try(s, "a", noRevision, first); err != nil || again.position != was.position {
		t.Errorf("the repetition of an acknowledged append got %+v, %v", again, err)
	}
	if a, err := try(s, "a", 7, one()); err != nil || a.verdict != wrongRevision {
		t.Errorf("an append at a wrong revision got %+v, %v, want it refused for that", a, err)
	}
	if n := log.count[takesNoAppends]; n != 1 {
		t.Errorf("%d lines about the full disk, want 1: %q", n, log.all())
	}

	disk.free(1 << 40)
	must(t, s, "a", 0, one())
}

func TestAWriteThatFindsNoRoomIsFinishedWhenThereIsRoom(t *testing.T) {
	disk := newBadDisk()
	s, log := openLogged(t, disk)
	defer s.close()
	must(t, s, "a", noRevision, one())

	disk.fails(always(syscall.ENOSPC))
	second := one()
	if _, err := try(s, "a", 0, second); !isRefusal(err, "disk-full") {
		t.Fatalf("%v, want the append refused: the disk is full", err)
	}
	begun := time.Now()
	for range 20 {
		if _, err := try(s, "b", noRevision, one()); !isRefusal(err, "disk-full") {
			t.Fatalf("%v, want the append refused: the disk is full", err)
		}
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("20 refusals took %v", took)
	}
	if ids := idsOf(t, s, "a"); len(ids) != 1 {
		t.Errorf("the stream has %d events while the disk is full, want the one that is synced", len(ids))
	}
	if n := len(log.all()); n != 1 {
		t.Errorf("%d lines, want 1: %q", n, log.all())
	}

	disk.fails(nil)
	await(t, "the store does not go on", func() bool { _, trouble := s.health.now(); return trouble == nil })
	must(t, s, "a", 0, second)
	if ids := idsOf(t, s, "a"); len(ids) != 2 || ids[1] != second[0].id {
		t.Errorf("the stream reads as %v, want the second event once", ids)
	}
}

func TestAStoreClosesOnAFullDisk(t *testing.T) {
	disk := newBadDisk()
	s, _ := openLogged(t, disk)
	kept := one()
	must(t, s, "a", noRevision, kept)
	disk.fails(always(syscall.ENOSPC))
	if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-full") {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := s.close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(begun); took > engineClosePatience {
		t.Errorf("closing took %v", took)
	}
	disk.fails(nil)
	s, _ = openLogged(t, disk)
	defer s.close()
	if ids := idsOf(t, s, "a"); len(ids) == 0 || ids[0] != kept[0].id {
		t.Errorf("what was acknowledged is lost: %v", ids)
	}
}

func TestAStartOnAFullDiskServesReadsUntilThereIsRoom(t *testing.T) {
	for name, full := range map[string]func(*badDisk){
		"little room":     func(d *badDisk) { d.free(1 << 20) },
		"no room":         func(d *badDisk) { d.fails(always(syscall.ENOSPC)) },
		"read-only mount": func(d *badDisk) { d.fails(always(syscall.EROFS)) },
	} {
		t.Run(name, func(t *testing.T) {
			disk := newBadDisk()
			disk.free(1 << 40)
			s, _ := openLogged(t, disk)
			kept := one()
			must(t, s, "a", noRevision, kept)
			if err := s.close(); err != nil {
				t.Fatal(err)
			}
			full(disk)
			s, log := openLogged(t, disk)
			defer s.close()
			if ids := idsOf(t, s, "a"); len(ids) != 1 || ids[0] != kept[0].id {
				t.Errorf("the stream reads as %v", ids)
			}
			if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-full") && !isRefusal(err, "disk-failed") {
				t.Errorf("%v, want the append refused", err)
			}
			if n := len(log.all()); n != 1 {
				t.Errorf("%d lines, want 1: %q", n, log.all())
			}
			disk.free(1 << 40)
			disk.fails(nil)
			await(t, "the store does not go on", func() bool {
				a, err := try(s, "a", 0, one())
				return err == nil && a.verdict == accepted
			})
		})
	}
}

func TestANewStoreOnAFullDiskIsRefusedInASentence(t *testing.T) {
	disk := newBadDisk()
	disk.free(1 << 20)
	_, err := openStore("data", disk, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "1 MiB are free, 64 MiB are needed") ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("%v, want a sentence that says how much room is missing", err)
	}
}

// TestNothingAcknowledgedIsLostWhereverTheDiskFails has each write of a workload fail in turn: once,
// for a while, and for want of room. The client repeats what was not acknowledged.
func TestNothingAcknowledgedIsLostWhereverTheDiskFails(t *testing.T) {
	sound := newBadDisk()
	work(t, sound, 0, nil)
	writes := sound.writes.Load()
	if writes < 60 {
		t.Fatalf("the workload has %d writes only", writes)
	}
	faults := map[string]func(n, at int64, since time.Time) error{
		"once": func(n, at int64, _ time.Time) error {
			if n == at {
				return syscall.EIO
			}
			return nil
		},
		"for a while": func(n, at int64, since time.Time) error {
			if n >= at && time.Since(since) < 100*time.Millisecond {
				return syscall.EIO
			}
			return nil
		},
		"no room": func(n, at int64, since time.Time) error {
			if n >= at && time.Since(since) < 100*time.Millisecond {
				return syscall.ENOSPC
			}
			return nil
		},
	}
	slots := make(chan struct{}, 48)
	var all sync.WaitGroup
	for name, fault := range faults {
		step := int64(1)
		if name != "once" { // it fails the writes that follow too
			step = 3
		}
		for at := int64(1); at <= writes; at += step {
			slots <- struct{}{}
			all.Go(func() {
				defer func() { <-slots }()
				defer func() {
					if t.Failed() {
						t.Logf("write %d fails: %s", at, name)
					}
				}()
				work(t, newBadDisk(), at, fault)
			})
		}
	}
	all.Wait()
}

// work appends events to a store, one after another, repeats each until it is acknowledged, and
// compares what is stored then. From the write at on, the fault decides. At its first failure the
// machine also loses its power: what was acknowledged by then must be on a copy of the disk.
func work(t *testing.T, disk *badDisk, at int64, fault func(n, at int64, since time.Time) error) {
	const appends, streams = 24, 3
	var mu sync.Mutex
	var since time.Time
	acknowledged, atFailure := 0, -1
	var dead *vfs.MemFS
	if fault != nil {
		disk.fails(func(n int64) error {
			mu.Lock()
			defer mu.Unlock()
			if n >= at && since.IsZero() {
				since, atFailure = time.Now(), acknowledged
				dead = disk.mem.CrashClone(vfs.CrashCloneCfg{})
			}
			return fault(n, at, since)
		})
	}
	quiet := slog.New(slog.DiscardHandler)
	var s *store
	var err error
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if s, err = openStore("data", disk, 1<<20, time.Now, quiet); err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err != nil {
		t.Errorf("open: %v", err)
		return
	}
	sent := make(map[string][]uuid.UUID)
	for i := range appends {
		if i%8 == 7 {
			v := s.view()
			if v.engine.writes() == nil {
				flush(v.engine)
			}
			v.release()
		}
		stream, events := fmt.Sprint("s", i%streams), one()
		expected := int64(len(sent[stream])) - 1
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			a, err := try(s, stream, expected, events)
			if err == nil && a.verdict == accepted {
				break
			}
			if err == nil || time.Now().After(deadline) {
				t.Errorf("append %d: %+v, %v", i, a, err)
				return
			}
		}
		mu.Lock()
		acknowledged++
		mu.Unlock()
		sent[stream] = append(sent[stream], events[0].id)
	}
	compare(t, s, sent)
	if err := s.close(); err != nil {
		t.Errorf("close: %v", err)
	}
	disk.fails(nil)
	if s, err = openStore("data", disk, 1<<20, time.Now, quiet); err != nil {
		t.Errorf("open again: %v", err)
		return
	}
	compare(t, s, sent)
	_ = s.close()
	if dead == nil {
		return
	}
	if s, err = openStore("data", dead, 1<<20, time.Now, quiet); err != nil {
		t.Errorf("open after the power failure: %v", err)
		return
	}
	defer s.close()
	stored := 0
	for i := range streams {
		stored += len(idsOf(t, s, fmt.Sprint("s", i)))
	}
	if stored < atFailure {
		t.Errorf("%d events are stored after the power failure, %d were acknowledged", stored, atFailure)
	}
}

// flush has the engine begin another log and write a table. It does not wait for a disk that has failed.
func flush(e *engine) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = e.db.AsyncFlush()
	}()
	select {
	case <-done:
	case <-e.disk.failed:
	}
}

// compare demands that the streams hold exactly what was sent, and that the store is sound.
func compare(t *testing.T, s *store, sent map[string][]uuid.UUID) {
	t.Helper()
	for stream, want := range sent {
		got := idsOf(t, s, stream)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s holds %v, sent were %v", stream, got, want)
		}
	}
	v := s.view()
	defer v.release()
	if report, err := v.check(context.Background()); err != nil || !report.Sound() {
		t.Errorf("the store is damaged: %v %v", report.Problems, err)
	}
}

func TestAFailedDiskIsToldOnceAMinute(t *testing.T) {
	disk := newBadDisk()
	s, log := openLogged(t, disk)
	must(t, s, "a", noRevision, one())
	disk.fails(always(syscall.EIO))
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := try(s, "a", 0, one()); !isRefusal(err, "disk-failed") {
			t.Fatalf("%v, want the append refused: the disk has failed", err)
		}
		if ids := idsOf(t, s, "a"); len(ids) != 1 {
			t.Fatalf("the stream has %d events, want reads to go on", len(ids))
		}
	}
	if all := log.all(); len(all) != 1 || !strings.Contains(all[0], "input/output error") {
		t.Errorf("the log says %q, want one line with the cause", all)
	}
	begun := time.Now()
	if err := s.close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(begun); took > engineClosePatience+time.Second {
		t.Errorf("closing took %v", took)
	}
}

// TestAFailedSyncIsNotTriedAgain: after a failed fsync the operating system may report success while
// the data are lost. So the same file must not be synced again.
func TestAFailedSyncIsNotTriedAgain(t *testing.T) {
	disk := newBadDisk()
	h := newHealth(slog.New(slog.DiscardHandler))
	d := newDisk(disk, "data", h)
	if err := disk.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := d.Create("data/f", "")
	if err != nil {
		t.Fatal(err)
	}
	disk.fails(always(syscall.ENOSPC))
	if err := f.Sync(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v, want the sync failed at once", err)
	}
	disk.fails(nil)
	before := disk.writes.Load()
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("a write was taken after the failed sync")
	}
	if err := f.Sync(); err == nil {
		t.Error("a sync was taken after the failed one")
	}
	if n := disk.writes.Load() - before; n != 0 {
		t.Errorf("%d operations reached the disk after the failed sync", n)
	}
}

// withoutManifest returns a store of one event whose engine tries to write its manifest, which fails with the
// cause until it is mended.
func withoutManifest(t *testing.T, cause error) (s *store, mended func()) {
	t.Helper()
	var bad atomic.Bool
	reached := make(chan struct{}, 1)
	disk := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !bad.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite || !strings.Contains(op.Path, "MANIFEST") {
			return nil
		}
		select {
		case reached <- struct{}{}:
		default:
		}
		return cause
	}))
	s, _ = openLogged(t, disk)
	must(t, s, "a", noRevision, one())
	bad.Store(true)
	v := s.view()
	flush(v.engine)
	v.release()
	<-reached
	return s, func() { bad.Store(false) }
}

// The engine holds a lock of its own while it writes the manifest. On a bad disk that takes for ever.
func TestTheStatisticsAreToldWhileTheManifestCannotBeWritten(t *testing.T) {
	for name, cause := range map[string]error{"no room": syscall.ENOSPC, "a failed disk": syscall.EIO} {
		t.Run(name, func(t *testing.T) {
			s, mended := withoutManifest(t, cause)
			defer s.close()
			v := s.view()
			told := make(chan Stats, 1)
			go func() {
				defer v.release()
				stats, err := v.stats()
				if err != nil {
					t.Error(err)
				}
				told <- stats
			}()
			select {
			case stats := <-told:
				if stats.Events != 1 || stats.DiskBytes == 0 {
					t.Errorf("they are %+v", stats)
				}
			case <-time.After(10 * time.Second):
				t.Error("they are not told")
			}
			mended()
		})
	}
}

// A scavenge asks the engine for its size, which a bad disk keeps from answering. It ends with the reason, and
// the store goes on, and closes.
func TestAScavengeEndsWhereTheManifestCannotBeWritten(t *testing.T) {
	for name, cause := range map[string]error{"no room": syscall.ENOSPC, "a failed disk": syscall.EIO} {
		t.Run(name, func(t *testing.T) {
			s, mended := withoutManifest(t, cause)
			defer s.close()
			v := s.view()
			v.release()
			ended := make(chan error, 1)
			go func() {
				_, err := s.scavenge(t.Context(), nil)
				ended <- err
			}()
			select {
			case err := <-ended:
				if !isRefusal(err, "disk-full") && !isRefusal(err, "disk-failed") {
					t.Errorf("it says %v", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("it does not end")
			}
			mended()
		})
	}
}

func TestASlowDiskHoldsAppendsAndNotReads(t *testing.T) {
	s, disk, first := stalled(t)
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := s.write(ctx, &write{stream: "b", expected: noRevision, events: one()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline of the client kept", err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("a deadline of 300 ms took %v", took)
	}
	if ids := idsOf(t, s, "first"); len(ids) != 0 {
		t.Errorf("%d events are shown that are not synced", len(ids))
	}
	disk.gate.Unlock()
	if a := <-first; a.verdict != accepted {
		t.Errorf("%+v, want the append accepted after the sync", a)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}
