package operation

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
)

// Seen is a request and how it ended, for a [Witness]. It has no personal value: accounts
// and person ids are opaque.
type Seen struct {
	Operation string
	Method    string
	Path      string // with its parameters as names
	Class     Class
	Changes   bool            // it is a command
	Caller    token.Principal // zero where no token was accepted
	Address   string
	Status    int
	Code      domain.Code // of a refusal, where the operation or the guard refused
}

// Witness sees every request, and whom answers showed. It is safe for concurrent use.
type Witness interface {
	Request(Seen)
	// Shown tells that staff were shown the persons.
	Shown(caller token.Principal, persons []domain.PersonID)
}

type codeKey struct{}

// watched returns a context of the request in which the code of its refusal is kept.
func watched(ctx huma.Context) (huma.Context, *domain.Code) {
	code := new(domain.Code)
	return huma.WithValue(ctx, codeKey{}, code), code
}

// refusal is the answer to a request that ends with the error.
func (a *API) refusal(ctx context.Context, err error) *problem.Problem {
	p := problem.Of(err, a.config.Logger)
	if code, ok := ctx.Value(codeKey{}).(*domain.Code); ok {
		*code = p.Code
	}
	return p
}

// tell tells the witness of a request. refused is why the guard refused it; nil where the
// operation answered.
func (a *API) tell(op Operation, ctx huma.Context, who token.Principal, code domain.Code, refused error) {
	if a.config.Witness == nil {
		return
	}
	seen := Seen{
		Operation: op.ID, Method: op.Method, Path: op.Path, Class: op.Class, Changes: op.Changes(), Caller: who,
		Address: a.address(ctx).Name, Status: cmp.Or(ctx.Status(), http.StatusOK), Code: code,
	}
	var p *problem.Problem
	if errors.As(refused, &p) {
		seen.Status, seen.Code = p.Status, p.Code
	}
	a.config.Witness.Request(seen)
}
