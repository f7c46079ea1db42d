package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Client is a connection to the Redis of a registry, for those who pass it on
// without knowing Redis.
type Client = redis.UniversalClient

// Connect returns a client of the Redis at the address: redis://host:6379/0 for
// one server, or, with further nodes as ?addr=host:port, for a cluster. It does
// not wait for the server.
func Connect(address string) (Client, error) {
	if strings.Contains(address, "addr=") {
		options, err := redis.ParseClusterURL(address)
		if err != nil {
			return nil, badAddress(err)
		}
		return redis.NewClusterClient(options), nil
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, badAddress(err)
	}
	return redis.NewClient(options), nil
}

// badAddress never repeats the address: it may hold a password.
func badAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("this is no address of a Redis (%w): write it as redis://host:6379/0", err)
}

// The driver writes a line to standard error for every connection that fails,
// beside the error that it returns; it goes where the other debug lines go.
func init() { redis.SetLogger(driverLog{}) }

type driverLog struct{}

func (driverLog) Printf(ctx context.Context, format string, args ...any) {
	slog.DebugContext(ctx, "redis driver", "message", fmt.Sprintf(format, args...))
}
