//go:build !unix

package private

import "syscall"

// attributes are none: this system has no redis-server of its own.
func attributes() *syscall.SysProcAttr { return nil }
