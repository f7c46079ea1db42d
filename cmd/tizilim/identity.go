package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"

	"tizilim/httpapi/token"
	"tizilim/httpapi/token/oidc"
)

// identityFlags say whose tokens a server accepts, and for which bodies.
type identityFlags struct {
	OIDC          string `name:"oidc-config" help:"Identity providers whose tokens are accepted, in JSON. Default: none." placeholder:"FILE" type:"path" env:"TIZILIM_OIDC_CONFIG"`
	LocalTokens   *bool  `help:"Accept tokens of tizilim token. Default: only where --listen is reachable from this machine alone." negatable:"" env:"TIZILIM_LOCAL_TOKENS"`
	DefaultBodies *bool  `help:"Let accounts of staff that no body has act for the default body of their role, in the whole country. Default: only on one machine, with the embedded event store, a --listen of this machine alone and no --oidc-config." negatable:"" env:"TIZILIM_DEFAULT_BODIES"`
}

// identity is what the flags say.
type identity struct {
	providers []oidc.IssuerConfig
	local     *bool // nil: only on loopback
	defaults  *bool // nil: only on one machine
}

func (f identityFlags) identity() (identity, error) {
	i := identity{local: f.LocalTokens, defaults: f.DefaultBodies}
	if f.OIDC == "" {
		return i, nil
	}
	file, err := os.Open(f.OIDC)
	if err != nil {
		return i, fmt.Errorf("--oidc-config: %w", err)
	}
	defer file.Close()
	config, err := oidc.ReadConfig(file)
	if err != nil {
		return i, fmt.Errorf("--oidc-config: %s: %w", f.OIDC, err)
	}
	i.providers = config.Issuers
	return i, nil
}

// check refuses to serve on the address where no token would be accepted.
func (i identity) check(addr net.Addr) error {
	_, err := i.open(addr, false)
	return err
}

// tokens are the issuers whose tokens a server accepts, and the revocations.
type tokens struct {
	identity
	acceptsLocal  bool
	defaultBodies bool // an account that no body has acts for the default body of its role

	issuers     []*oidc.Issuer
	keys        tokenKeys
	revocations *token.Revocations
}

// open decides whether a server on the address accepts the registry's own tokens, and
// accounts that no body has; embedded: its event store is its own. It refuses to serve where
// no token would be accepted.
func (i identity) open(addr net.Addr, embedded bool) (*tokens, error) {
	t := &tokens{identity: i, acceptsLocal: onLoopback(addr)}
	t.defaultBodies = embedded && onLoopback(addr) && len(i.providers) == 0
	if i.local != nil {
		t.acceptsLocal = *i.local
	}
	if i.defaults != nil {
		t.defaultBodies = *i.defaults
	}
	switch {
	case t.acceptsLocal || len(i.providers) > 0:
		return t, nil
	case i.local != nil:
		return nil, errors.New("no token would be accepted: name identity providers with --oidc-config, " +
			"or leave --no-local-tokens out")
	}
	return nil, fmt.Errorf("%s can be reached from other machines, and there tokens of tizilim token are accepted "+
		"only where --local-tokens says so: name identity providers with --oidc-config, or give --local-tokens", addr)
}

// checker returns what checks the tokens of requests. [tokens.run] keeps it up to date.
func (t *tokens) checker(k keys, log token.RevocationLog, logger *slog.Logger) (*token.Checker, error) {
	sources := map[string]token.Source{}
	if t.acceptsLocal {
		sources[token.LocalIssuer] = k.tokens.Issuer
	}
	for _, c := range t.providers {
		issuer := oidc.NewIssuer(c, k.person, logger, oidc.DefaultTiming)
		sources[c.Issuer] = issuer
		t.issuers = append(t.issuers, issuer)
	}
	t.keys, t.revocations = k.tokens, token.NewRevocations(log, logger)
	return token.NewChecker(sources, t.revocations)
}

// run keeps keys and revocations up to date in the background, until ctx ends. Where the
// log answers, it knows the revocations when it returns.
func (t *tokens) run(ctx context.Context, work *sync.WaitGroup, logger *slog.Logger) {
	if err := t.revocations.ReadOn(ctx); err != nil {
		logger.Debug("revoked tokens could not be read yet", "error", err)
	}
	work.Go(func() { t.revocations.Run(ctx) })
	work.Go(func() { t.keys.follow(ctx, logger) })
	for _, issuer := range t.issuers {
		work.Go(func() { issuer.Run(ctx) })
	}
}

// onLoopback reports whether only this machine can reach the address.
func onLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}
