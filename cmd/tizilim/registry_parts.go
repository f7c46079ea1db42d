package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"time"

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
