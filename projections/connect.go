package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Client is a connection to the Redis of a registry, for those who pass it on
// without knowing Redis.
type Client = redis.UniversalClient

// Connect returns a client of the Redis at the address: redis://host:port/db,
// rediss:// for TLS, unix:///path for a socket of this machine, or a cluster where
// further nodes are named (redis://host:port?addr=host2:port2). It does not wait for an answer: a Redis
// that is away is waited for by those who use it.
//
// The client obeys the deadline of a context, which the driver does only when
// told; without it [Reader.Await] is bounded by the driver's own time-outs.
func Connect(address string) (Client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, badAddress(err)
	}
	if u.Query().Has("addr") {
		opts, err := redis.ParseClusterURL(address)
		if err != nil {
			return nil, badAddress(err)
		}
		opts.ContextTimeoutEnabled = true
		opts.MaintNotificationsConfig = withoutMaintenanceNews()
		return redis.NewClusterClient(opts), nil
	}
	opts, err := redis.ParseURL(address)
	if err != nil {
		return nil, badAddress(err)
	}
	opts.ContextTimeoutEnabled = true
	opts.MaintNotificationsConfig = withoutMaintenanceNews()
	return redis.NewClient(opts), nil
}

// badAddress never repeats the address: it may hold a password.
func badAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("this is no address of a Redis (%w): write it as redis://host:6379/0", err)
}

// withoutMaintenanceNews keeps the driver from asking for a service that only a
// hosted Redis offers.
func withoutMaintenanceNews() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// The driver writes a line to standard error for every connection that fails,
// beside the error that it returns; it goes where the other debug lines go.
func init() { redis.SetLogger(driverLog{}) }

type driverLog struct{}

func (driverLog) Printf(ctx context.Context, format string, args ...any) {
	slog.DebugContext(ctx, "redis driver", "message", fmt.Sprintf(format, args...))
}
