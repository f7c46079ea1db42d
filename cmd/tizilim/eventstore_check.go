package main

import (
	"context"
	"errors"

	"tizilim/eventstore/embedded"
)

type storeCheckCommand struct{ storeDir }

func (c *storeCheckCommand) Run(ctx context.Context) error {
	if err := c.exists(); err != nil {
		return err
	}
	var report embedded.Report
	done, err := askAdmin(ctx, c.Data, "check", "", &report)
	if err == nil && !done {
		report, err = embedded.Check(ctx, c.Data)
	}
	if err != nil {
		return err
	}
	if err := printJSON(report); err != nil {
		return err
	}
	if !report.Sound() {
		return errors.New("the store is damaged: restore a backup")
	}
	return nil
}
