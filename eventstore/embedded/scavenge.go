package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// ErrScavenging is returned by Scavenge while another one is under way.
var ErrScavenging = errors.New("the event store is being scavenged already")

// One turn of the committer removes at most this many events: that, and its
// fsync, is how long an append may wait for a scavenge.
const maxRemoved = 512

// maxHeads bounds what a scavenge holds of the list of streams.
const maxHeads = 1024

// Scavenged is what a scavenge has done so far, or as a whole.
type Scavenged struct {
	Streams uint64 `json:"streams"` // looked at
	Events  uint64 `json:"events"`  // removed
	// Bytes is what the removed events had on the log, before compression.
	Bytes uint64 `json:"bytes"`
	// What the store takes on the disk, when the scavenge began and now that it
	// has ended; apart from files that are about to be deleted.
	DiskBytesBefore uint64 `json:"disk_bytes_before"`
	DiskBytesAfter  uint64 `json:"disk_bytes_after,omitempty"`
}

// Scavenge takes deleted events off the disk: those that $maxCount, $maxAge, $tb
// or a soft deletion hides from the readers of their stream, those of
// tombstoned streams, and stream metadata that newer one has replaced. As on
// the server the last event of a stream stays, hidden as it is, and so does a
// tombstone. What stays keeps its revision and position. Removed events are
// gone from $all too, and a repeated append no longer finds them: with Any it
// is appended again, otherwise it is a wrong expected version.
//
// Appends and reads go on meanwhile. Events go in small synced batches, each of
// them gone whole or not at all; a scavenge that is cancelled or killed has
// nothing to undo, and the next one goes on where it ended. Progress, if not
// nil, is called after every batch.
func (n *Node) Scavenge(ctx context.Context, progress func(Scavenged)) (Scavenged, error) {
	var report Scavenged
	err := n.untilClosing(ctx, func(ctx context.Context) (err error) {
		report, err = n.store.scavenge(ctx, progress)
		return err
	})
	if err != nil {
		return report, fmt.Errorf("scavenge event store: %w", err)
	}
	return report, nil
}

func (s *store) scavenge(ctx context.Context, progress func(Scavenged)) (Scavenged, error) {
	if !s.scavenging.TryLock() {
		return Scavenged{}, ErrScavenging
	}
	defer s.scavenging.Unlock()
	report := Scavenged{DiskBytesBefore: liveBytes(s.db)}
	for after := ""; ; {
		streams, err := s.scavengeable(ctx, after)
		if err != nil {
			return report, err
		}
		if len(streams) == 0 {
			break
		}
		for _, stream := range streams {
			report.Streams++
			if err := s.scavengeStream(ctx, stream, &report, progress); err != nil {
				return report, err
			}
		}
		after = streams[len(streams)-1]
	}
	// Also what an earlier scavenge, killed before it came this far, left.
	if report.Events > 0 || s.db.Metrics().Keys.TombstoneCount > 0 {
		if err := s.db.Compact(ctx, []byte{0}, []byte{0xff}, false); err != nil {
			return report, fmt.Errorf("compact: %w", err)
		}
	}
	report.DiskBytesAfter = liveBytes(s.db)
	return report, nil
}

// liveBytes is what the store takes on the disk, but for what the engine is
// about to delete.
func liveBytes(db *pebble.DB) uint64 {
	m := db.Metrics()
	return m.WAL.PhysicalSize + m.Table.Local.LiveSize + m.BlobFiles.Local.LiveSize
}

// scavengeable returns the next streams by name after the given one of which
// something may have to go.
func (s *store) scavengeable(ctx context.Context, after string) (streams []string, err error) {
	v := s.view()
	defer v.release()
	upper := []byte{keyHead + 1}
	err = withIter(v.snapshot.NewIter, append(headKey(after), 0), upper, func(it *pebble.Iterator) error {
		for ok := it.First(); ok && len(streams) < maxHeads; ok = it.Next() {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			h, err := decodeHead(it.Value())
			if err != nil {
				return err
			}
			stream := string(it.Key()[1:])
			if _, ok := described(stream); ok || h.tombstoned || h.lenient || h.retention != (retention{}) {
				streams = append(streams, stream)
			}
		}
		return nil
	})
	return streams, err
}

// kept is the first revision of a stream that a scavenge leaves, last+1 if it
// leaves none but a tombstone.
func (v *view) kept(h head, now int64) (int64, error) {
	if h.tombstoned {
		return h.last + 1, nil
	}
	first, err := v.firstShown(h, now)
	return min(first, h.last), err
}

// removal is what a scavenge means to remove of a stream next.
type removal struct {
	stream string
	events []removedEvent
}

type removedEvent struct {
	entry
	revision int64
	bytes    uint64 // of its record
}

func (s *store) scavengeStream(ctx context.Context, stream string, report *Scavenged, progress func(Scavenged)) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		plan, err := s.planRemoval(stream)
		if err != nil || len(plan.events) == 0 {
			return err
		}
		var removed totals
		err = s.inTurn(ctx, func() (err error) {
			removed, err = s.remove(plan)
			return err
		})
		if err != nil || removed.removedEvents == 0 {
			return err
		}
		report.Events += removed.removedEvents
		report.Bytes += removed.removedBytes
		if progress != nil {
			progress(*report)
		}
	}
}

// planRemoval looks at what could go, so that the disk is read before the
// committer's turn and not in it.
func (s *store) planRemoval(stream string) (removal, error) {
	v := s.view()
	defer v.release()
	plan := removal{stream: stream}
	h, err := loadHead(v.snapshot, stream)
	if err != nil {
		return plan, err
	}
	kept, err := v.kept(h, s.ticks())
	if err != nil {
		return plan, err
	}
	err = v.scanIndex(h.id, h.first, kept-1, false, func(log *pebble.Iterator, revision int64, at entry) (bool, error) {
		// The last event of the log says where the next one goes: it stays.
		if len(plan.events) == maxRemoved || at.position == v.last {
			return false, nil
		}
		if !seekTo(log, at.position, false) {
			return false, errors.Join(log.Error(), fmt.Errorf("stream index points at %d, where no event is", at.position))
		}
		plan.events = append(plan.events, removedEvent{at, revision, uint64(len(log.Value()))})
		// What the turn will ask for is in memory then.
		_, _, err := lookup(v.snapshot, eventIDKey(h.id, at.id), decodeRevision)
		return true, err
	})
	return plan, err
}

// inTurn runs f in the committer's place, between two of its groups: nothing
// is appended meanwhile.
func (s *store) inTurn(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	select {
	case s.turns <- func() { done <- f() }:
		return <-done
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// remove removes of the plan what may go now: since it was made, the stream may
// have got other metadata, or an event of the same id. It runs in a turn.
func (s *store) remove(plan removal) (removed totals, err error) {
	v := s.view()
	defer v.release()
	h, err := loadHead(v.snapshot, plan.stream)
	if err != nil {
		return totals{}, err
	}
	kept, err := v.kept(h, s.ticks())
	if err != nil {
		return totals{}, err
	}
	batch := s.db.NewBatch()
	defer func() { err = errors.Join(err, batch.Close()) }()
	after := s.totals
	for _, e := range plan.events {
		if e.revision >= kept {
			break
		}
		if err := s.removeEvent(batch, h.id, e); err != nil {
			return totals{}, err
		}
		h.first = e.revision + 1
		after.events--
		after.removedEvents++
		after.removedBytes += e.bytes
	}
	if after == s.totals {
		return totals{}, nil
	}
	if h.first > h.last && !v.hasTombstone(h) {
		// Metadata that went with its stream: nothing of it is left.
		after.streams--
		err = batch.Delete(headKey(plan.stream), nil)
	} else {
		err = batch.Set(headKey(plan.stream), h.encode(), nil)
	}
	err = errors.Join(err, batch.Set([]byte{keyTotals}, after.encode(), nil))
	if err == nil {
		err = batch.Commit(pebble.Sync)
	}
	if err != nil {
		return totals{}, fmt.Errorf("remove events: %w", err)
	}
	removed.removedEvents = after.removedEvents - s.totals.removedEvents
	removed.removedBytes = after.removedBytes - s.totals.removedBytes
	s.totals = after
	s.publish(v.last)
	return removed, nil
}

// hasTombstone reports whether a stream holds one itself, other than by what it
// describes.
func (v *view) hasTombstone(h head) bool {
	_, found, err := lookup(v.snapshot, revisionKey(h.id, tombstoneRevision), decodeEntry)
	return found || err != nil
}

func (s *store) removeEvent(batch *pebble.Batch, streamID uint64, e removedEvent) error {
	// An id that was appended twice is in its index once, for the later event.
	revision, found, err := lookup(s.db, eventIDKey(streamID, e.id), decodeRevision)
	if err == nil && found && revision == e.revision {
		err = batch.Delete(eventIDKey(streamID, e.id), nil)
	}
	err = errors.Join(err, batch.Delete(eventKey(e.position), nil))
	return errors.Join(err, batch.Delete(revisionKey(streamID, e.revision), nil))
}
