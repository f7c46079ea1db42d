package eventstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore/seal"
)

const (
	// keysCached bounds the owners whose data keys are in memory, of about 1 KB each.
	keysCached = 16_384
	// keysCachedFor bounds how long a process can use a key that another one has destroyed,
	// where the news of it does not arrive.
	keysCachedFor = 10 * time.Minute
	// keyReads bounds the streams of keys that one read or append reads at once.
	keyReads = 32
)

// WithMasterKeys seals the personal values of all events that the store appends, and opens
// those that it reads, by data keys that the master keys wrap. Without it, values are
// appended in clear, and sealed ones are left sealed.
func WithMasterKeys(m seal.MasterKeys) Option {
	return func(s *settings) { s.masters = m }
}

// UseKeys gives an open store its keys, as [WithIntegrity] and [WithMasterKeys] do at the
// opening; nil takes one away. It is for a start that must read the log before it knows that
// the keys belong to it. Nobody may use the store meanwhile.
func (s *Store) UseKeys(mac proof.Key, masters seal.MasterKeys) (err error) {
	s.integrity.key, s.keys = mac, nil
	if masters != nil {
		s.keys, err = newKeys(s, masters)
	}
	return err
}

// keys are the data keys of a store with master keys.
type keys struct {
	store   *Store
	masters seal.MasterKeys
	known   *lru.Cache[seal.Owner, *heldRing]

	keeping sync.Mutex         // held while something is put into known or forgotten
	forgot  uint64             // how often something was forgotten
	asked   singleflight.Group // reads and first keys on their way, by owner
}

// heldRing are the data keys of an owner at the end of their stream.
type heldRing struct {
	*seal.Ring
	first  Expected // revision of the first record
	end    Expected // of the last
	readAt time.Time
}

func newKeys(s *Store, m seal.MasterKeys) (*keys, error) {
	known, err := lru.New[seal.Owner, *heldRing](keysCached)
	return &keys{store: s, masters: m, known: known}, err
}

// cached returns the keys of the owner from memory.
func (k *keys) cached(owner seal.Owner) (*heldRing, bool) {
	held, ok := k.known.Get(owner)
	return held, ok && time.Since(held.readAt) < keysCachedFor
}

// forgotten is how often something was forgotten, to be asked before a read of the log.
func (k *keys) forgotten() uint64 {
	k.keeping.Lock()
	defer k.keeping.Unlock()
	return k.forgot
}

// keep puts the keys of the owner into memory, unless something was forgotten since they were
// read: they may be the ones that another process has destroyed meanwhile.
func (k *keys) keep(owner seal.Owner, held *heldRing, forgotten uint64) {
	k.keeping.Lock()
	defer k.keeping.Unlock()
	if k.forgot == forgotten {
		k.known.Add(owner, held)
	}
}

// forget takes the keys of the owner out of memory, also those that are being read now.
func (k *keys) forget(owner seal.Owner) {
	k.keeping.Lock()
	defer k.keeping.Unlock()
	k.forgot++
	k.asked.Forget(owner.String()) // who asks from now on joins no read from before
	k.known.Remove(owner)
}

// sealed returns the events with their personal values sealed. A new key is in the log before
// sealed returns.
func (s *Store) sealed(ctx context.Context, stream string, events []NewEvent) ([]NewEvent, error) {
	if s.keys == nil {
		return events, nil
	}
	var owners []seal.Owner
	for _, e := range events {
		of, err := seal.Owners(e.Event)
		if err != nil {
			return nil, err
		}
		owners = append(owners, of...)
	}
	if len(owners) == 0 {
		return events, nil
	}
	current, err := each(ctx, owners, s.keys.current)
	if err != nil {
		return nil, err
	}
	done := slices.Clone(events)
	for i, e := range events {
		in := seal.Event{ID: e.ID, Type: e.Event.EventType(), Stream: stream}
		done[i].Event, err = seal.Seal(e.Event, in, func(o seal.Owner) (*seal.Key, error) { return current[o], nil })
		if err != nil {
			return nil, err
		}
	}
	return done, nil
}

// opened opens the personal values of the events that a read has returned, in place.
func (s *Store) opened(ctx context.Context, recs []domain.Recorded, err error) ([]domain.Recorded, error) {
	if s.keys == nil || err != nil {
		return recs, err
	}
	newest := map[seal.Owner]uint32{} // generation that is used
	for _, rec := range recs {
		for _, key := range seal.Used(rec.Event) {
			newest[key.Owner] = max(newest[key.Owner], key.Generation)
		}
	}
	if len(newest) == 0 {
		return recs, nil
	}
	rings, err := each(ctx, slices.Collect(maps.Keys(newest)),
		func(ctx context.Context, owner seal.Owner) (*heldRing, error) {
			return s.keys.ring(ctx, owner, newest[owner])
		})
	if err != nil {
		return nil, err
	}
	keyOf := func(id seal.KeyID) (*seal.Key, error) { return rings[id.Owner].Get(id.Generation) }
	for i, rec := range recs {
		in := seal.Event{ID: rec.ID, Type: rec.Event.EventType(), Stream: rec.Stream}
		if recs[i].Event, err = seal.Open(rec.Event, in, keyOf); err != nil {
			return nil, fmt.Errorf("event %s@%d: %w", rec.Stream, rec.Revision, err)
		}
	}
	return recs, nil
}

// each calls f for each owner, once and several at a time.
func each[T any](
	ctx context.Context, owners []seal.Owner, f func(context.Context, seal.Owner) (T, error),
) (map[seal.Owner]T, error) {
	slices.SortFunc(owners, func(a, b seal.Owner) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	owners = slices.Compact(owners)
	results := make([]T, len(owners))
	if len(owners) == 1 {
		var err error
		if results[0], err = f(ctx, owners[0]); err != nil {
			return nil, err
		}
	} else {
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(keyReads)
		for i, owner := range owners {
			work.Go(func() (err error) {
				results[i], err = f(ctx, owner)
				return err
			})
		}
		if err := work.Wait(); err != nil {
			return nil, err
		}
	}
	found := make(map[seal.Owner]T, len(owners))
	for i, owner := range owners {
		found[owner] = results[i]
	}
	return found, nil
}

// PrepareKey begins to make the data key of a person or a case of whom this process knows
// none, and does not wait. An append that needs the key waits until the log has it: what is
// between, such as the reading of a stream, costs no time of its own. A key that is never
// used does no harm.
func (s *Store) PrepareKey(ctx context.Context, owner uuid.UUID) {
	if s.keys == nil {
		return
	}
	if _, ok := s.keys.cached(seal.Owner{UUID: owner}); !ok {
		s.keys.ask(ctx, seal.Owner{UUID: owner}, s.keys.first)
	}
}

// readAhead begins to read the keys of the person whose stream is about to be read.
func (k *keys) readAhead(ctx context.Context, stream string) {
	if k == nil {
		return
	}
	id, ok := strings.CutPrefix(stream, personCategory)
	owner, err := uuid.Parse(id)
	if !ok || err != nil {
		return
	}
	if _, known := k.cached(seal.Owner{UUID: owner}); !known {
		k.ask(ctx, seal.Owner{UUID: owner}, k.read)
	}
}

// personCategory begins the name of a person's stream.
var personCategory = strings.TrimSuffix(domain.PersonID{}.Stream(), uuid.Nil.String())

// ask begins f for the owner, or joins what was begun for them before. So the keys may be
// those of a moment before the call. It goes on where ctx is cancelled: others may have
// joined. Each call of the log is bounded by itself.
func (k *keys) ask(
	ctx context.Context, owner seal.Owner, f func(context.Context, seal.Owner) (*heldRing, error),
) <-chan singleflight.Result {
	ctx = context.WithoutCancel(ctx)
	return k.asked.DoChan(owner.String(), func() (any, error) { return f(ctx, owner) })
}

// await is ask with its result.
func (k *keys) await(
	ctx context.Context, owner seal.Owner, f func(context.Context, seal.Owner) (*heldRing, error),
) (*heldRing, error) {
	select {
	case asked := <-k.ask(ctx, owner, f):
		held, _ := asked.Val.(*heldRing)
		return held, asked.Err
	case <-ctx.Done():
		return nil, contextError(ctx, owner.Stream(), &ConnectError{Reason: Timeout})
	}
}

// ring returns the keys of the owner, up to the generation at least where the log has it.
func (k *keys) ring(ctx context.Context, owner seal.Owner, generation uint32) (*heldRing, error) {
	if held, ok := k.cached(owner); ok && held.Has(generation) {
		return held, nil
	}
	held, err := k.await(ctx, owner, k.read)
	if err != nil || held.Has(generation) {
		return held, err
	}
	return k.read(ctx, owner) // what was joined may have begun before the log had it
}

// read reads the keys of the owner from the log.
func (k *keys) read(ctx context.Context, owner seal.Owner) (*heldRing, error) {
	held, forgotten := &heldRing{end: NoStream, readAt: time.Now()}, k.forgotten()
	var records []seal.Record
	for e, err := range k.store.ReadRaw(ctx, RawRead{Stream: owner.Stream()}) {
		if err != nil {
			return nil, err
		}
		if len(records) == 0 {
			held.first = Expected(e.Revision)
		}
		records = append(records, seal.Record{Type: e.Type, Data: e.Data})
		held.end = Expected(e.Revision)
	}
	var err error
	if held.Ring, err = seal.NewRing(ctx, k.masters, owner, records); err != nil {
		return nil, err
	}
	if held.end != NoStream {
		k.keep(owner, held, forgotten)
	}
	return held, nil
}

// first makes the first key of the owner and returns it once the log has it. It does not
// look into the log before: most often the owner is new. Where not, the append is refused,
// and first returns the keys that the log has.
func (k *keys) first(ctx context.Context, owner seal.Owner) (*heldRing, error) {
	none, err := seal.NewRing(ctx, k.masters, owner, nil)
	if err != nil {
		return nil, err
	}
	record, err := none.Make(ctx, k.masters)
	if err != nil {
		return nil, err
	}
	return k.append(ctx, owner, &heldRing{Ring: none, end: NoStream}, record)
}

// current returns the key by which values of the owner are sealed, which is in the log.
func (k *keys) current(ctx context.Context, owner seal.Owner) (*seal.Key, error) {
	held, ok := k.cached(owner)
	if !ok {
		var err error
		if held, err = k.await(ctx, owner, k.first); err != nil {
			return nil, err
		}
	}
	for {
		if key := held.Current(); key != nil {
			return key, nil
		}
		record, err := held.Make(ctx, k.masters)
		if err != nil {
			return nil, err
		}
		if held, err = k.append(ctx, owner, held, record); err != nil {
			return nil, err
		}
	}
}

// append appends the records to the keys of the owner and returns the keys after them; where
// others appended meanwhile, without them.
func (k *keys) append(
	ctx context.Context, owner seal.Owner, held *heldRing, records ...seal.Record,
) (*heldRing, error) {
	events := make([]RawEvent, len(records))
	for i, r := range records {
		// The id is random: an id that two processes derive would let both believe that the log
		// has their key.
		events[i] = RawEvent{ID: uuid.New(), Type: r.Type, JSON: true, Data: r.Data, Metadata: []byte(`{"schema":"1"}`)}
	}
	forgotten := k.forgotten()
	_, _, err := k.store.AppendRaw(ctx, owner.Stream(), held.end, events)
	var moved *RevisionError
	if err != nil && !errors.As(err, &moved) {
		return nil, err
	}
	if err == nil && held.end == NoStream {
		ring, err := seal.NewRing(ctx, k.masters, owner, records)
		if err != nil {
			return nil, err
		}
		after := &heldRing{Ring: ring, end: Expected(len(records) - 1), readAt: time.Now()}
		k.keep(owner, after, forgotten)
		return after, nil
	}
	return k.read(ctx, owner)
}
