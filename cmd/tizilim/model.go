package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"tizilim/eventstore"
	"tizilim/projections"
)

// aliveWithin is how long a server may take to say that it is there.
const aliveWithin = 5 * time.Second

// parts say where the event store and Redis of a registry are: by address, or
// as the running server on the same data directory told.
type parts struct {
	Data       string `help:"Data directory of a running server, to find its parts." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB; without it that of the running server." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	Redis      string `help:"Redis; without it that of the running server." placeholder:"URL" env:"TIZILIM_REDIS"`
	credentials
}

// endpoints returns where both are.
func (p parts) endpoints(ctx context.Context) (endpoints, error) {
	given := endpoints{EventStore: p.Eventstore, Redis: p.Redis}
	if p.Eventstore != "" && p.Redis != "" {
		return given, nil
	}
	e, err := readEndpoints(p.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return e, err
	}
	if err != nil || !e.answer(ctx) { // a server that was killed leaves its file behind
		return e, fmt.Errorf("no server runs on %s: start one there, or give --eventstore and --redis", p.Data)
	}
	if p.Eventstore != "" {
		e.EventStore, e.EventStoreUser, e.PasswordFile = p.Eventstore, "", ""
	}
	e.Redis = orElse(p.Redis, e.Redis)
	return e, nil
}

// openEventStore opens the event store that was announced, as the server does
// where nobody else is named.
func (e endpoints) openEventStore(c credentials) (*eventstore.Store, error) {
	if c.User == "" {
		c.User = e.EventStoreUser
	}
	if c.PasswordFile == "" && os.Getenv(passwordVariable) == "" && c.User == e.EventStoreUser {
		c.PasswordFile = e.PasswordFile
	}
	return c.connect(e.EventStore)
}

// answer reports whether the server that announced them is alive.
func (e endpoints) answer(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.HTTP+"/healthz", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil
}

func (p parts) open(ctx context.Context) (*eventstore.Store, projections.Client, error) {
	e, err := p.endpoints(ctx)
	if err != nil {
		return nil, nil, err
	}
	store, err := e.openEventStore(p.credentials)
	if err != nil {
		return nil, nil, err
	}
	// A fold waits out an event store that does not answer; an operator does not.
	if _, err := store.Head(ctx); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	client, err := projections.Connect(e.Redis)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, client, nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

type verifyCommand struct{ parts }

func (c *verifyCommand) Run(ctx context.Context) error {
	store, client, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	defer client.Close()
	bar := newBar("verifying")
	report, err := projections.Verify(ctx, client, store, projections.Options{Logger: slog.Default()}, bar.show)
	bar.finish()
	if err != nil {
		return err
	}
	for _, difference := range report.Differences {
		fmt.Println(difference)
	}
	fmt.Printf("%d events folded, %d keys of generation %d compared up to position %d: %d differences\n",
		report.Events, report.Keys, report.Generation, report.AsOf, report.Different)
	if !report.Proven() {
		return errors.New("the read model differs from the log; tizilim rebuild fills it anew")
	}
	return nil
}

type rebuildCommand struct{ parts }

func (c *rebuildCommand) Run(ctx context.Context) error {
	store, client, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	defer client.Close()
	projector, err := projections.NewProjector(client, store, projections.Options{Logger: slog.Default()})
	if err != nil {
		return err
	}
	bar := newBar("rebuilding")
	began := time.Now()
	err = projector.Rebuild(ctx, bar.show)
	bar.finish()
	if err != nil {
		return err
	}
	fmt.Printf("a new generation serves, filled in %s; tizilim verify proves it and frees the one before\n", time.Since(began).Round(time.Millisecond))
	return nil
}

// bar shows progress on a terminal, and nothing elsewhere.
type bar struct {
	description string
	out         io.Writer
	drawn       *progressbar.ProgressBar
}

func newBar(description string) *bar {
	b := &bar{description: description}
	if isatty.IsTerminal(os.Stderr.Fd()) {
		b.out = os.Stderr
	}
	return b
}

func (b *bar) show(p projections.Progress) {
	if b.out == nil || p.Target == 0 {
		return
	}
	if b.drawn == nil {
		b.drawn = progressbar.NewOptions64(int64(p.Target), progressbar.OptionSetDescription(b.description),
			progressbar.OptionSetWriter(b.out), progressbar.OptionClearOnFinish())
	}
	// A bar that cannot be drawn is no reason to stop the work that it shows.
	_ = b.drawn.Set64(min(int64(p.Position), int64(p.Target)))
}

func (b *bar) finish() {
	if b.drawn != nil {
		_ = b.drawn.Finish()
	}
}
