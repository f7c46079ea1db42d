package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// announceEvery is how often a server tries to write its endpoints on a disk that is full.
const announceEvery = time.Second

// endpointsFile is where a server announces its endpoints to the tools on the same machine.
func endpointsFile(data string) string { return filepath.Join(data, "run.json") }

// readEndpoints reads what the server on the data directory announced; it wraps
// fs.ErrNotExist where none did.
func readEndpoints(data string) (e endpoints, err error) {
	text, err := os.ReadFile(endpointsFile(data))
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("read %s: %w", endpointsFile(data), err)
	}
	return e, nil
}

// announce writes the endpoints for the tools, and takes them back at the end. A full disk
// keeps no server from serving: the endpoints are written when there is room, and until then
// tools find the server by its addresses only.
func (a *app) announce(data string, e endpoints) error {
	if info, err := os.Stat(data); err == nil && info.Mode().Perm()&0o077 != 0 {
		slog.Warn("others than its owner can enter the data directory: chmod 700 prevents that", "directory", data)
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	stop := func() {}
	switch err := replaceFile(endpointsFile(data), text); {
	case noRoom(err):
		slog.Warn("the endpoints of this server are not written yet, because the disk is full: "+
			"until there is room, tools need the addresses as flags", "file", endpointsFile(data))
		stop = announceLater(endpointsFile(data), text)
	case err != nil:
		return fmt.Errorf("write endpoints: %w", err)
	}
	a.closers = append(a.closers, func() error {
		stop()
		// Servers on stores elsewhere may share the directory for its keys; the
		// file tells of the last one that started.
		if now, err := readEndpoints(data); err != nil || now.PID != e.PID {
			return nil
		}
		return os.Remove(endpointsFile(data))
	})
	return nil
}

// announceLater tries to write the file until it is written, or until stop, which waits for the
// last attempt.
func announceLater(file string, text []byte) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(announceEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			switch err := replaceFile(file, text); {
			case err == nil:
				slog.Info("the endpoints of this server are written", "file", file)
				return
			case !noRoom(err):
				slog.Warn("the endpoints of this server cannot be written", "error", err)
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// noRoom reports whether a file was not written for want of room alone.
func noRoom(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// replaceFile replaces a file that only its owner can read, at once and on the disk: a reader,
// and a machine that stops meanwhile, has the old content or the new one.
func replaceFile(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".key-*") // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
