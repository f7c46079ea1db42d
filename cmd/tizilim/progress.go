package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"tizilim/projections"
)

// bar is a progress bar on standard error. Without a terminal it shows nothing.
type bar struct {
	description string
	out         io.Writer
	drawn       *progressbar.ProgressBar
}

func newBar(description string) *bar {
	b := &bar{description: description}
	if isatty.IsTerminal(os.Stderr.Fd()) {
		b.out = os.Stderr
	}
	return b
}

func (b *bar) show(p projections.Progress) {
	if b.out == nil || p.Target == 0 {
		return
	}
	if b.drawn == nil {
		b.drawn = progressbar.NewOptions64(int64(p.Target), progressbar.OptionSetDescription(b.description),
			progressbar.OptionSetWriter(b.out), progressbar.OptionClearOnFinish())
	}
	// An error of the drawing must not stop the work.
	_ = b.drawn.Set64(min(int64(p.Position), int64(p.Target)))
}

func (b *bar) finish() {
	if b.drawn != nil {
		_ = b.drawn.Finish()
	}
}
