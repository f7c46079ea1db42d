package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tizilim/domain"
)

var (
	kills = flag.Int("kills", 3, "how often TestLoopOutlivesKills kills the server")
	pause = flag.Duration("pause", 2*time.Second, "how long TestLoopOutlivesAPause stops the server")
)

// TestLoopOutlivesKills kills the server repeatedly, at any moment, while the loop
// issues commands. The loop itself checks at its end that everything acknowledged is in
// the log once, that no case is unfinished and that the numbers agree with the log.
func TestLoopOutlivesKills(t *testing.T) {
	for name, flags := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, listen := dataDir(t), freePort(t)
			more := flags(t)
			s := serve(t, data, listen, more...)
			loop := launch(t, "demo", "--loop", "--clients", "3", "--url", s.url, "--data", data)
			for range *kills {
				loop.progresses()
				time.Sleep(rand.N(100 * time.Millisecond)) // the kill may come at any moment of a round
				s.kill()
				s = serve(t, data, listen, more...)
			}
			loop.progresses()
			loop.signal(syscall.SIGTERM)
			loop.exits(0)
			loop.succeeds()
			s.verifies()
		})
	}
}

// TestLoopOutlivesAPause stops the process of the server for a while. Its connections
// stay open and nobody answers, as where a machine hangs.
func TestLoopOutlivesAPause(t *testing.T) {
	for name, flags := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, dataDir(t), "127.0.0.1:0", flags(t)...)
			loop := launch(t, "demo", "--loop", "--url", s.url, "--data", s.data)
			loop.progresses()
			s.signal(syscall.SIGSTOP)
			time.Sleep(*pause) // the server is stopped for this long
			s.signal(syscall.SIGCONT)
			loop.progresses()
			loop.signal(syscall.SIGTERM)
			loop.exits(0)
			loop.succeeds()
			s.verifies()
		})
	}
}

// engines are the flags for each kind of Redis. The data of the in-process one are
// lost with its server.
var engines = map[string]func(t *testing.T) []string{
	"in-process Redis": func(*testing.T) []string { return []string{"--redis-engine", engineInProcess} },
	"private Redis":    func(*testing.T) []string { return []string{"--redis-engine", enginePrivate} },
	"real Redis":       func(t *testing.T) []string { return []string{"--redis", startRedis(t, freePort(t))} },
}

// progresses waits until the loop has finished another round.
func (p *process) progresses() {
	p.t.Helper()
	rounds := func() int { return strings.Count(p.stdout.String(), "\n") }
	before := rounds()
	await(p.t, "the loop makes no progress", func() error {
		select {
		case <-p.ended:
			p.t.Fatalf("the loop has ended: %s", p.stderr.String())
		default:
		}
		if rounds() == before {
			return errors.New("no round has ended")
		}
		return nil
	})
}

// succeeds expects that the loop has ended with its summary.
func (p *process) succeeds() {
	p.t.Helper()
	var rounds, events, results int
	out := p.stdout.String()
	summary := out[strings.LastIndex(
		strings.TrimSuffix(out[:strings.LastIndex(out, "no case is unfinished")], "\n"), "\n",
	)+1:]
	if _, err := fmt.Sscanf(
		summary, "%d rounds, %d events and %d results acknowledged", &rounds, &events, &results,
	); err != nil {
		p.t.Fatalf("%q: %v", summary, err)
	}
	if rounds == 0 || events < 25*rounds || results < 9*rounds {
		p.t.Errorf("the loop has checked too little: %s", summary)
	}
}

// verifies expects that the models agree with the log.
func (s *server) verifies() {
	s.t.Helper()
	if got := use(s.t, "verify", "--data", s.data); !strings.Contains(got, ": 0 differences\n") {
		s.t.Error(got)
	}
}

// TestRebuildWhileTheLoopRuns builds new generations under load. Meanwhile every read
// of a number must succeed and be right.
func TestRebuildWhileTheLoopRuns(t *testing.T) {
	for name, flags := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Three citizens ask as fast as they can.
			unbounded := filepath.Join(t.TempDir(), "limits.json")
			if err := os.WriteFile(unbounded, []byte(`{"read": null}`), 0o600); err != nil {
				t.Fatal(err)
			}
			s := serve(t, dataDir(t), "127.0.0.1:0", append(flags(t), "--limits", unbounded)...)
			asker := storytellerFor(t, s)
			ctx := testContext(t)
			list, err := asker.openList(ctx, "Тізім")
			if err != nil {
				t.Fatal(err)
			}
			var placed []*applicant
			for i := range 3 {
				p, err := asker.record(ctx, fmt.Sprint("Тұрғын ", i+1), "1990-01-01", "citizen", true)
				if err != nil {
					t.Fatal(err)
				}
				a, err := asker.apply(ctx, list, p, true)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := asker.place(ctx, &a); err != nil {
					t.Fatal(err)
				}
				placed = append(placed, &a)
			}

			loop := launch(t, "demo", "--loop", "--url", s.url, "--data", s.data)
			asking, stop := context.WithCancel(ctx)
			defer stop()
			var asked atomic.Int64
			wrong := make(chan error, 1)
			go func() {
				defer close(wrong)
				// Without retries, since not even a 503 is allowed: the current
				// generation must answer while the next one is built.
				asker.retry = time.Nanosecond
				for asking.Err() == nil {
					if err := asker.numbers(asking, list, placed, 1, 2, 3); err != nil && asking.Err() == nil {
						wrong <- err
						return
					}
					asked.Add(3)
				}
			}()
			for range 3 {
				loop.progresses()
				use(t, "rebuild", "--data", s.data)
				if got := use(t, "verify", "--data", s.data); !strings.Contains(got, ": 0 differences\n") {
					t.Error(got)
				}
			}
			stop()
			if err := <-wrong; err != nil {
				t.Errorf("after %d right answers: %v", asked.Load(), err)
			}
			if asked.Load() == 0 {
				t.Error("nothing was asked")
			}
			loop.signal(syscall.SIGTERM)
			loop.exits(0)
			loop.succeeds()
			if got := use(t, "verify", "--data", s.data); !strings.Contains(got, " of generation 4 compared") {
				t.Errorf("three rebuilds after the first generation: %s", got)
			}
		})
	}
}

// TestFinisherEndsWhatACrashLeft kills the server between the steps of acts whose
// clients have disconnected. Every act that has begun must end.
func TestFinisherEndsWhatACrashLeft(t *testing.T) {
	t.Parallel()
	data, listen := dataDir(t), freePort(t)
	s := serve(t, data, listen)
	asker, ctx := storytellerFor(t, s), testContext(t)
	list, err := asker.openList(ctx, "Тізім")
	if err != nil {
		t.Fatal(err)
	}
	seen := newLedger()
	seen.lists = append(seen.lists, list)
	const each = 8
	for range *kills {
		var applicants []applicant
		for range each {
			p, err := asker.record(ctx, "Тұрғын", "1990-01-01", "citizen", true)
			if err != nil {
				t.Fatal(err)
			}
			seen.persons = append(seen.persons, p.id)
			a, err := asker.apply(ctx, list, p, true)
			if err != nil {
				t.Fatal(err)
			}
			applicants = append(applicants, a)
		}
		left := make(chan error, each)
		for _, a := range applicants {
			go func() {
				left <- asker.abandon(ctx, as(domain.RoleCommission), decisionPath(a.caseID), placing(), within)
			}()
		}
		time.Sleep(rand.N(20 * time.Millisecond)) // the kill may come at any moment of the acts
		s.kill()
		for range each {
			if err := <-left; err != nil {
				t.Error(err)
			}
		}
		s = serve(t, data, listen)
	}
	if err := asker.check(ctx, seen); err != nil {
		t.Error(err)
	}
	s.verifies()
	if err := answers(s.url+"/readyz", http.StatusOK); err != nil {
		t.Error(err)
	}
}
