package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// within bounds every wait of these tests. Only a failure reaches it.
const within = 30 * time.Second

// await calls try until it returns nil.
func await(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(5 * time.Millisecond) // between two tries
	}
}

// output collects what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// anyOps lets several servers run at once: each takes a free port for its operators.
const anyOps = "TIZILIM_OPS=127.0.0.1:0"

// process is a running tizilim.
type process struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{}
	code           int // once ended
}

// launch starts tizilim. Where it still runs at the end of the test, it is killed.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command("tizilim", args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.Env = append(os.Environ(), anyOps)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		var exit *exec.ExitError
		if err := p.cmd.Wait(); errors.As(err, &exit) {
			p.code = exit.ExitCode()
		}
	}()
	t.Cleanup(func() {
		select {
		case <-p.ended:
		default:
			p.signal(syscall.SIGKILL)
			<-p.ended
		}
		if t.Failed() {
			t.Logf("tizilim %s:\n%s%s", strings.Join(args, " "), tail(p.stdout.String()), tail(p.stderr.String()))
		}
	})
	return p
}

// tail is the last part of a long text.
func tail(s string) string { return s[max(0, len(s)-4000):] }

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
}

// exits waits for the end and expects the code.
func (p *process) exits(code int) {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(2 * within):
		p.t.Fatalf("%v has not ended", p.cmd.Args)
	}
	if p.code != code {
		p.t.Fatalf(
			"%v ended with %d, want %d:\n%s%s",
			p.cmd.Args,
			p.code,
			code,
			tail(p.stdout.String()),
			tail(p.stderr.String()),
		)
	}
}

func (p *process) kill() {
	p.t.Helper()
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// use runs a tool to its end and returns what it printed to standard output.
func use(t *testing.T, args ...string) string {
	t.Helper()
	p := launch(t, args...)
	p.exits(0)
	return p.stdout.String()
}

// server is a running tizilim serve.
type server struct {
	*process
	url, ops, data string
}

// serve starts a server and waits until it is ready.
func serve(t *testing.T, data, listen string, flags ...string) *server {
	t.Helper()
	s := &server{
		process: launch(t, append([]string{"serve", "--listen", listen, "--data", data}, flags...)...), data: data,
	}
	await(t, "the server is not ready", func() error {
		select {
		case <-s.ended:
			t.Fatalf("the server has ended:\n%s", s.stderr.String())
		default:
		}
		e, err := readEndpoints(data)
		if err != nil {
			return err
		}
		if e.PID != s.cmd.Process.Pid { // the file is still that of the killed server
			return errors.New("not announced yet")
		}
		s.url, s.ops = e.HTTP, e.Ops
		return answers(s.url+"/readyz", http.StatusOK)
	})
	return s
}

// answers asks once and expects the status.
func answers(url string, status int) error {
	client := http.Client{Timeout: within}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != status {
		body, err := io.ReadAll(response.Body)
		return errors.Join(fmt.Errorf("%s answers %d, want %d: %s", url, response.StatusCode, status, body), err)
	}
	return nil
}

// freePort returns a free address for a server that will be restarted at it. The port is
// below the ports that the system gives to clients, so that no client takes it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// dataDir is a directory whose path is short enough for a Unix socket in it.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tizilim-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "data")
}

// startRedis starts a real Redis without persistence at the address, with more arguments,
// and returns its URL.
func startRedis(t testing.TB, address string, more ...string) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is not installed, and this test runs on a real one: apt-get install redis-server")
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, append([]string{
		"--port", port, "--bind", host, "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
	}, more...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_, _ = io.Copy(io.Discard, out) // until it has ended
		_ = cmd.Wait()                  // it was killed
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			return "redis://" + address
		}
	}
	t.Fatal("redis-server did not start")
	return ""
}

// storytellerFor returns a client of the server with the steps of the demonstration.
func storytellerFor(t *testing.T, s *server) *storyteller {
	t.Helper()
	api, err := newClient(t.Context(), s.url, s.data, within)
	if err != nil {
		t.Fatal(err)
	}
	return newStoryteller(api, io.Discard)
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 4*within)
	t.Cleanup(cancel)
	return ctx
}
