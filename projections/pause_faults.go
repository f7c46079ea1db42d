//go:build faults

package projections

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// firstWrite is for how long the write before the one that stops the process waits, so that many
	// events are in the batch behind it. It is shorter than what makes batches smaller.
	firstWrite = stepTime * 9 / 10
	// secondWrite is how long a writer that was stopped waits before its second write. By then it
	// knows that it has lost its lease. Otherwise it would apply once more what another process has
	// applied meanwhile, and so mend what its first write may have broken.
	secondWrite = 500 * time.Millisecond
)

// What aboutToWrite does next. One projector of a process writes at a time.
var batchGathered, processStopped bool

// aboutToWrite stops this process where the file in TIZILIM_FAULTS_WRITER is there, and removes
// the file, once a batch has gathered. Whoever continues the process continues here: the write is
// sent first.
func aboutToWrite() {
	if processStopped {
		processStopped = false
		time.Sleep(secondWrite)
	}
	name := os.Getenv("TIZILIM_FAULTS_WRITER")
	if _, err := os.Stat(name); name == "" || err != nil {
		batchGathered = false
		return
	}
	if !batchGathered {
		batchGathered = true
		time.Sleep(firstWrite)
		return
	}
	if batchGathered = false; os.Remove(name) != nil { // the rig was faster
		return
	}
	runtime.LockOSThread() // the signal stops the thread that it is sent to before all others
	defer runtime.UnlockOSThread()
	processStopped = true
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSTOP) // a process may always stop itself
}
