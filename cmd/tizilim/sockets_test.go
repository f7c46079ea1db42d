package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServeListensOnNothingButItsAPIAndThatForOperators(t *testing.T) {
	t.Parallel()
	s := serve(t, dataDir(t), "127.0.0.1:0", "--quiet")
	e, err := readEndpoints(s.data)
	if err != nil {
		t.Fatal(err)
	}
	ports := []string{strings.TrimPrefix(s.url, "http://"), strings.TrimPrefix(e.Ops, "http://")}
	slices.Sort(ports)
	got := listens(t, s.cmd.Process.Pid)
	if slices.Sort(got); !slices.Equal(got, ports) {
		t.Errorf("the server listens on %v, and should on %v alone", got, ports)
	}
	want := endpoints{
		PID: e.PID, HTTP: s.url, Ops: e.Ops,
		EventStore:   "esdb+unix://" + filepath.Join(s.data, "sockets", "eventstore.sock"),
		Redis:        "unix://" + filepath.Join(s.data, "sockets", "redis.sock"),
		RedisPrivate: true,
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("it announces (-want +got)\n%s", diff)
	}
	for path, mode := range map[string]os.FileMode{
		"": 0o700 | os.ModeDir, "sockets": 0o700 | os.ModeDir,
		"sockets/eventstore.sock": 0o600 | os.ModeSocket, "sockets/redis.sock": 0o600 | os.ModeSocket,
		"eventstore/admin.sock": 0o600 | os.ModeSocket,
	} {
		info, err := os.Lstat(filepath.Join(s.data, path))
		if err != nil || info.Mode() != mode {
			t.Errorf("%q has mode %v, want %v (%v)", path, info.Mode(), mode, err)
		}
	}
}

// listens returns the addresses of TCP on which the process listens, from the tables of
// the kernel: those of the sockets that the process holds.
func listens(t *testing.T, pid int) (addresses []string) {
	t.Helper()
	held := map[string]bool{}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("the files of the process cannot be listed: %v", err)
	}
	for _, file := range files {
		if link, err := os.Readlink(file); err == nil { // else it is closed already
			held[strings.TrimSuffix(strings.TrimPrefix(link, "socket:["), "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n")[1:] {
			const stateListen = "0A"
			if f := strings.Fields(line); len(f) > 9 && f[3] == stateListen && held[f[9]] {
				addresses = append(addresses, kernelAddress(t, f[1]))
			}
		}
	}
	return addresses
}

// kernelAddress reads an address of /proc/net/tcp: the bytes of an IPv4 address in the
// order of this machine, and the port.
func kernelAddress(t *testing.T, text string) string {
	t.Helper()
	var ip [4]byte
	var port int
	if _, err := fmt.Sscanf(text, "%02X%02X%02X%02X:%04X", &ip[3], &ip[2], &ip[1], &ip[0], &port); err != nil {
		return text // of IPv6
	}
	return fmt.Sprintf("%d.%d.%d.%d:%d", ip[0], ip[1], ip[2], ip[3], port)
}

func TestToolsReachAServerThroughItsSockets(t *testing.T) {
	t.Parallel()
	long := filepath.Join(dataDir(t), strings.Repeat("long-", 30)) // no socket can have a path in it
	for name, data := range map[string]string{"in the data directory": dataDir(t), "beside a long path": long} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			killed := serve(t, data, "127.0.0.1:0", "--quiet")
			killed.kill() // and leaves its sockets behind
			serve(t, data, "127.0.0.1:0", "--quiet")
			if got := use(t, "verify", "--data", data); !strings.Contains(got, "0 differences") {
				t.Errorf("verify: %s", got)
			}
			use(t, "rebuild", "--data", data)
			if got := use(t, "quarantine", "list", "--data", data); !strings.Contains(got, "0 events in quarantine") {
				t.Errorf("quarantine: %s", got)
			}
			store := storeDirOf(data)
			if got := use(t, "eventstore", "read", "$all", "--data", store); !strings.Contains(got, "NoticesBegan") {
				t.Errorf("read: %s", got)
			}
			for _, admin := range []string{"check", "stats"} {
				if got := use(t, "eventstore", admin, "--data", store); !strings.Contains(got, `"events":`) {
					t.Errorf("%s: %s", admin, got)
				}
			}
			backup := filepath.Join(t.TempDir(), "backup")
			use(t, "eventstore", "backup", backup, "--data", store)
			use(t, "eventstore", "check", "--data", backup)
			e, err := readEndpoints(data)
			if err != nil {
				t.Fatal(err)
			}
			copied := filepath.Join(t.TempDir(), "copied")
			if got := use(t, "eventstore", "copy", e.EventStore, copied); !strings.Contains(got, "0 differences") {
				t.Errorf("copy: %s", got)
			}
			if got := use(t, "eventstore", "read", "$all", "--data", copied); !strings.Contains(got, "NoticesBegan") {
				t.Errorf("read of the copy, which nobody serves: %s", got)
			}
			// A second server on the same machine shares the stores.
			second := filepath.Join(t.TempDir(), "second")
			if err := os.CopyFS(keysDir(second), os.DirFS(keysDir(data))); err != nil {
				t.Fatal(err)
			}
			beside := serve(t, second, "127.0.0.1:0", "--quiet", "--default-bodies", "--eventstore", e.EventStore, "--redis", e.Redis)
			list, err := storytellerFor(t, beside).openList(t.Context(), "Тізім")
			if err != nil {
				t.Fatal(err)
			}
			if got := use(t, "eventstore", "read", list.Stream(), "--data", store); !strings.Contains(got, "ListOpened") {
				t.Errorf("what the second server appends is not in the first one's log: %s", got)
			}
		})
	}
}

func TestASocketIsForTheUserOfTheServerAlone(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	listener, err := listenSocket(dir, "a.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if _, ok := listener.(peerListener); !ok {
		t.Fatalf("the user of the other side is not checked: %T", listener)
	}
	asked := make(chan bool, 2)
	strangers := peerListener{listener.(peerListener).Listener, func(conn net.Conn) bool {
		asked <- sameUser(conn)
		return len(asked) == 2
	}}
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := strangers.Accept()
		if err == nil {
			accepted <- conn
		}
	}()
	first, err := net.Dial("unix", filepath.Join(dir, "a.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a user who is not admitted reads: %v", err)
	}
	second, err := net.Dial("unix", filepath.Join(dir, "a.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	defer (<-accepted).Close()
	for range 2 {
		if !<-asked {
			t.Error("this user is taken for another")
		}
	}
}

func TestASocketBesideALongPathIsInADirectoryOfThisUserAlone(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Dir(dataDir(t)))
	dir := "/" + strings.Repeat("long-", 30)
	path := socketIn(dir, "a.sock")
	if !regexp.MustCompile(`/tizilim-\d+-[0-9a-f]{16}/a\.sock$`).MatchString(path) || path != socketIn(dir, "a.sock") {
		t.Fatalf("the socket is at %s", path)
	}
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil { // as somebody else puts it in the way
		t.Fatal(err)
	}
	if listener, err := listenSocket(dir, "a.sock"); err == nil {
		t.Error("a directory that others can enter is used")
		listener.Close()
	}
	if err := os.Remove(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	listener, err := listenSocket(dir, "a.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("TMPDIR", dir)
	if _, err := listenSocket(dir, "a.sock"); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("with a long TMPDIR: %v", err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info, err)
	}
}
