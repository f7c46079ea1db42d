package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
	"tizilim/projections"
)

// A server uses its keys only after it has compared them with the log (see proveKeys).
// Where the event store does not answer at the start, the server answers nothing but
// questions about its health, and starts no work, until the keys are proven.

// openKeys proves the keys and reads them. Where the event store does not answer, the
// server gets keys that nobody has, so that it can say that it is not ready.
func (a *app) openKeys(ctx context.Context, c config) (err error) {
	ctx, cancel := context.WithTimeout(ctx, beginPatience)
	defer cancel()
	switch err = proveKeys(ctx, keysDir(c.data), a.store); {
	case err == nil:
		if a.keys, err = openKeys(keysDir(c.data)); err == nil {
			a.proven.Store(true)
		}
	case domain.CodeOf(err) == domain.CodeLogUnavailable:
		a.keys, err = unusedKeys()
	}
	return err
}

// unusedKeys are keys by which nothing is signed, named or answered.
func unusedKeys() (k keys, err error) {
	random := make([]byte, keySize)
	if _, err = rand.Read(random); err != nil {
		return k, err
	}
	k.person, k.check, k.password = random, random, random
	key, err := token.NewKey(random)
	if err != nil {
		return k, err
	}
	if k.tokens.Issuer, err = token.NewIssuer(token.MaxLifetime, key); err != nil {
		return k, err
	}
	text, err := eds.NewDemonstration(time.Now())
	if err != nil {
		return k, err
	}
	k.authority.Demonstration, err = eds.ReadDemonstration(text)
	return k, err
}

// provePatience bounds one attempt to prove the keys.
const provePatience = 5 * time.Second

// awaitKeys waits until the keys are proven and starts the work of the server. Meanwhile
// it logs which part of the registry does not answer. Error: the keys do not belong to
// the log.
func (a *app) awaitKeys(ctx context.Context, c config, explain func(context.Context, projections.Status)) error {
	tick := time.NewTicker(explainEvery)
	defer tick.Stop()
	for !a.proven.Load() {
		attempt, cancel := context.WithTimeout(ctx, provePatience)
		err := proveKeys(attempt, keysDir(c.data), a.store)
		cancel()
		switch {
		case err == nil:
			if a.keys, err = openKeys(keysDir(c.data)); err != nil {
				return err
			}
			if err := a.build(c); err != nil {
				return err
			}
			a.run(c.logger)
			a.proven.Store(true)
			return nil
		case domain.CodeOf(err) != domain.CodeLogUnavailable:
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
	return nil
}

// withoutKeys are the paths that are answered before the keys are proven.
var withoutKeys = []string{"/healthz", "/readyz", "/metrics", "/openapi.json"}

// answer serves the API.
func (a *app) answer(w http.ResponseWriter, r *http.Request) {
	if !a.proven.Load() && !slices.Contains(withoutKeys, r.URL.Path) {
		refuseUnproven(w)
		return
	}
	a.api.Load().ServeHTTP(w, r)
}

// refuseUnproven answers as the API does while the event store does not answer.
func refuseUnproven(w http.ResponseWriter) {
	p := problem.Of(domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
		"the event store does not answer now; send the same request with the same Idempotency-Key again"), slog.Default())
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may have gone
}
