package oidc

import (
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

func refuse(why token.Reason) error { return &token.Refused{Reason: why} }

// verified returns what the claims say, where they are what the configuration demands.
// The signature, the issuer, the audience and the expiry have been checked.
func (i *Issuer) verified(claims jwt.MapClaims, now time.Time) (token.Verified, error) {
	if _, bound := claims["cnf"]; bound { // RFC 7800: whoever has stolen it must not use it
		return token.Verified{}, refuse(token.BoundToKey)
	}
	if !slices.Contains(i.config.AuthorizedParties, partyOf(claims)) {
		return token.Verified{}, refuse(token.OtherParty)
	}
	issued, expires := instantOf(claims, "iat"), instantOf(claims, "exp")
	if issued.IsZero() || expires.IsZero() {
		return token.Verified{}, refuse(token.BadClaims)
	}
	skew := time.Duration(i.config.Skew)
	until := earlier(expires, issued.Add(time.Duration(i.config.MaxAge))).Add(skew)
	if !now.Before(until) {
		return token.Verified{}, refuse(token.TooOld)
	}
	role, err := i.roleOf(claims)
	if err != nil {
		return token.Verified{}, err
	}
	signedIn, err := role.signedIn(claims, now.Add(-skew))
	if err != nil {
		return token.Verified{}, err
	}
	if role.MaxAuthAge > 0 {
		until = earlier(until, signedIn.Add(time.Duration(role.MaxAuthAge)+skew))
	}
	p, err := i.principal(role, claims)
	if err != nil {
		return token.Verified{}, err
	}
	id, _ := claims["jti"].(string)
	return token.Verified{Principal: p, ID: id, IssuedAt: issued, Skew: skew, Until: until}, nil
}

// roleOf returns the one role that the token fits.
func (i *Issuer) roleOf(claims jwt.MapClaims) (*RoleConfig, error) {
	var found *RoleConfig
	for n := range i.config.Roles {
		role := &i.config.Roles[n]
		if !role.fits(claims) {
			continue
		}
		if found != nil {
			return nil, refuse(token.NoRole)
		}
		found = role
	}
	if found == nil {
		return nil, refuse(token.NoRole)
	}
	return found, nil
}

// fits reports whether each claim of When is, or lists, one of its values.
func (c *RoleConfig) fits(claims jwt.MapClaims) bool {
	for claim, values := range c.When {
		if !slices.ContainsFunc(textsOf(claims, claim), func(v string) bool { return slices.Contains(values, v) }) {
			return false
		}
	}
	return true
}

// signedIn returns when the holder signed in; zero where the role does not ask. Error:
// [*token.StepUp] where it was not as the role demands.
func (c *RoleConfig) signedIn(claims jwt.MapClaims, now time.Time) (at time.Time, err error) {
	needed := &token.StepUp{ACR: c.ACR, AMR: c.AMR, MaxAge: time.Duration(c.MaxAuthAge)}
	acr, _ := claims["acr"].(string)
	if len(c.ACR) > 0 && !slices.Contains(c.ACR, acr) {
		return at, needed
	}
	used := textsOf(claims, "amr")
	for _, method := range c.AMR {
		if !slices.Contains(used, method) {
			return at, needed
		}
	}
	if c.MaxAuthAge == 0 {
		return at, nil
	}
	at = instantOf(claims, "auth_time")
	if !now.Before(at.Add(time.Duration(c.MaxAuthAge))) { // so it is where there is no auth_time
		return at, needed
	}
	return at, nil
}

// principal returns whom the claims name in the role.
func (i *Issuer) principal(c *RoleConfig, claims jwt.MapClaims) (p token.Principal, err error) {
	p.Role = c.Role
	if c.IIN != "" {
		iin, err := domain.ParseIIN(textOf(claims, c.IIN))
		if err != nil { // its text could only repeat what an IIN is
			return p, refuse(token.BadClaims)
		}
		p.PersonID = i.person.PersonID(iin)
	}
	if p.IsCitizen() {
		p.Account = p.PersonID.String()
		return p, nil
	}
	name := textOf(claims, c.Account)
	if name == "" {
		return p, refuse(token.BadClaims)
	}
	if c.DeriveAccount {
		name = i.derived(name)
	}
	p.Account = i.config.Name + "." + name
	if domain.CheckAccount(p.Account) != nil {
		return p, refuse(token.BadClaims)
	}
	if c.Body != "" {
		value := textOf(claims, c.Body)
		body, listed := c.Bodies[value]
		if !listed {
			if body.UUID, err = uuid.Parse(value); err != nil || body.IsZero() {
				return p, refuse(token.BadClaims)
			}
		}
		p.BodyID = body
	}
	return p, nil
}

// derived returns the name of an account for a value that may tell who somebody is. It is
// a UUID of our own derivation (version 8), as the id of a person is.
func (i *Issuer) derived(value string) string {
	mac := hmac.New(sha256.New, i.person)
	mac.Write([]byte("account\x00" + i.config.Issuer + "\x00" + value))
	var id uuid.UUID
	copy(id[:], mac.Sum(nil))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id.String()
}

// partyOf returns the client that the token was issued to: OpenID Connect calls it azp,
// RFC 9068 client_id.
func partyOf(claims jwt.MapClaims) string {
	for _, claim := range []string{"azp", "client_id"} {
		if v, written := claims[claim]; written {
			text, _ := v.(string)
			return text
		}
	}
	return ""
}

// instantOf returns the claim as an instant in whole seconds; zero where it is missing or
// none.
func instantOf(claims jwt.MapClaims, claim string) time.Time {
	seconds, ok := claims[claim].(float64)
	if !ok || seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// valueOf returns the value of a claim: by its name, or by a JSON Pointer (RFC 6901).
func valueOf(claims jwt.MapClaims, claim string) any {
	pointer, isPointer := strings.CutPrefix(claim, "/")
	if !isPointer {
		return claims[claim]
	}
	var at any = map[string]any(claims)
	for name := range strings.SplitSeq(pointer, "/") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
	}
	return at
}

// textOf returns the claim as a text; empty where it is none. A number is none: an IIN
// can begin with zeros.
func textOf(claims jwt.MapClaims, claim string) string {
	text, _ := valueOf(claims, claim).(string)
	return text
}

// textsOf returns the claim as texts: one, or a list.
func textsOf(claims jwt.MapClaims, claim string) (texts []string) {
	switch v := valueOf(claims, claim).(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if text, ok := e.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
