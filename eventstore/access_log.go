package eventstore

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

const (
	// maxLogEnds bounds the number of access logs whose end is remembered.
	maxLogEnds = 4096
	// maxEntriesPerAppend bounds the number of entries of one append.
	maxEntriesPerAppend = 256
	// recentEntries is how many of the newest entries of a log are searched for the id
	// of a new one.
	recentEntries = 256
)

// accessLogs appends entries to the access logs of persons. Each entry is appended at an
// exact revision, like every event: with an expected revision of Any, a retry on another
// leader would add a second entry. A lost race is retried here, since no decision rests
// on the entries before. Entries of one person that come at the same time share an
// append.
type accessLogs struct {
	mu      sync.Mutex
	waiting map[string][]*pendingEntry // by stream; a key exists while a goroutine appends to the stream
	ends    *lru.Cache[string, *logEnd]
}

// logEnd is the end of an access log, as far as this process knows. Only the goroutine
// that appends to the stream uses it.
type logEnd struct {
	last Expected
	ids  []uuid.UUID // of the newest entries, at most twice recentEntries
}

// add notes an entry of the log.
func (n *logEnd) add(id uuid.UUID, revision Expected) {
	if len(n.ids) == 2*recentEntries {
		n.ids = append(n.ids[:0], n.ids[recentEntries:]...)
	}
	n.ids, n.last = append(n.ids, id), max(n.last, revision)
}

// pendingEntry is an entry that waits to be appended.
type pendingEntry struct {
	ctx  context.Context // of the caller who waits
	data esdb.EventData
	done chan error // buffered, so that the sender never blocks
}

func newAccessLogs() (accessLogs, error) {
	ends, err := lru.New[string, *logEnd](maxLogEnds)
	return accessLogs{waiting: map[string][]*pendingEntry{}, ends: ends}, err
}

// RecordAccess records in the access log of a person that their data are about to be
// shown, or were looked up in another system. It is idempotent by id, also in another
// process or on another leader, while the entry is among the newest 256 of the person.
// The order of the entries has no meaning, so concurrent calls never conflict.
//
// Error: an Unavailable [*domain.Error] where the entry may not be recorded.
func (s *Store) RecordAccess(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error {
	stream := accesslog.Stream(e.PersonID)
	events, err := s.sealed(ctx, stream, []NewEvent{{ID: id, Event: e, Meta: meta}})
	if err != nil {
		return err
	}
	data, err := encode(events[0], 0)
	if err != nil {
		return err
	}
	n := &pendingEntry{ctx: ctx, data: data, done: make(chan error, 1)}
	s.accessLogs.mu.Lock()
	queue, appending := s.accessLogs.waiting[stream]
	s.accessLogs.waiting[stream] = append(queue, n)
	s.accessLogs.mu.Unlock()
	if !appending {
		go s.appendEntries(stream)
	}
	select {
	case err := <-n.done:
		return err
	case <-ctx.Done():
		return unavailable(stream + ": not recorded in time")
	}
}

// RecordPage records that data of many persons are about to be shown on one page. The id is
// that of the page; repeating it adds nothing.
//
// Error: an Unavailable [*domain.Error] where the page may not be recorded.
func (s *Store) RecordPage(ctx context.Context, id uuid.UUID, e accesslog.PageRead, meta domain.Meta) error {
	_, err := s.Append(ctx, accesslog.PageStream(id), NoStream, []NewEvent{{ID: id, Event: e, Meta: meta}})
	return err
}

// appendEntries appends the pending entries of the stream until there are none. It drops
// entries whose caller has given up: their data were not shown, and in an outage they
// would accumulate.
func (s *Store) appendEntries(stream string) {
	for {
		s.accessLogs.mu.Lock()
		batch := slices.DeleteFunc(s.accessLogs.waiting[stream], func(n *pendingEntry) bool { return n.ctx.Err() != nil })
		if len(batch) == 0 {
			delete(s.accessLogs.waiting, stream)
			s.accessLogs.mu.Unlock()
			return
		}
		rest := batch[min(len(batch), maxEntriesPerAppend):]
		batch = batch[:len(batch)-len(rest)]
		s.accessLogs.waiting[stream] = rest
		s.accessLogs.mu.Unlock()

		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		err := s.appendBatch(ctx, stream, batch)
		cancel()
		for _, n := range batch {
			n.done <- err
		}
	}
}

// appendBatch appends those entries of the batch that the stream does not hold. Where
// another process has appended meanwhile, it reads these entries and tries again.
func (s *Store) appendBatch(ctx context.Context, stream string, batch []*pendingEntry) (err error) {
	end, known := s.accessLogs.ends.Get(stream)
	if !known {
		if end, err = s.readLogEnd(ctx, stream); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			s.accessLogs.ends.Remove(stream)
			return
		}
		s.accessLogs.ends.Add(stream, end)
	}()
	for {
		data := end.missing(batch)
		if len(data) == 0 {
			return nil
		}
		_, err = s.append(ctx, stream, end.last, s.marked(stream, end.last, data))
		var moved *RevisionError
		switch {
		case err == nil:
			for _, e := range data {
				end.add(e.EventID, end.last+1)
			}
			return nil
		case !errors.As(err, &moved):
			return err
		}
		if err = s.readOn(ctx, stream, end); err != nil {
			return err
		}
	}
}

// missing returns the events of the batch that the log does not hold, each once.
func (n *logEnd) missing(batch []*pendingEntry) []esdb.EventData {
	var data []esdb.EventData
	for _, b := range batch {
		same := func(e esdb.EventData) bool { return e.EventID == b.data.EventID }
		if !slices.Contains(n.ids, b.data.EventID) && !slices.ContainsFunc(data, same) {
			data = append(data, b.data)
		}
	}
	return data
}

// readLogEnd reads the end of the stream. It does not decode the entries, so a defect
// entry does not block new ones.
func (s *Store) readLogEnd(ctx context.Context, stream string) (*logEnd, error) {
	backwards := esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}
	newest, err := readStream(ctx, s, stream, backwards, recentEntries, placeOf)
	if err != nil {
		return nil, err
	}
	end := &logEnd{last: NoStream}
	for _, p := range slices.Backward(newest) {
		end.add(p.id, p.revision)
	}
	return end, nil
}

// readOn reads the entries after the known end. Where there are none, the node has
// refused an append at the revision that it shows itself: it contradicts itself.
func (s *Store) readOn(ctx context.Context, stream string, end *logEnd) error {
	before := end.last
	for {
		forwards := esdb.ReadStreamOptions{From: esdb.Revision(uint64(end.last + 1))}
		places, err := readStream(ctx, s, stream, forwards, pageSize, placeOf)
		if err != nil {
			return err
		}
		for _, p := range places {
			end.add(p.id, p.revision)
		}
		switch {
		case len(places) == pageSize:
			continue
		case end.last > before:
			return nil
		}
		s.Reconnect()
		return unavailable(stream + ": a node refuses an append at the revision that it shows")
	}
}
