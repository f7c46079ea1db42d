package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/cors"

	"tizilim/httpapi/limits"
	"tizilim/projections"
)

// frontFlags are the settings of the two listeners of a server: the API, and that of
// its operators.
type frontFlags struct {
	Ops             string   `help:"Address for operators: metrics, profiles, health. Nobody else should reach it." default:"127.0.0.1:8081" env:"TIZILIM_OPS"`
	Limits          string   `help:"Table of rate limits. Limits that it lacks are the built-in ones." placeholder:"FILE" type:"path" env:"TIZILIM_LIMITS"`
	Proxies         []string `name:"trusted-proxies" help:"Addresses or networks of proxies before the API. What they say of a client's address is believed. Default: none." placeholder:"ADDRESS" env:"TIZILIM_TRUSTED_PROXIES"`
	Connections     int      `name:"max-connections" help:"Connections to the API at once." default:"4096" env:"TIZILIM_MAX_CONNECTIONS"`
	ConnectionsEach int      `name:"max-connections-each" help:"Connections from one address at once; trusted proxies are not bounded." default:"512" env:"TIZILIM_MAX_CONNECTIONS_EACH"`
	SecurityLog     string   `help:"File of the security log, or stderr. A file is opened again at SIGHUP. Default: security.ndjson in --data." placeholder:"FILE" env:"TIZILIM_SECURITY_LOG"`
	TLSCert         string   `name:"tls-cert" help:"Certificate of the API in PEM. With it and --tls-key, clients must use TLS. Changed files are read again." placeholder:"FILE" type:"path" env:"TIZILIM_TLS_CERT"`
	Origins         []string `name:"cors-origins" help:"Origins of pages whose scripts may call the API from a browser, such as https://portal.example. Default: none." placeholder:"ORIGIN" env:"TIZILIM_CORS_ORIGINS"`
	TLSKey          string   `name:"tls-key" help:"Key of the certificate in PEM." placeholder:"FILE" type:"path" env:"TIZILIM_TLS_KEY"`
}

// check refuses settings that cannot be meant.
func (f frontFlags) check() error {
	if f.Ops == "" {
		return errors.New("--ops cannot be empty: leave it out to get its default, or give it an address")
	}
	if f.Connections < 1 || f.ConnectionsEach < 1 {
		return errors.New("--max-connections and --max-connections-each are at least 1")
	}
	if (f.TLSCert == "") != (f.TLSKey == "") {
		return errors.New("TLS of the API needs both --tls-cert and --tls-key")
	}
	for _, origin := range f.Origins {
		if u, err := parseHTTP(origin); err != nil || u.Scheme+"://"+u.Host != origin || strings.Contains(origin, "*") {
			return fmt.Errorf("--cors-origins: %q is not the origin of pages: write it as https://portal.example, "+
				"without a path; each origin is named, and none stands for all", origin)
		}
	}
	for _, proxy := range f.Proxies {
		_, address := netip.ParseAddr(proxy)
		_, network := netip.ParsePrefix(proxy)
		if address != nil && network != nil {
			return fmt.Errorf("--trusted-proxies: %q is neither an address nor a network, such as 10.0.0.0/8", proxy)
		}
	}
	return nil
}

// table returns the rate limits.
func (f frontFlags) table() (limits.Table, error) {
	if f.Limits == "" {
		return limits.Default(), nil
	}
	text, err := os.ReadFile(f.Limits)
	if err != nil {
		return nil, fmt.Errorf("--limits: %w", err)
	}
	table, err := limits.Read(text)
	if err != nil {
		return nil, fmt.Errorf("--limits %s: %w", f.Limits, err)
	}
	return table, nil
}

// limiter bounds callers by the table. The in-process Redis serves one process, which
// needs no shared counts.
func (a *app) limiter(c config, options projections.Options, metrics prometheus.Registerer) *limits.Limiter {
	var shared limits.Shared
	if c.redis != "" {
		shared = projections.NewLimits(a.redis, options)
	}
	return limits.New(limits.Config{
		Table: c.limits, Shared: shared, Metrics: metrics, Logger: c.logger, Now: time.Now,
	})
}

// crossOrigin lets scripts of the pages of some origins call the API from a browser. A browser sends no
// token by itself, so an origin that is not named cannot act for anybody; it only cannot read.
func (f frontFlags) crossOrigin(api http.Handler) http.Handler {
	if len(f.Origins) == 0 {
		return api
	}
	return cors.New(cors.Options{
		AllowedOrigins: f.Origins,
		AllowedMethods: []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowedHeaders: []string{
			"Accept", "Accept-Language", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
			"Tizilim-On-Behalf-Of", "Tizilim-Position", "Tizilim-Purpose", "Tizilim-Reference",
		},
		ExposedHeaders: []string{
			"Content-Disposition", "Content-Language", "ETag", "Idempotent-Replayed", "Link", "RateLimit", "RateLimit-Policy",
			"Retry-After", "Tizilim-Position", "Tizilim-Trial-Clock", "WWW-Authenticate",
		},
		MaxAge: 600,
	}).Handler(api)
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
	if a.tokens.defaultBodies && a.tokens.defaults != nil {
		log.Warn("accounts of staff that no body has act in the whole country, by --default-bodies: " +
			"record bodies and their accounts, and leave it out")
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
