package eventstore

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

// SocketScheme begins the connection string of an event store on a Unix socket of this
// machine: the scheme, then the absolute path of the socket in URL encoding, as in
// esdb+unix:///srv/tizilim/eventstore.sock. There is neither TLS nor a user on a socket:
// the mode of its file and of its directory says who may connect.
const SocketScheme = "esdb+unix://"

// parseSocket parses a connection string that begins with SocketScheme.
func parseSocket(connection string) (*esdb.Configuration, error) {
	u, err := url.Parse(connection)
	switch {
	case err != nil:
		return nil, err
	case u.User != nil || u.Host != "" || u.RawQuery != "" || u.Fragment != "",
		!filepath.IsAbs(u.Path), strings.HasSuffix(u.Path, "/"):
		return nil, errors.New("after " + SocketScheme + " comes the absolute path of a socket and nothing else")
	}
	// The client's own parser takes only host and port; it gives all other defaults.
	config, err := esdb.ParseConnectionString("esdb://socket?tls=false")
	if err != nil {
		return nil, err
	}
	config.Address = endpoint{socket: u.Path}.String()
	return config, nil
}

// socketOf returns the path of the socket at the address of a client; empty if the
// address is not that of a socket.
func socketOf(address string) string {
	if !strings.HasPrefix(address, "unix:") {
		return ""
	}
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}
