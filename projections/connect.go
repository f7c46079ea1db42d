package projections

import (
	"fmt"
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
			return nil, fmt.Errorf("redis address: %w", err)
		}
		return redis.NewClusterClient(options), nil
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("redis address: %w", err)
	}
	return redis.NewClient(options), nil
}
