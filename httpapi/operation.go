package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

// commandTimeout bounds a command. What it then leaves half done is finished by
// the process manager.
const commandTimeout = 10 * time.Second

// maxBody bounds the body of a command, in bytes.
const maxBody = 64 << 10

// keySpace is the namespace of command ids: UUIDv5 of the account and its key.
var keySpace = uuid.MustParse("6f3d2c1e-54a8-5d0e-9a53-7a5d1f6b0c11")

// operation describes a route; its id is its name in the access table.
type operation struct {
	id      string
	method  string
	path    string
	tag     string
	summary string
	doc     string
	status  int // of success; 200 where it is not given
	command bool
	fromLog bool // a read of the log alone: what it does not find is not there
}

func (s *Server) describe(op operation) huma.Operation {
	if _, decided := disclosures[op.id]; decided == op.command {
		panic("operation " + op.id + ": the table of disclosures names every read, and nothing else")
	}
	security := []map[string][]string{{"bearer": {}}}
	refusals := []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	if slices.Contains(access[op.id], anyone) {
		security, refusals = nil, []int{http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	}
	var parameters []*huma.Param
	if statesPurpose(op) {
		parameters = append(parameters, purposeParameter(op.command))
	}
	return huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag},
		Summary: op.summary, Description: strings.TrimSpace(op.doc + "\n\nRoles: " + roleList(access[op.id]) + "."),
		DefaultStatus: op.status, MaxBodyBytes: maxBody + 1, // huma refuses the limit itself
		Parameters:  parameters,
		Errors:      refusals,
		Security:    security,
		Middlewares: huma.Middlewares{s.guard(s.api, op.id)},

		RejectUnknownQueryParameters: true,
	}
}

// given refuses texts of nothing but space, which pass for a text of some
// length: name and value in turn.
func given(members ...string) error {
	for i := 0; i < len(members); i += 2 {
		if strings.TrimSpace(members[i+1]) == "" {
			return domain.Refuse(domain.Invalid, domain.CodeRequired, "this text is nothing but space; write it out").At(members[i])
		}
	}
	return nil
}

// withBody are the refusals of a body as such.
var withBody = []int{http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}

// read registers an operation that changes nothing but the logs of accesses. run
// may be run twice: see [certain].
func read[I, O any](s *Server, op operation, run func(context.Context, *I) (*O, error)) {
	described := s.describe(op)
	if op.method == http.MethodPost {
		described.Errors = append(described.Errors, withBody...)
	}
	huma.Register(s.api, described, func(ctx context.Context, in *I) (*O, error) {
		look := func(ctx context.Context) (*O, error) { return run(ctx, in) }
		var out *O
		var err error
		if op.fromLog {
			out, err = look(ctx)
		} else {
			out, err = certain(ctx, s, look)
		}
		if err == nil {
			err = s.disclose(ctx, op.id, out)
		}
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		return out, nil
	})
}

// Posted is what every command sends: headers, ?dry_run and a body of type B.
type Posted[B any] struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"Names this command; repeat it when you repeat the request" example:"5f0c0b1e-7f0e-4f57-9d4e-0a6f4f1f8a10"`
	IfMatch        string `header:"If-Match" maxLength:"40" doc:"ETag that the decision rests on; 412 where the record has changed since"`
	DryRun         bool   `query:"dry_run" doc:"Answer with the events that would be appended, and change nothing; that you were shown them is noted as a read"`
	Body           B
	RawBody        []byte // as it came, for what is signed; valid while the request is
	requestPath    string
}

// Resolve notes the path of the request, which is part of what a key names.
func (p *Posted[B]) Resolve(ctx huma.Context) []error {
	u := ctx.URL()
	p.requestPath = ctx.Method() + " " + u.Path
	return nil
}

func (p *Posted[B]) posted() (key, ifMatch, path string, dryRun bool, body any) {
	return p.IdempotencyKey, p.IfMatch, p.requestPath, p.DryRun, p.Body
}

// signing is what a signature of this command is over.
func (p *Posted[B]) signing() signing { return signing{p.requestPath, p.IdempotencyKey, p.RawBody} }

// commandInput is an input struct that embeds Posted.
type commandInput[I any] interface {
	*I
	posted() (key, ifMatch, path string, dryRun bool, body any)
}

// Done is the answer to a command: what it names, and the events that carry it.
type Done[R any] struct {
	Status   int    `json:"-"`
	ETag     string `header:"ETag" doc:"Revision of the record that was changed"`
	Position string `header:"Tizilim-Position" doc:"Send it back with a read to see this command's effect"`
	Replayed bool   `header:"Idempotent-Replayed" doc:"true where this answer is that of an earlier request with the same key"`
	Body     R
}

// Events are part of every command's answer.
type Events struct {
	DryRun bool        `json:"dry_run,omitempty" doc:"Nothing was appended"`
	Events []EventLine `json:"events" doc:"The events appended, in order; with dry_run those that would be"`
}

// commandRun carries a command out and says what to answer.
type commandRun[I, R any] func(ctx context.Context, cmd domain.Command, opt command.Options, in *I) (command.Receipt, R, error)

// post registers a command.
func post[I, R any, P commandInput[I]](s *Server, op operation, run commandRun[I, R]) {
	op.method, op.command = http.MethodPost, true
	described := s.describe(op)
	described.Errors = append(described.Errors, http.StatusConflict, http.StatusPreconditionFailed)
	described.Errors = append(described.Errors, withBody...)
	huma.Register(s.api, described, func(ctx context.Context, in *I) (*Done[R], error) {
		key, ifMatch, path, dryRun, body := P(in).posted()
		revision, err := parseETag(ifMatch)
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		cmd, err := s.envelope(principal(ctx), key, path, body)
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		// A client that goes away does not stop an act between its steps.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandTimeout)
		defer cancel()
		began := time.Now()
		receipt, answer, err := once(ctx, s, cmd, dryRun, func() (command.Receipt, R, error) {
			return run(ctx, cmd, command.Options{IfMatch: revision, DryRun: dryRun}, in)
		})
		s.metrics.command(op.id, receipt, err, time.Since(began))
		if err == nil && dryRun {
			err = s.reading(op.id, tried).show(ctx, answer)
		}
		if err != nil {
			return nil, problemOf(err, s.log)
		}
		done := &Done[R]{Status: op.status, Body: answer, Replayed: receipt.Repeated}
		if dryRun {
			done.Status = http.StatusOK
			return done, nil
		}
		done.ETag, done.Position = etag(receipt.Revision), position(receipt.Position)
		return done, nil
	})
	// huma describes the raw body as another form of it, which it is not.
	delete(s.api.OpenAPI().Paths[op.path].Post.RequestBody.Content, "application/octet-stream")
}

// once claims the command's key for this request around run. A refusal has
// changed nothing, so it gives the key back.
func once[R any](ctx context.Context, s *Server, cmd domain.Command, dryRun bool, run func() (command.Receipt, R, error)) (command.Receipt, R, error) {
	var none R
	if dryRun {
		return run()
	}
	if err := s.claims.Claim(ctx, cmd.ID, cmd.Digest); err != nil {
		return command.Receipt{}, none, err
	}
	receipt, answer, err := run()
	var e *domain.Error
	if errors.As(err, &e) && e.Kind != domain.Unavailable {
		if releaseErr := s.claims.Release(context.WithoutCancel(ctx), cmd.ID, cmd.Digest); releaseErr != nil {
			s.log.Warn("the key of a refused command stays taken until it expires", "error", releaseErr)
		}
	}
	return receipt, answer, err
}

// envelope names the command and its request.
func (s *Server) envelope(p Principal, key, path string, body any) (domain.Command, error) {
	canonical, err := json.Marshal(body)
	if err != nil {
		return domain.Command{}, err
	}
	// The digest is kept with the events, for longer than some values in the
	// body may be; without the key nobody can try values until one fits.
	digest := hmac.New(sha256.New, s.personKey)
	digest.Write([]byte(path + "\n"))
	digest.Write(canonical)
	return domain.Command{
		ID:     domain.CommandID{UUID: domain.DeriveID(keySpace, p.Account+"\n"+key)},
		Digest: hex.EncodeToString(digest.Sum(nil)),
		Actor:  p.Account, Role: p.Role,
		Now: s.now(),
	}, nil
}

func etag(revision uint64) string       { return `"` + strconv.FormatUint(revision, 10) + `"` }
func position(p domain.Position) string { return strconv.FormatUint(uint64(p), 10) }

var strongETag = regexp.MustCompile(`^"(0|[1-9][0-9]{0,18})"$`)

// parseETag reads an If-Match header; nil where there is none. It takes an ETag
// exactly as this API gives it: a precondition that is half understood protects
// nothing.
func parseETag(header string) (*uint64, error) {
	if header == "" {
		return nil, nil
	}
	m := strongETag.FindStringSubmatch(header)
	if m == nil {
		return nil, badETag()
	}
	revision, err := strconv.ParseUint(m[1], 10, 63)
	if err != nil {
		return nil, badETag()
	}
	return &revision, nil
}

func badETag() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeMalformed,
		`If-Match takes one ETag as this API gave it, for example "3" with its quotes`).At("header.If-Match")
}
