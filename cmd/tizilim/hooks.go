//go:build !faults

package main

import "time"

// now is the clock of the server.
func now() time.Time { return time.Now() }

// leaseTTL is for how long a silent projector keeps its role; 0 is the default of the package
// projections.
func leaseTTL() time.Duration { return 0 }
