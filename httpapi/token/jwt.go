package token

import (
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// tokenTypes are the "typ" of a JWT that may be sent with a request: none, or those of
// RFC 7519 and RFC 9068. Other JWTs of an issuer, such as logout tokens, are none.
var tokenTypes = []string{"", "jwt", "at+jwt", "application/at+jwt"}

// CheckHeader refuses a JWT whose header names another kind of token, or an extension
// that must be understood. Every key function calls it.
func CheckHeader(t *jwt.Token) error {
	if _, demanded := t.Header["crit"]; demanded {
		return refuse(CriticalUnknown)
	}
	kind, written := t.Header["typ"]
	text, ok := kind.(string)
	if written && !ok {
		return refuse(Malformed)
	}
	for _, known := range tokenTypes {
		if strings.EqualFold(text, known) {
			return nil
		}
	}
	return refuse(Malformed)
}

// RefusalOf turns an error of the JWT library into a [*Refused], whose text holds nothing
// of the token. It returns errors of this package unchanged.
func RefusalOf(err error) error {
	var refused *Refused
	if errors.As(err, &refused) {
		return refused
	}
	for _, known := range []struct {
		err error
		why Reason
	}{
		{jwt.ErrTokenMalformed, Malformed},
		{jwt.ErrTokenExpired, Expired},
		{jwt.ErrTokenNotValidYet, NotYetValid},
		{jwt.ErrTokenUsedBeforeIssued, NotYetValid},
		{jwt.ErrTokenInvalidIssuer, UnknownIssuer},
		{jwt.ErrTokenInvalidAudience, OtherAudience},
		{jwt.ErrTokenRequiredClaimMissing, BadClaims},
		{jwt.ErrTokenInvalidClaims, BadClaims},
		{jwt.ErrTokenSignatureInvalid, BadSignature},
	} {
		if errors.Is(err, known.err) {
			return refuse(known.why)
		}
	}
	return refuse(Malformed)
}
