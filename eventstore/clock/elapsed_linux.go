package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// elapsed returns the time since the machine started. Nobody can set it, and it goes on
// while the machine sleeps, which the clock behind [time.Since] does not.
func elapsed() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil { // no kernel of today
		return time.Since(began)
	}
	return time.Duration(t.Nano())
}
