package main

import (
	"io/fs"
	"net"
	"os"
	"syscall"
)

// sameUser reports whether the other side of a Unix socket runs as this user or as root,
// who can read all files of the registry anyway.
func sameUser(conn net.Conn) bool {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var peer *syscall.Ucred
	var asked error
	err = raw.Control(func(fd uintptr) {
		peer, asked = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	return err == nil && asked == nil && (peer.Uid == 0 || int(peer.Uid) == os.Geteuid())
}

func ownedByThisUser(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
