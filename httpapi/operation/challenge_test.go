package operation

import (
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

func TestARefusedTokenIsAnsweredWithWhatHelpsAnHonestHolder(t *testing.T) {
	refusal := ""
	for _, test := range []struct {
		what   string
		err    error
		status int
		code   domain.Code
		header string
	}{
		{"expired", &token.Refused{Reason: token.Expired}, 401, domain.CodeUnauthenticated, `error="invalid_token"`},
		{"forged", &token.Refused{Reason: token.BadSignature}, 401, domain.CodeUnauthenticated, `error="invalid_token"`},
		{"revoked", &token.Refused{Reason: token.Revoked}, 401, domain.CodeUnauthenticated, `error="invalid_token"`},
		{"for an unknown reason", errors.New("999999000012"), 401, domain.CodeUnauthenticated, `error="invalid_token"`},
		{
			"a weak sign-in", &token.StepUp{ACR: []string{"high", "top"}, MaxAge: time.Hour}, 401, domain.CodeSignInStronger,
			`error="insufficient_user_authentication", acr_values="high top", max_age="3600"`,
		},
		{
			"a weak method", &token.StepUp{AMR: []string{"hwk"}}, 401, domain.CodeSignInStronger,
			`error="insufficient_user_authentication"`,
		},
	} {
		p := notAccepted(test.err, slog.New(slog.DiscardHandler))
		if p.Status != test.status || p.Code != test.code {
			t.Errorf("%s: %d %s", test.what, p.Status, p.Code)
		}
		if got, want := p.GetHeaders().Get("WWW-Authenticate"), `Bearer realm="tizilim", `+test.header; got != want {
			t.Errorf("%s: %s, want %s", test.what, got, want)
		}
		if p.Code != domain.CodeUnauthenticated {
			continue
		}
		if refusal != "" && p.Detail != refusal {
			t.Errorf("%s: the detail tells which check failed: %s", test.what, p.Detail)
		}
		refusal = p.Detail
	}
	away := notAccepted(domain.Refuse(domain.Unavailable, domain.CodeIssuerAway, "later"), slog.New(slog.DiscardHandler))
	if away.Status != http.StatusServiceUnavailable || away.GetHeaders().Get("Retry-After") == "" {
		t.Errorf("an issuer that is away: %d %v", away.Status, away.GetHeaders())
	}
}
