package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"tizilim/eventstore"
	"tizilim/projections"
)

type verifyCommand struct {
	registryParts
	bucketFlag
}

func (c *verifyCommand) Run(ctx context.Context) error {
	files, err := c.files(c.Data)
	if err != nil {
		return err
	}
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
	differs := verifyPapers(ctx, os.Stdout, files, store.ReadRaw(ctx, eventstore.RawRead{Stream: eventstore.All}))
	if !report.Proven() {
		return errors.Join(
			errors.New("the read model differs from the log: tizilim rebuild builds it again"), tampered(logged), differs,
		)
	}
	return errors.Join(tampered(logged), differs)
}
