package projections

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a projector. No label names a person, a dwelling or a stream.
type metrics struct {
	events        prometheus.Counter
	batches       prometheus.Counter
	batchSeconds  prometheus.Histogram
	interruptions prometheus.Counter
	position      prometheus.Gauge
	generation    prometheus.Gauge
	active        prometheus.Gauge
}

func newMetrics(to prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "tizilim", Subsystem: "projection", Name: name, Help: help,
		})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "tizilim", Subsystem: "projection", Name: name, Help: help,
		})
	}
	m := &metrics{
		events:  counter("events_total", "Events applied to the read models, rebuilds included."),
		batches: counter("batches_total", "Atomic steps in which events were applied."),
		batchSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "tizilim", Subsystem: "projection", Name: "batch_seconds",
			Help: "Time for one atomic step.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 12),
		}),
		interruptions: counter("interruptions_total", "Times the projector had to pause and resume."),
		position:      gauge("position", "Position of the log that the generation has reached."),
		generation:    gauge("generation", "Number of the generation that this process fills."),
		active:        gauge("active", "1 in the process that is the active projector."),
	}
	if to == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.events, m.batches, m.batchSeconds, m.interruptions, m.position, m.generation, m.active,
	} {
		if err := to.Register(c); err != nil {
			return nil, fmt.Errorf("register the projector's metrics: %w", err)
		}
	}
	return m, nil
}

// applied counts a step that Redis has taken; one without events has moved the
// checkpoint only.
func (m *metrics) applied(w *writer, events uint64, started time.Time) {
	m.events.Add(float64(events))
	m.batchSeconds.Observe(w.opts.Now().Sub(started).Seconds())
	m.position.Set(float64(w.position))
	m.generation.Set(float64(w.number))
	if events > 0 {
		m.batches.Inc()
	}
}
