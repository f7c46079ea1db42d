package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
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
