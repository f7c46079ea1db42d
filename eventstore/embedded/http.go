package embedded

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds of a request over HTTP/1.
const (
	httpReadTimeout  = 10 * time.Second
	httpWriteTimeout = 30 * time.Second
	httpIdleTimeout  = time.Minute
	httpMaxHeader    = 16 << 10 // bytes
)

// httpPages answers HTTP/1 requests about the node, in the form of the server, so that the
// same monitoring works for both. As on the server, the statistics need the credentials of
// the node.
type httpPages struct {
	node     *Node
	guard    *guard
	instance uuid.UUID
	began    time.Time
}

// newHTTPServer returns the server of the pages.
func newHTTPServer(n *Node, g *guard, instance uuid.UUID) *http.Server {
	p := &httpPages{node: n, guard: g, instance: instance, began: time.Now()}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(p)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health/live", p.live)
	mux.HandleFunc("GET /ping", p.ping)
	mux.HandleFunc("GET /info", p.info)
	mux.HandleFunc("GET /gossip", p.gossip)
	mux.Handle("GET /stats", p.guarded(http.HandlerFunc(p.stats)))
	mux.Handle("GET /metrics", p.guarded(promhttp.HandlerFor(metrics, promhttp.HandlerOpts{})))
	server := &http.Server{
		Handler:     mux,
		ReadTimeout: httpReadTimeout, WriteTimeout: httpWriteTimeout, IdleTimeout: httpIdleTimeout,
		MaxHeaderBytes: httpMaxHeader,
		ErrorLog:       slog.NewLogLogger(g.logger.Handler(), slog.LevelDebug),
		Protocols:      new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	return server
}

// guarded admits requests with the credentials of the node, if it has any.
func (p *httpPages) guarded(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if username, password, _ := r.BasicAuth(); !p.guard.admits(username, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="ESDB"`)
			http.Error(w, "The statistics of this node need its credentials.", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// live answers as long as the node runs, with the requested status.
func (p *httpPages) live(w http.ResponseWriter, r *http.Request) {
	code := http.StatusNoContent
	wanted, err := strconv.Atoi(r.URL.Query().Get("liveCode"))
	if err == nil && http.StatusText(wanted) != "" && wanted >= 200 {
		code = wanted
	}
	w.WriteHeader(code)
}

func (p *httpPages) ping(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]string{"text": "Ping request successfully handled"})
}

func (p *httpPages) info(w http.ResponseWriter, _ *http.Request) {
	authentication := "insecure"
	if p.guard.needsCredentials() {
		authentication = "internal"
	}
	writeJSON(w, map[string]any{
		"dbVersion":      protocolVersion,
		"esVersion":      protocolVersion,
		"state":          "leader",
		"features":       map[string]bool{"projections": false, "userManagement": false, "atomPub": false},
		"authentication": map[string]any{"type": authentication, "properties": struct{}{}},
	})
}

// member is the node in the server's gossip over HTTP. Clients use the address of the HTTP
// end point. Since 24.2 the TCP end points do not exist.
type member struct {
	InstanceID               uuid.UUID `json:"instanceId"`
	TimeStamp                time.Time `json:"timeStamp"`
	State                    string    `json:"state"`
	IsAlive                  bool      `json:"isAlive"`
	InternalTCPIP            string    `json:"internalTcpIp"`
	InternalTCPPort          int       `json:"internalTcpPort"`
	InternalSecureTCPPort    int       `json:"internalSecureTcpPort"`
	ExternalTCPIP            string    `json:"externalTcpIp"`
	ExternalTCPPort          int       `json:"externalTcpPort"`
	ExternalSecureTCPPort    int       `json:"externalSecureTcpPort"`
	InternalHTTPEndPointIP   string    `json:"internalHttpEndPointIp"`
	InternalHTTPEndPointPort int       `json:"internalHttpEndPointPort"`
	HTTPEndPointIP           string    `json:"httpEndPointIp"`
	HTTPEndPointPort         int       `json:"httpEndPointPort"`
	LastCommitPosition       uint64    `json:"lastCommitPosition"`
	WriterCheckpoint         uint64    `json:"writerCheckpoint"`
	ChaserCheckpoint         uint64    `json:"chaserCheckpoint"`
	EpochPosition            int64     `json:"epochPosition"`
	EpochNumber              int       `json:"epochNumber"`
	EpochID                  uuid.UUID `json:"epochId"`
	NodePriority             int       `json:"nodePriority"`
	IsReadOnlyReplica        bool      `json:"isReadOnlyReplica"`
	ESVersion                string    `json:"esVersion"`
}

// gossip names the node by the address at which the client has reached it, as over gRPC.
func (p *httpPages) gossip(w http.ResponseWriter, r *http.Request) {
	stats, err := p.node.Stats()
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if err != nil || !ok {
		http.Error(w, errClosing.Error(), http.StatusServiceUnavailable)
		return
	}
	host, port, last := addr.IP.String(), addr.Port, stats.LastPosition
	writeJSON(w, map[string]any{
		"members": []member{{
			InstanceID: p.instance, TimeStamp: time.Now().UTC(), State: "Leader", IsAlive: true,
			InternalTCPIP: host, ExternalTCPIP: host,
			InternalHTTPEndPointIP: host, InternalHTTPEndPointPort: port,
			HTTPEndPointIP: host, HTTPEndPointPort: port,
			LastCommitPosition: last, WriterCheckpoint: last, ChaserCheckpoint: last,
			ESVersion: protocolVersion,
		}},
		"serverIp": host, "serverPort": port,
	})
}

// stats answers those statistics of the server that the node has, and some of its own.
func (p *httpPages) stats(w http.ResponseWriter, _ *http.Request) {
	stats, err := p.node.Stats()
	if err != nil {
		http.Error(w, errClosing.Error(), http.StatusServiceUnavailable)
		return
	}
	writeJSON(w, map[string]any{
		"proc": map[string]any{"startTime": p.began.UTC(), "id": os.Getpid()},
		"es":   map[string]any{"checksum": stats.LastPosition, "checksumNonFlushed": stats.LastPosition},
		"tizilim": map[string]any{
			"events": stats.Events, "streams": stats.Streams, "diskBytes": stats.DiskBytes,
			"logSyncs": p.node.store.written.syncs.Load(),
		},
	})
}

// writeJSON answers indented JSON, as the server does. It ignores the error of a client that
// has disconnected.
func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(value)
}

// The metrics: those of the server that the node has, with their names there, and some of its
// own.
var (
	metricCheckpoint = prometheus.NewDesc(
		"eventstore_checkpoints", "Position of the last event.", []string{"name", "read"}, nil,
	)
	metricEvents = prometheus.NewDesc(
		"eventstore_io_events", "Events written since the start.", []string{"activity"}, nil,
	)
	metricUpTime   = prometheus.NewDesc("eventstore_proc_up_time", "Seconds since the start.", []string{"pid"}, nil)
	metricCalls    = prometheus.NewDesc("eventstore_current_incoming_grpc_calls", "Calls in progress.", nil, nil)
	metricAllCalls = prometheus.NewDesc("eventstore_incoming_grpc_calls", "Calls since the start.", []string{"kind"}, nil)
	metricBytes    = prometheus.NewDesc(
		"tizilim_eventstore_written_bytes_total", "Bytes of events written since the start.", nil, nil,
	)
	metricSyncs = prometheus.NewDesc(
		"tizilim_eventstore_log_syncs_total", "Syncs of the log since the start; appends share them.", nil, nil,
	)
	metricHeld = prometheus.NewDesc(
		"tizilim_eventstore_events", "Events in the store, including hidden ones.", nil, nil,
	)
	metricStreams = prometheus.NewDesc(
		"tizilim_eventstore_streams", "Streams with at least one event, including hidden ones.", nil, nil,
	)
)

// Describe implements [prometheus.Collector].
func (p *httpPages) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, to) }

// Collect implements [prometheus.Collector].
func (p *httpPages) Collect(to chan<- prometheus.Metric) {
	counter := func(d *prometheus.Desc, value uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	written, calls := &p.node.store.written, &p.guard.calls
	counter(metricEvents, written.events.Load(), "written")
	counter(metricBytes, written.bytes.Load())
	counter(metricSyncs, written.syncs.Load())
	counter(metricAllCalls, calls.total.Load(), "total")
	counter(metricAllCalls, calls.failed.Load(), "failed")
	counter(metricAllCalls, calls.unimplemented.Load(), "unimplemented")
	counter(metricAllCalls, calls.timedOut.Load(), "deadline-exceeded")
	gauge(metricCalls, float64(calls.current.Load()))
	counter(metricUpTime, uint64(time.Since(p.began)/time.Second), strconv.Itoa(os.Getpid()))
	if stats, err := p.node.Stats(); err == nil {
		gauge(metricCheckpoint, float64(stats.LastPosition), "writer", "non-flushed")
		gauge(metricHeld, float64(stats.Events))
		gauge(metricStreams, float64(stats.Streams))
	}
}
