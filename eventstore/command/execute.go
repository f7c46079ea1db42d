package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore"
)

const (
	// races is how often a lost race is decided anew before the caller is told.
	races = 8
	// nodesAsked is how many nodes may deny what was acknowledged before the caller
	// is told to ask again.
	nodesAsked = 3
)

// streamCommand is one command on one stream.
type streamCommand[S any] struct {
	cmd         domain.Command
	stream      string
	correlation uuid.UUID // the case; zero where there is none
	ifMatch     *uint64   // the revision that the caller saw; nil where it does not care
	dryRun      bool
	later       bool // an earlier step of the act is recorded
	onMerged    bool // it may act on a record that was merged into another one (R33)
	// origin says from which line an event of an import is; nil where all are from that of the command.
	origin func(domain.Event) *domain.Imported
	// decide returns the events of the command on the state, or the refusal. It
	// changes nothing, and may be called several times, on newer states.
	decide func(*S) ([]domain.Event, error)
}

// execute carries out a command on a stream, under the stream's lock: what this
// process decides on one stream it decides one after the other. Expected revisions
// come from what was read: that of the version that was decided on.
func execute[S any, P state[S]](ctx context.Context, h *Handler, c streamCommand[S]) (Receipt, error) {
	x := execution[S, P]{h: h, stream: streamOf[S, P](h, c.stream), command: c}
	unlock, err := x.stream.lock(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer unlock()
	v, err := x.stream.loaded(ctx)
	if err == nil && c.dryRun {
		v, err = x.stream.catchUp(ctx, v)
	}
	for lost := 0; err == nil; {
		var receipt Receipt
		var newer *version[S, P]
		var raced bool
		receipt, newer, raced, err = x.attempt(ctx, v)
		if err != nil || newer == nil {
			return receipt, err
		}
		// Who was faster may have been this very command, through another process.
		if _, done := newer.eventsOf(c.cmd.ID); raced && !done {
			if lost++; lost == races {
				return Receipt{}, lostRace(c.later)
			}
		}
		v = newer
	}
	return Receipt{}, err
}

// lostRace is the answer to a command that lost every race. Where an earlier step of its act
// is recorded, something was changed, and the act goes on.
func lostRace(later bool) error {
	if later {
		return domain.Refuse(domain.Unavailable, domain.CodeLostRace,
			"others changed the same record at the same time, %d times in a row; the first part of this act is recorded "+
				"and the registry completes it: send the same request with the same Idempotency-Key again for its outcome", races)
	}
	return domain.Refuse(domain.Conflict, domain.CodeLostRace,
		"others changed the same record at the same time, %d times in a row; nothing was changed, send the request again",
		races)
}

// onStream carries out a command that is one append to one stream.
func onStream[S any, P state[S]](
	ctx context.Context, h *Handler, cmd domain.Command, stream string, opt Options,
	decide func(*S) ([]domain.Event, error),
) (Receipt, error) {
	return execute[S, P](ctx, h, streamCommand[S]{
		cmd: cmd, stream: stream, ifMatch: opt.IfMatch, dryRun: opt.DryRun, decide: decide,
	})
}

// onCaseStream is onStream for the stream of a case, which its events then name.
func onCaseStream[S any, P state[S]](
	ctx context.Context, h *Handler, cmd domain.Command, id domain.CaseID, opt Options,
	decide func(*S) ([]domain.Event, error),
) (Receipt, error) {
	return execute[S, P](ctx, h, streamCommand[S]{
		cmd: cmd, stream: id.Stream(), correlation: id.UUID, ifMatch: opt.IfMatch, dryRun: opt.DryRun, decide: decide,
	})
}

// step carries out a later step of an act over several streams: a command on one of them,
// for the case.
func step[S any, P state[S]](
	ctx context.Context, h *Handler, cmd domain.Command, stream string, id domain.CaseID,
	decide func(*S) ([]domain.Event, error),
) (Receipt, error) {
	return execute[S, P](ctx, h, streamCommand[S]{
		cmd: cmd, stream: stream, correlation: id.UUID, later: true, decide: decide,
	})
}

// execution is a command on a stream whose lock is held.
type execution[S any, P state[S]] struct {
	h       *Handler
	stream  *cached[S, P]
	command streamCommand[S]
}

// attempt decides the command on v, appends what was decided and returns the
// receipt. Where v was not the newest and the newest may decide otherwise, it
// returns that one instead of a receipt: decide again. raced says that this is so
// because others appended between the decision and the append.
func (x execution[S, P]) attempt(
	ctx context.Context, v *version[S, P],
) (receipt Receipt, newer *version[S, P], raced bool, err error) {
	c := x.command
	if events, done := v.eventsOf(c.cmd.ID); done {
		receipt, err = x.repeated(ctx, events)
		return receipt, nil, false, err
	}
	// Every event has an instant, and most decisions rest on one.
	if err := x.h.clock.Check(ctx); err != nil {
		return Receipt{}, nil, false, err
	}
	events, refusal := c.judge(&v.state, v.revision)
	if refusal != nil {
		// The refusal may rest on an old state: of this stream, or of this one from
		// before what the decision read elsewhere. It is given only where nothing has
		// come to this stream since.
		if newer, err = x.newerThan(ctx, v); err == nil && newer == nil {
			err = refusal
		}
		return Receipt{}, newer, false, err
	}
	recordable, entries := c.recordable(events), c.accesses(events)
	// The append checks the size itself. A dry run must check it too, and entries of the
	// access log must not stay where the append is refused.
	if c.dryRun || len(entries) > 0 {
		if err := eventstore.CheckSize(recordable); err != nil {
			return Receipt{}, nil, false, err
		}
	}
	if c.dryRun {
		plan := planned(c.cmd, c.stream, c.correlation, events)
		return Receipt{
			Stream: c.stream, Planned: true, Begins: v.revision == eventstore.NoStream, Events: plan,
		}, nil, false, nil
	}
	if len(entries) > 0 {
		// A command that the newest state refuses, or that was carried out before, must
		// leave no entry. So v must be the newest.
		if newer, err = x.newerThan(ctx, v); err != nil || newer != nil {
			return Receipt{}, newer, false, err
		}
		if err := x.h.recordAccesses(ctx, metaOf(c.cmd, c.correlation), entries); err != nil {
			return Receipt{}, nil, false, err
		}
	}
	at, err := x.h.log.Append(ctx, c.stream, v.revision, recordable)
	var moved *eventstore.RevisionError
	if errors.As(err, &moved) {
		newer, _, err = x.stream.readBack(ctx, v)
		if err != nil {
			// The state may be of another log, or of more than this one holds.
			x.h.streams.Remove(keyOf[S](c.stream))
		}
		return Receipt{}, newer, true, err
	}
	if err == nil {
		receipt, err = x.confirmed(ctx, v, recordable, at)
	}
	return receipt, nil, false, err
}

// newerThan returns the version that has what the log holds beyond v; nil where it
// holds no more.
func (x execution[S, P]) newerThan(ctx context.Context, v *version[S, P]) (*version[S, P], error) {
	newest, err := x.stream.catchUp(ctx, v)
	if err != nil || newest == v {
		return nil, err
	}
	return newest, nil
}

// answer reads back what the log took after v, and makes the receipt of it. It is
// not remembered: where an earlier attempt of this very command got through, the
// log holds the events of that one.
func (x execution[S, P]) answer(ctx context.Context, v *version[S, P]) (Receipt, error) {
	newest, news, err := x.stream.readBack(ctx, v)
	if err != nil {
		return Receipt{}, err
	}
	cmd := x.command.cmd
	events, done := newest.eventsOf(cmd.ID)
	if !done {
		// Others were there, and what was acknowledged is not: this node leads no
		// longer, or has lost it with its leadership.
		x.h.log.Reconnect()
		return Receipt{}, notConfirmed(x.stream.name)
	}
	if events.reusedBy(cmd) {
		return Receipt{}, KeyReused()
	}
	mine := causedBy(cmd.ID, news)
	for _, rec := range mine {
		x.h.clock.Known(rec.Created)
	}
	if len(mine) == events.len() {
		return receiptOf(x.stream.name, mine), nil
	}
	return x.repeated(ctx, events)
}

// repeated answers a command whose events the stream already holds.
func (x execution[S, P]) repeated(ctx context.Context, events span) (Receipt, error) {
	if events.reusedBy(x.command.cmd) {
		return Receipt{}, KeyReused()
	}
	recs, err := x.h.log.ReadPage(ctx, x.stream.name, events.first, events.len())
	if err != nil {
		return Receipt{}, err
	}
	if len(causedBy(x.command.cmd.ID, recs)) != events.len() { // a log from before, another one, or none that leads
		x.h.streams.Remove(keyOf[S](x.stream.name))
		x.h.log.Reconnect()
		return Receipt{}, notConfirmed(x.stream.name)
	}
	r := receiptOf(x.stream.name, recs)
	r.Repeated = true
	return r, nil
}

// notConfirmed is the answer to a command that was appended and cannot be read
// back. Repeating the command finds it.
func notConfirmed(stream string) error {
	return fmt.Errorf("command: %s does not show what was appended to it: %w", stream,
		domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
			"the event store has taken the command, but cannot show it yet: "+
				"send the same request with the same Idempotency-Key again"))
}

// KeyReused is the refusal of an Idempotency-Key that was used for another request.
func KeyReused() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeKeyReused,
		"this Idempotency-Key was used for another request: "+
			"repeat that request unchanged, or send this one with a new key")
}

// judge refuses what is barred, compares If-Match with the revision of the state, refuses a
// record that was merged into another one, and lets the domain decide.
func (c streamCommand[S]) judge(s *S, revision eventstore.Expected) ([]domain.Event, error) {
	if c.cmd.Barred != nil {
		return nil, c.cmd.Barred
	}
	if c.ifMatch != nil && revision == eventstore.NoStream {
		return nil, domain.Refuse(domain.Stale, domain.CodeStaleRevision,
			"If-Match names revision %d of a record that does not exist: "+
				"leave If-Match out of a command that begins a record", *c.ifMatch)
	}
	if c.ifMatch != nil && *c.ifMatch != uint64(revision) {
		return nil, domain.Refuse(domain.Stale, domain.CodeStaleRevision,
			"the record has changed since you read it (If-Match names revision %d, it is at %d): "+
				"read it again and decide anew", *c.ifMatch, revision)
	}
	// What the registry itself still records of the time before, it may.
	if p, ok := any(s).(*residence.Person); ok && !c.onMerged && c.cmd.Role != domain.RoleSystem {
		if err := p.CheckUnmerged(c.cmd.Role, ""); err != nil {
			return nil, err
		}
	}
	return c.decide(s)
}

// recordable gives the events their derived ids and what all events carry.
func (c streamCommand[S]) recordable(events []domain.Event) []eventstore.NewEvent {
	list, meta := make([]eventstore.NewEvent, len(events)), metaOf(c.cmd, c.correlation)
	for i, e := range events {
		if c.origin != nil {
			meta.Imported = c.origin(e)
		}
		list[i] = eventstore.NewEvent{ID: eventID(c.cmd.ID, i), Event: e, Meta: meta}
	}
	return list
}

// planned returns the events as they would be appended to the stream by the command.
// correlation is the case; zero where there is none.
func planned(
	cmd domain.Command, stream string, correlation uuid.UUID, events []domain.Event,
) []domain.Recorded {
	var recs []domain.Recorded
	for _, e := range events {
		recs = append(recs, domain.Recorded{Stream: stream, Event: e, Meta: metaOf(cmd, correlation)})
	}
	return recs
}

// metaOf is what all events of the command carry.
func metaOf(cmd domain.Command, correlation uuid.UUID) domain.Meta {
	if correlation == uuid.Nil {
		correlation = cmd.ID.UUID
	}
	return domain.Meta{
		Correlation: correlation, Causation: cmd.ID, Digest: cmd.Digest,
		Actor: cmd.Actor, Role: cmd.Role, Channel: cmd.Channel, RepresentedBy: cmd.RepresentedBy,
		Minutes: cmd.Minutes, Imported: cmd.Imported,
	}
}

// receiptOf makes the receipt of a command of its events, at least one.
func receiptOf(stream string, events []domain.Recorded) Receipt {
	last := events[len(events)-1]
	return Receipt{Stream: stream, Revision: last.Revision, Position: last.Position, Events: events}
}

// causedBy returns those of the events that the command appended.
func causedBy(id domain.CommandID, recs []domain.Recorded) []domain.Recorded {
	var caused []domain.Recorded
	for _, r := range recs {
		if r.Meta.Causation == id {
			caused = append(caused, r)
		}
	}
	return caused
}
