package embedded

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// storeIn makes a closed store with events in one stream.
func storeIn(t *testing.T, dir, stream string, events int) {
	t.Helper()
	s := openIn(t, dir)
	for i := range events {
		must(t, s, stream, int64(i)-1, one())
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func openIn(t *testing.T, dir string) *store {
	t.Helper()
	s, err := openStore(dir, vfs.Default, 1<<20, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// only returns the one file of the directory that matches.
func only(t *testing.T, dir, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) != 1 {
		t.Fatalf("the files %s are %v, %v", pattern, files, err)
	}
	return files[0]
}

// The files of an open store are replaced. No append is acknowledged from then on, the store says so
// before anybody appends, and it opens nothing of the other files. When its own files are back, it
// goes on, and has all that it acknowledged.
func TestAStoreWhoseFilesWereReplacedTakesNoAppends(t *testing.T) {
	type change func(t *testing.T, dir, aside, other string) (back func())
	for name, replace := range map[string]change{
		"another directory in its place": func(t *testing.T, dir, aside, other string) func() {
			rename(t, dir, aside)
			rename(t, other, dir)
			return func() { rename(t, dir, other); rename(t, aside, dir) }
		},
		"no directory": func(t *testing.T, dir, aside, _ string) func() {
			rename(t, dir, aside)
			return func() { rename(t, aside, dir) }
		},
		"other files in its directory": func(t *testing.T, dir, aside, other string) func() {
			move := func(from, to string) {
				files, err := os.ReadDir(from)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range files {
					rename(t, filepath.Join(from, f.Name()), filepath.Join(to, f.Name()))
				}
			}
			if err := os.Mkdir(aside, 0o700); err != nil {
				t.Fatal(err)
			}
			move(dir, aside)
			move(other, dir)
			return func() { move(dir, other); move(aside, dir) }
		},
		"no write-ahead log": func(t *testing.T, dir, aside, _ string) func() {
			log := only(t, dir, "*.log")
			rename(t, log, aside)
			return func() { rename(t, aside, log) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			dir, other := filepath.Join(root, "store"), filepath.Join(root, "other")
			storeIn(t, other, "of another", 3)
			storeIn(t, dir, "a", 2) // which are in a table when it is opened again
			s := openIn(t, dir)
			defer s.close()
			must(t, s, "a", 1, one())
			if err := s.refusal(); err != nil {
				t.Fatal(err)
			}

			back := replace(t, dir, filepath.Join(root, "aside"), other)
			if err := s.refusal(); !isRefusal(err, "files-replaced") {
				t.Errorf("before an append it says %v", err)
			}
			for began := time.Now(); time.Since(began) < 3*firstReopening; time.Sleep(firstReopening / 4) {
				if _, err := try(s, "a", 2, one()); !isRefusal(err, "files-replaced") {
					t.Fatalf("an append: %v", err)
				}
				if n := len(idsOf(t, s, "of another")); n > 0 {
					t.Fatalf("%d events of another store are read", n)
				}
			}

			back()
			await(t, "the store goes on with its files", func() bool { return s.refusal() == nil })
			must(t, s, "a", 2, one())
			if n := len(idsOf(t, s, "a")); n != 4 {
				t.Errorf("the stream has %d events", n)
			}
		})
	}
}

// An append that was on its way when the files were replaced was written into a file that is gone.
func TestNoAppendIsAcknowledgedThatIsInNoFileOfTheDirectory(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "store")
	s := openIn(t, dir)
	defer s.close()
	must(t, s, "a", noRevision, one())
	rename(t, dir, filepath.Join(root, "aside"))
	if _, err := try(s, "a", 0, one()); !isRefusal(err, "files-replaced") { // nobody has looked before
		t.Errorf("an append: %v", err)
	}
	if n := len(idsOf(t, s, "a")); n != 1 {
		t.Errorf("%d events are read, and one was acknowledged", n)
	}
}

// A table that the engine has not opened yet is not one of the same name in other files.
func TestNoTableOfOtherFilesIsRead(t *testing.T) {
	root := t.TempDir()
	dir, other := filepath.Join(root, "store"), filepath.Join(root, "other")
	storeIn(t, dir, "a", 2)
	_ = openIn(t, dir).close() // which makes a table
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	s := openIn(t, dir)
	defer s.close()
	table := filepath.Join(dir, filepath.Base(only(t, other, "*.sst")))
	f, err := s.engine.disk.Open(table)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	rename(t, dir, filepath.Join(root, "aside"))
	rename(t, other, dir)
	if f, err := s.engine.disk.Open(table); !isRefusal(err, "files-replaced") {
		t.Errorf("the table is opened: %v, %v", f, err)
	}
}
