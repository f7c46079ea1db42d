package embedded_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/eventstoretest"
)

// page requests a page and returns its status, header and body.
func page(t *testing.T, client *http.Client, method, url string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(body)
}

// http1 is a client whose connections end with the test.
func http1(t *testing.T, config *tls.Config) *http.Client {
	// Where the client may use HTTP/2, it offers both.
	both := config != nil && slices.Contains(config.NextProtos, "h2")
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: both}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

func TestTheNodeHasThePagesOfTheServer(t *testing.T) {
	node := start(t, "", embedded.InMemory())
	appendTo(t, eventstoretest.Connect(t, node.ConnectionString()), "s", newEvent(10), newEvent(10))
	client, at := http1(t, nil), "http://"+node.Addr().String()
	for _, c := range []struct {
		method, path string
		status       int
		contains     []string
	}{
		{"GET", "/health/live", 204, nil},
		{"HEAD", "/health/live", 204, nil},
		{"GET", "/health/live?liveCode=200", 200, nil},
		{"POST", "/health/live", 405, nil},
		{"GET", "/ping", 200, []string{`"text": "Ping request successfully handled"`}},
		{"GET", "/info", 200, []string{
			`"esVersion": "24.10.14"`, `"state": "leader"`, `"atomPub": false`, `"type": "insecure"`,
		}},
		{"GET", "/gossip", 200, []string{
			`"state": "Leader"`, `"isAlive": true`, `"httpEndPointIp": "127.0.0.1"`, `"esVersion": "24.10.14"`,
		}},
		{"GET", "/stats", 200, []string{`"proc": {`, `"checksum": `, `"events": 2`, `"streams": 1`}},
		{"GET", "/metrics", 200, []string{
			"\neventstore_io_events{activity=\"written\"} 2\n",
			"\neventstore_checkpoints{name=\"writer\",read=\"non-flushed\"} ",
			"\neventstore_incoming_grpc_calls{kind=\"total\"} ",
			"\ntizilim_eventstore_log_syncs_total 1\n",
			"\ntizilim_eventstore_events 2\n",
		}},
		{"GET", "/streams/s", 404, nil},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			status, _, body := page(t, client, c.method, at+c.path)
			if status != c.status {
				t.Fatalf("%d, want %d", status, c.status)
			}
			for _, want := range c.contains {
				if !strings.Contains(body, want) {
					t.Errorf("%s\nwant it to contain %s", body, want)
				}
			}
		})
	}
}

func TestGossipIsTheSameOverBothProtocols(t *testing.T) {
	node := start(t, "", embedded.InMemory())
	_, _, body := page(t, http1(t, nil), "GET", "http://"+node.Addr().String()+"/gossip")
	var told struct {
		Members []struct {
			InstanceID       string    `json:"instanceId"`
			TimeStamp        time.Time `json:"timeStamp"`
			HTTPEndPointIP   string    `json:"httpEndPointIp"`
			HTTPEndPointPort uint32    `json:"httpEndPointPort"`
		} `json:"members"`
		ServerPort int `json:"serverPort"`
	}
	if err := json.Unmarshal([]byte(body), &told); err != nil || len(told.Members) != 1 {
		t.Fatalf("%s, %v, want one member", body, err)
	}
	info, err := gossip.NewGossipClient(dial(t, node).conn).Read(context.Background(), &shared.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	page, rpc := told.Members[0], info.Members[0]
	id, err := esdb.ParseUUIDFromInt64(
		rpc.InstanceId.GetStructured().MostSignificantBits, rpc.InstanceId.GetStructured().LeastSignificantBits,
	)
	if err != nil || page.InstanceID != id.String() ||
		page.HTTPEndPointIP != rpc.HttpEndPoint.Address || page.HTTPEndPointPort != rpc.HttpEndPoint.Port {
		t.Errorf("%+v over HTTP, %v over gRPC, %v", page, rpc, err)
	}
	if told.ServerPort != node.Addr().(*net.TCPAddr).Port || time.Since(page.TimeStamp) > time.Minute {
		t.Errorf("%s, want the port and the time", body)
	}
}

func TestFailedCallsAreCounted(t *testing.T) {
	node := start(t, "", embedded.InMemory())
	w := dial(t, node)
	_ = w.conn.Invoke(w.ctx, "/nobody.Knows/It", &shared.Empty{}, &shared.Empty{})
	_, _, _ = w.append(toStream(""), message("{}"))
	_, _, body := page(t, http1(t, nil), "GET", "http://"+node.Addr().String()+"/metrics")
	for _, want := range []string{
		`eventstore_incoming_grpc_calls{kind="total"} 2`,
		`eventstore_incoming_grpc_calls{kind="failed"} 1`,
		`eventstore_incoming_grpc_calls{kind="unimplemented"} 1`,
		`eventstore_current_incoming_grpc_calls 0`,
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("%s\nwant %s", body, want)
		}
	}
}

func trusting(t *testing.T, ca string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// secured returns a node with TLS and a user, and the certificates that trust it.
func secured(t *testing.T) (*embedded.Node, *tls.Config) {
	cert, ca := certificate(t)
	node := start(t, "", embedded.InMemory(),
		embedded.WithTLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}),
		embedded.WithCredentials("admin", "changeit"))
	return node, trusting(t, ca)
}

func TestStatisticsNeedCredentials(t *testing.T) {
	node, trust := secured(t)
	client := http1(t, trust)
	for path, open := range map[string]bool{
		"/health/live": true, "/ping": true, "/info": true, "/gossip": true, "/stats": false, "/metrics": false,
	} {
		status, header, _ := page(t, client, "GET", "https://"+node.Addr().String()+path)
		if open != (status < 300) || !open && (status != http.StatusUnauthorized || header.Get("WWW-Authenticate") == "") {
			t.Errorf("%s without credentials: %d", path, status)
		}
		if status, _, _ := page(t, client, "GET", "https://admin:guess@"+node.Addr().String()+path); open != (status < 300) {
			t.Errorf("%s with a wrong password: %d", path, status)
		}
		if status, _, _ := page(t, client, "GET", "https://admin:changeit@"+node.Addr().String()+path); status >= 300 {
			t.Errorf("%s with the password: %d", path, status)
		}
	}
	if _, _, body := page(
		t, client, "GET", "https://"+node.Addr().String()+"/info",
	); !strings.Contains(body, `"type": "internal"`) {
		t.Errorf("%s, want a user asked for", body)
	}
}

// TestBothProtocolsAreServedOverTLS tries the offers of clients: gRPC clients offer only h2, browsers and monitors
// both protocols, old clients none.
func TestBothProtocolsAreServedOverTLS(t *testing.T) {
	node, trust := secured(t)
	for name, offered := range map[string][]string{
		"http/1.1": {"http/1.1"}, "both": {"h2", "http/1.1"}, "nothing": nil,
	} {
		config := trust.Clone()
		config.NextProtos = offered
		if status, _, _ := page(t, http1(t, config), "GET", "https://"+node.Addr().String()+"/health/live"); status != 204 {
			t.Errorf("%s offered: %d", name, status)
		}
	}
	conn, err := grpc.NewClient(node.Addr().String(), grpc.WithTransportCredentials(credentials.NewTLS(trust)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if info, err := gossip.NewGossipClient(conn).Read(t.Context(), &shared.Empty{}); err != nil || len(info.Members) != 1 {
		t.Errorf("%v, %v over gRPC", info, err)
	}
}

// TestASilentConnectionBlocksNoOther opens connections that send nothing, or a part of their first bytes, while
// other connections work.
func TestASilentConnectionBlocksNoOther(t *testing.T) {
	node := start(t, t.TempDir())
	var begun net.Conn
	const request = "GET /ping HTTP/1.1\r\n"
	for _, said := range []string{"", "P", "PRI * HTTP/2.0", request} {
		conn, err := net.Dial("tcp", node.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, said); err != nil {
			t.Fatal(err)
		}
		if said == request {
			begun = conn
		}
	}
	if status, _, _ := page(t, http1(t, nil), "GET", "http://"+node.Addr().String()+"/ping"); status != 200 {
		t.Errorf("%d over HTTP", status)
	}
	appendTo(t, eventstoretest.Connect(t, node.ConnectionString()), "s", newEvent(10))
	// Close waits for a request that has begun, and not for silent connections, which
	// have 5 s.
	_ = begun.Close()
	began := time.Now()
	if err := node.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("Close took %v", took)
	}
}

// failing is a listener that fails with transient errors, and then with a permanent one.
type failing struct {
	net.Listener
	passing atomic.Int64
	end     error
}

type passing struct{ error }

func (passing) Temporary() bool { return true }

func (l *failing) Accept() (net.Conn, error) {
	switch n := l.passing.Add(-1); {
	case n > 0:
		return nil, passing{errors.New("too many open files")}
	case n == 0:
		return l.Listener.Accept()
	}
	return nil, l.end
}

func TestServeSurvivesTransientFailuresAndReturnsAPermanentOne(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &failing{Listener: listener, end: errors.New("the network is gone")}
	l.passing.Store(3)
	node, err := embedded.Open("", embedded.InMemory())
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- node.Serve(l) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := <-served; !errors.Is(err, l.end) {
		t.Errorf("Serve ended with %v, want %v", err, l.end)
	}
	if err := node.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("the listener is open still")
	}
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	node := start(t, "", embedded.InMemory())
	request := fmt.Sprintf("GET /ping HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	conn, err := net.Dial("tcp", node.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, request) // it may be refused before its end
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 431" {
		t.Errorf("%q, %v, want it refused", answer, err)
	}
}

// TestTheFirstLettersSelectTheProtocol sends them one by one, or a request of neither protocol.
func TestTheFirstLettersSelectTheProtocol(t *testing.T) {
	node := start(t, "", embedded.InMemory())
	const rest = " /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	for name, c := range map[string]struct {
		said []string
		want string
	}{
		"letter by letter":      {[]string{"G", "E", "T", rest}, "HTTP/1.1 200"},
		"begins as HTTP/2 does": {[]string{"P", "U", "T", rest}, "HTTP/1.1 405"},
		"asks to go on in HTTP/2": {
			[]string{"GET /ping HTTP/1.1\r\nUpgrade: h2c\r\nHost: x\r\nConnection: close, upgrade\r\n\r\n"}, "HTTP/1.1 200",
		},
		"no protocol": {[]string{"\x00\x01\x02\x03\r\n\r\n"}, "HTTP/1.1 400"},
		"two lengths": {
			[]string{"GET /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"}, "HTTP/1.1 400",
		},
		"a preface that goes wrong": {[]string{"PRI /ping HTTP/1.1\r\nHost: x\r\n\r\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", node.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			for _, part := range c.said {
				if _, err := io.WriteString(conn, part); err != nil {
					t.Fatal(err)
				}
			}
			answer, _ := io.ReadAll(conn) // until the node closes
			if c.want == "" && strings.HasPrefix(string(answer), "HTTP/1") || !strings.HasPrefix(string(answer), c.want) {
				t.Errorf("%q, want %q", answer, c.want)
			}
		})
	}
}
