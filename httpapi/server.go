package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/eventstore/command"
	"tizilim/eventstore/papers"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/token"
	"tizilim/httpapi/web"
	"tizilim/projections"
)

// Log is what reads need of the event store.
type Log interface {
	Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error]
	ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error)
	// ReadBack returns events of a stream, the newest first: those before the
	// revision, or with nil the last ones.
	ReadBack(ctx context.Context, stream string, before *uint64, limit int) ([]domain.Recorded, error)
	// RecordAccess records that somebody is about to be shown data of a person.
	RecordAccess(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error
	// RecordPage records that data of many persons are about to be shown on one page.
	RecordPage(ctx context.Context, id uuid.UUID, e accesslog.PageRead, meta domain.Meta) error
}

// Config is what a Server is made of.
type Config struct {
	Commands  *command.Handler
	Log       Log
	Model     *projections.Reader
	Watch     *projections.Watch // over the model
	Claims    *projections.Claims
	Tokens    operation.Tokens
	Identity  token.Identities   // as Tokens has them; nil: each id means itself
	Directory *command.Directory // of bodies and accounts
	PersonKey domain.PersonIDKey
	Proofs    Proofs // of the log; nil: it proves nothing
	Pages     Pages  // signs printed documents; not nil where Proofs is not
	BaseURL   string // where the public reaches this server, for the addresses on documents
	Metrics   *prometheus.Registry
	Logger    *slog.Logger
	Now       func() time.Time
	Clock     Clock // says whether Now can be relied on; nil: it always can
	Trial     Trial // moves Now; nil: nobody does
	Version   string

	// Feed tells the systems of other state bodies what they may have; nil: nothing.
	Feed *command.Feed

	// Papers keeps the files of papers; nil: none can be handed in. A case takes PapersPerCase of
	// them; 0: the default.
	Papers        *papers.Store
	PapersPerCase int

	Drafts  Drafts  // of citizens
	Secrets Secrets // seals the drafts

	// Limits bounds how often somebody calls; nil bounds nothing, as in a measurement.
	Limits operation.Limiter
	// Witness sees every request; nil where nobody looks.
	Witness operation.Witness
	// Proxies are the addresses or networks of proxies before this server. What they say
	// of the address of a client is believed, and what others say is not. [New] panics
	// where one is neither.
	Proxies []string
}

// Server is the API as an [http.Handler].
type Server struct {
	http.Handler
	ops       http.Handler
	api       *operation.API
	commands  *command.Handler
	directory *command.Directory
	log       *slog.Logger
	events    Log
	model     *projections.Reader
	watch     *projections.Watch
	personKey domain.PersonIDKey
	proofs    Proofs
	pages     Pages
	baseURL   string // without a slash at its end
	metrics   *metrics
	now       func() time.Time
	clock     Clock
	trial     Trial
	streams   *streams
	waits     func() *domain.Error                          // why nothing is answered; nil: it is
	holders   *lru.Cache[domain.ListEntry, domain.PersonID] // of entries; see rights
	living    *living
	answers   *answers
	feed      *command.Feed
	feeds     feeds
	drawn     drawnPages
	pastLists pastLists

	paperStore    *papers.Store
	papersPerCase int

	site    *web.Site // nil while the server waits for its keys
	drafts  Drafts
	secrets Secrets

	steps map[string]nextStepBody // of a case, by operation, without the case
}

// New builds the API.
func New(c Config) *Server {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	if err := engine.SetTrustedProxies(c.Proxies); err != nil {
		panic(err)
	}
	s := &Server{
		Handler: headsToo{engine}, commands: c.Commands, directory: c.Directory, log: c.Logger, events: c.Log, model: c.Model, watch: c.Watch,
		personKey: c.PersonKey, proofs: c.Proofs, pages: c.Pages, baseURL: strings.TrimSuffix(c.BaseURL, "/"),
		metrics: newMetrics(c.Metrics, c.Model, c.Now),
		trial:   c.Trial, clock: c.Clock, answers: newAnswers(), drawn: newDrawnPages(), pastLists: newPastLists(),
		feed:       c.Feed,
		paperStore: c.Papers, papersPerCase: cmp.Or(c.PapersPerCase, papersPerCase),
		drafts: c.Drafts, secrets: c.Secrets,
		now: func() time.Time { return c.Now().UTC().Truncate(time.Microsecond) },
	}
	s.streams = newStreams(c.Model, c.Logger)
	s.living = newLiving(c.Commands, c.Now)
	var err error
	if s.holders, err = lru.New[domain.ListEntry, domain.PersonID](holdersCached); err != nil {
		panic(err) // only for a size that is not positive
	}
	s.route(engine)
	s.ops = s.trialOps(opsOf(engine, c.Metrics))

	config := operation.HumaConfig(
		"Tizilim: register of residence and queue for service housing", c.Version, enumerations...,
	)
	config.Info.Description = "Commands append immutable events. Most reads answer from projections of these events. " +
		"Every refusal is a problem (RFC 9457) with a stable code, in the language that Accept-Language asks for (kk, ru or en)."
	config.Servers = []*huma.Server{{URL: "/", Description: "The server that gave this document"}}
	config.Tags = tags
	s.api = operation.New(humagin.New(engine, config), operation.Config{
		Tokens: c.Tokens, Identity: c.Identity, Accounts: c.Directory, Rights: rights{s}, Claims: c.Claims, AccessLog: c.Log, Model: c.Watch, Meter: s.metrics,
		DigestKey: c.PersonKey, Now: s.now, Logger: c.Logger, Limiter: c.Limits, Witness: c.Witness,
		Address: clientAddress,
	})
	s.api.Add(s.operations()...)
	s.site = s.newSite()
	s.site.Route(engine)
	showAnswers(config.OpenAPI)
	s.steps = s.stepsTaken()
	return s
}

// NewWaiting builds what answers while the registry may not use its keys, or its log, yet:
// health and readiness, and 503 to all else, with the refusal that why returns, which
// readiness names too. Of c it needs Log, Model, Watch, Metrics, Logger and Now.
func NewWaiting(c Config, why func() *domain.Error) *Server {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	s := &Server{
		Handler: headsToo{engine}, log: c.Logger, events: c.Log, model: c.Model, watch: c.Watch, now: c.Now, answers: newAnswers(),
		metrics: newMetrics(prometheus.NewRegistry(), c.Model, c.Now), // those of the API have the same names
		streams: newStreams(c.Model, c.Logger), waits: why,
	}
	s.route(engine)
	refuse := func(ctx *gin.Context) { s.write(ctx, problem.Of(why(), c.Logger)) }
	engine.NoRoute(refuse)
	engine.NoMethod(refuse)
	s.ops = opsOf(engine, c.Metrics)
	return s
}

// holdersCached bounds the entries whose holder is remembered, of about 150 bytes each.
const holdersCached = 50_000

// operations are all of the API. Each file of a resource declares its own.
func (s *Server) operations() []operation.Operation {
	return slices.Concat(
		s.personOperations(), s.contactOperations(), s.representativeOperations(), s.erasureOperations(),
		s.personDataOperations(), s.iinOperations(), s.deathOperations(), s.mergeOperations(),
		s.dwellingOperations(), s.stockOperations(), s.streetOperations(),
		s.registrationOperations(), s.residenceOperations(), s.correctionOperations(), s.deregistrationOperations(),
		s.signatureOperations(), s.passwordOperations(),
		s.applicationOperations(), s.requirementOperations(), s.paperOperations(), s.caseOperations(), s.comparisonOperations(), s.stepOperations(), s.certificateOperations(),
		s.listOperations(), s.entryOperations(), s.provisionOperations(), s.removalOperations(), s.annulmentOperations(),
		s.meOperations(), s.draftOperations(), s.noticeOperations(), s.historyOperations(), s.diffOperations(), s.bodyOperations(), s.proofOperations(),
		s.feedOperations(),
	)
}

// codes are problems that several operations declare.
type codes []domain.Code

func (c codes) and(more ...domain.Code) codes { return slices.Concat(c, codes(more)) }

// tags describe the groups of operations.
var tags = []*huma.Tag{
	{Name: residenceTag, Description: "Persons, dwellings, their owners, and who is registered where"},
	{Name: housingTag, Description: "Lists of those in need of service housing, their entries and numbers, and the stock of dwellings"},
	{Name: casesTag, Description: "Applications from their receipt to the decision, and complaints"},
	{Name: documentsTag, Description: "Certificates, departure sheets and talons, and whether one is in force"},
	{Name: accountTag, Description: "What a citizen sees and does for themselves"},
	{Name: signaturesTag, Description: "What is signed, and one-time passwords"},
	{Name: auditTag, Description: "Histories, and the proof that an event stands in the signed log"},
	{Name: bodiesTag, Description: "Bodies, their officials, and the accounts that act for them"},
	{Name: feedTag, Description: "What the systems of other state bodies are told, as far as they may have it"},
}

// Groups of operations, as the OpenAPI document shows them.
const (
	residenceTag  = "Residence"
	housingTag    = "Service housing"
	casesTag      = "Cases"
	documentsTag  = "Documents"
	accountTag    = "Personal account"
	signaturesTag = "Signatures"
	auditTag      = "Audit"
	bodiesTag     = "Bodies"
	feedTag       = "Feed"
)

// route serves everything that is not an operation.
func (s *Server) route(engine *gin.Engine) {
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // a client must not repeat a command because of a redirect
	engine.ContextWithFallback = true
	engine.Use(harden, s.showTrial, s.observe, s.bound, s.recover)
	engine.NoRoute(func(ctx *gin.Context) {
		s.write(ctx, problem.New(http.StatusNotFound, domain.CodeNotFound,
			"there is no such address; /openapi.json lists them all", ""))
	})
	engine.NoMethod(func(ctx *gin.Context) {
		if allow := ctx.Writer.Header().Get("Allow"); strings.Contains(allow, http.MethodGet) {
			ctx.Header("Allow", allow+", "+http.MethodHead)
		}
		s.write(ctx, problem.New(http.StatusMethodNotAllowed, domain.CodeMethod,
			"this address does not take this method; Allow and /openapi.json say which it takes", ""))
	})
	engine.GET("/", s.home)
	engine.GET("/healthz", func(ctx *gin.Context) { ctx.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	engine.GET("/readyz", s.ready)
}

// newSite returns the pages that a browser shows.
func (s *Server) newSite() *web.Site {
	c := web.Config{Problems: s.api.Problems(), Answering: s.answering}
	if s.trial != nil {
		c.Trial = s.now
	}
	return web.New(c)
}

// answering are the operations that declare the problem as one of their own.
func (s *Server) answering(code domain.Code) (all []web.Operation) {
	for _, op := range s.api.Operations() {
		if slices.Contains(op.Problems, code) {
			all = append(all, web.Operation{ID: op.ID, Tag: op.Tag, Method: op.Method, Path: op.Path, Summary: op.Summary})
		}
	}
	return all
}

// home says what answers here: a page for a browser, and JSON for a program.
func (s *Server) home(ctx *gin.Context) {
	ctx.Writer.Header().Add("Vary", "Accept")
	if s.site != nil && operation.Accepted(ctx.GetHeader("Accept"), []string{operation.JSON, "text/html"}) == "text/html" {
		s.site.Home(ctx)
		return
	}
	ctx.JSON(http.StatusOK, what)
}

// what says at the root what answers here.
var what = gin.H{
	"name":        "tizilim",
	"description": "The register of residence and the queue for service housing of Kazakhstan: commands append events, reads answer from their projections",
	"openapi":     "/openapi.json",
	"docs":        "/docs",
	"problems":    "/problems",
	"health":      "/healthz",
	"readiness":   "/readyz",
}

// clientAddress is where a request came from: the address of the connection, or what a
// trusted proxy says.
func clientAddress(ctx huma.Context) string { return humagin.Unwrap(ctx).ClientIP() }

// atField names the member at fault of a refusal.
func atField(err error, field string) error {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}

// notBlank refuses texts that hold nothing but space; the minimum lengths of the
// schema let them pass. members are names and values in turn.
func notBlank(members ...string) error {
	for i := 0; i < len(members); i += 2 {
		if strings.TrimSpace(members[i+1]) == "" {
			return domain.Refuse(domain.Invalid, domain.CodeRequired, "this text has only spaces; write it out").
				At(members[i])
		}
	}
	return nil
}

// observe logs and counts every request. It names the route and not the address,
// since an address holds ids.
func (s *Server) observe(ctx *gin.Context) {
	began := time.Now()
	ctx.Next()
	route := ctx.FullPath()
	if route == "" {
		route = "none"
	}
	elapsed, method := time.Since(began), methodOf(ctx.Request)
	s.metrics.request(method, route, ctx.Writer.Status(), elapsed)
	level := slog.LevelDebug
	// The cause of a 503 is logged where it arises.
	if status := ctx.Writer.Status(); status >= http.StatusInternalServerError &&
		status != http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	s.log.Log(ctx, level, "request", "method", method, "route", route, "status", ctx.Writer.Status(), "took", elapsed)
}

// recover turns a panic into a problem. A panic is a defect, and the log has its
// stack.
func (s *Server) recover(ctx *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler {
				panic(r)
			}
			s.log.Error("request panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			if ctx.Writer.Written() { // cut the connection: half an answer must not look like a whole one
				panic(http.ErrAbortHandler)
			}
			s.write(ctx, problem.Internal())
			ctx.Abort()
		}
	}()
	ctx.Next()
}

func (s *Server) write(ctx *gin.Context, p *problem.Problem) {
	body, err := json.Marshal(p.Answer(ctx.GetHeader("Accept-Language"), ctx.Writer.Header().Add))
	if err != nil { // a Problem is plain strings
		panic(err)
	}
	for name, values := range p.GetHeaders() {
		ctx.Header(name, values[0])
	}
	ctx.Data(p.Status, p.ContentType(""), body)
}

// OpenAPI returns the description of the API, as /openapi.json serves it.
func OpenAPI(version string) ([]byte, error) {
	tokens, err := token.NewChecker(nil, nil)
	if err != nil {
		return nil, err
	}
	s := New(Config{
		Tokens: tokens, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: time.Now,
		Version: version,
	})
	return json.MarshalIndent(s.api.OpenAPI(), "", "  ")
}
