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

// aliveTimeout bounds the request by which a tool sees whether a server runs.
const aliveTimeout = 5 * time.Second

// registryParts are the flags that say where the event store and Redis of a registry
// are: at an address, or where the running server on the data directory has them.
type registryParts struct {
	Data       string `help:"Data directory of a running server, whose event store and Redis are used." default:"./data" type:"path" env:"TIZILIM_DATA"`
	Eventstore string `help:"EventStoreDB. Default: that of the running server." placeholder:"URL" env:"TIZILIM_EVENTSTORE"`
	Redis      string `help:"Redis. Default: that of the running server." placeholder:"URL" env:"TIZILIM_REDIS"`
	credentials
	redisCredentials
}

// endpoints returns the addresses of both.
func (p registryParts) endpoints(ctx context.Context) (endpoints, error) {
	given := endpoints{EventStore: p.Eventstore, Redis: p.Redis}
	if p.Eventstore != "" && p.Redis != "" {
		return given, nil
	}
	e, err := readEndpoints(p.Data)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return e, err
	}
	if err != nil || !e.alive(ctx) { // the file may be that of a server that was killed
		return e, fmt.Errorf("no server runs on %s: start one there, or give --eventstore and --redis", p.Data)
	}
	if p.Eventstore != "" {
		e.EventStore, e.EventStoreUser, e.PasswordFile = p.Eventstore, "", ""
	}
	if p.Redis != "" {
		e.Redis, e.RedisInProcess, e.RedisPrivate, e.RedisUser, e.RedisPasswordFile = p.Redis, false, false, "", ""
	}
	return e, nil
}

// openRedis opens the Redis of the server, with the server's user and password where the
// flags name no others.
func (e endpoints) openRedis(c redisCredentials) (projections.Client, error) {
	if e.RedisInProcess || e.RedisPrivate {
		return projections.Connect(e.Redis)
	}
	if c.RedisUser == "" {
		c.RedisUser = e.RedisUser
	}
	if !c.given() && c.RedisUser == e.RedisUser {
		c.RedisPasswordFile = e.RedisPasswordFile
	}
	return c.connect(e.Redis)
}

// openEventStore opens the event store of the server, with the server's user and
// password where the flags name no others.
func (e endpoints) openEventStore(c credentials, options ...eventstore.Option) (*eventstore.Store, error) {
	if c.User == "" {
		c.User = e.EventStoreUser
	}
	if c.PasswordFile == "" && os.Getenv(passwordVariable) == "" && c.User == e.EventStoreUser {
		c.PasswordFile = e.PasswordFile
	}
	return c.connect(e.EventStore, options...)
}

// alive reports whether the server at these endpoints answers.
func (e endpoints) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, aliveTimeout)
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

// open opens both. It fails at once where the event store does not answer: the tools
// would otherwise wait for it without end.
func (p registryParts) open(ctx context.Context) (*eventstore.Store, projections.Client, error) {
	e, err := p.endpoints(ctx)
	if err != nil {
		return nil, nil, err
	}
	known, err := knowLog(p.Data)
	if err != nil {
		return nil, nil, err
	}
	store, err := e.openEventStore(p.credentials, known.options()...)
	if err != nil {
		return nil, nil, err
	}
	if _, err := store.Head(ctx); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	client, err := e.openRedis(p.redisCredentials)
	if err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, client, nil
}
