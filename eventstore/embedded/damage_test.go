package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// tableOf makes a store with 100 events of 2 KB in each of the streams a and b, in one table, and
// returns its directory.
func tableOf(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	quiet := slog.New(slog.DiscardHandler)
	s, err := openStore(dir, vfs.Default, 1<<20, time.Now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 2000)
	for _, stream := range []string{"a", "b"} {
		for i := range 100 {
			for j := range noise { // that cannot be compressed
				noise[j] = byte(uint32(i*len(noise)+j+1) * 2654435761 >> 13)
			}
			must(t, s, stream, expectAny, []proposed{{id: uuid.New(), kind: "k", data: slices.Clone(noise)}})
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	if s, err = openStore(dir, vfs.Default, 1<<20, time.Now, quiet); err != nil { // it takes the log into a table
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// damage flips a bit in the middle of the largest file that matches, and returns its name.
func damage(t *testing.T, dir, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no file %s: %v", pattern, err)
	}
	size := func(name string) int {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		return int(info.Size())
	}
	largest := slices.MaxFunc(files, func(a, b string) int { return size(a) - size(b) })
	text, err := os.ReadFile(largest)
	if err != nil {
		t.Fatal(err)
	}
	text[middleOf(text)] ^= 4
	if err := os.WriteFile(largest, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(largest)
}

// middleOf returns which byte of a file [damage] changes.
func middleOf(text []byte) int { return len(bytes.TrimRight(text, "\x00")) * 2 / 5 } // a log ends with zeros

func TestADamagedBlockIsNamedAndOnlyItsRecordsAreRefused(t *testing.T) {
	dir := tableOf(t)
	table := damage(t, dir, "*.sst")
	number := strings.TrimSuffix(table, ".sst")

	report, err := Check(context.Background(), dir)
	if err != nil || report.Sound() {
		t.Fatalf("the check says %+v, %v, want damage", report, err)
	}
	all := strings.Join(report.Problems, "\n")
	if !strings.Contains(all, number) || !strings.Contains(all, `the event of stream "a" at revision`) ||
		strings.Contains(all, `stream "b"`) {
		t.Errorf("the check does not name the file %s and the events of the stream a: %s", number, all)
	}

	log := &lines{}
	s, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	v := s.view()
	defer v.release()
	for range 20 {
		for _, stream := range []string{"a", "b"} {
			h, err := loadHead(v.snapshot, stream)
			if err != nil {
				t.Fatal(err)
			}
			read := 0
			err = v.scanStream(h.id, 0, h.last, false, func(*record) bool { read++; return true })
			switch {
			case stream == "a" && (status.Code(internalError(err)) != codes.DataLoss || read == 100):
				t.Fatalf("%d events of the damaged stream were read, then %v, want DataLoss", read, err)
			case stream == "b" && (err != nil || read != 100):
				t.Fatalf("%d events of the other stream were read, then %v", read, err)
			}
		}
	}
	must(t, s, "b", 99, one())
	if texts := log.all(); len(texts) != 1 || !strings.Contains(texts[0], table) {
		t.Errorf("the log says %q, want one line that names %s", texts, table)
	}
}

func TestADamagedLogOrManifestStopsTheStartAndIsNamed(t *testing.T) {
	for _, pattern := range []string{"MANIFEST-*", "*.log"} {
		t.Run(pattern, func(t *testing.T) {
			dir := t.TempDir()
			s, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			for range 300 { // the log has several blocks of 32 KiB
				must(t, s, "a", expectAny, one())
			}
			if err := s.close(); err != nil {
				t.Fatal(err)
			}
			file := damage(t, dir, pattern)
			log := &lines{}
			s, err = openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(log))
			if err == nil {
				_ = s.close()
				t.Fatal("the store opened without what was damaged")
			}
			if !strings.Contains(err.Error(), strings.TrimSuffix(file, ".log")) {
				t.Errorf("%v does not name %s", err, file)
			}
			if _, err := Check(context.Background(), dir); err == nil ||
				!strings.Contains(err.Error(), strings.TrimSuffix(file, ".log")) {
				t.Errorf("the check says %v, want %s named", err, file)
			}
		})
	}
}

// TestAWriteThatCannotBeDecidedFailsAlone has a damaged head of a stream, in a group with other writes.
func TestAWriteThatCannotBeDecidedFailsAlone(t *testing.T) {
	s := filled(t)
	if err := s.engine.db.Set(headKey("bad"), []byte("damaged"), pebble.Sync); err != nil {
		t.Fatal(err)
	}
	first, firstAnswer := appendOf("good", 1)
	bad, badAnswer := appendOf("bad", 1)
	second, secondAnswer := appendOf("good", 1)
	err := s.exclusively(context.Background(), func() error {
		s.commitGroup([]*write{first, bad, second})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := <-badAnswer; a.verdict != failed || a.err == nil {
		t.Errorf("the write to the damaged stream got %+v", a)
	}
	for i, answers := range []<-chan answer{firstAnswer, secondAnswer} {
		if a := <-answers; a.verdict != accepted || a.current != int64(i) {
			t.Errorf("write %d to the other stream got %+v", i, a)
		}
	}
}

// contents are the names, the bytes and the times of change of all files in a directory.
func contents(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&all, path, info.Mode(), info.ModTime().UnixNano())
		if entry.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%x\n", text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestLookingChangesNoFile(t *testing.T) {
	dir := tableOf(t)
	s, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	must(t, s, "c", noRevision, one()) // it is in the write-ahead log only
	if _, err := Look(dir); !errors.Is(err, ErrInUse) {
		t.Errorf("%v, want the directory in use", err)
	}
	must(t, s, "c", 0, one()) // the lock of the store still holds
	if _, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.Default()); !errors.Is(err, ErrInUse) {
		t.Errorf("%v, want the directory in use", err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}

	before := contents(t, dir)
	stats, err := ReadStats(dir)
	if err != nil || stats.Events != 202 {
		t.Errorf("the statistics are %+v, %v", stats, err)
	}
	if report, err := Check(context.Background(), dir); err != nil || !report.Sound() {
		t.Errorf("the check says %+v, %v", report, err)
	}
	node, err := Look(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Look(dir) // while another looks
	if err != nil {
		t.Fatal(err)
	}
	if ids := idsOf(t, node.store, "c"); len(ids) != 2 {
		t.Errorf("%d events are read", len(ids))
	}
	if _, err := try(node.store, "c", 1, one()); !isRefusal(err, "read-only") {
		t.Errorf("%v, want the append refused", err)
	}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := node.Backup(backup); err != nil {
		t.Errorf("back up: %v", err)
	}
	for _, n := range []*Node{node, again} {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	}
	if stats, err := ReadStats(backup); err != nil || stats.Events != 202 {
		t.Errorf("the statistics of the backup are %+v, %v", stats, err)
	}
	if after := contents(t, dir); after != before {
		t.Error("looking changed the directory")
	}
}

// readsOfByte counts the reads of one byte of a table that reach the disk. The engine reads the
// other blocks in the background too.
type readsOfByte struct {
	vfs.FS
	table string
	at    int64
	reads atomic.Int64
}

func (d *readsOfByte) Open(name string, options ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.Open(name, options...)
	if err == nil && filepath.Base(name) == d.table {
		f = &countedReads{f, d}
	}
	return f, err
}

func (d *readsOfByte) Unwrap() vfs.FS { return d.FS }

type countedReads struct {
	vfs.File
	of *readsOfByte
}

func (f *countedReads) ReadAt(p []byte, at int64) (int, error) {
	if at <= f.of.at && f.of.at < at+int64(len(p)) {
		f.of.reads.Add(1)
	}
	return f.File.ReadAt(p, at)
}

// The engine takes seconds to look into a damaged block. Who asks for it again and again must not keep others
// waiting.
func TestADamagedBlockIsReadOnce(t *testing.T) {
	dir := tableOf(t)
	table := damage(t, dir, "*.sst")
	text, err := os.ReadFile(filepath.Join(dir, table))
	if err != nil {
		t.Fatal(err)
	}
	disk := &readsOfByte{FS: vfs.Default, table: table, at: int64(middleOf(text))}
	s, err := openStore(dir, disk, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	v := s.view()
	defer v.release()
	h, err := loadHead(v.snapshot, "a")
	if err != nil {
		t.Fatal(err)
	}
	before := int64(0)
	for n := range 20 {
		err := v.scanStream(h.id, 0, h.last, false, func(*record) bool { return true })
		if status.Code(internalError(err)) != codes.DataLoss {
			t.Fatalf("the damaged stream is read: %v, want DataLoss", err)
		}
		switch n {
		case 0:
			if before = disk.reads.Load(); before == 0 {
				t.Fatal("the damaged block was not read")
			}
		case 19:
			if now := disk.reads.Load(); now != before {
				t.Errorf("it was read %d times more", now-before)
			}
		}
	}
}

// Whatever part of a table is damaged, a start that fails because of it says so in one line.
func TestADamagedEndOfATableIsToldInOneLine(t *testing.T) {
	dir := tableOf(t)
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) == 0 {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)-8] ^= 0x40
		if err := os.WriteFile(table, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	if err == nil {
		_ = s.close()
		t.Fatal("the store opened")
	}
	number := strings.TrimSuffix(filepath.Base(tables[0]), ".sst")
	if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), number) || !pebble.IsCorruptionError(err) {
		t.Errorf("the start says %q", err)
	}
}

// Wherever one bit of the write-ahead log of a small store has flipped, the start says so, or nothing is lost. Only
// the length of the last append, if it is wrong, cannot be told from that of one which a crash has cut off.
func TestADamagedBitOfASmallLogTakesNothingAway(t *testing.T) {
	dir := t.TempDir()
	open := func(dir string) (*store, error) {
		return openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	}
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		must(t, s, "a", expectAny, one())
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	log := slices.Max(logs) // the others are of no use any more
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range 40 {
		at := i * (len(text) - 1) / 39
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		bad := slices.Clone(text)
		bad[at] ^= 0x10
		if err := os.WriteFile(filepath.Join(copied, filepath.Base(log)), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := open(copied)
		if err != nil {
			if !strings.Contains(err.Error(), filepath.Base(log)+" is damaged at byte ") {
				t.Errorf("byte %d of %d: %v", at, len(text), err)
			}
			refused++
			continue
		}
		if n := len(idsOf(t, s, "a")); n != 20 {
			t.Errorf("byte %d of %d: the store opens with %d of 20 events", at, len(text), n)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}
	if refused == 0 {
		t.Error("no start was refused")
	}
}

// A crash may leave a chunk behind one that it has cut off: both were on their way to the disk. Only what was synced
// must be whole.
func TestWhatWasNotSyncedMayBeCutOffAnywhere(t *testing.T) {
	const number = 7
	chunk := func(synced int, payload string) []byte {
		c := make([]byte, chunkHeader, chunkHeader+len(payload))
		binary.LittleEndian.PutUint16(c[4:], uint16(len(payload)))
		c[6] = firstSyncing
		binary.LittleEndian.PutUint32(c[7:], number)
		binary.LittleEndian.PutUint64(c[11:], uint64(synced))
		c = append(c, payload...)
		binary.LittleEndian.PutUint32(c, checksum(c[6:]))
		return c
	}
	first := chunk(0, "acknowledged")
	second := chunk(len(first), "on its way")
	second[chunkHeader]++ // a page of it has not reached the disk
	for synced, want := range map[int]bool{len(first): false, len(first) + len(second): true} {
		log := slices.Concat(first, second, chunk(synced, "on its way too"), make([]byte, 100))
		if at, damaged := damageOf(log, number); damaged != want || damaged && at != len(first) {
			t.Errorf("synced up to %d: damaged at %d: %v, want %v", synced, at, damaged, want)
		}
	}
}
