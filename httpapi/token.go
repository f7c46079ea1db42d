package httpapi

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"tizilim/domain"
)

// issuer names tokens of this registry.
const issuer = "tizilim"

// Principal is who sends a request.
type Principal struct {
	Role     domain.Role
	Account  string          // opaque: an account name, or the person id of a citizen
	PersonID domain.PersonID // citizens only
}

// Tokens issues and checks the tokens of one registry: JWTs signed with its own
// Ed25519 key.
type Tokens struct{ key ed25519.PrivateKey }

// NewTokens returns the Tokens of a key seed of 32 bytes.
func NewTokens(seed []byte) (*Tokens, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("token key: %d bytes, want %d", len(seed), ed25519.SeedSize)
	}
	return &Tokens{key: ed25519.NewKeyFromSeed(seed)}, nil
}

type claims struct {
	jwt.RegisteredClaims
	Role domain.Role `json:"role"`
}

// Issue returns a token for p that is accepted from now for the given time.
func (t *Tokens) Issue(p Principal, now time.Time, valid time.Duration) (string, error) {
	if !slices.Contains(domain.Roles, p.Role) {
		return "", fmt.Errorf("role %q: use one of %v", p.Role, domain.Roles)
	}
	if (p.Role == domain.RoleCitizen) == p.PersonID.IsZero() {
		return "", errors.New("a citizen's token, and no other, names a person: give the IIN")
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
	}).SignedString(t.key)
}

// Check returns who a token speaks for.
func (t *Tokens) Check(token string, now time.Time) (Principal, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c,
		func(*jwt.Token) (any, error) { return t.key.Public(), nil },
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
