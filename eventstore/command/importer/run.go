package importer

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

// entriesAtOnce is how many entries of a list one append takes over.
const entriesAtOnce = 100

// Outcome is what became of the lines of a plan.
type Outcome struct {
	Imported int       // lines
	Refused  []Refusal // that the registry refuses now: somebody changed it since the check
}

// Lines is how many lines the plan would import.
func (p *Plan) Lines() int {
	n := 0
	for lines := range maps.Values(p.New) {
		n += lines
	}
	return n
}

// run is a plan that is carried out. It is safe for concurrent use.
type run struct {
	*Plan
	progress Progress
	mu       sync.Mutex
	outcome  Outcome
}

// Run imports the good lines. Where it fails or is stopped, what is imported stays, and the same files go
// on. Persons come first, then dwellings with their owners, registrations, lists, entries and deaths.
func (p *Plan) Run(ctx context.Context, progress Progress) (Outcome, error) {
	r := &run{Plan: p, progress: progress}
	err := func() error {
		for _, step := range []func(context.Context) error{
			r.persons, r.deathsOf(r.estates), r.dwellings, r.registrations, r.lists, r.deathsOf(r.Plan.deaths),
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	}()
	return r.outcome, err
}

// done notes what became of lines: the first, with its parts.
func (r *run) done(row Row, lines int, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var refused *domain.Error
	switch {
	case err == nil:
		r.outcome.Imported += lines
	case errors.As(err, &refused) && refused.Kind != domain.Unavailable:
		r.outcome.Refused = append(r.outcome.Refused, refusalOf(row, refused))
	default:
		return err
	}
	if r.progress != nil {
		r.progress(r.outcome.Imported+len(r.outcome.Refused), r.Lines())
	}
	return nil
}

func (r *run) persons(ctx context.Context) error {
	var with, without []*person
	for _, p := range r.Plan.persons {
		switch {
		case p.known:
		case p.c.IIN != "":
			with = append(with, p)
		default:
			without = append(without, p)
		}
	}
	record := func(ctx context.Context, p *person) error {
		_, err := r.importer.Commands.RecordPerson(ctx, r.importer.command(p.row), p.c, command.Options{})
		return r.done(p.row, 1, err)
	}
	if err := each(ctx, len(with), func(ctx context.Context, i int) error { return record(ctx, with[i]) }); err != nil {
		return err
	}
	for _, p := range without { // one after the other: each is compared with those before
		if err := record(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) dwellings(ctx context.Context) error {
	return each(ctx, len(r.Plan.dwellings), func(ctx context.Context, i int) error {
		d := r.Plan.dwellings[i]
		if d.known {
			return nil
		}
		_, err := r.importer.Commands.RecordDwelling(ctx, r.importer.command(d.row), d.c, command.Options{})
		return r.done(d.row, 1+d.parts, err)
	})
}

func (r *run) registrations(ctx context.Context) error {
	return each(ctx, len(r.Plan.registrations), func(ctx context.Context, i int) error {
		for _, g := range r.Plan.registrations[i] { // of one person: in the order of time
			_, err := r.importer.Commands.ImportRegistration(ctx, r.importer.command(g.row), g.person.c.PersonID, g.c)
			if err := r.done(g.row, 1, err); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *run) lists(ctx context.Context) error {
	for _, l := range r.Plan.lists {
		if !l.known {
			_, err := r.importer.Commands.OpenList(ctx, r.importer.command(l.row), l.c, command.Options{})
			if err := r.done(l.row, 1, err); err != nil {
				return err
			}
		}
		if !l.ruled {
			cmd := r.importer.command(l.row)
			cmd = cmd.Step(cmd.ID.UUID, "priority rule")
			if _, err := r.importer.Commands.SetPriorityRule(ctx, cmd, l.c.ListID, l.rule, command.Options{}); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(l.entries, entriesAtOnce) {
			if err := r.entries(ctx, l, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries imports entries of a list in one append.
func (r *run) entries(ctx context.Context, l *list, part []*entry) error {
	cmd := r.importer.command(l.row)
	imported, keys := make([]command.ImportedEntry, len(part)), make([]string, len(part))
	for i, e := range part {
		imported[i] = command.ImportedEntry{ImportEntry: e.c, From: r.importer.from(e.row)}
		keys[i] = e.row.Key
	}
	cmd = cmd.Step(cmd.ID.UUID, "entries "+strings.Join(keys, "\n"))
	refused, err := r.importer.Commands.ImportEntries(ctx, cmd, l.c.ListID, imported)
	if err != nil {
		return err
	}
	for i, e := range part {
		if err := r.done(e.row, 1+len(e.parts), refused[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) deathsOf(all []*death) func(context.Context) error {
	return func(ctx context.Context) error {
		return each(ctx, len(all), func(ctx context.Context, i int) error {
			d := all[i]
			_, err := r.importer.Commands.RecordDeath(ctx, r.importer.command(d.row), d.person.c.PersonID, d.c, command.Options{})
			return r.done(d.row, 1, err)
		})
	}
}
