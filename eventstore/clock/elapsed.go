//go:build !linux

package clock

import "time"

// elapsed returns the time since the process began, without the time in which the machine
// slept.
func elapsed() time.Duration { return time.Since(began) }
