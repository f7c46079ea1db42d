package security

import (
	"bytes"
	"io"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// lines writes whole lines. A line that cannot be written, as on a full disk, is counted and
// given up: nobody waits for it, and the lines that are there stay whole. It is told once that
// lines are lost, and once that they are written again.
type lines struct {
	to   io.Writer
	lost prometheus.Counter

	mu   sync.Mutex // guards what follows
	torn bool       // a part of a line was written last
	gone int        // lines that were lost since one was written
}

// Write implements [io.Writer] for one line.
func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	whole := line
	if l.torn { // the next line begins a new one
		whole = append([]byte{'\n'}, line...)
	}
	n, err := l.to.Write(whole)
	if n > 0 {
		l.torn = !bytes.HasSuffix(whole[:n], []byte{'\n'})
	}
	if err != nil {
		l.lost.Inc()
		if l.gone++; l.gone == 1 {
			slog.Error("the security log cannot be written; its lines are lost until it can", "error", err)
		}
		return 0, err
	}
	if l.gone > 0 {
		slog.Warn("the security log is written again", "lines_lost", l.gone)
		l.gone = 0
	}
	return len(line), nil
}
