package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

// Expectations of a write other than a revision, with the numbers of the protocol's older
// generation. noRevision expects that the stream does not exist.
const (
	expectAny          int64 = -2
	expectStreamExists int64 = -4
)

// Bounds of one group of writes, which share an fsync. A larger group would only delay the
// answers.
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

// write is one request to change one stream.
type write struct {
	// A write is dropped where ctx ends or the deadline passes before the write is
	// decided. The zero deadline never passes.
	ctx      context.Context
	deadline time.Time
	reserved int64 // bytes of the queue; set by the queue

	kind     writeKind
	stream   string
	expected int64
	events   []proposed
	answer   chan<- answer // buffered for the one answer
}

// proposed is an event to write.
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

// answer is the outcome of a write. It is sent after the fsync.
type answer struct {
	verdict verdict
	// current is the revision of the stream's last event, after an accepted write or
	// at the time of a refusal.
	current int64
	// position is that of the last event of the write, or of the earlier write that it
	// repeats; 0 if the store is empty.
	position uint64
	err      error // set if failed
}

// dropped returns an error if the write must not be decided any more.
func (w *write) dropped(now time.Time) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if !w.deadline.IsZero() && !now.Before(w.deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// write queues a write and waits for its answer. After an error the outcome is unknown. While the
// disk takes no writes it refuses at once, also the writes that wait.
func (s *store) write(ctx context.Context, w *write) (answer, error) {
	answers := make(chan answer, 1)
	w.ctx, w.answer = ctx, answers
	if err := s.submit(w); err != nil {
		return answer{}, err
	}
	return s.await(ctx, answers)
}

// submit queues a write.
func (s *store) submit(w *write) error {
	if _, trouble := s.health.now(); trouble != nil {
		return trouble
	}
	return s.queue.put(w.ctx, w)
}

// await waits for the answer to a queued write.
func (s *store) await(ctx context.Context, answers <-chan answer) (answer, error) {
	begun, _ := s.health.now()
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-begun:
	}
	select {
	case a := <-answers: // it came first
		return a, nil
	default:
	}
	_, trouble := s.health.now()
	if trouble == nil { // it was short
		return s.await(ctx, answers)
	}
	return answer{}, trouble
}

// commitLoop is the committer, the only goroutine that writes. Writes that arrive during an
// fsync share the next one. The loop ends when the queue is closed and every write in it
// is answered.
func (s *store) commitLoop() {
	defer close(s.committed)
	var again reopening
	for {
		failed := s.engine.disk.failed
		if s.onlyLooks || again.due != nil {
			failed = nil
		}
		select {
		case first, ok := <-s.queue.writes:
			if !ok {
				return
			}
			s.queue.release(first)
			s.commitGroup(s.gather(first))
		case f := <-s.exclusive:
			f()
		case <-failed:
			again.plan(nil)
		case <-again.due:
			if err := s.reopen(); err != nil {
				again.plan(err)
			} else {
				again.done()
			}
		}
	}
}

// gather returns the group of the first write: it and those that wait, within the bounds.
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

// size is the size of a write for the bounds of the queue and of a group, in bytes.
func (w *write) size() int {
	size := 0
	for _, e := range w.events {
		size += len(e.data) + len(e.metadata)
	}
	return size
}

// commitGroup decides the writes one after another, each on the state after those before
// it, and syncs the accepted ones in one batch. It answers all of them after the fsync,
// since a refusal may rest on an event of the same batch.
func (s *store) commitGroup(group []*write) {
	g, answers := s.decideGroup(group)
	if !g.batch.Empty() || asksForRoom(group) {
		if err := s.engine.disk.room(g.batch.Len()); err != nil {
			_ = g.batch.Close()
			s.noRoom(group, err)
			return
		}
	}
	if err := s.commitBatch(g); err != nil {
		for _, w := range group {
			w.answer <- answer{verdict: failed, err: err}
		}
		return
	}
	s.answerGroup(group, answers)
}

// decideGroup decides the writes. Where one cannot be decided, because a part of the store that it
// needs cannot be read, the batch may hold a part of it. So the others are decided again without it.
func (s *store) decideGroup(group []*write) (*groupBatch, []answer) {
	answers := make([]answer, len(group))
	now := time.Now()
	for i, w := range group {
		if err := w.dropped(now); err != nil {
			answers[i] = answer{verdict: failed, err: err}
		}
	}
	for {
		g := s.newGroup()
		undecided := -1
		for i, w := range group {
			if answers[i].verdict == failed {
				continue
			}
			a, err := g.decide(w)
			if err != nil {
				answers[i] = answer{verdict: failed, err: fmt.Errorf("commit: %w", err)}
				undecided = i
				break
			}
			answers[i] = a
		}
		if undecided < 0 {
			return g, answers
		}
		_ = g.batch.Close()
	}
}

func (s *store) newGroup() *groupBatch {
	return &groupBatch{
		batch: s.engine.db.NewIndexedBatch(), next: s.next, totals: s.totals, created: s.ticks(),
		touched: make(map[string]struct{}),
	}
}

// commitBatch syncs what a group has written, and makes it visible. It closes the batch.
func (s *store) commitBatch(g *groupBatch) error {
	if g.batch.Empty() {
		return g.batch.Close()
	}
	if err := g.batch.Set([]byte{keyTotals}, g.totals.encode(), nil); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := s.engine.commit(g.batch); err != nil {
		return err
	}
	s.written.add(g.totals.events-s.totals.events, g.next-s.next)
	s.next, s.totals = g.next, g.totals
	s.publish(g.last)
	s.waiters.wake(g.touched)
	return nil
}

// answerGroup answers the writes. One that has no position gets that of the last event.
func (s *store) answerGroup(group []*write, answers []answer) {
	last := s.view()
	defer last.release()
	for i, w := range group {
		if answers[i].verdict == accepted && answers[i].position == 0 {
			answers[i].position = last.last
		}
		w.answer <- answers[i]
	}
}

// asksForRoom reports whether the group has an append without events. A client asks by it whether
// appends are taken.
func asksForRoom(group []*write) bool {
	return slices.ContainsFunc(group, (*write).isProbe)
}

func (w *write) isProbe() bool { return w.kind == writeAppend && len(w.events) == 0 }

// noRoom answers a group for which there is no room on the disk. A write that would change nothing
// is answered as ever, such as the repetition of an append that was acknowledged.
func (s *store) noRoom(group []*write, full error) {
	s.health.log.say(slog.LevelError, takesNoAppends, "reason", messageOf(full))
	for _, w := range group {
		alone := []*write{w}
		g, answers := s.decideGroup(alone)
		if !g.batch.Empty() || w.isProbe() {
			w.answer <- answer{verdict: failed, err: full}
		} else {
			s.answerGroup(alone, answers)
		}
		_ = g.batch.Close()
	}
}

// written counts what was written since the store was opened.
type written struct{ syncs, events, bytes atomic.Uint64 }

// add counts one synced batch.
func (w *written) add(events, bytes uint64) {
	w.syncs.Add(1)
	w.events.Add(events)
	w.bytes.Add(bytes)
}

// groupBatch decides the writes of one group. Its batch reads through to the store, so
// that every decision sees the result of those before it.
type groupBatch struct {
	batch   *pebble.Batch
	next    uint64 // position of the next event
	last    uint64 // position of the last event in the batch
	totals  totals
	created int64 // creation time of all events of the batch
	touched map[string]struct{}
}

func (g *groupBatch) decide(w *write) (answer, error) {
	h, err := loadHead(g.batch, w.stream)
	if err != nil {
		return answer{}, err
	}
	if h.tombstoned {
		return answer{verdict: streamDeleted}, nil
	}
	switch w.kind {
	case writeSoftDelete:
		return g.softDelete(w, h)
	case writeTombstone:
		return g.tombstone(w, h)
	default:
		return g.append(w, h)
	}
}

func (g *groupBatch) append(w *write, h head) (answer, error) {
	repeated, refusal, err := g.check(w, h)
	switch {
	case err != nil:
		return answer{}, err
	case refusal != accepted:
		return answer{verdict: refusal, current: h.last}, nil
	case repeated != nil:
		return *repeated, nil
	}

	// A write to a soft-deleted stream, or to its metadata, undeletes it.
	stream, before := w.stream, h
	if original, ok := metadataTarget(w.stream); ok && len(w.events) > 0 {
		stream = original
		if before, err = loadHead(g.batch, original); err != nil {
			return answer{}, err
		}
	}

	a := answer{}
	for _, e := range w.events {
		if a.position, err = g.put(w.stream, &h, h.last+1, e); err != nil {
			return answer{}, err
		}
	}
	a.current = h.last
	if before.retention.softDeleted() {
		if err := g.undelete(stream, before.last+1); err != nil {
			return answer{}, err
		}
	}
	return a, nil
}

// check compares a write with the stream, in the order of the server: first the
// expectation about its existence, then whether the write repeats an earlier one, then
// the revision. It refuses a write if the stream holds only some of its events.
func (g *groupBatch) check(w *write, h head) (repeated *answer, refusal verdict, err error) {
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
		return g.findByID(w, h)
	case w.expected > h.last:
		return nil, wrongRevision, nil
	case w.expected < h.last:
		return g.findAfterRevision(w, h)
	default:
		return nil, accepted, nil
	}
}

// findByID looks for the events of a write without an expected revision. As on the server,
// their order is not compared.
func (g *groupBatch) findByID(w *write, h head) (*answer, verdict, error) {
	if h.id == 0 {
		return nil, accepted, nil
	}
	var last int64
	for i, e := range w.events {
		revision, found, err := lookup(g.batch, eventIDKey(h.id, e.id), decodeRevision)
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
	return g.repeatedAnswer(h, last)
}

// findAfterRevision looks for the events of a write right after its expected revision,
// which is not the last one of the stream.
func (g *groupBatch) findAfterRevision(w *write, h head) (*answer, verdict, error) {
	same := 0
	for _, e := range w.events {
		at, found, err := lookup(g.batch, revisionKey(h.id, w.expected+1+int64(same)), decodeEntry)
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
		return g.repeatedAnswer(h, w.expected+int64(same))
	case same == 0 && w.expected == noRevision && h.retention.softDeleted():
		// For a write, a soft-deleted stream does not exist.
		return nil, accepted, nil
	default:
		return nil, wrongRevision, nil
	}
}

// repeatedAnswer is the answer to a write that repeats an earlier one, whose last event is
// at the revision.
func (g *groupBatch) repeatedAnswer(h head, revision int64) (*answer, verdict, error) {
	at, found, err := lookup(g.batch, revisionKey(h.id, revision), decodeEntry)
	if err == nil && !found {
		err = fmt.Errorf("the index of a stream has no revision %d", revision)
	}
	return &answer{current: revision, position: at.position}, accepted, err
}

// put adds one event to the batch, with its index entries and the new head,
// and returns its position.
func (g *groupBatch) put(stream string, h *head, revision int64, p proposed) (uint64, error) {
	e := event{
		position: g.next, revision: revision, created: g.created,
		id: p.id, json: p.json, stream: stream, kind: p.kind, data: p.data, metadata: p.metadata,
	}
	g.totals.events++
	if h.id == 0 {
		h.id = e.position
		g.totals.streams++
	}
	if revision == tombstoneRevision {
		h.tombstoned = true
	} else {
		h.last = revision
	}
	record := e.encode()
	if g.next > math.MaxInt64-uint64(len(record)) {
		return 0, errors.New("the log has no positions left")
	}
	g.last, g.next = g.next, g.next+uint64(len(record))
	g.touched[stream] = struct{}{}

	err := g.batch.Set(eventKey(e.position), record, nil)
	err = errors.Join(err, g.batch.Set(revisionKey(h.id, revision), entry{e.position, e.id}.encode(), nil))
	err = errors.Join(err, g.batch.Set(eventIDKey(h.id, e.id), binary.BigEndian.AppendUint64(nil, uint64(revision)), nil))
	err = errors.Join(err, g.batch.Set(headKey(stream), h.encode(), nil))
	if original, ok := metadataTarget(stream); ok {
		err = errors.Join(err, g.noteMetadata(original, p))
	}
	return e.position, err
}

// noteMetadata notes the new metadata of a stream in its head.
func (g *groupBatch) noteMetadata(stream string, metadata proposed) error {
	h, err := loadHead(g.batch, stream)
	if err != nil {
		return err
	}
	h.hasMetadata, h.retention = true, retentionOf(metadata.json, metadata.data)
	return g.batch.Set(headKey(stream), h.encode(), nil)
}

// putMetadata adds an event to the metadata of a stream.
func (g *groupBatch) putMetadata(stream string, metadata []byte) (uint64, error) {
	name := metadataPrefix + stream
	h, err := loadHead(g.batch, name)
	if err != nil {
		return 0, err
	}
	return g.put(name, &h, h.last+1, proposed{id: uuid.New(), kind: metadataKind, json: true, data: metadata})
}

// undelete makes a soft-deleted stream visible again from the revision on. It writes a
// metadata event that keeps the other members.
func (g *groupBatch) undelete(stream string, from int64) error {
	h, err := loadHead(g.batch, metadataPrefix+stream)
	if err != nil {
		return err
	}
	at, _, err := lookup(g.batch, revisionKey(h.id, h.last), decodeEntry)
	if err != nil {
		return err
	}
	last, _, err := lookup(g.batch, eventKey(at.position), func(b []byte) (*event, error) {
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
	_, err = g.putMetadata(stream, metadata)
	return err
}

func (g *groupBatch) softDelete(w *write, h head) (answer, error) {
	_, refusal, err := g.check(w, h)
	if err != nil {
		return answer{}, err
	}
	if refusal == accepted && !h.exists() {
		refusal = wrongRevision
	}
	if refusal != accepted {
		return answer{verdict: refusal, current: h.last}, nil
	}
	position, err := g.putMetadata(w.stream, fmt.Appendf(nil, `{"$tb":%d}`, int64(softDeletedFrom)))
	return answer{current: h.last, position: position}, err
}

func (g *groupBatch) tombstone(w *write, h head) (answer, error) {
	_, refusal, err := g.check(w, h)
	if err != nil || refusal != accepted {
		return answer{verdict: refusal, current: h.last}, err
	}
	position, err := g.put(w.stream, &h, tombstoneRevision, proposed{id: uuid.New(), kind: tombstoneKind})
	g.touched[metadataPrefix+w.stream] = struct{}{} // it ends too
	return answer{current: h.last, position: position}, err
}
