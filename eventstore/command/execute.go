package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/rules"
	"tizilim/eventstore"
)

const (
	// streamsHeld bounds the states kept in memory. Most are a person with a few
	// registrations; a list takes about 300 bytes per entry.
	streamsHeld = 10_000
	// races is how often a lost race is decided anew before the caller is told.
	races = 8
	// nodesAsked is how many nodes may deny what was acknowledged before the caller
	// is told to ask again.
	nodesAsked = 3
)

// Handler carries out commands. It is safe for concurrent use.
type Handler struct {
	log   Log
	model Model
	held  *lru.Cache[heldKey, *stream]
	now   func() time.Time
	rules rules.Book

	signatures     SignatureVerifier
	mobileCitizens MobileCitizens
	gateway        Gateway
	passwordKey    PasswordKey
	checkKey       certificates.CheckKey
	logger         *slog.Logger
}

// heldKey names a state: the case streams are folded by both services.
type heldKey struct {
	fold reflect.Type
	name string
}

// Config is what a [Handler] works with. All of it is required but Rules.
type Config struct {
	Log   Log
	Model Model
	Now   func() time.Time // the clock for steps that the registry takes by itself
	Rules rules.Book       // by which commands are judged; the zero Book is the built-in one

	Signatures     SignatureVerifier
	MobileCitizens MobileCitizens
	Gateway        Gateway // of the one-time passwords
	PasswordKey    PasswordKey
	CheckKey       certificates.CheckKey // of the check codes on documents
	Logger         *slog.Logger
}

// New returns a Handler. It fails where something that is required is missing.
func New(c Config) (*Handler, error) {
	if c.Log == nil || c.Model == nil || c.Now == nil || c.Signatures == nil || c.MobileCitizens == nil ||
		c.Gateway == nil || len(c.PasswordKey) == 0 || len(c.CheckKey) == 0 || c.Logger == nil {
		return nil, errors.New("command: of a Config, everything but Rules is required")
	}
	held, err := lru.New[heldKey, *stream](streamsHeld)
	if err != nil {
		return nil, fmt.Errorf("command: the cache of states: %w", err)
	}
	// The registry's own commands have the zone and the precision of clients'
	// commands, so that a step looks the same whoever takes it.
	now := func() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }
	return &Handler{
		log: c.Log, model: c.Model, held: held, now: now, rules: c.Rules, signatures: c.Signatures,
		mobileCitizens: c.MobileCitizens, gateway: c.Gateway, passwordKey: c.PasswordKey,
		checkKey: c.CheckKey, logger: c.Logger,
	}, nil
}

// Receipt is the answer to a command.
type Receipt struct {
	Stream   string
	Revision uint64            // of the last event of the command
	Position domain.Position   // of the last event of the command
	Events   []domain.Recorded // the command's events on this stream, as the log holds them
	Repeated bool              // the command had been carried out before
	Planned  bool              // a dry run: Events are what would be appended, and nothing was
}

// state is a fold of one stream. It is held in memory, changed by Apply, and
// looked at by whoever has the turn of its stream, and by nobody else.
type state[S any] interface {
	*S
	Apply(domain.Recorded)
}

// lasting is a state that may be looked at after the turn of its stream was given
// back: as a clone, which no later event changes.
type lasting[S any] interface {
	state[S]
	// Clone returns a copy. What it holds beyond plain values, such as lists and
	// maps, Apply either replaces and never changes in place, or Clone has copied.
	Clone() S
}

// stream is a state held in memory with what it takes to go on from it.
type stream struct {
	turn     chan struct{} // holds one token; whoever has it may use the fields below
	name     string
	state    any                         // *S
	apply    func(domain.Recorded)       // of state
	revision eventstore.Expected         // of the last event folded
	spans    map[domain.CommandID]events // which events each command appended
	loaded   bool
}

// events is a span of a stream, both ends included.
type events struct {
	first, last uint64
	digest      string
}

// reusedBy reports whether cmd bears the id of the command that appended the
// events and is another request.
func (e events) reusedBy(cmd domain.Command) bool {
	return cmd.Digest != "" && e.digest != "" && cmd.Digest != e.digest
}

// hold returns the stream with its turn taken; release gives it back.
func hold[S any, P state[S]](ctx context.Context, h *Handler, name string) (st *stream, release func(), err error) {
	key := heldKey{reflect.TypeFor[S](), name}
	st, ok := h.held.Get(key)
	if !ok {
		fresh := &stream{
			turn: make(chan struct{}, 1), name: name, revision: eventstore.NoStream, spans: map[domain.CommandID]events{},
		}
		p := P(new(S))
		fresh.state, fresh.apply = p, p.Apply
		if st, ok, _ = h.held.PeekOrAdd(key, fresh); !ok {
			st = fresh
		}
	}
	select {
	case st.turn <- struct{}{}:
		return st, func() { <-st.turn }, nil
	case <-ctx.Done():
		return nil, nil, domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"other commands on the same record took too long; send the same request with the same Idempotency-Key again")
	}
}

// catchUp folds what the log holds beyond the state and returns it.
func (st *stream) catchUp(ctx context.Context, log Log) ([]domain.Recorded, error) {
	var news []domain.Recorded
	first := !st.loaded
	for rec, err := range log.Read(ctx, st.name, uint64(st.revision+1)) {
		if err != nil {
			return nil, err
		}
		st.apply(rec)
		st.revision = eventstore.Expected(rec.Revision)
		span, known := st.spans[rec.Meta.Causation]
		if !known {
			span = events{first: rec.Revision, digest: rec.Meta.Digest}
		}
		span.last = rec.Revision
		st.spans[rec.Meta.Causation] = span
		if !first { // a first load may be long, and nobody asks for its events
			news = append(news, rec)
		}
	}
	st.loaded = true
	return news, nil
}

// readBack is catchUp where the log must hold more than the state: it has taken
// an append, or refused one for the sake of other events. A node that shows
// nothing of that is not the leader, and the next one is asked.
func (st *stream) readBack(ctx context.Context, log Log) ([]domain.Recorded, error) {
	for range nodesAsked {
		news, err := st.catchUp(ctx, log)
		if err != nil || len(news) > 0 {
			return news, err
		}
		log.Suspect()
	}
	return nil, notConfirmed(st.name)
}

// order is one command on one stream.
type order[S any] struct {
	cmd         domain.Command
	stream      string
	correlation uuid.UUID // the case; zero where there is none
	ifMatch     *uint64   // the revision that the caller saw; nil where it does not care
	dryRun      bool
	decide      func(*S) ([]domain.Event, error)
}

// execute carries out an order. Expected revisions come from what was read:
// the state's own revision.
func execute[S any, P state[S]](ctx context.Context, h *Handler, o order[S]) (Receipt, error) {
	st, release, err := hold[S, P](ctx, h, o.stream)
	if err != nil {
		return Receipt{}, err
	}
	defer release()
	if !st.loaded || o.dryRun {
		if _, err := st.catchUp(ctx, h.log); err != nil {
			return Receipt{}, err
		}
	}
	for lost := 0; ; {
		if span, done := st.spans[o.cmd.ID]; done {
			return h.repeated(ctx, o.stream, span, o.cmd)
		}
		events, err := o.judge(st)
		if err != nil {
			// The refusal may rest on an old state: of this stream, or of this one
			// from before what the decision read elsewhere. No is said only when
			// nothing has come to this stream since.
			news, readErr := st.catchUp(ctx, h.log)
			if readErr != nil {
				return Receipt{}, readErr
			}
			if len(news) == 0 {
				return Receipt{}, err
			}
			continue
		}
		if o.dryRun {
			return o.planned(events), nil
		}
		if looked := o.accesses(events); len(looked) > 0 {
			// What is refused looked nobody up: what the newest state refuses, and a
			// command that was carried out, leave no entry.
			news, err := st.catchUp(ctx, h.log)
			if err != nil {
				return Receipt{}, err
			}
			if len(news) > 0 {
				continue
			}
			if err := h.note(ctx, o.meta(), looked); err != nil {
				return Receipt{}, err
			}
		}
		_, err = h.log.Append(ctx, o.stream, st.revision, o.sealed(events))
		var moved *eventstore.RevisionError
		if errors.As(err, &moved) {
			if _, err := st.readBack(ctx, h.log); err != nil {
				// The state may be of another log, or of more than this one holds.
				h.held.Remove(heldKey{reflect.TypeFor[S](), o.stream})
				return Receipt{}, err
			}
			// Who was faster may have been this very command, through another process.
			if _, done := st.spans[o.cmd.ID]; !done && lost == races-1 {
				return Receipt{}, domain.Refuse(domain.Conflict, domain.CodeLostRace,
					"others changed the same record at the same time, %d times in a row; nothing was changed, "+
						"send the request again", races)
			}
			lost++
			continue
		}
		if err != nil {
			return Receipt{}, err
		}
		// The answer is read back, not remembered: where an earlier attempt of
		// this very command got through, the log holds that one's events.
		news, err := st.readBack(ctx, h.log)
		if err != nil {
			return Receipt{}, err
		}
		if span, done := st.spans[o.cmd.ID]; done {
			if span.reusedBy(o.cmd) {
				return Receipt{}, KeyReused()
			}
			if own := ownEvents(news, o.cmd.ID); len(own) == int(span.last-span.first)+1 {
				return receipt(o.stream, own), nil
			}
			return h.repeated(ctx, o.stream, span, o.cmd)
		}
		// Others were there, and what was acknowledged is not: this node leads no
		// longer, or has lost it with its leadership.
		h.log.Suspect()
		return Receipt{}, notConfirmed(o.stream)
	}
}

// notConfirmed is the answer to a command that was appended and cannot be read
// back. Repeating the command finds it.
func notConfirmed(stream string) error {
	return fmt.Errorf("command: %s does not show what was appended to it: %w", stream,
		domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"the event store took the command and does not show it yet; "+
				"send the same request with the same Idempotency-Key again"))
}

// judge compares If-Match and lets the domain decide.
func (o order[S]) judge(st *stream) ([]domain.Event, error) {
	if o.ifMatch != nil && st.revision == eventstore.NoStream {
		return nil, domain.Refuse(domain.Stale, domain.CodeStaleRevision,
			"If-Match names revision %d of a record that does not exist: "+
				"leave If-Match out of a command that begins a record", *o.ifMatch)
	}
	if o.ifMatch != nil && *o.ifMatch != uint64(st.revision) {
		return nil, domain.Refuse(domain.Stale, domain.CodeStaleRevision,
			"the record has changed since you read it (If-Match names revision %d, it is at %d): "+
				"read it again and decide anew", *o.ifMatch, st.revision)
	}
	return o.decide(st.state.(*S))
}

// sealed gives the events their derived ids and what all events carry.
func (o order[S]) sealed(evs []domain.Event) []eventstore.NewEvent {
	sealed := make([]eventstore.NewEvent, len(evs))
	for i, e := range evs {
		sealed[i] = eventstore.NewEvent{
			ID: domain.DeriveID(o.cmd.ID.UUID, strconv.Itoa(i)), Event: e, Meta: o.meta(),
		}
	}
	return sealed
}

func (o order[S]) meta() domain.Meta {
	correlation := o.correlation
	if correlation == uuid.Nil {
		correlation = o.cmd.ID.UUID
	}
	return domain.Meta{
		Correlation: correlation, Causation: o.cmd.ID, Digest: o.cmd.Digest,
		Actor: o.cmd.Actor, Role: o.cmd.Role, Channel: o.cmd.Channel,
	}
}

func (o order[S]) planned(evs []domain.Event) Receipt {
	r := Receipt{Stream: o.stream, Planned: true}
	for _, e := range evs {
		r.Events = append(r.Events, domain.Recorded{Stream: o.stream, Event: e, Meta: o.meta()})
	}
	return r
}

// repeated answers a command that the stream already holds.
func (h *Handler) repeated(ctx context.Context, name string, span events, cmd domain.Command) (Receipt, error) {
	if span.reusedBy(cmd) {
		return Receipt{}, KeyReused()
	}
	recs, err := h.log.ReadPage(ctx, name, span.first, int(span.last-span.first)+1)
	if err != nil {
		return Receipt{}, err
	}
	if len(recs) != int(span.last-span.first)+1 { // a log from before, or none that leads
		h.log.Suspect()
		return Receipt{}, notConfirmed(name)
	}
	r := receipt(name, recs)
	r.Repeated = true
	return r, nil
}

// KeyReused is the refusal of an Idempotency-Key that came before with another
// request.
func KeyReused() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeKeyReused,
		"this Idempotency-Key came before with another request: "+
			"repeat that request unchanged, or send this one under a new key")
}

func receipt(name string, own []domain.Recorded) Receipt {
	last := own[len(own)-1]
	return Receipt{Stream: name, Revision: last.Revision, Position: last.Position, Events: own}
}

func ownEvents(recs []domain.Recorded, id domain.CommandID) []domain.Recorded {
	var own []domain.Recorded
	for _, r := range recs {
		if r.Meta.Causation == id {
			own = append(own, r)
		}
	}
	return own
}

// view lets f look at the present state of a stream; f must not keep it.
func view[S any, P state[S]](ctx context.Context, h *Handler, name string, f func(*S) error) error {
	st, release, err := hold[S, P](ctx, h, name)
	if err != nil {
		return err
	}
	defer release()
	if _, err := st.catchUp(ctx, h.log); err != nil {
		return err
	}
	return f(st.state.(*S))
}

// snapshot returns a copy of the present state of a stream.
func snapshot[S any, P lasting[S]](ctx context.Context, h *Handler, name string) (S, error) {
	var s S
	err := view[S, P](ctx, h, name, func(held *S) error {
		s = P(held).Clone()
		return nil
	})
	return s, err
}
