package main

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/webhook"
	"tizilim/httpapi"
	"tizilim/projections"
)

// openWebhooks returns what calls the consumers of the registry. On one machine, where all is tried
// out, they may be on this machine too.
func openWebhooks(c config, l *life, told *command.Feed, lead *projections.Lead) *command.Webhooks {
	return command.NewWebhooks(command.WebhookConfig{
		Handler: l.commands, Feed: told, Directory: l.directory, Log: l.store,
		Sender: webhook.New(webhook.Options{Loopback: c.eventstore == "", Networks: c.networks}),
		Meter:  newWebhookMeter(l.metrics), Logger: c.logger, Body: httpapi.WebhookText, Lead: lead.Webhooks,
	})
}

// webhookMeter shows how the calls of consumers go. A consumer is named by the id of its body.
type webhookMeter struct {
	facts, failures *prometheus.CounterVec

	mu    sync.Mutex
	since map[string]time.Time // that the oldest fact waits; zero where none does
}

func newWebhookMeter(to prometheus.Registerer) *webhookMeter {
	m := &webhookMeter{
		facts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tizilim_webhook_facts_total", Help: "Facts that a consumer has acknowledged.",
		}, []string{"consumer"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tizilim_webhook_failures_total", Help: "Calls of a consumer that failed and are tried again.",
		}, []string{"consumer"}),
		since: map[string]time.Time{},
	}
	to.MustRegister(m.facts, m.failures, m)
	return m
}

func (m *webhookMeter) Delivered(consumer domain.BodyID, facts int) {
	m.facts.WithLabelValues(consumer.String()).Add(float64(facts))
}

func (m *webhookMeter) Failed(consumer domain.BodyID) {
	m.failures.WithLabelValues(consumer.String()).Inc()
}

func (m *webhookMeter) Lags(consumer domain.BodyID, by time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.since[consumer.String()] = time.Time{}
	if by > 0 {
		m.since[consumer.String()] = time.Now().Add(-by)
	}
}

var webhookLag = prometheus.NewDesc("tizilim_webhook_lag_seconds",
	"How long the oldest fact waits that a consumer has not acknowledged.", []string{"consumer"}, nil)

// Describe implements [prometheus.Collector].
func (m *webhookMeter) Describe(to chan<- *prometheus.Desc) { to <- webhookLag }

// Collect implements [prometheus.Collector]: the lag grows while nothing is acknowledged.
func (m *webhookMeter) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for consumer, since := range m.since {
		lag := 0.0
		if !since.IsZero() {
			lag = time.Since(since).Seconds()
		}
		to <- prometheus.MustNewConstMetric(webhookLag, prometheus.GaugeValue, lag, consumer)
	}
}
