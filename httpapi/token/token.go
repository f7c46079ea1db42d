// Package token issues and checks the tokens of one registry. A token says who
// sends a request.
package token

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"tizilim/domain"
)

// issuer is the "iss" of every token of this registry.
const issuer = "tizilim"

// Principal is who sends a request.
type Principal struct {
	Role     domain.Role
	Account  string          // opaque: an account name, or the person id of a citizen
	PersonID domain.PersonID // of a citizen; of an official, where the account names one
	BodyID   domain.BodyID   // for which staff act; zero for citizens
}

// IsCitizen reports whether a citizen sends the request.
func (p Principal) IsCitizen() bool { return p.Role == domain.RoleCitizen }

// Key issues and checks tokens: JWTs that are signed with its Ed25519 key.
type Key struct{ private ed25519.PrivateKey }

// NewKey makes a Key of a seed of 32 bytes.
func NewKey(seed []byte) (*Key, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("token key: %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	return &Key{private: ed25519.NewKeyFromSeed(seed)}, nil
}

type claims struct {
	jwt.RegisteredClaims
	Role domain.Role `json:"role"`
}

// Issue returns a token for p that is accepted from now on, for as long as valid says.
func (k *Key) Issue(p Principal, now time.Time, valid time.Duration) (string, error) {
	if !slices.Contains(domain.Roles, p.Role) {
		return "", fmt.Errorf("role %q: use one of %v", p.Role, domain.Roles)
	}
	if (p.Role == domain.RoleCitizen) == p.PersonID.IsZero() {
		return "", errors.New("the token of a citizen names a person, and no other token does: give the IIN")
	}
	if p.Role != domain.RoleCitizen && p.Account == "" {
		return "", errors.New("a token names the account that uses it")
	}
	subject := p.Account
	if p.Role == domain.RoleCitizen {
		subject = p.PersonID.String()
	}
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Subject: subject,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(valid)),
		},
		Role: p.Role,
	}).SignedString(k.private)
}

// Check returns whom a token names. It refuses a token that is damaged, has
// expired, is not yet valid or was issued with another key.
func (k *Key) Check(_ context.Context, token string, now time.Time) (Principal, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c,
		func(*jwt.Token) (any, error) { return k.private.Public(), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return Principal{}, err
	}
	if !slices.Contains(domain.Roles, c.Role) || c.Subject == "" {
		return Principal{}, errors.New("the token names no role or no account")
	}
	p := Principal{Role: c.Role, Account: c.Subject}
	if c.Role == domain.RoleCitizen {
		id, err := uuid.Parse(c.Subject)
		if err != nil || id == uuid.Nil {
			return Principal{}, errors.New("a citizen's token must name a person")
		}
		p.PersonID = domain.PersonID{UUID: id}
	}
	return p, nil
}
