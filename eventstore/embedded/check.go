package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// maxProblems is how many problems a report lists. It only counts the others.
const maxProblems = 100

// Report is the result of a check.
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

// Check reads the whole store and checks that
//
//   - positions rise, without gaps except those of scavenges;
//   - the revisions of every stream are 0, 1, 2 …, or begin where the scavenges have
//     stopped, and each is that of one event;
//   - every index agrees with every event, and has nothing more.
//
// It works on what is committed when it begins; appends go on meanwhile. An error means
// that it could not finish, for example because of damaged files.
func (n *Node) Check(ctx context.Context) (Report, error) {
	var report Report
	err := n.untilClosing(ctx, func(ctx context.Context) (err error) {
		v := n.store.view()
		defer v.release()
		report, err = v.check(ctx)
		return err
	})
	return report, err
}

// Check checks the store in a directory that no node has open.
func Check(ctx context.Context, dir string) (Report, error) {
	var report Report
	err := inspect(dir, func(v *view) (err error) {
		report, err = v.check(ctx)
		return err
	})
	return report, err
}

// inspect opens the store in a directory for reading only. It changes no file there.
func inspect(dir string, use func(*view) error) error {
	s, err := lookAtStore(dir, vfs.Default, cacheSize, time.Now, slog.Default())
	if err == nil {
		v := s.view()
		err = use(v)
		v.release()
		err = errors.Join(err, s.close())
	}
	if pebble.IsCorruptionError(err) {
		err = fmt.Errorf("the files in %s are damaged, restore a backup: %s", dir, firstLine(err))
	}
	return err
}

func (v *view) check(ctx context.Context) (Report, error) {
	stats, err := v.stats()
	report := Report{Stats: stats}
	if err == nil {
		err = v.checkLog(ctx, &report)
	}
	if err == nil {
		err = v.checkStreams(ctx, &report)
	}
	if pebble.IsCorruptionError(err) {
		report.problem("a file is damaged: %s", firstLine(err))
		err = v.nameDamage(ctx, &report)
	}
	if err != nil {
		return report, fmt.Errorf("check event store: %w", err)
	}
	return report, nil
}

// nameDamage lists what lies in the damaged parts of the files: it reads each event by the index of
// its stream.
func (v *view) nameDamage(ctx context.Context, report *Report) error {
	after := ""
	err := withIter(v.snapshot.NewIter, []byte{keyHead}, []byte{keyHead + 1}, func(heads *pebble.Iterator) error {
		for ok := heads.First(); ok; ok = heads.Next() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			after = string(heads.Key()[1:])
			if h, err := decodeHead(heads.Value()); err == nil && h.id != 0 {
				if err := v.nameDamageIn(after, h, report); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if pebble.IsCorruptionError(err) {
		report.problem("the streams after %q cannot be listed: %s", after, firstLine(err))
		return nil
	}
	return err
}

func (v *view) nameDamageIn(stream string, h head, report *Report) error {
	next := h.first
	err := withIter(v.snapshot.NewIter, revisionKey(h.id, 0), revisionKey(h.id+1, 0), func(it *pebble.Iterator) error {
		for ok := it.First(); ok; ok = it.Next() {
			revision := int64(binary.BigEndian.Uint64(it.Key()[9:]))
			next = revision + 1
			at, err := decodeEntry(it.Value())
			if err != nil {
				report.problem("stream %q at revision %d: %v", stream, revision, err)
				continue
			}
			_, _, err = lookup(v.snapshot, eventKey(at.position), func([]byte) (struct{}, error) { return struct{}{}, nil })
			if pebble.IsCorruptionError(err) {
				report.problem("the event of stream %q at revision %d, position %d, cannot be read: %s",
					stream, revision, at.position, firstLine(err))
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if pebble.IsCorruptionError(err) {
		report.problem("the index of stream %q cannot be read from revision %d on: %s", stream, next, firstLine(err))
		return nil
	}
	return err
}

// checkLog reads the events and compares each with the indexes.
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
			report.problem("events of %d bytes are missing, of which scavenges removed %d", holes, removed.removedBytes)
		}
		if events != report.Events {
			report.problem("there are %d events, the store counts %d", events, report.Events)
		}
		return nil
	})
}

// checkStreams reads the streams and their indexes.
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

// checkStream compares the index of a stream with its head. Of a metadata stream it also
// compares the head of the stream that it describes. A problem has the id of a stream,
// since its name may be personal.
func (v *view) checkStream(stream string, h head, report *Report) (entries uint64, err error) {
	next, after := h.first, uint64(0)
	err = withIter(v.snapshot.NewIter, revisionKey(h.id, 0), revisionKey(h.id+1, 0), func(it *pebble.Iterator) error {
		for ok := it.First(); ok; ok = it.Next() {
			entries++
			revision := int64(binary.BigEndian.Uint64(it.Key()[9:]))
			if revision != next && (revision != tombstoneRevision || !h.tombstoned) {
				report.problem("stream %d has revision %d instead of %d", h.id, revision, next)
			}
			next = revision + 1
			at, err := decodeEntry(it.Value())
			if err != nil {
				report.problem("stream %d at revision %d: %v", h.id, revision, err)
				continue
			}
			if at.position <= after {
				report.problem("stream %d at revision %d goes back from position %d to %d",
					h.id, revision, after, at.position)
			}
			after = at.position
			if revision == h.last {
				if err := v.checkMetadata(stream, at, report); err != nil {
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

// checkMetadata compares the last event of a metadata stream with the copy of it in the head
// of the stream that it describes.
func (v *view) checkMetadata(stream string, last entry, report *Report) error {
	original, ok := metadataTarget(stream)
	if !ok {
		return nil
	}
	want, err := retentionAt(v.snapshot, last.position)
	if err != nil {
		return err
	}
	h, err := loadHead(v.snapshot, original)
	if err != nil {
		return err
	}
	if !h.hasMetadata || h.retention != want {
		report.problem("the head of a stream differs from its metadata at position %d", last.position)
	}
	return nil
}
