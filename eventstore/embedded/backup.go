package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
)

// Backup writes a copy of the store, as it is at some moment during the call, into a
// directory that must not exist. Appends go on meanwhile. On the same file system it takes
// little time and, at first, little space: it shares unchanging files by hard links. A node that
// only looks (see [Look]) copies all files, and changes none of the store.
func (n *Node) Backup(dir string) error {
	err := n.whileOpen(func() error { return n.store.backup(dir) })
	if err != nil {
		return fmt.Errorf("back up event store to %s: %w", dir, err)
	}
	return nil
}

// backup renames the copy to dir when it is complete and readable by its owner only. The
// engine creates directories that everybody can read.
func (s *store) backup(dir string) (err error) {
	if _, err := os.Lstat(dir); err == nil {
		return fs.ErrExist
	}
	parent := filepath.Dir(filepath.Clean(dir))
	closed, err := os.MkdirTemp(parent, ".backup-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(closed)) }()
	copied := filepath.Join(closed, "store")
	v := s.view() // it keeps the engine open
	defer v.release()
	if err := v.engine.copyTo(copied, s.dir); err != nil {
		return err
	}
	if err := makePrivate(copied); err != nil {
		return err
	}
	if err := os.Rename(copied, dir); err != nil {
		return err
	}
	return syncFile(parent)
}

// copyTo copies the engine on the directory from. Where it only looks, its lock keeps all who write
// away, so its files are copied as they are: the engine makes no checkpoint without writing.
func (e *engine) copyTo(to, from string) error {
	if e.looking {
		return errors.Join(os.CopyFS(to, os.DirFS(from)), syncTree(to))
	}
	if err := e.writes(); err != nil { // the checkpoint flushes
		return err
	}
	return e.db.Checkpoint(to, pebble.WithFlushedWAL())
}

// Restore checks a backup and copies it into a directory that is empty or does not exist. An
// interrupted Restore leaves that directory unchanged.
func Restore(ctx context.Context, backup, dir string) error {
	report, err := Check(ctx, backup)
	if err != nil {
		return fmt.Errorf("restore %s: %w", backup, err)
	}
	if !report.Sound() {
		return fmt.Errorf("restore %s: the backup is damaged: %s", backup, report.Problems[0])
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("restore %s: the directory %s is not empty", backup, dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore %s: %w", backup, err)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("restore %s: %w", backup, err)
	}
	// The copy is renamed when it is complete and synced.
	copied, err := os.MkdirTemp(parent, ".restore-")
	if err != nil {
		return fmt.Errorf("restore %s: %w", backup, err)
	}
	if err := copyInto(copied, backup, dir); err != nil {
		return errors.Join(fmt.Errorf("restore %s: %w", backup, err), os.RemoveAll(copied))
	}
	return nil
}

func copyInto(copied, backup, dir string) error {
	if err := os.CopyFS(copied, os.DirFS(backup)); err != nil {
		return err
	}
	if err := makePrivate(copied); err != nil {
		return err
	}
	if err := syncTree(copied); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(copied, dir); err != nil {
		return err
	}
	return syncFile(filepath.Dir(filepath.Clean(dir)))
}

// makePrivate lets only the owner read the directory and its files: mode 0700 and 0600.
// Files that a backup shares with the store by hard links change there too.
func makePrivate(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.Chmod(path, 0o700)
		default:
			return os.Chmod(path, 0o600)
		}
	})
}

func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncFile(path)
	})
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
