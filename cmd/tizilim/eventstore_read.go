package main

import (
	"context"
	"errors"

	"tizilim/eventstore"
)

type storeReadCommand struct {
	Stream string `arg:"" help:"Stream, or $all for the whole log."`
	storePlace
	From      *uint64 `help:"Revision to begin with, in $all the position of an event; backwards in $all the one after." placeholder:"N"`
	Backwards bool    `help:"The newest first."`
	Limit     uint64  `help:"At most so many events; 0: all." default:"0" placeholder:"N"`
	JSON      bool    `name:"json" help:"One line of JSON an event, as without a terminal."`
}

func (c *storeReadCommand) Run(ctx context.Context) (err error) {
	store, end, err := c.open(ctx)
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
