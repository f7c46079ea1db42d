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

	"tizilim/domain/proof"
	"tizilim/eventstore/seal"
)

// settings are what options change.
type settings struct {
	user, password string
	macKey         proof.Key
	masters        seal.MasterKeys // nil: personal values are not sealed
}

// valid returns an error where the settings contradict each other.
func (s *settings) valid() error {
	if s.password != "" && s.user == "" {
		return errors.New("there is a password for the event store, but no user")
	}
	return nil
}

// Option changes how a [Store] connects, or what it does to events.
type Option func(*settings)

// WithCredentials logs in as the user, so that the connection string need not have a
// password. It has precedence over the user of the connection string.
func WithCredentials(user, password string) Option {
	return func(s *settings) { s.user, s.password = user, password }
}

// knownSettings are the settings of a connection string that the client knows. The
// client ignores all others silently.
var knownSettings = []string{
	"discoveryinterval", "gossiptimeout", "maxdiscoverattempts", "nodepreference", "keepaliveinterval", "keepalivetimeout",
	"tls", "tlscafile", "usercertfile", "userkeyfile", "tlsverifycert", "defaultdeadline",
}

// seedsOf returns the cluster as the connection string describes it.
func seedsOf(config *esdb.Configuration) (c cluster, err error) {
	c = cluster{members: map[endpoint]bool{}, unresponsive: map[endpoint]time.Time{}}
	c.discovers = config.DnsDiscover || len(config.GossipSeeds) > 0
	c.dns = len(config.GossipSeeds) == 0 && config.DnsDiscover
	for _, seed := range config.GossipSeeds {
		c.seeds = append(c.seeds, endpoint{name: seed.Host, port: seed.Port})
	}
	if socket := socketOf(config.Address); socket != "" {
		c.seeds = []endpoint{{socket: socket}}
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

// parse parses a connection string. Its errors are for the operator and never repeat
// the address, which may have a password.
func parse(connection string, set settings, log *slog.Logger) (*esdb.Configuration, error) {
	parse := esdb.ParseConnectionString
	if strings.HasPrefix(connection, SocketScheme) {
		parse = parseSocket
	}
	config, err := parse(connection)
	if err != nil {
		return nil, badAddress(err)
	}
	if err := config.Validate(); err != nil {
		return nil, badAddress(err)
	}
	if config.DefaultDeadline != nil && *config.DefaultDeadline <= 0 {
		return nil, badAddress(errors.New("defaultDeadline must be a number of milliseconds above 0"))
	}
	if config.GossipTimeout <= 0 {
		return nil, badAddress(errors.New("gossipTimeout must be a number of seconds above 0"))
	}
	if config.UserCertFile != "" {
		if _, err := tls.LoadX509KeyPair(config.UserCertFile, config.UserKeyFile); err != nil {
			return nil, fmt.Errorf("the user certificate of the event store cannot be read: %w", err)
		}
	}
	if err := set.valid(); err != nil {
		return nil, err
	}
	if set.user != "" {
		config.Username, config.Password = set.user, set.password
	}
	if config.Username != "" && config.DisableTLS {
		log.Warn("event store: without TLS the client sends no user and password, and every call is anonymous")
	}
	if config.NodePreference != esdb.NodePreferenceLeader {
		log.Warn("event store: nodePreference is ignored: only the leader has the newest events")
		config.NodePreference = esdb.NodePreferenceLeader
	}
	_, query, _ := strings.Cut(connection, "?")
	settings, _ := url.ParseQuery(query) // the client has parsed it
	for name := range settings {
		if !slices.Contains(knownSettings, strings.ToLower(name)) {
			log.Warn("event store: the connection string has an unknown setting", "setting", name)
		}
	}
	return config, nil
}

// badAddress is the error of a connection string. It never repeats the address.
func badAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var file *fs.PathError
	if errors.As(err, &file) {
		return fmt.Errorf("the authorities of the event store (tlsCaFile) cannot be read: %w", file)
	}
	if strings.Contains(err.Error(), "append certificate") { // the client's error has no type
		return errors.New("the authorities of the event store (tlsCaFile) cannot be read: the file has no certificate in PEM")
	}
	return fmt.Errorf("this is not an address of an EventStoreDB (%w): write it as esdb://host:2113?tls=false, "+
		"with user, password and host in URL encoding", err)
}
