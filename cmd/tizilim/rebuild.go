package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"tizilim/projections"
)

type rebuildCommand struct{ registryParts }

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
	fmt.Printf(
		"the new generation is in use, built in %s; tizilim verify checks it and deletes the previous one\n",
		time.Since(began).Round(time.Millisecond),
	)
	return nil
}
