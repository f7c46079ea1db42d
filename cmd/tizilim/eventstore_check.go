package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"tizilim/eventstore/embedded"
	"tizilim/eventstore/tree"
)

type storeCheckCommand struct {
	storeDir
	Key string `name:"log-key" help:"File with the public key of the log. Default: keys/log.pub in the directory around --data." placeholder:"FILE" type:"path"`
}

// checkReport is what the command prints.
type checkReport struct {
	embedded.Report
	Log *tree.Report `json:"log,omitempty"` // the events compared with the signed heads
}

func (c *storeCheckCommand) Run(ctx context.Context) error {
	if err := c.exists(); err != nil {
		return err
	}
	var report checkReport
	done, err := askAdmin(ctx, c.Data, "check", "", &report.Report)
	if err == nil && !done {
		report.Report, err = embedded.Check(ctx, c.Data)
	}
	if err == nil && report.Sound() { // else it can hardly be read
		report.Log, err = c.checkLog(ctx)
	}
	if err != nil {
		return err
	}
	if err := printJSON(report); err != nil {
		return err
	}
	if !report.Sound() {
		return errors.New("the store is damaged: restore a backup")
	}
	return tampered(report.Log)
}

// checkLog compares the events with the signed heads; nil where nobody knows the log's
// key.
func (c *storeCheckCommand) checkLog(ctx context.Context) (r *tree.Report, err error) {
	known, err := knowLog(filepath.Dir(c.Data))
	if err == nil && c.Key != "" {
		known.public, err = readPublicKey(c.Key)
	}
	if err != nil {
		return nil, err
	}
	if known.public == nil {
		slog.Warn("the events were not compared with the signed heads: name the public key of the log with --log-key")
		return nil, nil
	}
	store, end, err := c.reach(ctx, looking, credentials{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	report, err := known.check(ctx, store, nil)
	return &report, err
}

// tampered is the error of a log in which something was found.
func tampered(r *tree.Report) error {
	if r == nil || r.Sound() {
		return nil
	}
	return errors.New("the log was changed from outside of the registry: see OPERATION.md, " +
		"what to do where the log was tampered with")
}
