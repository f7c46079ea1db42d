package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// expectPrivate expects that nobody but the owner can use the directory and what is in it.
func expectPrivate(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if files++; info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others can use %s: its mode is %v", path, info.Mode())
		}
		return nil
	})
	if err != nil || files < 3 {
		t.Errorf("%d files were looked at: %v", files, err)
	}
}

func TestNobodyElseReadsWhatTheRegistryWrites(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	s := serve(t, data, "127.0.0.1:0", "--quiet")
	use(t, "demo", "--url", s.url, "--data", data)
	for _, written := range []string{"run.json", "outbox.ndjson", "mobile-citizens.jsonl"} {
		if _, err := os.Stat(filepath.Join(data, written)); err != nil {
			t.Errorf("the demonstration has not written %s: %v", written, err)
		}
	}
	backup := filepath.Join(t.TempDir(), "backup")
	use(t, "eventstore", "backup", backup, "--data", storeDirOf(data))
	expectPrivate(t, backup)
	s.signal(syscall.SIGTERM) // so that the engine deletes no file during the walk
	s.exits(0)
	expectPrivate(t, data)

	// A store that an earlier version made.
	if err := filepath.WalkDir(storeDirOf(data), func(path string, entry fs.DirEntry, err error) error {
		if entry.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644)
	}); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "open")
	use(t, "eventstore", "backup", open, "--data", storeDirOf(data))
	expectPrivate(t, open)
	s = serve(t, data, "127.0.0.1:0", "--quiet")
	s.signal(syscall.SIGTERM)
	s.exits(0)
	expectPrivate(t, data)
	restored := filepath.Join(t.TempDir(), "restored")
	use(t, "eventstore", "restore", open, "--data", restored)
	expectPrivate(t, restored)
}

func TestAStoreIsClosedToOthersWithoutFollowingItsLinks(t *testing.T) {
	t.Parallel()
	store, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "elsewhere")
	inside := filepath.Join(store, "000001.log")
	for _, path := range []string{inside, elsewhere} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(store, "link")); err != nil {
		t.Fatal(err)
	}
	if err := closeToOthers(store); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{inside: 0o600, elsewhere: 0o644} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v, want %v (%v)", path, info.Mode(), want, err)
		}
	}
}
