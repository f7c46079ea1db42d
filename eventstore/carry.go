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

// A server gives every event it takes a time and a position of its own, so those
// of the log that an event was carried from stand in its metadata. What was
// carried before keeps the ones of its first log.
const (
	copiedCreated  = "$copied_created"  // RFC 3339, UTC
	copiedPosition = "$copied_position" // commit position, as text
)

const (
	// carryBytes and carryEvents bound one append, far below the least limit of
	// a server (1 MiB); a larger event goes alone.
	carryBytes  = 256 << 10
	carryEvents = 256
	// maxDifferences is how many differences are told one by one.
	maxDifferences = 20
	// tombstone is the revision of the event that ends a stream for ever.
	tombstone = math.MaxInt64
)

// CarryReport says what a [Carry] found and did.
type CarryReport struct {
	Events      int      `json:"events"`             // that both sides have been compared by
	Appended    int      `json:"appended"`           // by this run, beside what an earlier one had carried
	System      int      `json:"system_left_out"`    // events of the source's own streams
	Untimed     int      `json:"without_times"`      // their metadata is no JSON object that could take the times
	Rewritten   int      `json:"metadata_rewritten"` // stream metadata that the target wrote itself, with an id of its own
	Different   int      `json:"different"`          // events that are not the same on both sides
	Differences []string `json:"differences,omitempty"`
}

// CarryPhase is what a [Carry] is doing.
type CarryPhase string

const (
	CarryLooks    CarryPhase = "looking what is there"
	CarryCopies   CarryPhase = "copying"
	CarryCompares CarryPhase = "comparing"
)

// Show is told of every event that a [Carry] passes: where it stands, and where
// the log ends.
type Show func(phase CarryPhase, done, of domain.Position)

// Carry copies the log of one store into another, which must hold nothing but
// the beginning of the same log: what an earlier run, ended at any point, has
// carried. Ids, types, content, revisions and the order of the log are kept. One
// append is under way at a time, at its exact revision, so a repetition adds
// nothing on any leader. Streams that begin with $ belong to their server and
// stay there, but the metadata of other streams is carried.
//
// What the source takes while this runs is left to the next run. In the end both
// logs are read and compared, event by event; a difference is in the report and
// no error.
func Carry(ctx context.Context, from, to *Store, show Show) (CarryReport, error) {
	end, err := from.End(ctx)
	if err != nil {
		return CarryReport{}, fmt.Errorf("source: %w", err)
	}
	c := &carrier{from: from, to: to, end: end, show: show}
	there, err := c.match(ctx, CarryLooks)
	if err != nil {
		return c.report, err
	}
	if c.report.Different > 0 {
		return c.report, errors.New("the target holds something else than the beginning of the source's log: " +
			"carry it into an empty store")
	}
	appended := 0
	if !there.whole {
		if appended, err = c.append(ctx, there); err != nil {
			return CarryReport{Appended: appended}, err
		}
	}
	there, err = c.match(ctx, CarryCompares)
	if err == nil && !there.whole {
		c.differ("the target does not hold the source's log to its end")
	}
	for _, stream := range slices.Sorted(maps.Keys(there.ahead)) {
		c.differ("the target has metadata of a stream that the source has not: %s", stream)
	}
	c.report.Appended = appended
	return c.report, err
}

// carrier is a carry under way.
type carrier struct {
	from, to *Store
	end      domain.Position // last of the source that is carried
	show     Show
	report   CarryReport
}

// differ notes a difference.
func (c *carrier) differ(format string, args ...any) {
	if c.report.Different++; len(c.report.Differences) < maxDifferences {
		c.report.Differences = append(c.report.Differences, fmt.Sprintf(format, args...))
	}
}

// carried reports whether a stream is carried: those that begin with $ are the
// server's own. Metadata goes with its stream.
func carried(stream string) bool {
	return !strings.HasPrefix(strings.TrimPrefix(stream, "$$"), "$")
}

func isMetadata(stream string) bool { return strings.HasPrefix(stream, "$$") }

// source returns the events of the source that are carried, up to the end.
func (c *carrier) source(ctx context.Context, after *RawEvent) iter.Seq2[RawEvent, error] {
	return func(yield func(RawEvent, error) bool) {
		for e, err := range c.from.ReadRaw(ctx, RawRead{Stream: All, after: after}) {
			switch {
			case err != nil:
				yield(RawEvent{}, fmt.Errorf("source: %w", err))
				return
			case e.Position > c.end:
				return
			case !carried(e.Stream):
				c.report.System++
			case !yield(e, nil):
				return
			}
		}
	}
}

// metadataEvents are events of metadata streams that only one side has shown yet.
type metadataEvents map[string][]RawEvent

// take removes and returns the oldest of the stream.
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

// putBack makes the events the oldest of their streams again.
func (m metadataEvents) putBack(events []RawEvent) {
	for _, e := range slices.Backward(events) {
		m[e.Stream] = slices.Insert(m[e.Stream], 0, e)
	}
}

// matched is how much of the source's log the target holds.
type matched struct {
	after *RawEvent      // of the source: the last, beside metadata, that both hold
	whole bool           // all of it
	ahead metadataEvents // of the target, which the source has not shown up to there
}

// match reads both logs side by side. Their events must stand in the same order;
// but a server writes some metadata of streams itself, before or after the event
// that calls for it, so that of metadata only the order within its stream counts.
func (c *carrier) match(ctx context.Context, phase CarryPhase) (m matched, err error) {
	c.report = CarryReport{}
	m.ahead = metadataEvents{}
	behind := metadataEvents{}
	next, stop := iter.Pull2(c.to.ReadRaw(ctx, RawRead{Stream: All}))
	defer stop()
	var since []RawEvent // of the target, paired with what the source shows after m.after
	pair := func(source, target RawEvent) {
		c.compare(source, target)
		if m.after == nil || source.Position > m.after.Position {
			since = append(since, target)
		}
	}
	target := func() (RawEvent, bool, error) {
		for {
			e, err, ok := next()
			switch {
			case err != nil:
				return e, false, fmt.Errorf("target: %w", err)
			case !ok:
				return e, false, nil
			case !carried(e.Stream):
			case !isMetadata(e.Stream):
				return e, true, nil
			default:
				if source, ok := behind.take(e.Stream); ok {
					pair(source, e)
				} else {
					m.ahead[e.Stream] = append(m.ahead[e.Stream], e)
				}
			}
		}
	}
	for e, err := range c.source(ctx, nil) {
		if err != nil {
			return m, err
		}
		c.show(phase, e.Position, c.end)
		if isMetadata(e.Stream) {
			if got, ok := m.ahead.take(e.Stream); ok {
				pair(e, got)
			} else {
				behind[e.Stream] = append(behind[e.Stream], e)
			}
			continue
		}
		got, ok, err := target()
		if err != nil {
			return m, err
		}
		if !ok {
			m.ahead.putBack(since)
			c.tellLost(behind, m.after)
			return m, nil
		}
		if e.Stream != got.Stream || e.Revision != got.Revision {
			c.differ("where the source has %s@%d the target has %s@%d; what follows was not compared",
				e.Stream, e.Revision, got.Stream, got.Revision)
			return m, nil
		}
		c.compare(e, got)
		m.after, since = &e, nil
	}
	extra, ok, err := target()
	if err != nil {
		return m, err
	}
	if ok {
		c.differ("the target goes on after the end of the source with %s@%d; what follows was not compared",
			extra.Stream, extra.Revision)
	}
	if m.whole = len(behind) == 0; !m.whole {
		m.ahead.putBack(since)
	}
	c.tellLost(behind, m.after)
	return m, nil
}

// tellLost notes metadata events that the target lacks although it holds what came
// later.
func (c *carrier) tellLost(behind metadataEvents, after *RawEvent) {
	for _, stream := range slices.Sorted(maps.Keys(behind)) {
		for _, e := range behind[stream] {
			if after != nil && e.Position < after.Position {
				c.differ("%s@%d is missing in the target", e.Stream, e.Revision)
			}
		}
	}
}

// compare notes what the target has otherwise than it should.
func (c *carrier) compare(source, target RawEvent) {
	c.report.Events++
	want, timed := carriedForm(source)
	if !timed {
		c.report.Untimed++
	}
	where := fmt.Sprintf("%s@%d", source.Stream, source.Revision)
	switch {
	case source.Revision != target.Revision || source.Type != target.Type:
		c.differ("%s of type %s is %s@%d of type %s in the target",
			where, source.Type, target.Stream, target.Revision, target.Type)
	case source.Revision == tombstone: // its id and content are the server's
	case isMetadata(source.Stream) && source.ID != target.ID && equalJSON(source.Data, target.Data):
		c.report.Rewritten++
	case source.ID != target.ID:
		c.differ("%s has the id %s, in the target %s", where, source.ID, target.ID)
	case source.JSON != target.JSON || !bytes.Equal(source.Data, target.Data):
		c.differ("%s has other data in the target", where)
	case !bytes.Equal(want, target.Metadata) && !cameFrom(source, target):
		c.differ("%s has other metadata in the target", where)
	}
}

// cameFrom reports whether the event was carried from the very one in the
// target: a log that went on elsewhere comes home.
func cameFrom(source, target RawEvent) bool {
	form, _ := carriedForm(target)
	return bytes.Equal(form, source.Metadata)
}

// carriedForm is the metadata under which an event is carried: its own, with the
// time and the position of the log where it was first. timed is false where it
// is no JSON object, which could take them. Metadata of streams is carried as it is.
func carriedForm(e RawEvent) (metadata []byte, timed bool) {
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

// equalJSON reports whether both texts say the same; a server that writes
// metadata itself keeps members, not bytes.
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

// append appends what the target lacks, and returns how many events that were.
// A run of events of one stream is one append.
func (c *carrier) append(ctx context.Context, there matched) (appended int, err error) {
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
	for e, err := range c.source(ctx, there.after) {
		if err != nil {
			return appended, errors.Join(err, flush())
		}
		bytes := len(e.Data) + len(e.Metadata) + len(e.Type)
		alone := isMetadata(e.Stream) || e.Revision == tombstone
		full := len(batch) == carryEvents || size+bytes > carryBytes
		if alone || full || len(batch) > 0 && batch[0].Stream != e.Stream {
			if err := flush(); err != nil {
				return appended, err
			}
		}
		c.show(CarryCopies, e.Position, c.end)
		if !alone {
			e.Metadata, _ = carriedForm(e)
			batch, size = append(batch, e), size+bytes
			continue
		}
		if _, there := there.ahead.take(e.Stream); there {
			continue // the comparison at the end tells whether it is the same
		}
		added, err := c.appendAlone(ctx, e)
		if err != nil {
			return appended, err
		}
		appended += added
	}
	return appended, flush()
}

// appendAlone appends an event to which the server may have an answer of its
// own: metadata of a stream, or the end of one. It returns how many it added.
func (c *carrier) appendAlone(ctx context.Context, e RawEvent) (added int, err error) {
	if e.Revision == tombstone {
		return 1, c.to.tombstone(ctx, e.Stream)
	}
	_, _, err = c.to.AppendRaw(ctx, e.Stream, Expected(e.Revision)-1, []RawEvent{e})
	var moved *RevisionError
	if errors.As(err, &moved) { // as the server wrote it when the deleted stream went on?
		for last, lastErr := range c.to.ReadRaw(ctx, RawRead{Stream: e.Stream, Backwards: true, Limit: 1}) {
			if lastErr == nil && last.Revision == e.Revision && last.Type == e.Type && equalJSON(last.Data, e.Data) {
				return 0, nil
			}
		}
	}
	return 1, c.explain(ctx, e, err)
}

// tombstone ends a stream for ever, if it is not ended already. It looks at no
// revision: it can happen only once.
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

// explain says what keeps an event from being carried.
func (c *carrier) explain(ctx context.Context, e RawEvent, err error) error {
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
			"what was truncated or deleted there has been scavenged, and without it the revisions cannot be kept; "+
			"nothing from position %d on was carried", e.Stream, e.Revision, next, e.Position)
	}
	return fmt.Errorf("target: something else writes to it: %w", err)
}
