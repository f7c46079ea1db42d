//go:build unix && !linux

package private

import "syscall"

// attributes keep the signals of a terminal from the server: it ends after those who use
// it. Where the process that started it is killed, the server stays until the next start
// (see endOrphan).
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
