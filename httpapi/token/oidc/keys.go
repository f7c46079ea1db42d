package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	coreos "github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	// fetchTimeout bounds one request to an issuer.
	fetchTimeout = 5 * time.Second
	// largestAnswer bounds what an issuer may answer.
	largestAnswer = 1 << 20
	// leastRSA is the least length of an RSA key, in bits.
	leastRSA = 2048
)

// key is a public key of an issuer.
type key struct {
	public     any
	algorithms []string // by which it may sign
}

// keySet are the keys of an issuer by their id.
type keySet map[string]key

// same reports whether both have the same keys.
func (s keySet) same(other keySet) bool {
	return maps.EqualFunc(s, other, func(a, b key) bool {
		public, ok := a.public.(interface{ Equal(crypto.PublicKey) bool })
		return ok && public.Equal(b.public) && slices.Equal(a.algorithms, b.algorithms)
	})
}

// fetchKeys asks the issuer where its keys are, and gets them.
func fetchKeys(ctx context.Context, client *http.Client, issuer string) (keySet, error) {
	provider, err := coreos.NewProvider(coreos.ClientContext(ctx, client), issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	var found struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&found); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if err := safeAddress(found.Keys); err != nil {
		return nil, fmt.Errorf("discovery: jwks_uri: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, found.Keys, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the keys are answered with %d", response.StatusCode)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	return parseKeys(text)
}

// parseKeys reads a JWK Set. It leaves out keys that cannot sign tokens for us: of other
// kinds and uses, without an id, symmetric or too short.
func parseKeys(text []byte) (keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("the keys are not a JWK Set")
	}
	keys := keySet{}
	for _, text := range set.Keys {
		var jwk jose.JSONWebKey
		if err := json.Unmarshal(text, &jwk); err != nil { // a kind that go-jose does not know (RFC 7517, 5)
			continue
		}
		algorithms := algorithmsOf(jwk)
		if jwk.KeyID == "" || jwk.Use != "" && jwk.Use != "sig" || len(algorithms) == 0 {
			continue
		}
		if _, twice := keys[jwk.KeyID]; !twice { // the first one is taken, whichever it is for the issuer
			keys[jwk.KeyID] = key{jwk.Key, algorithms}
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no key can sign a token: they need an id, the use sig, and 2,048 bits where they are RSA")
	}
	return keys, nil
}

// algorithmsOf returns the algorithms by which the key may sign; none where it must not.
func algorithmsOf(jwk jose.JSONWebKey) (algorithms []string) {
	switch public := jwk.Key.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() >= leastRSA {
			algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		}
	case *ecdsa.PublicKey:
		switch public.Curve.Params().BitSize {
		case 256:
			algorithms = []string{"ES256"}
		case 384:
			algorithms = []string{"ES384"}
		case 521:
			algorithms = []string{"ES512"}
		}
	case ed25519.PublicKey:
		algorithms = []string{"EdDSA"}
	}
	if jwk.Algorithm != "" {
		algorithms = slices.DeleteFunc(algorithms, func(a string) bool { return a != jwk.Algorithm })
	}
	return algorithms
}

// newClient is how an issuer is asked: in bounded time, for bounded answers, and where
// its configuration says, since a redirect could lead to other keys.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &http.Client{
		Timeout: fetchTimeout, Transport: bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded bounds the answers of a transport.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, largestAnswer)
	}
	return response, err
}
