package operation

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
)

// Class is the kind of work that an operation is. How often somebody may call the
// operations of a class is bounded; see package limits.
type Class string

const (
	ClassRead      Class = "read"              // a record or a page of the read model
	ClassExpensive Class = "expensive_read"    // replays a part of the log, or draws a document
	ClassSearch    Class = "search"            // finds somebody by what is known of them
	ClassCommand   Class = "command"           // appends events
	ClassCheck     Class = "check"             // anybody's question, without a token
	ClassPassword  Class = "one_time_password" // sends a one-time password
	ClassContact   Class = "contact"           // sets where messages go, or sends a code there

	// ClassNaming is of no operation: it counts the persons whom a citizen names by IIN and name.
	ClassNaming Class = "naming"
	// ClassRefusedToken is of no operation: it counts the requests of an address whose
	// token was refused.
	ClassRefusedToken Class = "refused_token"
	// ClassAddress is of no operation: it counts all requests of an address.
	ClassAddress Class = "address"
)

// Classes are those that operations have.
var Classes = []Class{
	ClassRead, ClassExpensive, ClassSearch, ClassCommand, ClassCheck, ClassPassword, ClassContact,
}

// classed returns the declaration with a class. Where it declares none, its kind says
// which; a stream can be any work, so it has none by itself.
func (op Operation) classed() Operation {
	switch {
	case op.Class != "" || op.streams:
	case slices.Contains(op.Roles, Anyone):
		op.Class = ClassCheck
	case op.Changes():
		op.Class = ClassCommand
	case op.Method == http.MethodPost:
		op.Class = ClassSearch
	case op.FromLog:
		op.Class = ClassExpensive
	default:
		op.Class = ClassRead
	}
	return op
}

// replaying returns the operation with the class of a call to that address. Only operations that can
// replay read its query: most calls are of others.
func (op Operation) replaying(address *url.URL) Operation {
	if len(op.Replays) > 0 && slices.ContainsFunc(op.Replays, address.Query().Has) {
		op.Class = ClassExpensive
	}
	return op
}

// Sender is whose calls are counted together.
type Sender struct {
	Role domain.Role // [Anyone] where an address is counted
	Name string      // the account, the person id of a citizen, or the address
}

// Limiter bounds how often a subject calls operations of a class. It is safe for
// concurrent use.
type Limiter interface {
	// Take counts one call and says whether it is allowed.
	Take(ctx context.Context, class Class, who Sender) Allowance
}

// Allowance is what a [Limiter] says of one call.
type Allowance struct {
	Policy    string        // of RateLimit-Policy; "" where nothing is bounded
	Class     Class         // by whose limit
	Remaining int           // calls that are allowed at once after this one
	Full      time.Duration // until as many are allowed as ever
	Retry     time.Duration // until this call would be allowed; 0 where it is
}

// countAddress counts a request of an address, whoever sends it.
func (a *API) countAddress(ctx huma.Context) *problem.Problem {
	return a.take(ctx, ClassAddress, a.address(ctx), false)
}

// countCall counts a call by the principal; by the address where the operation needs no
// token.
func (a *API) countCall(op Operation, ctx huma.Context, p token.Principal) *problem.Problem {
	who := Sender{p.Role, p.Account}
	if p.Role == "" {
		who = a.address(ctx)
	}
	return a.take(ctx, op.Class, who, true)
}

// Count counts a piece of work of the caller of ctx that is of another class than the operation. The
// error is the answer to a caller who has asked for too much.
func (a *API) Count(ctx context.Context, class Class) error {
	if a.config.Limiter == nil {
		return nil
	}
	p := Caller(ctx)
	if got := a.config.Limiter.Take(ctx, class, Sender{p.Role, p.Account}); got.Retry > 0 {
		return problem.TooManyRequests(seconds(got.Retry))
	}
	return nil
}

// countRefusedToken counts a request whose token was refused, and returns the answer to
// it: the refusal, until the address has sent too many.
func (a *API) countRefusedToken(ctx huma.Context, refusal *problem.Problem) *problem.Problem {
	if tooMany := a.take(ctx, ClassRefusedToken, a.address(ctx), false); tooMany != nil {
		return tooMany
	}
	return refusal
}

// take counts a call. shown writes what remains into the headers of the answer; a call
// that is not allowed always shows it.
func (a *API) take(ctx huma.Context, class Class, who Sender, shown bool) *problem.Problem {
	if a.config.Limiter == nil {
		return nil
	}
	got := a.config.Limiter.Take(ctx.Context(), class, who)
	if got.Policy == "" {
		return nil
	}
	if shown || got.Retry > 0 {
		ctx.SetHeader("RateLimit-Policy", got.Policy)
		ctx.SetHeader("RateLimit", `"`+string(got.Class)+`";r=`+strconv.Itoa(got.Remaining)+
			";t="+strconv.Itoa(seconds(got.Full)))
	}
	if got.Retry > 0 {
		return problem.TooManyRequests(seconds(got.Retry))
	}
	return nil
}

// seconds rounds up: whoever waits as long is not refused again.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// address returns the address that a request came from.
func (a *API) address(ctx huma.Context) Sender {
	if a.config.Address == nil {
		return Sender{Anyone, ctx.RemoteAddr()}
	}
	return Sender{Anyone, a.config.Address(ctx)}
}
