package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/domain/trail"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/httpapi/body"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
)

// auditFlags are those of every history that is read from the log. It needs no Redis and no server but the event
// store, and keeps no event: of a person it remembers their cases and entries.
type auditFlags struct {
	FromLog bool     `required:"" help:"Read the log itself, without Redis. These commands know no other way."`
	From    string   `help:"Only events that the log has since the beginning of this day." placeholder:"DAY"`
	To      string   `help:"Only events that the log had by the end of this day." placeholder:"DAY"`
	Kinds   []string `name:"kind" help:"Only events of these types, separated by commas." placeholder:"TYPE"`
	Actor   string   `help:"Only acts of this account; of a citizen the person id." placeholder:"ACCOUNT"`
	Format  string   `help:"ndjson (one event a line) or csv." enum:"ndjson,csv" default:"ndjson"`
	logPlace
}

type auditPersonCommand struct {
	ID    string `arg:"" help:"Id of the person; - reads an IIN from the standard input, so that no list of processes shows it."`
	Reads bool   `help:"Who read the person's data, instead of the history."`
	auditFlags
}

func (c *auditPersonCommand) Run(ctx context.Context) error {
	return c.print(ctx, os.Stdout, func(store *eventstore.Store) (trail.Choice, error) {
		ids, err := c.selves(ctx, store, os.Stdin)
		if err != nil {
			return nil, err
		}
		if c.Reads {
			return trail.ReadsOf(ids...), nil
		}
		return trail.Person(ids...), nil
	})
}

// selves returns the ids under which the log tells of the person.
func (c *auditPersonCommand) selves(ctx context.Context, store *eventstore.Store, input io.Reader) ([]domain.PersonID, error) {
	var id domain.PersonID
	if c.ID == "-" {
		text, err := bufio.NewReader(io.LimitReader(input, 64)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the IIN: %w", err)
		}
		iin, err := domain.ParseIIN(strings.TrimSpace(text))
		if err != nil {
			return nil, errors.New("the standard input begins with no IIN: write its 12 digits there")
		}
		key, err := readKey(filepath.Join(keysDir(c.Data), "person-id.key"))
		if err != nil {
			return nil, errors.New("the key of person ids is not in --data, and an IIN names nobody without it: give the id of the person")
		}
		id = domain.PersonIDKey(key).PersonID(iin)
	} else {
		parsed, err := uuid.Parse(c.ID)
		if err != nil {
			return nil, errors.New("the person is named by an id, or by - and an IIN on the standard input; never write an IIN here")
		}
		id.UUID = parsed
	}
	id, err := command.WhoIs(ctx, store, id)
	if err != nil {
		return nil, err
	}
	var p residence.Person
	for rec, err := range store.Read(ctx, id.Stream(), 0) {
		if err != nil {
			return nil, err
		}
		p.Apply(rec)
	}
	return append([]domain.PersonID{id}, p.Absorbed()...), nil
}

// auditRecord is the command of a record that an id names.
type auditRecord struct {
	ID uuid.UUID `arg:"" help:"Its id."`
	auditFlags
}

type auditDwellingCommand struct{ auditRecord }

func (c *auditDwellingCommand) Run(ctx context.Context) error {
	return c.print(ctx, os.Stdout, chosen(trail.Dwelling(domain.DwellingID{UUID: c.ID})))
}

type auditCaseCommand struct{ auditRecord }

func (c *auditCaseCommand) Run(ctx context.Context) error {
	return c.print(ctx, os.Stdout, chosen(trail.Case(domain.CaseID{UUID: c.ID})))
}

type auditListCommand struct{ auditRecord }

func (c *auditListCommand) Run(ctx context.Context) error {
	return c.printStream(ctx, os.Stdout, domain.ListID{UUID: c.ID}.Stream())
}

type auditBodyCommand struct{ auditRecord }

func (c *auditBodyCommand) Run(ctx context.Context) error {
	return c.printStream(ctx, os.Stdout, domain.BodyID{UUID: c.ID}.Stream())
}

type auditAccountCommand struct {
	Account string `arg:"" help:"Name of the account of staff."`
	Reads   bool   `help:"What the account was shown, instead of its acts."`
	auditFlags
}

func (c *auditAccountCommand) Run(ctx context.Context) error {
	if domain.CheckAccount(c.Account) != nil {
		return errors.New("this is no name of an account: the record of its body has it")
	}
	choice := trail.Acts(c.Account)
	if c.Reads {
		choice = trail.ReadsBy(c.Account)
	}
	return c.print(ctx, os.Stdout, chosen(choice))
}

func chosen(c trail.Choice) func(*eventstore.Store) (trail.Choice, error) {
	return func(*eventstore.Store) (trail.Choice, error) { return c, nil }
}

// errNothingFound is the end of an audit that has found no event, so that a script notices a wrong id.
var errNothingFound = errors.New("the log has no such event: compare the id, the period and the types")

// print goes through the whole log once, and prints what is chosen.
func (f *auditFlags) print(ctx context.Context, out io.Writer, choose func(*eventstore.Store) (trail.Choice, error)) error {
	return f.opened(ctx, out, func(store *eventstore.Store, lines *auditLines) error {
		choice, err := choose(store)
		if err != nil {
			return err
		}
		head, err := store.Head(ctx)
		if err != nil {
			return err
		}
		bar, unread := newBar("reading"), 0
		defer bar.finish()
		follow, stop := context.WithCancel(ctx)
		defer stop()
		for d := range store.Follow(follow, 0) {
			switch {
			case d.Poison != nil:
				unread++
			case d.Recorded != nil && choice(*d.Recorded) && lines.wants(*d.Recorded):
				rec, err := store.ReadEvent(ctx, d.Recorded.Stream, d.Recorded.Revision) // with its personal values
				if err == nil {
					err = lines.add(rec)
				}
				if err != nil {
					return err
				}
			}
			bar.count(int(d.Position), int(head))
			if d.CaughtUp || d.Position >= head {
				break
			}
		}
		if unread > 0 {
			slog.Warn("events that cannot be read are left out: see tizilim quarantine list", "events", unread)
		}
		return ctx.Err()
	})
}

// printStream prints what is chosen of one stream.
func (f *auditFlags) printStream(ctx context.Context, out io.Writer, stream string) error {
	return f.opened(ctx, out, func(store *eventstore.Store, lines *auditLines) error {
		for rec, err := range store.Read(ctx, stream, 0) {
			if err != nil {
				return err
			}
			if !lines.wants(rec) {
				continue
			}
			if err := lines.add(rec); err != nil {
				return err
			}
		}
		return nil
	})
}

// opened runs print on the log.
func (f *auditFlags) opened(ctx context.Context, out io.Writer, print func(*eventstore.Store, *auditLines) error) (err error) {
	lines, err := f.lines(out)
	if err != nil {
		return err
	}
	store, err := f.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := print(store, lines); err != nil {
		return sentence(err)
	}
	if err := lines.close(); err != nil {
		return err
	}
	if lines.printed == 0 {
		return errNothingFound
	}
	return nil
}

// auditLines prints events.
type auditLines struct {
	flags    *auditFlags
	from, to time.Time // zero where nothing is asked
	text     *bufio.Writer
	table    *csv.Writer // nil for NDJSON
	printed  int
}

var auditColumns = []string{
	"stream", "revision", "position", "type", "effective_at", "created_at", "actor", "role", "data",
}

func (f *auditFlags) lines(out io.Writer) (*auditLines, error) {
	l := &auditLines{flags: f, text: bufio.NewWriter(out)}
	for _, flag := range []struct {
		name, text string
		take       func(domain.Date)
	}{
		{"--from", f.From, func(d domain.Date) { l.from = d.Start() }},
		{"--to", f.To, func(d domain.Date) { l.to = d.Over().Add(-1) }},
	} {
		if flag.text == "" {
			continue
		}
		day, err := domain.ParseDate(flag.text)
		if err != nil {
			return nil, fmt.Errorf("%s is no day: write it as 2026-01-31", flag.name)
		}
		flag.take(day)
	}
	if f.Format == "csv" {
		l.table = csv.NewWriter(l.text)
		_ = l.table.Write(auditColumns) // its error is that of Flush
	}
	return l, nil
}

// wants reports whether the flags ask for the event.
func (l *auditLines) wants(rec domain.Recorded) bool {
	kind, actor := len(l.flags.Kinds) == 0, rec.Meta.Actor
	for _, k := range l.flags.Kinds {
		kind = kind || k == rec.Event.EventType()
	}
	return kind && (l.flags.Actor == "" || actor == l.flags.Actor) &&
		(l.from.IsZero() || !rec.Created.Before(l.from)) && (l.to.IsZero() || !rec.Created.After(l.to))
}

func (l *auditLines) add(rec domain.Recorded) error {
	l.printed++
	line := operation.LineOf(rec)
	if l.table == nil {
		return body.Write(l.text, line)
	}
	data, err := body.Marshal(line.Data)
	if err != nil {
		return err
	}
	return l.table.Write([]string{
		line.Stream, strconv.FormatUint(line.Revision, 10), strconv.FormatUint(uint64(line.Position), 10), line.Type,
		line.EffectiveAt.Format(time.RFC3339Nano), line.CreatedAt.Format(time.RFC3339Nano),
		table.Safe(line.Actor), string(line.Role), table.Safe(string(data)),
	})
}

func (l *auditLines) close() error {
	if l.table != nil {
		l.table.Flush()
		if err := l.table.Error(); err != nil {
			return err
		}
	}
	return l.text.Flush()
}
