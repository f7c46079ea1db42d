package operation

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/problem"
)

// commandTimeout bounds a command. The process manager finishes what a command
// leaves half done after that time.
const commandTimeout = 10 * time.Second

// keySpace is the namespace of command ids: UUIDv5 of the account and its key.
var keySpace = uuid.MustParse("6f3d2c1e-54a8-5d0e-9a53-7a5d1f6b0c11")

// CommandID is the id of the command that the account gives under the Idempotency-Key.
func CommandID(account, key string) domain.CommandID {
	return domain.CommandID{UUID: domain.DeriveID(keySpace, account+"\n"+key)}
}

// Posted is the input of every command: headers, ?dry_run and a body of type B.
type Posted[B any] struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"The name of this command, in printable ASCII; send the same one when you repeat the request" example:"5f0c0b1e-7f0e-4f57-9d4e-0a6f4f1f8a10"`
	IfMatch        string `header:"If-Match" maxLength:"40" doc:"The ETag of the record that your decision rests on; the answer is 412 if the record has changed since"`
	DryRun         bool   `query:"dry_run" doc:"true changes nothing: the answer shows the events that would be appended. If they show data of other persons, this is in the access log"`
	Body           B
	RawBody        []byte // as it came, for what is signed; valid while the request is
	line           string // method and path
}

// Resolve notes the method and path of the request. The digest of the command covers
// them, so a key that comes again on another path is refused.
func (p *Posted[B]) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	p.line = ctx.Method() + " " + u.Path
	return nil
}

// Request is what a signature of a command covers.
type Request struct {
	Line string // method and path
	Key  string // Idempotency-Key
	Body []byte // as it came
}

// Request returns what a signature of this command covers.
func (p *Posted[B]) Request() Request { return Request{p.line, p.IdempotencyKey, p.RawBody} }

func (p *Posted[B]) posted() posted {
	return posted{key: p.IdempotencyKey, ifMatch: p.IfMatch, line: p.line, dryRun: p.DryRun, body: p.Body}
}

// posted is a [Posted] without the type of its body.
type posted struct {
	key, ifMatch, line string
	dryRun             bool
	body               any
}

// postedInput is an input that embeds [Posted].
type postedInput[I any] interface {
	*I
	posted() posted
}

// Done is the answer to a command: the body, and where the log holds its events.
type Done[R any] struct {
	Status   int    `json:"-"`
	ETag     string `header:"ETag" doc:"Revision of the record that was changed"`
	Position string `header:"Tizilim-Position" doc:"Send it back with a read: then the answer includes the effect of this command"`
	Replayed bool   `header:"Idempotent-Replayed" doc:"true if this is the answer to an earlier request with the same key"`
	Body     R
}

// Call is a command as its operation gets it.
type Call struct {
	domain.Command
	Options command.Options // If-Match and dry_run
}

// RunCommand carries a command out. It returns what the log took and the body of
// the answer; the events of the receipt are put into a body that embeds [Events].
type RunCommand[I, R any] func(ctx context.Context, call Call, in *I) (command.Receipt, R, error)

// Command declares an operation that appends events.
func Command[I, R any, P postedInput[I]](d Declaration, run RunCommand[I, R]) Operation {
	d.Method = http.MethodPost
	return Operation{Declaration: d, kind: changes, register: func(a *API, op Operation) {
		described := a.describe(op)
		described.Errors = append(described.Errors, http.StatusConflict, http.StatusPreconditionFailed)
		described.Errors = append(described.Errors, bodyRefusals...)
		if op.Pending != "" {
			described.Responses = map[string]*huma.Response{"202": {Description: op.Pending}}
		}
		huma.Register(a.huma, described, func(ctx context.Context, in *I) (*Done[R], error) {
			done, err := carryOut(ctx, a, op, P(in).posted(), func(ctx context.Context, call Call) (command.Receipt, R, error) {
				return run(ctx, call, in)
			})
			if err != nil {
				return nil, a.refusal(ctx, err)
			}
			return done, nil
		})
		// huma describes the raw body as a second media type, which the API does not take.
		post := a.huma.OpenAPI().Paths[op.Path].Post
		delete(post.RequestBody.Content, "application/octet-stream")
		if waits := post.Responses["202"]; op.Pending != "" { // it looks as the answer of an act that is done
			done := post.Responses[strconv.Itoa(max(op.Status, http.StatusOK))]
			waits.Content, waits.Headers = done.Content, done.Headers
		}
	}}
}

// carryOut runs a command once for its key, and shows the result of a dry run only
// after the access log has noted it.
func carryOut[R any](ctx context.Context, a *API, op Operation, in posted,
	run func(context.Context, Call) (command.Receipt, R, error)) (*Done[R], error) {
	if err := CheckKey(in.key, "header.Idempotency-Key"); err != nil {
		return nil, err
	}
	revision, err := parseETag(in.ifMatch)
	if err != nil {
		return nil, err
	}
	cmd, err := a.envelope(callerOf(ctx), in)
	if err != nil {
		return nil, err
	}
	if err := a.config.Model.Doubt(); err != nil {
		return nil, err
	}
	// A command goes on when its client goes away: it must not stop between two steps.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandTimeout)
	defer cancel()
	began := time.Now()
	receipt, answer, err := withClaim(ctx, a, cmd, in.dryRun, func() (command.Receipt, R, error) {
		return run(ctx, Call{cmd, command.Options{IfMatch: revision, DryRun: in.dryRun}})
	})
	a.config.Meter.Command(op.ID, receipt, err, time.Since(began))
	if err != nil {
		return nil, err
	}
	if body, ok := any(&answer).(interface{ fill(command.Receipt) }); ok {
		body.fill(receipt)
	}
	if in.dryRun {
		reading := a.reading(op.ID, dryRunShows)
		if receipt.Begins {
			reading.unbegun = receipt.Stream
		}
		if err := reading.Show(ctx, answer); err != nil {
			return nil, err
		}
		return &Done[R]{Status: http.StatusOK, Body: answer, Replayed: receipt.Repeated}, nil
	}
	status := op.Status
	if waits, ok := any(answer).(interface{ Waits() bool }); ok && waits.Waits() {
		status = http.StatusAccepted
	}
	return &Done[R]{
		Status: status, ETag: ETag(receipt.Revision), Position: Position(receipt.Position), Body: answer,
		Replayed: receipt.Repeated,
	}, nil
}

// withClaim claims the key of the command for this request and then calls run. If
// run refuses the command, withClaim releases the key, since nothing was changed. After
// any other error the key stays claimed, since the command may have been carried out.
// A dry run claims no key. Where the claim cannot be made, the command goes on without it:
// the ids of its events follow from the key all the same, and its streams still find another
// request under it. A request on other streams is then not found to use the key again.
func withClaim[R any](ctx context.Context, a *API, cmd domain.Command, dryRun bool,
	run func() (command.Receipt, R, error)) (command.Receipt, R, error) {
	var none R
	if dryRun {
		return run()
	}
	unclaimed := a.config.Claims.Claim(ctx, cmd.ID, cmd.Digest)
	if unclaimed != nil && !domain.IsKind(unclaimed, domain.Unavailable) {
		return command.Receipt{}, none, unclaimed
	}
	receipt, answer, err := run()
	if changedNothing(err) && unclaimed == nil {
		if releaseErr := a.config.Claims.Release(context.WithoutCancel(ctx), cmd.ID, cmd.Digest); releaseErr != nil {
			a.config.Logger.Warn("the key of a refused command stays taken until it expires", "error", releaseErr)
		}
	}
	return receipt, answer, err
}

// changedNothing reports whether the error is a refusal of a command, which has left nothing in the log.
func changedNothing(err error) bool {
	var tooMany *problem.Problem
	return errors.As(err, &tooMany) || domain.CodeOf(err) != "" && !domain.IsKind(err, domain.Unavailable)
}

// envelope names the command and its request.
func (a *API) envelope(p caller, in posted) (domain.Command, error) {
	canonical, err := json.Marshal(in.body)
	if err != nil {
		return domain.Command{}, err
	}
	// The digest stays in the log, perhaps longer than some values of the body may.
	// It is keyed, so that nobody without the key can try values until one fits.
	digest := hmac.New(sha256.New, a.config.DigestKey)
	digest.Write([]byte(in.line + "\n"))
	if !p.onBehalfOf.IsZero() {
		digest.Write([]byte("for " + p.onBehalfOf.String() + "\n"))
	}
	digest.Write(canonical)
	cmd := domain.Command{
		ID:     CommandID(p.Account, in.key),
		Digest: hex.EncodeToString(digest.Sum(nil)),
		Actor:  p.Account, Role: p.Role, Person: p.PersonID, BodyID: p.BodyID,
		Now: a.config.Now(), Barred: p.standing.Barred,
	}
	if !p.standing.For.IsZero() {
		cmd.RepresentedBy = p.PersonID
	}
	return cmd, nil
}
