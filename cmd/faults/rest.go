package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// What is made between two rounds. Nothing else fails meanwhile, so that a bound can be
// demanded: of a log that is not the one before, a process that reaches the event store must
// know within seconds.

// point is a backup of the log, made while nothing happened.
type point struct {
	backup string
	acks   int      // acknowledged before
	held   int      // poisoned before
	older  []*entry // known then, with those of the round
}

// betweenRounds makes the next fault of the hand atRest, and a backup of the log where one will
// be needed.
func (s *session) betweenRounds(ctx context.Context) error {
	h := s.hands[atRest]
	if len(h.kinds) == 0 {
		return nil
	}
	f := h.next()
	s.note(f)
	if err := f.kind.rest(ctx, s, f); err != nil {
		return fmt.Errorf("%s: %w", f.kind.name, err)
	}
	if s.point == nil && s.makes("log-back") && s.world.part == withNode {
		return s.backUp(ctx)
	}
	return nil
}

func (s *session) backUp(ctx context.Context) (err error) {
	s.point = &point{acks: len(s.acks), held: len(s.held), older: s.people.known()}
	s.point.backup, err = s.world.backUp(ctx)
	return err
}

// setLogBack sets the log back to the backup that was made last; the first time there is none.
func setLogBack(ctx context.Context, s *session, _ fault) error {
	p := s.point
	if p == nil {
		return nil
	}
	s.point = nil
	s.people.ghosts = slices.DeleteFunc(s.people.known(), func(e *entry) bool { return slices.Contains(p.older, e) })
	s.acks, s.held, s.people.older, s.people.lists = s.acks[:p.acks], s.held[:p.held], p.older, nil
	if err := s.world.setLogBack(ctx, p.backup); err != nil {
		return err
	}
	s.awaitUnknown(ctx, "what the log has lost", s.people.ghosts)
	s.awaitReady(ctx, "after the log was set back")
	s.service.seen.Store(0) // the clients are told that the log was set back
	return nil
}

// noticePatience is how long a process may answer from a log that is gone, while it reaches the
// event store. One that does not reach it cannot know.
const noticePatience = 10 * time.Second

// awaitUnknown waits until no process answers for the entries.
func (s *session) awaitUnknown(ctx context.Context, what string, entries []*entry) {
	if err := await(ctx, noticePatience, func(ctx context.Context) error {
		for _, a := range s.world.apis {
			for _, e := range entries {
				if _, err := s.service.send(ctx, a.url, e.ask(0)); err == nil {
					return fmt.Errorf("%s answers %s", a.name, e.path())
				}
			}
		}
		return nil
	}); err != nil && ctx.Err() == nil {
		s.violate("%s is not noticed within %v: %v", what, noticePatience, err)
	}
}

// awaitReady waits until both processes are ready.
func (s *session) awaitReady(ctx context.Context, since string) {
	for _, a := range s.world.apis {
		if err := await(ctx, recoverPatience, a.ready); err != nil && ctx.Err() == nil {
			s.violate("%s is not ready %v %s: %v", a.name, recoverPatience, since, err)
		}
	}
}

// hauntEvery is the pause between two reads of records that must not be answered.
const hauntEvery = 50 * time.Millisecond

// haunt reads records that the log has lost. None may be answered.
func (s *session) haunt(working context.Context) {
	for i := 0; len(s.people.ghosts) > 0; i++ {
		sleep(working, hauntEvery)
		if working.Err() != nil {
			return
		}
		g := s.people.ghosts[i%len(s.people.ghosts)]
		s.operations.Add(1)
		a, err := s.service.send(working, s.service.urls[i%2], g.ask(0))
		if err == nil {
			s.violate("a record that the log has lost is answered: %s: %s", g.path(), a.body)
		}
	}
}

// entriesAsked bounds the entries that are asked for while another log is there.
const entriesAsked = 10

// The logs that take the place of the log.
const (
	logOfAnother = iota
	noEvents     // not named below: there is nothing to copy
)

// swapLog puts another log in the place of the log for a while. Until the own one is back, nothing
// of either may be answered, and /readyz must say why.
func swapLog(ctx context.Context, s *session, f fault) error {
	w := s.world
	if w.other == nil {
		var err error
		if w.other, err = s.foundOther(ctx); err != nil {
			return fmt.Errorf("found another registry: %w", err)
		}
	}
	known := s.people.newest(entriesAsked)
	log := ""
	if f.target == logOfAnother {
		log, known = w.other.log, append(known, w.other.entry) // whose tokens are ours, so that the log alone decides
	}
	giveBack, err := w.replaceLog(log)
	if err != nil {
		return errors.Join(err, giveBack())
	}
	s.awaitUnknown(ctx, "the log of another registry", known)
	for _, a := range w.apis {
		says := func(ctx context.Context) error { return a.unready(ctx, domain.CodeLogReplaced) }
		if err := await(ctx, noticePatience, says); err != nil && ctx.Err() == nil {
			s.violate("%s does not say that it has another log: %v", a.name, err)
		}
	}
	sleep(ctx, f.lasts)
	s.awaitUnknown(ctx, "the log of another registry, some time later,", known)
	if err := giveBack(); err != nil {
		return err
	}
	s.awaitReady(ctx, "after its own log was back")
	return nil
}

// other is another registry, which has ended.
type other struct {
	log   string // directory of its event store
	entry *entry
}

// foundOther lets another registry run until it has placed somebody.
func (s *session) foundOther(ctx context.Context) (*other, error) {
	w := s.world
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(w.dir, "other")
	p := newProcess(w.dir, "other", []string{"TIZILIM_QUIET=true"}, w.binary, "serve", "--log-level", "warn",
		"--listen", listen, "--data", data)
	if err := p.start(); err != nil {
		return nil, err
	}
	defer p.kill()
	at := "http://" + listen
	if err := await(ctx, startPatience, (&api{process: p, url: at}).ready); err != nil {
		return nil, err
	}
	tokens, err := issuer(data)
	if err != nil {
		return nil, err
	}
	there := *s
	there.service = &service{
		urls: [2]string{at, at}, http: s.service.http, issuer: tokens, violate: s.violate, operations: &s.operations,
		tokens: map[token.Principal]string{},
	}
	e, err := there.client(0, newHistory()).placeAlone(ctx)
	if err != nil {
		return nil, err
	}
	w.end(p)
	return &other{log: filepath.Join(data, "eventstore"), entry: e}, nil
}

// replaceLog lets the event store serve a copy of the log, or an empty one where none is named.
// giveBack puts the own one back.
func (w *world) replaceLog(log string) (giveBack func() error, err error) {
	own := w.storeDir() + ".own"
	giveBack = func() error {
		w.node.kill()
		if _, err := os.Stat(own); err != nil {
			return err
		}
		return errors.Join(os.RemoveAll(w.storeDir()), os.Rename(own, w.storeDir()), w.node.start())
	}
	w.node.kill()
	if err := os.Rename(w.storeDir(), own); err != nil {
		return w.node.start, err
	}
	if log != "" {
		if err := os.CopyFS(w.storeDir(), os.DirFS(log)); err != nil && !errors.Is(err, fs.ErrExist) {
			return giveBack, err
		}
	}
	return giveBack, w.node.start()
}
