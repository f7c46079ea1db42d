package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
)

// frontFlags are the settings of the two listeners of a server: the API, and that of
// its operators.
type frontFlags struct {
	Ops     string `help:"Address for operators: metrics, profiles, health. Nobody else should reach it." default:"127.0.0.1:8081" env:"TIZILIM_OPS"`
	TLSCert string `name:"tls-cert" help:"Certificate of the API in PEM. With it and --tls-key, clients must use TLS. Changed files are read again." placeholder:"FILE" type:"path" env:"TIZILIM_TLS_CERT"`
	TLSKey  string `name:"tls-key" help:"Key of the certificate in PEM." placeholder:"FILE" type:"path" env:"TIZILIM_TLS_KEY"`
}

// check refuses settings that cannot be meant.
func (f frontFlags) check() error {
	if f.Ops == "" {
		return errors.New("--ops cannot be empty: leave it out to get its default, or give it an address")
	}
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return errors.New("TLS of the API needs both --tls-cert and --tls-key")
	}
	return nil
}

// secure returns the TLS of the API; nil where the flags name none.
func (f frontFlags) secure() (*tls.Config, error) {
	if f.TLSCert == "" {
		return nil, nil
	}
	files, err := loadCertificate(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}, nil
}

// warn says what others can reach although they should not.
func (a *app) warn(log *slog.Logger) {
	if a.http.TLSConfig == nil && !isLoopback(a.listener.Addr()) {
		log.Warn("the API is reachable from other machines without TLS: give --tls-cert and --tls-key, "+
			"or let a proxy in front of it end TLS", "address", a.listener.Addr())
	}
	if !isLoopback(a.opsListener.Addr()) {
		log.Warn("metrics and profiles are reachable from other machines without a token: "+
			"let only operators reach --ops", "address", a.opsListener.Addr())
	}
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// serveAPI serves the API until a.http is shut down.
func (a *app) serveAPI() {
	serve := a.http.Serve
	if a.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return a.http.ServeTLS(l, "", "") } // TLSConfig has the certificate
	}
	if err := serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		a.fail(fmt.Errorf("http: %w", err))
	}
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
