package papers

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Dir keeps files in a directory, as <two digits>/<case>/<hash>. Files can be read by the user of
// the process alone.
type Dir string

// Keep implements [Files]. The spooled file must be on the file system of the directory.
func (d Dir) Keep(_ context.Context, at Address, spooled *os.File) error {
	if err := spooled.Sync(); err != nil {
		return err
	}
	of := filepath.Dir(d.path(at))
	if err := os.MkdirAll(of, 0o700); err != nil {
		return err
	}
	if err := os.Rename(spooled.Name(), d.path(at)); err != nil {
		return err
	}
	for _, changed := range []string{of, filepath.Dir(of), string(d)} { // each may be new
		if err := syncDir(changed); err != nil {
			return err
		}
	}
	return nil
}

// Open implements [Files].
func (d Dir) Open(_ context.Context, at Address) (io.ReadCloser, error) {
	f, err := os.Open(d.path(at))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrMissing
	}
	return f, err
}

// Remove implements [Files].
func (d Dir) Remove(_ context.Context, at Address) error {
	err := os.Remove(d.path(at))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// All implements [Files].
func (d Dir) All(ctx context.Context) iter.Seq2[Kept, error] {
	return func(yield func(Kept, error) bool) {
		err := filepath.WalkDir(string(d), func(path string, e fs.DirEntry, err error) error {
			if err == nil {
				err = ctx.Err()
			}
			if errors.Is(err, fs.ErrNotExist) { // removed meanwhile, or nothing was ever kept
				return nil
			}
			if err != nil || e.IsDir() {
				return err
			}
			at, ok := parseAddress(filepath.Base(filepath.Dir(path)), filepath.Base(path))
			if !ok || d.path(at) != path {
				return nil
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			if !yield(Kept{at, info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Kept{}, err)
		}
	}
}

func (d Dir) path(at Address) string { return filepath.Join(string(d), filepath.FromSlash(at.Path())) }

func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
