package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	bodies "tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/proof"
	"tizilim/domain/rules"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/eventstore/embedded"
	paperstore "tizilim/eventstore/papers"
	"tizilim/eventstore/seal"
	"tizilim/eventstore/tree"
	"tizilim/httpapi"
	"tizilim/httpapi/limits"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/security"
	"tizilim/httpapi/token"
	"tizilim/projections"
)

// clock is the time of a registry under test. It stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// registry is a whole registry as clients see it: a real event store behind the
// official client, a projector into a real or in-process Redis, and the API on
// a real socket.
type registry struct {
	t          testing.TB
	clock      *clock
	node       *embedded.Node
	store      *eventstore.Store
	open       func() *eventstore.Store // as one more process has it
	redis      projections.Client
	model      *projections.Reader
	watch      *projections.Watch
	projection *projections.Projector
	projector  func() // stops it
	metrics    *prometheus.Registry
	directory  *command.Directory
	tree       *tree.Tree
	builder    *tree.Builder
	server     *httpapi.Server
	config     httpapi.Config // of server
	http       *httptest.Server
	tokens     *token.Issuer
	person     domain.PersonIDKey
	authority  *eds.Demonstration
	signatures *eds.Verifier
	known      sync.Map // domain.IIN by domain.PersonID
	made       sync.Map // signatures by IIN and text
	mobile     mobile
	keys       atomic.Int64 // Idempotency-Keys drawn
	lists      atomic.Int64 // opened by list and listOf
	iins       atomic.Int64 // IINs drawn
	phones     atomic.Int64 // telephones drawn
	logged     *syncBuffer
	log        *slog.Logger   // writes it
	files      paperstore.Dir // of papers
	calledMu   sync.Mutex
	called     []string // addresses
}

type settings struct {
	scanner    paperstore.Scanner // of files; nil: they are not scanned
	redis      func(testing.TB) projections.Client
	log        func(httpapi.Log) httpapi.Log
	head       func(projections.LogHead) projections.LogHead
	follow     func(projections.Log) projections.Log // of the projector
	commands   func(command.Log) command.Log
	model      func(command.Model) command.Model
	storeClock func() time.Time // of the event store; that of the registry where it is nil
	rules      rules.Book
	limits     limits.Table // nil: nothing is bounded
	proxies    []string
	security   io.Writer     // nil: there is no security log
	trial      httpapi.Trial // nil: the time is real

	dir   string // of files and the socket of the event store; empty: it is in memory
	plain bool   // values are not sealed, and events have no MAC
	quiet bool   // nothing is logged
}

const awaitTimeout = 1500 * time.Millisecond

// checkKey is the one behind the codes of documents.
var checkKey = certificates.CheckKey("another key that no registry has")

// start opens a registry that ends with the test.
func start(t testing.TB, with ...func(*settings)) *registry {
	t.Helper()
	set := settings{
		redis: inProcess, log: unchanged[httpapi.Log], commands: unchanged[command.Log],
		head: unchanged[projections.LogHead], follow: unchanged[projections.Log], model: unchanged[command.Model],
	}
	for _, w := range with {
		w(&set)
	}
	r := &registry{
		t: t, clock: &clock{now: domaintest.Noon()}, metrics: prometheus.NewRegistry(), logged: &syncBuffer{},
		person: domain.PersonIDKey("a key that no registry in use has"),
	}
	logger := slog.New(slog.NewJSONHandler(r.logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if set.quiet {
		logger = slog.New(slog.DiscardHandler)
	}

	var err error
	if set.storeClock == nil {
		set.storeClock = r.clock.Now
	}
	stored := []embedded.Option{embedded.WithClock(set.storeClock), embedded.WithLogger(logger)}
	if set.dir == "" {
		stored = append(stored, embedded.InMemory())
	}
	r.node, err = embedded.Open(set.dir, stored...)
	must(t, err)
	t.Cleanup(func() { r.node.Close() })
	if set.dir == "" {
		must(t, r.node.Start("127.0.0.1:0"))
	} else {
		listener, err := net.Listen("unix", filepath.Join(set.dir, "sock"))
		must(t, err)
		must(t, r.node.StartOn(listener))
	}
	macs := proof.Key("a key that no log in use has")
	masters, err := seal.NewLocal(strings.Repeat("5a", seal.KeySize))
	must(t, err)
	trust := []eventstore.Option{eventstore.WithIntegrity(macs), eventstore.WithMasterKeys(masters)}
	if set.plain {
		trust = nil
	}
	r.open = func() *eventstore.Store {
		store, err := eventstore.Open(r.node.ConnectionString(), logger, trust...)
		must(t, err)
		t.Cleanup(func() { store.Close() })
		return store
	}
	r.store = r.open()
	if !set.plain {
		must(t, r.store.MakeKeys(t.Context()))
	}
	signer, err := proof.NewSigner("tizilim.example", bytes.Repeat([]byte{7}, 32))
	must(t, err)
	r.tree, err = tree.Open(tree.Config{Store: r.store, Public: signer.Public(), Key: macs, Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { r.tree.Close() })
	r.builder = tree.NewBuilder(r.tree, signer, r.clock.Now, logger)

	r.redis = set.redis(t)
	options := projections.Options{
		Logger:       logger,
		Registerer:   r.metrics,
		LeaseTTL:     3 * time.Second,
		AwaitTimeout: awaitTimeout,
		Now:          r.clock.Now,
	}
	projector, err := projections.NewProjector(r.redis, set.follow(r.store), options)
	must(t, err)
	r.projection = projector
	r.model = projections.NewReader(r.redis, options)
	r.watch, err = projections.NewWatch(r.model, set.head(r.store), options)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- projector.Run(ctx) }()
	r.projector = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("projector: %v", err)
		}
	})
	t.Cleanup(r.projector)

	r.tokens = tokens(t, 1)
	authority, err := eds.NewDemonstration(domaintest.Noon().AddDate(-1, 0, 0))
	must(t, err)
	r.authority, err = eds.ReadDemonstration(authority)
	must(t, err)
	r.signatures, err = eds.New(eds.Config{
		Trusted: []*x509.Certificate{r.authority.Certificate()}, Unrevoked: true, Person: r.person.PersonID, Logger: logger,
	})
	must(t, err)
	r.log = logger
	r.directory = r.anotherDirectory()
	commands := r.handler(set.commands(r.store), set.model(readModel{r.model, r.watch}), set.rules)
	identities, accepted := command.NewIdentities(commands), checker(t, r.tokens)
	accepted.Identify(identities)
	r.config = httpapi.Config{
		Commands: commands, Log: set.log(r.store), Model: r.model, Watch: r.watch,
		Claims: projections.NewClaims(r.redis, options), Tokens: accepted, Identity: identities, Directory: r.directory,
		PersonKey: r.person, Proofs: r.tree, Pages: signer,
		Feed:    command.NewFeed(commands, r.store),
		BaseURL: "https://tizilim.example/",
		Metrics: r.metrics, Logger: logger, Now: r.clock.Now, Version: "test",
		Limits: r.limiter(set.limits), Proxies: set.proxies, Trial: set.trial, Witness: r.witness(set.security),
	}
	r.config.Drafts, r.config.Secrets = projections.NewDrafts(r.redis, options), r.store
	r.files = paperstore.Dir(filepath.Join(t.TempDir(), "papers"))
	r.config.Papers, err = paperstore.New(r.files, r.store, set.scanner, string(r.files), 64<<10)
	must(t, err)
	r.server = httpapi.New(r.config)
	r.http = httptest.NewServer(r.server)
	t.Cleanup(r.http.Close)
	r.until("the read model answers", func() bool {
		status, err := r.model.Status(context.Background())
		return err == nil && status.Ready()
	})
	return r
}

// limiter bounds by the table in this process alone.
func (r *registry) limiter(table limits.Table) operation.Limiter {
	if table == nil {
		return nil
	}
	return limits.New(limits.Config{Table: table, Metrics: r.metrics, Logger: r.log, Now: r.clock.Now})
}

// witness writes the security log.
func (r *registry) witness(w io.Writer) operation.Witness {
	if w == nil {
		return nil
	}
	return security.New(w, r.metrics, r.clock.Now)
}

// readModel is the read model as commands ask it.
type readModel struct {
	*projections.Reader
	watch *projections.Watch
}

func (m readModel) CatchUp(ctx context.Context) error { return m.watch.CatchUp(ctx) }

// handler returns a command handler of the registry, as one more process has it.
func (r *registry) handler(log command.Log, model command.Model, book rules.Book) *command.Handler {
	r.t.Helper()
	return r.handlerWith(log, r.store, model, book)
}

// handlerWith is handler with data keys of its own.
func (r *registry) handlerWith(
	log command.Log, keys command.DataKeys, model command.Model, book rules.Book, with ...func(*command.Config),
) *command.Handler {
	r.t.Helper()
	c := command.Config{
		Log: log, Model: model, Now: r.clock.Now, Rules: book, Signatures: r.signatures,
		MobileCitizens: &r.mobile, Gateway: &r.mobile, PasswordKey: passwordKey, CheckKey: checkKey,
		Logger: r.log, Bodies: r.directory, Keys: keys, Records: records{r.model},
	}
	for _, w := range with {
		w(&c)
	}
	h, err := command.New(c)
	must(r.t, err)
	return h
}

// proven has a signed head cover all that the log holds.
func (r *registry) proven() {
	r.t.Helper()
	must(r.t, r.builder.Flush(context.Background()))
}

// records shows the commands what the read model has about erasures.
type records struct{ *projections.Reader }

func (r records) Erasures(ctx context.Context, after domain.Position) (news command.Erasures, err error) {
	erased, incomplete, err := r.Reader.Erasures(ctx, after)
	news.Incomplete = incomplete
	for _, e := range erased {
		news.Erased, news.UpTo = append(news.Erased, e.PersonID), e.Position
	}
	return news, err
}

// another is the handler of another process.
func (r *registry) another() *command.Handler {
	return r.handler(r.store, readModel{r.model, r.watch}, rules.Book{})
}

// restarted has a new process serve the API, which knows no record yet. Its commands see
// the log as log shows it.
func (r *registry) restarted(log func(command.Log) command.Log) {
	r.t.Helper()
	c := r.config
	c.Metrics = prometheus.NewRegistry()
	c.Commands = r.handler(log(r.store), readModel{r.model, r.watch}, rules.Book{})
	r.server = httpapi.New(c)
	r.http.Config.Handler = r.server
}

// anotherDirectory is the directory of one more process.
func (r *registry) anotherDirectory() *command.Directory {
	d, done := command.NewDirectory(r.store, true), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(done)
		d.Run(ctx, r.store)
	}()
	r.t.Cleanup(func() {
		cancel()
		<-done
	})
	return d
}

func (r *registry) ctx() context.Context { return context.Background() }

func unchanged[T any](v T) T { return v }

func inProcess(t testing.TB) projections.Client {
	e, err := projections.StartEmbedded()
	must(t, err)
	t.Cleanup(func() { e.Close() })
	return e.Client()
}

// tokenLifetime is that of tokens in tests, where the clock moves by months.
const tokenLifetime = 100 * 365 * 24 * time.Hour

// tokens issues tokens by the key of the seed.
func tokens(t testing.TB, seed byte) *token.Issuer {
	key, err := token.NewKey(bytes.Repeat([]byte{seed}, 32))
	must(t, err)
	tokens, err := token.NewIssuer(tokenLifetime, key)
	must(t, err)
	return tokens
}

// checker accepts the tokens of the issuer.
func checker(t testing.TB, issuer *token.Issuer) *token.Checker {
	c, err := token.NewChecker(map[string]token.Source{token.LocalIssuer: issuer}, nil)
	must(t, err)
	return c
}

// tester is a test, or one step of a random walk.
type tester interface {
	Name() string
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Error(...any)
	Errorf(string, ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until asks again and again until the condition holds.
func (r *registry) until(what string, holds func() bool) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			r.t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// syncBuffer collects what is logged.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// at returns the registry for a subtest, so that its failures are told there.
func (r *registry) at(t tester) *subtest { return &subtest{registry: r, t: t} }

// subtest is a registry seen from one test.
type subtest struct {
	*registry
	t tester
}

// head is the end of the log.
func (s *subtest) head() domain.Position {
	s.t.Helper()
	head, err := s.store.Head(context.Background())
	must(s.t, err)
	return head
}

// changed reports whether the log has taken anything since the position but notes
// of what was read.
func (s *subtest) changed(since domain.Position) bool {
	s.t.Helper()
	return slices.ContainsFunc(
		s.since(since),
		func(rec domain.Recorded) bool { return !accesslog.IsLog(rec.Stream) },
	)
}

// since returns what the log has taken since the position.
func (s *subtest) since(after domain.Position) []domain.Recorded {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var recs []domain.Recorded
	for d := range s.store.Follow(ctx, after) {
		if d.CaughtUp {
			break
		}
		must(s.t, d.Poison)
		if d.Recorded != nil {
			recs = append(recs, *d.Recorded)
		}
	}
	return recs
}

var asOfPosition = regexp.MustCompile(`"as_of_position":[0-9]+`)

// timeless is the answer without how far in the log it knows, which every read
// of somebody's data moves on.
func (a *answer) timeless() string { return asOfPosition.ReplaceAllString(a.text, "") }

// token returns one of the role; a citizen is nobody in particular.
func (s *subtest) token(role domain.Role) string {
	p := token.Principal{Role: role, Account: string(role) + "-1"}
	if role == domain.RoleCitizen {
		p.PersonID = domaintest.ID[domain.PersonID]("nobody in particular")
	}
	return s.tokenOf(p)
}

// staff returns the token of an account.
func (s *subtest) staff(role domain.Role, account string) string {
	return s.tokenOf(token.Principal{Role: role, Account: account})
}

// as returns the token of a citizen.
func (s *subtest) as(person string) string {
	return s.tokenOf(token.Principal{Role: domain.RoleCitizen, PersonID: parse[domain.PersonID](person)})
}

func (s *subtest) tokenOf(p token.Principal) string {
	s.t.Helper()
	token, err := s.tokens.Issue(p, s.clock.Now(), tokenLifetime)
	must(s.t, err)
	return token
}

// answer is what the API answered.
type answer struct {
	t      tester
	status int
	header http.Header
	text   string
	body   map[string]any // nil where the text is no JSON object
}

type header [2]string

// send sends a request with a body that is JSON text, or is made so.
func (s *subtest) send(method, path, token string, body any, headers ...header) *answer {
	s.t.Helper()
	a, err := s.try(method, path, token, body, headers...)
	must(s.t, err)
	return a
}

func (s *subtest) try(method, path, token string, body any, headers ...header) (*answer, error) {
	var reader io.Reader
	body, err := s.signed(method+" "+path, token, body, headers)
	if err != nil {
		return nil, err
	}
	switch b := body.(type) {
	case nil:
	case io.Reader:
		reader = b
	case string:
		reader = strings.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, s.http.URL+path, reader)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		req.Header.Set(h[0], h[1])
	}
	s.calledMu.Lock()
	s.called = append(s.called, path)
	s.calledMu.Unlock()
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	a := &answer{t: s.t, status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.body) // not all answers are objects
	s.checkDeclared(method, path, a)
	checkForm(s.t, path, "", a.body)
	return a, nil
}

// inAnotherZone matches instants that do not stand in the zone of the registry.
var inAnotherZone = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](0[^5]|[^0]\d|05:[^0])[:\d]*)$`)

// checkForm fails the test where an answer has an instant of another zone than +05:00, or a null that is
// no number: a list of nothing is [].
func checkForm(t tester, path, member string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			checkForm(t, path, name, value)
		}
	case []any:
		for _, item := range v {
			checkForm(t, path, member, item)
		}
	case string:
		if inAnotherZone.MatchString(v) {
			t.Errorf("%s: %s is %s, in another zone", path, member, v)
		}
	case nil:
		if member != "" && !strings.HasPrefix(member, "number") && member != "ahead" {
			t.Errorf("%s: %s is null", path, member)
		}
	}
}

// checkDeclared fails the test where an operation answers a problem that it does not
// declare.
func (s *subtest) checkDeclared(method, path string, a *answer) {
	if a.header.Get("Content-Type") != "application/problem+json" {
		return
	}
	path, _, _ = strings.Cut(path, "?")
	for _, op := range httpapi.Operations(s.server) {
		if op.Method != method || !addressOf(op.Path).MatchString(path) {
			continue
		}
		codes := []any{a.body["code"]}
		faults, _ := a.body["errors"].([]any)
		for _, fault := range faults {
			codes = append(codes, fault.(map[string]any)["code"])
		}
		for _, code := range codes {
			if !op.Answers(domain.Code(fmt.Sprint(code))) {
				s.t.Errorf("%s answers the problem %v, which it does not declare: %s", op.ID, code, a.text)
			}
		}
		return
	}
}

// addressOf matches the addresses of a path with parameters.
func addressOf(path string) *regexp.Regexp {
	address, ok := addresses.Load(path)
	if !ok {
		address = regexp.MustCompile("^" + pathParameter.ReplaceAllString(path, "[^/]+") + "$")
		addresses.Store(path, address)
	}
	return address.(*regexp.Regexp)
}

var addresses sync.Map

// signed returns the request's body with an electronic signature of whom the
// token speaks for, as the portal makes it, where the test leaves it blank.
func (s *subtest) signed(request, token string, b any, headers []header) (any, error) {
	blank, ok := b.(body)
	if !ok {
		return b, nil
	}
	if iin, ok := blank["iin"].(string); ok {
		s.known.Store(s.person.PersonID(domain.IIN(iin)), domain.IIN(iin))
	}
	signature, ok := blank["signature"].(body)
	p, err := s.tokens.Verify(context.Background(), token, s.clock.Now())
	if !ok || signature["method"] != "eds" || signature["cms"] != nil || err != nil || p.Role != domain.RoleCitizen {
		return b, nil
	}
	iin, ok := s.known.Load(p.PersonID)
	if !ok {
		return b, nil
	}
	cms, err := s.cms(request, blank, iin.(domain.IIN), headers...)
	return blank.with(body{"signature": body{"method": "eds", "cms": cms}}), err
}

// cms is a signature over the request with the key of whoever has the IIN.
func (r *registry) cms(request string, b body, iin domain.IIN, headers ...header) ([]byte, error) {
	text, err := signingText(request, b, headers...)
	if err != nil {
		return nil, err
	}
	// The same request has the same signature, so that it can be repeated.
	cms, made := r.made.Load(string(iin) + string(text))
	if !made {
		fresh, err := r.authority.Sign(iin, text, r.clock.Now())
		if err != nil {
			return nil, err
		}
		cms, _ = r.made.LoadOrStore(string(iin)+string(text), fresh)
	}
	return cms.([]byte), nil
}

// signingText is what is signed of the request.
func signingText(request string, b body, headers ...header) ([]byte, error) {
	text, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	key := ""
	for _, h := range headers {
		if h[0] == "Idempotency-Key" {
			key = h[1]
		}
	}
	request, _, _ = strings.Cut(request, "?")
	return httpapi.SigningText(request, key, text)
}

var client = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// key draws a fresh Idempotency-Key.
func (r *registry) key() string { return "key-" + strconv.FormatInt(r.keys.Add(1), 10) }

// command sends a command under a fresh key, unless headers give one.
func (s *subtest) command(path, token string, body any, headers ...header) *answer {
	s.t.Helper()
	return s.send("POST", path, token, body, append([]header{{"Idempotency-Key", s.key()}}, headers...)...)
}

func (s *subtest) get(path, token string, headers ...header) *answer {
	s.t.Helper()
	return s.send("GET", path, token, nil, headers...)
}

// seen is get, after the model has what a answered.
func (s *subtest) seen(path, token string, after *answer) *answer {
	s.t.Helper()
	return s.get(path, token, header{"Tizilim-Position", after.header.Get("Tizilim-Position")}).is(http.StatusOK)
}

// is fails the test unless the answer has the status.
func (a *answer) is(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.text)
	}
	return a
}

// id returns the member of the body that is a string.
func (a *answer) id(member string) string {
	a.t.Helper()
	id, ok := a.body[member].(string)
	if !ok {
		a.t.Fatalf("the answer has no %s: %s", member, a.text)
	}
	return id
}

// at looks into the body: at("placement", "number"), at("events", 0, "type").
func (a *answer) at(path ...any) any {
	a.t.Helper()
	var v any = a.body
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(map[string]any)[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				a.t.Fatalf("the answer has nothing at %v: %s", path, a.text)
			}
			v = list[p]
		}
	}
	return v
}

// refused fails the test unless the answer is a problem with that status, code
// and field, in its full form.
func (a *answer) refused(status int, code domain.Code, field string) *answer {
	a.t.Helper()
	if a.status != status || a.body["code"] != string(code) || fmt.Sprint(a.body["field"]) != fmt.Sprint(orNil(field)) {
		a.t.Fatalf(
			"got %d %v at %v, want %d %s at %q: %s",
			a.status,
			a.body["code"],
			a.body["field"],
			status,
			code,
			field,
			a.text,
		)
	}
	a.problem()
	return a
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// problem fails the test unless the answer is an RFC 9457 problem that tells how
// to mend it.
func (a *answer) problem() {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("a problem of type %q: %s", got, a.text)
	}
	if a.body["status"] != float64(a.status) || a.body["title"] != english(a.t)[fmt.Sprint(a.body["code"])].Title ||
		a.body["type"] != "urn:tizilim:problem:"+fmt.Sprint(a.body["code"]) {
		a.t.Errorf("a problem that contradicts itself (status %d): %s", a.status, a.text)
	}
	detail, _ := a.body["detail"].(string)
	if len(strings.Fields(detail)) < 3 {
		a.t.Errorf("a problem without a sentence: %s", a.text)
	}
	switch a.status {
	case http.StatusServiceUnavailable:
		if a.header.Get("Retry-After") == "" {
			a.t.Errorf("503 without Retry-After: %s", a.text)
		}
	case http.StatusTooManyRequests:
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 1 {
			a.t.Errorf("429 with Retry-After %q: %s", a.header.Get("Retry-After"), a.text)
		}
	case http.StatusUnauthorized:
		if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			a.t.Errorf("401 without WWW-Authenticate: %s", a.text)
		}
	}
}

// body is a JSON object that is written down quickly.
type body map[string]any

// with returns a copy of b with members changed; nil removes one.
func (b body) with(members body) body {
	c := body{}
	for k, v := range b {
		c[k] = v
	}
	for k, v := range members {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	return c
}

// iin draws a made-up IIN: there is no month 99.
func (r *registry) iin() string {
	for {
		prefix := fmt.Sprintf("999999%05d", r.iins.Add(1))
		for digit := range 10 {
			if iin, err := domain.ParseIIN(prefix + strconv.Itoa(digit)); err == nil {
				return string(iin)
			}
		}
	}
}

func parse[T ~struct{ uuid.UUID }](id string) T { return T(struct{ uuid.UUID }{uuid.MustParse(id)}) }

// The steps of a story, each with its usual shape.

func (s *subtest) citizen() string { s.t.Helper(); return s.recorded("citizen") }

// recorded records a person of the class.
func (s *subtest) recorded(class string) string {
	s.t.Helper()
	return s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": s.iin(), "name": "Айгүл Серікқызы", "birth_date": "1990-05-17", "class": class,
	}).is(http.StatusCreated).id("person_id")
}

var codes atomic.Int64

// rka returns a code that no dwelling has.
func rka() string { return fmt.Sprintf("02013%011d", codes.Add(1)) }

// dwelling records one that belongs to the owners.
func (s *subtest) dwelling(owners ...string) string {
	s.t.Helper()
	list := []body{}
	for _, o := range owners {
		list = append(list, body{"person_id": o})
	}
	id := s.command("/v1/dwellings", s.token(domain.RoleOperator), body{
		"rka": rka(), "kato": "711310000", "address": "Астана, Мәңгілік Ел даңғылы, 8, 12-пәтер", "owners": list,
	}, header{"Idempotency-Key", fmt.Sprintf("%s-%x", s.key(), sha256.Sum256([]byte(s.t.Name())))}).
		is(http.StatusCreated).id("dwelling_id")
	consenting.Store(id, list)
	return id
}

// ownCommission is the body of [subtest.token] of a commission.
var ownCommission = bodies.Default(domain.RoleCommission).String()

// given is the dwelling after its owners gave it to the commissions of the tests.
func (s *subtest) given(dwelling string) string {
	s.t.Helper()
	return s.stocked(dwelling, s.token(domain.RoleCommission))
}

// stocked is the dwelling after the commission of the token has recorded it in its stock.
func (s *subtest) stocked(dwelling, commission string) string {
	s.t.Helper()
	s.command("/v1/dwellings/"+dwelling+"/stock", commission, body{"basis": paper}).is(http.StatusOK)
	return dwelling
}

// service is a dwelling of the stock of the commissions of the tests.
func (s *subtest) service() string {
	s.t.Helper()
	return s.given(s.dwelling())
}

// registered registers a residence; until is empty for a permanent one.
func (s *subtest) registered(person, dwelling, from, until string) *answer {
	s.t.Helper()
	return s.command("/v1/registrations", s.token(domain.RoleOperator), registration(person, dwelling, from, until)).
		is(http.StatusCreated)
}

// consenting are the owners of the dwellings of all tests, who consent to
// whatever is registered there. No two tests have a dwelling of one id: its key has the
// name of the test.
var consenting sync.Map

func registration(person, dwelling, from, until string) body {
	b := body{"person_id": person, "dwelling_id": dwelling, "kind": "permanent", "effective_from": from}
	if until != "" {
		b["kind"], b["until"] = "temporary", until
	}
	switch owners, ok := consenting.Load(dwelling); {
	case !ok:
	case len(owners.([]body)) > 0:
		b["consents"] = owners
	default: // nobody can consent
		b["consent_ground"] = paper
	}
	return b
}

// removal is an owner's application through the portal.
func removal(owner, dwelling string, persons ...string) body {
	return body{
		"channel": "portal", "ground": "owner_application", "dwelling_id": dwelling, "applicant_id": owner,
		"persons": persons, "signature": body{"method": "eds"},
	}
}

func (s *subtest) list() string {
	s.t.Helper()
	return s.listOf("ҚР Қорғаныс министрлігі")
}

// listOf opens a list of a body.
func (s *subtest) listOf(name string) string {
	s.t.Helper()
	title := "Қызметтік тұрғын үй"
	if n := s.lists.Add(1); n > 1 { // a commission keeps one list of a name
		title = fmt.Sprint(title, " ", n)
	}
	return s.command("/v1/queues", s.token(domain.RoleCommission), body{
		"body": name, "settlement": "Астана", "title": title,
	}).is(http.StatusCreated).id("list_id")
}

func application(person, list string) body {
	return body{
		"channel":      "state_corporation",
		"list_id":      list,
		"applicant_id": person,
		"consent":      true,
		"signature":    body{"method": "handwritten"},
		"service":      serves,
	}
}

func (s *subtest) applied(person, list string) string {
	s.t.Helper()
	return s.command("/v1/housing-applications", s.token(domain.RoleOperator),
		application(person, list).with(body{"basis": paper})).is(http.StatusCreated).id("case_id")
}

// placing is the decision to place somebody of whom nothing was found that
// would bar it, whatever the registry's own records say.
var placing = body{"outcome": "place", "examination": body{"findings": []body{}}}.with(lookedAt)

// serves is a service in the body of the lists of [subtest.list].
var serves = body{
	"employer": " ҚР  қорғаныс Министрлігі", "office": "бас маман", "since": "2021-09-01", "basis": shownBy("other"),
}

// shownBy is a document of the type.
func shownBy(kind string) body {
	return body{
		"type": kind, "number": "AA-17", "issued_on": "2026-03-09", "issuer": "АХАЖ", "sha256": strings.Repeat("0a", 32),
	}
}

// lookedAt answers whatever the registry's own records say.
var lookedAt = body{"accept": housing.Contradictions, "accept_reasons": "the commission has looked at it"}

func (s *subtest) placed(caseID string) *answer {
	s.t.Helper()
	return s.command("/v1/cases/"+caseID+"/decision", s.token(domain.RoleCommission), placing).is(http.StatusOK)
}

// entry applies for a new citizen, is placed, and returns where.
func (s *subtest) entry(list string) (person, entry string, a *answer) {
	s.t.Helper()
	person = s.citizen()
	a = s.placed(s.applied(person, list))
	return person, a.at("placement", "entry_id").(string), a
}

// removing is a removal without a hearing, and byCourt what takes it back.
var (
	removing = body{"reason": "dwelling_acquired", "exemption": body{"ground": "urgency", "reasons": "r"}}
	byCourt  = body{
		"ground":    "court_act",
		"court_act": body{"number": "2-114/26", "on": "2026-03-01", "in_force_on": "2026-03-10"},
	}
)

// reviewed opens a review of an entry.
func (s *subtest) reviewed(list, entry string) *answer {
	s.t.Helper()
	return s.command(entryPath(list, entry)+"/review", s.token(domain.RoleCommission), body{"note": "n"}).is(200)
}

// removed reviews an entry and removes it.
func (s *subtest) removed(list, entry string) *answer {
	s.t.Helper()
	s.reviewed(list, entry)
	return s.command(entryPath(list, entry)+"/removal", s.token(domain.RoleCommission), removing).is(200)
}

// issued returns the id of the document of the kind that the case of the answer
// has issued last.
func (s *subtest) issued(a *answer, kind string) string {
	s.t.Helper()
	list := s.seen("/v1/cases/"+a.id("case_id"), s.token(domain.RoleAuditor), a).at("issued").([]any)
	for _, d := range slices.Backward(list) {
		if d := d.(map[string]any); d["kind"] == kind {
			return d["certificate_id"].(string)
		}
	}
	s.t.Fatalf("the case has issued no %s: %v", kind, list)
	return ""
}

func entryPath(list, entry string) string { return "/v1/queues/" + list + "/entries/" + entry }

// stream reads a whole stream from the log.
func (s *subtest) stream(name string) []domain.Recorded {
	s.t.Helper()
	return collect(s.t, s.store.Read(context.Background(), name, 0))
}

func collect(t tester, seq iter.Seq2[domain.Recorded, error]) []domain.Recorded {
	t.Helper()
	var recs []domain.Recorded
	for rec, err := range seq {
		must(t, err)
		recs = append(recs, rec)
	}
	return recs
}
