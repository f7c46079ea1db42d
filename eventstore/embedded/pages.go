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

// Bounds of a request for a page. A page is small and asked for by people and
// monitors of the operator's.
const (
	pageReadTimeout  = 10 * time.Second
	pageWriteTimeout = 30 * time.Second
	pageIdleTimeout  = time.Minute
	pageMaxHeader    = 16 << 10 // bytes
)

// pages are what a node tells over HTTP/1 of itself, in the form of the
// server: who watches one watches the other. As there, with credentials, only
// who has them is told the figures.
type pages struct {
	node     *Node
	guard    *guard
	instance uuid.UUID
	began    time.Time
}

func newPages(n *Node, g *guard, instance uuid.UUID) *http.Server {
	p := &pages{node: n, guard: g, instance: instance, began: time.Now()}
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
		ReadTimeout: pageReadTimeout, WriteTimeout: pageWriteTimeout, IdleTimeout: pageIdleTimeout,
		MaxHeaderBytes: pageMaxHeader,
		ErrorLog:       slog.NewLogLogger(g.logger.Handler(), slog.LevelDebug),
		Protocols:      new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	return server
}

// guarded lets in who knows the user of the node, if it has one.
func (p *pages) guarded(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if username, password, _ := r.BasicAuth(); !p.guard.admits(username, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="ESDB"`)
			http.Error(w, "The figures of this node are for its user.", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// live answers as long as the node does, in the status asked for.
func (p *pages) live(w http.ResponseWriter, r *http.Request) {
	code := http.StatusNoContent
	if wanted, err := strconv.Atoi(r.URL.Query().Get("liveCode")); err == nil && http.StatusText(wanted) != "" && wanted >= 200 {
		code = wanted
	}
	w.WriteHeader(code)
}

func (p *pages) ping(w http.ResponseWriter, _ *http.Request) {
	tell(w, map[string]string{"text": "Ping request successfully handled"})
}

func (p *pages) info(w http.ResponseWriter, _ *http.Request) {
	authentication := "insecure"
	if p.guard.closed() {
		authentication = "internal"
	}
	tell(w, map[string]any{
		"dbVersion":      protocolVersion,
		"esVersion":      protocolVersion,
		"state":          "leader",
		"features":       map[string]bool{"projections": false, "userManagement": false, "atomPub": false},
		"authentication": map[string]any{"type": authentication, "properties": struct{}{}},
	})
}

// member is the node in the server's gossip over HTTP. Clients read the
// address of the HTTP end point; the TCP ones have not been there since 24.2.
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

// gossip names the node by the address it was reached at, as over gRPC.
func (p *pages) gossip(w http.ResponseWriter, r *http.Request) {
	stats, err := p.node.Stats()
	addr, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if err != nil || !ok {
		http.Error(w, errClosing.Error(), http.StatusServiceUnavailable)
		return
	}
	host, port, last := addr.IP.String(), addr.Port, stats.LastPosition
	tell(w, map[string]any{
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

// stats are those of the server's that the node has, and its own.
func (p *pages) stats(w http.ResponseWriter, _ *http.Request) {
	stats, err := p.node.Stats()
	if err != nil {
		http.Error(w, errClosing.Error(), http.StatusServiceUnavailable)
		return
	}
	tell(w, map[string]any{
		"proc": map[string]any{"startTime": p.began.UTC(), "id": os.Getpid()},
		"es":   map[string]any{"checksum": stats.LastPosition, "checksumNonFlushed": stats.LastPosition},
		"tizilim": map[string]any{
			"events": stats.Events, "streams": stats.Streams, "diskBytes": stats.DiskBytes,
			"logSyncs": p.node.store.written.syncs.Load(),
		},
	})
}

// tell answers in the form of the server, indented JSON. A failure to write is
// the reader's, who has gone.
func tell(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(value)
}

// The figures of /metrics: those of the server's that the node has, under
// their names there, and its own.
var (
	metricCheckpoint = prometheus.NewDesc("eventstore_checkpoints", "Position of the last event.", []string{"name", "read"}, nil)
	metricEvents     = prometheus.NewDesc("eventstore_io_events", "Events written since the start.", []string{"activity"}, nil)
	metricUpTime     = prometheus.NewDesc("eventstore_proc_up_time", "Seconds since the start.", []string{"pid"}, nil)
	metricCalls      = prometheus.NewDesc("eventstore_current_incoming_grpc_calls", "Calls under way.", nil, nil)
	metricAllCalls   = prometheus.NewDesc("eventstore_incoming_grpc_calls", "Calls since the start.", []string{"kind"}, nil)
	metricBytes      = prometheus.NewDesc("tizilim_eventstore_written_bytes_total", "Bytes of events written since the start.", nil, nil)
	metricSyncs      = prometheus.NewDesc("tizilim_eventstore_log_syncs_total", "Syncs of the log since the start, each for all appends that waited for it.", nil, nil)
	metricHeld       = prometheus.NewDesc("tizilim_eventstore_events", "Events in the store, hidden ones too.", nil, nil)
	metricStreams    = prometheus.NewDesc("tizilim_eventstore_streams", "Streams that hold an event, hidden ones too.", nil, nil)
)

// Describe and Collect make the node a collector of its own registry.
func (p *pages) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(p, to) }

func (p *pages) Collect(to chan<- prometheus.Metric) {
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
	counter(metricAllCalls, calls.late.Load(), "deadline-exceeded")
	gauge(metricCalls, float64(calls.current.Load()))
	counter(metricUpTime, uint64(time.Since(p.began)/time.Second), strconv.Itoa(os.Getpid()))
	if stats, err := p.node.Stats(); err == nil {
		gauge(metricCheckpoint, float64(stats.LastPosition), "writer", "non-flushed")
		gauge(metricHeld, float64(stats.Events))
		gauge(metricStreams, float64(stats.Streams))
	}
}
