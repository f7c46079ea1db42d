package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
)

// frontFlags are the settings of the two listeners of a server: the API, and that of
// its operators.
type frontFlags struct {
	Ops string `help:"Address for operators: metrics, profiles, health. Nobody else should reach it." default:"127.0.0.1:8081" env:"TIZILIM_OPS"`
}

// check refuses settings that cannot be meant.
func (f frontFlags) check() error {
	if f.Ops == "" {
		return errors.New("--ops cannot be empty: leave it out to get its default, or give it an address")
	}
	return nil
}

// listenOps opens the listener for operators.
func (f frontFlags) listenOps() (net.Listener, error) {
	listener, err := net.Listen("tcp", f.Ops)
	if err != nil {
		return nil, cannotListen(f.Ops, "--ops", err)
	}
	return listener, nil
}

// serveOps serves the listener for operators until a.ops is closed. It has no time-out of
// writing: a profile takes as long as it was asked for.
func (a *app) serveOps() {
	if err := a.ops.Serve(a.opsListener); !errors.Is(err, http.ErrServerClosed) {
		a.fail(fmt.Errorf("operations listener: %w", err))
	}
}
