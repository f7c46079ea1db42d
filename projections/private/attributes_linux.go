package private

import "syscall"

// attributes let the kernel kill the server where the process that started it ends, however
// that ends, and keep the signals of a terminal from it: it ends after those who use it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
