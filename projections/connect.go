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
// Options have precedence over what the address says.
//
// The client obeys the deadline of a context, which the driver does only when
// told; without it [Reader.Await] is bounded by the driver's own time-outs.
func Connect(address string, options ...ConnectOption) (Client, error) {
	var set connectSettings
	for _, option := range options {
		option(&set)
	}
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
		if set.password != "" {
			opts.Username, opts.Password = set.user, set.password
		}
		return redis.NewClusterClient(opts), nil
	}
	opts, err := redis.ParseURL(address)
	if err != nil {
		return nil, badAddress(err)
	}
	opts.ContextTimeoutEnabled = true
	opts.MaintNotificationsConfig = withoutMaintenanceNews()
	if set.password != "" {
		opts.Username, opts.Password = set.user, set.password
	}
	return redis.NewClient(opts), nil
}

// ConnectOption changes how a client connects.
type ConnectOption func(*connectSettings)

type connectSettings struct{ user, password string }

// WithCredentials logs in with the password as the user, an empty user being the default
// one of Redis, so that the address need not have a password.
func WithCredentials(user, password string) ConnectOption {
	return func(s *connectSettings) { s.user, s.password = user, password }
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
