package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
	"tizilim/eventstore/clock"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/eventstore/command/adapters/gateway"
	"tizilim/eventstore/embedded"
	"tizilim/eventstore/papers"
	"tizilim/httpapi"
	"tizilim/httpapi/limits"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/security"
	"tizilim/projections"
)

const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	// shutdownPatience is how long requests in progress may finish.
	shutdownPatience = 10 * time.Second
	maxHeaderBytes   = 32 << 10
	// wholeAnswer bounds a request from its headers to the end of its answer. Streams give
	// each message its own time.
	wholeAnswer = 40 * time.Second
	// beginPatience is how long the start waits for the event store.
	beginPatience = 2 * time.Second
)

// config is where a server listens and keeps what it knows.
type config struct {
	listen     string
	front      frontFlags
	limits     limits.Table
	data       string
	eventstore string // connection string; empty: the embedded node in data
	login      credentials
	redis      string // URL; empty: one of this server alone, by engine
	engine     engineFlags
	redisLogin redisCredentials
	rules      rules.Book
	baseURL    string          // where the public reaches the API; empty: where it listens
	signatures eds.Config      // without authorities: a demonstration authority in data
	mobile     string          // address of the mobile-citizens base; empty: a file in data
	gateway    command.Gateway // of SMS and e-mail; nil: the outbox file in data
	proof      proofFlags
	clock      clockFlags
	papers     paperFlags
	networks   []netip.Prefix // that are not public, and whose consumers may be called
	identity   identity       // whose tokens are accepted
	logger     *slog.Logger
}

// app is a running registry.
type app struct {
	keys        keys
	listener    net.Listener
	tls         *tls.Config // of the API; nil without TLS
	opsListener net.Listener
	address     string         // of the event store
	node        *embedded.Node // nil where the event store is elsewhere
	redis       projections.Client
	gateway     command.Gateway
	http        *http.Server
	ops         *http.Server
	api         atomic.Pointer[httpapi.Server] // that http serves
	serving     sync.WaitGroup                 // the listeners
	closers     []func() error                 // of what was opened, in that order
	failed      chan error

	redisInProcess bool

	clock *clock.Clock
	trial *trialClock // nil: the time is real

	*life
}

// endpoints tell the tools on the same machine where a server's parts are.
type endpoints struct {
	PID        int    `json:"pid"`
	HTTP       string `json:"http"`
	Ops        string `json:"ops"`        // for operators
	EventStore string `json:"eventstore"` // without user and password
	Redis      string `json:"redis"`      // without user and password

	// As whom the server logs in to the event store. The password itself is
	// nowhere in the file.
	EventStoreUser string `json:"eventstore_user,omitempty"`
	PasswordFile   string `json:"eventstore_password_file,omitempty"`

	// The same of Redis. One of this server alone has no users.
	RedisInProcess    bool   `json:"redis_in_process,omitempty"`
	RedisPrivate      bool   `json:"redis_private,omitempty"`
	RedisUser         string `json:"redis_user,omitempty"`
	RedisPasswordFile string `json:"redis_password_file,omitempty"`
}

func keysDir(data string) string    { return filepath.Join(data, "keys") }
func outboxFile(data string) string { return filepath.Join(data, "outbox.ndjson") }

// start opens everything and serves. The read model may still be filling: reads
// say so until it is there.
func start(c config) (a *app, err error) {
	a = &app{failed: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	a.life = &life{}
	// The listener comes first. It can fail without leaving anything behind: a
	// mistyped address creates no data directory.
	if a.listener, err = net.Listen("tcp", c.listen); err != nil {
		return a, cannotListen(c.listen, "--listen", err)
	}
	if err = c.identity.check(a.listener.Addr()); err != nil {
		return a, err
	}
	a.listener = c.front.bound(a.listener)
	a.clock = c.clock.open(c.logger)
	if a.trial, err = a.openTrial(c); err != nil {
		return a, err
	}
	if a.opsListener, err = c.front.listenOps(); err != nil {
		return a, err
	}
	if a.tls, err = c.front.secure(); err != nil {
		return a, err
	}
	storeAddress, redisAddress, err := a.openStores(c)
	if err != nil {
		return a, err
	}
	if err = a.openGateway(c); err != nil {
		return a, err
	}
	if err = a.openLife(c); err != nil {
		return a, err
	}
	if err = a.begin(context.Background(), c); err != nil {
		return a, err
	}
	if err = a.announce(c.data, a.endpoints(c, storeAddress, redisAddress)); err != nil {
		return a, err
	}
	if a.proven {
		a.run(c.logger)
	}
	a.serve(c)
	return a, nil
}

func (a *app) modelOptions(c config) projections.Options {
	return projections.Options{Logger: c.logger, Registerer: a.metrics, LeaseTTL: leaseTTL(), Now: now}
}

// build makes the parts of the registry that use its keys. None of them runs yet.
func (a *app) build(c config) (err error) {
	if a.proof, err = openLogProof(c, a.keys.log, a.store, a.metrics); err != nil {
		return err
	}
	a.opened(a.proof.tree.Close)
	if a.signatures, err = openSignatures(c, a.keys); err != nil {
		return err
	}
	a.directory = command.NewDirectory(a.store, a.tokens.defaultBodies)
	a.commands, err = command.New(command.Config{
		Log: a.store, Model: readModel{a.model, a.watch}, Now: a.clock.Now, Clock: a.clock, Rules: c.rules,
		Signatures: a.signatures, MobileCitizens: openMobileCitizens(c, a.keys),
		Gateway: a.gateway, PasswordKey: a.keys.password, CheckKey: a.keys.check, Logger: c.logger,
		Bodies: a.directory, Keys: a.store, Records: records{a.model},
	})
	if err != nil {
		return err
	}
	accepted, err := a.tokens.checker(a.keys, a.store, c.logger)
	if err != nil {
		return err
	}
	identities := command.NewIdentities(a.commands)
	accepted.Identify(identities)
	securityLog, closeLog, err := openSecurityLog(c.front.SecurityLog, c.data)
	if err != nil {
		return err
	}
	a.opened(closeLog)
	var tokens operation.Tokens = accepted
	if a.trial != nil {
		tokens = realTime{accepted}
	}
	options := a.modelOptions(c)
	var store *papers.Store
	if store, a.paperFiles, err = c.papers.open(c.data, a.store); err != nil {
		return err
	}
	told := command.NewFeed(a.commands, a.store)
	a.webhooks = openWebhooks(c, a.life, told, projections.NewLead(a.redis, options))
	a.api.Store(httpapi.New(httpapi.Config{
		Commands: a.commands, Directory: a.directory, Log: a.store, Model: a.model, Watch: a.watch,
		Proofs: a.proof.tree, Pages: a.proof.signer, Claims: projections.NewClaims(a.redis, options), Tokens: tokens, Identity: identities,
		PersonKey: a.keys.person,
		BaseURL:   cmp.Or(c.baseURL, a.url()), Metrics: a.metrics, Logger: c.logger, Now: a.clock.Now, Clock: a.clock, Trial: a.trial.moved(), Version: version(),
		Limits: a.limiter(c, options, a.metrics), Proxies: c.front.Proxies,
		Witness: security.New(securityLog, a.metrics, now),
		Feed:    told,
		Papers:  store, PapersPerCase: c.papers.PerCase,
		Drafts: projections.NewDrafts(a.redis, options), Secrets: a.store,
	}))
	return nil
}

// serve starts the listeners, on which a.api answers.
func (a *app) serve(c config) {
	a.http = &http.Server{
		Handler: c.front.crossOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a.api.Load().ServeHTTP(w, r)
		})),
		TLSConfig: a.tls, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: time.Minute, WriteTimeout: wholeAnswer,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(c.logger.Handler(), slog.LevelDebug),
	}
	a.http.RegisterOnShutdown(func() { a.api.Load().EndStreams() })
	a.ops = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.api.Load().Ops().ServeHTTP(w, r) }),
		ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: a.http.ErrorLog,
	}
	a.warn(c.logger)
	a.serving.Go(a.serveOps)
	a.serving.Go(a.serveAPI)
}

// endpoints are those of the server on its stores, without secrets.
func (a *app) endpoints(c config, store, redis string) endpoints {
	e := endpoints{
		PID: os.Getpid(), HTTP: a.url(), Ops: a.opsURL(), EventStore: withAbsoluteFiles(withoutUser(store)),
		Redis: withoutUser(redis), RedisInProcess: a.redisInProcess, RedisPrivate: c.redis == "" && !a.redisInProcess,
	}
	if c.eventstore != "" {
		inAddress, _ := userOf(c.eventstore)
		e.EventStoreUser, e.PasswordFile = cmp.Or(c.login.User, inAddress), c.login.PasswordFile
	}
	if c.redis != "" {
		inAddress, _ := userOf(c.redis)
		e.RedisUser, e.RedisPasswordFile = cmp.Or(c.redisLogin.RedisUser, inAddress), c.redisLogin.RedisPasswordFile
	}
	return e
}

// run starts the parts behind the API in the background. [app.close] ends them.
func (a *app) run(logger *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	a.proof.begin(ctx, logger)
	a.beginNotices(ctx, a.commands, logger)
	a.tokens.run(ctx, &a.work, logger)
	a.recordDefaultBodies(ctx, a.commands, logger)
	a.work.Go(func() { a.directory.Run(ctx, a.store) })
	a.work.Go(func() { command.FollowReleases(ctx, a.store, a.commands, a.directory, logger) })
	a.work.Go(func() { a.proof.builder.Run(ctx) })
	if a.proof.watch != nil {
		a.work.Go(func() { a.proof.watch.Run(ctx) })
	}
	a.work.Go(func() {
		if err := a.projector.Run(ctx); err != nil {
			a.fail(fmt.Errorf("projector: %w", err))
		}
	})
	a.work.Go(func() { a.watch.Run(ctx) })
	a.work.Go(func() { a.clock.Run(ctx) })
	a.work.Go(func() { a.signatures.Run(ctx) })
	a.work.Go(func() { command.NewFinisher(a.commands, unfinished{a.model}, logger).Run(ctx) })
	a.work.Go(func() { command.NewEraser(a.commands, logger).Run(ctx) })
	a.work.Go(func() { command.NewTimer(a.commands, a.model, logger).Run(ctx) })
	a.work.Go(func() { a.sweeper(logger).Run(ctx) })
	a.work.Go(func() { command.NewFanOut(a.commands, a.directory, a.model, logger).Run(ctx) })
	a.work.Go(func() { command.NewNotifier(a.commands, a.model, a.gateway, logger).Run(ctx) })
	a.work.Go(func() { a.webhooks.Run(ctx) })
}

// beginNotices records, where the event store answers, that notices are owed
// before the first command can come; where it does not, no command comes
// through either, and the notifier does it.
func (a *app) beginNotices(ctx context.Context, h *command.Handler, logger *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, beginPatience)
	defer cancel()
	if err := h.BeginNotices(ctx); err != nil {
		logger.Debug("that notices are owed could not be recorded yet", "error", err)
	}
}

// url is where this machine reaches the API.
func (a *app) url() string {
	if a.tls != nil {
		return urlOf("https", a.listener.Addr())
	}
	return urlOf("http", a.listener.Addr())
}

// opsURL is where this machine reaches the operations listener.
func (a *app) opsURL() string { return urlOf("http", a.opsListener.Addr()) }

func urlOf(scheme string, addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("%s://127.0.0.1:%d", scheme, tcp.Port)
	}
	return scheme + "://" + addr.String()
}

func (a *app) fail(err error) {
	select {
	case a.failed <- err:
	default: // the first failure is told
	}
}

// cannotListen says what is in the way of a listener that the flag names.
func cannotListen(address, flag string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return fmt.Errorf("cannot listen on %s (%w): choose another address with %s", address, err, flag)
}

// openStores returns the addresses of the event store and of Redis.
func (a *app) openStores(c config) (store, redis string, err error) {
	if c.redis != "" { // a mistyped address creates no data directory either
		if redis, err = a.openRedis(c); err != nil {
			return "", "", err
		}
	}
	// Before the Redis of this server alone: the lock of the store tells best that another
	// server runs here.
	if store, err = a.openEventStore(c); err != nil {
		return "", "", err
	}
	if c.redis == "" {
		redis, err = a.openRedis(c)
	}
	return store, redis, err
}

// storeDirOf is the directory of the embedded event store of a data directory.
func storeDirOf(data string) string { return filepath.Join(data, "eventstore") }

// openRedis returns the address of Redis, starting one of this server alone where none
// is configured.
func (a *app) openRedis(c config) (address string, err error) {
	if address = c.redis; address == "" {
		if address, err = a.startRedis(c); err != nil {
			return "", err
		}
	}
	if c.redis == "" { // one of this server alone has no users
		a.redis, err = projections.Connect(address)
	} else {
		a.redis, err = c.redisLogin.connect(address)
	}
	if err != nil {
		return "", err
	}
	a.closers = append(a.closers, a.redis.Close)
	return address, nil
}

// openEventStore returns the address of the event store, starting the embedded
// node where none is configured.
func (a *app) openEventStore(c config) (address string, err error) {
	if c.eventstore != "" { // each life connects anew; a mistyped address is told before anything is made
		probe, err := c.login.connect(c.eventstore)
		if err != nil {
			return "", err
		}
		a.address = c.eventstore
		return c.eventstore, probe.Close()
	}
	if err := makeDataDir(c.data); err != nil {
		return "", err
	}
	dir := storeDirOf(c.data)
	node, err := embedded.Open(dir, embedded.WithLogger(c.logger), embedded.WithClock(a.clock.Now))
	if errors.Is(err, embedded.ErrInUse) {
		return "", fmt.Errorf(
			"another server runs on %s: end it, or give this one a directory of its own with --data",
			c.data,
		)
	}
	if err != nil {
		return "", err
	}
	a.node = node
	a.closers = append(a.closers, node.Close)
	if err := closeToOthers(dir); err != nil {
		return "", err
	}
	admin, err := serveAdmin(node, dir)
	if err != nil {
		return "", err
	}
	a.closers = append(a.closers, admin.Close)
	listener, err := listenSocket(socketsDir(c.data), "eventstore.sock")
	if err != nil {
		return "", err
	}
	if err := node.StartOn(listener); err != nil {
		return "", err
	}
	a.address = node.ConnectionString()
	return a.address, nil
}

// closeToOthers takes the rights of others away from a store that an earlier version
// made: its directory and its files. It follows no link inside the store: whoever could
// write there could have it change the rights of any file.
func closeToOthers(store string) error {
	return filepath.WalkDir(store, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the engine deletes files meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		if path != store && entry.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(path, info.Mode().Perm()&0o700)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// makeDataDir makes the data directory, which only its owner can enter.
func makeDataDir(data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("the data directory cannot be made: %w", err)
	}
	return nil
}

// openGateway opens what carries SMS and e-mail: the outbox file in data where
// none is configured.
func (a *app) openGateway(c config) error {
	if c.gateway != nil {
		a.gateway = c.gateway
		return nil
	}
	if err := makeDataDir(c.data); err != nil {
		return err
	}
	outbox, err := gateway.OpenOutbox(outboxFile(c.data))
	if errors.Is(err, gateway.ErrInUse) {
		return fmt.Errorf(
			"another server writes %s: several servers share a gateway, so name one with --gateway, or give this server a --data of its own",
			outboxFile(c.data),
		)
	}
	if err != nil {
		return err
	}
	a.closers = append(a.closers, outbox.Close)
	a.gateway = outbox
	return nil
}

// close ends the app: requests first, then the work behind them, then what they
// stand on.
func (a *app) close() error {
	var errs []error
	if a.http != nil { // knows the listener only once it serves
		ctx, cancel := context.WithTimeout(context.Background(), shutdownPatience)
		defer cancel()
		if err := a.http.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("some requests were cut: %w", err), a.http.Close())
		}
	}
	if a.ops != nil { // last, so that operators see the end of the requests
		errs = append(errs, a.ops.Close())
	}
	for _, listener := range []net.Listener{a.listener, a.opsListener} {
		if listener == nil {
			continue
		}
		if err := listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, a.life.end())
	a.serving.Wait()
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// readModel is the read model as commands ask it: with the watch over how far it
// is behind the log.
type readModel struct {
	*projections.Reader
	watch *projections.Watch
}

func (m readModel) CatchUp(ctx context.Context) error { return m.watch.CatchUp(ctx) }

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

// unfinished shows the process manager the acts that the read model lists as begun.
type unfinished struct{ model *projections.Reader }

func (u unfinished) Unfinished(
	ctx context.Context, olderThan time.Time, skip, limit int,
) ([]domain.CaseID, error) {
	cases, err := u.model.Unfinished(ctx, olderThan, skip, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]domain.CaseID, len(cases))
	for i, c := range cases {
		ids[i] = c.CaseID
	}
	return ids, nil
}
