package main

import (
	"context"
	"errors"

	"tizilim/eventstore"
)

type storeReadCommand struct {
	Stream string `arg:"" help:"Stream, or $all for the whole log."`
	storePlace
	From      *uint64 `help:"First revision; in $all a commit position, which itself is left out when reading backwards." placeholder:"N"`
	Backwards bool    `help:"Print the newest event first."`
	Limit     uint64  `help:"Print at most this many events; 0: all." default:"0" placeholder:"N"`
	JSON      bool    `name:"json" help:"Print JSON on a terminal too."`
}

func (c *storeReadCommand) Run(ctx context.Context) (err error) {
	store, end, err := c.look(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	out := newPrinter(c.JSON)
	read := eventstore.RawRead{Stream: c.Stream, From: c.From, Backwards: c.Backwards, Limit: c.Limit}
	for e, err := range store.ReadRaw(ctx, read) {
		if err != nil {
			return err
		}
		if err := out.print(e); err != nil {
			return err
		}
	}
	return nil
}
