package command

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"sync"
	"sync/atomic"

	"tizilim/domain"
	"tizilim/domain/cow"
	"tizilim/eventstore"
)

// state is a fold of one stream. What it holds beyond plain values, such as lists
// and maps, Apply replaces and never changes in place, or Clone copies: two
// goroutines may go on from clones of one state while others look at it.
type state[S any] interface {
	*S
	Apply(domain.Recorded)
	Clone() S
}

// version is a state of a stream at a revision. Once it is published it does not
// change any more, and any number of goroutines look at it.
type version[S any, P state[S]] struct {
	state    S
	revision eventstore.Expected // of the last event folded; NoStream before the first
	commands cow.Map[span]       // which events each command appended
	whole    bool                // the read that made it came to its end: no command is there in part

	cloning sync.Mutex // to clone is no look; nothing is locked under it
}

// span is a run of events of a stream, both ends included.
type span struct {
	first, last uint64
	digest      string // of the command's request
}

func (s span) len() int { return int(s.last-s.first) + 1 }

// reusedBy reports whether cmd bears the id of the command that appended the
// events and is another request.
func (s span) reusedBy(cmd domain.Command) bool {
	return cmd.Digest != "" && s.digest != "" && cmd.Digest != s.digest
}

func (v *version[S, P]) clone() *version[S, P] {
	v.cloning.Lock()
	defer v.cloning.Unlock()
	return &version[S, P]{state: P(&v.state).Clone(), revision: v.revision, commands: v.commands.Clone()}
}

// cloneState returns a state that the caller may change.
func (v *version[S, P]) cloneState() S {
	v.cloning.Lock()
	defer v.cloning.Unlock()
	return P(&v.state).Clone()
}

// apply folds the next event. It is called before v is published.
func (v *version[S, P]) apply(rec domain.Recorded) {
	P(&v.state).Apply(rec)
	v.revision = eventstore.Expected(rec.Revision)
	if _, skipped := rec.Event.(domain.Skipped); skipped {
		return // its command was not carried out: the same request does it now
	}
	events, known := v.commands.Get(rec.Meta.Causation.UUID)
	if !known {
		events = span{first: rec.Revision, digest: rec.Meta.Digest}
	}
	events.last = rec.Revision
	v.commands.Set(rec.Meta.Causation.UUID, events)
}

// errMisfit says that an event does not follow from the state that it was folded onto.
var errMisfit = domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
	"the registry reads this record anew from the log; send the same request with the same Idempotency-Key again")

// fits is apply for an event that may be of another log than the state, which was restored
// from before or replaced: where the state cannot take it, nothing is decided on that state.
func (v *version[S, P]) fits(rec domain.Recorded) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("command: %s@%d does not follow from the state (%v): %w", rec.Stream, rec.Revision, p, errMisfit)
		}
	}()
	v.apply(rec)
	return nil
}

// eventsOf returns which events of the stream are those of the command; false
// where there are none.
func (v *version[S, P]) eventsOf(id domain.CommandID) (span, bool) { return v.commands.Get(id.UUID) }

// cached is a stream in memory: the newest version of its state that this
// process knows. The log may hold more.
type cached[S any, P state[S]] struct {
	name   string
	log    Log
	newest atomic.Pointer[version[S, P]] // nil before the stream was read
	reads  shared[*version[S, P]]        // of those who only look
	writer chan struct{}                 // the stream's lock: holds a token while a command has it
	order  *lockOrder
}

// cacheKey names a stream in memory: two services fold the case- streams, each in
// its own way.
type cacheKey struct {
	fold reflect.Type
	name string
}

func keyOf[S any](name string) cacheKey { return cacheKey{reflect.TypeFor[S](), name} }

// streamOf returns the stream from memory, or an empty one that has still to be
// read.
func streamOf[S any, P state[S]](h *Handler, name string) *cached[S, P] {
	key := keyOf[S](name)
	if st, ok := h.streams.Get(key); ok {
		return st.(*cached[S, P])
	}
	fresh := &cached[S, P]{name: name, log: h.log, writer: make(chan struct{}, 1), order: &h.lockOrder}
	fresh.reads.work = func(ctx context.Context) (*version[S, P], error) { return fresh.catchUp(ctx, fresh.known()) }
	if st, ok, _ := h.streams.PeekOrAdd(key, fresh); ok {
		return st.(*cached[S, P])
	}
	return fresh
}

// lock takes the stream's lock for a command; unlock gives it back. The order of
// locks is told in the documentation of the package.
func (st *cached[S, P]) lock(ctx context.Context) (unlock func(), err error) {
	st.order.taking(st.name)
	select {
	case st.writer <- struct{}{}:
		return func() {
			<-st.writer
			st.order.gave(st.name)
		}, nil
	case <-ctx.Done():
		st.order.gave(st.name)
		return nil, domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"other commands on the same record took too long; "+
				"send the same request with the same Idempotency-Key again")
	}
}

// known returns the newest version that this process knows, without a look at the
// log: an empty one of a stream that was not read yet, one that is not whole where
// a read broke off.
func (st *cached[S, P]) known() *version[S, P] {
	if v := st.newest.Load(); v != nil {
		return v
	}
	return &version[S, P]{revision: eventstore.NoStream}
}

// loaded returns the newest version that this process knows, and reads the stream
// where it knows none that is whole.
func (st *cached[S, P]) loaded(ctx context.Context) (*version[S, P], error) {
	v := st.known()
	if v.whole {
		return v, nil
	}
	return st.catchUp(ctx, v)
}

// read returns a version that has all that the log held when read was called. It
// takes no lock of the stream: no command makes it wait. All who read the stream
// at once share their looks at the log.
func (st *cached[S, P]) read(ctx context.Context) (*version[S, P], error) { return st.reads.ask(ctx) }

// catchUp returns the version that has what the log holds beyond v, and v itself
// where the log holds no more.
func (st *cached[S, P]) catchUp(ctx context.Context, v *version[S, P]) (*version[S, P], error) {
	return st.fold(ctx, v, func(domain.Recorded) {})
}

// readBack is catchUp where the log must hold more than v: it has taken an append
// at v, or refused one because of other events. It returns those events too. A
// node that shows none of them does not lead, and the next one is asked.
func (st *cached[S, P]) readBack(
	ctx context.Context, v *version[S, P],
) (newer *version[S, P], news []domain.Recorded, err error) {
	for range nodesAsked {
		newer, err = st.fold(ctx, v, func(rec domain.Recorded) { news = append(news, rec) })
		if err != nil || newer != v {
			return newer, news, err
		}
		st.log.Reconnect()
	}
	return nil, nil, notConfirmed(st.name)
}

// fold reads the stream behind v onto a clone of v and publishes it. Where the log
// fails on the way, what was read by then is published all the same, as not whole:
// the next read goes on from there.
func (st *cached[S, P]) fold(
	ctx context.Context, v *version[S, P], each func(domain.Recorded),
) (*version[S, P], error) {
	newer, err := foldOnto(v, st.log.Read(ctx, st.name, uint64(v.revision+1)), each)
	if err != nil {
		st.publish(newer)
		if errors.Is(err, errMisfit) {
			st.newest.CompareAndSwap(v, nil) // the stream is read again from its beginning
		}
		return nil, err
	}
	if newer == v && !v.whole {
		newer = v.clone()
	}
	if newer != v {
		newer.whole = true
		st.publish(newer)
	}
	return newer, nil
}

// foldOnto folds the events onto a clone of v. It returns v itself where there are none,
// and with an error what was folded by then; with errMisfit it returns v.
func foldOnto[S any, P state[S]](
	v *version[S, P], events iter.Seq2[domain.Recorded, error], each func(domain.Recorded),
) (*version[S, P], error) {
	newer := v
	for rec, err := range events {
		if err != nil {
			return newer, err
		}
		if newer == v {
			newer = v.clone()
		}
		if err := newer.fits(rec); err != nil {
			return v, err
		}
		each(rec)
	}
	return newer, nil
}

// readSound is read of a stream that may have an event that cannot be used: it returns the
// version before that event. No process of this release appends behind it.
func (st *cached[S, P]) readSound(ctx context.Context) (*version[S, P], error) {
	v, err := st.read(ctx)
	if code := domain.CodeOf(err); code != domain.CodeRecordUnread && code != domain.CodeLogTampered {
		return v, err
	}
	v = st.known()
	return foldOnto(v, st.log.ReadSound(ctx, st.name, uint64(v.revision+1)), func(domain.Recorded) {})
}

// publish makes v the newest version, unless one that knows as much is published.
func (st *cached[S, P]) publish(v *version[S, P]) {
	for {
		known := st.newest.Load()
		if known != nil && (known.revision > v.revision || known.revision == v.revision && (known.whole || !v.whole)) {
			return
		}
		if st.newest.CompareAndSwap(known, v) {
			return
		}
	}
}

// look returns the present state of a stream, to be read only. It waits for no
// command.
func look[S any, P state[S]](ctx context.Context, h *Handler, name string) (*S, error) {
	v, err := streamOf[S, P](h, name).read(ctx)
	if err != nil {
		return nil, err
	}
	return &v.state, nil
}

// load is look for a state that the caller may change.
func load[S any, P state[S]](ctx context.Context, h *Handler, name string) (S, error) {
	v, err := streamOf[S, P](h, name).read(ctx)
	if err != nil {
		var none S
		return none, err
	}
	return v.cloneState(), nil
}
