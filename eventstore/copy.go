package eventstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/domain"
)

// A server gives every event a time and a position of its own. The time and the position
// in the first log of an event are therefore copied into its metadata, once.
const (
	copiedCreated  = "$copied_created"  // RFC 3339, UTC
	copiedPosition = "$copied_position" // commit position, as text
)

const (
	// maxCopyBytes and maxCopyEvents bound one append. They are far below the limit of
	// a server (1 MiB). A larger event has an append of its own.
	maxCopyBytes  = 256 << 10
	maxCopyEvents = 256
	// maxDifferences is how many differences are described.
	maxDifferences = 20
	// tombstone is the revision of the event that ends a stream for ever.
	tombstone = math.MaxInt64
)

// CopyReport is the result of [CopyLog].
type CopyReport struct {
	Events      int      `json:"events"`             // compared on both sides
	Appended    int      `json:"appended"`           // by this run
	System      int      `json:"system_left_out"`    // events of system streams of the source
	Untimed     int      `json:"without_times"`      // their metadata is not a JSON object, so their times are lost
	Rewritten   int      `json:"metadata_rewritten"` // stream metadata that the target wrote itself, with an id of its own
	Different   int      `json:"different"`          // events that differ
	Differences []string `json:"differences,omitempty"`
}

// CopyPhase is a phase of [CopyLog].
type CopyPhase string

const (
	CopyMatching  CopyPhase = "reading the target"
	CopyCopying   CopyPhase = "copying"
	CopyComparing CopyPhase = "comparing"
)

// CopyProgress is called for every event that [CopyLog] handles, with its position and
// that of the end of the log.
type CopyProgress func(phase CopyPhase, done, of domain.Position)

// CopyLog copies the log of one store into another. The target must be empty or hold the
// beginning of the same log, such as what an earlier run has copied. Ids, types, content,
// revisions and the order of the log are kept. Every append is at its exact revision,
// one after the other, so a retry adds nothing on any leader. System streams, whose
// names begin with $, are not copied, but the metadata of other streams is.
//
// What the source appends meanwhile is left to the next run. In the end both logs are
// compared event by event. A difference is in the report and is not an error.
func CopyLog(ctx context.Context, from, to *Store, progress CopyProgress) (CopyReport, error) {
	end, err := from.End(ctx)
	if err != nil {
		return CopyReport{}, fmt.Errorf("source: %w", err)
	}
	c := &copier{from: from, to: to, end: end, progress: progress}
	held, err := c.match(ctx, CopyMatching)
	if err != nil {
		return c.report, err
	}
	if c.report.Different > 0 {
		return c.report, errors.New("the target holds something else than the beginning of the source's log: " +
			"copy into an empty store")
	}
	appended := 0
	if !held.whole {
		if appended, err = c.append(ctx, held); err != nil {
			return CopyReport{Appended: appended}, err
		}
	}
	held, err = c.match(ctx, CopyComparing)
	if err == nil && !held.whole {
		c.differ("the target does not hold the source's log to its end")
	}
	for _, stream := range slices.Sorted(maps.Keys(held.early)) {
		c.differ("the target has metadata of a stream that the source does not have: %s", stream)
	}
	c.report.Appended = appended
	return c.report, err
}

// copier is the state of one [CopyLog].
type copier struct {
	from, to *Store
	end      domain.Position // of the last event of the source to copy
	progress CopyProgress
	report   CopyReport
}

// differ reports a difference.
func (c *copier) differ(format string, args ...any) {
	if c.report.Different++; len(c.report.Differences) < maxDifferences {
		c.report.Differences = append(c.report.Differences, fmt.Sprintf(format, args...))
	}
}

// isCopied reports whether a stream is copied, that is, whether it is no system stream
// and no metadata of one.
func isCopied(stream string) bool {
	return !strings.HasPrefix(strings.TrimPrefix(stream, "$$"), "$")
}

func isMetadata(stream string) bool { return strings.HasPrefix(stream, "$$") }

// source returns the events of the source to copy, up to the end.
func (c *copier) source(ctx context.Context, after *RawEvent) iter.Seq2[RawEvent, error] {
	return func(yield func(RawEvent, error) bool) {
		for e, err := range c.from.ReadRaw(ctx, RawRead{Stream: All, after: after}) {
			switch {
			case err != nil:
				yield(RawEvent{}, fmt.Errorf("source: %w", err))
				return
			case e.Position > c.end:
				return
			case !isCopied(e.Stream):
				c.report.System++
			case !yield(e, nil):
				return
			}
		}
	}
}

// metadataEvents are events of metadata streams, by stream, that were read on one side
// and not yet on the other.
type metadataEvents map[string][]RawEvent

// take removes and returns the oldest event of the stream.
func (m metadataEvents) take(stream string) (e RawEvent, ok bool) {
	if len(m[stream]) == 0 {
		return e, false
	}
	e = m[stream][0]
	if m[stream] = m[stream][1:]; len(m[stream]) == 0 {
		delete(m, stream)
	}
	return e, true
}

// add adds the event as the newest of its stream.
func (m metadataEvents) add(e RawEvent) { m[e.Stream] = append(m[e.Stream], e) }

// putBack adds the events as the oldest of their streams.
func (m metadataEvents) putBack(events []RawEvent) {
	for _, e := range slices.Backward(events) {
		m[e.Stream] = slices.Insert(m[e.Stream], 0, e)
	}
}

// held is the part of the source's log that the target holds.
type held struct {
	last  *RawEvent      // of the source: the last event, except metadata, that both hold
	whole bool           // the target holds everything
	early metadataEvents // metadata that the target holds and the source has after last
}

// matcher reads both logs side by side for [copier.match].
type matcher struct {
	*copier
	held
	late metadataEvents // metadata that the source has shown and the target has not
	next func() (RawEvent, error, bool)

	// since are the metadata events of the target that were paired with events of the
	// source after last.
	since []RawEvent
}

// match reads both logs side by side and compares their events, which must be in the same
// order. A server writes some stream metadata itself, before or after the event that
// causes it. So the order of metadata counts only within its stream.
func (c *copier) match(ctx context.Context, phase CopyPhase) (held, error) {
	c.report = CopyReport{}
	m := &matcher{copier: c, held: held{early: metadataEvents{}}, late: metadataEvents{}}
	var stop func()
	m.next, stop = iter.Pull2(c.to.ReadRaw(ctx, RawRead{Stream: All}))
	defer stop()
	for e, err := range c.source(ctx, nil) {
		if err != nil {
			return m.held, err
		}
		c.progress(phase, e.Position, c.end)
		if isMetadata(e.Stream) {
			m.metadataOfSource(e)
			continue
		}
		got, ok, err := m.target()
		switch {
		case err != nil:
			return m.held, err
		case !ok:
			m.early.putBack(m.since)
			m.reportMissing()
			return m.held, nil
		case e.Stream != got.Stream || e.Revision != got.Revision:
			c.differ("the source has %s@%d where the target has %s@%d; what follows was not compared",
				e.Stream, e.Revision, got.Stream, got.Revision)
			return m.held, nil
		}
		c.compare(e, got)
		m.last, m.since = &e, nil
	}
	return m.held, m.atEndOfSource()
}

// metadataOfSource handles a metadata event of the source.
func (m *matcher) metadataOfSource(e RawEvent) {
	if got, ok := m.early.take(e.Stream); ok {
		m.pair(e, got)
	} else {
		m.late.add(e)
	}
}

// target returns the next event of the target that is not metadata, and handles the
// metadata before it. ok is false at the end of the log.
func (m *matcher) target() (e RawEvent, ok bool, err error) {
	for {
		e, err, ok := m.next()
		switch {
		case err != nil:
			return e, false, fmt.Errorf("target: %w", err)
		case !ok:
			return e, false, nil
		case !isCopied(e.Stream):
		case !isMetadata(e.Stream):
			return e, true, nil
		default:
			if source, ok := m.late.take(e.Stream); ok {
				m.pair(source, e)
			} else {
				m.early.add(e)
			}
		}
	}
}

// pair compares a metadata event of both sides.
func (m *matcher) pair(source, target RawEvent) {
	m.compare(source, target)
	if m.last == nil || source.Position > m.last.Position {
		m.since = append(m.since, target)
	}
}

// atEndOfSource reads the rest of the target.
func (m *matcher) atEndOfSource() error {
	extra, ok, err := m.target()
	if err != nil {
		return err
	}
	if ok {
		m.differ("the target goes on after the end of the source with %s@%d; what follows was not compared",
			extra.Stream, extra.Revision)
	}
	if m.whole = len(m.late) == 0; !m.whole {
		m.early.putBack(m.since)
	}
	m.reportMissing()
	return nil
}

// reportMissing reports metadata events that the target lacks although it holds a later
// event of the source.
func (m *matcher) reportMissing() {
	for _, stream := range slices.Sorted(maps.Keys(m.late)) {
		for _, e := range m.late[stream] {
			if m.last != nil && e.Position < m.last.Position {
				m.differ("%s@%d is missing in the target", e.Stream, e.Revision)
			}
		}
	}
}

// compare reports where the event of the target differs from that of the source.
func (c *copier) compare(source, target RawEvent) {
	c.report.Events++
	want, timed := copiedMetadata(source)
	if !timed {
		c.report.Untimed++
	}
	where := fmt.Sprintf("%s@%d", source.Stream, source.Revision)
	switch {
	case source.Revision != target.Revision || source.Type != target.Type:
		c.differ("%s of type %s is %s@%d of type %s in the target",
			where, source.Type, target.Stream, target.Revision, target.Type)
	case source.Revision == tombstone: // the server makes its id and content
	case isMetadata(source.Stream) && source.ID != target.ID && equalJSON(source.Data, target.Data):
		c.report.Rewritten++
	case source.ID != target.ID:
		c.differ("%s has the id %s, in the target %s", where, source.ID, target.ID)
	case source.JSON != target.JSON || !bytes.Equal(source.Data, target.Data):
		c.differ("%s has other data in the target", where)
	case !bytes.Equal(want, target.Metadata) && !wasCopiedFrom(source, target):
		c.differ("%s has other metadata in the target", where)
	}
}

// wasCopiedFrom reports whether the source's event is itself a copy of the target's: a
// log that was copied may be copied back.
func wasCopiedFrom(source, target RawEvent) bool {
	form, _ := copiedMetadata(target)
	return bytes.Equal(form, source.Metadata)
}

// copiedMetadata returns the metadata of an event's copy: its own, and the time and the
// position in its first log. timed is false where the metadata is not a JSON object, to
// which these could be added. Events of metadata streams are copied unchanged.
func copiedMetadata(e RawEvent) (metadata []byte, timed bool) {
	if isMetadata(e.Stream) || e.Revision == tombstone {
		return e.Metadata, true
	}
	text := bytes.TrimSpace(e.Metadata)
	if len(text) == 0 {
		text = []byte("{}")
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members == nil {
		return e.Metadata, false
	}
	if _, ok := members[copiedCreated]; ok {
		return e.Metadata, true
	}
	form := append([]byte(nil), text[:len(text)-1]...)
	if len(members) > 0 {
		form = append(form, ',')
	}
	return fmt.Appendf(form, `%q:%q,%q:%q}`, copiedCreated, e.Created.UTC().Format(time.RFC3339Nano),
		copiedPosition, strconv.FormatUint(uint64(e.Position), 10)), true
}

// equalJSON reports whether both texts are equal as JSON. A server that rewrites metadata
// keeps its members and not its bytes.
func equalJSON(a, b []byte) bool {
	var values [2]any
	for i, text := range [][]byte{a, b} {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}

// append appends what the target lacks and returns the number of these events. Successive
// events of one stream share an append.
func (c *copier) append(ctx context.Context, held held) (appended int, err error) {
	var batch []RawEvent
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if _, _, err := c.to.AppendRaw(ctx, batch[0].Stream, Expected(batch[0].Revision)-1, batch); err != nil {
			return c.explain(ctx, batch[0], err)
		}
		appended += len(batch)
		batch, size = batch[:0], 0
		return nil
	}
	for e, err := range c.source(ctx, held.last) {
		if err != nil {
			return appended, errors.Join(err, flush())
		}
		bytes := len(e.Data) + len(e.Metadata) + len(e.Type)
		alone := isMetadata(e.Stream) || e.Revision == tombstone
		full := len(batch) == maxCopyEvents || size+bytes > maxCopyBytes
		if alone || full || len(batch) > 0 && batch[0].Stream != e.Stream {
			if err := flush(); err != nil {
				return appended, err
			}
		}
		c.progress(CopyCopying, e.Position, c.end)
		if !alone {
			e.Metadata, _ = copiedMetadata(e)
			batch, size = append(batch, e), size+bytes
			continue
		}
		if _, ok := held.early.take(e.Stream); ok {
			continue // the target has it; the comparison at the end checks whether it is equal
		}
		added, err := c.appendAlone(ctx, e)
		if err != nil {
			return appended, err
		}
		appended += added
	}
	return appended, flush()
}

// appendAlone appends an event of metadata or the tombstone of a stream, which the server
// may have written itself. It returns the number of added events.
func (c *copier) appendAlone(ctx context.Context, e RawEvent) (added int, err error) {
	if e.Revision == tombstone {
		return 1, c.to.tombstone(ctx, e.Stream)
	}
	_, _, err = c.to.AppendRaw(ctx, e.Stream, Expected(e.Revision)-1, []RawEvent{e})
	var moved *RevisionError
	if errors.As(err, &moved) { // has the server written it, when the deleted stream got new events?
		for last, lastErr := range c.to.ReadRaw(ctx, RawRead{Stream: e.Stream, Backwards: true, Limit: 1}) {
			if lastErr == nil && last.Revision == e.Revision && last.Type == e.Type && equalJSON(last.Data, e.Data) {
				return 0, nil
			}
		}
	}
	return 1, c.explain(ctx, e, err)
}

// tombstone ends a stream for ever. It is idempotent, and needs no expected revision.
func (s *Store) tombstone(ctx context.Context, stream string) error {
	_, err := retry(ctx, func() (*esdb.DeleteResult, error) {
		return call(ctx, s, stream, func(ctx context.Context, c *esdb.Client) (*esdb.DeleteResult, error) {
			return c.TombstoneStream(ctx, stream, esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}})
		})
	})
	var ended *esdb.Error
	if errors.As(err, &ended) && ended.Code() == esdb.ErrorCodeStreamDeleted {
		return nil
	}
	return err
}

// explain returns an error that says why an event cannot be copied.
func (c *copier) explain(ctx context.Context, e RawEvent, err error) error {
	var moved *RevisionError
	if err == nil || !errors.As(err, &moved) {
		return err
	}
	next := uint64(0)
	for last, lastErr := range c.to.ReadRaw(ctx, RawRead{Stream: e.Stream, Backwards: true, Limit: 1}) {
		if lastErr != nil {
			return errors.Join(err, lastErr)
		}
		next = last.Revision + 1
	}
	if next < e.Revision {
		return fmt.Errorf("the source holds %s from revision %d on but not revision %d: "+
			"a scavenge has removed truncated or deleted events, and without them the revisions cannot be kept; "+
			"nothing from position %d on was copied", e.Stream, e.Revision, next, e.Position)
	}
	return fmt.Errorf("target: another process appends to it: %w", err)
}
