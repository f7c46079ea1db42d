package oidc_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"tizilim/domain"
	"tizilim/httpapi/token"
	"tizilim/httpapi/token/oidc"
)

const iin = "999999000012"

var (
	personKey = domain.PersonIDKey("a key that no registry in use has")
	someone   = personKey.PersonID(iin)
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// timing lets a test wait for nothing longer than it must.
var timing = oidc.Timing{
	Refresh: time.Hour, Pause: time.Hour, Patience: 10 * time.Second, Retry: 5 * time.Millisecond, Keep: time.Hour,
}

// provider is an identity provider whose every answer and token a test can choose.
type provider struct {
	t      testing.TB
	server *httptest.Server

	mu       sync.Mutex
	keys     []jose.JSONWebKey
	down     bool
	raw      string // what the keys are answered with; empty: the keys
	document map[string]any
	fetches  int // of the keys
}

func start(t testing.TB) *provider {
	t.Helper()
	p := &provider{t: t}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	p.document = map[string]any{"issuer": p.server.URL, "jwks_uri": p.server.URL + "/keys"}
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	var answer any = p.document
	switch {
	case p.down:
		http.Error(w, "down", http.StatusBadGateway)
		return
	case r.URL.Path == "/keys":
		p.fetches++
		if p.raw != "" {
			_, _ = w.Write([]byte(p.raw))
			return
		}
		answer = jose.JSONWebKeySet{Keys: p.keys}
	case r.URL.Path != "/.well-known/openid-configuration":
		http.NotFound(w, r)
		return
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		p.t.Error(err)
	}
}

// change changes the provider while it runs.
func (p *provider) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *provider) fetched() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fetches
}

// config accepts tokens of citizens, and of staff by the claim roles.
func (p *provider) config() oidc.IssuerConfig {
	return p.read(map[string]any{})
}

// read is the configuration with these members changed, as a file has it.
func (p *provider) read(changes map[string]any) oidc.IssuerConfig {
	p.t.Helper()
	members := map[string]any{
		"name": "idp", "issuer": p.server.URL, "audiences": []string{"tizilim"},
		"authorized_parties": []string{"portal"},
		"roles": []any{
			map[string]any{"role": "citizen", "when": map[string]any{"roles": []string{"citizen"}}, "iin": "iin"},
			map[string]any{"role": "operator", "when": map[string]any{"roles": []string{"operator"}}},
		},
	}
	maps.Copy(members, changes)
	text, err := json.Marshal(map[string]any{"issuers": []any{members}})
	must(p.t, err)
	c, err := oidc.ReadConfig(bytes.NewReader(text))
	must(p.t, err)
	return c.Issuers[0]
}

// run returns a running Issuer, until the test ends.
func (p *provider) run(c oidc.IssuerConfig, with oidc.Timing) (*oidc.Issuer, *logged) {
	p.t.Helper()
	log := &logged{}
	handler := slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})
	i := oidc.NewIssuer(c, personKey, slog.New(handler), with)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { i.Run(ctx) })
	p.t.Cleanup(func() { cancel(); work.Wait() })
	return i, log
}

// ready returns a running Issuer that knows the keys.
func (p *provider) ready(changes map[string]any) *oidc.Issuer {
	p.t.Helper()
	i, _ := p.run(p.read(changes), timing)
	until(p.t, "the keys are known", func() bool { return i.Epoch() > 0 })
	return i
}

func until(t testing.TB, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !met(); time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(deadline) {
			t.Fatalf("not yet: %s", what)
		}
	}
}

// logged collects a log.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// signer is a key of a provider.
type signer struct {
	id      string
	method  jwt.SigningMethod
	private crypto.Signer
}

func (s signer) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.private.Public(), KeyID: s.id, Use: "sig"}
}

var rsaKeys = sync.OnceValue(func() (keys []*rsa.PrivateKey) {
	for _, bits := range []int{2048, 2048, 1024} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

func rs256(id string, n int) signer { return signer{id, jwt.SigningMethodRS256, rsaKeys()[n]} }

func elliptical(t testing.TB, id string, method jwt.SigningMethod, curve elliptic.Curve) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return signer{id, method, key}
}

func edwards(t testing.TB, id string) signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return signer{id, jwt.SigningMethodEdDSA, key}
}

// claims are those of an operator's token that is accepted, with these changed; nil takes
// one away.
func (p *provider) claims(changes map[string]any) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{
		"iss": p.server.URL, "aud": "tizilim", "azp": "portal", "sub": "desk-7", "jti": "t-1", "roles": []string{"operator"},
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, v := range changes {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return c
}

// sign makes a token; header changes its header.
func (s signer) sign(t testing.TB, c jwt.MapClaims, header map[string]any) string {
	t.Helper()
	made := jwt.NewWithClaims(s.method, c)
	made.Header["kid"] = s.id
	for name, v := range header {
		if made.Header[name] = v; v == nil {
			delete(made.Header, name)
		}
	}
	text, err := made.SignedString(s.private)
	must(t, err)
	return text
}

func verify(i *oidc.Issuer, text string) (token.Verified, error) {
	return i.Verify(context.Background(), text, time.Now())
}

func accepted(t testing.TB, i *oidc.Issuer, text string) token.Verified {
	t.Helper()
	v, err := verify(i, text)
	if err != nil {
		t.Errorf("refused: %v", err)
	}
	return v
}

func refused(t testing.TB, i *oidc.Issuer, text string, why token.Reason) {
	t.Helper()
	_, err := verify(i, text)
	var r *token.Refused
	if !errors.As(err, &r) || r.Reason != why {
		t.Errorf("got %v, want a refusal: %s", err, why)
	}
}

// newServer returns the address of a server that ends with the test.
func newServer(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func jose64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
