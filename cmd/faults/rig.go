package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// rig is one run.
type rig struct {
	options
	dir string
	out io.Writer

	faults, operations atomic.Int64

	mu         sync.Mutex // guards the rest
	violations int
	alike      map[string]int // violations by how they are told, without the values
	newest     string         // fault
	skipped    []string
}

// violationsShown bounds the violations of one sort that are printed; all are counted.
const violationsShown = 8

// violate tells that the registry did what it never may.
func (r *rig) violate(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alike == nil {
		r.alike = map[string]int{}
	}
	r.violations++
	if r.alike[format]++; r.alike[format] <= violationsShown {
		fmt.Fprintf(r.out, "VIOLATION %d (after %d faults, the newest %s): %s\n",
			r.violations, r.faults.Load(), r.newest, oneLine(fmt.Sprintf(format, args...)))
	}
}

// longestLine bounds what is printed of one violation, in bytes.
const longestLine = 500

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.ToValidUTF8(text[:min(len(text), longestLine)], "")
}

func (r *rig) found() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.violations
}

// skip notes that a kind of fault cannot be made here, and why.
func (r *rig) skip(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped = append(r.skipped, why)
}

// makes reports whether the run has the kind of fault.
func (r *rig) makes(name string) bool {
	return (len(r.Only) == 0 || slices.Contains(r.Only, name)) && !slices.Contains(r.Without, name)
}

// of returns the kinds of a hand that can be made in the world.
func (r *rig) of(w *world, hand int) (list []kind) {
	for _, k := range kinds {
		if k.hand == hand && k.where&w.part != 0 && r.makes(k.name) && (k.name != "disk-full" || w.disk != "") {
			list = append(list, k)
		}
	}
	return list
}

// part makes a part of the run: rounds on one world, until the time of faults is over.
func (r *rig) part(
	ctx context.Context, name string, share time.Duration, open func(context.Context, *rig, string) (*world, error),
) error {
	dir := filepath.Join(r.dir, strings.ReplaceAll(name, " ", "-"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	w, err := open(ctx, r, dir)
	if err != nil {
		return err
	}
	defer w.close()
	s := &session{
		rig: r, world: w, service: newService(r, w), people: &population{},
	}
	for h := range s.hands {
		s.hands[h] = newHand(r.Seed, uint64(w.part)<<2|uint64(h), r.of(w, h))
	}
	if err := s.client(0, newHistory()).settle(ctx, s.people); err != nil {
		return err
	}
	for n := 1; ; n++ {
		faults, operations := r.faults.Load(), r.operations.Load()
		took := min(share, r.Round)
		began := time.Now()
		healthy, err := s.round(ctx, took)
		if err != nil {
			return err
		}
		fmt.Fprintf(r.out, "%s, round %d: %d faults, %d operations, %d violations so far; %v, of which %v faults\n", name, n,
			r.faults.Load()-faults, r.operations.Load()-operations, r.found(), time.Since(began).Round(time.Second), took)
		if share -= took; !healthy || r.Proof && r.found() > 0 {
			return nil // what follows would only tell the same again
		}
		if share <= 0 {
			return nil
		}
		if err := s.betweenRounds(ctx); err != nil {
			return err
		}
	}
}

// session is what one world has been through.
type session struct {
	*rig
	world   *world
	service *service
	people  *population
	hands   [3]*hand
	acks    []ack // of all rounds, as far as the log may not have lost them
	point   *point
	held    []poisoned // the same
}

func (s *session) client(number int, told *history) *client {
	return &client{
		service: s.service, number: number, told: told,
		random: rand.New(rand.NewPCG(s.Seed, uint64(number)+100)),
	}
}

// errUnanswered ends the clients of a round whose requests stay without an answer.
var errUnanswered = errors.New("the patience of the clients is over")

// round lets the clients work while faults are made, mends everything and checks. healthy is
// false where the registry does not recover.
func (s *session) round(ctx context.Context, lasts time.Duration) (healthy bool, err error) {
	told := newHistory()
	first, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	if err := s.client(0, told).renew(first, s.people); err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		s.violate("no command is answered, and nothing fails: %v", err)
		return false, nil
	}
	working, over := context.WithTimeout(ctx, lasts)
	defer over()
	answering, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var clients, controller sync.WaitGroup
	for i := range s.Clients {
		clients.Go(func() { s.client(i, told).work(answering, working, s.people) })
	}
	clients.Go(func() { s.haunt(working) })
	clients.Go(func() { s.touchHeld(working) })
	for _, h := range s.hands[:atRest] {
		controller.Go(func() { s.makeFaults(working, h) })
	}
	guarding, end := context.WithCancel(ctx)
	defer end()
	go s.guard(guarding)
	controller.Wait()
	impatient := time.AfterFunc(answerPatience, func() { stop(errUnanswered) })
	defer impatient.Stop()
	clients.Wait()
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	healthy, err = s.check(ctx, told)
	end()
	return healthy, err
}

// makeFaults makes the faults of a hand until working ends. Each is mended before it returns.
func (s *session) makeFaults(working context.Context, h *hand) {
	if len(h.kinds) == 0 {
		return
	}
	for {
		f := h.next()
		sleep(working, f.wait)
		if working.Err() != nil {
			return
		}
		s.note(f)
		if err := f.kind.make(working, s.world, f); err != nil && working.Err() == nil {
			s.tell("%s could not be made: %v", f.kind.name, err)
		}
	}
}

// note counts a fault.
func (s *session) note(f fault) {
	n := s.faults.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = fmt.Sprintf("%s of %d for %v", f.kind.name, f.target+1, f.lasts.Round(time.Millisecond))
	if s.Verbose {
		fmt.Fprintf(s.out, "%s fault %d: %s\n", time.Now().Format("15:04:05.000"), n, s.newest)
	}
}

func (s *session) tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Verbose {
		fmt.Fprintf(s.out, format+"\n", args...)
	}
}

// guardEvery is how often the rig looks whether a process has ended by itself.
const guardEvery = 100 * time.Millisecond

// guard starts again what has ended by itself, and tells it.
func (s *session) guard(ctx context.Context) {
	tick := time.NewTicker(guardEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, p := range s.world.all() {
			if p.diedAlone() == 0 {
				continue
			}
			s.violate("%s ended by itself: %s", p.name, p.lastLine())
			sleep(ctx, time.Second) // as whoever starts it again does
			if err := p.start(); err != nil {
				s.violate("%s cannot be started again: %v", p.name, err)
			}
		}
	}
}
