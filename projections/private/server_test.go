package private

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const within = 20 * time.Second

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
		time.Sleep(2 * time.Millisecond) // between two tries
	}
}

// told collects what an operator is told.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *told) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *told) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// place is a configuration in directories of its own, with a space in their path.
func place(t *testing.T) (Config, *told) {
	t.Helper()
	binary, err := Find(t.Context())
	if err != nil {
		t.Fatalf("these tests run on a real one: %v", err)
	}
	root, err := os.MkdirTemp("", "own redis") // short enough for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	log := &told{}
	return Config{
		Binary: binary, Dir: filepath.Join(root, "redis"), Socket: filepath.Join(root, "redis.sock"),
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	}, log
}

// running starts the server and ends it with the test, unless end was called before.
func running(t *testing.T, c Config) (s *Server, client *redis.Client, end func()) {
	t.Helper()
	s, err := Start(c)
	if err != nil {
		t.Fatal(err)
	}
	client = redis.NewClient(&redis.Options{Network: "unix", Addr: c.Socket, MaxRetries: -1})
	end = sync.OnceFunc(func() {
		if err := errors.Join(client.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	await(t, "it does not answer", func() error { return client.Ping(t.Context()).Err() })
	return s, client, end
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestAPrivateRedisKeepsWhatItHoldsOverARestart(t *testing.T) {
	t.Parallel()
	c, log := place(t)
	_, client, end := running(t, c)
	if err := client.Set(t.Context(), "a", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	end()
	_, client, _ = running(t, c)
	if got, err := client.Get(t.Context(), "a").Result(); err != nil || got != "1" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	if log.String() != "" {
		t.Errorf("the operator is told: %s", log)
	}
}

func TestAPrivateRedisIsConfiguredByItsRegistryAlone(t *testing.T) {
	t.Parallel()
	c, _ := place(t)
	_, client, _ := running(t, c)
	for name, want := range map[string]string{
		"port": "0", "maxmemory-policy": "noeviction", "maxmemory": "0", "appendonly": "no", "save": "300 1 30 50000",
		"stop-writes-on-bgsave-error": "no", "dir": c.Dir,
	} {
		got, err := client.ConfigGet(t.Context(), name).Result()
		if err != nil || got[name] != want {
			t.Errorf("%s is %q, want %q (%v)", name, got[name], want, err)
		}
	}
	if info, err := os.Stat(c.Socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	if info, err := os.Stat(c.Dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info, err)
	}
}

func TestAPrivateRedisThatIsKilledIsStartedAgainAndTold(t *testing.T) {
	t.Parallel()
	c, log := place(t)
	loaded := make(chan struct{}, 2)
	c.Loaded = func() { loaded <- struct{}{} }
	s, client, _ := running(t, c)
	killed := s.PID()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		select {
		case <-loaded:
		case <-time.After(within):
			t.Fatal("it is not started again")
		}
	}
	await(t, "it does not answer again", func() error { return client.Ping(t.Context()).Err() })
	if s.PID() == killed || !strings.Contains(log.String(), "ended and is started again") {
		t.Errorf("process %d after %d; the operator is told: %s", s.PID(), killed, log)
	}
}

func TestADumpThatCannotBeLoadedIsThrownAway(t *testing.T) {
	t.Parallel()
	c, log := place(t)
	_, client, end := running(t, c)
	if err := client.Set(t.Context(), "a", strings.Repeat("x", 100), 0).Err(); err != nil {
		t.Fatal(err)
	}
	end()
	dump := filepath.Join(c.Dir, dumpFile)
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(text, []byte("xxx"), []byte("xyx"), 1) // only the checksum tells
	if err := os.WriteFile(dump, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	_, client, _ = running(t, c)
	if n, err := client.DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("%d keys of a damaged dump are used (%v)", n, err)
	}
	if !strings.Contains(log.String(), "could not load its dump") {
		t.Errorf("the operator is told: %s", log)
	}
}

func TestARedisThatAKilledProcessLeftBehindIsEndedFirst(t *testing.T) {
	t.Parallel()
	c, _ := place(t)
	if err := os.Mkdir(c.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(c.Dir, "temp-123.rdb")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	orphan := exec.Command(c.Binary, "--port", "0", "--unixsocket", c.Socket[strings.LastIndex(c.Socket, "/")+1:], "--save", "")
	orphan.Dir = filepath.Dir(c.Socket)
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the orphan does not listen", func() error {
		conn, err := net.Dial("unix", c.Socket)
		if err == nil {
			err = conn.Close()
		}
		return err
	})
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	s, client, _ := running(t, c)
	select {
	case <-ended:
	case <-time.After(within):
		_ = orphan.Process.Kill()
		t.Fatal("two servers run on one directory")
	}
	info, err := client.Info(t.Context(), "server").Result()
	if err != nil || !strings.Contains(info, "redis_version") || !alive(s.PID()) {
		t.Errorf("the new server: %v", err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a dump is left behind: %v", err)
	}
}

// Not parallel: it changes the environment. The server is a script, because Redis overwrites
// its environment with its title.
func TestAServerThatCannotStartSaysWhyAndHasNoSecretOfItsRegistry(t *testing.T) {
	t.Setenv("TIZILIM_SECRET", "hidden")
	c, _ := place(t)
	c.Binary = filepath.Join(t.TempDir(), "redis-server")
	script := "#!/bin/sh\necho \"1:M now # no room, secret: <$TIZILIM_SECRET>\"\nexit 3\n"
	if err := os.WriteFile(c.Binary, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(c); err == nil || !strings.Contains(err.Error(), "no room, secret: <>") {
		t.Errorf("started: %v", err)
	}
}

func TestTheVersionOfARedisServerIsLookedAt(t *testing.T) {
	t.Parallel()
	for said, ok := range map[string]bool{
		"Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64": true,
		"Redis server v=6.2.0 sha=0":                                         true,
		"Redis server v=6.0.16 sha=0":                                        false,
		"Redis server v=5.10.1 sha=0":                                        false,
		"Valkey server v=8.0.1 sha=0":                                        true,
		"something else":                                                     false,
	} {
		if err := recentEnough(said); (err == nil) != ok {
			t.Errorf("%q: %v", said, err)
		}
	}
}

func TestNoRedisServerInThePathIsToldAsSuch(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Find(context.Background()); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("found: %v", err)
	}
}
