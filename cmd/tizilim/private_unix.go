//go:build unix

package main

import "syscall"

// makePrivateFiles lets nobody but this user read what the program writes from now on:
// the store, the keys and the messages hold personal data and secrets.
func makePrivateFiles() { syscall.Umask(0o077) }
