package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// resident returns how many bytes of memory a process holds.
func resident(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("the system does not tell the memory of a process")
	return 0
}

// goroutines is how many the server has.
func goroutines(t *testing.T, s *server) (n int) {
	t.Helper()
	response, err := http.Get(s.ops + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := fmt.Fscanf(response.Body, "goroutine profile: total %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// stall sends a request and reads nothing of its answer.
func stall(t *testing.T, s *server, path, token string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: registry\r\nAuthorization: Bearer %s\r\n\r\n", path, token); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestAThousandStalledReadersHoldLittleMemory lets clients ask for a large page, again and
// again, and read nothing of it. Meanwhile others are answered.
func TestAThousandStalledReadersHoldLittleMemory(t *testing.T) {
	s := serve(t, dataDir(t), "127.0.0.1:0", "--max-connections-each", "2000")
	ctx := testContext(t)
	path, size := largePage(ctx, t, s)
	auditor := use(t, "token", "--data", s.data, "--role", "auditor")
	auditor = strings.TrimSpace(auditor)

	before := resident(t, s.cmd.Process.Pid)
	const readers = 1000
	for range readers {
		stall(t, s, path, auditor)
	}
	taken := func() bool { return goroutines(t, s) > readers } // a connection has one at least
	for end := time.Now().Add(time.Minute); !taken(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines: the server has not taken the requests", goroutines(t, s))
		}
	}
	// What is held stays; garbage goes, on a busy machine a little later. So what counts is the
	// least of a second, once all answers have been begun.
	least := func(within time.Duration) (held int) {
		held = math.MaxInt
		for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			held = min(held, resident(t, s.cmd.Process.Pid)-before)
		}
		return held
	}
	least(2 * time.Second)
	held := least(time.Second)
	for n := 0; held > 100<<20 && n < 20; n++ {
		held = least(time.Second)
	}
	t.Logf("%d readers of a page of %d KB hold %d MB", readers, size>>10, held>>20)
	if held > 100<<20 {
		t.Errorf("%d stalled readers of a page of %d KB hold %d MB, at most 100", readers, size>>10, held>>20)
	}
	if err := answers(s.url+"/readyz", http.StatusOK); err != nil {
		t.Error("meanwhile: ", err)
	}
}

// largePage makes a dwelling with a long history, and returns the address of a page of it.
func largePage(ctx context.Context, t *testing.T, s *server) (path string, size int) {
	t.Helper()
	api := storytellerFor(t, s)
	desk := token.Principal{Role: domain.RoleOperator, Account: "operator-1"}
	var dwelling struct {
		ID domain.DwellingID `json:"dwelling_id"`
	}
	owner, err := api.record(ctx, "Иесі", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}
	share := []map[string]any{{"person_id": owner.id, "share": "1/1"}}
	if err := api.post(ctx, desk, "/v1/dwellings", map[string]any{
		"rka": "0201300000000001", "address": "Астана", "owners": share,
	}, &dwelling); err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := api.post(ctx, desk, "/v1/dwellings/"+dwelling.ID.String()+"/description", map[string]any{
			"place": "apartment", "useful_area": 10 + i, "basis": map[string]any{
				"type": "other", "number": "1", "issued_on": "2024-03-01", "issuer": "БТИ", "sha256": strings.Repeat("0a", 32),
			},
		}, &json.RawMessage{}); err != nil {
			t.Fatal(err)
		}
	}
	path = "/v1/dwellings/" + dwelling.ID.String() + "/history?limit=1000"
	var page json.RawMessage
	if err := api.get(ctx, token.Principal{Role: domain.RoleAuditor, Account: "auditor-1"}, path, &page); err != nil {
		t.Fatal(err)
	}
	return path, len(page)
}

// TestConnectionsOfOneAddressAreBounded: the connection too many is closed, and one that
// leaves makes room.
func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "here")
	})}
	go func() { _ = server.Serve(frontFlags{Connections: 100, ConnectionsEach: 2}.bound(listener)) }()
	t.Cleanup(func() { _ = server.Close() })
	ask := func(conn net.Conn) error {
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
			return err
		}
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	one, two := dial(), dial()
	if err := errors.Join(ask(one), ask(two)); err != nil {
		t.Fatal(err)
	}
	if err := ask(dial()); err == nil {
		t.Error("a third connection is answered")
	}
	if err := errors.Join(ask(one), one.Close()); err != nil {
		t.Fatal(err)
	}
	await(t, "one that left makes no room", func() error { return ask(dial()) })
}
