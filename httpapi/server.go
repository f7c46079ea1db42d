package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/eventstore/command"
	"tizilim/projections"
)

// Log is what reads need of the event store.
type Log interface {
	Read(ctx context.Context, stream string, from uint64) iter.Seq2[domain.Recorded, error]
	ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error)
	// ReadBack returns events of a stream, the newest first: those before the
	// revision, or with nil the last ones.
	ReadBack(ctx context.Context, stream string, before *uint64, limit int) ([]domain.Recorded, error)
	// AppendRead records that somebody is about to be shown data of a person.
	AppendRead(ctx context.Context, id uuid.UUID, e accesslog.PersonalDataRead, meta domain.Meta) error
}

// Config is what a Server is made of.
type Config struct {
	Commands  *command.Handler
	Log       Log
	Model     *projections.Reader
	Watch     *projections.Watch // over the model
	Claims    *projections.Claims
	Tokens    *Tokens
	PersonKey domain.PersonIDKey
	CheckKey  certificates.CheckKey // of the codes on documents
	Gateway   command.Gateway       // carries SMS and e-mail
	BaseURL   string                // where the public reaches this server, for the addresses on documents
	Metrics   *prometheus.Registry
	Logger    *slog.Logger
	Now       func() time.Time
	Version   string

	Signatures     SignatureVerifier
	MobileCitizens MobileCitizens
	PasswordKey    PasswordKey
}

// Server is the API as an [http.Handler].
type Server struct {
	http.Handler
	api       huma.API
	commands  *command.Handler
	log       *slog.Logger
	events    Log
	model     *projections.Reader
	watch     *projections.Watch
	claims    *projections.Claims
	tokens    *Tokens
	personKey domain.PersonIDKey
	checkKey  certificates.CheckKey
	baseURL   string
	metrics   *metrics
	now       func() time.Time
	streams   *streams

	signatures     SignatureVerifier
	mobileCitizens MobileCitizens
	passwordKey    PasswordKey
	gateway        command.Gateway
}

// New builds the API.
func New(c Config) *Server {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // a redirect is no problem+json, and one that repeats a command is none to follow
	engine.ContextWithFallback = true
	s := &Server{
		Handler: engine, commands: c.Commands, log: c.Logger, events: c.Log, model: c.Model, watch: c.Watch, claims: c.Claims,
		tokens: c.Tokens, personKey: c.PersonKey, checkKey: c.CheckKey, baseURL: strings.TrimSuffix(c.BaseURL, "/"), metrics: newMetrics(c.Metrics, c.Model, c.Now),
		now: func() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }, signatures: c.Signatures,
		mobileCitizens: c.MobileCitizens, passwordKey: c.PasswordKey, gateway: c.Gateway,
	}
	s.streams = newStreams(c.Model, c.Logger)
	engine.Use(s.observe, s.recover)
	engine.NoRoute(func(ctx *gin.Context) {
		s.write(ctx, refusal(http.StatusNotFound, domain.CodeNotFound, "there is no such address; /openapi.json lists them all", ""))
	})
	engine.NoMethod(func(ctx *gin.Context) {
		s.write(ctx, refusal(http.StatusMethodNotAllowed, domain.CodeMalformed, "this address does not take this method; Allow and /openapi.json say which it takes", ""))
	})
	engine.GET("/healthz", func(ctx *gin.Context) { ctx.JSON(http.StatusOK, gin.H{"status": "ok"}) })
	engine.GET("/readyz", s.ready)
	engine.GET("/metrics", gin.WrapH(promhttp.HandlerFor(c.Metrics, promhttp.HandlerOpts{})))

	s.api = humagin.New(engine, apiConfig(c.Version))
	s.persons()
	s.contacts()
	s.notices()
	s.representatives()
	s.dwellings()
	s.registrations()
	s.signing()
	s.passwords()
	s.corrections()
	s.queues()
	s.lists()
	s.removals()
	s.cases()
	s.procedure()
	s.examinations()
	s.certificates()
	s.residences()
	s.histories()
	s.account()
	return s
}

func apiConfig(version string) huma.Config {
	config := huma.DefaultConfig("Tizilim: register of residence and queue for service housing", version)
	config.OpenAPI.OpenAPI = "3.1.0"
	config.DocsPath = "" // the built-in page loads its scripts from elsewhere
	config.SchemasPath = ""
	config.CreateHooks = nil // no $schema links in answers
	config.Formats = map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat}
	config.DefaultFormat = "application/json"
	config.Info.Description = "Commands append immutable events; reads answer from projections of them. " +
		"Every refusal is an RFC 9457 problem with a stable code."
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
	}
	return config
}

// AtLeast is the position that a read must know at least.
type AtLeast struct {
	Position string `header:"Tizilim-Position" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a position as this API gave it" doc:"Wait until the answer covers this position of the log"`
}

// await waits, bounded, until the model covers what the client has seen.
func (s *Server) await(ctx context.Context, b AtLeast) error {
	if b.Position == "" {
		return nil
	}
	position, err := strconv.ParseUint(b.Position, 10, 64)
	if err != nil {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed, "send the position as this API gave it").At("header.Tizilim-Position")
	}
	return s.model.Await(ctx, domain.Position(position))
}

// found is the answer to a read.
type found[B any] struct {
	ETag     string `header:"ETag" doc:"Revision of the record"`
	Position string `header:"Tizilim-Position" doc:"How far in the log the answer knows"`
	Body     B
}

// listed is the answer to a read over several records, which has no ETag.
type listed[B any] struct {
	Position string `header:"Tizilim-Position" doc:"How far in the log the answer knows"`
	Body     B
}

func answer[B any](body B, revision uint64, asOf domain.Position) *found[B] {
	f := &found[B]{ETag: etag(revision), Body: body}
	if asOf > 0 {
		f.Position = position(asOf)
	}
	return f
}

// atField names the field at fault of a refusal.
func atField(err error, field string) error {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.At(field)
	}
	return err
}

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// observe logs and counts every request. It names the route, never the address:
// an address holds ids.
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
	// A 503 is an answer, and what it comes from is logged where it arises.
	if status := ctx.Writer.Status(); status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable {
		level = slog.LevelWarn
	}
	s.log.Log(ctx, level, "request", "method", method, "route", route, "status", ctx.Writer.Status(), "took", elapsed)
}

// recover turns a panic into a problem; it is a defect, with its stack in the
// log.
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
			s.write(ctx, internal())
			ctx.Abort()
		}
	}()
	ctx.Next()
}

func (s *Server) write(ctx *gin.Context, p *Problem) {
	body, err := json.Marshal(p)
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
	seed := make([]byte, 32)
	tokens, err := NewTokens(seed)
	if err != nil {
		return nil, err
	}
	s := New(Config{Tokens: tokens, Metrics: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler), Now: time.Now, Version: version})
	return json.MarshalIndent(s.api.OpenAPI(), "", "  ")
}
