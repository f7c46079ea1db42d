package token_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/httpapi/token"
)

var (
	noon   = domaintest.Noon()
	ctx    = context.Background()
	quiet  = slog.New(slog.DiscardHandler)
	desk   = token.Principal{Role: domain.RoleOperator, Account: "desk-7"}
	person = token.Principal{Role: domain.RoleCitizen, PersonID: domaintest.ID[domain.PersonID]("somebody")}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func key(t testing.TB, seed byte) *token.Key {
	t.Helper()
	k, err := token.NewKey(bytes.Repeat([]byte{seed}, 32))
	must(t, err)
	return k
}

func issuer(t testing.TB, keys ...*token.Key) *token.Issuer {
	t.Helper()
	i, err := token.NewIssuer(token.MaxLifetime, keys...)
	must(t, err)
	return i
}

func issue(t testing.TB, i *token.Issuer, p token.Principal) string {
	t.Helper()
	text, err := i.Issue(p, noon, time.Hour)
	must(t, err)
	return text
}

func checker(t testing.TB, i token.Source, r *token.Revocations) *token.Checker {
	t.Helper()
	c, err := token.NewChecker(map[string]token.Source{token.LocalIssuer: i}, r)
	must(t, err)
	return c
}

// refused expects a refusal for the reason.
func refused(t testing.TB, err error, why token.Reason) {
	t.Helper()
	var r *token.Refused
	if !errors.As(err, &r) || r.Reason != why {
		t.Errorf("got %v, want a refusal: %s", err, why)
	}
}
