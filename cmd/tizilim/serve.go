package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	neturl "net/url"
	"os"
	"strings"
	"time"

	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
	"tizilim/projections"
)

type serveCommand struct {
	Listen     string `help:"Address of the API." default:"127.0.0.1:8080" env:"TIZILIM_LISTEN"`
	Data       string `help:"Directory for the embedded event store and the keys." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB, such as esdb://host:2113; without it an embedded one in --data." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	credentials
	Redis    string   `help:"Redis, such as redis://host:6379/0; without it one in this process." placeholder:"URL" env:"TIZILIM_REDIS"`
	Rules    string   `help:"Table of rules of both services by date; without it the built-in one." placeholder:"FILE" type:"path" env:"TIZILIM_RULES"`
	Calendar string   `help:"Holidays and moved days by year; without it the built-in calendar." placeholder:"FILE" type:"path" env:"TIZILIM_CALENDAR"`
	BaseURL  string   `help:"Where the public reaches this API, for the check addresses on documents; without it the address it listens on." placeholder:"URL" env:"TIZILIM_BASE_URL"`
	Gateway  string   `help:"Gateway of SMS and e-mail, such as https://host/messages; without it they go into the file outbox.ndjson in --data. Its bearer token is TIZILIM_GATEWAY_TOKEN." placeholder:"URL" env:"TIZILIM_GATEWAY"`
	Reports  bool     `name:"gateway-reports" help:"The gateway tells what became of a message: GET of its address and the message's id." env:"TIZILIM_GATEWAY_REPORTS"`
	Roots    string   `name:"signature-roots" help:"Certificates in PEM of the authorities whose signatures are accepted, roots and intermediates; without it a demonstration authority in --data, which certifies anybody." placeholder:"FILE" type:"path" env:"TIZILIM_SIGNATURE_ROOTS"`
	CRLs     []string `name:"signature-crls" help:"Lists of revoked certificates; read again when they change." placeholder:"FILE" type:"path" env:"TIZILIM_SIGNATURE_CRLS"`
	Mobile   string   `name:"mobile-citizens" help:"Service that knows which telephone is bound to an IIN, asked by POST; without it a list in --data, to which tizilim mobile-citizen adds." placeholder:"URL" env:"TIZILIM_MOBILE_CITIZENS"`
	Quiet    bool     `help:"Print no tokens and no first steps." env:"TIZILIM_QUIET"`
}

func (c *serveCommand) Run(ctx context.Context) error {
	if c.Listen == "" || c.Data == "" {
		return errors.New("--listen and --data cannot be empty: leave them out for their defaults")
	}
	if u, err := neturl.Parse(c.BaseURL); c.BaseURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "") {
		return errors.New("--base-url is no address of a server: write it as https://host or https://host/path")
	}
	if u, err := neturl.Parse(c.Mobile); c.Mobile != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("--mobile-citizens is no address of a service: write it as https://host/path")
	}
	book, err := openBook(c.Rules, c.Calendar)
	if err != nil {
		return err
	}
	messages, err := c.openGateway()
	if err != nil {
		return err
	}
	a, err := start(config{
		gateway: messages, listen: c.Listen, data: c.Data, eventstore: c.Eventstore, login: c.credentials, redis: c.Redis, rules: book, baseURL: c.BaseURL, roots: c.Roots, crls: c.CRLs, mobile: c.Mobile, logger: slog.Default(),
	})
	if err != nil {
		return err
	}
	err = func() error {
		if err := a.awaitModel(ctx, c); err != nil {
			return err
		}
		tellRules(book, time.Now(), slog.Default())
		slog.Info("ready", "address", a.url())
		if messages == nil {
			slog.Info("SMS and e-mail go into a file; name a gateway with --gateway", "file", outboxFile(c.Data))
		}
		if !c.Quiet {
			if err := c.greet(os.Stdout, a); err != nil {
				return err
			}
		}
		select {
		case err := <-a.failed:
			return err
		case <-ctx.Done():
			slog.Info("stopping")
			return nil
		}
	}()
	if closeErr := a.close(); err == nil {
		err = closeErr
	}
	return err
}

// openGateway is the gateway of the flags; nil where there is none. Its token
// comes from the environment alone: flags are seen by everybody on the machine.
func (c *serveCommand) openGateway() (command.Gateway, error) {
	if c.Gateway == "" {
		if c.Reports {
			return nil, errors.New("--gateway-reports is about the gateway: name it with --gateway")
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
	// modelPoll is how often the start looks whether the read model is filled.
	modelPoll = 50 * time.Millisecond
	// explainEvery is how often a start that takes long says what it waits for.
	explainEvery = 2 * time.Second
)

// awaitModel waits until reads are answered, shows how far the filling is, and
// says which part does not answer where that is what it waits for.
func (a *app) awaitModel(ctx context.Context, c *serveCommand) error {
	bar := newBar("filling the read model")
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
		case <-tick.C:
		case <-explain.C:
			a.explainWait(ctx, c, status)
		}
	}
}

// explainWait says what keeps the registry from answering.
func (a *app) explainWait(ctx context.Context, c *serveCommand, status projections.Status) {
	ctx, cancel := context.WithTimeout(ctx, explainEvery)
	defer cancel()
	explained := false
	if err := a.redis.Ping(ctx).Err(); err != nil && !errors.Is(err, context.Canceled) {
		slog.Warn("Redis at "+withoutSecrets(c.Redis)+" does not answer; the API says 503 until it does", "error", err)
		explained = true
	}
	if _, err := a.store.Head(ctx); err != nil && !errors.Is(err, context.Canceled) {
		var why *eventstore.ConnectError
		if errors.As(err, &why) {
			err = why // the sentence; what is around it is for callers
		}
		slog.Warn("the event store at "+withoutSecrets(c.Eventstore)+" cannot be used; the API says 503 until it can", "error", err)
		explained = true
	}
	if !explained {
		slog.Info("filling the read model; the API says 503 until it is filled", "position", status.Built, "of", status.Target)
	}
}

// withoutSecrets is the address without user, password and options.
func withoutSecrets(address string) string {
	address, _, _ = strings.Cut(address, "?")
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	return scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
}
