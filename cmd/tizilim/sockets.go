package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
)

// The parts of a registry that only the registry and the tools of its own machine may
// reach listen on Unix sockets: the embedded event store, the Redis in the process, and
// the server of a store's administration. Nobody but the owner of the data directory
// and root can connect: the directory of the sockets has mode 0700, each socket 0600,
// and on Linux the user of the other side is checked too.

// maxSocketPath is a length, in bytes, that every system accepts for the path of a
// Unix socket.
const maxSocketPath = 100

// socketsDir holds the sockets of a server on the data directory.
func socketsDir(data string) string { return filepath.Join(data, "sockets") }

// socketIn returns the path of the socket of that name for the directory: in it or,
// where that path would be too long for a socket, in a directory below the system's
// directory of temporary files. The same directory always gives the same path. dir is
// absolute.
func socketIn(dir, name string) string {
	path := filepath.Join(dir, name)
	if len(path) <= maxSocketPath {
		return path
	}
	digest := sha256.Sum256([]byte(filepath.Clean(dir)))
	return filepath.Join(os.TempDir(), "tizilim-"+strconv.Itoa(os.Getuid())+"-"+hex.EncodeToString(digest[:8]), name)
}

// listenSocket listens on the socket of that name for the directory, for this user only.
// The caller holds a lock by which it knows that no live server owns the socket: one that
// a killed server left behind is replaced.
func listenSocket(dir, name string) (net.Listener, error) {
	listener, err := func() (net.Listener, error) {
		path, err := placeSocket(dir, name)
		if err != nil {
			return nil, err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		listener, err := net.Listen("unix", path)
		if err != nil {
			return nil, err
		}
		if err := os.Chmod(path, 0o600); err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		return listener, nil
	}()
	if err != nil {
		return nil, fmt.Errorf("listen on a socket: %w", err)
	}
	return peerListener{listener, sameUser}, nil
}

// placeSocket returns the path of the socket of that name for the directory, and makes the
// directory that it is in, which only this user can enter.
func placeSocket(dir, name string) (path string, err error) {
	path = socketIn(dir, name)
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("the path %s is too long: set TMPDIR to a directory with a shorter one", path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if filepath.Dir(path) != dir { // everybody can make directories there
		if err := mustBePrivate(filepath.Dir(path)); err != nil {
			return "", err
		}
	}
	return path, nil
}

// mustBePrivate returns an error unless the directory is this user's and nobody else can
// enter it.
func mustBePrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && (!info.IsDir() || info.Mode().Perm()&0o077 != 0 || !ownedByThisUser(info)) {
		err = fmt.Errorf("%s is not a directory of this user alone: delete it", dir)
	}
	return err
}

// peerListener drops connections of users that it does not admit.
type peerListener struct {
	net.Listener
	admits func(net.Conn) bool
}

func (l peerListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || l.admits(conn) {
			return conn, err
		}
		_ = conn.Close() // its user has no business here
	}
}
