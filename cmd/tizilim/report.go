package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"tizilim/domain"
	"tizilim/domain/figures"
	"tizilim/httpapi/table"
)

// reportCommand prints the figures of the Ministry.
type reportCommand struct {
	From   string `help:"First day of the period. Default: the first day of last year." placeholder:"DAY"`
	To     string `help:"Last day of the period. Default: the last day of last year." placeholder:"DAY"`
	Format string `help:"json or csv." enum:"json,csv" default:"json"`
	logPlace
}

// Run counts in one pass over the log. It needs neither Redis nor keys: no figure has a personal value.
func (c *reportCommand) Run(ctx context.Context) (err error) {
	from, to, err := c.period(time.Now())
	if err != nil {
		return err
	}
	count, err := figures.NewCount(from, to)
	if err != nil {
		return sentence(err)
	}
	store, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	head, err := store.Head(ctx)
	if err != nil {
		return err
	}
	bar := newBar("counting")
	unread := 0
	follow, stop := context.WithCancel(ctx)
	defer stop()
	for d := range store.Follow(follow, 0) {
		switch {
		case d.Poison != nil:
			unread++
		case d.Recorded != nil:
			count.Apply(*d.Recorded)
		}
		bar.count(int(d.Position), int(head))
		if d.CaughtUp || d.Position >= head {
			break
		}
	}
	bar.finish()
	if err := ctx.Err(); err != nil {
		return err
	}
	if unread > 0 {
		slog.Warn("events that cannot be read are not counted: see tizilim quarantine list", "events", unread)
	}
	return c.print(os.Stdout, count.Figures())
}

// period is that of the flags, or last year.
func (c *reportCommand) period(now time.Time) (from, to domain.Date, err error) {
	last := now.In(domain.Zone).Year() - 1
	from, to = domain.NewDate(last, time.January, 1), domain.NewDate(last, time.December, 31)
	for _, flag := range []struct {
		name, text string
		day        *domain.Date
	}{{"--from", c.From, &from}, {"--to", c.To, &to}} {
		if flag.text == "" {
			continue
		}
		if *flag.day, err = domain.ParseDate(flag.text); err != nil {
			return from, to, fmt.Errorf("%s is no day: write it as 2026-01-31", flag.name)
		}
	}
	return from, to, nil
}

func (c *reportCommand) print(out io.Writer, f figures.Figures) error {
	if c.Format == "json" {
		text := json.NewEncoder(out)
		text.SetIndent("", "  ")
		return text.Encode(f)
	}
	lines := csv.NewWriter(out)
	_ = lines.Write([]string{"from", "to", "of", "figure", "by", "value"}) // its error is that of Error
	for _, r := range f.Table() {
		_ = lines.Write([]string{f.From.String(), f.To.String(), r.Of, r.Figure, table.Safe(r.By), r.Value})
	}
	lines.Flush()
	return lines.Error()
}
