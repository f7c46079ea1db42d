//go:build !faults

package projections

// aboutToWrite is where the rig in cmd/faults stops a writer: between its reading of the log and
// its writing.
func aboutToWrite() {}
