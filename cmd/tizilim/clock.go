package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/eventstore/clock"
)

// clockFlags are the flags of serve about the clock of the process.
type clockFlags struct {
	ClockBound time.Duration `help:"By how much the clock of this process may differ from that of the event store, and from the time that has passed. Beyond it, commands are refused and nothing falls due." default:"5s" env:"TIZILIM_CLOCK_BOUND"`
	TrustClock bool          `help:"Begin although the log has an event of a later time than this clock shows: the clock is right now and was wrong before." env:"TIZILIM_TRUST_CLOCK"`
	TrialClock bool          `help:"Try how terms pass: tizilim trial-clock moves the clock forward. Only in a data directory of its own, on this machine alone; every answer and document says so." env:"TIZILIM_TRIAL_CLOCK"`
}

func (f clockFlags) check() error {
	if f.ClockBound <= 0 {
		return errors.New("--clock-bound is not positive: write a time such as 5s")
	}
	return nil
}

// open returns the clock of the process, which nothing but the clock of the machine is known of.
func (f clockFlags) open(logger *slog.Logger) *clock.Clock {
	bound := f.ClockBound
	if bound == 0 { // a server that a test starts
		bound = clock.DefaultBound
	}
	return clock.New(clock.Config{Bound: bound, Wall: now, Logger: logger})
}

// compareClock compares the clock of the process with what the log knows. The embedded event
// store has the clock of this process, and can tell only what it has recorded.
func (a *app) compareClock(ctx context.Context, c config) error {
	if c.eventstore != "" {
		a.clock.Follow(a.store)
	}
	if !c.clock.TrustClock {
		last, err := a.store.LastRecorded(ctx)
		if err != nil {
			return err
		}
		a.clock.Known(last)
	}
	_ = a.clock.Check(ctx) // so that the first request has the time of the event store
	return nil
}

// measureClock registers what operators watch of the clock.
func measureClock(k *clock.Clock, metrics prometheus.Registerer) {
	ahead := func() float64 {
		if why := k.Disagreement(); why != nil {
			return why.Ahead.Seconds()
		}
		return 0
	}
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tizilim_clock_disagreement_seconds",
		Help: "By how much the clock of this process is ahead of what it is compared with; negative: behind; " +
			"0 while the difference is within the bound.",
	}, ahead))
}
