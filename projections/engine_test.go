package projections

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"tizilim/domain"
)

func TestMain(m *testing.M) {
	redis.SetLogger(silent{}) // a Redis that cannot be reached is part of the tests
	goleak.VerifyTestMain(m)
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// onEveryEngine runs the test on a private redis-server and on the in-process
// Redis: both must behave the same.
func onEveryEngine(t *testing.T, test func(t *testing.T, client redis.UniversalClient)) {
	t.Run("redis", func(t *testing.T) { t.Parallel(); test(t, startRedis(t)) })
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		embedded, err := StartEmbedded()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { embedded.Close() })
		test(t, embedded.Client())
	})
}

// startRedis starts a redis-server that keeps nothing and ends with the test.
func startRedis(t testing.TB) redis.UniversalClient {
	t.Helper()
	client, err := Connect("redis://" + startServer(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// startCluster starts a cluster of one node, which refuses a command or script
// whose keys lie in different slots.
func startCluster(t testing.TB) redis.UniversalClient {
	t.Helper()
	address := startServer(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
	node, err := Connect("redis://" + address)
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	ctx := context.Background()
	if err := node.Do(ctx, "cluster", "addslotsrange", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	until(t, "the cluster is up", func() bool {
		info, err := node.ClusterInfo(ctx).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	})
	client, err := Connect("redis://" + address + "?addr=" + address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// startServer starts a redis-server and returns its address.
func startServer(t testing.TB, args ...string) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("redis-server is not installed, and these tests run on a real one: apt-get install redis-server")
	}
	for attempt := 1; ; attempt++ { // the free port may be taken before the server has it
		port := freePort(t)
		server := exec.Command(binary, append([]string{
			"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(),
		}, args...)...)
		out, err := server.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		ready := false
		lines := bufio.NewScanner(out)
		for !ready && lines.Scan() {
			ready = strings.Contains(lines.Text(), "Ready to accept connections")
		}
		if !ready {
			server.Wait()
			if attempt == 3 {
				t.Fatal("redis-server did not start")
			}
			continue
		}
		drained := make(chan struct{})
		go func() { io.Copy(io.Discard, out); close(drained) }()
		t.Cleanup(func() {
			server.Process.Kill()
			<-drained
			server.Wait()
		})
		return "127.0.0.1:" + port
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// quick are options whose terms are short enough for a test.
func quick() Options {
	return Options{
		LeaseTTL: 1500 * time.Millisecond, AwaitTimeout: 20 * time.Second,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// running starts a projector; stop ends it and waits.
func running(t testing.TB, client redis.UniversalClient, log Log, opts Options) (p *Projector, stop func()) {
	t.Helper()
	p, err := NewProjector(client, log, opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return p, stop
}

// projected runs the log through a projector and returns a reader that has
// everything.
func projected(t *testing.T, client redis.UniversalClient, log *script) *Reader {
	t.Helper()
	running(t, client, log, quick())
	r := NewReader(client, quick())
	reach(t, r, log.head())
	return r
}

func reach(t testing.TB, r *Reader, position domain.Position) {
	t.Helper()
	if err := r.Await(context.Background(), position); err != nil {
		t.Fatalf("await position %d: %v", position, err)
	}
}

// until asks again and again until the condition holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func asError(err error) (*domain.Error, bool) {
	var e *domain.Error
	ok := errors.As(err, &e)
	return e, ok
}

var compareDates = cmp.Comparer(func(a, b domain.Date) bool { return a == b })

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, compareDates); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func pointer[T any](v T) *T { return &v }
