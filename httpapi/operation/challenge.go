package operation

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"tizilim/domain"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
)

// notAccepted is the answer to a request whose token was not accepted. Who has a genuine
// token learns how to sign in; nobody learns which check failed.
func notAccepted(err error, log *slog.Logger) *problem.Problem {
	var away *domain.Error
	if errors.As(err, &away) {
		return problem.Of(away, log)
	}
	var again *token.StepUp
	if errors.As(err, &again) {
		p := problem.New(http.StatusUnauthorized, domain.CodeSignInStronger,
			"you must sign in again, by a stronger method or more recently: WWW-Authenticate says how", "")
		p.Challenge = stepUp(again)
		return p
	}
	p := problem.New(http.StatusUnauthorized, domain.CodeUnauthenticated,
		"this token is not accepted: it is damaged, has expired, was revoked or belongs to another registry; "+
			"get a new one", "")
	p.Challenge = `error="invalid_token"`
	return p
}

// stepUp are the parameters of a challenge by RFC 9470. It has no parameter for the
// methods of a sign-in, so acr_values must lead to them.
func stepUp(s *token.StepUp) string {
	parameters := []string{`error="insufficient_user_authentication"`}
	if len(s.ACR) > 0 {
		parameters = append(parameters, fmt.Sprintf("acr_values=%q", strings.Join(s.ACR, " ")))
	}
	if s.MaxAge > 0 {
		parameters = append(parameters, fmt.Sprintf("max_age=\"%d\"", int(s.MaxAge.Seconds())))
	}
	return strings.Join(parameters, ", ")
}
