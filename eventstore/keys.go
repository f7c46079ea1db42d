package eventstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/eventstore/seal"
)

const (
	// keysCached bounds the data keys in memory, of about 1 KB each.
	keysCached = 16_384
	// keysCachedFor bounds how long a process can use a key that another one has destroyed,
	// where the news of it does not arrive.
	keysCachedFor = 10 * time.Minute
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
	made    *lru.Cache[seal.KeyID, madeKey]
	asked   singleflight.Group // reads on their way, by stream

	cachedFor time.Duration // until the log is asked again

	mu       sync.Mutex
	roots    *heldRoots // nil: not in memory
	subtrees [seal.Subtrees]*heldSubtree
	forgot   uint64 // how often something was forgotten
}

// heldRoots are the roots in memory.
type heldRoots struct {
	seal.Roots
	record uuid.UUID // last of their stream
	older  bool      // a record before that one has them
	readAt time.Time
}

// heldSubtree is a subtree in memory.
type heldSubtree struct {
	*seal.Subtree
	record uuid.UUID // that has it; zero where it follows from the roots
	readAt time.Time // the roots that it comes from, or itself
}

// madeKey is a key that was derived. It counts as long as its subtree is the one in memory.
type madeKey struct {
	key *seal.Key // nil: destroyed
	of  *heldSubtree
}

func newKeys(s *Store, m seal.MasterKeys) (*keys, error) {
	made, err := lru.New[seal.KeyID, madeKey](keysCached)
	return &keys{store: s, masters: m, made: made, cachedFor: keysCachedFor}, err
}

// errKeysMissing says that the log has lost its data keys, or never had any of this form.
func errKeysMissing(stream string) error {
	return fmt.Errorf("event store: the log has no data keys in the stream %s: a stream of keys was deleted, "+
		"the log is not whole, or an earlier build has written it; restore it from a backup", stream)
}

// MakeKeys makes the data keys of a log in which nothing is sealed yet. Where the log has
// keys, it does nothing. Where it has none and sealed values, it returns an error and makes
// none. It may run in several processes at once.
func (s *Store) MakeKeys(ctx context.Context) error {
	if s.keys == nil {
		return errNoMasterKeys
	}
	last, err := s.keys.last(ctx, seal.RootsStream)
	if err != nil || last.Type != "" {
		return err
	}
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: All}) {
		if err != nil {
			return err
		}
		if proof.Covers(e.Stream) && seal.Sealed(e.Data) {
			return errKeysMissing(seal.RootsStream)
		}
	}
	record, err := seal.MakeRoots().Wrap(ctx, s.keys.masters, seal.RootsMade)
	if err != nil {
		return err
	}
	err = s.keys.append(ctx, seal.RootsStream, NoStream, record)
	var moved *RevisionError
	if errors.As(err, &moved) { // another process has made them
		return nil
	}
	return err
}

// sealed returns the events with their personal values sealed.
func (s *Store) sealed(ctx context.Context, stream string, events []NewEvent) ([]NewEvent, error) {
	if s.keys == nil {
		return events, nil
	}
	done := append([]NewEvent(nil), events...)
	for i, e := range events {
		var err error
		in := seal.Event{ID: e.ID, Type: e.Event.EventType(), Stream: stream}
		done[i].Event, err = seal.Seal(e.Event, in, func(o seal.Owner) (*seal.Key, error) { return s.keys.current(ctx, o) })
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
	keyOf := func(id seal.KeyID) (*seal.Key, error) { return s.keys.key(ctx, id) }
	for i, rec := range recs {
		in := seal.Event{ID: rec.ID, Type: rec.Event.EventType(), Stream: rec.Stream}
		if recs[i].Event, err = seal.Open(rec.Event, in, keyOf); err != nil {
			return nil, fmt.Errorf("event %s@%d: %w", rec.Stream, rec.Revision, err)
		}
	}
	return recs, nil
}

// current returns the key by which values of the owner are sealed.
func (k *keys) current(ctx context.Context, o seal.Owner) (*seal.Key, error) {
	of, err := k.subtree(ctx, seal.SubtreeOf(o))
	if err != nil {
		return nil, err
	}
	return k.make(of, of.Current(o))
}

// key returns a key; nil where it was destroyed.
func (k *keys) key(ctx context.Context, id seal.KeyID) (*seal.Key, error) {
	of, err := k.subtree(ctx, seal.SubtreeOf(id.Owner))
	if err != nil {
		return nil, err
	}
	return k.make(of, id)
}

func (k *keys) make(of *heldSubtree, id seal.KeyID) (*seal.Key, error) {
	if made, ok := k.made.Get(id); ok && made.of == of {
		return made.key, nil
	}
	key, err := of.Key(id)
	if err == nil {
		k.made.Add(id, madeKey{key, of})
	}
	return key, err
}

// subtree returns a subtree as this process knows it.
func (k *keys) subtree(ctx context.Context, number int) (*heldSubtree, error) {
	k.mu.Lock()
	held, forgot := k.subtrees[number], k.forgot
	k.mu.Unlock()
	if held != nil && time.Since(held.readAt) < k.cachedFor {
		return held, nil
	}
	roots, err := k.heldRoots(ctx)
	if err != nil {
		return nil, err
	}
	whole, rooted := roots.Subtree(number)
	if rooted && !roots.older { // older roots may be from before an erasure, which the subtree then has
		held = &heldSubtree{Subtree: whole, readAt: roots.readAt}
	} else {
		before := held
		held, err = await(ctx, k, seal.SubtreeStream(number), func(ctx context.Context) (*heldSubtree, error) {
			now := time.Now()
			last, err := k.last(ctx, seal.SubtreeStream(number))
			if err != nil {
				return nil, err
			}
			if before != nil && before.record == last.ID && last.Type != "" {
				return &heldSubtree{before.Subtree, last.ID, now}, nil
			}
			if last.Type == "" && rooted {
				return &heldSubtree{Subtree: whole, readAt: now}, nil
			}
			state, err := k.subtreeOf(ctx, number, last)
			return &heldSubtree{state.left, last.ID, now}, err
		})
		if err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.forgot == forgot {
		k.subtrees[number] = held
	}
	return held, nil
}

// heldRoots returns the roots as this process knows them. A record that it has unwrapped is
// not unwrapped again: it is read with its keys while their service is away.
func (k *keys) heldRoots(ctx context.Context) (*heldRoots, error) {
	k.mu.Lock()
	held, forgot := k.roots, k.forgot
	k.mu.Unlock()
	if held != nil && time.Since(held.readAt) < k.cachedFor {
		return held, nil
	}
	before := held
	held, err := await(ctx, k, seal.RootsStream, func(ctx context.Context) (*heldRoots, error) {
		now := time.Now()
		last, err := k.last(ctx, seal.RootsStream)
		if err != nil {
			return nil, err
		}
		if before != nil && before.record == last.ID {
			return &heldRoots{before.Roots, last.ID, before.older, now}, nil
		}
		state, err := k.rootsOf(ctx, last)
		return &heldRoots{state.left, last.ID, state.record != state.at, now}, err
	})
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.forgot == forgot {
		k.roots = held
	}
	return held, nil
}

// await reads, or joins a read of the same stream that has begun. The read goes on where ctx
// is cancelled: others may have joined. Each call of the log is bounded by itself.
func await[T any](ctx context.Context, k *keys, stream string, read func(context.Context) (*T, error)) (*T, error) {
	detached := context.WithoutCancel(ctx)
	select {
	case asked := <-k.asked.DoChan(stream, func() (any, error) { return read(detached) }):
		if asked.Err != nil {
			return nil, asked.Err
		}
		return asked.Val.(*T), nil
	case <-ctx.Done():
		return nil, contextError(ctx, stream, &ConnectError{Reason: Timeout})
	}
}

// forget takes the subtree of the owner out of memory, also one that is being read now.
func (k *keys) forget(owner uuid.UUID) {
	number := seal.SubtreeOf(seal.Owner{UUID: owner})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgot++
	k.asked.Forget(seal.RootsStream) // who asks from now on joins no read from before
	k.asked.Forget(seal.SubtreeStream(number))
	k.roots, k.subtrees[number] = nil, nil
}

// last returns the last event of a stream of keys; without a type where it has none.
func (k *keys) last(ctx context.Context, stream string) (last RawEvent, err error) {
	for e, err := range k.store.ReadRaw(ctx, RawRead{Stream: stream, Backwards: true, Limit: 1}) {
		if err != nil {
			return last, err
		}
		last = e
	}
	return last, nil
}

// append appends the record at the revision. The id is random: an id that two processes
// derive would let both believe that the log has their record.
func (k *keys) append(ctx context.Context, stream string, at Expected, r seal.Record) error {
	_, _, err := k.store.AppendRaw(ctx, stream, at, []RawEvent{{
		ID: uuid.New(), Type: r.Type, JSON: true, Data: r.Data, Metadata: []byte(`{"schema":"1"}`),
	}})
	return err
}

// stateOf is what the log has of the roots or of a subtree.
type stateOf[T any] struct {
	left   T
	master string   // that wrapped it
	record Expected // revision of the record that has it; NoStream where none has
	at     Expected // revision of the last record of the stream
}

func (k *keys) readRoots(ctx context.Context) (stateOf[seal.Roots], error) {
	last, err := k.last(ctx, seal.RootsStream)
	if err != nil {
		return stateOf[seal.Roots]{}, err
	}
	return k.rootsOf(ctx, last)
}

// forgedPassed bounds how many records that no master key made are passed over.
const forgedPassed = 100

// rootsOf returns the roots by the last record of their stream. A record that no master key made says
// nothing: whoever can write to the log can append one. So the newest record before it counts. An
// older one from before an erasure is truncated once that is complete, and until then the subtree
// has what is left.
func (k *keys) rootsOf(ctx context.Context, last RawEvent) (state stateOf[seal.Roots], err error) {
	state, err = k.rootsIn(ctx, last)
	if !errors.Is(err, seal.ErrForged) || last.Revision == 0 {
		return state, err
	}
	before := last.Revision - 1
	for e, failed := range k.store.ReadRaw(ctx, RawRead{
		Stream: seal.RootsStream, From: &before, Backwards: true, Limit: forgedPassed,
	}) {
		if failed != nil {
			return state, failed
		}
		older, failed := k.rootsIn(ctx, e)
		if errors.Is(failed, seal.ErrForged) {
			continue
		}
		if failed != nil {
			return state, err
		}
		k.store.log.Error("event store: a record of the data keys is not what a master key made, so the one before it counts; "+
			"find out who wrote it, then run tizilim keys rotate-master --keep-newest, which records the keys anew",
			"event", eventOf(last), "counts", eventOf(e))
		older.at = Expected(last.Revision)
		return older, nil
	}
	return state, err
}

// rootsIn unwraps a record of the roots.
func (k *keys) rootsIn(ctx context.Context, e RawEvent) (state stateOf[seal.Roots], err error) {
	state.record, state.at = Expected(e.Revision), Expected(e.Revision)
	switch {
	case e.Type == "", e.Type == seal.RootsMade && e.Revision > 0:
		return state, errKeysMissing(seal.RootsStream)
	case e.Type != seal.RootsLeft && e.Type != seal.RootsMade:
		return state, errNoKeyRecord(e)
	}
	state.left, state.master, err = seal.UnwrapRoots(ctx, k.masters, seal.Record{Type: e.Type, Data: e.Data})
	return state, keyRecordError(e, err)
}

func eventOf(e RawEvent) domain.EventRef {
	return domain.EventRef{Stream: e.Stream, Revision: e.Revision}
}

// errNoKeyRecord says that an event in a stream of data keys is no record of them.
func errNoKeyRecord(e RawEvent) error {
	return fmt.Errorf("event store: %s is of the type %q, which this release does not know as a record of data keys: "+
		"use the release that wrote it, or restore the log from a backup", eventOf(e), e.Type)
}

// keyRecordError names the record of data keys that could not be unwrapped.
func keyRecordError(e RawEvent, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("event store: the record %s of the data keys: %w", eventOf(e), err)
}

func (k *keys) readSubtree(ctx context.Context, number int) (stateOf[*seal.Subtree], error) {
	last, err := k.last(ctx, seal.SubtreeStream(number))
	if err != nil {
		return stateOf[*seal.Subtree]{}, err
	}
	return k.subtreeOf(ctx, number, last)
}

// subtreeOf unwraps the last record of a subtree.
func (k *keys) subtreeOf(ctx context.Context, number int, last RawEvent) (state stateOf[*seal.Subtree], err error) {
	state.record, state.at = Expected(last.Revision), Expected(last.Revision)
	switch last.Type {
	case seal.SubtreePunctured:
	case "":
		state = stateOf[*seal.Subtree]{record: NoStream, at: NoStream}
		return state, &subtreeError{errKeysMissing(seal.SubtreeStream(number))}
	default:
		return state, &subtreeError{errNoKeyRecord(last)}
	}
	state.left, state.master, err = seal.UnwrapSubtree(ctx, k.masters, number, seal.Record{Type: last.Type, Data: last.Data})
	if err != nil {
		err = &subtreeError{keyRecordError(last, err)}
	}
	return state, err
}

// subtreeError says that a subtree cannot be read: the records with values that its keys seal cannot be
// read, and all others can. An older record of the subtree may be from before an erasure, so none counts.
type subtreeError struct{ cause error }

func (e *subtreeError) Error() string { return e.cause.Error() }

// Unwrap lets a cause that has a code keep it.
func (e *subtreeError) Unwrap() []error {
	return []error{e.cause, domain.Refuse(domain.Unavailable, domain.CodeRecordUnread,
		"the key of a personal value of this record cannot be read, so nothing is decided on it; nothing was changed by "+
			"this request; the operator finds the reason in the log of the server")}
}

// clearSecret begins a secret of a store without master keys, which seals no values either.
const clearSecret = "clear."

// SealSecret seals a secret that stands outside of the log, such as the key of a file, by the
// current data key of the owner: a person or a case.
func (s *Store) SealSecret(ctx context.Context, owner uuid.UUID, secret, binding []byte) (string, error) {
	if s.keys == nil {
		return clearSecret + base64.RawURLEncoding.EncodeToString(secret), nil
	}
	key, err := s.keys.current(ctx, seal.Owner{UUID: owner})
	if err != nil {
		return "", err
	}
	return key.Secret(secret, binding), nil
}

// OpenSecret returns what SealSecret has sealed with this binding; nil where the key was destroyed.
func (s *Store) OpenSecret(ctx context.Context, sealed string, binding []byte) ([]byte, error) {
	if text, ok := strings.CutPrefix(sealed, clearSecret); ok {
		return base64.RawURLEncoding.DecodeString(text)
	}
	if s.keys == nil {
		return nil, errNoMasterKeys
	}
	return seal.OpenSecret(sealed, binding, func(id seal.KeyID) (*seal.Key, error) { return s.keys.key(ctx, id) })
}
