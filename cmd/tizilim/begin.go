package main

import (
	"context"
	"time"

	"tizilim/domain"
	"tizilim/httpapi"
	"tizilim/projections"
)

// A server uses its keys only after it has compared them with the log (see proveKeys).
// Where the event store does not answer at the start, the server answers nothing but
// questions about its health, and starts no work, until the keys are proven.

// begin proves the keys and builds what uses them. Where the event store does not answer,
// the server waits; see [app.awaitKeys].
func (a *app) begin(ctx context.Context, c config) error {
	err := a.prove(ctx, c, beginPatience)
	if domain.CodeOf(err) == domain.CodeLogUnavailable {
		a.api.Store(httpapi.NewWaiting(httpapi.Config{
			Log: a.store, Model: a.model, Watch: a.watch, Metrics: a.metrics, Logger: c.logger, Now: time.Now,
		}))
		return nil
	}
	return err
}

// prove compares the keys with the log for as long as patience says, reads them and builds
// what uses them.
func (a *app) prove(ctx context.Context, c config, patience time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err = proveKeys(ctx, keysDir(c.data), a.store); err != nil {
		return err
	}
	if a.keys, err = openKeys(keysDir(c.data)); err != nil {
		return err
	}
	a.proven = true
	return a.build(c)
}

// provePatience bounds one attempt to prove the keys.
const provePatience = 5 * time.Second

// awaitKeys waits until the keys are proven and starts the work of the server. Meanwhile
// it logs which part of the registry does not answer. Error: the keys do not belong to
// the log.
func (a *app) awaitKeys(ctx context.Context, c config, explain func(context.Context, projections.Status)) error {
	if a.proven {
		return nil
	}
	tick := time.NewTicker(explainEvery)
	defer tick.Stop()
	for {
		err := a.prove(ctx, c, provePatience)
		if err == nil {
			a.run(c.logger)
			return nil
		}
		if domain.CodeOf(err) != domain.CodeLogUnavailable {
			return err
		}
		select {
		case err := <-a.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			explain(ctx, projections.Status{})
		}
	}
}
