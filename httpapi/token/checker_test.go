package token_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tizilim/httpapi/token"
)

// counted counts how often tokens are verified.
type counted struct {
	*token.Issuer
	verified atomic.Int64
}

func (c *counted) Verify(ctx context.Context, text string, now time.Time) (token.Verified, error) {
	c.verified.Add(1)
	return c.Issuer.Verify(ctx, text, now)
}

func TestATokenIsVerifiedOnceUntilItExpiresOrAKeyGoes(t *testing.T) {
	former, next := key(t, 1), key(t, 2)
	source := &counted{Issuer: issuer(t, former)}
	c := checker(t, source, nil)
	text := issue(t, source.Issuer, desk)
	ask := func(at time.Time) error {
		t.Helper()
		p, err := c.Check(ctx, text, at)
		if err == nil && p != desk {
			t.Errorf("it names %+v", p)
		}
		return err
	}
	for range 3 {
		must(t, ask(noon))
	}
	must(t, ask(noon.Add(time.Hour-1)))
	if n := source.verified.Load(); n != 1 {
		t.Errorf("verified %d times, want once", n)
	}
	must(t, source.Use(next, former))
	must(t, ask(noon))
	if n := source.verified.Load(); n != 2 {
		t.Errorf("verified %d times, want again after the keys changed", n)
	}
	refused(t, ask(noon.Add(time.Hour)), token.Expired)
	must(t, ask(noon))
	must(t, source.Use(next))
	refused(t, ask(noon), token.UnknownKey)
}

func TestABadTokenIsNotRemembered(t *testing.T) {
	source := &counted{Issuer: issuer(t, key(t, 1))}
	c := checker(t, source, nil)
	text := issue(t, source.Issuer, desk)
	forged := text[:len(text)-20] + strings.Repeat("A", 20)
	for range 2 {
		_, err := c.Check(ctx, forged, noon)
		refused(t, err, token.BadSignature)
	}
	if n := source.verified.Load(); n != 2 {
		t.Errorf("verified %d times", n)
	}
}

func TestATokenGoesToItsIssuerOnly(t *testing.T) {
	i := issuer(t, key(t, 1))
	text := issue(t, i, desk)
	none, err := token.NewChecker(nil, nil)
	must(t, err)
	_, err = none.Check(ctx, text, noon)
	refused(t, err, token.LocalOff)
	other, err := token.NewChecker(map[string]token.Source{"https://idp.example": i}, nil)
	must(t, err)
	_, err = other.Check(ctx, text, noon)
	refused(t, err, token.LocalOff)

	c := checker(t, i, nil)
	for text, why := range map[string]token.Reason{
		"":                               token.Malformed,
		"a":                              token.Malformed,
		"a.b":                            token.Malformed,
		"a.!.c":                          token.Malformed,
		"a.e30.c":                        token.UnknownIssuer, // {}
		"a.bm9uZQ.c":                     token.Malformed,     // none
		strings.Repeat("a", 8<<10):       token.Malformed,
		strings.Repeat("a", 8<<10) + "a": token.TooLong,
	} {
		_, err := c.Check(ctx, text, noon)
		refused(t, err, why)
	}
}

func TestARefusalRepeatsNothingOfTheToken(t *testing.T) {
	c := checker(t, issuer(t, key(t, 1)), nil)
	// {"alg":"EdDSA"} and {"iss":"tizilim","exp":999999000012,"sub":999999000012}
	text := "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJ0aXppbGltIiwiZXhwIjo5OTk5OTkwMDAwMTIsInN1YiI6OTk5OTk5MDAwMDEyfQ.AAAA"
	_, err := c.Check(ctx, text, noon)
	refused(t, err, token.Malformed)
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "999999000012") {
		t.Errorf("the refusal repeats the IIN: %v", err)
	}
}

// BenchmarkCheck is what a request costs: the first one with a token, and the next ones.
func BenchmarkCheck(b *testing.B) {
	i := issuer(b, key(b, 1))
	text := issue(b, i, desk)
	c := checker(b, i, token.NewRevocations(nil, quiet))
	b.Run("Ed25519", func(b *testing.B) {
		for b.Loop() {
			if _, err := i.Verify(ctx, text, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("remembered", func(b *testing.B) {
		r := token.NewRevocations(&revoked{}, quiet)
		must(b, r.ReadOn(ctx))
		c = checker(b, i, r)
		for b.Loop() {
			if _, err := c.Check(ctx, text, noon); err != nil {
				b.Fatal(err)
			}
		}
	})
}
