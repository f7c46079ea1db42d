package token_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tizilim/httpapi/token"
)

// forger signs whatever it is told to with the key of the seed: what somebody could make
// who got hold of it, or of its public half.
type forger struct {
	t    *testing.T
	seed byte
}

func (f forger) private() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{f.seed}, ed25519.SeedSize))
}

// sign makes a token of an operator that is accepted at noon, with these claims and members
// of its header changed; nil takes one away.
func (f forger) sign(method jwt.SigningMethod, by any, claims, header map[string]any) string {
	f.t.Helper()
	c := jwt.MapClaims{
		"iss": token.LocalIssuer, "sub": "desk-7", "role": "operator", "jti": "a token",
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
	made := jwt.NewWithClaims(method, c)
	made.Header["kid"] = key(f.t, f.seed).ID()
	change(c, claims)
	change(made.Header, header)
	text, err := made.SignedString(by)
	must(f.t, err)
	return text
}

// change sets members; nil takes one away.
func change(members, changes map[string]any) {
	for name, v := range changes {
		if members[name] = v; v == nil {
			delete(members, name)
		}
	}
}

func (f forger) with(claims map[string]any) string {
	f.t.Helper()
	return f.sign(jwt.SigningMethodEdDSA, f.private(), claims, nil)
}

func (f forger) header(members map[string]any) string {
	f.t.Helper()
	return f.sign(jwt.SigningMethodEdDSA, f.private(), nil, members)
}

func TestATokenOfTheRegistryIsRefusedUnlessAllOfItIsAsItMustBe(t *testing.T) {
	f, stranger := forger{t, 1}, forger{t, 2}
	i := issuer(t, key(t, 1))
	if v, err := i.Verify(ctx, f.with(nil), noon); err != nil || v.Principal != desk {
		t.Fatalf("what the others differ from names %+v, %v", v, err)
	}
	at := func(d time.Duration) int64 { return noon.Add(d).Unix() }
	citizen := func(claims map[string]any) map[string]any {
		all := map[string]any{"role": "citizen", "sub": person.PersonID.String()}
		change(all, claims)
		return all
	}
	if _, err := i.Verify(ctx, f.with(citizen(nil)), noon); err != nil {
		t.Fatal(err)
	}
	public := []byte(f.private().Public().(ed25519.PublicKey))
	for what, c := range map[string]struct {
		text string
		why  token.Reason
	}{
		"alg none": {
			f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil), token.BadSignature,
		},
		"HS256 with the public key":  {f.sign(jwt.SigningMethodHS256, public, nil, nil), token.BadSignature},
		"another key under this id":  {f.sign(jwt.SigningMethodEdDSA, stranger.private(), nil, nil), token.BadSignature},
		"another key":                {stranger.with(nil), token.UnknownKey},
		"no key id":                  {f.header(map[string]any{"kid": nil}), token.UnknownKey},
		"an empty key id":            {f.header(map[string]any{"kid": ""}), token.UnknownKey},
		"a demanded extension":       {f.header(map[string]any{"crit": []string{"b64"}}), token.CriticalUnknown},
		"a token of another kind":    {f.header(map[string]any{"typ": "logout+jwt"}), token.Malformed},
		"another issuer":             {f.with(map[string]any{"iss": "https://idp.example"}), token.UnknownIssuer},
		"no issuer":                  {f.with(map[string]any{"iss": nil}), token.BadClaims},
		"no expiry":                  {f.with(map[string]any{"exp": nil}), token.BadClaims},
		"expires at this instant":    {f.with(map[string]any{"exp": at(0)}), token.Expired},
		"valid in a second":          {f.with(map[string]any{"nbf": at(time.Second)}), token.NotYetValid},
		"issued in a second":         {f.with(map[string]any{"iat": at(time.Second)}), token.NotYetValid},
		"no instant of issue":        {f.with(map[string]any{"iat": nil}), token.BadClaims},
		"no id":                      {f.with(map[string]any{"jti": nil}), token.BadClaims},
		"lives a day and a second":   {f.with(map[string]any{"exp": at(24*time.Hour + time.Second)}), token.TooOld},
		"no role":                    {f.with(map[string]any{"role": nil}), token.BadClaims},
		"an unknown role":            {f.with(map[string]any{"role": "minister"}), token.BadClaims},
		"the registry itself":        {f.with(map[string]any{"role": "system"}), token.BadClaims},
		"no account":                 {f.with(map[string]any{"sub": nil}), token.BadClaims},
		"an account with an IIN":     {f.with(map[string]any{"sub": "desk-999999000012"}), token.BadClaims},
		"a citizen who is no person": {f.with(citizen(map[string]any{"sub": "somebody"})), token.BadClaims},
		"a citizen who is the zero person": {
			f.with(citizen(map[string]any{"sub": "00000000-0000-0000-0000-000000000000"})), token.BadClaims,
		},
		"a citizen whose id is written otherwise": {
			f.with(citizen(map[string]any{"sub": "urn:uuid:" + person.PersonID.String()})), token.BadClaims,
		},
		"a citizen who is two persons": {
			f.with(citizen(map[string]any{"person": person.PersonID.String()})), token.BadClaims,
		},
		"a citizen who acts for a body": {
			f.with(citizen(map[string]any{"body": person.PersonID.String()})), token.BadClaims,
		},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := i.Verify(ctx, c.text, noon)
			refused(t, err, c.why)
		})
	}
}

func TestATokenIsIssuedOnlyForWhomItWouldBeAccepted(t *testing.T) {
	i := issuer(t, key(t, 1))
	bodied := person
	bodied.BodyID.UUID = person.PersonID.UUID
	for what, p := range map[string]token.Principal{
		"no role":                  {Account: "desk-7"},
		"a role that is unknown":   {Role: "minister", Account: "desk-7"},
		"a citizen without person": {Role: person.Role},
		"a citizen with a body":    bodied,
		"staff without an account": {Role: desk.Role},
		"an account with an IIN":   {Role: desk.Role, Account: "desk-999999000012"},
	} {
		if text, err := i.Issue(p, noon, time.Hour); err == nil {
			t.Errorf("%s: issued %s", what, text)
		}
	}
}

// rotating is an issuer whose keys change while a token is verified.
type rotating struct {
	*token.Issuer
	rotate func()
}

func (r rotating) Verify(ctx context.Context, text string, now time.Time) (token.Verified, error) {
	v, err := r.Issuer.Verify(ctx, text, now)
	r.rotate()
	return v, err
}

func TestAKeyThatGoesWhileItsTokenIsVerifiedIsNotMissed(t *testing.T) {
	former, next := key(t, 1), key(t, 2)
	i := issuer(t, former)
	source := rotating{i, func() { must(t, i.Use(next)) }}
	text := issue(t, i, desk)
	c := checker(t, source, nil)
	_, err := c.Check(ctx, text, noon)
	must(t, err) // it was right when it was verified
	_, err = c.Check(ctx, text, noon)
	refused(t, err, token.UnknownKey)
}
