package operation

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// preciseSleeps bounds the threads that sleep: each call of sleepPrecisely holds one.
var preciseSleeps = make(chan struct{}, 64)

// sleepPrecisely sleeps for the duration. A timer of the runtime is late by up to a
// millisecond, and by how much depends on when it was set; the kernel wakes at the instant,
// whenever it was asked. Where too many sleep already, it is a timer.
func sleepPrecisely(d time.Duration) {
	select {
	case preciseSleeps <- struct{}{}:
		defer func() { <-preciseSleeps }()
	default:
		time.Sleep(d)
		return
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil { // no kernel of today
		time.Sleep(d)
		return
	}
	until := unix.NsecToTimespec(now.Nano() + int64(d))
	for {
		err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &until, nil)
		if !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
