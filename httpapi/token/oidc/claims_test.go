package oidc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

const (
	commission = "6b4a1f5e-9c1d-4b56-8b0e-0d6a9d2f7a11"
	zero       = "00000000-0000-0000-0000-000000000000"
)

// mapped returns whom a token names under these roles of the configuration.
func mapped(t *testing.T, role, claims map[string]any) (token.Verified, error) {
	t.Helper()
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	return verify(p.ready(map[string]any{"roles": []any{role}}), s.sign(t, p.claims(claims), nil))
}

func TestClaimsNameWhoActsForWhichBody(t *testing.T) {
	body := domain.BodyID{UUID: uuid.MustParse(commission)}
	for what, c := range map[string]struct {
		role, claims map[string]any
		want         token.Principal
	}{
		"a citizen by IIN": {
			map[string]any{"role": "citizen", "iin": "iin"},
			map[string]any{"iin": iin},
			token.Principal{Role: domain.RoleCitizen, Account: someone.String(), PersonID: someone},
		},
		"a citizen by a nested claim": {
			map[string]any{"role": "citizen", "iin": "/person/numbers~1iin"},
			map[string]any{"person": map[string]any{"numbers/iin": iin}},
			token.Principal{Role: domain.RoleCitizen, Account: someone.String(), PersonID: someone},
		},
		"an account by its sub": {
			map[string]any{"role": "auditor"}, nil,
			token.Principal{Role: domain.RoleAuditor, Account: "idp.desk-7"},
		},
		"an account by a claim, a body, and who uses it": {
			map[string]any{
				"role": "commission", "when": map[string]any{"/realm_access/roles": []string{"head", "member"}},
				"account": "preferred_username", "body": "body_id", "iin": "iin",
			},
			map[string]any{
				"realm_access":       map[string]any{"roles": []string{"offline_access", "member"}},
				"preferred_username": "astana-1", "body_id": commission, "iin": iin,
			},
			token.Principal{Role: domain.RoleCommission, Account: "idp.astana-1", PersonID: someone, BodyID: body},
		},
		"a body by the name that the issuer has for it": {
			map[string]any{"role": "commission", "body": "department", "bodies": map[string]any{"№1": commission}},
			map[string]any{"department": "№1"},
			token.Principal{Role: domain.RoleCommission, Account: "idp.desk-7", BodyID: body},
		},
		"a claim that is one text": {
			map[string]any{"role": "provider", "when": map[string]any{"department": []string{"migration"}}},
			map[string]any{"department": "migration"},
			token.Principal{Role: domain.RoleProvider, Account: "idp.desk-7"},
		},
		"a claim whose name is an address": {
			map[string]any{"role": "provider", "when": map[string]any{"https://idp.example/kind": []string{"staff"}}},
			map[string]any{"https://idp.example/kind": "staff"},
			token.Principal{Role: domain.RoleProvider, Account: "idp.desk-7"},
		},
		"a client as RFC 9068 writes it": {
			map[string]any{"role": "provider"},
			map[string]any{"azp": nil, "client_id": "portal", "aud": []string{"account", "tizilim"}},
			token.Principal{Role: domain.RoleProvider, Account: "idp.desk-7"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			v, err := mapped(t, c.role, c.claims)
			if err != nil || v.Principal != c.want {
				t.Errorf("got %+v, %v, want %+v", v.Principal, err, c.want)
			}
		})
	}
}

func TestClaimsThatNameNobodyAreRefused(t *testing.T) {
	for what, c := range map[string]struct{ role, claims map[string]any }{
		"no such body":          {map[string]any{"role": "commission", "body": "body_id"}, nil},
		"a body that is no id":  {map[string]any{"role": "commission", "body": "body_id"}, map[string]any{"body_id": "7"}},
		"the zero body":         {map[string]any{"role": "commission", "body": "body_id"}, map[string]any{"body_id": zero}},
		"a body that is a list": {map[string]any{"role": "commission", "body": "body_id"}, map[string]any{"body_id": []any{zero}}},
		"a pointer to nothing":  {map[string]any{"role": "citizen", "iin": "/a/b"}, map[string]any{"a": "b", "iin": iin}},
		"staff without an IIN":  {map[string]any{"role": "auditor", "iin": "iin"}, nil},
		"an account too long":   {map[string]any{"role": "auditor"}, map[string]any{"sub": strings.Repeat("a", 61)}},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := mapped(t, c.role, c.claims)
			var r *token.Refused
			if !errors.As(err, &r) || r.Reason != token.BadClaims {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnAccountIsDerivedWhereTheClaimTellsWhoSomebodyIs(t *testing.T) {
	role := map[string]any{"role": "operator", "derive_account": true}
	names := map[string]string{}
	for _, sub := range []string{iin, iin, "aigul@gov.example", "auth0|abc"} {
		p := start(t)
		s := rs256("a", 0)
		p.keys = []jose.JSONWebKey{s.jwk()}
		p.document["issuer"] = p.server.URL
		i := p.ready(map[string]any{"roles": []any{role}})
		first := accepted(t, i, s.sign(t, p.claims(map[string]any{"sub": sub}), nil))
		again := accepted(t, i, s.sign(t, p.claims(map[string]any{"sub": sub, "jti": "t-2"}), nil))
		if first.Account != again.Account || domain.CheckAccount(first.Account) != nil {
			t.Errorf("accounts %q and %q", first.Account, again.Account)
		}
		if strings.Contains(first.Account, sub) || names[first.Account] != "" {
			t.Errorf("the account %q of an issuer tells %q, or is that of another issuer", first.Account, sub)
		}
		names[first.Account] = sub
	}
}

func TestARoleCanDemandHowAndWhenTheHolderSignedIn(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	i := p.ready(map[string]any{"roles": []any{map[string]any{
		"role": "commission", "acr": []string{"high", "substantial"}, "amr": []string{"hwk", "pin"}, "max_auth_age": "1h",
	}}})
	now := time.Now().Truncate(time.Second)
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	good := map[string]any{
		"acr": "substantial", "amr": []string{"pin", "hwk", "user"}, "auth_time": at(-30 * time.Minute),
	}
	with := func(name string, v any) map[string]any {
		c := map[string]any{}
		for n, v := range good {
			c[n] = v
		}
		c[name] = v
		return c
	}
	for what, c := range map[string]struct {
		claims map[string]any
		ok     bool
	}{
		"as demanded":                   {good, true},
		"no acr":                        {with("acr", nil), false},
		"a weaker acr":                  {with("acr", "low"), false},
		"an acr that is a list":         {with("acr", []string{"high"}), false},
		"no amr":                        {with("amr", nil), false},
		"one method is missing":         {with("amr", []string{"pin"}), false},
		"no auth_time":                  {with("auth_time", nil), false},
		"an auth_time that is a text":   {with("auth_time", "now"), false},
		"too long ago":                  {with("auth_time", at(-time.Hour-31*time.Second)), false},
		"too long ago, but by the skew": {with("auth_time", at(-time.Hour-29*time.Second)), true},
	} {
		t.Run(what, func(t *testing.T) {
			v, err := i.Verify(context.Background(), s.sign(t, p.claims(c.claims), nil), now)
			var again *token.StepUp
			switch {
			case c.ok && err != nil:
				t.Error(err)
			case c.ok && !v.Until.Equal(time.Unix(c.claims["auth_time"].(int64), 0).Add(time.Hour+30*time.Second)):
				t.Errorf("accepted until %s", v.Until)
			case !c.ok && (!errors.As(err, &again) || again.MaxAge != time.Hour || len(again.ACR) != 2 || len(again.AMR) != 2):
				t.Errorf("got %v", err)
			}
		})
	}
	// What is forged is not told how to sign in.
	refused(t, i, rs256("a", 1).sign(t, p.claims(with("acr", "low")), nil), token.BadSignature)
}

func TestNoIINIsEverInALogOrAnError(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	i, log := p.run(p.config(), timing)
	until(t, "the keys are known", func() bool { return i.Epoch() > 0 })
	citizen := map[string]any{"roles": []string{"citizen"}, "iin": iin}
	told := ""
	for _, claims := range []map[string]any{
		citizen,
		{"roles": []string{"citizen"}, "iin": "999999000013"},
		{"roles": []string{"citizen"}, "iin": 999999000012},
		{"sub": iin}, {"sub": 999999000012}, {"aud": iin}, {"azp": iin}, {"exp": 999999000012e9}, {"nbf": iin},
		{"iat": 999999000012}, {"roles": iin},
	} {
		v, err := verify(i, s.sign(t, p.claims(claims), nil))
		told += fmt.Sprintf("%v %+v %#v %v\n", err, err, err, v)
	}
	if strings.Contains(told+log.String(), "99999900001") {
		t.Errorf("an IIN is told:\n%s\n%s", told, log)
	}
}
