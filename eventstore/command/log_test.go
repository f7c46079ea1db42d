package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/domaintest"
	"tizilim/eventstore"
)

// errCrash is what a process sees that dies: nothing after it happens.
var errCrash = errors.New("the process died")

// memoryLog is a log that behaves as EventStoreDB does towards one writer's
// appends: expected revisions, idempotency by event id at the revision that was
// expected, positions that rise over all streams. Events pass through JSON, as
// they do on their way to a server.
type memoryLog struct {
	mu      sync.Mutex
	streams map[string][]domain.Recorded
	all     []domain.Recorded

	appends int // calls that came in, successful or not
	reads   int

	// before and after are called around each append, outside the lock, with its
	// ordinal (1 for the first). An error from before means that nothing was
	// appended, one from after that it was, but the caller is not told.
	before, after func(n int, stream string) error

	// unreadable holds, of the streams that have one, the first revision that cannot be
	// decoded.
	unreadable map[string]uint64

	silent bool // a read ends with its context
}

func newLog() *memoryLog { return &memoryLog{streams: map[string][]domain.Recorded{}} }

func (l *memoryLog) Append(
	ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.NewEvent,
) (domain.Position, error) {
	l.mu.Lock()
	l.appends++
	n := l.appends
	before, after := l.before, l.after
	l.mu.Unlock()
	if before != nil {
		if err := before(n, stream); err != nil {
			return 0, err
		}
	}
	position, err := l.append(stream, expected, events)
	if err != nil {
		return 0, err
	}
	if after != nil {
		if err := after(n, stream); err != nil {
			return 0, err
		}
	}
	return position, nil
}

func (l *memoryLog) append(
	stream string, expected eventstore.Expected, events []eventstore.NewEvent,
) (domain.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := l.streams[stream]
	moved := &eventstore.RevisionError{Stream: stream, Err: fmt.Errorf("expected %d, at %d", expected, len(held)-1)}
	if int64(expected) > int64(len(held))-1 {
		return 0, moved
	}
	if rest := held[expected+1:]; len(rest) > 0 { // a repetition, or a lost race
		if len(rest) < len(events) {
			return 0, moved
		}
		for i, e := range events {
			if rest[i].ID != e.ID {
				return 0, moved
			}
		}
		return rest[len(events)-1].Position, nil
	}
	for _, e := range events {
		rec := domain.Recorded{
			ID: e.ID, Stream: stream, Revision: uint64(len(l.streams[stream])), Position: domain.Position(100 * (len(l.all) + 1)),
			Created: domaintest.Noon(), Event: throughJSON(e.Event), Meta: e.Meta,
		}
		l.streams[stream] = append(l.streams[stream], rec)
		l.all = append(l.all, rec)
	}
	return l.all[len(l.all)-1].Position, nil
}

// RecordAccess is an append that looks for its entry first.
func (l *memoryLog) RecordAccess(
	ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta,
) error {
	stream := accesslog.Stream(e.PersonID)
	for {
		held := l.stream(stream)
		next := eventstore.Expected(len(held)) - 1
		if i := slices.IndexFunc(held, func(rec domain.Recorded) bool { return rec.ID == id }); i >= 0 {
			next = eventstore.Expected(i) - 1
		}
		_, err := l.Append(ctx, stream, next, []eventstore.NewEvent{{ID: id, Event: e, Meta: meta}})
		var moved *eventstore.RevisionError
		if !errors.As(err, &moved) {
			return err
		}
	}
}

// Reconnect does nothing: this log never contradicts itself.
func (l *memoryLog) Reconnect() {}

// throughJSON returns the event as it comes back from a server.
func throughJSON(e domain.Event) domain.Event {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	back := reflect.New(reflect.TypeOf(e))
	if err := json.Unmarshal(data, back.Interface()); err != nil {
		panic(err)
	}
	return back.Elem().Interface().(domain.Event)
}

func (l *memoryLog) Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		recs, err := l.ReadPage(ctx, stream, from, 1<<30)
		if err != nil {
			yield(domain.Recorded{}, err)
			return
		}
		for _, rec := range recs {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

func (l *memoryLog) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	held := l.streams[stream]
	if from >= uint64(len(held)) {
		return nil, nil
	}
	end := min(uint64(len(held)), from+uint64(limit))
	if bad, ok := l.unreadable[stream]; ok && bad < end {
		ref := domain.EventRef{Stream: stream, Revision: bad}
		return nil, &eventstore.UnreadableError{Event: ref, Type: "Strange", Why: errors.New("not known")}
	}
	return slices.Clone(held[from:end]), nil
}

func (l *memoryLog) ReadSound(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error] {
	return func(yield func(domain.Recorded, error) bool) {
		l.mu.Lock()
		held := slices.Clone(l.streams[stream])
		if bad, ok := l.unreadable[stream]; ok {
			held = held[:bad]
		}
		l.mu.Unlock()
		for _, rec := range cut(held, int(from), len(held)) {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// poison appends an event to the stream that cannot be decoded.
func (l *memoryLog) poison(stream string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unreadable == nil {
		l.unreadable = map[string]uint64{}
	}
	l.unreadable[stream] = uint64(len(l.streams[stream]))
	l.streams[stream] = append(l.streams[stream], domain.Recorded{Stream: stream})
}

// cut returns at most limit of the list behind the first skip.
func cut[T any](list []T, skip, limit int) []T {
	skip = min(skip, len(list))
	return list[skip:min(len(list), skip+limit)]
}

// counted returns how many calls f makes, all kinds together.
func (l *memoryLog) counted(f func()) int {
	l.mu.Lock()
	began := l.appends + l.reads
	l.mu.Unlock()
	f()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.appends + l.reads - began
}

// faults sets what happens around the appends from here on, counted from 1.
func (l *memoryLog) faults(before, after func(n int, stream string) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.after, l.appends = before, after, 0
}

// stops has the log lost "before" or "after" its nth append from here on, and at all later ones.
func (l *memoryLog) stops(where string, n int) {
	stop := func(at int, _ string) error {
		if at >= n {
			return errLost
		}
		return nil
	}
	if where == "before" {
		l.faults(stop, nil)
	} else {
		l.faults(nil, stop)
	}
}

func (l *memoryLog) heal() { l.faults(nil, nil) }

// copy returns a log that holds the same.
func (l *memoryLog) copy() *memoryLog {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := newLog()
	c.all = slices.Clone(l.all)
	for name, recs := range l.streams {
		c.streams[name] = slices.Clone(recs)
	}
	return c
}

func (l *memoryLog) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.all)
}

// since returns the events after the first n.
func (l *memoryLog) since(n int) []domain.Recorded {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all[n:])
}

func (l *memoryLog) stream(name string) []domain.Recorded {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.streams[name])
}

// cut takes the events from the revision on out of the stream.
func (l *memoryLog) cut(stream string, revision int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams[stream] = l.streams[stream][:revision]
}

// contents are the events of every stream in order, without what the moment
// decides: positions, and the instants at which a late finisher worked.
func (l *memoryLog) contents() map[string][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := map[string][]string{}
	for name, recs := range l.streams {
		for _, rec := range recs {
			data, err := json.Marshal(rec.Event)
			if err != nil {
				panic(err)
			}
			c[name] = append(c[name], fmt.Sprintf("%s %s %s %+v", rec.ID, rec.Event.EventType(), data, rec.Meta))
		}
	}
	return c
}

// typesOf names the types of the events, as "residence: RegistrationEnded".
func typesOf(recs []domain.Recorded) []string {
	var names []string
	for _, rec := range recs {
		category, _, _ := strings.Cut(rec.Stream, "-")
		names = append(names, category+": "+rec.Event.EventType())
	}
	return names
}

// clock is the time of the registry's own steps: it stands still, so that an
// act that is finished late leaves the same log.
func clock() time.Time { return domaintest.Noon() }

// lastOf is the revision of the last event of the stream.
func lastOf(l *memoryLog, stream string) eventstore.Expected {
	return eventstore.Expected(len(l.stream(stream)) - 1)
}

// newEvents are events that another process appends.
func newEvents(events ...domain.Event) []eventstore.NewEvent {
	list := make([]eventstore.NewEvent, len(events))
	for i, e := range events {
		list[i] = eventstore.NewEvent{
			ID:    uuid.New(),
			Event: e,
			Meta:  domain.Meta{Causation: domain.CommandID{UUID: uuid.New()}},
		}
	}
	return list
}
