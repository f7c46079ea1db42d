// Package revocation decides which tokens are refused before they expire: one by its
// id, or all those of an account that were issued before an instant. The events are in
// one stream, which every process of the registry reads on.
package revocation

import (
	"maps"
	"regexp"
	"time"

	"tizilim/domain"
)

// Stream is where revocations are recorded. Its revision protects nothing but the
// order: revocations only add up.
const Stream = "token-revocations"

// Remembered is for how long a revocation is kept in mind. It is longer than any token
// is accepted after its issue, whoever issued it, clocks that differ included.
const Remembered = 25 * time.Hour

// List is what has been revoked: the state of [Stream].
type List struct {
	tokens   map[string]time.Time // until when each is remembered
	accounts map[string]account
}

type account struct{ issued, until time.Time }

// Apply folds an event of the stream.
func (l *List) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case TokenRevoked:
		if l.tokens == nil {
			l.tokens = map[string]time.Time{}
		}
		l.tokens[e.TokenID] = e.Until
	case AccountRevoked:
		if l.accounts == nil {
			l.accounts = map[string]account{}
		}
		l.accounts[e.Account] = account{e.RevokedAt, e.Until}
	}
}

// Refuses reports whether a token is revoked: by its id, which may be empty, or because
// the account may not use tokens that were issued at that instant.
func (l *List) Refuses(tokenID, account string, issued time.Time) bool {
	if _, revoked := l.tokens[tokenID]; revoked && tokenID != "" {
		return true
	}
	a, revoked := l.accounts[account]
	return revoked && !issued.After(a.issued)
}

// Forget drops what can name only tokens that have expired.
func (l *List) Forget(now time.Time) {
	maps.DeleteFunc(l.tokens, func(_ string, until time.Time) bool { return until.Before(now) })
	maps.DeleteFunc(l.accounts, func(_ string, a account) bool { return a.until.Before(now) })
}

// tokenIDForm is what issuers write as "jti": printable ASCII without spaces.
var tokenIDForm = regexp.MustCompile(`^[!-~]{1,200}$`)

// RevokeToken revokes the token with the id. A token that is revoked already stays so,
// and nothing happens.
//
// Errors: [domain.CodeTokenIDFormat].
func (l *List) RevokeToken(cmd domain.Command, tokenID string, why Reason) ([]domain.Event, error) {
	if !tokenIDForm.MatchString(tokenID) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeTokenIDFormat,
			"the id of a token has 1 to 200 printable ASCII characters: copy the member jti of the token")
	}
	if _, revoked := l.tokens[tokenID]; revoked {
		return nil, nil
	}
	return []domain.Event{TokenRevoked{
		TokenID: tokenID, Reason: why, RevokedAt: cmd.Now, Until: cmd.Now.Add(Remembered),
	}}, nil
}

// RevokeAccount revokes all tokens of the account that have been issued until now.
//
// Errors: [domain.CodeAccountFormat].
func (l *List) RevokeAccount(cmd domain.Command, name string, why Reason) ([]domain.Event, error) {
	if err := domain.CheckAccount(name); err != nil {
		return nil, err
	}
	if l.Refuses("", name, cmd.Now) {
		return nil, nil
	}
	return []domain.Event{AccountRevoked{
		Account: name, Reason: why, RevokedAt: cmd.Now, Until: cmd.Now.Add(Remembered),
	}}, nil
}
