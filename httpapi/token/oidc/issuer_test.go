package oidc_test

import (
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
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

func TestTokensOfEveryAlgorithmWithTwoKeysAreAccepted(t *testing.T) {
	p := start(t)
	signers := []signer{
		rs256("rs256", 0), {"rs512", jwt.SigningMethodRS512, rsaKeys()[0]}, {"ps256", jwt.SigningMethodPS256, rsaKeys()[0]},
		elliptical(t, "es256", jwt.SigningMethodES256, elliptic.P256()),
		elliptical(t, "es384", jwt.SigningMethodES384, elliptic.P384()),
		elliptical(t, "es512", jwt.SigningMethodES512, elliptic.P521()),
		edwards(t, "eddsa"),
	}
	for _, s := range signers {
		p.keys = append(p.keys, s.jwk())
	}
	i := p.ready(nil)
	for _, s := range signers {
		t.Run(s.id, func(t *testing.T) {
			v := accepted(t, i, s.sign(t, p.claims(nil), nil))
			if v.Account != "idp.desk-7" || v.Role != domain.RoleOperator || v.ID != "t-1" {
				t.Errorf("it names %+v", v)
			}
		})
	}
}

func TestATokenIsRefusedUnlessAllOfItIsAsItMustBe(t *testing.T) {
	p := start(t)
	good, other := rs256("good", 0), rs256("good", 1)
	encrypting, short, unnamed := rs256("encrypting", 1).jwk(), rs256("short", 2), rs256("", 1)
	encrypting.Use = "enc"
	pinned := rs256("pinned", 1).jwk()
	pinned.Algorithm = "PS256"
	curve := elliptical(t, "curve", jwt.SigningMethodES256, elliptic.P384())
	p.keys = []jose.JSONWebKey{
		good.jwk(), encrypting, short.jwk(), unnamed.jwk(), pinned, curve.jwk(),
		{Key: []byte("a secret that both have, of 32 by"), KeyID: "shared", Use: "sig"},
		other.jwk(), // under an id that is taken
	}
	i := p.ready(nil)
	now := time.Now()
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	sign := func(changes map[string]any) string { return good.sign(t, p.claims(changes), nil) }
	header := func(changes map[string]any) string { return good.sign(t, p.claims(nil), changes) }
	der, err := x509.MarshalPKIXPublicKey(good.private.Public())
	must(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	symmetric := func(key any, id string) string {
		made := jwt.NewWithClaims(jwt.SigningMethodHS256, p.claims(nil))
		made.Header["kid"] = id
		text, err := made.SignedString(key)
		must(t, err)
		return text
	}
	none := jwt.NewWithClaims(jwt.SigningMethodNone, p.claims(nil))
	none.Header["kid"] = good.id
	unsigned, err := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	must(t, err)
	whole := sign(nil)
	accepted(t, i, whole) // what the others differ from

	for what, c := range map[string]struct {
		text string
		why  token.Reason
	}{
		"alg none":                        {unsigned, token.BadSignature},
		"HS256 with the public key":       {symmetric(public, good.id), token.BadSignature},
		"HS256 with the DER":              {symmetric(der, good.id), token.BadSignature},
		"HS256 with a key of the set":     {symmetric([]byte("a secret that both have, of 32 by"), "shared"), token.BadSignature},
		"another key under this id":       {other.sign(t, p.claims(nil), nil), token.BadSignature},
		"a key for encryption":            {rs256("encrypting", 1).sign(t, p.claims(nil), nil), token.UnknownKey},
		"a short key":                     {short.sign(t, p.claims(nil), nil), token.UnknownKey},
		"no key id":                       {header(map[string]any{"kid": nil}), token.UnknownKey},
		"an empty key id":                 {unnamed.sign(t, p.claims(nil), nil), token.UnknownKey},
		"a key id that is no text":        {header(map[string]any{"kid": 7}), token.UnknownKey},
		"an algorithm the key has not":    {rs256("pinned", 1).sign(t, p.claims(nil), nil), token.WrongAlgorithm},
		"a curve that is not ES256's":     {curveless(t, p, curve), token.WrongAlgorithm},
		"a key in its header":             {other.sign(t, p.claims(nil), map[string]any{"jwk": other.jwk(), "kid": "new"}), token.UnknownKey},
		"an address of keys":              {other.sign(t, p.claims(nil), map[string]any{"jku": p.server.URL, "kid": "new"}), token.UnknownKey},
		"a demanded extension":            {header(map[string]any{"crit": []string{"b64"}}), token.CriticalUnknown},
		"a logout token":                  {header(map[string]any{"typ": "logout+jwt"}), token.Malformed},
		"a type that is no text":          {header(map[string]any{"typ": 7}), token.Malformed},
		"a cut signature":                 {whole[:len(whole)-2], token.BadSignature},
		"another issuer":                  {sign(map[string]any{"iss": p.server.URL + "/"}), token.UnknownIssuer},
		"no issuer":                       {sign(map[string]any{"iss": nil}), token.BadClaims},
		"another audience":                {sign(map[string]any{"aud": "portal"}), token.OtherAudience},
		"no audience":                     {sign(map[string]any{"aud": nil}), token.BadClaims},
		"another client":                  {sign(map[string]any{"azp": "game"}), token.OtherParty},
		"no client":                       {sign(map[string]any{"azp": nil}), token.OtherParty},
		"a client that is no text":        {sign(map[string]any{"azp": []string{"portal"}, "client_id": "portal"}), token.OtherParty},
		"expired":                         {sign(map[string]any{"exp": at(-time.Minute)}), token.Expired},
		"no expiry":                       {sign(map[string]any{"exp": nil}), token.BadClaims},
		"an expiry that is a text":        {sign(map[string]any{"exp": "tomorrow"}), token.BadClaims},
		"not yet valid":                   {sign(map[string]any{"nbf": at(time.Minute)}), token.NotYetValid},
		"issued in the future":            {sign(map[string]any{"iat": at(time.Minute)}), token.NotYetValid},
		"issued more than a day ago":      {sign(map[string]any{"iat": at(-24*time.Hour - time.Minute)}), token.TooOld},
		"issued before all time":          {sign(map[string]any{"iat": 0}), token.BadClaims},
		"an expiry after all time":        {sign(map[string]any{"exp": int64(1) << 41}), token.BadClaims},
		"no instant of issue":             {sign(map[string]any{"iat": nil}), token.BadClaims},
		"bound to a key of the holder":    {sign(map[string]any{"cnf": map[string]any{"jkt": "x"}}), token.BoundToKey},
		"no role":                         {sign(map[string]any{"roles": nil}), token.NoRole},
		"an unknown role":                 {sign(map[string]any{"roles": []string{"minister"}}), token.NoRole},
		"two roles":                       {sign(map[string]any{"roles": []string{"operator", "citizen"}, "iin": iin}), token.NoRole},
		"no account":                      {sign(map[string]any{"sub": nil}), token.BadClaims},
		"an account that is an IIN":       {sign(map[string]any{"sub": iin}), token.BadClaims},
		"an account that is an address":   {sign(map[string]any{"sub": "a@b.example"}), token.BadClaims},
		"a citizen without an IIN":        {sign(map[string]any{"roles": []string{"citizen"}}), token.BadClaims},
		"a citizen with a wrong IIN":      {sign(map[string]any{"roles": []string{"citizen"}, "iin": "999999000013"}), token.BadClaims},
		"a citizen whose IIN is a number": {sign(map[string]any{"roles": []string{"citizen"}, "iin": 999999000012}), token.BadClaims},
	} {
		t.Run(what, func(t *testing.T) { refused(t, i, c.text, c.why) })
	}
	if n := p.fetched(); n != 1 {
		t.Errorf("bad tokens had the keys fetched %d times", n)
	}
}

// curveless signs by a key of P-384 under the name ES256.
func curveless(t *testing.T, p *provider, s signer) string {
	t.Helper()
	made := jwt.NewWithClaims(jwt.SigningMethodES256, p.claims(nil))
	made.Header["kid"] = s.id
	text, err := made.SigningString()
	must(t, err)
	return text + "." + strings.Repeat("A", 86)
}

func TestTheClockOfAnIssuerMayDifferByTheSkew(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	i := p.ready(map[string]any{"skew": "2m", "max_age": "1h"})
	now := time.Now().Truncate(time.Second)
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, c := range []struct {
		what   string
		claims map[string]any
		why    token.Reason // empty: accepted
	}{
		{"issued 119 s ahead", map[string]any{"iat": at(119 * time.Second)}, ""},
		{"issued 121 s ahead", map[string]any{"iat": at(121 * time.Second)}, token.NotYetValid},
		{"expired 119 s ago", map[string]any{"exp": at(-119 * time.Second)}, ""},
		{"expired 120 s ago", map[string]any{"exp": at(-120 * time.Second)}, token.Expired},
		{"issued 61 min 59 s ago", map[string]any{"iat": at(-62*time.Minute + time.Second)}, ""},
		{"issued 62 min ago", map[string]any{"iat": at(-62 * time.Minute)}, token.TooOld},
	} {
		v, err := i.Verify(context.Background(), s.sign(t, p.claims(c.claims), nil), now)
		var r *token.Refused
		switch {
		case c.why == "" && err != nil:
			t.Errorf("%s: %v", c.what, err)
		case c.why == "" && (!now.Before(v.Until) || v.Skew != 2*time.Minute):
			t.Errorf("%s: accepted until %s, skew %s", c.what, v.Until, v.Skew)
		case c.why != "" && (!errors.As(err, &r) || r.Reason != c.why):
			t.Errorf("%s: got %v, want %s", c.what, err, c.why)
		}
	}
}

func TestAnIssuerThatDoesNotAnswerIsToldAndWaitedFor(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys, p.down = []jose.JSONWebKey{s.jwk()}, true
	i, log := p.run(p.config(), timing)
	until(t, "it is told", func() bool { return strings.Contains(log.String(), "does not give its keys") })
	text := s.sign(t, p.claims(nil), nil)
	_, err := verify(i, text)
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.Unavailable || e.Code != domain.CodeIssuerAway {
		t.Fatalf("got %v", err)
	}
	p.change(func() { p.down = false })
	until(t, "the token is accepted", func() bool { _, err := verify(i, text); return err == nil })
	if n := strings.Count(log.String(), "does not give its keys"); n != 1 {
		t.Errorf("told %d times:\n%s", n, log)
	}
	if !strings.Contains(log.String(), "the keys of the identity provider are known") {
		t.Errorf("its answer is not told:\n%s", log)
	}
}

func TestKeysAreUsedForALimitedTimeWithoutTheIssuer(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	short := timing
	short.Refresh, short.Keep = time.Millisecond, 300*time.Millisecond
	i, _ := p.run(p.config(), short)
	until(t, "the keys are known", func() bool { return i.Epoch() > 0 })
	text := s.sign(t, p.claims(nil), nil)
	p.change(func() { p.down = true })
	before := i.Epoch()
	accepted(t, i, text)
	until(t, "the keys are given up", func() bool { _, err := verify(i, text); return err != nil })
	if i.Epoch() == before {
		t.Error("remembered tokens would stay")
	}
	p.change(func() { p.down = false })
	until(t, "they are back", func() bool { _, err := verify(i, text); return err == nil })
}

func TestKeysRotate(t *testing.T) {
	p := start(t)
	former, next := rs256("former", 0), rs256("next", 1)
	p.keys = []jose.JSONWebKey{former.jwk()}
	quick := timing
	quick.Pause = 0
	i, _ := p.run(p.config(), quick)
	until(t, "the keys are known", func() bool { return i.Epoch() > 0 })
	old, fresh := former.sign(t, p.claims(nil), nil), next.sign(t, p.claims(nil), nil)
	accepted(t, i, old)

	p.change(func() { p.keys = []jose.JSONWebKey{next.jwk(), former.jwk()} })
	accepted(t, i, fresh) // an unknown key: fetched at once
	accepted(t, i, old)

	before := i.Epoch()
	p.change(func() { p.keys = []jose.JSONWebKey{next.jwk()} })
	refused(t, i, rs256("unknown", 1).sign(t, p.claims(nil), nil), token.UnknownKey)
	refused(t, i, old, token.UnknownKey)
	accepted(t, i, fresh)
	if i.Epoch() == before {
		t.Error("tokens of the former key that are remembered would stay accepted")
	}
	before = i.Epoch()
	refused(t, i, rs256("unknown", 1).sign(t, p.claims(nil), nil), token.UnknownKey)
	if i.Epoch() != before {
		t.Error("the same keys again make every remembered token be verified again")
	}
}

func TestKeysThatGoAreNoticedWithoutAnUnknownOne(t *testing.T) {
	for name, c := range map[string]struct {
		next signer
		code token.Reason
	}{
		"another key comes":              {rs256("next", 1), token.UnknownKey},
		"another key comes under its id": {rs256("former", 1), token.BadSignature},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			former := rs256("former", 0)
			p.keys = []jose.JSONWebKey{former.jwk()}
			often := timing
			often.Refresh = 5 * time.Millisecond
			i, _ := p.run(p.config(), often)
			until(t, "the keys are known", func() bool { return i.Epoch() > 0 })
			before := i.Epoch()
			p.change(func() { p.keys = []jose.JSONWebKey{c.next.jwk()} })
			until(t, "the new key is accepted", func() bool {
				_, err := verify(i, c.next.sign(t, p.claims(nil), nil))
				return err == nil
			})
			refused(t, i, former.sign(t, p.claims(nil), nil), c.code)
			if i.Epoch() == before {
				t.Error("tokens of the former key that are remembered would stay accepted")
			}
		})
	}
}

func TestAFloodOfUnknownKeysHasThemFetchedOnce(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	paused := timing
	paused.Pause = 100 * time.Millisecond
	i, _ := p.run(p.config(), paused)
	until(t, "the keys are known", func() bool { return i.Epoch() > 0 })
	text := s.sign(t, p.claims(nil), nil)
	parts := strings.SplitN(text, ".", 2)
	time.Sleep(paused.Pause) // the first fetch counts too
	began, before := time.Now(), p.fetched()
	var work sync.WaitGroup
	for n := range 8 {
		work.Go(func() {
			for m := range 500 {
				head, err := json.Marshal(map[string]any{"alg": "RS256", "kid": fmt.Sprint("unknown ", n, m)})
				if err != nil {
					t.Error(err)
				}
				refused(t, i, jose64(head)+"."+parts[1], token.UnknownKey)
			}
		})
	}
	work.Wait()
	took := time.Since(began)
	if n := p.fetched() - before; n < 1 || n > 1+int(took/paused.Pause) {
		t.Errorf("4,000 tokens with unknown keys had them fetched %d times in %s", n, took)
	}
	accepted(t, i, text)
}

func TestAnIssuerThatIsSlowHoldsFewRequests(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	p.keys = []jose.JSONWebKey{s.jwk()}
	quick := timing
	quick.Pause, quick.Patience = 0, time.Minute
	i, _ := p.run(p.config(), quick)
	until(t, "the keys are known", func() bool { return i.Epoch() > 0 })
	p.mu.Lock() // the provider answers nobody
	unlock := sync.OnceFunc(p.mu.Unlock)
	defer unlock()
	done := make(chan error, 200)
	unknown := rs256("unknown", 1).sign(t, p.claims(nil), nil)
	for range 200 {
		go func() { _, err := verify(i, unknown); done <- err }()
	}
	tooLate := time.After(4 * time.Second) // a second before the fetch is given up
	for n := range 200 - 32 {
		select {
		case <-done:
		case <-tooLate:
			t.Fatalf("only %d of 200 requests were refused at once", n)
		}
	}
	unlock()
	for range 32 {
		<-done
	}
}

func TestKeysOfAnotherOrABrokenIssuerAreNotTaken(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*provider)
		says   string
	}{
		"the document names another issuer": {
			func(p *provider) { p.document["issuer"] = "https://idp.example" }, "did not match",
		},
		"the keys are at an unsafe address": {
			func(p *provider) { p.document["jwks_uri"] = "http://idp.example/keys" }, "must begin with https://",
		},
		"the document names no keys": {func(p *provider) { delete(p.document, "jwks_uri") }, "not an address"},
		"the keys are no JSON":       {func(p *provider) { p.raw = "<html>" }, "not a JWK Set"},
		"no key can sign": {
			func(p *provider) { p.raw = `{"keys":[{"kty":"oct","kid":"a","k":"AAAA"},{"kty":"new"}]}` }, "no key can sign",
		},
		"the answer is endless": {
			func(p *provider) { p.raw = `{"keys":[{"kty":"` + strings.Repeat("x", 1<<20) + `"}]}` }, "too large",
		},
		"the keys are behind another server": {
			func(p *provider) { p.document["jwks_uri"] = redirect(p) }, "answered with 302",
		},
	} {
		t.Run(what, func(t *testing.T) {
			p := start(t)
			p.keys = []jose.JSONWebKey{rs256("a", 0).jwk()}
			c.change(p)
			i, log := p.run(p.config(), timing)
			until(t, "it is told", func() bool { return strings.Contains(log.String(), "does not give its keys") })
			if !strings.Contains(log.String(), c.says) {
				t.Errorf("the log does not say %q:\n%s", c.says, log)
			}
			if _, err := verify(i, rs256("a", 0).sign(t, p.claims(nil), nil)); err == nil {
				t.Error("a token was accepted")
			}
		})
	}
}

// redirect returns the address of a server that leads to the keys of the provider.
func redirect(p *provider) string {
	to := p.server.URL + "/keys"
	other := newServer(p.t, http.RedirectHandler(to, http.StatusFound))
	return other + "/keys"
}

func TestAProviderMayHaveKeysThatAreOfNoUseToUs(t *testing.T) {
	p := start(t)
	s := rs256("a", 0)
	key, err := json.Marshal(s.jwk())
	must(t, err)
	p.raw = `{"keys":[{"kty":"AKP","alg":"ML-DSA-65","kid":"later","pub":"x"},{"kty":"oct","kid":"a","k":"AAAA"},` +
		string(key) + `]}`
	accepted(t, p.ready(nil), s.sign(t, p.claims(nil), nil))
}

func BenchmarkVerify(b *testing.B) {
	p := start(b)
	s := rs256("a", 0)
	es := elliptical(b, "e", jwt.SigningMethodES256, elliptic.P256())
	p.keys = []jose.JSONWebKey{s.jwk(), es.jwk()}
	i := p.ready(nil)
	checker, err := token.NewChecker(map[string]token.Source{p.server.URL: i}, nil)
	must(b, err)
	for _, s := range []signer{s, es} {
		text := s.sign(b, p.claims(nil), nil)
		b.Run(s.method.Alg(), func(b *testing.B) {
			for b.Loop() {
				if _, err := verify(i, text); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(s.method.Alg()+" remembered", func(b *testing.B) {
			for b.Loop() {
				if _, err := checker.Check(context.Background(), text, time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("unknown key", func(b *testing.B) {
		text := rs256("unknown", 1).sign(b, p.claims(nil), nil)
		for b.Loop() {
			if _, err := verify(i, text); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}

var _ token.Source = (*oidc.Issuer)(nil)
