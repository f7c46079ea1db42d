package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

func TestAnOutageIsToldOnceAMinuteForEachKindOfWorkAndEveryOtherFailureAlways(t *testing.T) {
	var text strings.Builder
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := newComplaints(slog.New(slog.NewTextHandler(&text, nil)))
	c.now = func() time.Time { return now }
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	full := fmt.Errorf("append: %w", domain.Refuse(domain.Unavailable, domain.CodeDiskFull, "no room"))
	away := domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable, "away")
	poison := domain.Refuse(domain.Unavailable, domain.CodeRecordUnread, "cannot be read")
	filling := domain.Refuse(domain.Unavailable, domain.CodeModelNotReady, "is filled")
	for _, step := range []struct {
		pass  time.Duration
		ctx   context.Context
		what  string
		err   error
		lines int
	}{
		{0, t.Context(), "a task", full, 1},
		{0, t.Context(), "a task", full, 0},
		{59 * time.Second, t.Context(), "a task", away, 0},
		{0, t.Context(), "an act", away, 1},
		{time.Second, t.Context(), "a task", away, 1},
		{0, t.Context(), "a task", poison, 1},
		{0, t.Context(), "a task", poison, 1},
		{0, t.Context(), "a task", errors.New("a defect"), 1},
		{0, t.Context(), "a task", filling, 0},
		{0, ended, "a task", errors.New("it ends"), 0},
	} {
		now = now.Add(step.pass)
		text.Reset()
		c.warn(step.ctx, step.what, step.err)
		if lines := strings.Count(text.String(), "\n"); lines != step.lines {
			t.Errorf("%s, %v: %d lines, want %d", step.what, step.err, lines, step.lines)
		}
	}
}
