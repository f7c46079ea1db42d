package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tizilim/projections"
)

type verifyCommand struct{ registryParts }

func (c *verifyCommand) Run(ctx context.Context) error {
	store, client, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	defer client.Close()
	bar := newBar("verifying")
	report, err := projections.Verify(ctx, client, store, projections.Options{Logger: slog.Default()}, bar.show)
	bar.finish()
	if err != nil {
		return err
	}
	for _, difference := range report.Differences {
		fmt.Println(difference)
	}
	fmt.Printf("%d events folded, %d keys of generation %d compared up to position %d: %d differences\n",
		report.Events, report.Keys, report.Generation, report.AsOf, report.Different)
	if report.Quarantined+len(report.Released) > 0 {
		fmt.Printf("%s in quarantine and %s released are in neither: see tizilim quarantine list\n",
			counted(report.Quarantined, "event"), counted(len(report.Released), "event"))
	}
	logged, err := compareWithHeads(ctx, c.Data, store)
	if err != nil {
		return err
	}
	if !report.Proven() {
		return errors.Join(
			errors.New("the read model differs from the log: tizilim rebuild builds it again"), tampered(logged),
		)
	}
	return tampered(logged)
}
