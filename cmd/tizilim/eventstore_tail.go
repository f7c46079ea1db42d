package main

import (
	"context"
	"errors"
	"slices"
	"strings"
)

type storeTailCommand struct {
	Stream string `arg:"" optional:"" help:"Stream. Default: the whole log." default:"$all"`
	storePlace
	Prefixes []string `name:"filter-prefix" help:"Print only events of streams with this prefix; may be repeated." placeholder:"PREFIX" sep:"none"`
	JSON     bool     `name:"json" help:"Print JSON on a terminal too."`
}

func (c *storeTailCommand) Run(ctx context.Context) (err error) {
	store, end, err := c.look(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	out := newPrinter(c.JSON)
	for e, err := range store.TailRaw(ctx, c.Stream) {
		switch {
		case ctx.Err() != nil: // the operator has stopped it, which is how every tail ends
			return nil
		case err != nil:
			return err
		}
		asked := func(prefix string) bool { return strings.HasPrefix(e.Stream, prefix) }
		if len(c.Prefixes) > 0 && !slices.ContainsFunc(c.Prefixes, asked) {
			continue
		}
		if err := out.print(e); err != nil {
			return err
		}
	}
	return nil
}
