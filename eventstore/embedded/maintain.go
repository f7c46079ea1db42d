package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Stats says how much is in a store. It costs the same for any store.
type Stats struct {
	Events       uint64 `json:"events"`
	Streams      uint64 `json:"streams"`           // with at least one event, also deleted ones
	Removed      uint64 `json:"removed,omitempty"` // events, by scavenges
	LastPosition uint64 `json:"last_position"`     // 0 in an empty store
	DiskBytes    uint64 `json:"disk_bytes"`
}

// Stats of a node that is open.
func (n *Node) Stats() (Stats, error) {
	var stats Stats
	err := n.whileOpen(func() (err error) {
		v := n.store.view()
		defer v.release()
		stats, err = v.stats(n.store.db)
		return err
	})
	return stats, err
}

// whileOpen keeps Close waiting while the store is in use otherwise than by
// its clients.
func (n *Node) whileOpen(use func() error) error {
	n.uses.RLock()
	defer n.uses.RUnlock()
	select {
	case <-n.closing:
		return ErrClosed
	default:
		return use()
	}
}

// untilClosing is whileOpen for uses that may take long: the node's closing
// ends their context.
func (n *Node) untilClosing(ctx context.Context, use func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return n.whileOpen(func() error {
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case <-n.closing:
				cancel(ErrClosed)
			case <-done:
			}
		}()
		return use(ctx)
	})
}

// ReadStats of the store in a directory that no node has open.
func ReadStats(dir string) (Stats, error) {
	var stats Stats
	err := inspect(dir, func(v *view, db *pebble.DB) (err error) {
		stats, err = v.stats(db)
		return err
	})
	return stats, err
}

func (v *view) stats(db *pebble.DB) (Stats, error) {
	t, _, err := lookup(v.snapshot, []byte{keyTotals}, decodeTotals)
	return Stats{
		Events: t.events, Streams: t.streams, Removed: t.removedEvents,
		LastPosition: v.last, DiskBytes: db.Metrics().DiskSpaceUsage(),
	}, err
}

// Backup writes a copy of the store, as it is at some moment during the call,
// into a directory that must not exist yet. Appends go on meanwhile. On one
// file system it takes little time and, at first, little space: files of the
// store that never change are shared by hard links.
func (n *Node) Backup(dir string) error {
	err := n.whileOpen(func() error { return n.store.backup(dir) })
	if err != nil {
		return fmt.Errorf("back up event store to %s: %w", dir, err)
	}
	return nil
}

// backup gives the copy its name once it is whole, and closed to all but its
// owner: the engine makes directories that everybody may look into.
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
	if err := s.db.Checkpoint(copied, pebble.WithFlushedWAL()); err != nil {
		return err
	}
	if err := os.Chmod(copied, 0o700); err != nil {
		return err
	}
	if err := os.Rename(copied, dir); err != nil {
		return err
	}
	return syncFile(parent)
}

// Restore copies a backup, after checking it, into a directory that is empty
// or does not exist. A Restore that is interrupted leaves that as it was.
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
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return fmt.Errorf("restore %s: %w", backup, err)
	}
	// The copy gets its name once it is whole and on the disk.
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

// maxProblems is how many problems a report lists; more are only counted.
const maxProblems = 100

// Report is what a check of a store found.
type Report struct {
	Stats
	Found    int      `json:"found"`              // problems
	Problems []string `json:"problems,omitempty"` // the first of them
}

// Sound reports whether the check found nothing wrong.
func (r *Report) Sound() bool { return r.Found == 0 }

func (r *Report) problem(format string, args ...any) {
	if r.Found++; len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// Check reads all of a store and proves what the store is built on: that its
// positions rise without a hole but those that scavenges made, that the
// revisions of every stream are 0, 1, 2 …, or begin where the scavenges left
// off, and each stands for one event, that every index says of every event what
// the event says, and that nothing is left over. It works on what is committed
// when it begins; appends go on meanwhile. Its error means that it could not
// finish, which damage to the files is a reason for.
func (n *Node) Check(ctx context.Context) (Report, error) {
	var report Report
	err := n.untilClosing(ctx, func(ctx context.Context) (err error) {
		v := n.store.view()
		defer v.release()
		report, err = v.check(ctx, n.store.db)
		return err
	})
	return report, err
}

// Check checks the store in a directory that no node has open.
func Check(ctx context.Context, dir string) (Report, error) {
	var report Report
	err := inspect(dir, func(v *view, db *pebble.DB) (err error) {
		report, err = v.check(ctx, db)
		return err
	})
	return report, err
}

// inspect opens a directory to look at it only.
func inspect(dir string, use func(*view, *pebble.DB) error) error {
	options := engineOptions(vfs.Default, cacheSize, slog.Default())
	options.ReadOnly = true
	// Damage is what is looked for: an error of the read, not the end of the process.
	options.EventListener = &pebble.EventListener{DataCorruption: func(pebble.DataCorruptionInfo) {}}
	options.ErrorIfNotExists = true
	db, lock, err := openEngine(dir, options)
	if err != nil {
		return err
	}
	s := &store{db: db}
	marked, err := checkFormat(db)
	if err == nil && !marked {
		err = errors.New("it holds no event store")
	}
	if err == nil {
		err = s.recover()
	}
	if err == nil {
		err = use(s.current, db)
		s.current.release()
	} else {
		err = fmt.Errorf("data directory %s: %w", dir, err)
	}
	if pebble.IsCorruptionError(err) {
		what, _, _ := strings.Cut(err.Error(), "\n") // the engine says it again and again
		err = fmt.Errorf("the files in %s are damaged, restore a backup: %s", dir, what)
	}
	return errors.Join(err, db.Close(), lock.Close())
}

func (v *view) check(ctx context.Context, db *pebble.DB) (Report, error) {
	stats, err := v.stats(db)
	report := Report{Stats: stats}
	if err == nil {
		err = v.checkLog(ctx, &report)
	}
	if err == nil {
		err = v.checkStreams(ctx, &report)
	}
	if err != nil {
		return report, fmt.Errorf("check event store: %w", err)
	}
	return report, nil
}

// checkLog goes through the events and asks the indexes about each.
func (v *view) checkLog(ctx context.Context, report *Report) error {
	removed, _, err := lookup(v.snapshot, []byte{keyTotals}, decodeTotals)
	if err != nil {
		return err
	}
	expected, events, holes := firstPosition, uint64(0), uint64(0)
	return withIter(v.snapshot.NewIter, eventKey(0), []byte{keyEvent + 1}, func(it *pebble.Iterator) error {
		for ok := it.First(); ok; ok = it.Next() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			events++
			position := binary.BigEndian.Uint64(it.Key()[1:])
			if position > expected {
				holes += position - expected
			}
			if position < expected || position > expected && removed.removedBytes == 0 {
				report.problem("the event at %d follows one that ends at %d", position, expected)
			}
			expected = position + uint64(len(it.Value()))
			e, err := decodeEvent(it.Value())
			if err != nil {
				report.problem("the event at %d: %v", position, err)
				continue
			}
			h, err := loadHead(v.snapshot, e.stream)
			if err != nil {
				return err
			}
			at, found, err := lookup(v.snapshot, revisionKey(h.id, e.revision), decodeEntry)
			switch {
			case err != nil:
				return err
			case !found:
				report.problem("the event at %d is not in the index of its stream", position)
			case at.position != position || at.id != e.id:
				report.problem("the index of its stream has another event for the one at %d", position)
			}
			last, found, err := lookup(v.snapshot, eventIDKey(h.id, e.id), decodeRevision)
			switch {
			case err != nil:
				return err
			case !found || last < e.revision:
				report.problem("the id of the event at %d is not in the index of ids", position)
			}
		}
		if holes != removed.removedBytes {
			report.problem("events of %d bytes are gone, of which scavenges removed %d", holes, removed.removedBytes)
		}
		if events != report.Events {
			report.problem("there are %d events, the store counts %d", events, report.Events)
		}
		return nil
	})
}

// checkStreams goes through the streams and their indexes.
func (v *view) checkStreams(ctx context.Context, report *Report) error {
	streams, entries := uint64(0), uint64(0)
	err := withIter(v.snapshot.NewIter, []byte{keyHead}, []byte{keyHead + 1}, func(it *pebble.Iterator) error {
		for ok := it.First(); ok; ok = it.Next() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			stream := string(it.Key()[1:])
			h, err := decodeHead(it.Value())
			if err != nil {
				report.problem("a stream: %v", err)
				continue
			}
			if h.id == 0 {
				continue
			}
			streams++
			n, err := v.checkStream(stream, h, report)
			if err != nil {
				return err
			}
			entries += n
		}
		return nil
	})
	if err != nil {
		return err
	}
	if streams != report.Streams {
		report.problem("there are %d streams, the store counts %d", streams, report.Streams)
	}
	if entries != report.Events {
		report.problem("the indexes of the streams have %d events, the store counts %d", entries, report.Events)
	}
	return nil
}

// checkStream compares a stream's index with its head and, if it describes
// another, with that one's head. A problem names the stream by its id: names
// can be personal.
func (v *view) checkStream(stream string, h head, report *Report) (entries uint64, err error) {
	next, after := h.first, uint64(0)
	err = withIter(v.snapshot.NewIter, revisionKey(h.id, 0), revisionKey(h.id+1, 0), func(it *pebble.Iterator) error {
		for ok := it.First(); ok; ok = it.Next() {
			entries++
			revision := int64(binary.BigEndian.Uint64(it.Key()[9:]))
			if revision != next && (revision != tombstoneRevision || !h.tombstoned) {
				report.problem("stream %d has revision %d where %d is due", h.id, revision, next)
			}
			next = revision + 1
			at, err := decodeEntry(it.Value())
			if err != nil {
				report.problem("stream %d at revision %d: %v", h.id, revision, err)
				continue
			}
			if at.position <= after {
				report.problem("stream %d at revision %d goes back from position %d to %d", h.id, revision, after, at.position)
			}
			after = at.position
			if revision == h.last {
				if err := v.checkDescription(stream, at, report); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if events := uint64(h.last + 1 - h.first); err == nil && h.tombstoned {
		if entries != events && entries != events+1 {
			report.problem("stream %d has %d events, its head says %d and a tombstone", h.id, entries, events)
		}
	} else if err == nil && entries != events {
		report.problem("stream %d has %d events, its head says %d", h.id, entries, events)
	}
	return entries, err
}

// checkDescription compares the last event of a metadata stream with what the
// head of the stream that it describes repeats of it.
func (v *view) checkDescription(stream string, last entry, report *Report) error {
	original, ok := described(stream)
	if !ok {
		return nil
	}
	told, err := retentionAt(v.snapshot, last.position)
	if err != nil {
		return err
	}
	h, err := loadHead(v.snapshot, original)
	if err != nil {
		return err
	}
	if !h.described || h.retention != told {
		report.problem("the head of a stream differs from its metadata at position %d", last.position)
	}
	return nil
}
