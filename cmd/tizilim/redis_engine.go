package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"tizilim/projections"
	"tizilim/projections/private"
)

// engineFlags say which Redis keeps the read model where --redis names none.
type engineFlags struct {
	RedisEngine string `help:"Redis of the read model without --redis: private (a redis-server of this server alone, which must be installed), in-process (nothing to install, for short lists), or auto (private where it can be)." enum:"auto,private,in-process" default:"auto" env:"TIZILIM_REDIS_ENGINE"`
}

const (
	enginePrivate   = "private"
	engineInProcess = "in-process"

	// findPatience is how long a redis-server may take to tell its version.
	findPatience = 5 * time.Second
	// freePatience is how long a private Redis may take for its first command.
	freePatience = 5 * time.Second
)

// redisDir holds the dump of the private Redis of a data directory.
func redisDir(data string) string { return filepath.Join(data, "redis") }

// startRedis starts the Redis of this server alone on a socket and returns its address.
func (a *app) startRedis(c config) (address string, err error) {
	if err := makeDataDir(c.data); err != nil {
		return "", err
	}
	lock, err := vfs.Default.Lock(filepath.Join(c.data, "redis.lock"))
	if err != nil {
		return "", fmt.Errorf("another server has its Redis in %s: several servers share a Redis, so name one "+
			"with --redis, or give this server a --data of its own (%w)", c.data, err)
	}
	a.closers = append(a.closers, lock.Close)
	if c.engine.RedisEngine == engineInProcess {
		return a.startInProcessRedis(c)
	}
	address, err = a.startPrivateRedis(c)
	if err == nil {
		return address, nil
	}
	if c.engine.RedisEngine == enginePrivate {
		return "", fmt.Errorf("--redis-engine private: %w", err)
	}
	c.logger.Warn("the read model is in this process: it is filled from the log at every start, and a number takes the "+
		"longer the longer its list is, so use it for lists of up to some thousands of entries; install redis-server "+
		"(6.2 or later) for more, or choose this with --redis-engine in-process", "why", err)
	return a.startInProcessRedis(c)
}

func (a *app) startInProcessRedis(c config) (address string, err error) {
	listener, err := listenSocket(socketsDir(c.data), "redis.sock")
	if err != nil {
		return "", err
	}
	inProcess, err := projections.StartEmbeddedOn(listener)
	if err != nil {
		return "", err
	}
	a.redisInProcess = true
	a.closers = append(a.closers, inProcess.Close)
	return inProcess.URL(), nil
}

// startPrivateRedis starts a redis-server that ends with this process.
func (a *app) startPrivateRedis(c config) (address string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), findPatience)
	defer cancel()
	binary, err := private.Find(ctx)
	if err != nil {
		return "", err
	}
	socket, err := placeSocket(socketsDir(c.data), "redis.sock")
	if err != nil {
		return "", err
	}
	own, err := private.Start(private.Config{
		Binary: binary, Dir: redisDir(c.data), Socket: socket, Logger: c.logger,
		Loaded: func() { freeRoles(c, socket) },
	})
	if err != nil {
		return "", err
	}
	a.closers = append(a.closers, own.Close)
	return own.URL(), nil
}

// freeRoles frees what a killed server had of the Redis on the socket. Where that fails,
// the roles are free once their leases expire.
func freeRoles(c config, socket string) {
	ctx, cancel := context.WithTimeout(context.Background(), freePatience)
	defer cancel()
	err := func() error {
		client, err := projections.Connect((&url.URL{Scheme: "unix", Path: socket}).String())
		if err != nil {
			return err
		}
		return errors.Join(projections.FreeRoles(ctx, client, projections.Options{}), client.Close())
	}()
	if err != nil {
		c.logger.Warn("the read model may follow the log some seconds later", "error", err)
	}
}

// redisName names the Redis in a sentence for the operator.
func redisName(address string) string {
	if address == "" {
		return "the Redis of this server"
	}
	return "Redis at " + withoutSecrets(address)
}
