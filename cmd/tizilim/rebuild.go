package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tizilim/projections"
)

type rebuildCommand struct{ parts }

func (c *rebuildCommand) Run(ctx context.Context) error {
	store, client, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	defer client.Close()
	projector, err := projections.NewProjector(client, store, projections.Options{Logger: slog.Default()})
	if err != nil {
		return err
	}
	bar := newBar("rebuilding")
	began := time.Now()
	err = projector.Rebuild(ctx, bar.show)
	bar.finish()
	if err != nil {
		return err
	}
	fmt.Printf("a new generation serves, filled in %s; tizilim verify proves it and frees the one before\n", time.Since(began).Round(time.Millisecond))
	return nil
}
