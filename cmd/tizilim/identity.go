package main

import (
	"context"
	"log/slog"
	"sync"

	"tizilim/httpapi/token"
)

// tokens are the tokens that a server accepts, and the revocations.
type tokens struct {
	keys        tokenKeys
	revocations *token.Revocations
}

// checker returns what checks the tokens of requests. [tokens.run] keeps it up to date.
func (t *tokens) checker(k keys, log token.RevocationLog, logger *slog.Logger) (*token.Checker, error) {
	sources := map[string]token.Source{token.LocalIssuer: k.tokens.Issuer}
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
}
