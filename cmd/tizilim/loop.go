package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// rideOut is how long the loop waits for a server that was killed.
const rideOut = 2 * time.Minute

// ledger is what the server has acknowledged to the loop.
type ledger struct {
	events  map[uuid.UUID]string // acknowledged, with their type
	persons []domain.PersonID
	lists   []domain.ListID
}

// loop issues commands until its time is over, then reads everything back:
// every acknowledged event must be in the replay exactly once, and the numbers
// must agree with a fold of the replayed events.
func (c *demoCommand) loop(ctx context.Context, out io.Writer) error {
	api, err := newClient(c.URL, c.Data, rideOut)
	if err != nil {
		return err
	}
	t := &teller{client: api, out: io.Discard, names: map[string]string{}}
	seen := &ledger{events: map[uuid.UUID]string{}}
	working, stop := ctx, context.CancelFunc(func() {})
	if c.For > 0 {
		working, stop = context.WithTimeout(ctx, c.For)
	}
	defer stop()
	rounds := 0
	for working.Err() == nil && (c.Rounds == 0 || rounds < c.Rounds) {
		if err := t.round(working, seen); err != nil && working.Err() == nil {
			return fmt.Errorf("round %d: %w", rounds+1, err)
		}
		rounds++
		fmt.Fprintf(out, "round %d: %d events acknowledged\n", rounds, len(seen.events))
	}
	checking, cancel := context.WithTimeout(context.WithoutCancel(ctx), rideOut)
	defer cancel()
	if err := t.check(checking, seen); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d rounds, %d events acknowledged: each is in the replay once, and the numbers of %d lists agree with a fold of it\n",
		rounds, len(seen.events), len(seen.lists))
	return nil
}

func (l *ledger) acknowledge(events []event) {
	for _, e := range events {
		l.events[e.ID] = e.Type
	}
}

// round is a small life: four persons move, apply, are placed; the second is
// removed and reinstated.
func (t *teller) round(ctx context.Context, seen *ledger) error {
	list, err := t.openList(ctx, "Тізім "+uuid.NewString())
	if err != nil {
		return err
	}
	seen.lists = append(seen.lists, list)
	today := domain.DateOf(time.Now())
	var placed []*applicant
	for i := range 4 {
		p, err := t.record(ctx, fmt.Sprintf("Тұрғын %d", i+1), "1990-01-01", "citizen", true)
		if err != nil {
			return err
		}
		seen.persons = append(seen.persons, p.id)
		for move := range 2 {
			d, err := t.dwelling(ctx, fmt.Sprintf("Астана, %d-үй", move+1), owns(p, "1/1"))
			if err != nil {
				return err
			}
			r, err := t.register(ctx, p, d, today.AddDays(move-1), domain.Date{})
			if err != nil {
				return err
			}
			seen.acknowledge(r.Events)
		}
		a, err := t.apply(ctx, list, p, true)
		if err != nil {
			return err
		}
		d, err := t.place(ctx, &a)
		if err != nil {
			return err
		}
		seen.acknowledge(d.Events)
		placed = append(placed, &a)
	}
	for _, step := range []struct {
		name string
		body map[string]any
	}{
		{"removal", map[string]any{"reason": "grounds_fell_away"}},
		{"reinstatement", map[string]any{"ground": "court_act"}},
		{"removal", map[string]any{"reason": "dwelling_acquired"}},
	} {
		events, err := t.change(ctx, list, placed[1], step.name, step.body)
		if err != nil {
			return err
		}
		seen.acknowledge(events)
	}
	return nil
}

// check reads every history and compares.
func (t *teller) check(ctx context.Context, seen *ledger) error {
	replayed := map[uuid.UUID]int{}
	queues := map[string]*housing.Queue{}
	var ofLists []domain.Recorded
	for _, id := range seen.persons {
		events, err := t.history(ctx, "/v1/persons/"+id.String()+"/history")
		if err != nil {
			return err
		}
		for _, e := range events {
			replayed[e.ID]++
			fact, err := queueEvent(e)
			if err != nil {
				return err
			}
			if fact != nil {
				ofLists = append(ofLists, domain.Recorded{Stream: e.Stream, Position: e.Position, Event: fact})
			}
		}
	}
	for id, kind := range seen.events {
		if replayed[id] != 1 {
			return fmt.Errorf("an acknowledged %s is %d times in the replay", kind, replayed[id])
		}
	}

	for _, list := range seen.lists {
		q := &housing.Queue{}
		q.Apply(domain.Recorded{Event: housing.ListOpened{ListID: list}})
		queues[list.Stream()] = q
	}
	slices.SortFunc(ofLists, func(a, b domain.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	for _, rec := range ofLists {
		if q, ok := queues[rec.Stream]; ok {
			q.Apply(rec)
		}
	}
	for _, list := range seen.lists {
		if err := t.checkList(ctx, list, queues[list.Stream()]); err != nil {
			return fmt.Errorf("list %s: %w", list, err)
		}
	}
	return nil
}

// queueEvent decodes the events that a list is made of; nil for others.
func queueEvent(e event) (fact domain.Event, err error) {
	switch e.Type {
	case housing.EntryPlaced{}.EventType():
		fact, err = decodeData[housing.EntryPlaced](e)
	case housing.EntryRemoved{}.EventType():
		fact, err = decodeData[housing.EntryRemoved](e)
	case housing.EntryReinstated{}.EventType():
		fact, err = decodeData[housing.EntryReinstated](e)
	}
	return fact, err
}

func decodeData[E domain.Event](e event) (domain.Event, error) {
	var fact E
	err := json.Unmarshal(e.Data, &fact)
	return fact, err
}

func (t *teller) checkList(ctx context.Context, list domain.ListID, q *housing.Queue) error {
	var page struct {
		Of      int `json:"of"`
		Entries []struct {
			Number  int            `json:"number"`
			EntryID domain.EntryID `json:"entry_id"`
		} `json:"entries"`
	}
	err := t.get(ctx, as(domain.RoleCommission), "/v1/queues/"+list.String()+"/entries?limit=500", &page)
	var refused *refusedError
	if errors.As(err, &refused) && refused.Code == string(domain.CodeListUnknown) && q.Len() == 0 {
		return nil // the loop ended before the list was acknowledged
	}
	if err != nil {
		return err
	}
	if page.Of != q.Len() {
		return fmt.Errorf("the read model has %d entries, the log %d", page.Of, q.Len())
	}
	i := 0
	for n, e := range q.Ordered {
		if got := page.Entries[i]; got.Number != n || got.EntryID != e.ID {
			return fmt.Errorf("place %d: the read model says entry %s, the log %s", n, got.EntryID, e.ID)
		}
		i++
	}
	return nil
}
