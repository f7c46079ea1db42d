package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tizilim/domain"
	"tizilim/projections"
)

// queue is a list on a server whose Redis is its own.
type queue struct {
	*server
	told   *storyteller
	list   domain.ListID
	placed []*applicant
}

// openQueue opens a list with one entry.
func openQueue(t *testing.T) *queue {
	t.Helper()
	q := &queue{server: serve(t, dataDir(t), "127.0.0.1:0", "--quiet", "--redis-engine", enginePrivate)}
	q.told = storytellerFor(t, q.server)
	var err error
	if q.list, err = q.told.openList(t.Context(), "Тізім"); err != nil {
		t.Fatal(err)
	}
	q.place()
	return q
}

// place places another applicant at the end of the list.
func (q *queue) place() {
	q.t.Helper()
	p, err := q.told.record(q.t.Context(), "Тұрғын", "1990-01-01", "citizen", true)
	if err != nil {
		q.t.Fatal(err)
	}
	a, err := q.told.apply(q.t.Context(), q.list, p, true)
	if err == nil {
		_, err = q.told.place(q.t.Context(), &a)
	}
	if err != nil {
		q.t.Fatal(err)
	}
	q.placed = append(q.placed, &a)
}

// again starts a server on the data of the one that ended.
func (q *queue) again() {
	q.t.Helper()
	seen := q.told.client.position
	q.server = serve(q.t, q.data, "127.0.0.1:0", "--quiet", "--redis-engine", enginePrivate)
	q.told = storytellerFor(q.t, q.server)
	q.told.client.position = seen // reads wait for what was acknowledged before
}

// isRight expects a number for each entry, and a model that agrees with the log.
func (q *queue) isRight() {
	q.t.Helper()
	numbers := make([]int, len(q.placed))
	for i := range numbers {
		numbers[i] = i + 1
	}
	if err := q.told.numbers(q.t.Context(), q.list, q.placed, numbers...); err != nil {
		q.t.Error(err)
	}
	q.verifies()
}

// redis returns a client of the server's Redis.
func (q *queue) redis() projections.Client {
	q.t.Helper()
	e, err := readEndpoints(q.data)
	if err != nil {
		q.t.Fatal(err)
	}
	client, err := projections.Connect(e.Redis)
	if err != nil {
		q.t.Fatal(err)
	}
	q.t.Cleanup(func() { _ = client.Close() })
	return client
}

// redisPID is the process of the server's Redis.
func (q *queue) redisPID() (pid int) {
	q.t.Helper()
	info, err := q.redis().Info(q.t.Context(), "server").Result()
	if err != nil {
		q.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "process_id:")
	text, _, _ := strings.Cut(rest, "\r\n")
	if pid, err = strconv.Atoi(text); err != nil {
		q.t.Fatal(err)
	}
	return pid
}

// generation is the number of the generation that serves: another one after a rebuild.
func (q *queue) generation() string {
	q.t.Helper()
	number, err := q.redis().Get(q.t.Context(), "{tizilim}:serving").Result()
	if err != nil {
		q.t.Fatal(err)
	}
	return number
}

func TestAServerHasARedisOfItsOwnThatNobodyElseReaches(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	q.isRight()
	pid := q.redisPID()
	if got := listens(t, pid); len(got) > 0 {
		t.Errorf("its Redis listens on %v", got)
	}
	e, err := readEndpoints(q.data)
	if err != nil || !e.RedisPrivate || e.RedisInProcess || e.Redis != "unix://"+filepath.Join(q.data, "sockets", "redis.sock") {
		t.Errorf("it announces %+v (%v)", e, err)
	}
	q.signal(syscall.SIGTERM)
	q.exits(0)
	if syscall.Kill(pid, 0) == nil {
		t.Error("its Redis outlives it")
	}
	for path, mode := range map[string]os.FileMode{"redis": 0o700 | os.ModeDir, "redis/dump.rdb": 0o600} {
		if info, err := os.Stat(filepath.Join(q.data, path)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

func TestARestartGoesOnWithTheModelOfBefore(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	before := q.generation()
	q.signal(syscall.SIGTERM)
	q.exits(0)
	q.again()
	if now := q.generation(); now != before {
		t.Errorf("generation %s serves after %s: the model was filled again", now, before)
	}
	q.place()
	q.isRight()
}

func TestARedisThatIsKilledIsReplacedWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	killed := q.redisPID()
	if err := syscall.Kill(killed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, "the server does not say it", func() error {
		if !strings.Contains(q.stderr.String(), "ended and is started again") {
			return errors.New(tail(q.stderr.String()))
		}
		return nil
	})
	await(t, "it is not ready again", func() error { return answers(q.url+"/readyz", http.StatusOK) })
	q.place()
	q.isRight()
	if now := q.redisPID(); now == killed {
		t.Error("it is the same process")
	}
}

func TestAKilledServerLeavesNoRedisBehindAndTheNextOneGoesOn(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	if err := q.redis().Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	before := q.generation()
	q.place() // which the dump does not have
	pid := q.redisPID()
	q.kill()
	await(t, "its Redis outlives it", func() error {
		if syscall.Kill(pid, 0) == nil && !zombie(pid) {
			return fmt.Errorf("process %d runs", pid)
		}
		return nil
	})
	q.again()
	if now := q.generation(); now != before {
		t.Errorf("generation %s serves after %s: the model was filled again", now, before)
	}
	q.isRight()
}

// zombie reports whether a process has ended and nobody has taken note of it: where tests
// run without an init process, nobody does.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}

func TestAnOlderDumpThatIsCopiedBackIsBroughtUpToTheLog(t *testing.T) {
	t.Parallel()
	q := openQueue(t)
	if err := q.redis().Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	dump := filepath.Join(redisDir(q.data), "dump.rdb")
	older, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	q.place()
	q.signal(syscall.SIGTERM)
	q.exits(0)
	if err := os.WriteFile(dump, older, 0o600); err != nil {
		t.Fatal(err)
	}
	q.again()
	q.isRight()
}

func TestADumpOfAnotherLogIsNotServed(t *testing.T) {
	t.Parallel()
	q, other := openQueue(t), openQueue(t)
	other.place()
	for _, s := range []*queue{q, other} {
		s.signal(syscall.SIGTERM)
		s.exits(0)
	}
	foreign, err := os.ReadFile(filepath.Join(redisDir(other.data), "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(redisDir(q.data), "dump.rdb"), foreign, 0o600); err != nil {
		t.Fatal(err)
	}
	q.again()
	await(t, "the model is not that of the log", func() error {
		return q.told.numbers(t.Context(), q.list, q.placed, 1)
	})
	q.isRight()
}

// Not parallel: it changes the environment.
func TestWithoutARedisServerTheModelIsInTheProcessWhichIsSaid(t *testing.T) {
	program, err := exec.LookPath("tizilim")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(program)) // which has nothing else
	s := serve(t, dataDir(t), "127.0.0.1:0", "--quiet")
	if e, err := readEndpoints(s.data); err != nil || !e.RedisInProcess || e.RedisPrivate {
		t.Errorf("it announces %+v (%v)", e, err)
	}
	if said := s.stderr.String(); !strings.Contains(said, "install redis-server") {
		t.Errorf("it says: %s", said)
	}
	told := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", dataDir(t), "--redis-engine", enginePrivate)
	told.exits(1)
	if said := told.stderr.String(); !strings.Contains(said, "no redis-server is installed") {
		t.Errorf("with --redis-engine private it says: %s", said)
	}
	chosen := serve(t, dataDir(t), "127.0.0.1:0", "--quiet", "--redis-engine", engineInProcess)
	if said := chosen.stderr.String(); strings.Contains(said, "install redis-server") {
		t.Errorf("who chose it is told all the same: %s", said)
	}
}
