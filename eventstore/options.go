package eventstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// Option changes how a [Store] connects.
type Option func(*esdb.Configuration)

// WithCredentials logs in as the user, whatever the connection string says, so
// that no password need stand in an address.
func WithCredentials(user, password string) Option {
	return func(c *esdb.Configuration) { c.Username, c.Password = user, password }
}

// known are the settings of a connection string that the client understands; it
// passes over all others without a word.
var known = []string{
	"discoveryinterval", "gossiptimeout", "maxdiscoverattempts", "nodepreference", "keepaliveinterval", "keepalivetimeout",
	"tls", "tlscafile", "usercertfile", "userkeyfile", "tlsverifycert", "defaultdeadline",
}

// seedsOf are the nodes that the connection string names.
func seedsOf(config *esdb.Configuration) (c cluster, err error) {
	c = cluster{members: map[endpoint]bool{}, doubted: map[endpoint]time.Time{}}
	c.asked = config.DnsDiscover || len(config.GossipSeeds) > 0
	c.dns = len(config.GossipSeeds) == 0 && config.DnsDiscover
	for _, seed := range config.GossipSeeds {
		c.seeds = append(c.seeds, endpoint{name: seed.Host, port: seed.Port})
	}
	if len(c.seeds) == 0 {
		seed, err := parseEndpoint(config.Address)
		if err != nil {
			return c, badAddress(err)
		}
		c.seeds = []endpoint{seed}
	}
	return c, nil
}

// parse reads a connection string. Its errors are sentences for the operator
// and never repeat the address, which may hold a password.
func parse(connection string, options []Option, log *slog.Logger) (*esdb.Configuration, error) {
	config, err := esdb.ParseConnectionString(connection)
	if err != nil {
		return nil, badAddress(err)
	}
	if err := config.Validate(); err != nil {
		return nil, badAddress(err)
	}
	if config.DefaultDeadline != nil && *config.DefaultDeadline <= 0 {
		return nil, badAddress(errors.New("defaultDeadline is a number of milliseconds above 0"))
	}
	if config.GossipTimeout <= 0 {
		return nil, badAddress(errors.New("gossipTimeout is a number of seconds above 0"))
	}
	if config.UserCertFile != "" {
		if _, err := tls.LoadX509KeyPair(config.UserCertFile, config.UserKeyFile); err != nil {
			return nil, fmt.Errorf("the user certificate of the event store cannot be read: %w", err)
		}
	}
	for _, option := range options {
		option(config)
	}
	if config.Username != "" && config.DisableTLS {
		log.Warn("event store: the client sends user and password over TLS only; without TLS every call is anonymous")
	}
	if config.NodePreference != esdb.NodePreferenceLeader {
		log.Warn("event store: nodePreference is ignored, since only the leader's answers are true")
		config.NodePreference = esdb.NodePreferenceLeader
	}
	_, query, _ := strings.Cut(connection, "?")
	given, _ := url.ParseQuery(query) // the client has parsed it
	for name := range given {
		if !slices.Contains(known, strings.ToLower(name)) {
			log.Warn("event store: the connection string has a setting that is not known", "setting", name)
		}
	}
	return config, nil
}

// badAddress never repeats the address.
func badAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("the authorities of the event store (tlsCaFile) cannot be read: %w", file)
	}
	if strings.Contains(err.Error(), "append certificate") { // the client's only word for it
		return errors.New("the authorities of the event store (tlsCaFile) cannot be read: there is no certificate in PEM")
	}
	return fmt.Errorf("this is no address of an EventStoreDB (%w): write it as esdb://host:2113?tls=false, "+
		"user, password and host in URL encoding", err)
}
