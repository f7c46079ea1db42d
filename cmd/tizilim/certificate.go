package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateFiles are a certificate and its key on the disk. A renewed certificate is
// served from the next connection on, without a restart.
type certificateFiles struct {
	cert, key string

	mu     sync.Mutex // guards the fields below
	marks  [2]fileMark
	loaded *tls.Certificate
}

// fileMark tells whether a file was written again.
type fileMark struct {
	changed time.Time
	size    int64
}

// loadCertificate loads both files. It refuses files that do not belong together.
func loadCertificate(cert, key string) (*certificateFiles, error) {
	c := &certificateFiles{cert: cert, key: key}
	c.marks = c.now()
	loaded, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert and --tls-key cannot be used: %w", err)
	}
	c.loaded = &loaded
	return c, nil
}

// now returns the marks of both files; zero for a file that is not there.
func (c *certificateFiles) now() (marks [2]fileMark) {
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			marks[i] = fileMark{info.ModTime(), info.Size()}
		}
	}
	return marks
}

// get returns the certificate for a handshake. Where the files have changed and cannot be
// used, such as between the writing of the one and of the other, the old one goes on.
func (c *certificateFiles) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	marks := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if marks == c.marks {
		return c.loaded, nil
	}
	c.marks = marks
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		slog.Warn("the changed certificate cannot be used, and the old one is served on", "error", err)
		return c.loaded, nil
	}
	c.loaded = &loaded
	slog.Info("the changed certificate is served from now on", "until", loaded.Leaf.NotAfter)
	return c.loaded, nil
}
