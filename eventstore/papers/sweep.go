package papers

import (
	"context"
	"log/slog"
	"time"
)

const (
	// sweptEvery is how often a [Sweeper] looks.
	sweptEvery = time.Hour
	// lonely is for how long a file stays that no event names. A command takes seconds.
	lonely = 24 * time.Hour
)

// Named says whether an event of the log names the file. An error says that it is not known.
type Named func(ctx context.Context, at Address) (bool, error)

// Sweeper removes files that no event names: those of commands that were refused or that a crash
// ended.
type Sweeper struct {
	files Files
	named Named
	now   func() time.Time
	log   *slog.Logger
	upTo  time.Time // files up to this instant were looked at
}

// NewSweeper returns a sweeper. now is the clock by which the files have their times.
func NewSweeper(files Files, named Named, now func() time.Time, log *slog.Logger) *Sweeper {
	return &Sweeper{files: files, named: named, now: now, log: log}
}

// Run sweeps until ctx ends.
func (s *Sweeper) Run(ctx context.Context) {
	for {
		if n, err := s.Once(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("files of papers that nobody names could not be removed now", "error", err)
		} else if n > 0 {
			s.log.Info("removed files of papers that no event names", "files", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(sweptEvery):
		}
	}
}

// Once removes what is older than a day and is named by no event. A file is looked at once in the
// life of the sweeper: whether an event names it, does not change after a day.
func (s *Sweeper) Once(ctx context.Context) (removed int, err error) {
	until := s.now().Add(-lonely)
	for f, err := range s.files.All(ctx) {
		if err != nil {
			return removed, err
		}
		if f.At.After(until) || !f.At.After(s.upTo) {
			continue
		}
		named, err := s.named(ctx, f.Address)
		if err != nil {
			return removed, err
		}
		if named {
			continue
		}
		if err := s.files.Remove(ctx, f.Address); err != nil {
			return removed, err
		}
		removed++
	}
	s.upTo = until
	return removed, nil
}
