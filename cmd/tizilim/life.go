package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/eventstore/papers"
	"tizilim/httpapi"
	"tizilim/projections"
)

// life is all that rests on one log: the connection to it, what is held in memory of the log
// (states of streams, bodies, revocations, the tree, holders and keepers), and the work behind
// the API. Where the log turns out to be another one, or was restored from before, its life
// ends and another one begins, as if the process had been started again. The listeners, the
// keys, Redis and the embedded node are those of the app and outlive it.
type life struct {
	store      *eventstore.Store
	model      *projections.Reader
	watch      *projections.Watch
	projector  *projections.Projector
	metrics    *prometheus.Registry
	signatures *eds.Verifier
	commands   *command.Handler
	directory  *command.Directory
	proof      logProof
	tokens     *tokens
	paperFiles papers.Files
	webhooks   *command.Webhooks

	proven  bool           // the keys belong to the log, and the log to what is known of it
	closers []func() error // of what was opened, in that order
	work    sync.WaitGroup
	stop    context.CancelFunc // ends the work; nil before it runs

	mu  sync.Mutex
	why *domain.Error // why nothing is answered yet; guarded by mu
}

// openLife begins a life with what needs no keys: the connection to the event store, which
// has no keys yet (see proveKeys), the projector, and the readers of the model.
func (a *app) openLife(c config) (err error) {
	l := &life{}
	a.life = l
	l.wait(eventStoreAway())
	if c.eventstore != "" {
		l.store, err = c.login.connect(a.address)
	} else {
		l.store, err = eventstore.Open(a.address, c.logger)
	}
	if err != nil {
		return err
	}
	l.opened(l.store.Close)
	if l.tokens, err = c.identity.open(a.listener.Addr(), c.eventstore == ""); err != nil {
		return err
	}
	l.metrics = prometheus.NewRegistry()
	l.metrics.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	measureClock(a.clock, l.metrics)
	options := a.modelOptions(c)
	if l.projector, err = projections.NewProjector(a.redis, l.store, options); err != nil {
		return err
	}
	l.model = projections.NewReader(a.redis, options)
	l.watch, err = projections.NewWatch(l.model, l.store, options)
	return err
}

// opened keeps how to close what was opened.
func (l *life) opened(end func() error) { l.closers = append(l.closers, end) }

// end ends the work, and then closes what it stood on.
func (l *life) end() error {
	if l.stop != nil {
		l.stop()
	}
	l.work.Wait()
	var errs []error
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	l.closers = nil
	return errors.Join(errs...)
}

// wait says why nothing is answered.
func (l *life) wait(why *domain.Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.why = why
}

func (l *life) waitsFor() *domain.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

func eventStoreAway() *domain.Error {
	return domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
		"the event store does not answer now; send the same request with the same Idempotency-Key again")
}

// waiting answers questions about health, and 503 to all else.
func (l *life) waiting(c config) *httpapi.Server {
	return httpapi.NewWaiting(httpapi.Config{
		Log: l.store, Model: l.model, Watch: l.watch, Metrics: l.metrics, Logger: c.logger, Now: now,
	}, l.waitsFor)
}

// renew ends the life of a log that was replaced, and begins that of the log that is there
// now. The API answers 503 until its keys are proven.
func (a *app) renew(c config) error {
	old, api := a.life, a.api.Load()
	c.logger.Error("what is known of the log that was replaced is given up; the registry begins anew with the one that " +
		"is there")
	old.wait(domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
		"the log was replaced, or restored from before; the registry begins anew with it: ask again in a moment"))
	a.api.Store(old.waiting(c))
	api.EndStreams()
	// The requests that are under way stand on the old connection, which this closes. The
	// life may end with an error of its files; nothing rests on them any more.
	if err := old.end(); err != nil {
		c.logger.Warn("what belonged to the log that was replaced could not be closed", "error", err)
	}
	if err := a.openLife(c); err != nil {
		return fmt.Errorf("begin anew with the log that replaced another: %w", err)
	}
	a.life.wait(old.waitsFor())
	a.api.Store(a.waiting(c))
	return nil
}
