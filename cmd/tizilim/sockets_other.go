//go:build !linux

package main

import (
	"io/fs"
	"net"
)

// sameUser admits everybody whom the modes of the socket and its directory admit: this
// system does not tell in one known way who connects.
func sameUser(net.Conn) bool { return true }

func ownedByThisUser(fs.FileInfo) bool { return true }
