package main

import (
	"context"

	"tizilim/eventstore/embedded"
)

type storeStatsCommand struct{ storeDir }

func (c *storeStatsCommand) Run(ctx context.Context) error {
	if err := c.exists(); err != nil {
		return err
	}
	var stats embedded.Stats
	done, err := askAdmin(ctx, c.Data, "stats", "", &stats)
	if err == nil && !done {
		stats, err = embedded.ReadStats(c.Data)
	}
	if err != nil {
		return err
	}
	return printJSON(stats)
}
