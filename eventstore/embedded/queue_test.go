package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// slowDisk is a disk whose syncs of the log wait while gate is locked. It counts them.
type slowDisk struct {
	vfs.FS
	gate  sync.Mutex
	syncs atomic.Int64 // begun
}

func (d *slowDisk) wrap(name string, f vfs.File, err error) (vfs.File, error) {
	if err != nil || !strings.HasSuffix(name, ".log") {
		return f, err
	}
	return &slowLog{f, d}, nil
}

func (d *slowDisk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, category)
	return d.wrap(name, f, err)
}

func (d *slowDisk) ReuseForWrite(from, to string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(from, to, category)
	return d.wrap(to, f, err)
}

func (d *slowDisk) wait() {
	d.syncs.Add(1)
	d.gate.Lock()
	defer d.gate.Unlock()
}

type slowLog struct {
	vfs.File
	disk *slowDisk
}

func (f *slowLog) Sync() error     { f.disk.wait(); return f.File.Sync() }
func (f *slowLog) SyncData() error { f.disk.wait(); return f.File.SyncData() }
func (f *slowLog) SyncTo(length int64) (bool, error) {
	f.disk.wait()
	return f.File.SyncTo(length)
}

func openOn(t testing.TB, disk vfs.FS) *store {
	t.Helper()
	s, err := openStore("data", disk, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// appendOf returns a write of one event of the size, and the channel of its answer.
func appendOf(stream string, bytes int) (*write, <-chan answer) {
	answers := make(chan answer, 1)
	return &write{
		ctx: context.Background(), stream: stream, expected: expectAny, answer: answers,
		events: []proposed{{id: uuid.New(), kind: "k", data: make([]byte, bytes)}},
	}, answers
}

// stalled returns a store on a disk that waits in a sync, with its gate locked, and the channel of the answer to
// the write in that sync.
func stalled(t *testing.T) (*store, *slowDisk, <-chan answer) {
	t.Helper()
	disk := &slowDisk{FS: vfs.NewMem()}
	s := openOn(t, disk)
	disk.gate.Lock()
	before := disk.syncs.Load()
	w, answers := appendOf("first", 1)
	if err := s.queue.put(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	await(t, "the sync has not begun", func() bool { return disk.syncs.Load() > before })
	return s, disk, answers
}

func await(t *testing.T, otherwise string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise)
		}
	}
}

// TestTheWritesOfOneCallShareTheirSyncs has one sender, like a BatchAppend call. It must not wait for a sync after
// each write.
func TestTheWritesOfOneCallShareTheirSyncs(t *testing.T) {
	s, disk, first := stalled(t)
	const writes = 300
	var answers []<-chan answer
	for i := range writes {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		w, a := appendOf(fmt.Sprint("s", i%7), 100)
		if err := s.queue.put(ctx, w); err != nil {
			t.Fatalf("write %d waits for the disk: %v", i, err)
		}
		cancel()
		answers = append(answers, a)
	}
	before := disk.syncs.Load()
	disk.gate.Unlock()
	for _, a := range append(answers, first) {
		if got := <-a; got.verdict != accepted {
			t.Fatalf("%+v", got)
		}
	}
	// The engine may split one of our batches.
	if syncs := disk.syncs.Load() - before; syncs > 3 {
		t.Errorf("%d writes that waited together took %d syncs", writes, syncs)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestTheBytesThatWaitForTheDiskAreBounded(t *testing.T) {
	s, disk, _ := stalled(t)
	const megabyte = 1 << 20
	for i := range maxQueuedBytes / megabyte {
		w, _ := appendOf("s", megabyte)
		if err := s.queue.put(context.Background(), w); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	impatient, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	w, _ := appendOf("s", 1)
	if err := s.queue.put(impatient, w); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want a write over the bound to wait", err)
	}
	disk.gate.Unlock()
	if a, err := s.write(context.Background(), w); err != nil || a.verdict != accepted {
		t.Errorf("%+v, %v, want it taken once there is room", a, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestAWriteLargerThanTheQueueIsAccepted(t *testing.T) {
	s := openOn(t, vfs.NewMem())
	w, _ := appendOf("s", maxQueuedBytes+1)
	if a, err := s.write(context.Background(), w); err != nil || a.verdict != accepted {
		t.Errorf("%+v, %v", a, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsQueuedIsCommittedBeforeTheStoreCloses(t *testing.T) {
	s, disk, first := stalled(t)
	answers := []<-chan answer{first}
	for i := range maxGroupWrites {
		w, a := appendOf(fmt.Sprint("s", i), 100)
		if err := s.queue.put(context.Background(), w); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, a)
	}
	// The queue is full, so this write waits for room, and is refused.
	refused := make(chan error, 1)
	late, unanswered := appendOf("late", 1)
	go func() { refused <- s.queue.put(context.Background(), late) }()
	await(t, "the last write does not come to the queue", func() bool {
		const free = maxQueuedBytes - maxGroupWrites*100
		if s.queue.room.TryAcquire(free) {
			s.queue.room.Release(free)
			return false
		}
		return true
	})

	closed := make(chan error, 1)
	go func() { closed <- s.close() }()
	if err := <-refused; !errors.Is(err, errClosing) {
		t.Errorf("%v, want the write without room refused", err)
	}
	disk.gate.Unlock()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		select {
		case got := <-a:
			if got.verdict != accepted {
				t.Fatalf("write %d: %+v", i, got)
			}
		default:
			t.Fatalf("write %d has no answer after the store closed", i)
		}
	}
	if len(unanswered) != 0 {
		t.Error("a refused write was answered")
	}
	if !s.queue.room.TryAcquire(maxQueuedBytes) {
		t.Error("the queue is empty, and still some of its room is taken")
	}
	w, _ := appendOf("late", 1)
	if _, err := s.write(context.Background(), w); !errors.Is(err, errClosing) {
		t.Errorf("%v, want writes after the end refused", err)
	}

	s = openOn(t, disk)
	for i := range maxGroupWrites {
		if h, err := loadHead(s.engine.db, fmt.Sprint("s", i)); err != nil || h.last != 0 {
			t.Fatalf("s%d: %+v, %v, want the event that was acknowledged", i, h, err)
		}
	}
	if h, err := loadHead(s.engine.db, "late"); err != nil || h.exists() {
		t.Errorf("%+v, %v, want no trace of what was refused", h, err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

// TestCloseRacesWithWrites closes the store at any moment under many writers. The synced content of the disk must
// be exactly what was acknowledged.
func TestCloseRacesWithWrites(t *testing.T) {
	const rounds, writers = 40, 16
	for round := range rounds {
		disk := vfs.NewCrashableMem()
		s := openOn(t, disk)
		acknowledged := make([]int64, writers)
		ready := make(chan struct{}, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				for {
					w, answers := appendOf(fmt.Sprint("s", i), 10)
					if err := s.queue.put(context.Background(), w); err != nil {
						if !errors.Is(err, errClosing) {
							t.Errorf("%v, want %v", err, errClosing)
						}
						return
					}
					if a := <-answers; a.verdict != accepted {
						t.Errorf("a queued write was answered %+v", a)
						return
					}
					if acknowledged[i]++; acknowledged[i] == 1 {
						ready <- struct{}{}
					}
				}
			})
		}
		for range round % writers {
			<-ready
		}
		closed := make(chan error, 1)
		go func() { closed <- s.close() }()
		wg.Wait()
		after := disk.CrashClone(vfs.CrashCloneCfg{RNG: rand.New(rand.NewPCG(1, uint64(round)))})
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		s = openOn(t, after)
		for i, want := range acknowledged {
			if h, err := loadHead(s.engine.db, fmt.Sprint("s", i)); err != nil || h.last+1 != want {
				t.Errorf("round %d, stream %d: %d events, %v, want the %d acknowledged", round, i, h.last+1, err, want)
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAWriteIsDroppedAfterItsDeadline(t *testing.T) {
	s, disk, _ := stalled(t)
	w, answers := appendOf("s", 1)
	w.deadline = time.Now().Add(time.Millisecond)
	if err := s.queue.put(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	await(t, "time stands still", func() bool { return time.Now().After(w.deadline) })
	disk.gate.Unlock()
	if a := <-answers; a.verdict != failed || !errors.Is(a.err, context.DeadlineExceeded) {
		t.Errorf("%+v, want it dropped", a)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkOneCall appends like one BatchAppend call, and reports the syncs of the log per append.
func BenchmarkOneCall(b *testing.B) {
	disk := &slowDisk{FS: vfs.Default}
	s, err := openStore(b.TempDir(), disk, cacheSize, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	before := disk.syncs.Load()
	unanswered := make(chan (<-chan answer), 64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for a := range unanswered {
			if got := <-a; got.verdict != accepted {
				b.Errorf("%+v", got)
			}
		}
	}()
	for i := 0; b.Loop(); i++ {
		w, answers := appendOf(fmt.Sprint("s", i%64), 256)
		if err := s.queue.put(context.Background(), w); err != nil {
			b.Fatal(err)
		}
		unanswered <- answers
	}
	close(unanswered)
	<-done
	b.ReportMetric(float64(disk.syncs.Load()-before)/float64(b.N), "syncs/append")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
	if err := s.close(); err != nil {
		b.Fatal(err)
	}
}
