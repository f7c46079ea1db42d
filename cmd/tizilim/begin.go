package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/projections"
)

// A server uses its keys only after it has compared them with the log (see proveKeys).
// Where the event store does not answer at the start, the server answers nothing but
// questions about its health, and starts no work, until the keys are proven. The same goes
// for a log that replaces another one while the server runs.

// begin proves the keys and builds what uses them. Where the event store does not answer,
// the server waits; see [app.awaitKeys].
func (a *app) begin(ctx context.Context, c config) error {
	err := a.prove(ctx, c, beginPatience)
	var waits *domain.Error
	if errors.As(err, &waits) && waits.Kind == domain.Unavailable {
		a.wait(waits)
		a.api.Store(a.waiting(c))
		return nil
	}
	return err
}

// prove compares the keys with the log for as long as patience says, reads them and builds
// what uses them.
func (a *app) prove(ctx context.Context, c config, patience time.Duration) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err = provePast(ctx, c.data, a.store); err != nil {
		return err
	}
	if err = proveKeys(ctx, keysDir(c.data), a.store); err != nil {
		return err
	}
	if err := rememberBegun(c.data); err != nil { // on a full disk the registry works all the same
		c.logger.Warn("an empty log would be taken for that of a new registry until a signed head of this one is kept",
			"error", err)
	}
	if a.keys, err = openKeys(keysDir(c.data)); err != nil {
		return err
	}
	if err = a.compareClock(ctx, c); err != nil {
		return err
	}
	a.proven = true
	return a.build(c)
}

// provePatience bounds one attempt to prove the keys.
const provePatience = 5 * time.Second

// awaitKeys waits until the keys are proven and starts the work of the server. Meanwhile
// it logs which part of the registry does not answer. Error: the keys do not belong to
// the log. With patient it waits for the right log then: the server has served another one.
func (a *app) awaitKeys(
	ctx context.Context, c config, patient bool, explain func(context.Context, projections.Status),
) error {
	if a.proven {
		return nil
	}
	tick := time.NewTicker(explainEvery)
	defer tick.Stop()
	for told := ""; ; {
		err := a.prove(ctx, c, provePatience)
		if err == nil {
			a.run(c.logger)
			return nil
		}
		var waits *domain.Error
		switch {
		case errors.As(err, &waits) && waits.Kind == domain.Unavailable:
			a.wait(waits)
		case !patient || ctx.Err() != nil:
			return err
		default:
			a.wait(domain.Refuse(domain.Unavailable, domain.CodeLogReplaced,
				"the event store has another log than the registry has served; its operator finds the reason in the log of "+
					"the server"))
		}
		away := slices.Contains([]domain.Code{
			domain.CodeLogUnavailable, domain.CodeDiskFull, domain.CodeMasterKeysAway, domain.CodeRecordUnread,
		}, domain.CodeOf(err))
		if !away && err.Error() != told {
			told = err.Error()
			c.logger.Error("this is not the log of this registry; nothing is answered until it is", "error", err)
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
