package operation

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/eventstore/command"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
)

// Accounts knows who acts for which body; [command.Directory] is one.
type Accounts interface {
	// Resolve returns who acts, on the day, through the account of the role for the body;
	// with the zero BodyID, for the body that has the account. A *domain.Error says that
	// this is not known now, or that no body has the account; any other error, that the
	// account is not accepted.
	Resolve(
		ctx context.Context, account string, role domain.Role, id domain.BodyID, day domain.Date,
	) (command.Holder, error)
}

// accountPatience is how long a request waits for the accounts of a registry that has
// just started.
const accountPatience = 2 * time.Second

// actsFor fills in for whom the bearer of a token acts. Citizens act for themselves.
func (a *API) actsFor(ctx context.Context, p token.Principal) (caller, *problem.Problem) {
	if p.IsCitizen() {
		return caller{Principal: p}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, accountPatience)
	defer cancel()
	holder, err := a.config.Accounts.Resolve(ctx, p.Account, p.Role, p.BodyID, domain.DateOf(a.config.Now()))
	if err == nil && !holder.PersonID.IsZero() && a.config.Identity != nil { // as [token.Checker] does with that of the token
		holder.PersonID = a.config.Identity.WhoIs(ctx, holder.PersonID)
	}
	if err == nil && !p.PersonID.IsZero() && !holder.PersonID.IsZero() && p.PersonID != holder.PersonID {
		err = errors.New("the token names another person than the record of its account")
	}
	var coded *domain.Error
	if errors.As(err, &coded) {
		return caller{}, problem.Of(err, a.config.Logger)
	}
	if err != nil {
		return caller{}, problem.New(http.StatusUnauthorized, domain.CodeUnauthenticated,
			"this token is not accepted now ("+err.Error()+"): ask the administrator of the registry", "")
	}
	p.BodyID = holder.Body.ID
	if !holder.PersonID.IsZero() {
		p.PersonID = holder.PersonID
	}
	return caller{Principal: p, body: holder.Body}, nil
}

// Body returns the body that the caller acts for, to be read only; nil for citizens and
// where the operation needs no token.
func Body(ctx context.Context) *body.Body { return callerOf(ctx).body }
