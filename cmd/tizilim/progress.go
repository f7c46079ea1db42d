package main

import (
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"tizilim/domain"
	"tizilim/projections"
)

// bar is a progress bar on standard error. Without a terminal it shows nothing.
type bar struct {
	description string
	unit        string // of what is counted, whose rate is shown; "" for none
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

// newCount is newBar for things that are counted: it shows how many there are in a second, too.
func newCount(description, unit string) *bar {
	b := newBar(description)
	b.unit = unit
	return b
}

func (b *bar) count(done, of int) {
	b.show(projections.Progress{Position: domain.Position(done), Target: domain.Position(of)})
}

func (b *bar) show(p projections.Progress) {
	if b.out == nil || p.Target == 0 {
		return
	}
	if b.drawn == nil {
		options := []progressbar.Option{
			progressbar.OptionSetDescription(b.description), progressbar.OptionSetWriter(b.out),
			progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100 * time.Millisecond),
		}
		if b.unit != "" {
			options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(b.unit))
		}
		b.drawn = progressbar.NewOptions64(int64(p.Target), options...)
	}
	// An error of the drawing must not stop the work.
	_ = b.drawn.Set64(min(int64(p.Position), int64(p.Target)))
}

func (b *bar) finish() {
	if b.drawn != nil {
		_ = b.drawn.Finish()
	}
}
