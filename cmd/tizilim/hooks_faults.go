//go:build faults

package main

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// The rig of cmd/faults runs a server with this tag. No release has it.

// clockEvery is how often the server looks whether its clock was moved.
const clockEvery = 10 * time.Millisecond

// ahead is what is added to the clock, in nanoseconds.
var ahead atomic.Int64

// now is the clock of the server, which the file in TIZILIM_FAULTS_CLOCK puts ahead or back.
func now() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }

func init() {
	name := os.Getenv("TIZILIM_FAULTS_CLOCK")
	if name == "" {
		return
	}
	go func() {
		for ; ; time.Sleep(clockEvery) {
			text, err := os.ReadFile(name)
			if err != nil {
				continue // nobody has moved it yet
			}
			if by, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				ahead.Store(by)
			}
		}
	}()
}

// leaseTTL is shorter than in a release, so that freezes which outlast it need little time.
func leaseTTL() time.Duration {
	ttl, err := time.ParseDuration(os.Getenv("TIZILIM_FAULTS_LEASE"))
	if err != nil {
		return 0
	}
	return ttl
}
