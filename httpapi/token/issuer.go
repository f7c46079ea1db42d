package token

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"tizilim/domain"
)

// LocalIssuer is the "iss" of the tokens that the registry issues itself.
const LocalIssuer = "tizilim"

// Issuer issues the registry's own tokens and verifies them. It is safe for concurrent
// use.
type Issuer struct {
	maxLifetime time.Duration
	keys        atomic.Pointer[[]*Key]
	epoch       atomic.Uint64
}

// NewIssuer makes an Issuer whose tokens live no longer than maxLifetime. It signs with
// the first key, and accepts tokens that any of the keys has signed.
func NewIssuer(maxLifetime time.Duration, keys ...*Key) (*Issuer, error) {
	i := &Issuer{maxLifetime: maxLifetime}
	return i, i.Use(keys...)
}

// Use replaces the keys. Tokens of a key that is no longer among them are refused from
// now on.
func (i *Issuer) Use(keys ...*Key) error {
	if len(keys) == 0 {
		return errors.New("an issuer of tokens needs a key")
	}
	keys = slices.Clone(keys)
	i.keys.Store(&keys)
	i.epoch.Add(1)
	return nil
}

// Epoch implements [Source].
func (i *Issuer) Epoch() uint64 { return i.epoch.Load() }

type claims struct {
	jwt.RegisteredClaims
	Role   domain.Role     `json:"role"`
	Body   domain.BodyID   `json:"body,omitzero"`
	Person domain.PersonID `json:"person,omitzero"`
}

// Issue returns a token for p that is accepted from now on, for as long as valid says.
// Each token has an id of its own, by which it can be revoked.
func (i *Issuer) Issue(p Principal, now time.Time, valid time.Duration) (string, error) {
	if valid > i.maxLifetime {
		return "", fmt.Errorf("a token is valid for at most %s", i.maxLifetime)
	}
	c := claims{Role: p.Role, Body: p.BodyID}
	switch {
	case !slices.Contains(domain.Roles, p.Role):
		return "", fmt.Errorf("role %q: use one of %v", p.Role, domain.Roles)
	case p.IsCitizen() && p.PersonID.IsZero():
		return "", errors.New("the token of a citizen names a person: give the IIN")
	case p.IsCitizen() && !p.BodyID.IsZero():
		return "", errors.New("a citizen acts for no body")
	case p.IsCitizen():
		c.Subject = p.PersonID.String()
	default:
		if err := domain.CheckAccount(p.Account); err != nil {
			return "", err
		}
		c.Subject, c.Person = p.Account, p.PersonID
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return "", err
	}
	c.Issuer, c.ID = LocalIssuer, id.String()
	c.IssuedAt, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(valid))
	key := (*i.keys.Load())[0]
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	token.Header["kid"] = key.id
	return token.SignedString(key.private)
}

// Verify implements [Source].
func (i *Issuer) Verify(_ context.Context, token string, now time.Time) (Verified, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, i.keyOf,
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(LocalIssuer),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return Verified{}, RefusalOf(err)
	}
	if c.IssuedAt == nil || c.ID == "" {
		return Verified{}, refuse(BadClaims)
	}
	if c.ExpiresAt.Sub(c.IssuedAt.Time) > i.maxLifetime {
		return Verified{}, refuse(TooOld)
	}
	p, ok := c.principal()
	if !ok {
		return Verified{}, refuse(BadClaims)
	}
	return Verified{Principal: p, ID: c.ID, IssuedAt: c.IssuedAt.Time, Until: c.ExpiresAt.Time}, nil
}

// keyOf returns the public key that the token names.
func (i *Issuer) keyOf(t *jwt.Token) (any, error) {
	if err := CheckHeader(t); err != nil {
		return nil, err
	}
	for _, k := range *i.keys.Load() {
		if t.Header["kid"] == k.id {
			return k.private.Public().(ed25519.PublicKey), nil
		}
	}
	return nil, refuse(UnknownKey)
}

// principal returns whom the claims name. ok is false where they contradict themselves.
func (c *claims) principal() (p Principal, ok bool) {
	p = Principal{Role: c.Role, Account: c.Subject, PersonID: c.Person, BodyID: c.Body}
	if !slices.Contains(domain.Roles, p.Role) {
		return p, false
	}
	if !p.IsCitizen() {
		return p, domain.CheckAccount(p.Account) == nil
	}
	id, err := uuid.Parse(c.Subject)
	if err != nil || id == uuid.Nil || id.String() != c.Subject || !c.Person.IsZero() || !c.Body.IsZero() {
		return p, false
	}
	p.PersonID = domain.PersonID{UUID: id}
	return p, true
}
