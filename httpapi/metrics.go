package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

// scrapeTimeout bounds what a scrape asks of the read model.
const scrapeTimeout = time.Second

// metrics count what the API does. Labels are routes, operations, statuses and
// codes: never an id, never a person.
type metrics struct {
	requests *prometheus.HistogramVec
	commands *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer, model *projections.Reader, now func() time.Time) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tizilim_http_request_duration_seconds", Help: "Time to answer a request.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"method", "route", "status"}),
		commands: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tizilim_command_duration_seconds", Help: "Time to carry out a command.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"command", "outcome"}),
	}
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tizilim_cases_overdue",
		Help: "Applications in which something is late: a decision, or another duty; " +
			"NaN while the read model does not answer.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
		defer cancel()
		n, err := model.CountOverdue(ctx, now())
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	}))
	r.MustRegister(m.requests, m.commands, noticeGauges{model, now})
	return m
}

// noticeGauges ask the read model once for each scrape. They are NaN while it does
// not answer.
type noticeGauges struct {
	model *projections.Reader
	now   func() time.Time
}

var (
	noticesWaiting = prometheus.NewDesc("tizilim_notices",
		"Notices that are not settled: owed by an event; queued, sent and awaiting a report, or given up, "+
			"each way counted.", []string{"state"}, nil)
	oldestNotice = prometheus.NewDesc("tizilim_notices_oldest_seconds",
		"For how long the oldest notice that is owed or due waits; 0 where none does.", nil, nil)
)

func (g noticeGauges) Describe(to chan<- *prometheus.Desc) {
	to <- noticesWaiting
	to <- oldestNotice
}

func (g noticeGauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	c, err := g.model.CountNotices(ctx)
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		if err != nil {
			value = math.NaN()
		}
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	gauge(noticesWaiting, float64(c.Owed), "owed")
	gauge(noticesWaiting, float64(c.Queued), "queued")
	gauge(noticesWaiting, float64(c.Sent), "sent")
	gauge(noticesWaiting, float64(c.GivenUp), "given_up")
	age := 0.0
	if !c.Oldest.IsZero() { // a notice that is due later has not waited yet
		age = max(0, g.now().Sub(c.Oldest).Seconds())
	}
	gauge(oldestNotice, age)
}

// methodOf names the method of a request. All methods that HTTP does not know are
// "other", since a client may invent any number of them.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return r.Method
	}
	return "other"
}

func (m *metrics) request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Command counts a command by its outcome: appended, repeated, planned, the code of a
// refusal, or failed.
func (m *metrics) Command(id string, r command.Receipt, err error, took time.Duration) {
	outcome := "appended"
	var refused *domain.Error
	switch {
	case errors.As(err, &refused):
		outcome = string(refused.Code)
	case err != nil:
		outcome = "failed"
	case r.Planned:
		outcome = "planned"
	case r.Repeated:
		outcome = "repeated"
	}
	m.commands.WithLabelValues(id, outcome).Observe(took.Seconds())
}
