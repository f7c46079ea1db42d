package main

import (
	"context"
	"fmt"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/tree"
	"tizilim/projections"
)

// compareWithHeads compares the log with its signed heads, by the keys of the data
// directory, and prints what it finds. It returns nil where the directory does not have
// the log's public key.
func compareWithHeads(ctx context.Context, data string, store *eventstore.Store) (*tree.Report, error) {
	known, err := knowLog(data)
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
