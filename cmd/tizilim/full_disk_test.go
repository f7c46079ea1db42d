package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/proof"
)

// smallDisk mounts a file system of 160 MiB in memory. full takes all its room, or gives it back.
func smallDisk(t *testing.T) (dir string, full func(bool)) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", dir).CombinedOutput(); err != nil {
		if os.Geteuid() != 0 {
			t.Skipf("only root may mount the small disk of this test: %s", out)
		}
		t.Fatalf("mount a small tmpfs: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	return dir, func(full bool) {
		if err := os.RemoveAll(ballast); err != nil {
			t.Fatal(err)
		}
		if !full {
			return
		}
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for chunk := make([]byte, 4096); ; {
			if _, err := f.Write(chunk); errors.Is(err, syscall.ENOSPC) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A registry on a full disk says so, before and after a restart and although nobody sends a command. It refuses
// commands, answers reads, stops when told, and goes on by itself when there is room.
func TestAFullDiskIsToldRefusedAndSurvived(t *testing.T) {
	ctx := testContext(t)
	disk, full := smallDisk(t)
	data, listen := filepath.Join(disk, "data"), freePort(t)
	redis := startRedis(t, freePort(t))
	s := serve(t, data, listen, "--redis", redis)
	told := storytellerFor(t, s)
	operator := strings.TrimSpace(use(t, "token", "--data", data, "--role", "operator"))
	p, err := told.record(ctx, "Somebody", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}

	isFull := func() {
		t.Helper()
		await(t, "readiness does not tell the full disk", func() error {
			if err := answers(s.url+"/readyz", http.StatusServiceUnavailable); err != nil {
				return err
			}
			if text := readyz(t, s); !strings.Contains(text, `"disk_full"`) {
				return errors.New(text)
			}
			return nil
		})
	}
	stops := func() {
		t.Helper()
		began := time.Now()
		s.signal(syscall.SIGTERM)
		s.exits(0)
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("it took %v to stop", took)
		}
		if lines := strings.Count(s.stderr.String(), "\n"); lines > 60 {
			t.Errorf("it has written %d lines", lines)
		}
	}

	full(true)
	isFull() // nobody has sent a command
	command, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/persons",
		strings.NewReader(`{"name": "Another", "birth_date": "1990-01-01", "class": "refugee"}`))
	if err != nil {
		t.Fatal(err)
	}
	command.Header.Set("Authorization", "Bearer "+operator)
	command.Header.Set("Content-Type", "application/json")
	command.Header.Set("Idempotency-Key", "00000000-0000-4000-8000-000000000001")
	response, err := http.DefaultClient.Do(command)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusServiceUnavailable ||
		!strings.Contains(string(text), `"disk_full"`) || response.Header.Get("Retry-After") == "" {
		t.Errorf("a command: %d %s, %v, want disk_full and when to send it again", response.StatusCode, text, err)
	}
	reads := func() {
		t.Helper()
		if a := look(t, told.client, citizen(p.id), "/v1/persons/"+p.id.String()+"/residence"); a.status != http.StatusOK {
			t.Errorf("a read: %+v", a)
		}
	}
	reads()
	stops()

	s = &server{process: launch(t, "serve", "--listen", listen, "--data", data, "--redis", redis), data: data}
	s.url = "http://" + listen
	await(t, "the server does not answer", func() error { return answers(s.url+"/healthz", http.StatusOK) })
	isFull()
	time.Sleep(3 * time.Second) // it stays so
	isFull()
	stops()

	s = &server{process: launch(t, "serve", "--listen", listen, "--data", data, "--redis", redis), data: data}
	s.url = "http://" + listen
	await(t, "the server does not answer", func() error { return answers(s.url+"/healthz", http.StatusOK) })
	isFull()
	full(false)
	await(t, "the server is not ready again", func() error { return answers(s.url+"/readyz", http.StatusOK) })
	if _, err := told.record(ctx, "Another", "1990-01-01", "citizen", true); err != nil {
		t.Errorf("a command with room: %v", err)
	}
	reads()
}

// The disk of an event store in another process is full. Each process of the API says so, although it has sent no
// command, and one that is started meanwhile too; commands are refused, reads go on, and all end when told.
func TestAFullDiskOfAStoreElsewhereIsToldByEveryProcess(t *testing.T) {
	ctx := testContext(t)
	disk, full := smallDisk(t)
	node := &nodeThatIsSetBack{t: t, store: filepath.Join(disk, "eventstore"), listen: freePort(t)}
	node.start()
	flags := []string{"--default-bodies", "--eventstore", node.address(), "--redis", startRedis(t, freePort(t))}
	data := dataDir(t)
	begin := func() *server { // all have the keys of one directory
		t.Helper()
		s := &server{data: data, url: "http://" + freePort(t)}
		s.process = launch(t, append([]string{"serve", "--data", data, "--listen", strings.TrimPrefix(s.url, "http://"),
			"--gateway", "http://127.0.0.1:1"}, flags...)...)
		await(t, "the server does not answer", func() error { return answers(s.url+"/healthz", http.StatusOK) })
		return s
	}
	a := begin()
	await(t, "the server is not ready", func() error { return answers(a.url+"/readyz", http.StatusOK) })
	b := begin()
	await(t, "the server is not ready", func() error { return answers(b.url+"/readyz", http.StatusOK) })
	told := storytellerFor(t, a)
	p, err := told.record(ctx, "Somebody", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}

	full(true)
	isFull := func(s *server) {
		t.Helper()
		await(t, "readiness does not tell the full disk", func() error {
			if err := answers(s.url+"/readyz", http.StatusServiceUnavailable); err != nil {
				return err
			}
			if text := readyz(t, s); !strings.Contains(text, `"disk_full"`) {
				return errors.New(text)
			}
			return nil
		})
	}
	isFull(a)
	isFull(b) // it has appended nothing
	c := begin()
	isFull(c)
	for _, s := range []*server{a, b, c} {
		told.client.url = s.url
		if r := request(t, told.client, as(domain.RoleOperator), http.MethodPost, "/v1/persons", uuid.NewString(),
			`{"name": "Another", "birth_date": "1990-01-01", "class": "refugee"}`); r.status != http.StatusServiceUnavailable ||
			r.Code != string(domain.CodeDiskFull) {
			t.Errorf("a command: %+v", r)
		}
		if r := look(t, told.client, citizen(p.id), "/v1/persons/"+p.id.String()+"/residence"); r.status != http.StatusOK {
			t.Errorf("a read: %+v", r)
		}
	}
	began := time.Now()
	b.signal(syscall.SIGTERM)
	b.exits(0)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to stop", took)
	}

	full(false)
	for _, s := range []*server{a, c} {
		await(t, "the server is not ready again", func() error { return answers(s.url+"/readyz", http.StatusOK) })
		told.client.url = s.url
		if _, err := told.record(ctx, "Another", "1990-01-01", "citizen", true); err != nil {
			t.Errorf("a command with room: %v", err)
		}
	}
}

// The files beside the store: on a full disk each keeps what it held, none stops the server, and
// each goes on by itself. The event store is elsewhere and takes commands all the time.
func TestTheFilesBesideTheStoreSurviveAFullDisk(t *testing.T) {
	ctx := testContext(t)
	disk, full := smallDisk(t)
	data, listen, node := filepath.Join(disk, "data"), freePort(t), startNode(t)
	unlimited := filepath.Join(t.TempDir(), "limits.json")
	if err := os.WriteFile(unlimited, []byte(`{"contact": null}`), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{
		"--limits", unlimited, "--listen", listen, "--data", data, "--redis", startRedis(t, freePort(t)),
		"--eventstore", node.address(), "--default-bodies",
	}
	s := serve(t, data, listen, append(flags[:2:2], flags[6:]...)...)
	told := storytellerFor(t, s)
	refused := func() {
		t.Helper()
		if err := answers(s.url+"/v1/me", http.StatusUnauthorized); err != nil {
			t.Fatal(err)
		}
	}
	heads := func() int {
		return strings.Count(use(t, "eventstore", "read", proof.HeadStream, "--eventstore", node.address()), "\n")
	}
	outbox := func() string { return content(t, outboxFile(data)) }
	person, err := told.record(ctx, "Somebody", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}
	refused()
	if _, sent, err := told.confirmContact(ctx, person, "phone", demoPhone()); err != nil || !sent {
		t.Fatalf("a code was sent: %v, %v", sent, err)
	}
	security := content(t, filepath.Join(data, "security.ndjson"))
	messages := outbox()

	full(true)
	for range 50 {
		refused()
	}
	impatient, err := newClient(ctx, s.url, data, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; err == nil; n++ { // the outbox has room for some more messages
		another, failed := told.record(ctx, "Another", "1990-01-01", "citizen", true)
		if failed != nil || n > 20 {
			t.Fatalf("a command, whose log is elsewhere, or the %dth message: %v", n, failed)
		}
		long := strings.Repeat("long.", 40) + demoEmail()
		err = impatient.post(ctx, citizen(another.id), "/v1/me/contacts",
			map[string]any{"email": long, "language": "kk"}, &contacts{})
		if err == nil {
			messages = outbox()
		}
	}
	if !strings.Contains(err.Error(), string(domain.CodeContactCodeNotSent)) {
		t.Fatalf("a code that cannot be written: %v", err)
	}
	if got := outbox(); got != messages {
		t.Errorf("what was not sent is in the outbox: %q", strings.TrimPrefix(got, messages))
	}
	time.Sleep(3 * time.Second) // heads fall due
	if lines := strings.Count(s.stderr.String(), "\n"); lines > 60 {
		t.Errorf("it has written %d lines", lines)
	}
	s.signal(syscall.SIGKILL) // run.json stays, and cannot be replaced
	<-s.ended
	s = &server{process: launch(t, append([]string{"serve"}, flags...)...), data: data}
	s.url = "http://" + listen
	await(t, "the server is not ready on the full disk", func() error { return answers(s.url+"/readyz", http.StatusOK) })
	if text := content(t, filepath.Join(data, "security.ndjson")); !strings.HasPrefix(text, security) {
		t.Error("the security log lost what it held")
	}
	if !strings.HasPrefix(outbox(), messages) {
		t.Error("the outbox lost what it held")
	}
	stands := heads()

	full(false)
	await(t, "the endpoints are not written", func() error {
		e, err := readEndpoints(data)
		if err == nil && e.PID != s.cmd.Process.Pid {
			err = fmt.Errorf("of process %d", e.PID)
		}
		return err
	})
	if _, err := told.record(ctx, "Last", "1990-01-01", "citizen", true); err != nil {
		t.Fatal(err)
	}
	err = told.post(ctx, citizen(person.id), "/v1/me/contacts", map[string]any{"email": demoEmail(), "language": "kk"}, &contacts{})
	if got := outbox(); err != nil || !strings.HasPrefix(got, messages) || got == messages {
		t.Errorf("a code is not sent although there is room: %v", err)
	}
	await(t, "the heads of the log do not go on", func() error {
		if heads() <= stands {
			return errors.New("none")
		}
		return nil
	})
	refused()
	lines := strings.Split(strings.TrimSuffix(content(t, filepath.Join(data, "security.ndjson")), "\n"), "\n")
	if !json.Valid([]byte(lines[len(lines)-1])) {
		t.Errorf("the last line of the security log is %q", lines[len(lines)-1])
	}
	s.signal(syscall.SIGTERM)
	s.exits(0)
	if _, err := os.Stat(endpointsFile(data)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the endpoints are not taken back: %v", err)
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
