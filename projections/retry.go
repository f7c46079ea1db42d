package projections

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
)

// An event that leaves the quarantine is applied late: after events of other
// streams that follow it in the log. The model must become what it would be if
// the event had been applied in time. So a write to a member of a key is dropped
// where an event that follows in the log has written to the same member: that
// write counts. The few verbs that read their key (opStair, opPoint,
// opPointHolder) or change a whole range (opCut) cannot be treated like that. Where one of them
// and a write of another stream concern the same key, the stream is left in
// quarantine, and the answer asks for a rebuild.
//
// So the projector reads the log twice from where the quarantine begins: once
// for the events in it, once for the writes to the same keys.

// answerRequest carries out what an operator asks for, if anything. A request
// that an interruption leaves unanswered is found again by whoever leads next:
// each can be carried out twice.
func (p *Projector) answerRequest(ctx context.Context, w *writer) error {
	text, err := p.client.Get(ctx, p.keys.request()).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for a request about the quarantine: %w", err)
	}
	serving, err := p.client.Get(ctx, p.keys.serving()).Uint64()
	if errors.Is(err, redis.Nil) || err == nil && serving != w.number {
		return errReplaced // a log at rest has not told w yet
	}
	if err != nil {
		return fmt.Errorf("see which generation serves: %w", err)
	}
	var req request
	var a answer
	if err := json.Unmarshal([]byte(text), &req); err != nil {
		p.opts.Logger.Warn("a request about the quarantine cannot be read", "error", err)
		return dropRequest.Run(ctx, p.client, []string{p.keys.request()}, text).Err()
	}
	var refused *RefusedError
	switch a.Mended, err = p.carryOut(ctx, w, req); {
	case errors.As(err, &refused):
		a.Refused = refused.Why
	case err != nil:
		return fmt.Errorf("%s events in quarantine: %w", req.Verb, err)
	}
	p.opts.Logger.Info("quarantine", "request", req.Verb, "event", req.Event, "outcome", stored(a))
	if err := p.client.Set(ctx, p.keys.answer(req.ID), stored(a), answerLives).Err(); err != nil {
		return fmt.Errorf("answer a request about the quarantine: %w", err)
	}
	return dropRequest.Run(ctx, p.client, []string{p.keys.request()}, text).Err()
}

func (p *Projector) carryOut(ctx context.Context, w *writer, req request) ([]Mended, error) {
	if _, err := p.releasedAfter(ctx, 0); err != nil { // from now on the log shows none of them
		return nil, err
	}
	kept, err := p.kept(ctx, w)
	if err != nil {
		return nil, err
	}
	switch req.Verb {
	case retryVerb:
		return p.retry(ctx, w, kept, req.Event.Stream)
	case releaseVerb:
		if !w.intake.held[req.Event.Stream] {
			return []Mended{{Stream: req.Event.Stream}}, nil
		}
		return p.mend(ctx, w, kept, []string{req.Event.Stream})
	}
	return nil, refuseRequest("the server does not know the request %q: "+
		"it is of another version than this program", req.Verb)
}

func (p *Projector) retry(ctx context.Context, w *writer, kept keptBack, stream string) ([]Mended, error) {
	if stream == "" {
		return p.mend(ctx, w, kept, kept.streams())
	}
	if !w.intake.held[stream] {
		return nil, refuseRequest("nothing of %s is in quarantine", stream)
	}
	return p.mend(ctx, w, kept, []string{stream})
}

// releasedAfter returns which events were released after the first known ones; none where
// the log cannot tell.
func (p *Projector) releasedAfter(ctx context.Context, known int) ([]domain.EventRef, error) {
	log, ok := p.log.(LogReleases)
	if !ok {
		return nil, nil
	}
	released, err := log.ReleasedAfter(ctx, known)
	if err != nil {
		return nil, fmt.Errorf("read which events are released: %w", err)
	}
	return released, nil
}

// settleReleases lets streams go that this generation holds because of events which were
// released since it took them.
func (p *Projector) settleReleases(ctx context.Context, w *writer) error {
	if len(w.intake.held) == 0 {
		return nil
	}
	released, err := p.releasedAfter(ctx, w.releases)
	if err != nil || len(released) == 0 {
		return err
	}
	w.releases += len(released)
	var streams []string
	for _, event := range released {
		if w.intake.held[event.Stream] && !slices.Contains(streams, event.Stream) {
			streams = append(streams, event.Stream)
		}
	}
	if len(streams) == 0 {
		return nil
	}
	kept, err := p.kept(ctx, w)
	if err != nil {
		return err
	}
	mended, err := p.mend(ctx, w, kept, streams)
	for _, m := range mended {
		p.opts.Logger.Info("quarantine: an event of the stream is released", "outcome", stored(m))
	}
	var refused *RefusedError
	if errors.As(err, &refused) { // the streams are held back, which is no wrong answer
		p.opts.Logger.Warn("quarantine: a released event holds its stream still", "why", refused.Why)
		return nil
	}
	return err
}

// keptBack is what a generation holds back: a record by stream@revision.
type keptBack struct {
	quarantined record
	counts      map[string]int  // events in quarantine, by stream
	from        domain.Position // behind it lies every event in quarantine
}

func newKeptBack(quarantined record) keptBack {
	k := keptBack{quarantined: quarantined, counts: make(map[string]int)}
	for ref := range quarantined {
		stream, _, _ := strings.Cut(ref, "@")
		k.counts[stream]++
	}
	return k
}

// streams are those with an event in quarantine, sorted.
func (k keptBack) streams() []string { return slices.Sorted(maps.Keys(k.counts)) }

// applied reports whether the generation has the event.
func (k keptBack) applied(rec *domain.Recorded) bool {
	return !k.quarantined.has(eventRef(rec.Stream, rec.Revision))
}

// kept reads what w's generation holds back. Nobody but w writes it.
func (p *Projector) kept(ctx context.Context, w *writer) (k keptBack, err error) {
	g := p.keys.generation(w.number)
	quarantined, err := p.client.HGetAll(ctx, g+quarantineKey).Result()
	if err != nil {
		return k, fmt.Errorf("read the quarantine of generation %d: %w", w.number, err)
	}
	k = newKeptBack(quarantined)
	if len(k.quarantined) == 0 {
		return k, nil
	}
	from, err := p.client.HGet(ctx, p.keys.checkpoint(w.number), heldFromField).Result()
	if err == nil {
		k.from, err = parsePosition(from)
	}
	if err != nil {
		return k, fmt.Errorf("read where the quarantine of generation %d begins: %w", w.number, err)
	}
	return k, nil
}

// mend tries the events of the held streams again. A stream is changed step by step,
// each of BatchSize events at most and atomic: events leave the quarantine in the step
// that applies them, and the stream is held until none is left.
func (p *Projector) mend(ctx context.Context, w *writer, kept keptBack, streams []string) ([]Mended, error) {
	if len(streams) == 0 {
		return nil, nil
	}
	tried := make(map[string]bool, len(streams))
	for _, stream := range streams {
		tried[stream] = true
	}
	late := make(map[string][]domain.Delivery, len(streams))
	err := p.each(ctx, kept.from, w.event, func(d domain.Delivery) {
		rec := d.Recorded
		if tried[rec.Stream] && kept.quarantined.has(eventRef(rec.Stream, rec.Revision)) {
			late[rec.Stream] = append(late[rec.Stream], d)
		}
	})
	if err != nil {
		return nil, err
	}
	again := make([]stretch, len(streams))
	met := make(meetings)
	for i, stream := range streams {
		again[i] = retried(stream, late[stream])
		met.expect(again[i])
	}
	err = p.each(ctx, kept.from, w.event, func(d domain.Delivery) {
		if d.Poison == nil && kept.applied(d.Recorded) {
			ops, _ := safely(project, *d.Recorded) // was applied, so it can be
			met.note(d.Position, ops)
		}
	})
	if err != nil {
		return nil, err
	}
	var mended []Mended
	for _, s := range again {
		m, err := p.apply(ctx, w, s, met, kept)
		if err != nil {
			return mended, err
		}
		mended = append(mended, m)
	}
	return mended, nil
}

// apply lets the stretch leave the quarantine, as far as it can.
func (p *Projector) apply(ctx context.Context, w *writer, s stretch, met meetings, kept keptBack) (Mended, error) {
	m := Mended{Stream: s.stream, Left: len(s.events)}
	late, exact := met.late(s)
	switch {
	case kept.counts[s.stream] != len(s.events):
		m.Left = kept.counts[s.stream]
		m.Why = "the log no longer has every event that is in quarantine: tizilim rebuild reads what it has"
	case !exact:
		m.Why = "other streams have written meanwhile what these events would change, so they cannot be applied late: " +
			"tizilim rebuild applies everything in order"
	}
	if m.Why != "" {
		return m, nil
	}
	for first := 0; first < len(late); first += p.opts.BatchSize {
		step := late[first:min(first+p.opts.BatchSize, len(late))]
		refs := make([]string, len(step))
		for i, e := range step {
			refs[i] = e.ref
		}
		ops := []op{unset(quarantineKey, refs...)}
		for _, e := range step {
			ops = append(ops, e.ops...)
			met.note(e.position, e.ops)
		}
		if first+len(step) == len(late) && s.why == "" {
			ops = append(ops, leave(heldKey, s.stream))
			if len(w.intake.held) == 1 { // it is the last one
				ops = append(ops, unset(checkpointKey, heldFromField))
			}
		}
		if err := p.writeMended(ctx, w, ops); err != nil {
			return m, err
		}
	}
	m.Applied, m.Left, m.Why = s.applied, s.left, s.why
	if s.why == "" {
		delete(w.intake.held, s.stream)
	}
	return m, nil
}

// writeMended writes the ops under the guards of every batch.
func (p *Projector) writeMended(ctx context.Context, w *writer, ops []op) error {
	next := *w
	if err := w.write(ctx, &next, append(ops, set(checkpointKey, mendedField, uuid.NewString()))); err != nil {
		return err
	}
	*w = next
	return nil
}

// each visits, once, every event of the log in (after, until], which the model
// has already.
func (p *Projector) each(ctx context.Context, after, until domain.Position, visit func(domain.Delivery)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for d := range p.log.Follow(ctx, after) {
		if d.Recorded != nil && d.Position > after && d.Position <= until {
			after = d.Position
			visit(d)
		}
		switch {
		case d.Position >= until:
			return nil
		case d.CaughtUp:
			return refuseRequest("the log ends before the last event of the read model: " +
				"make sure that it is the right log, then use tizilim rebuild")
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return errors.New("the log stopped to deliver")
}

// stretch is the events of one stream in quarantine, tried again.
type stretch struct {
	stream  string
	events  []lateEvent
	applied int
	left    int
	why     string // the first of those left cannot be applied; empty where none is left
}

// lateEvent is an event in quarantine and what it would have written in time.
type lateEvent struct {
	ref      string
	position domain.Position
	ops      []op
}

// retried tries the events of a stream.
func retried(stream string, late []domain.Delivery) stretch {
	s := stretch{stream: stream}
	var in intake
	for _, d := range late {
		e := lateEvent{eventRef(stream, d.Recorded.Revision), d.Position, in.ops(d)}
		first := op{}
		if len(e.ops) > 0 {
			first = e.ops[0]
		}
		switch first.key {
		case quarantineKey:
			s.left++
			if s.why == "" {
				s.why = e.ref + " " + parseQuarantined(first.args[1]).Why
			}
		case releasedKey: // it leaves the quarantine and is skipped
		default:
			s.applied++
		}
		s.events = append(s.events, e)
	}
	return s
}

// meetings are the writes of applied events to what late events write too.
type meetings map[string]*meeting // by key

type meeting struct {
	members map[string]domain.Position // that late events write: position of the last applied event that did
	any     domain.Position            // of the last applied event that wrote to the key
	read    domain.Position            // of the last applied event whose write read the whole key
	fields  map[string]domain.Position // position of the last applied event whose write read the field
}

// expect adds what the stretch would write.
func (ms meetings) expect(s stretch) {
	for _, e := range s.events {
		for _, o := range e.ops {
			m := ms[o.key]
			if m == nil {
				m = &meeting{members: make(map[string]domain.Position), fields: make(map[string]domain.Position)}
				ms[o.key] = m
			}
			for _, member := range o.members() {
				m.members[member] = max(m.members[member], 0)
			}
			if field := o.reads(); field != "" {
				m.members[field] = max(m.members[field], 0)
			}
		}
	}
}

// note adds what an applied event wrote.
func (ms meetings) note(at domain.Position, ops []op) {
	for _, o := range ops {
		m := ms[o.key]
		if m == nil {
			continue
		}
		m.any = max(m.any, at)
		switch {
		case o.verb == opCut:
			for member := range m.members {
				if member >= o.args[0] && member < end {
					m.members[member] = max(m.members[member], at)
				}
			}
		case o.readsAll():
			m.read = max(m.read, at)
		case o.reads() != "":
			m.fields[o.reads()] = max(m.fields[o.reads()], at)
		default:
			for _, member := range o.members() {
				if last, ok := m.members[member]; ok {
					m.members[member] = max(last, at)
				}
			}
		}
	}
}

// readAfter reports whether an applied event behind the position has read one of
// the fields.
func (m *meeting) readAfter(position domain.Position, fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return m.fields[field] > position })
}

// late returns the events of the stretch with those of their writes that no
// applied event has overtaken. exact is false where that is not the same as
// having applied them in time.
func (ms meetings) late(s stretch) (events []lateEvent, exact bool) {
	for _, e := range s.events {
		var ops []op
		for _, o := range e.ops {
			m := ms[o.key]
			switch {
			case o.readsAll():
				if m.any > e.position {
					return nil, false
				}
				ops = append(ops, o)
			case o.reads() != "":
				if m.members[o.reads()] > e.position {
					return nil, false
				}
				ops = append(ops, o)
			default:
				if m.read > e.position || m.readAfter(e.position, o.members()) {
					return nil, false
				}
				o = o.only(func(member string) bool { return m.members[member] < e.position })
				if len(o.args) > 0 {
					ops = append(ops, o)
				}
			}
		}
		events = append(events, lateEvent{e.ref, e.position, ops})
	}
	return events, true
}

// members are those that the op writes of its key.
func (o op) members() []string {
	if of := verbs[o.verb].members; of != nil {
		return of(o.args)
	}
	return nil
}

// reads returns the field of its key that the op reads; "" where it reads none.
func (o op) reads() string { return verbs[o.verb].reads }

// readsAll reports whether the op depends on all that its key holds.
func (o op) readsAll() bool { return verbs[o.verb].members == nil && o.reads() == "" }

// only returns the op for those of its members that keep lets through; without
// args where there is none.
func (o op) only(keep func(member string) bool) op {
	kept := op{verb: o.verb, key: o.key}
	switch o.verb {
	case opSet:
		for i := 0; i < len(o.args); i += 2 {
			if keep(o.args[i]) {
				kept.args = append(kept.args, o.args[i], o.args[i+1])
			}
		}
	case opRank:
		if keep(o.args[1]) {
			kept.args = o.args
		}
	default:
		for _, member := range o.args {
			if keep(member) {
				kept.args = append(kept.args, member)
			}
		}
	}
	return kept
}
