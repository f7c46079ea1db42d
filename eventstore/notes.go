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
	// logsHeld bounds the logs of accesses whose end is remembered.
	logsHeld = 4096
	// notesTogether bounds the entries of one append.
	notesTogether = 256
	// lookedBack is how many of the newest entries of a log are searched for a
	// repetition.
	lookedBack = 256
)

// notes appends entries to logs of accesses. An entry decides nothing, so nobody
// should lose a race for it; but an append that expects Any revision is known
// again only by the leader that took it, and a repetition on the next one would
// be a second entry. So each entry is appended at an exact revision like any
// other event, and the entries of one person that come at once share an append.
type notes struct {
	mu      sync.Mutex
	waiting map[string][]*note // by stream; a key is there while somebody appends to it
	ends    *lru.Cache[string, *noted]
}

// noted is the end of a log of accesses, as far as this process knows. Whoever
// appends to the stream may use it, and nobody else.
type noted struct {
	last Expected
	ids  []uuid.UUID // of the newest entries, at most twice lookedBack
}

func (n *noted) add(id uuid.UUID, revision Expected) {
	if len(n.ids) == 2*lookedBack {
		n.ids = append(n.ids[:0], n.ids[lookedBack:]...)
	}
	n.ids, n.last = append(n.ids, id), max(n.last, revision)
}

type note struct {
	ctx  context.Context // of whoever waits for it
	data esdb.EventData
	done chan error // has room for the one outcome
}

func newNotes() (notes, error) {
	ends, err := lru.New[string, *noted](logsHeld)
	return notes{waiting: map[string][]*note{}, ends: ends}, err
}

// AppendRead records that data of a person are about to be shown, or were looked
// up elsewhere. The id names the entry: repeating it adds nothing, here or in
// another process, on the same leader or the next, while the entry is among the
// newest of the person. No invariant rests on the order of the entries, and many
// may read one person's data at once.
//
// Error: an Unavailable [*domain.Error] where it is not known to be recorded.
func (s *Store) AppendRead(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error {
	data, err := encode(NewEvent{ID: id, Event: e, Meta: meta})
	if err != nil {
		return err
	}
	stream := accesslog.Stream(e.PersonID)
	n := &note{ctx: ctx, data: data, done: make(chan error, 1)}
	s.notes.mu.Lock()
	queue, appending := s.notes.waiting[stream]
	s.notes.waiting[stream] = append(queue, n)
	s.notes.mu.Unlock()
	if !appending {
		go s.appendNotes(stream)
	}
	select {
	case err := <-n.done:
		return err
	case <-ctx.Done():
		return unavailable(stream + ": not recorded in time")
	}
}

// appendNotes appends what waits for the stream until nothing does. Entries that
// nobody waits for any more are left out: they would pile up in an outage, and
// name data that were not shown.
func (s *Store) appendNotes(stream string) {
	for {
		s.notes.mu.Lock()
		batch := slices.DeleteFunc(s.notes.waiting[stream], func(n *note) bool { return n.ctx.Err() != nil })
		if len(batch) == 0 {
			delete(s.notes.waiting, stream)
			s.notes.mu.Unlock()
			return
		}
		rest := batch[min(len(batch), notesTogether):]
		batch = batch[:len(batch)-len(rest)]
		s.notes.waiting[stream] = rest
		s.notes.mu.Unlock()

		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		err := s.appendTogether(ctx, stream, batch)
		cancel()
		for _, n := range batch {
			n.done <- err
		}
	}
}

// appendTogether appends the entries of a batch that the stream does not hold.
// Somebody else may append to it meanwhile: what they did is read, and the rest
// is appended behind it.
func (s *Store) appendTogether(ctx context.Context, stream string, batch []*note) (err error) {
	end, known := s.notes.ends.Get(stream)
	if !known {
		if end, err = s.endOf(ctx, stream); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			s.notes.ends.Remove(stream)
			return
		}
		s.notes.ends.Add(stream, end)
	}()
	for {
		data := end.missing(batch)
		if len(data) == 0 {
			return nil
		}
		_, err = s.append(ctx, stream, end.last, data)
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
		if err = s.catchUp(ctx, stream, end); err != nil {
			return err
		}
	}
}

// missing are the events of the batch that the log does not hold, each once.
func (n *noted) missing(batch []*note) []esdb.EventData {
	var data []esdb.EventData
	for _, b := range batch {
		same := func(e esdb.EventData) bool { return e.EventID == b.data.EventID }
		if !slices.Contains(n.ids, b.data.EventID) && !slices.ContainsFunc(data, same) {
			data = append(data, b.data)
		}
	}
	return data
}

// endOf reads the end of the stream. An entry that cannot be decoded keeps nobody
// from adding the next.
func (s *Store) endOf(ctx context.Context, stream string) (*noted, error) {
	backwards := esdb.ReadStreamOptions{Direction: esdb.Backwards, From: esdb.End{}}
	newest, err := readStream(ctx, s, stream, backwards, lookedBack, placeOf)
	if err != nil {
		return nil, err
	}
	end := &noted{last: NoStream}
	for _, p := range slices.Backward(newest) {
		end.add(p.id, p.revision)
	}
	return end, nil
}

// catchUp reads what the stream holds beyond what is known of it. Where it holds
// no more, an append to it should not have been refused.
func (s *Store) catchUp(ctx context.Context, stream string, end *noted) error {
	before := end.last
	for {
		forwards := esdb.ReadStreamOptions{From: esdb.Revision(uint64(end.last + 1))}
		places, err := readStream(ctx, s, stream, forwards, page, placeOf)
		if err != nil {
			return err
		}
		for _, p := range places {
			end.add(p.id, p.revision)
		}
		switch {
		case len(places) == page:
			continue
		case end.last > before:
			return nil
		}
		s.Suspect()
		return unavailable(stream + ": a node refuses the revision that it shows")
	}
}
