// Package token says who sends a request. A [Checker] accepts tokens of several
// issuers: those that the registry issues itself ([Issuer]) and those of identity
// providers (package oidc). A token is a signed JWT; nothing of it is believed before its
// signature is checked.
package token

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tizilim/domain"
)

// Principal is who sends a request.
type Principal struct {
	Role     domain.Role
	Account  string          // opaque: an account name, or the person id of a citizen
	PersonID domain.PersonID // of a citizen; of an official, where the account names one
	BodyID   domain.BodyID   // for which staff act; zero for citizens
}

// IsCitizen reports whether a citizen sends the request.
func (p Principal) IsCitizen() bool { return p.Role == domain.RoleCitizen }

// MaxLifetime is for how long after its issue a token is accepted at most, whoever
// issued it. It bounds how long a revocation must be remembered
// ([tizilim/domain/revocation.Remembered]).
const MaxLifetime = 24 * time.Hour

// MaxSkew is the greatest difference between our clock and that of an issuer that a
// configuration may allow.
const MaxSkew = 5 * time.Minute

// Verified is what a token says, once its signature and its claims have been checked.
type Verified struct {
	Principal
	ID       string        // "jti"; empty where the issuer writes none
	IssuedAt time.Time     // "iat", by the clock of the issuer
	Skew     time.Duration // by which that clock may differ from ours
	Until    time.Time     // the token is not accepted from here on
}

// Source verifies the tokens of one issuer. It is safe for concurrent use.
type Source interface {
	// Verify returns what the token says at the instant.
	//
	// Errors: [*Refused], [*StepUp], or an Unavailable [*domain.Error] where the issuer's
	// keys are not known now.
	Verify(ctx context.Context, token string, now time.Time) (Verified, error)
	// Epoch changes when a key is accepted no more. What was verified in another epoch
	// must be verified again.
	Epoch() uint64
}

// Refused says why a token is not accepted. It holds nothing of the token, so it may be
// logged. Clients are not told the reason: it would help those who forge.
type Refused struct{ Reason Reason }

func (r *Refused) Error() string { return "the token is refused: " + string(r.Reason) }

// Reason is why a token is not accepted.
type Reason string

const (
	TooLong         Reason = "it is longer than a token may be"
	Malformed       Reason = "it is not a signed JWT of the expected form"
	UnknownIssuer   Reason = "its issuer is not known here"
	LocalOff        Reason = "this server does not accept tokens of its own registry"
	WrongAlgorithm  Reason = "its algorithm is not one of its key"
	UnknownKey      Reason = "it is signed with a key that is not known or not accepted any more"
	BadSignature    Reason = "its algorithm is not accepted, or its signature is wrong"
	Expired         Reason = "it has expired"
	NotYetValid     Reason = "it is not yet valid"
	TooOld          Reason = "it was issued too long ago, or for too long"
	OtherAudience   Reason = "it is for another audience"
	OtherParty      Reason = "it was issued to a client that is not accepted (azp)"
	NoRole          Reason = "it fits no role, or several"
	BadClaims       Reason = "a claim is missing or has the wrong form"
	Revoked         Reason = "it was revoked, or its account was"
	BoundToKey      Reason = "it is bound to a key of its holder, which is not checked here"
	CriticalUnknown Reason = "it demands an extension that is not known"
)

func refuse(why Reason) error { return &Refused{why} }

// StepUp says that a token is genuine, but its holder must sign in again: by a stronger
// method, or more recently (RFC 9470).
type StepUp struct {
	ACR    []string      // one of these classes is needed; empty where any will do
	AMR    []string      // all of these methods are needed
	MaxAge time.Duration // since the sign-in; zero where any will do
}

func (s *StepUp) Error() string {
	return fmt.Sprintf("the token is refused: its holder did not sign in as the role demands (acr %s, amr %s, age %s)",
		strings.Join(s.ACR, "|"), strings.Join(s.AMR, "+"), s.MaxAge)
}
