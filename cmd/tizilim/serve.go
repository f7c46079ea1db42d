package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	neturl "net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
	"tizilim/projections"
)

type serveCommand struct {
	Listen     string `help:"Address of the API." default:"127.0.0.1:8080" env:"TIZILIM_LISTEN"`
	Data       string `help:"Directory of the embedded event store and the keys." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB, such as esdb://host:2113. Default: an embedded one in --data." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
	vaultFlags
	frontFlags
	Redis string `help:"Redis, such as rediss://host:6379/0, or redis:// without TLS. Default: one of this server alone, see --redis-engine." placeholder:"URL" env:"TIZILIM_REDIS"`
	redisCredentials
	engineFlags
	Rules    string `help:"Table of rules of both services by date. Default: the built-in one." placeholder:"FILE" type:"path" env:"TIZILIM_RULES"`
	Calendar string `help:"Holidays and moved days by year. Default: the built-in calendar." placeholder:"FILE" type:"path" env:"TIZILIM_CALENDAR"`
	BaseURL  string `help:"Public address of this API, for the check addresses on documents. Default: the address of --listen." placeholder:"URL" env:"TIZILIM_BASE_URL"`
	Gateway  string `help:"Gateway of SMS and e-mail; its bearer token is in TIZILIM_GATEWAY_TOKEN. Default: the file outbox.ndjson in --data." placeholder:"URL" env:"TIZILIM_GATEWAY"`
	Reports  bool   `name:"gateway-reports" help:"Ask the gateway about the delivery of each message: GET of its address and the id of the message." env:"TIZILIM_GATEWAY_REPORTS"`
	signatureFlags
	Mobile string `name:"mobile-citizens" help:"Service that binds telephones to IINs, asked by POST. Default: the file of tizilim mobile-citizen in --data." placeholder:"URL" env:"TIZILIM_MOBILE_CITIZENS"`
	proofFlags
	clockFlags
	paperFlags
	Networks []netip.Prefix `name:"webhook-networks" help:"Networks that are not public, and whose consumers may be called by webhooks, such as 10.20.0.0/16." placeholder:"CIDR,..." env:"TIZILIM_WEBHOOK_NETWORKS"`
	Quiet    bool           `help:"Print no tokens and no first steps." env:"TIZILIM_QUIET"`
	identityFlags
}

func (c *serveCommand) Run(ctx context.Context) error {
	if c.Listen == "" || c.Data == "" {
		return errors.New("--listen and --data cannot be empty: leave them out to get their defaults")
	}
	if err := c.frontFlags.check(); err != nil {
		return err
	}
	if err := cmp.Or(c.clockFlags.check(), c.checkTrial()); err != nil {
		return err
	}
	if err := c.paperFlags.check(); err != nil {
		return err
	}
	if c.BaseURL != "" {
		if u, err := parseHTTP(c.BaseURL); err != nil || u.RawQuery != "" || u.Fragment != "" {
			return errors.New(
				"--base-url is not the address of a server: write it as https://host or https://host/path",
			)
		}
	}
	if c.Mobile != "" {
		if _, err := parseHTTP(c.Mobile); err != nil {
			return errors.New("--mobile-citizens is not the address of a service: write it as https://host/path")
		}
	}
	table, err := c.frontFlags.table()
	if err != nil {
		return err
	}
	book, err := openBook(c.Rules, c.Calendar)
	if err != nil {
		return err
	}
	signatures, err := c.signatureFlags.config()
	if err != nil {
		return err
	}
	messages, err := c.openGateway()
	if err != nil {
		return err
	}
	identity, err := c.identity()
	if err != nil {
		return err
	}
	if err := c.vaultFlags.settle(ctx, keysDir(c.Data)); err != nil {
		return err
	}
	with := config{
		listen: c.Listen, front: c.frontFlags, limits: table, baseURL: c.BaseURL, data: c.Data,
		eventstore: c.Eventstore, login: c.credentials, redis: c.Redis, redisLogin: c.redisCredentials, engine: c.engineFlags,
		rules: book, signatures: signatures, mobile: c.Mobile,
		gateway: messages, identity: identity, proof: c.proofFlags, clock: c.clockFlags, papers: c.paperFlags, networks: c.Networks, logger: slog.Default(),
	}
	a, err := start(with)
	if err != nil {
		return err
	}
	err = func() error {
		if err := a.awaitReady(ctx, c, with, false); err != nil {
			return err
		}
		tellRules(book, time.Now(), slog.Default())
		c.tellLacks(slog.Default())
		slog.Info("ready", "address", a.url(), "operators", a.opsURL())
		if messages == nil {
			slog.Info("SMS and e-mail are written to a file; --gateway names a gateway", "file", outboxFile(c.Data))
		}
		if !c.Quiet {
			if err := c.printFirstSteps(os.Stdout, a, isatty.IsTerminal(os.Stdout.Fd())); err != nil {
				return err
			}
		}
		return a.stayReady(ctx, c, with)
	}()
	if closeErr := a.close(); err == nil {
		err = closeErr
	}
	return err
}

// errLogReplaced says that the log is another one than this life of it was begun with.
var errLogReplaced = errors.New("the log was replaced")

// awaitReady waits until the registry answers. again says that it has done so before.
func (a *app) awaitReady(ctx context.Context, c *serveCommand, with config, again bool) error {
	explain := func(ctx context.Context, status projections.Status) { a.explainWait(ctx, c, status) }
	for {
		if err := a.awaitKeys(ctx, with, again, explain); err != nil {
			return err
		}
		err := a.awaitModel(ctx, c)
		if !errors.Is(err, errLogReplaced) {
			return err
		}
		again = true
		if err := a.renew(with); err != nil {
			return err
		}
	}
}

// stayReady serves until ctx ends. Where the log is replaced, it begins anew.
func (a *app) stayReady(ctx context.Context, c *serveCommand, with config) error {
	for {
		select {
		case err := <-a.failed:
			return err
		case <-ctx.Done():
			slog.Info("stopping")
			return nil
		case <-a.watch.Replaced():
		}
		err := a.renew(with)
		if err == nil {
			err = a.awaitReady(ctx, c, with, true)
		}
		if errors.Is(err, context.Canceled) && ctx.Err() != nil {
			slog.Info("stopping")
			return nil
		}
		if err != nil {
			return err
		}
		slog.Info("ready with the log that replaced another", "address", a.url())
	}
}

// tellLacks warns once of what the connections to the stores lack.
func (c *serveCommand) tellLacks(log *slog.Logger) {
	var lacks []string
	if c.Eventstore != "" {
		lacks = append(lacks, storeLacks(c.Eventstore, c.credentials))
	}
	if c.Redis != "" {
		lacks = append(lacks, redisLacks(c.Redis, c.redisCredentials))
	}
	if lacks = slices.DeleteFunc(lacks, func(s string) bool { return s == "" }); len(lacks) > 0 {
		log.Warn(strings.Join(lacks, ". And "))
	}
}

// openGateway returns the gateway of the flags; nil where they name none. Only the
// environment has its token: everybody on the machine can see flags.
func (c *serveCommand) openGateway() (command.Gateway, error) {
	if c.Gateway == "" {
		if c.Reports {
			return nil, errors.New("--gateway-reports needs a gateway: name it with --gateway")
		}
		return nil, nil
	}
	g, err := gateway.NewHTTP(c.Gateway, os.Getenv("TIZILIM_GATEWAY_TOKEN"), nil)
	if err != nil {
		return nil, fmt.Errorf("--gateway: %w", err)
	}
	if c.Reports {
		return gateway.Reporting{HTTP: g}, nil
	}
	return g, nil
}

const (
	// modelPoll is how often the start looks whether the read model is complete.
	modelPoll = 50 * time.Millisecond
	// explainEvery is how often a long start logs what it waits for.
	explainEvery = 2 * time.Second
)

// awaitModel waits until the read model is complete. Meanwhile it shows progress, and
// logs which part of the registry does not answer.
func (a *app) awaitModel(ctx context.Context, c *serveCommand) error {
	bar := newBar("building the read model")
	defer bar.finish()
	tick := time.NewTicker(modelPoll)
	defer tick.Stop()
	explain := time.NewTicker(explainEvery)
	defer explain.Stop()
	for {
		status, err := a.model.Status(ctx)
		if err == nil && status.Ready() {
			return nil
		}
		if err == nil {
			bar.show(projections.Progress{Position: status.Built, Target: status.Target})
		}
		select {
		case err := <-a.failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-a.watch.Replaced():
			return errLogReplaced
		case <-tick.C:
		case <-explain.C:
			a.explainWait(ctx, c, status)
		}
	}
}

// explainWait logs what the registry waits for.
func (a *app) explainWait(ctx context.Context, c *serveCommand, status projections.Status) {
	ctx, cancel := context.WithTimeout(ctx, explainEvery)
	defer cancel()
	explained := false
	if err := a.redis.Ping(ctx).Err(); err != nil && !errors.Is(err, context.Canceled) {
		slog.Warn(
			redisName(c.Redis)+" does not answer; the API answers 503 until it does",
			"error",
			err,
		)
		explained = true
	}
	if _, err := a.store.Head(ctx); err != nil && !errors.Is(err, context.Canceled) {
		var why *eventstore.ConnectError
		if errors.As(err, &why) {
			err = why // the sentence for the operator, without what wraps it
		}
		slog.Warn(
			"the event store at "+withoutSecrets(c.Eventstore)+" cannot be used; the API answers 503 until it can",
			"error",
			err,
		)
		explained = true
	}
	if !explained {
		slog.Info("building the read model; the API answers 503 until it is complete",
			"position", status.Built, "of", status.Target)
	}
}

// parseHTTP parses an address of a server, which must have http or https and a host.
func parseHTTP(address string) (*neturl.URL, error) {
	u, err := neturl.Parse(address)
	if err == nil && (u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		err = errors.New("it has no host, or neither http nor https")
	}
	return u, err
}

// withoutSecrets returns the address without user, password and options.
func withoutSecrets(address string) string {
	address, _, _ = strings.Cut(address, "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || onSocket(address) {
		return address
	}
	return scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
}
