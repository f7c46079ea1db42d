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
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
)

// The keys of the store, integers big endian so that they sort as numbers:
//
//	'e' position               the event's record
//	'r' stream id, revision    position(8) and event id(16) of that event
//	'i' stream id, event id    revision(8): finds a repeated append
//	'h' stream name            the stream's head
//	'n'                        number of events(8) and streams(8), and after a
//	                           scavenge, number(8) and bytes(8) of removed events
//	'f'                        format of the whole store
//
// Keys 'r' and 'i' have the id of a stream and not its name, since names can be long.
const (
	keyEvent    = 'e'
	keyRevision = 'r'
	keyEventID  = 'i'
	keyHead     = 'h'
	keyTotals   = 'n'
	keyFormat   = 'f'
)

// storeFormat is written once into an empty directory. A directory with another format is
// refused.
const storeFormat = 1

// firstPosition is the position of the first event of a store. No event has position 0, so that a
// checkpoint of 0 stands for the beginning.
const firstPosition uint64 = 1

// ticksPerSecond is the number of ticks in a second. A tick, the unit of time in the protocol, is
// 100 ns.
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

// entry is the entry of an event in the index of its stream.
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

// totals counts the content of the store, so that the statistics cost nothing, and what scavenges
// have removed, so that a check can tell their gaps from damage.
type totals struct {
	events        uint64
	streams       uint64 // with at least one event, including hidden ones
	removedEvents uint64
	removedBytes  uint64 // gaps in the positions
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

// getter reads single keys. Snapshots of readers and batches of the committer implement it.
type getter interface {
	Get(key []byte) ([]byte, io.Closer, error)
}

// lookup reads and decodes one value. found is false if the key does not exist. decode must not
// keep the bytes, whose memory returns to the engine.
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

// loadHead returns the head of a stream. The head of an unknown stream has no events.
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
	if original, ok := metadataTarget(stream); ok {
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
	r, _, err := lookup(g, eventKey(position), func(b []byte) (retention, error) {
		e, err := decodeRecord(b)
		return retentionOf(e.json, e.data), err
	})
	return r, err
}

func decodeRevision(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("event id entry of %d bytes, not 8", len(b))
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// view is the state of the store right after a commit was synced. Readers read only views, so they
// never see an event that a crash could remove.
type view struct {
	engine   *engine
	snapshot *pebble.Snapshot
	// last is the position of the last event, 0 in an empty store.
	last uint64
	// refs counts the readers, and the store while the view is current. The last release
	// closes the snapshot.
	refs atomic.Int64
}

// release ends the use of the view.
func (v *view) release() {
	if v.refs.Add(-1) == 0 {
		v.engine.retire(v.snapshot)
		v.engine.release()
	}
}

// store is the log and its indexes on the storage engine.
type store struct {
	dir       string
	fs        vfs.FS
	cacheSize int64
	lock      io.Closer // of the directory
	locked    bool      // by the lock of a store that writes
	onlyLooks bool      // it was opened for reading, for ever
	health    *health
	waiters   waiters
	now       func() time.Time

	scavenging sync.Mutex // held by the running scavenge

	mu      sync.RWMutex // guards current
	current *view

	queue     *writeQueue
	exclusive chan func()   // functions that the committer runs between two groups
	committed chan struct{} // closed when the committer has ended
	written   written

	// Only the committer uses these after openStore.
	engine   *engine
	next     uint64 // position of the next event
	totals   totals
	replaced sync.WaitGroup // engines that are being closed
}

// openStore opens the store in the directory. On a disk that is full or takes no writes it opens a
// store that exists for reading, until the disk works.
func openStore(dir string, fs vfs.FS, cacheSize int64, now func() time.Time, logger *slog.Logger) (*store, error) {
	s := newStore(dir, fs, cacheSize, now, logger)
	if _, err := fs.Stat(dir); err != nil {
		if err := fs.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("create the data directory: %w", err)
		}
	}
	var err error
	if s.lock, err = lock(dir, fs); err == nil {
		s.locked = true
		if s.engine, err = openEngine(dir, fs, cacheSize, s.health); err == nil {
			return s.begin(s.recover())
		}
	} else if errors.Is(err, ErrInUse) {
		return nil, err
	}
	return s.openToLook(err)
}

// openToLook opens a store for reading after it could not be opened for writing. It returns the
// error where that is none of a disk that may work again.
func (s *store) openToLook(unwritable error) (*store, error) {
	trouble := troubleOf(unwritable)
	if trouble == nil {
		return nil, errors.Join(unwritable, s.unlock())
	}
	if s.lock == nil {
		var err error
		if s.lock, err = lockToLook(s.dir, s.fs); err != nil {
			return nil, err
		}
	}
	var err error
	if s.engine, err = openLooking(s.dir, s.fs, s.cacheSize, s.health); err != nil {
		return nil, errors.Join(
			fmt.Errorf("%s It cannot be read meanwhile: %w", messageOf(trouble), err), s.unlock(),
		)
	}
	s.health.begin(trouble)
	return s.begin(s.recover())
}

// lookAtStore opens the store in the directory for reading only. It changes no file.
func lookAtStore(dir string, fs vfs.FS, cacheSize int64, now func() time.Time, logger *slog.Logger) (*store, error) {
	s := newStore(dir, fs, cacheSize, now, logger)
	s.onlyLooks, s.health.trouble = true, errLooking()
	close(s.health.begun)
	var err error
	if s.lock, err = lockToLook(dir, fs); err != nil {
		return nil, err
	}
	if s.engine, err = openLooking(dir, fs, cacheSize, s.health); err != nil {
		return nil, errors.Join(err, s.unlock())
	}
	return s.begin(s.recover())
}

func newStore(dir string, fs vfs.FS, cacheSize int64, now func() time.Time, logger *slog.Logger) *store {
	return &store{
		dir: dir, fs: fs, cacheSize: cacheSize, now: now, health: newHealth(logger),
		queue:     newWriteQueue(),
		exclusive: make(chan func()),
		committed: make(chan struct{}),
	}
}

// begin starts the committer of a store that was opened and recovered.
func (s *store) begin(recovered error) (*store, error) {
	if recovered != nil {
		s.engine.release()
		return nil, errors.Join(inOneLine(fmt.Errorf("data directory %s: %w", s.dir, recovered)), s.engine.close(), s.unlock())
	}
	go s.commitLoop()
	return s, nil
}

func (s *store) unlock() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

// checkFormat reports whether the directory is marked with a format. The format of another version
// is an error.
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

// recover finds the end of the log by its last key. Its time does not depend on the number of
// events.
func (s *store) recover() error {
	db := s.engine.db
	marked, err := checkFormat(db)
	if err != nil {
		return err
	}
	if !marked {
		if err := s.markFormat(); err != nil {
			return err
		}
	}

	s.next = firstPosition
	var last uint64
	err = withIter(db.NewIter, eventKey(0), []byte{keyEvent + 1}, func(it *pebble.Iterator) error {
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
	if s.totals, _, err = lookup(db, []byte{keyTotals}, decodeTotals); err != nil {
		return err
	}
	s.publish(last)
	return nil
}

// markFormat writes the format into an empty directory.
func (s *store) markFormat() error {
	if s.engine.looking {
		return errors.New("it holds no event store")
	}
	batch := s.engine.db.NewBatch()
	err := batch.Set([]byte{keyFormat}, []byte{storeFormat}, nil)
	if err == nil {
		err = s.engine.commit(batch)
	}
	if err == nil {
		err = s.engine.beginLog()
	}
	if err != nil {
		return fmt.Errorf("mark its format: %w", err)
	}
	return nil
}

// close commits and answers the queued writes, then unlocks the directory. Later writes are
// refused. It does not wait for room on the disk.
func (s *store) close() error {
	s.mu.RLock()
	s.current.engine.disk.hurry()
	s.mu.RUnlock()
	s.queue.close()
	<-s.committed
	s.mu.Lock()
	s.current.release()
	s.current = nil
	s.mu.Unlock()
	s.engine.release()
	err := s.engine.close()
	s.replaced.Wait()
	return errors.Join(err, s.unlock())
}

// publish makes the committed events visible to readers.
func (s *store) publish(last uint64) {
	v := &view{engine: s.engine, snapshot: s.engine.db.NewSnapshot(), last: last}
	v.engine.refs.Add(1)
	v.refs.Store(1)
	s.mu.Lock()
	old := s.current
	s.current = v
	s.mu.Unlock()
	if old != nil {
		old.release()
	}
}

// view returns the newest view; the caller releases it. A view delays the clean-up of the engine,
// so no view may be kept while waiting for a client.
func (s *store) view() *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	s.current.refs.Add(1)
	return s.current
}

// ticks returns the present time in ticks.
func (s *store) ticks() int64 { return s.now().UnixNano() / 100 }

// withIter calls use with an iterator over [lower, upper).
func withIter(
	open func(*pebble.IterOptions) (*pebble.Iterator, error), lower, upper []byte, use func(*pebble.Iterator) error,
) error {
	it, err := open(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	err = use(it)
	return errors.Join(err, it.Error(), it.Close())
}

// scanAll visits the events of the log from the position on, or backwards those before it. The
// record is valid only during the visit. visit returns false to end the scan.
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

// recordAt returns the event at an iterator over the log.
func recordAt(log *pebble.Iterator) (record, error) {
	position := binary.BigEndian.Uint64(log.Key()[1:])
	e, err := decodeRecord(log.Value())
	if err != nil {
		return record{}, fmt.Errorf("event at %d: %w", position, err)
	}
	e.position = position
	return e, nil
}

// insideEvent reports whether the position is inside of an event. The beginning of an event and the
// end of the log are not.
func (v *view) insideEvent(position uint64) (inside bool, err error) {
	err = withIter(v.snapshot.NewIter, eventKey(0), []byte{keyEvent + 1}, func(log *pebble.Iterator) error {
		if log.SeekLT(eventKey(position)) {
			inside = position-binary.BigEndian.Uint64(log.Key()[1:]) < uint64(len(log.Value()))
		}
		return nil
	})
	return inside, err
}

// scanStream visits the events of a stream with revisions in [first, last], in rising order, or
// backwards in falling order. See scanAll for the record and for visit.
func (v *view) scanStream(id uint64, first, last int64, backwards bool, visit func(*record) bool) error {
	return v.scanIndex(id, first, last, backwards, func(log *pebble.Iterator, _ int64, at entry) (bool, error) {
		if !seekTo(log, at.position, backwards) {
			return false, errors.Join(log.Error(), errNoEventAt(at.position))
		}
		e, err := recordAt(log)
		return err == nil && visit(&e), err
	})
}

// errNoEventAt says that a stream index is damaged.
func errNoEventAt(position uint64) error {
	return fmt.Errorf("the index of a stream has the position %d, where there is no event", position)
}

// seekTo moves the iterator over the log to the event at the position. It first tries one step,
// which is cheaper than a search: the events of one append follow each other.
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

// scanIndex visits the entries in the index of a stream, in the order of scanStream. visit gets an
// iterator over the log to find the events.
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

// firstCreatedSince returns the first revision in [first, last] created at or after the given tick;
// last+1 if there is none. It assumes that creation times rise along a stream, which is so
// unless the clock was set back. Events that a scavenge has removed are older than the others.
func (v *view) firstCreatedSince(id uint64, first, last, oldest int64) (int64, error) {
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
