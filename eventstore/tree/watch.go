package tree

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// passEvery is the pause between two checks of the whole log.
const passEvery = 10 * time.Minute

// Watch checks the whole log again and again while a registry runs, slowly, and calls
// out once a minute as long as something is wrong. What it finds is reported to the
// store, which then refuses the streams concerned.
type Watch struct {
	tree    *Tree
	config  CheckConfig
	logger  *slog.Logger
	events  prometheus.Counter
	passes  *prometheus.CounterVec
	endedAt prometheus.Gauge
}

// NewWatch returns a watch over the log of the tree. c says how each check is done.
// Error: r already has the metrics of another watch.
func NewWatch(t *Tree, c CheckConfig, logger *slog.Logger, r prometheus.Registerer) (*Watch, error) {
	w := &Watch{
		tree: t, config: c, logger: logger,
		events: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tizilim_log_check_events_total", Help: "Events of the log that were compared with its tree.",
		}),
		passes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tizilim_log_check_passes_total",
			Help: "Checks of the whole log: sound, tampered, or failed before their end.",
		}, []string{"outcome"}),
		endedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tizilim_log_check_ended_timestamp_seconds", Help: "When the last check of the whole log came to its end.",
		}),
	}
	for _, outcome := range []string{"sound", "tampered", "failed"} {
		w.passes.WithLabelValues(outcome)
	}
	for _, metric := range []prometheus.Collector{
		w.events, w.passes, w.endedAt,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tizilim_log_findings", Help: "Things that were done to the log without the registry; 0 is well.",
		}, func() float64 { return float64(len(t.store.Findings())) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tizilim_log_head_events", Help: "Events in the tree of the newest signed head.",
		}, func() float64 { head, _ := t.Head(); return float64(head.Size) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tizilim_log_head_timestamp_seconds", Help: "When the newest head was signed; 0: there is none.",
		}, func() float64 {
			if head, note := t.Head(); note != "" {
				return float64(head.At.Unix())
			}
			return 0
		}),
	} {
		if err := r.Register(metric); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Run checks until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	go w.callOut(ctx)
	for {
		w.Pass(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(passEvery):
		}
	}
}

// Pass checks the whole log once.
func (w *Watch) Pass(ctx context.Context) {
	c := w.config
	counted := int64(0)
	c.Progress = func(done, _ int64) {
		w.events.Add(float64(done - counted))
		counted = done
	}
	r, err := Check(ctx, c)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		w.passes.WithLabelValues("failed").Inc()
		w.logger.Warn("the log could not be checked to its end", "error", err)
		return
	}
	w.events.Add(float64(r.Events - counted))
	w.endedAt.SetToCurrentTime()
	outcome := "sound"
	for _, f := range r.Findings {
		outcome = "tampered"
		w.tree.store.Report(f)
	}
	w.passes.WithLabelValues(outcome).Inc()
}

// callOut logs the findings once a minute.
func (w *Watch) callOut(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if found := w.tree.store.Findings(); len(found) > 0 {
			w.logger.Error("the log was tampered with: examine it before anybody relies on it",
				"findings", len(found), "first", found[0].String())
		}
	}
}
