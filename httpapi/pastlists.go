package httpapi

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/projections"
)

// ListThen asks how a list stood. Without both a read answers for now.
type ListThen struct {
	AsOf    string `query:"as_of" maxLength:"40" doc:"How the list stood then: an RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5. Default: now" example:"2026-03-01"`
	KnownAt string `query:"known_at" maxLength:"40" doc:"What the registry knew at this time: an RFC 3339 instant, or YYYY-MM-DD for the end of that day in UTC+5. Default: now" example:"2026-03-01T12:00:00+05:00"`
}

// listThenParameters are those of [ListThen]: with one of them a read folds the events of the list.
var listThenParameters = []string{"as_of", "known_at"}

func (t ListThen) asked() bool { return t.AsOf != "" || t.KnownAt != "" }

// listMoment is a [ListThen] with its defaults filled in.
type listMoment struct {
	asOf, knownAt time.Time
	before, known bool // whether they lie in the past: what is to come changes nothing
}

// moment fills in the defaults. Nothing is of later than now.
func (t ListThen) moment(now time.Time) (m listMoment, err error) {
	m = listMoment{asOf: now, knownAt: now}
	if m.before, err = pastInstant(t.AsOf, "query.as_of", &m.asOf); err != nil {
		return m, err
	}
	m.known, err = pastInstant(t.KnownAt, "query.known_at", &m.knownAt)
	return m, err
}

// pastInstant reads the instant that a parameter names into at, which is now, and reports whether it is
// before that. Otherwise it leaves at as it is.
func pastInstant(text, field string, at *time.Time) (bool, error) {
	if text == "" {
		return false, nil
	}
	_, instant, err := parseMoment(text)
	if err != nil {
		return false, err.At(field)
	}
	if !instant.Before(*at) {
		return false, nil
	}
	*at = instant
	return true, nil
}

// events returns how many events of the list had happened, and were known. Without a time in the past
// all count, however the clocks of this process and of the log differ.
func (m listMoment) events(l *housing.List) int {
	n := l.Steps()
	if m.before {
		n = min(n, l.StepsUntil(m.asOf))
	}
	if m.known {
		n = min(n, l.StepsKnown(m.knownAt))
	}
	return n
}

// pastLists remembers some lists as they were after the first events of their streams, so that the pages
// of one walk, and days that follow each other, are not folded from the beginning each time.
type pastLists struct {
	turn   *semaphore.Weighted // of one fold at a time; its holder alone touches the origins
	folded *lru.Cache[pastList, foldedList]
}

type pastList struct {
	id     domain.ListID
	events int
}

// foldedList is a list that nobody changes, and a clone of it, from which others are cloned.
type foldedList struct{ list, origin *housing.List }

// pastListsKept bounds the folded lists in memory: one of 100,000 entries takes some 100 MB.
const pastListsKept = 3

func newPastLists() pastLists {
	folded, err := lru.New[pastList, foldedList](pastListsKept)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return pastLists{semaphore.NewWeighted(1), folded}
}

// listAfter returns the list after its first events. now is the list as it is. It reads those that no
// remembered list has folded yet.
func (s *Server) listAfter(ctx context.Context, now *housing.List, events int) (*housing.List, error) {
	switch events {
	case now.Steps():
		return now, nil
	case 0:
		return &housing.List{}, nil
	}
	p, want := s.pastLists, pastList{now.Opened.ListID, events}
	if err := p.turn.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer p.turn.Release(1)
	if f, ok := p.folded.Get(want); ok {
		return f.list, nil
	}
	var list housing.List
	for _, key := range p.folded.Keys() {
		if key.id == want.id && list.Steps() < key.events && key.events < events {
			f, _ := p.folded.Peek(key)
			list = f.origin.Clone()
		}
	}
	stream := want.id.Stream()
	for rec, err := range s.events.Read(ctx, stream, uint64(list.Steps())) {
		if err != nil {
			return nil, err
		}
		if list.Apply(rec); list.Steps() == events {
			break
		}
	}
	if list.Steps() != events {
		return nil, s.missing(stream, "events", events)
	}
	origin := list.Clone()
	p.folded.Add(want, foldedList{&list, &origin})
	return &list, nil
}

// pastEntries returns a page of the entries as they stood, with the instants that it is of. The cursor
// has the number of events, so that all pages of a walk are of one state of the list.
func (s *Server) pastEntries(ctx context.Context, in *entriesInput) (projections.EntriesPage, listMoment, error) {
	m, err := in.moment(s.now())
	if err != nil {
		return projections.EntriesPage{}, m, err
	}
	now, err := s.commands.List(ctx, in.ListID)
	if err != nil {
		return projections.EntriesPage{}, m, err
	}
	if !now.Known() {
		return projections.EntriesPage{}, m, housing.UnknownList()
	}
	events, after := m.events(now), 0
	if in.Cursor != "" {
		n := 0
		if _, err := fmt.Sscanf(in.Cursor, "%d-%d", &n, &after); err != nil || n < 1 || n > events || after < 0 ||
			in.Cursor != pastCursor(n, after) {
			return projections.EntriesPage{}, m, projections.UnknownCursor()
		}
		events = n
	}
	if events == 0 {
		return projections.EntriesPage{}, m, notOpenedThen()
	}
	list, err := s.listAfter(ctx, now, events)
	if err != nil {
		return projections.EntriesPage{}, m, err
	}
	last := list.Step(events - 1)
	page := projections.EntriesPage{Of: list.Len(), Revision: last.Revision, AsOf: last.Position}
	list.From(after+1, func(number int, e housing.Entry) bool {
		e.Seniority.At = e.Seniority.At.UTC() // as the read model has it
		line := projections.QueueEntry{
			Number: number, EntryID: e.ID, PersonID: e.PersonID, CaseID: e.CaseID, Seniority: e.Seniority,
			RegisteredOn: e.RegisteredOn, Certified: e.Certified, Status: e.State(), InventoryDueOn: e.InventoryDueOn,
		}
		if !in.wants(line) {
			return true
		}
		if len(page.Entries) == in.Limit {
			page.Next = pastCursor(events, page.Entries[in.Limit-1].Number)
			return false
		}
		page.Entries = append(page.Entries, line)
		return true
	})
	return page, m, nil
}

func pastCursor(events, after int) string { return fmt.Sprintf("%d-%d", events, after) }

func notOpenedThen() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeListUnknown,
		"the list was not opened yet then; ask for a later as_of or known_at")
}
