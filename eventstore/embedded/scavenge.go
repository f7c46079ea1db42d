package embedded

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// ErrScavenging is returned by Scavenge while another scavenge runs.
var ErrScavenging = errors.New("another scavenge of the event store is running")

// maxRemoved bounds the events of one batch of removals. An append waits for one batch and its
// fsync at most.
const maxRemoved = 512

// maxHeads bounds the streams that a scavenge holds in memory.
const maxHeads = 1024

// Scavenged is the progress of a scavenge, or its result.
type Scavenged struct {
	Streams uint64 `json:"streams"` // scanned
	Events  uint64 `json:"events"`  // removed
	// Bytes is the size of the removed events before compression.
	Bytes uint64 `json:"bytes"`
	// Size of the store on the disk at the beginning and at the end, without files that
	// are about to be deleted.
	DiskBytesBefore uint64 `json:"disk_bytes_before"`
	DiskBytesAfter  uint64 `json:"disk_bytes_after,omitempty"`
}

// Scavenge removes deleted events from the disk: those that $maxCount, $maxAge, $tb or a soft
// delete hides from the readers of their stream, those of tombstoned streams, and replaced
// stream metadata. As on the server, it keeps the last event of a stream, even a hidden one,
// and tombstones. The other events keep their revisions and positions. Removed events are no
// longer in $all. The retry of a removed append is not recognised: with Any it is appended
// again, otherwise it is a wrong expected version.
//
// Appends and reads go on meanwhile. Events are removed in small synced batches, each as a
// whole. A scavenge that was cancelled or killed needs no repair, and the next one goes on
// where it ended. Progress, if not nil, is called after every batch.
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
	v := s.view()
	e := v.engine
	e.refs.Add(1)
	v.release()
	defer e.release()
	var report Scavenged
	metrics, err := s.metrics(ctx, e)
	if err != nil {
		return report, err
	}
	report.DiskBytesBefore = liveBytes(metrics)
	for after := ""; ; {
		streams, err := s.scavengeCandidates(ctx, after)
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
	if metrics, err = s.metrics(ctx, e); err != nil {
		return report, err
	}
	// An earlier scavenge may have been killed before this.
	if report.Events > 0 || metrics.Keys.TombstoneCount > 0 {
		if err := e.writes(); err != nil {
			return report, err
		}
		if err := e.db.Compact(ctx, []byte{0}, []byte{0xff}, false); err != nil {
			return report, fmt.Errorf("compact: %w", err)
		}
	}
	if metrics, err = s.metrics(ctx, e); err != nil {
		return report, err
	}
	report.DiskBytesAfter = liveBytes(metrics)
	return report, nil
}

// metrics asks the engine for its figures. It tells them only once it has written its manifest, so
// on a disk that takes no writes the error is why.
func (s *store) metrics(ctx context.Context, e *engine) (*pebble.Metrics, error) {
	told := make(chan *pebble.Metrics, 1)
	go func() { told <- e.db.Metrics() }()
	for {
		begun, trouble := s.health.now()
		if trouble != nil {
			return nil, trouble
		}
		select {
		case m := <-told:
			return m, nil
		case <-e.disk.failed:
			return nil, e.writes()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-begun: // the next look says why
		}
	}
}

// liveBytes returns the size of the store on the disk, without files that are about to be
// deleted.
func liveBytes(m *pebble.Metrics) uint64 {
	return m.WAL.PhysicalSize + m.Table.Local.LiveSize + m.BlobFiles.Local.LiveSize
}

// scavengeCandidates returns the next streams, in the order of names, after the given one that
// may have events to remove.
func (s *store) scavengeCandidates(ctx context.Context, after string) (streams []string, err error) {
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
			if _, ok := metadataTarget(stream); ok || h.tombstoned || h.lenient || h.retention != (retention{}) {
				streams = append(streams, stream)
			}
		}
		return nil
	})
	return streams, err
}

// firstKept returns the first revision of a stream that a scavenge keeps; last+1 if it keeps none
// but a tombstone.
func (v *view) firstKept(h head, now int64) (int64, error) {
	if h.tombstoned {
		return h.last + 1, nil
	}
	first, err := v.firstVisible(h, now)
	return min(first, h.last), err
}

// removalPlan is the events of a stream to remove next.
type removalPlan struct {
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
		err = s.exclusively(ctx, func() (err error) {
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

// planRemoval finds the events to remove next. It reads the disk, so that remove, during which no
// append is committed, need not.
func (s *store) planRemoval(stream string) (removalPlan, error) {
	v := s.view()
	defer v.release()
	plan := removalPlan{stream: stream}
	h, err := loadHead(v.snapshot, stream)
	if err != nil {
		return plan, err
	}
	kept, err := v.firstKept(h, s.ticks())
	if err != nil {
		return plan, err
	}
	err = v.scanIndex(h.id, h.first, kept-1, false, func(log *pebble.Iterator, revision int64, at entry) (bool, error) {
		// The last event of the log is kept, since it determines the next position.
		if len(plan.events) == maxRemoved || at.position == v.last {
			return false, nil
		}
		if !seekTo(log, at.position, false) {
			return false, errors.Join(log.Error(), errNoEventAt(at.position))
		}
		plan.events = append(plan.events, removedEvent{at, revision, uint64(len(log.Value()))})
		// This brings into memory what remove will read.
		_, _, err := lookup(v.snapshot, eventIDKey(h.id, at.id), decodeRevision)
		return true, err
	})
	return plan, err
}

// exclusively runs f in the committer between two groups, so that nothing is appended meanwhile.
func (s *store) exclusively(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	select {
	case s.exclusive <- func() { done <- f() }:
		return <-done
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// remove removes those events of the plan that may still be removed: the stream may have got other
// metadata since, or an event with the same id. It runs in the committer.
func (s *store) remove(plan removalPlan) (removed totals, err error) {
	v := s.view()
	defer v.release()
	h, err := loadHead(v.snapshot, plan.stream)
	if err != nil {
		return totals{}, err
	}
	kept, err := v.firstKept(h, s.ticks())
	if err != nil {
		return totals{}, err
	}
	batch := s.engine.db.NewBatch() // the commit closes it; without one it is garbage
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
		// A metadata stream of which nothing is left.
		after.streams--
		err = batch.Delete(headKey(plan.stream), nil)
	} else {
		err = batch.Set(headKey(plan.stream), h.encode(), nil)
	}
	err = errors.Join(err, batch.Set([]byte{keyTotals}, after.encode(), nil))
	if err == nil {
		err = s.engine.commit(batch)
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

// hasTombstone reports whether a stream itself has a tombstone, and not only the stream that it
// describes.
func (v *view) hasTombstone(h head) bool {
	_, found, err := lookup(v.snapshot, revisionKey(h.id, tombstoneRevision), decodeEntry)
	return found || err != nil
}

func (s *store) removeEvent(batch *pebble.Batch, streamID uint64, e removedEvent) error {
	// The index has an id that was appended twice once, with the later event.
	revision, found, err := lookup(s.engine.db, eventIDKey(streamID, e.id), decodeRevision)
	if err == nil && found && revision == e.revision {
		err = batch.Delete(eventIDKey(streamID, e.id), nil)
	}
	err = errors.Join(err, batch.Delete(eventKey(e.position), nil))
	return errors.Join(err, batch.Delete(revisionKey(streamID, e.revision), nil))
}
