package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/tree"
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
	logged, err := c.verifyLog(ctx, store)
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

// verifyLog compares the log with its signed heads and prints what it finds; nil where
// the data directory does not have the log's public key.
func (c *verifyCommand) verifyLog(ctx context.Context, store *eventstore.Store) (*tree.Report, error) {
	known, err := knowLog(c.Data)
	if err != nil {
		return nil, err
	}
	if known.public == nil {
		fmt.Println("the log was not compared with its signed heads: its public key is not in the data directory")
		return nil, nil
	}
	bar := newBar("comparing the log with its signed heads")
	report, err := known.check(ctx, store, func(done, of int64) {
		bar.show(projections.Progress{Position: domain.Position(done), Target: domain.Position(of)})
	})
	bar.finish()
	if err != nil {
		return nil, err
	}
	for _, f := range report.Findings {
		fmt.Println(f)
	}
	fmt.Printf("%s of the log checked, %d of them in the newest signed head: %s\n",
		counted(int(report.Events), "event"), report.Covered, counted(report.Found, "finding"))
	return &report, nil
}
