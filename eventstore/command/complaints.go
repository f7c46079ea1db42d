package command

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"tizilim/domain"
)

// tellOutageEvery is how often the same background work logs an outage of the event store.
const tellOutageEvery = time.Minute

// complaints log what the work behind the API could not do. An event store that is away, or
// whose disk is full, holds everything back alike: it is told once a minute for each kind of
// work, and not for each thing that waits. It is safe for concurrent use.
type complaints struct {
	log *slog.Logger
	now func() time.Time

	mu   sync.Mutex
	told map[string]time.Time // when an outage was told, by what could not be done
}

func newComplaints(log *slog.Logger) *complaints {
	return &complaints{log: log, now: time.Now, told: make(map[string]time.Time)}
}

// warn logs what could not be done and why, unless ctx has ended, or the read model is not
// there: that is told elsewhere.
func (c *complaints) warn(ctx context.Context, what string, err error, with ...any) {
	code := domain.CodeOf(err)
	if ctx.Err() != nil || code == domain.CodeModelNotReady {
		return
	}
	if (code == domain.CodeLogUnavailable || code == domain.CodeDiskFull) && !c.due(what) {
		return
	}
	c.log.Warn(what, append(with, "error", err)...)
}

// due reports whether an outage is to be told now.
func (c *complaints) due(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if last, told := c.told[what]; told && now.Sub(last) < tellOutageEvery {
		return false
	}
	c.told[what] = now
	return true
}
