package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	neturl "net/url"
	"os"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/command/adapters/gateway"
	"tizilim/httpapi"
	"tizilim/projections"
)

// demoIIN is a made-up IIN (no month has the number 99) with a right control
// digit, for the citizen's token of the first steps.
const demoIIN = "999999000012"

// greetingValid is how long the tokens printed at the start are accepted.
const greetingValid = 24 * time.Hour

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

// greet prints what a newcomer needs for the first request.
func (c *serveCommand) greet(w io.Writer, a *app) error {
	tokens := map[domain.Role]string{}
	for _, role := range domain.Roles {
		p := httpapi.Principal{Role: role, Account: string(role) + "-1"}
		if role == domain.RoleCitizen {
			p.PersonID = a.keys.person.PersonID(demoIIN)
		}
		var err error
		if tokens[role], err = a.keys.tokens.Issue(p, time.Now(), greetingValid); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\nTizilim answers at %s (%s).\n", a.url(), where(a.listener.Addr()))
	if c.Gateway == "" {
		fmt.Fprintf(w, "SMS and e-mail are written to %s; name a gateway with --gateway.\n", quoted(outboxFile(c.Data)))
	}
	fmt.Fprintf(w, "\nA token for each role, good for %d hours:\n\n", int(greetingValid.Hours()))
	for _, role := range domain.Roles {
		fmt.Fprintf(w, "  export %s=%s\n", upper(role), tokens[role])
	}
	fmt.Fprintf(w, `
A first request, to paste as it is. It records the person whom CITIZEN speaks for:

  curl -sS %s/v1/persons \
    -H 'Authorization: Bearer %s' \
    -H 'Idempotency-Key: first-person' -H 'Content-Type: application/json' \
    -d '{"iin":"%s","name":"Айгүл Серікқызы","birth_date":"1990-05-17","class":"citizen"}'

The story of both services, from another terminal:

  %s demo --url %s --data %s

`, a.url(), tokens[domain.RoleOperator], demoIIN, invocation(), a.url(), quoted(c.Data))
	return nil
}

// invocation is how the operator can start this program again.
func invocation() string {
	path, err := os.Executable()
	switch {
	case err != nil || strings.Contains(path, "go-build"): // started by go run
		return "go run ./cmd/tizilim"
	case !strings.ContainsRune(os.Args[0], os.PathSeparator): // found on the PATH
		return os.Args[0]
	default:
		return quoted(path)
	}
}

// quoted is the text as one word of a shell.
func quoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func upper(r domain.Role) string {
	b := []byte(r)
	for i := range b {
		b[i] -= 'a' - 'A'
	}
	return string(b)
}

// where warns of an address that others can reach.
func where(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return "this machine only"
	}
	return "reachable from other machines; put TLS in front of it"
}

type tokenCommand struct {
	Data    string        `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Role    string        `help:"citizen, operator, provider, commission or auditor." required:"" enum:"citizen,operator,provider,commission,auditor"`
	IIN     string        `name:"iin" help:"IIN of the citizen whom the token speaks for." xor:"who"`
	Account string        `help:"Opaque name of the account, without personal data; every desk its own." xor:"who"`
	Valid   time.Duration `help:"How long the token is accepted." default:"12h"`
}

func (c *tokenCommand) Run() error {
	p := httpapi.Principal{Role: domain.Role(c.Role), Account: c.Account}
	var iin domain.IIN
	switch {
	case c.Valid <= 0:
		return errors.New("--valid must be longer than nothing, such as 12h")
	case p.Role != domain.RoleCitizen && c.IIN != "":
		return fmt.Errorf("--iin is for the role citizen: the role %s takes --account", c.Role)
	case p.Role == domain.RoleCitizen && c.IIN == "":
		return errors.New("the role citizen needs --iin: the token speaks for that person")
	case p.Role == domain.RoleCitizen:
		var err error
		var refused *domain.Error
		if iin, err = domain.ParseIIN(c.IIN); errors.As(err, &refused) {
			return fmt.Errorf("--iin: %s", refused.Message)
		}
	case p.Account == "":
		p.Account = c.Role + "-1"
	}
	k, err := openKeys(keysDir(c.Data))
	if err != nil {
		return err
	}
	if p.Role == domain.RoleCitizen {
		p.PersonID = k.person.PersonID(iin)
	}
	token, err := k.tokens.Issue(p, time.Now(), c.Valid)
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}

type openapiCommand struct{}

func (openapiCommand) Run() error {
	text, err := httpapi.OpenAPI(version())
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
