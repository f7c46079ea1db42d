package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"tizilim/domain"
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
	Redis      string `help:"Redis, such as redis://host:6379/0; without it one in this process." placeholder:"URL" env:"TIZILIM_REDIS"`
	Quiet      bool   `help:"Print no tokens and no first steps." env:"TIZILIM_QUIET"`
}

func (c *serveCommand) Run(ctx context.Context) error {
	a, err := start(config{
		listen: c.Listen, data: c.Data, eventstore: c.Eventstore, redis: c.Redis, logger: slog.Default(),
	})
	if err != nil {
		return err
	}
	err = func() error {
		if err := a.awaitModel(ctx); err != nil {
			return err
		}
		slog.Info("ready", "address", "http://"+a.listener.Addr().String())
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

// modelPoll is how often the start looks whether the read model is filled.
const modelPoll = 100 * time.Millisecond

// awaitModel waits until reads are answered, and shows how far the filling is.
func (a *app) awaitModel(ctx context.Context) error {
	bar := newBar("filling the read model")
	defer bar.finish()
	tick := time.NewTicker(modelPoll)
	defer tick.Stop()
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
		}
	}
}

// greet prints what a newcomer needs for the first request.
func (c *serveCommand) greet(w io.Writer, a *app) error {
	address := "http://" + a.listener.Addr().String()
	fmt.Fprintf(w, "\nTizilim answers at %s (%s)\n", address, where(a.listener.Addr()))
	fmt.Fprintf(w, "Tokens for the next %s, one per role; paste them into a shell:\n\n", greetingValid)
	for _, role := range domain.Roles {
		p := httpapi.Principal{Role: role, Account: string(role) + "-1"}
		note := ""
		if role == domain.RoleCitizen {
			p.PersonID = a.keys.person.PersonID(demoIIN)
			note = "   # of the made-up IIN " + demoIIN
		}
		token, err := a.keys.tokens.Issue(p, time.Now(), greetingValid)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "export %s=%s%s\n", upper(role), token, note)
	}
	fmt.Fprintf(w, `
A first command, and the story of both services:

curl -s %s/v1/persons -H "Authorization: Bearer $OPERATOR" -H "Idempotency-Key: first-person" \
  -H "Content-Type: application/json" \
  -d '{"iin":"%s","name":"Айгүл Серікқызы","birth_date":"1990-05-17","class":"citizen"}'

tizilim demo --url %s --data %s

`, address, demoIIN, address, c.Data)
	return nil
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
	k, err := openKeys(c.Data + "/keys")
	if err != nil {
		return err
	}
	p := httpapi.Principal{Role: domain.Role(c.Role), Account: c.Account}
	if p.Role == domain.RoleCitizen {
		iin, err := domain.ParseIIN(c.IIN)
		if err != nil {
			return fmt.Errorf("--iin: %w", err)
		}
		p.PersonID = k.person.PersonID(iin)
	} else if c.IIN != "" {
		return fmt.Errorf("--iin is for the role citizen; a %s has an --account", c.Role)
	} else if p.Account == "" {
		p.Account = c.Role + "-1"
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
