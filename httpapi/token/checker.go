package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"tizilim/domain"
)

const (
	// maxTokenBytes bounds a token. Those of identity providers with many claims have
	// some 3,000 bytes.
	maxTokenBytes = 8 << 10
	// tokensCached bounds how many verified tokens are remembered, of about 300 bytes
	// each.
	tokensCached = 10_000
)

// Checker accepts the tokens of several issuers. It remembers verified tokens by their
// hash until they expire, because a client sends the same token with every request. It
// asks for revocations every time. It is safe for concurrent use.
type Checker struct {
	sources     map[string]Source // by "iss"
	revocations *Revocations
	identities  Identities // nil: each id means itself
	verified    *lru.Cache[[sha256.Size]byte, remembered]
}

// Identities says whom an id of a person means: that of an IIN which was given to a person who
// had another id, or of a record that was merged into another one, leads to that person.
type Identities interface {
	WhoIs(ctx context.Context, id domain.PersonID) domain.PersonID
}

// remembered is a verified token, and by which source in which epoch it was verified.
type remembered struct {
	Verified
	source Source
	epoch  uint64
}

// NewChecker returns a Checker of the sources by the "iss" of their tokens. Without
// revocations, which may be nil, no token is revoked.
func NewChecker(sources map[string]Source, revocations *Revocations) (*Checker, error) {
	verified, err := lru.New[[sha256.Size]byte, remembered](tokensCached)
	return &Checker{sources: sources, revocations: revocations, verified: verified}, err
}

// Identify has the checker say by i whom tokens mean. It is called before the first Check.
func (c *Checker) Identify(i Identities) { c.identities = i }

// Check returns whom the token names at the instant.
//
// Errors: [*Refused]; [*StepUp] where the holder can sign in again in a stronger way; an
// Unavailable [*domain.Error] where the token cannot be checked now.
func (c *Checker) Check(ctx context.Context, token string, now time.Time) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, refuse(TooLong)
	}
	hash := sha256.Sum256([]byte(token))
	v, known := c.verified.Get(hash)
	if !known || v.source.Epoch() != v.epoch || !now.Before(v.Until) {
		var err error
		if v, err = c.verify(ctx, token, now); err != nil {
			c.verified.Remove(hash)
			return Principal{}, err
		}
		c.verified.Add(hash, v)
	}
	if c.revocations != nil {
		if err := c.revocations.check(v.Verified); err != nil {
			return Principal{}, err
		}
	}
	return c.identified(ctx, v.Verified)
}

// identified returns whom the token means. A token with an older IIN is also refused where the
// tokens of the person are revoked.
func (c *Checker) identified(ctx context.Context, v Verified) (Principal, error) {
	if c.identities == nil || v.PersonID.IsZero() {
		return v.Principal, nil
	}
	id := c.identities.WhoIs(ctx, v.PersonID)
	if id == v.PersonID {
		return v.Principal, nil
	}
	v.PersonID = id
	if !v.IsCitizen() {
		return v.Principal, nil
	}
	v.Account = id.String()
	if c.revocations != nil {
		if err := c.revocations.check(v); err != nil {
			return Principal{}, err
		}
	}
	return v.Principal, nil
}

func (c *Checker) verify(ctx context.Context, token string, now time.Time) (remembered, error) {
	iss, ok := issuerOf(token)
	if !ok {
		return remembered{}, refuse(Malformed)
	}
	source, known := c.sources[iss]
	switch {
	case !known && iss == LocalIssuer:
		return remembered{}, refuse(LocalOff)
	case !known:
		return remembered{}, refuse(UnknownIssuer)
	}
	epoch := source.Epoch() // before the keys are used: a change meanwhile must not be missed
	v, err := source.Verify(ctx, token, now)
	return remembered{v, source, epoch}, err
}

// issuerOf returns the issuer that the token names. Nothing has been verified: it only
// says by whose keys the token must be verified.
func issuerOf(token string) (iss string, ok bool) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, ok := strings.Cut(rest, ".")
	if !ok {
		return "", false
	}
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return "", false
	}
	var c struct {
		Issuer string `json:"iss"`
	}
	return c.Issuer, json.Unmarshal(text, &c) == nil
}
