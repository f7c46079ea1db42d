package main

import (
	"context"
	"fmt"

	"tizilim/eventstore/embedded"
)

type storeRestoreCommand struct {
	storeDir
	From string `arg:"" help:"Backup." type:"existingdir"`
}

func (c *storeRestoreCommand) Run(ctx context.Context) error {
	if !holdsStore(c.From) {
		return fmt.Errorf("there is no backup of an event store in %s", c.From)
	}
	if err := embedded.Restore(ctx, c.From, c.Data); err != nil {
		return err
	}
	fmt.Println("restored to", c.Data)
	return nil
}
