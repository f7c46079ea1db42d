package httpapi

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"time"

	"tizilim/domain"
	"tizilim/domain/events"
)

const (
	// historyScan bounds the events that one part of a walk looks at, where few of them are asked for.
	historyScan = 2048
	// unevenClocks is how far the times of the log may go back from one event to the next: each leader of the
	// event store has a clock of its own.
	unevenClocks = time.Minute
)

// walk goes through the events of a history that are asked for.
type walk struct {
	source
	newest   bool
	from, to time.Time // recorded; zero where nothing is asked
	kinds    []string  // all where it is empty
	actor    string    // any where it is ""
	limit    int
	cursor   uint64 // behind which it goes on
}

// walk checks what is asked, and returns the walk at its beginning.
func (h historyOf) walk(ctx context.Context) (*walk, error) {
	q := h.query
	w := &walk{source: h.source, newest: q.Order == newest, kinds: q.Kinds, actor: q.Actor, limit: q.Limit}
	var err error
	if w.from, w.to, err = periodOf(q.From, q.To, "query.recorded_from", "query.recorded_to"); err != nil {
		return nil, err
	}
	for _, kind := range q.Kinds {
		if !slices.ContainsFunc(events.All(), func(t domain.EventType) bool { return t.Name == kind }) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
				"no event has this type; a history names the types of its events").At("query.kind")
		}
	}
	cursor, err := strconv.ParseUint("0"+q.Cursor, 10, 64)
	if err != nil {
		return nil, domain.Refuse(domain.Invalid, domain.CodeMalformed, "no page of this history gave this cursor; "+
			"send the cursor back unchanged, or leave it out to begin anew").At("query.cursor")
	}
	w.cursor = cursor
	return w, nil
}

// begin returns the first page. It begins where the period does.
func (w *walk) begin(ctx context.Context) (historyPart, error) {
	if w.cursor == 0 {
		if err := w.seek(ctx); err != nil {
			return historyPart{}, err
		}
	}
	return w.next(ctx, w.limit)
}

// next returns up to limit of the events that are asked for, and goes on behind them. A part can have fewer
// of them, and others follow.
func (w *walk) next(ctx context.Context, limit int) (found historyPart, err error) {
	size := limit
	if len(w.kinds) > 0 || w.actor != "" {
		size = historyPage
	}
	for scanned := 0; ; {
		part, err := w.read(ctx, w.cursor, w.newest, size)
		if err != nil {
			return found, err
		}
		found.asOf, found.more = max(found.asOf, part.asOf), part.more
		for i, rec := range part.events {
			if w.over(rec) {
				found.more = false
				return found, nil
			}
			if w.cursor = w.source.cursor(rec); !w.wants(rec) {
				continue
			}
			if found.events = append(found.events, rec); len(found.events) == limit {
				found.more = part.more || i+1 < len(part.events)
				return found, nil
			}
		}
		if scanned += len(part.events); !part.more || scanned >= historyScan {
			return found, nil
		}
	}
}

// wants reports whether the event is asked for.
func (w *walk) wants(rec domain.Recorded) bool {
	return within(rec.Created, w.from, w.to) &&
		(len(w.kinds) == 0 || slices.Contains(w.kinds, rec.Event.EventType())) && (w.actor == "" || rec.Meta.Actor == w.actor)
}

// over reports whether no event from this one on is of the period.
func (w *walk) over(rec domain.Recorded) bool {
	if w.newest {
		return !w.from.IsZero() && rec.Created.Before(w.from.Add(-unevenClocks))
	}
	return !w.to.IsZero() && rec.Created.After(w.to.Add(unevenClocks))
}

// seek goes to where the period begins, in some forty looks at most: the times of the log rise, but for
// unevenClocks.
func (w *walk) seek(ctx context.Context) error {
	switch {
	case !w.newest && !w.from.IsZero():
		cursor, _, err := w.lastBefore(ctx, w.from.Add(-unevenClocks))
		w.cursor = cursor
		return err
	case w.newest && !w.to.IsZero():
		_, after, err := w.lastBefore(ctx, w.to.Add(unevenClocks))
		w.cursor = after
		return err
	}
	return nil
}

// lastBefore returns the cursor of the last event that was recorded before the instant, and that of the event
// behind it; 0 where there is none.
func (w *walk) lastBefore(ctx context.Context, instant time.Time) (before, after uint64, err error) {
	part, err := w.read(ctx, 0, true, 1)
	if err != nil || len(part.events) == 0 {
		return 0, 0, err
	}
	last := part.events[0]
	if last.Created.Before(instant) {
		return w.source.cursor(last), 0, nil
	}
	after = w.source.cursor(last) // is not before; all up to before are
	for before+1 < after {
		middle := before + (after-before)/2
		part, err := w.read(ctx, middle, false, 1)
		if err != nil {
			return 0, 0, err
		}
		switch {
		case len(part.events) == 0: // a model went back
			after = middle
		case part.events[0].Created.Before(instant):
			before = w.source.cursor(part.events[0])
		default:
			after = middle
		}
	}
	part, err = w.read(ctx, before, false, 1)
	if err != nil || len(part.events) == 0 {
		return before, 0, err
	}
	return before, w.source.cursor(part.events[0]), nil
}

// parts gives the first page and what follows. The sequence ends with the first error.
func (w *walk) parts(ctx context.Context, first historyPart) iter.Seq2[[]domain.Recorded, error] {
	return func(yield func([]domain.Recorded, error) bool) {
		part, err := first, error(nil)
		for {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(part.events, nil) || !part.more {
				return
			}
			part, err = w.next(ctx, historyPage)
		}
	}
}
