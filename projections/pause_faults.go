//go:build faults

package projections

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// aboutToWrite stops this process where the file in TIZILIM_FAULTS_WRITER is there, and removes
// the file. Whoever continues the process continues here: the write is sent first.
func aboutToWrite() {
	name := os.Getenv("TIZILIM_FAULTS_WRITER")
	if name == "" || os.Remove(name) != nil {
		return
	}
	runtime.LockOSThread() // the signal stops the thread that it is sent to before all others
	defer runtime.UnlockOSThread()
	_ = unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSTOP) // a process may always stop itself
}
