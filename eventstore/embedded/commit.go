package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

// The expectations of a write that are not a revision, as the protocol's older
// generation numbered them. noRevision itself expects that there is no stream.
const (
	expectAny          int64 = -2
	expectStreamExists int64 = -4
)

// One synced batch of the committer takes in at most this much of what waits:
// the rest would only wait longer for the same fsync.
const (
	maxGroupWrites = 512
	maxGroupBytes  = 8 << 20
)

type writeKind int

const (
	writeAppend writeKind = iota
	writeSoftDelete
	writeTombstone
)

// write is one request to change one stream, and where its answer goes.
type write struct {
	// A write whose ctx is done, or whose deadline has passed, before its turn
	// is dropped. The zero deadline never passes.
	ctx      context.Context
	deadline time.Time
	room     int64 // that it takes in the queue, which sets it

	kind     writeKind
	stream   string
	expected int64
	events   []proposed
	answer   chan<- answer // has room for the one answer
}

// proposed is an event as its writer sent it.
type proposed struct {
	id       uuid.UUID
	kind     string
	json     bool
	data     []byte
	metadata []byte
}

type verdict int

const (
	accepted verdict = iota
	wrongRevision
	streamDeleted
	failed
)

// answer is what became of a write. It is given after the fsync.
type answer struct {
	verdict verdict
	// current is the revision of the stream's last event: after the write if
	// it was accepted, now if it was refused.
	current int64
	// position of the last event of the write, also when the write repeats an
	// earlier one; 0 if the store is empty.
	position uint64
	err      error // why, if failed
}

// dropped says why a write is not to be decided any more, if it is not.
func (w *write) dropped(now time.Time) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if !w.deadline.IsZero() && !now.Before(w.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// write queues a write and waits for its answer. An error means that nothing
// is known about the outcome.
func (s *store) write(ctx context.Context, w *write) (answer, error) {
	answers := make(chan answer, 1)
	w.ctx, w.answer = ctx, answers
	if err := s.queue.put(ctx, w); err != nil {
		return answer{}, err
	}
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// commitLoop is the only writer. While one batch is on its way to the disk the
// writes that arrive gather, and share the next fsync. It ends when the queue
// is closed and what was in it is answered.
func (s *store) commitLoop() {
	defer close(s.committed)
	for {
		select {
		case first, ok := <-s.queue.writes:
			if !ok {
				return
			}
			s.queue.left(first)
			s.commitGroup(s.gather(first))
		case turn := <-s.turns:
			turn()
		}
	}
}

func (s *store) gather(first *write) []*write {
	group, size := []*write{first}, first.size()
	for len(group) < maxGroupWrites && size < maxGroupBytes {
		w, ok := s.queue.poll()
		if !ok {
			break
		}
		group = append(group, w)
		size += w.size()
	}
	return group
}

// size is what a write is counted as in the queue and in a group, in bytes.
func (w *write) size() int {
	size := 0
	for _, e := range w.events {
		size += len(e.data) + len(e.metadata)
	}
	return size
}

// commitGroup decides each write in turn, each seeing those before it, puts
// all that is accepted on the disk in one batch, and only then answers any:
// even a refusal may rest on an event of the same batch.
func (s *store) commitGroup(group []*write) {
	batch := s.db.NewIndexedBatch()
	t := &turn{batch: batch, next: s.next, totals: s.totals, created: s.ticks(), touched: make(map[string]struct{})}
	answers := make([]answer, len(group))
	now := time.Now()
	for i, w := range group {
		if err := w.dropped(now); err != nil {
			answers[i] = answer{verdict: failed, err: err}
			continue
		}
		a, err := t.decide(w)
		if err != nil {
			// The batch may hold a part of this write: none of it is kept.
			s.fail(group, batch, err)
			return
		}
		answers[i] = a
	}
	if batch.Empty() {
		_ = batch.Close()
	} else {
		if err := batch.Set([]byte{keyTotals}, t.totals.encode(), nil); err != nil {
			s.fail(group, batch, err)
			return
		}
		// Commit returns after the fsync, or not at all (see engineLogger).
		if err := batch.Commit(pebble.Sync); err != nil {
			s.fail(group, batch, err)
			return
		}
		_ = batch.Close()
		s.written.add(t.totals.events-s.totals.events, t.next-s.next)
		s.next, s.totals = t.next, t.totals
		s.publish(t.last)
		s.waiters.wake(t.touched)
	}
	last := s.view()
	for i, w := range group {
		if answers[i].verdict == accepted && answers[i].position == 0 {
			answers[i].position = last.last
		}
		w.answer <- answers[i]
	}
	last.release()
}

func (s *store) fail(group []*write, batch *pebble.Batch, err error) {
	err = errors.Join(fmt.Errorf("commit: %w", err), batch.Close())
	for _, w := range group {
		w.answer <- answer{verdict: failed, err: err}
	}
}

// written counts what was put on the disk since the store was opened.
type written struct{ syncs, events, bytes atomic.Uint64 }

// add counts one synced batch.
func (w *written) add(events, bytes uint64) {
	w.syncs.Add(1)
	w.events.Add(events)
	w.bytes.Add(bytes)
}

// turn is one group's worth of decisions. Its batch reads through to the
// store, so every decision sees the store as the ones before it leave it.
type turn struct {
	batch   *pebble.Batch
	next    uint64 // position of the next event
	last    uint64 // position of the last event put into the batch
	totals  totals
	created int64 // of all events of the batch
	touched map[string]struct{}
}

func (t *turn) decide(w *write) (answer, error) {
	h, err := loadHead(t.batch, w.stream)
	if err != nil {
		return answer{}, err
	}
	if h.tombstoned {
		return answer{verdict: streamDeleted}, nil
	}
	switch w.kind {
	case writeSoftDelete:
		return t.softDelete(w, h)
	case writeTombstone:
		return t.tombstone(w, h)
	default:
		return t.append(w, h)
	}
}

func (t *turn) append(w *write, h head) (answer, error) {
	repeated, refusal, err := t.check(w, h)
	switch {
	case err != nil:
		return answer{}, err
	case refusal != accepted:
		return answer{verdict: refusal, current: h.last}, nil
	case repeated != nil:
		return *repeated, nil
	}

	// A write to a soft-deleted stream, or to its metadata, brings it back.
	stream, before := w.stream, h
	if original, ok := described(w.stream); ok && len(w.events) > 0 {
		stream = original
		if before, err = loadHead(t.batch, original); err != nil {
			return answer{}, err
		}
	}

	a := answer{}
	for _, e := range w.events {
		if a.position, err = t.put(w.stream, &h, h.last+1, e); err != nil {
			return answer{}, err
		}
	}
	a.current = h.last
	if before.retention.softDeleted() {
		if err := t.undelete(stream, before.last+1); err != nil {
			return answer{}, err
		}
	}
	return a, nil
}

// check compares a write with the stream, in the server's order: first what is
// expected of the stream's existence, then whether the events are a repetition,
// then the revision. A write whose events are only partly there is refused.
func (t *turn) check(w *write, h head) (repeated *answer, refusal verdict, err error) {
	switch {
	case w.expected == expectAny || w.expected == expectStreamExists:
		if w.expected == expectStreamExists {
			if h.retention.softDeleted() {
				return nil, streamDeleted, nil
			}
			if !h.exists() {
				return nil, wrongRevision, nil
			}
		}
		return t.findAnywhere(w, h)
	case w.expected > h.last:
		return nil, wrongRevision, nil
	case w.expected < h.last:
		return t.findAfter(w, h)
	default:
		return nil, accepted, nil
	}
}

// findAnywhere looks for the events of a write that does not say where they
// should be. As on the server, their order is not compared.
func (t *turn) findAnywhere(w *write, h head) (*answer, verdict, error) {
	if h.id == 0 {
		return nil, accepted, nil
	}
	var last int64
	for i, e := range w.events {
		revision, found, err := lookup(t.batch, eventIDKey(h.id, e.id), decodeRevision)
		if err != nil {
			return nil, failed, err
		}
		if !found {
			if i > 0 {
				return nil, wrongRevision, nil
			}
			return nil, accepted, nil
		}
		last = revision
	}
	if len(w.events) == 0 {
		return nil, accepted, nil
	}
	return t.repetition(h, last)
}

// findAfter looks for the events of a write right after the revision it
// expected, which the stream has left behind.
func (t *turn) findAfter(w *write, h head) (*answer, verdict, error) {
	same := 0
	for _, e := range w.events {
		at, found, err := lookup(t.batch, revisionKey(h.id, w.expected+1+int64(same)), decodeEntry)
		if err != nil {
			return nil, failed, err
		}
		if !found || at.id != e.id {
			break
		}
		same++
	}
	switch {
	case same > 0 && same == len(w.events):
		return t.repetition(h, w.expected+int64(same))
	case same == 0 && w.expected == noRevision && h.retention.softDeleted():
		// To its writers a soft-deleted stream does not exist.
		return nil, accepted, nil
	default:
		return nil, wrongRevision, nil
	}
}

func (t *turn) repetition(h head, revision int64) (*answer, verdict, error) {
	at, found, err := lookup(t.batch, revisionKey(h.id, revision), decodeEntry)
	if err == nil && !found {
		err = fmt.Errorf("the index of a stream has no revision %d", revision)
	}
	return &answer{current: revision, position: at.position}, accepted, err
}

// put adds one event to the batch, with its index entries and the new head,
// and returns its position.
func (t *turn) put(stream string, h *head, revision int64, p proposed) (uint64, error) {
	e := event{
		position: t.next, revision: revision, created: t.created,
		id: p.id, json: p.json, stream: stream, kind: p.kind, data: p.data, metadata: p.metadata,
	}
	t.totals.events++
	if h.id == 0 {
		h.id = e.position
		t.totals.streams++
	}
	if revision == tombstoneRevision {
		h.tombstoned = true
	} else {
		h.last = revision
	}
	record := e.encode()
	if t.next > math.MaxInt64-uint64(len(record)) {
		return 0, errors.New("the log has no positions left")
	}
	t.last, t.next = t.next, t.next+uint64(len(record))
	t.touched[stream] = struct{}{}

	err := t.batch.Set(eventKey(e.position), record, nil)
	err = errors.Join(err, t.batch.Set(revisionKey(h.id, revision), entry{e.position, e.id}.encode(), nil))
	err = errors.Join(err, t.batch.Set(eventIDKey(h.id, e.id), binary.BigEndian.AppendUint64(nil, uint64(revision)), nil))
	err = errors.Join(err, t.batch.Set(headKey(stream), h.encode(), nil))
	if original, ok := described(stream); ok {
		err = errors.Join(err, t.describe(original, p))
	}
	return e.position, err
}

// describe notes the new metadata of a stream in its head.
func (t *turn) describe(stream string, metadata proposed) error {
	h, err := loadHead(t.batch, stream)
	if err != nil {
		return err
	}
	h.described, h.retention = true, retentionOf(metadata.json, metadata.data)
	return t.batch.Set(headKey(stream), h.encode(), nil)
}

// putMetadata adds an event to the metadata of a stream.
func (t *turn) putMetadata(stream string, metadata []byte) (uint64, error) {
	name := metadataPrefix + stream
	h, err := loadHead(t.batch, name)
	if err != nil {
		return 0, err
	}
	return t.put(name, &h, h.last+1, proposed{id: uuid.New(), kind: metadataKind, json: true, data: metadata})
}

// undelete begins the new life of a soft-deleted stream at the revision, by an
// event in its metadata that keeps the rest of what the metadata says.
func (t *turn) undelete(stream string, from int64) error {
	h, err := loadHead(t.batch, metadataPrefix+stream)
	if err != nil {
		return err
	}
	at, _, err := lookup(t.batch, revisionKey(h.id, h.last), decodeEntry)
	if err != nil {
		return err
	}
	last, _, err := lookup(t.batch, eventKey(at.position), func(b []byte) (*event, error) {
		e, err := decodeEvent(b)
		return e.clone(), err
	})
	if err != nil {
		return err
	}
	metadata, ok := undeleted(last.data, from)
	if !ok {
		return nil
	}
	_, err = t.putMetadata(stream, metadata)
	return err
}

func (t *turn) softDelete(w *write, h head) (answer, error) {
	_, refusal, err := t.check(w, h)
	if err != nil {
		return answer{}, err
	}
	if refusal == accepted && !h.exists() {
		refusal = wrongRevision
	}
	if refusal != accepted {
		return answer{verdict: refusal, current: h.last}, nil
	}
	position, err := t.putMetadata(w.stream, fmt.Appendf(nil, `{"$tb":%d}`, int64(softDeletedFrom)))
	return answer{current: h.last, position: position}, err
}

func (t *turn) tombstone(w *write, h head) (answer, error) {
	_, refusal, err := t.check(w, h)
	if err != nil || refusal != accepted {
		return answer{verdict: refusal, current: h.last}, err
	}
	position, err := t.put(w.stream, &h, tombstoneRevision, proposed{id: uuid.New(), kind: tombstoneKind})
	t.touched[metadataPrefix+w.stream] = struct{}{} // gone with it
	return answer{current: h.last, position: position}, err
}
