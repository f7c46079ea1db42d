package operation

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/body"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
)

// Anyone in the roles of an operation opens it to everybody, without a token.
const Anyone domain.Role = "anyone"

type callerKey struct{}

// caller is who sends a request and why.
type caller struct {
	token.Principal
	body    *body.Body        // of staff, to be read only
	purpose accesslog.Purpose // of a read by staff
	class   Class             // of the call

	reference domain.Personal // of the purpose
	page      string          // path and query of the request
	accept    string          // its header Accept

	onBehalfOf domain.PersonID // in whose place a citizen says to act; zero where they say nothing
	standing   Standing
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// Caller returns who sends the request that ctx belongs to; the zero Principal
// where the operation needs no token.
func Caller(ctx context.Context) token.Principal { return callerOf(ctx).Principal }

// Citizen returns the person whose matter the request of a citizen is: whom they represent, or
// the citizen. It is zero for everybody else.
func Citizen(ctx context.Context) domain.PersonID {
	switch c := callerOf(ctx); {
	case !c.IsCitizen():
		return domain.PersonID{}
	case !c.standing.For.IsZero():
		return c.standing.For
	default:
		return c.PersonID
	}
}

// guard lets a request through for the roles of the operation.
func (a *API) guard(op Operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		came := time.Now()
		ctx.SetHeader("Cache-Control", "no-store") // personal data, and numbers that change
		who, refused := a.admit(op, ctx)
		if refused != nil {
			a.Refuse(ctx, refused)
			a.tell(op, ctx, who.Principal, "", refused)
			settle(who.Principal, ctx.Status(), came)
			return
		}
		ctx, code := watched(huma.WithValue(op.asked(ctx), callerKey{}, who))
		next(ctx)
		a.tell(op, ctx, who.Principal, *code, nil)
		settle(who.Principal, ctx.Status(), came)
	}
}

// admit checks the limits, the token and its account, then the role, then the right to the record that
// the path names, and then the form of the query and the headers: only who may call an
// operation on that record learns what is wrong with the request.
func (a *API) admit(op Operation, ctx huma.Context) (caller, *problem.Problem) {
	if refused := a.countAddress(ctx); refused != nil {
		return caller{}, refused
	}
	url := ctx.URL()
	op = op.replaying(&url)
	if slices.Contains(op.Roles, Anyone) {
		if refused := a.countCall(op, ctx, token.Principal{}); refused != nil {
			return caller{}, refused
		}
		return caller{class: op.Class, accept: ctx.Header("Accept")}, badForm(op, ctx)
	}
	scheme, text, _ := strings.Cut(ctx.Header("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return caller{}, a.countRefusedToken(ctx, problem.New(http.StatusUnauthorized, domain.CodeUnauthenticated,
			"send Authorization: Bearer and a token; tizilim token --role ROLE prints one", ""))
	}
	p, err := a.config.Tokens.Check(ctx.Context(), text, a.config.Now())
	if err != nil {
		return caller{}, a.countRefusedToken(ctx, notAccepted(err, a.config.Logger))
	}
	if refused := a.countCall(op, ctx, p); refused != nil {
		return caller{Principal: p}, refused
	}
	who, refused := a.actsFor(ctx.Context(), p)
	if refused != nil {
		return caller{Principal: p}, refused
	}
	if !slices.Contains(op.Roles, p.Role) {
		return caller{Principal: p}, problem.New(http.StatusForbidden, domain.CodeRoleNotAllowed,
			"the role "+string(p.Role)+" may not do this; it takes one of "+join(op.Roles), "")
	}
	who.page, who.class, who.accept = url.RequestURI(), op.Class, ctx.Header("Accept")
	var stated, unread *problem.Problem
	if op.searches {
		stated = notInHeader(ctx.Header(purposeHeader), ctx.Header(referenceHeader))
	} else {
		who.purpose, who.reference, stated = purposeOf(p.Role, ctx.Header(purposeHeader), ctx.Header(referenceHeader))
	}
	who.onBehalfOf, unread = onBehalfOf(op, p, ctx.Header(onBehalfHeader))
	who.standing, err = a.config.Rights.Allow(ctx.Context(), Attempt{
		Operation: op, Caller: who.Principal, Body: who.body, Param: ctx.Param,
		Beyond: stated == nil && who.reference != "", OnBehalfOf: who.onBehalfOf,
		Command: CommandID(who.Account, ctx.Header("Idempotency-Key")),
		ActAs:   func(id domain.PersonID) { who.PersonID = id },
	})
	if err != nil {
		return who, problem.Of(err, a.config.Logger)
	}
	if refused := badForm(op, ctx); refused != nil {
		return caller{Principal: p}, refused
	}
	if unread != nil {
		return caller{Principal: p}, unread
	}
	return who, stated
}

// Refuse answers a request with the problem that err is.
func (a *API) Refuse(ctx huma.Context, err error) {
	p := a.refusal(ctx.Context(), err)
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	said := p.Answer(ctx.Header("Accept-Language"), ctx.AppendHeader)
	if err := a.huma.Marshal(ctx.BodyWriter(), "application/json", said); err != nil {
		a.config.Logger.Debug("the client went away", "error", err)
	}
}

// NotYours is the answer to a citizen who asks for a record of another person. It
// is the same as for a record that does not exist.
func NotYours() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeNotFound, "there is no such record, or you may not see it")
}

// Hide keeps a citizen from learning whether a record exists that belongs to
// another person: every "not found" becomes [NotYours]. What it was stays in the chain, for
// [Model.Confirm].
func Hide(ctx context.Context, err error) error {
	if domain.IsKind(err, domain.NotFound) && Caller(ctx).IsCitizen() {
		return errors.Join(NotYours(), err)
	}
	return err
}
