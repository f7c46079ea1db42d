// Package operation is the machinery of the API: it turns a declared operation into
// a route, its OpenAPI description and its checks. It knows no resource.
//
// An operation is one value, made by [Command], [Read] or [Stream]. It declares who
// may call it, whose data its answer shows, an example and its problems; an
// operation that lacks one of them panics in [API.Add], at the start of the
// process.
//
// A request passes the guard (limits, token, role, form of query and headers), then huma's
// checks of the parameters and the body against the Go types of the input, and then
// the operation. Every refusal on the way is a [problem.Problem].
//
// # Commands
//
// A command needs an Idempotency-Key. The key and the account name the command: a
// repeated request gets the first answer again, and another request under the same
// key is refused (idempotency_key_reused). A command that was refused has changed
// nothing, and its key can be used again. ?dry_run=true answers with the events that
// would be appended.
//
// # Reads
//
// A read answers from the read model or from the log. Its answer is given only after
// the access log has an entry for everybody else whom it names.
package operation

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/body"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/table"
	"tizilim/httpapi/token"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// Declaration is what an operation says of itself.
type Declaration struct {
	ID      string // stable: the operationId, and the name of the operation in the access log
	Method  string // of a read; a command is a POST
	Path    string
	Tag     string
	Summary string
	Doc     string
	Status  int // of success; 200 where it is 0

	Of       Subject       // what it acts on or shows: who may call it depends on their relation to that
	Roles    []domain.Role // who may call it; [Anyone] needs no token
	Shows    Disclosure    // of a read: whose data its answer shows
	Problems []domain.Code // that it can answer beside those of its kind ([Operation.Answers])
	Example  string        // of a request with a body: the body, as JSON
	Class    Class         // the work that it is, for the limits; where it is empty, the kind of the operation says it
	Replays  []string      // parameters of the query that make a read one of [ClassExpensive]

	Pending string // of a command that may wait for another act: what 202 says; "" where it never does

	Gives []string   // the media types of its answer, the usual one first; JSON alone where it is empty
	Rows  table.Rows // of a read: the list in its answer that is given as a table too

	FromLog bool // a read of the log alone: what it does not find does not exist
}

type kind int

const (
	reads kind = iota
	changes
)

// Operation is a declared operation.
type Operation struct {
	Declaration
	kind     kind
	streams  bool   // made by [Stream]
	searches bool   // its body says why it is made: see [Searched]
	media    string // of its body; "" for JSON
	register func(*API, Operation)
}

// Acting stands for any command, where only that matters.
var Acting = Operation{kind: changes}

// Changes reports whether the operation is a command.
func (op Operation) Changes() bool { return op.kind == changes }

// mediaType is that of its body.
func (op Operation) mediaType() string { return cmp.Or(op.media, JSON) }

func (op Operation) hasBody() bool {
	return op.Changes() || op.Method == http.MethodPost || op.Method == http.MethodPut
}

// described is the description of the operation in the document.
func (a *API) described(op Operation) *huma.Operation {
	path := a.huma.OpenAPI().Paths[op.Path]
	switch op.Method {
	case http.MethodPut:
		return path.Put
	case http.MethodDelete:
		return path.Delete
	case http.MethodPost:
		return path.Post
	}
	return path.Get
}

// check returns a sentence that names what the declaration lacks; "" where it is
// whole.
func (op Operation) check() string {
	switch {
	case op.ID == "" || op.Method == "" || op.Path == "" || op.Tag == "" || op.Summary == "":
		return "give it an id, a method, a path, a tag and a summary"
	case !slices.Contains(Subjects, op.Of):
		return "say in Of what it acts on or shows"
	case len(op.Roles) == 0:
		return "say in Roles who may call it"
	case !op.Changes() && !op.Shows.decided:
		return "say in Shows whose data its answer shows, or why nobody's"
	case op.Changes() && op.Shows.decided:
		return "leave Shows out: the events of a command say who, when and why"
	case op.hasBody() && !json.Valid([]byte(op.Example)):
		return "give an Example of its body, as JSON"
	case !slices.Contains(Classes, op.Class):
		return "say in Class what work it is"
	case !op.hasBody() && op.Example != "":
		return "leave Example out: it has no body"
	}
	for i, code := range op.Problems {
		if slices.Contains(op.Problems[:i], code) || slices.Contains(op.commonProblems(), code) {
			return fmt.Sprintf("leave %s out of Problems: it is declared already", code)
		}
	}
	return ""
}

// Config is what the machinery needs.
type Config struct {
	Tokens    Tokens
	Identity  token.Identities // whom the person of an account is; nil: itself
	Accounts  Accounts
	Rights    Rights
	Claims    Claims
	AccessLog AccessLog
	Model     Model
	Meter     CommandMeter
	Limiter   Limiter                   // nil: nothing is bounded
	Witness   Witness                   // nil: nobody looks
	Address   func(huma.Context) string // that a request came from; nil: that of the connection
	DigestKey []byte                    // of the digests of requests, which the log keeps
	Now       func() time.Time
	Logger    *slog.Logger
}

// Tokens checks the tokens of requests. [token.Checker] is one.
type Tokens interface {
	// Check returns whom the token names at the instant. It refuses a token that is
	// damaged, has expired, is not yet valid, was revoked, or comes from another issuer.
	// An Unavailable [*domain.Error] says that the token cannot be checked now.
	Check(ctx context.Context, token string, now time.Time) (token.Principal, error)
}

// Claims remembers which request an Idempotency-Key names.
type Claims interface {
	// Claim refuses with [domain.CodeKeyReused] where the id names another request.
	// It succeeds again for the same request. A claim that cannot be made now is Unavailable.
	Claim(ctx context.Context, id domain.CommandID, digest string) error
	// Release forgets the claim, so that the key can name a mended request.
	Release(ctx context.Context, id domain.CommandID, digest string) error
}

// CommandMeter counts commands with their outcome.
type CommandMeter interface {
	Command(id string, r command.Receipt, err error, took time.Duration)
}

// API serves operations.
type API struct {
	huma       huma.API
	config     Config
	operations []Operation
	slots      slots
}

// New returns an API without operations, on a huma API that was made with
// [HumaConfig].
func New(h huma.API, c Config) *API { return &API{huma: h, config: c, slots: newSlots()} }

// Lists of answers are never null: [body.JSON] writes [] for a list of nothing.
func init() { huma.DefaultArrayNullable = false }

// HumaConfig is the configuration of the huma API that operations are served by.
func HumaConfig(title, version string, enumerations ...Enumeration) huma.Config {
	config := huma.DefaultConfig(title, version)
	for _, e := range enumerations {
		config.Components.Schemas.RegisterTypeAlias(e.Type, e.alias)
	}
	config.OpenAPI.OpenAPI = "3.1.0"
	config.DocsPath = "" // the built-in page loads its scripts from elsewhere
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema links in answers
	config.Formats = map[string]huma.Format{JSON: body.JSON, "json": body.JSON}
	for _, form := range append(slices.Clone(table.Forms), PDF) {
		config.Formats[form] = made
	}
	config.DefaultFormat = JSON
	config.Transformers = append(config.Transformers, inLanguage, inForm)
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
	}
	return config
}

// inLanguage says a problem that huma writes in the language of its reader.
func inLanguage(ctx huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*problem.Problem); ok {
		return p.Answer(ctx.Header("Accept-Language"), ctx.AppendHeader), nil
	}
	return v, nil
}

// Add serves the operations. It panics where a declaration is not whole, or where
// two have one id: the process must not start with such an operation.
func (a *API) Add(operations ...Operation) {
	for _, op := range operations {
		op = op.classed()
		if lacks := op.check(); lacks != "" {
			panic(fmt.Sprintf("operation %q: %s", op.ID, lacks))
		}
		if slices.ContainsFunc(a.operations, func(o Operation) bool { return o.ID == op.ID }) {
			panic(fmt.Sprintf("operation %q: another one has this id", op.ID))
		}
		op.register(a, op)
		a.describeForms(op)
		if op.hasBody() {
			content := a.described(op).RequestBody.Content
			content[op.mediaType()].Example = json.RawMessage(op.Example)
		}
		a.operations = append(a.operations, op)
	}
	leaveOpen(a.huma.OpenAPI().Components.Schemas)
	a.listCodes()
	a.standardise()
}

// standardise takes out of the document what no standard knows: what a pattern means. The messages of
// refusals have it already.
func (a *API) standardise() {
	document := a.huma.OpenAPI()
	for _, schema := range document.Components.Schemas.Map() {
		withoutPatternTexts(schema)
	}
	for _, path := range document.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Head, path.Post, path.Put, path.Delete} {
			if op == nil {
				continue
			}
			for _, p := range op.Parameters {
				withoutPatternTexts(p.Schema)
			}
		}
	}
}

func withoutPatternTexts(s *huma.Schema) {
	if s == nil {
		return
	}
	s.PatternDescription = ""
	withoutPatternTexts(s.Items)
	for _, member := range s.Properties {
		withoutPatternTexts(member)
	}
}

// listCodes makes an enumeration of the codes that a problem can have: those that operations declare,
// and those of addresses and faults that belong to none.
func (a *API) listCodes() {
	var values []any
	for _, code := range a.Problems() {
		values = append(values, string(code))
	}
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	for _, name := range []string{"Problem", "FieldProblem"} {
		if schema := schemas[name]; schema != nil {
			schema.Properties["code"].Enum = values
		}
	}
}

// Problems returns the codes of all problems, in the order of the alphabet.
func (a *API) Problems() []domain.Code {
	codes := slices.Clone(otherProblems)
	for _, op := range a.operations {
		codes = slices.Concat(codes, op.Problems, op.commonProblems())
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Operations returns all operations in the order of their ids.
func (a *API) Operations() []Operation {
	return slices.SortedFunc(slices.Values(a.operations), func(x, y Operation) int { return strings.Compare(x.ID, y.ID) })
}

// BodyOf returns the schema of the body of a command.
func (a *API) BodyOf(op Operation) *huma.Schema {
	schema := a.described(op).RequestBody.Content[op.mediaType()].Schema
	if schema.Ref != "" {
		return a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

// OpenAPI returns the description of all operations.
func (a *API) OpenAPI() *huma.OpenAPI { return a.huma.OpenAPI() }

// bodyRefusals are the statuses that refuse a body as such.
var bodyRefusals = []int{http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}

func (a *API) describe(op Operation) huma.Operation {
	security := []map[string][]string{{"bearer": {}}}
	refusals := []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
		http.StatusNotAcceptable, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusServiceUnavailable,
	}
	if slices.Contains(op.Roles, Anyone) {
		security = []map[string][]string{{}} // stated, and none
		refusals = []int{
			http.StatusBadRequest, http.StatusNotFound, http.StatusNotAcceptable, http.StatusUnprocessableEntity,
			http.StatusTooManyRequests, http.StatusServiceUnavailable,
		}
	}
	var parameters []*huma.Param
	if op.statesPurpose() && !op.searches {
		parameters = append(parameters, purposeParameter(op.kind), referenceParameter())
	}
	if op.takesOnBehalf() {
		parameters = append(parameters, onBehalfParameter())
	}
	return huma.Operation{
		OperationID: op.ID, Method: op.Method, Path: op.Path, Tags: []string{op.Tag},
		Summary: op.Summary, Description: op.description(),
		DefaultStatus: op.Status, MaxBodyBytes: maxBody + 1, // huma refuses the limit itself
		Parameters:  parameters,
		Errors:      refusals,
		Security:    security,
		Middlewares: huma.Middlewares{a.guard(op)},
		Metadata:    map[string]any{rowsOf: op.Rows},

		RejectUnknownQueryParameters: true,
	}
}

func (op Operation) description() string {
	text := op.Doc + "\n\nRoles: " + join(op.Roles) + "."
	if len(op.Problems) > 0 {
		text += "\n\nProblems: " + join(op.Problems) + "."
	}
	return strings.TrimSpace(text)
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
