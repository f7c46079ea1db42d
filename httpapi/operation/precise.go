//go:build !linux

package operation

import "time"

// sleepPrecisely sleeps for the duration, as precisely as a timer does.
func sleepPrecisely(d time.Duration) { time.Sleep(d) }
