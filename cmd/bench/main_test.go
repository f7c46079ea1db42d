package main

import (
	"testing"
	"time"
)

// TestTheMeasurementRunsToItsEnd: what it measures is what the API demands today.
func TestTheMeasurementRunsToItsEnd(t *testing.T) {
	p := plan{turns: 1, slot: time.Millisecond, ops: 1, clients: 2, moves: 4}
	if err := run(t.Context(), p, "10", "10"); err != nil {
		t.Fatal(err)
	}
}
