package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
)

// openSecurityLog opens what the security log is written to: the named file, "stderr", or
// by default a file in the data directory.
func openSecurityLog(name, data string) (w io.Writer, closeLog func() error, err error) {
	if name == "stderr" {
		return os.Stderr, func() error { return nil }, nil
	}
	if name == "" {
		if err := os.MkdirAll(data, 0o700); err != nil {
			return nil, nil, fmt.Errorf("the data directory cannot be made: %w", err)
		}
		name = filepath.Join(data, "security.ndjson")
	}
	f := &turnedFile{name: name, hangup: make(chan os.Signal, 1), done: make(chan struct{})}
	if err := f.open(); err != nil {
		return nil, nil, fmt.Errorf("--security-log: %w", err)
	}
	signal.Notify(f.hangup, syscall.SIGHUP)
	go f.reopen()
	return f, f.close, nil
}

// turnedFile is a file that is opened again at SIGHUP, when it was moved away. Only its
// owner reads it.
type turnedFile struct {
	name   string
	hangup chan os.Signal
	done   chan struct{}

	mu   sync.Mutex
	file *os.File
}

func (f *turnedFile) open() error {
	file, err := os.OpenFile(f.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	endLine(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		err = f.file.Close()
	}
	f.file = file
	return err
}

// endLine ends a last line that a crash or a full disk has cut off, so that the next one
// does not become a part of it. Where that fails, the write that follows says why.
func endLine(file *os.File) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return
	}
	written, err := os.Open(file.Name())
	if err != nil {
		return
	}
	defer written.Close()
	last := make([]byte, 1)
	if _, err := written.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
		_, _ = file.Write([]byte{'\n'})
	}
}

func (f *turnedFile) reopen() {
	defer close(f.done)
	for range f.hangup {
		if err := f.open(); err != nil {
			slog.Error("the security log cannot be opened again; it goes on in the old file", "error", err)
		}
	}
}

// Write implements [io.Writer].
func (f *turnedFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.file.Write(p)
}

func (f *turnedFile) close() error {
	signal.Stop(f.hangup)
	close(f.hangup)
	<-f.done
	return f.file.Close()
}
