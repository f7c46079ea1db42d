package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// The keys of the store, integers big endian so that they sort as numbers:
//
//	'e' position               the event's record
//	'r' stream id, revision    position(8) and event id(16) of that event
//	'i' stream id, event id    revision(8): finds a repeated append
//	'h' stream name            the stream's head
//	'n'                        how many events(8) and streams(8) there are, and
//	                           once scavenged, how many events(8) of how many
//	                           bytes(8) are gone
//	'f'                        format of the whole store
//
// A stream's id, not its name, is in 'r' and 'i': names can be long.
const (
	keyEvent    = 'e'
	keyRevision = 'r'
	keyEventID  = 'i'
	keyHead     = 'h'
	keyTotals   = 'n'
	keyFormat   = 'f'
)

// storeFormat is written once into an empty directory. A directory of another
// format is refused, never converted on the way.
const storeFormat = 1

// firstPosition is the position of the first event of a store. 0 is never an
// event, so that a checkpoint of 0 means that nothing was seen.
const firstPosition uint64 = 1

// ticksPerSecond is the protocol's unit of time, 100 ns.
const ticksPerSecond = 10_000_000

func eventKey(position uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{keyEvent}, position)
}

func revisionKey(streamID uint64, revision int64) []byte {
	b := binary.BigEndian.AppendUint64([]byte{keyRevision}, streamID)
	return binary.BigEndian.AppendUint64(b, uint64(revision))
}

func eventIDKey(streamID uint64, id uuid.UUID) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{keyEventID}, streamID), id[:]...)
}

func headKey(stream string) []byte { return append([]byte{keyHead}, stream...) }

// entry is what the index of a stream holds of one event.
type entry struct {
	position uint64
	id       uuid.UUID
}

func (e entry) encode() []byte {
	return append(binary.BigEndian.AppendUint64(nil, e.position), e.id[:]...)
}

func decodeEntry(b []byte) (entry, error) {
	if len(b) != 24 {
		return entry{}, fmt.Errorf("stream index entry of %d bytes, not 24", len(b))
	}
	return entry{binary.BigEndian.Uint64(b), uuid.UUID(b[8:])}, nil
}

// totals count what is in the store, so that nobody has to, and what scavenges
// took out of it, by which a check knows those holes from damage.
type totals struct {
	events        uint64
	streams       uint64 // that hold at least one event, also a hidden one
	removedEvents uint64
	removedBytes  uint64 // of positions
}

func (t totals) encode() []byte {
	b := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, t.events), t.streams)
	if t.removedEvents > 0 {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, t.removedEvents), t.removedBytes)
	}
	return b
}

func decodeTotals(b []byte) (totals, error) {
	if len(b) != 16 && len(b) != 32 {
		return totals{}, fmt.Errorf("totals of %d bytes, neither 16 nor 32", len(b))
	}
	t := totals{events: binary.BigEndian.Uint64(b), streams: binary.BigEndian.Uint64(b[8:])}
	if len(b) == 32 {
		t.removedEvents, t.removedBytes = binary.BigEndian.Uint64(b[16:]), binary.BigEndian.Uint64(b[24:])
	}
	return t, nil
}

// getter is the part of the storage engine that point reads need: the view of
// a reader and the batch of the committer both have it.
type getter interface {
	Get(key []byte) ([]byte, io.Closer, error)
}

// lookup reads one value and decodes it before its memory goes back to the
// engine. Found is false if there is no such key.
func lookup[T any](g getter, key []byte, decode func([]byte) (T, error)) (value T, found bool, err error) {
	b, closer, err := g.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return value, false, nil
	}
	if err != nil {
		return value, false, fmt.Errorf("read from storage: %w", err)
	}
	value, err = decode(b)
	return value, true, errors.Join(err, closer.Close())
}

// loadHead returns the head of a stream; of a stream never heard of, one
// without events.
func loadHead(g getter, stream string) (head, error) {
	h, found, err := lookup(g, headKey(stream), decodeHead)
	if err != nil {
		return head{}, fmt.Errorf("head of a stream: %w", err)
	}
	if !found {
		h.last = noRevision
	}
	if h.lenient {
		h.lenient = false
		if h.retention, err = loadRetention(g, stream); err != nil {
			return head{}, err
		}
	}
	// The metadata of a tombstoned stream is tombstoned with it.
	if original, ok := described(stream); ok {
		h.retention = metadataRetention
		o, err := loadHead(g, original)
		if err != nil {
			return head{}, err
		}
		h.tombstoned = o.tombstoned
	}
	return h, nil
}

// loadRetention reads the retention of a stream from its metadata.
func loadRetention(g getter, stream string) (retention, error) {
	h, found, err := lookup(g, headKey(metadataPrefix+stream), decodeHead)
	if err != nil || !found {
		return retention{}, err
	}
	at, found, err := lookup(g, revisionKey(h.id, h.last), decodeEntry)
	if err != nil || !found {
		return retention{}, err
	}
	return retentionAt(g, at.position)
}

// retentionAt reads the metadata event at the position.
func retentionAt(g getter, position uint64) (retention, error) {
	told, _, err := lookup(g, eventKey(position), func(b []byte) (retention, error) {
		e, err := decodeRecord(b)
		return retentionOf(e.json, e.data), err
	})
	return told, err
}

func decodeRevision(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("event id entry of %d bytes, not 8", len(b))
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// view is the store as it was right after one commit reached the disk. Readers
// only ever see views, so nothing is shown that a crash could take back.
type view struct {
	snapshot *pebble.Snapshot
	// last is the position of the last event, 0 in an empty store.
	last uint64
	// refs counts the readers, and the store itself while the view is current.
	// The snapshot is closed by whoever takes the count to 0.
	refs atomic.Int64
}

func (v *view) release() {
	if v.refs.Add(-1) == 0 {
		// Close of a snapshot only fails when closed twice.
		_ = v.snapshot.Close()
	}
}

// store is the log and its indexes on the storage engine.
type store struct {
	db      *pebble.DB
	lock    *pebble.Lock
	waiters waiters
	now     func() time.Time

	scavenging sync.Mutex // held by the one scavenge that may be under way

	mu      sync.RWMutex // guards current
	current *view

	queue     *writeQueue
	turns     chan func()   // run by the committer between its groups
	committed chan struct{} // closed when the committer has ended
	written   written

	// Only the committer uses these after openStore.
	next   uint64 // position of the next event
	totals totals
}

func engineOptions(fs vfs.FS, cacheSize int64, logger *slog.Logger) *pebble.Options {
	o := &pebble.Options{
		FS:                 fs,
		CacheSize:          cacheSize,
		FormatMajorVersion: pebble.FormatNewest,
		// 16 MiB bounds the log to be replayed at a start, whatever the
		// number of events.
		MemTableSize: 16 << 20,
		Logger:       engineLogger{logger},
	}
	for i := range o.Levels {
		// An append asks for keys that are not there: new streams, new ids.
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		// Four times the default: reads of $all take the log block by block,
		// with a call of the system and a checksum for each.
		o.Levels[i].BlockSize = 16 << 10
	}
	return o
}

// openEngine takes the directory's lock and opens the engine on it.
func openEngine(dir string, options *pebble.Options) (*pebble.DB, *pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, options.FS)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s (%v)", ErrInUse, dir, err)
	}
	options.Lock = lock
	db, err := pebble.Open(dir, options)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the data directory %s: %w", dir, err), lock.Close())
	}
	return db, lock, nil
}

func openStore(dir string, fs vfs.FS, cacheSize int64, now func() time.Time, logger *slog.Logger) (*store, error) {
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	db, lock, err := openEngine(dir, engineOptions(fs, cacheSize, logger))
	if err != nil {
		return nil, err
	}
	s := &store{
		db: db, lock: lock, now: now,
		queue:     newWriteQueue(),
		turns:     make(chan func()),
		committed: make(chan struct{}),
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("data directory %s: %w", dir, err), db.Close(), lock.Close())
	}
	go s.commitLoop()
	return s, nil
}

// checkFormat reports whether the directory is marked with this version's
// format. That of another is an error.
func checkFormat(g getter) (marked bool, err error) {
	format, found, err := lookup(g, []byte{keyFormat}, func(b []byte) (byte, error) {
		if len(b) != 1 {
			return 0, errors.New("the mark of its format is damaged")
		}
		return b[0], nil
	})
	if err == nil && found && format != storeFormat {
		err = fmt.Errorf("it is of format %d, this version reads format %d", format, storeFormat)
	}
	return found, err
}

// recover finds where the log ends. Its last key tells, so a start takes as long
// with a billion events as with none.
func (s *store) recover() error {
	marked, err := checkFormat(s.db)
	if err != nil {
		return err
	}
	if !marked {
		if err := s.db.Set([]byte{keyFormat}, []byte{storeFormat}, pebble.Sync); err != nil {
			return fmt.Errorf("mark its format: %w", err)
		}
	}

	s.next = firstPosition
	var last uint64
	err = withIter(s.db.NewIter, eventKey(0), []byte{keyEvent + 1}, func(it *pebble.Iterator) error {
		if !it.Last() {
			return nil
		}
		last = binary.BigEndian.Uint64(it.Key()[1:])
		s.next = last + uint64(len(it.Value()))
		return nil
	})
	if err != nil {
		return fmt.Errorf("find the last event: %w", err)
	}
	if s.totals, _, err = lookup(s.db, []byte{keyTotals}, decodeTotals); err != nil {
		return err
	}
	s.publish(last)
	return nil
}

// close has what is queued committed and answered, then lets the directory go.
// Writes that come later are refused.
func (s *store) close() error {
	s.queue.close()
	<-s.committed
	s.mu.Lock()
	s.current.release()
	s.current = nil
	s.mu.Unlock()
	return errors.Join(s.db.Close(), s.lock.Close())
}

// publish makes what is committed so far visible to readers.
func (s *store) publish(last uint64) {
	v := &view{snapshot: s.db.NewSnapshot(), last: last}
	v.refs.Store(1)
	s.mu.Lock()
	old := s.current
	s.current = v
	s.mu.Unlock()
	if old != nil {
		old.release()
	}
}

// view returns the newest view; the caller releases it. Views hold back the
// engine's clean-up, so none is kept while waiting for a client.
func (s *store) view() *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.current.refs.Add(1)
	return s.current
}

// ticks is the time now in the protocol's unit.
func (s *store) ticks() int64 { return s.now().UnixNano() / 100 }

func withIter(open func(*pebble.IterOptions) (*pebble.Iterator, error), lower, upper []byte, use func(*pebble.Iterator) error) error {
	it, err := open(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	err = use(it)
	return errors.Join(err, it.Error(), it.Close())
}

// scanAll visits the events of the log from the position, inclusive, or, when
// backwards, those before it. The record aliases the engine's memory and is
// only good during the visit. Visit returns false to end the scan.
func (v *view) scanAll(from uint64, backwards bool, visit func(*record) bool) error {
	return withIter(v.snapshot.NewIter, eventKey(0), []byte{keyEvent + 1}, func(it *pebble.Iterator) error {
		step, ok := it.Next, false
		if backwards {
			step, ok = it.Prev, it.SeekLT(eventKey(from))
		} else {
			ok = it.SeekGE(eventKey(from))
		}
		for ; ok; ok = step() {
			e, err := recordAt(it)
			if err != nil {
				return err
			}
			if !visit(&e) {
				return nil
			}
		}
		return nil
	})
}

// recordAt is the event at an iterator over the log.
func recordAt(log *pebble.Iterator) (record, error) {
	position := binary.BigEndian.Uint64(log.Key()[1:])
	e, err := decodeRecord(log.Value())
	if err != nil {
		return record{}, fmt.Errorf("event at %d: %w", position, err)
	}
	e.position = position
	return e, nil
}

// within reports whether the position is inside of an event, neither where one
// begins nor where the last one ends.
func (v *view) within(position uint64) (within bool, err error) {
	err = withIter(v.snapshot.NewIter, eventKey(0), []byte{keyEvent + 1}, func(log *pebble.Iterator) error {
		if log.SeekLT(eventKey(position)) {
			within = position-binary.BigEndian.Uint64(log.Key()[1:]) < uint64(len(log.Value()))
		}
		return nil
	})
	return within, err
}

// scanStream visits the events of a stream with revisions in [first, last],
// in rising order, or falling when backwards. Like scanAll otherwise.
func (v *view) scanStream(id uint64, first, last int64, backwards bool, visit func(*record) bool) error {
	return v.scanIndex(id, first, last, backwards, func(log *pebble.Iterator, _ int64, at entry) (bool, error) {
		if !seekTo(log, at.position, backwards) {
			return false, errors.Join(log.Error(), fmt.Errorf("stream index points at %d, where no event is", at.position))
		}
		e, err := recordAt(log)
		return err == nil && visit(&e), err
	})
}

// seekTo moves the iterator over the log to the event at the position. The
// events of an append, or of a stream that is written alone, follow each other:
// one step finds them, and is cheaper than a search.
func seekTo(log *pebble.Iterator, position uint64, backwards bool) bool {
	step := log.Next
	if backwards {
		step = log.Prev
	}
	at := func() uint64 { return binary.BigEndian.Uint64(log.Key()[1:]) }
	if log.Valid() && step() && at() == position {
		return true
	}
	return log.SeekGE(eventKey(position)) && at() == position
}

// scanIndex visits the index of a stream as scanStream does its events, with an
// iterator over the log to find them by.
func (v *view) scanIndex(id uint64, first, last int64, backwards bool,
	visit func(log *pebble.Iterator, revision int64, at entry) (more bool, err error)) error {
	if id == 0 || first > last {
		return nil
	}
	upper := revisionKey(id+1, 0)
	if last < math.MaxInt64 {
		upper = revisionKey(id, last+1)
	}
	return withIter(v.snapshot.NewIter, revisionKey(id, first), upper, func(index *pebble.Iterator) error {
		return withIter(v.snapshot.NewIter, eventKey(0), []byte{keyEvent + 1}, func(log *pebble.Iterator) error {
			step, ok := index.Next, false
			if backwards {
				step, ok = index.Prev, index.Last()
			} else {
				ok = index.First()
			}
			for ; ok; ok = step() {
				at, err := decodeEntry(index.Value())
				if err != nil {
					return err
				}
				more, err := visit(log, int64(binary.BigEndian.Uint64(index.Key()[9:])), at)
				if err != nil || !more {
					return err
				}
			}
			return nil
		})
	})
}

// firstYoungerThan returns the first revision in [first, last] created at or
// after the given tick, last+1 if there is none. Creation times rise along a
// stream as long as the clock was not set back. What a scavenge removed is
// older than what it left.
func (v *view) firstYoungerThan(id uint64, first, last, oldest int64) (int64, error) {
	for first <= last {
		middle := first + (last-first)/2
		created := int64(math.MinInt64)
		err := v.scanStream(id, middle, middle, false, func(e *record) bool {
			created = e.created
			return false
		})
		if err != nil {
			return 0, err
		}
		if created < oldest {
			first = middle + 1
		} else {
			last = middle - 1
		}
	}
	return first, nil
}

// engineLogger gives the engine's messages to the node's logger. Fatalf must
// not return: after a failed write to the log of the engine, what is on the
// disk is unknown, and only a restart, which reads it, makes it known again.
type engineLogger struct{ logger *slog.Logger }

func (l engineLogger) Infof(format string, args ...any) {
	l.logger.Debug("storage engine", "message", fmt.Sprintf(format, args...))
}

func (l engineLogger) Errorf(format string, args ...any) {
	l.logger.Error("storage engine", "message", fmt.Sprintf(format, args...))
}

func (l engineLogger) Fatalf(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	l.logger.Error("storage engine cannot go on", "message", message)
	panic("embedded: storage engine cannot go on: " + message)
}
