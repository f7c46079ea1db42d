package main

import (
	"net"
	neturl "net/url"
	"strings"
)

// loopbackHost reports whether the host, a name or an address, is this machine alone.
func loopbackHost(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// listensOnLoopback reports whether only this machine reaches an address to listen on,
// host:port. An empty host is every address of the machine.
func listensOnLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackHost(host)
}

// lacksOf says what the connection to a store lacks: TLS beyond this machine, if it is not
// encrypted, and a user, if none is named. It is empty where it lacks nothing, such as on
// a socket of this machine. what is the store.
func lacksOf(what, address string, encrypted, named bool) string {
	if onSocket(address) {
		return ""
	}
	remote := false
	for _, host := range hostsOf(address) {
		remote = remote || !loopbackHost(host)
	}
	var lacks []string
	if remote && !encrypted {
		lacks = append(lacks, "TLS, so that everybody on the way can read and change what is sent")
	}
	if !named {
		lacks = append(lacks, "a user, so that everybody who reaches "+what+" can do what the registry does")
	}
	if len(lacks) == 0 {
		return ""
	}
	return "the connection to " + what + " lacks " + strings.Join(lacks, "; and ")
}

// hostsOf returns the hosts of an address, which may name several with commas, or more
// in the option addr as those of Redis do.
func hostsOf(address string) (hosts []string) {
	place, options, _ := strings.Cut(address, "?")
	_, rest, _ := strings.Cut(place, "://")
	rest = rest[strings.LastIndex(rest, "@")+1:]
	rest, _, _ = strings.Cut(rest, "/")
	named := strings.Split(rest, ",")
	if values, err := neturl.ParseQuery(options); err == nil {
		named = append(named, values["addr"]...)
	}
	for _, at := range named {
		if host, _, err := net.SplitHostPort(at); err == nil {
			at = host
		}
		hosts = append(hosts, strings.Trim(at, "[]"))
	}
	return hosts
}

// storeLacks says what the connection to the event store at the address lacks.
func storeLacks(address string, login credentials) string {
	_, options, _ := strings.Cut(address, "?")
	encrypted, certificate := true, false
	for option := range strings.SplitSeq(strings.ToLower(options), "&") {
		switch name, value, _ := strings.Cut(option, "="); name {
		case "tls":
			encrypted = value != "false"
		case "usercertfile":
			certificate = value != ""
		}
	}
	user, _ := userOf(address)
	// Without TLS the client sends no user, whatever is given.
	return lacksOf("the event store", address, encrypted, encrypted && (user != "" || login.User != "" || certificate))
}

// redisLacks says what the connection to Redis at the address lacks.
func redisLacks(address string, login redisCredentials) string {
	_, inAddress := userOf(address)
	return lacksOf("Redis", address, strings.HasPrefix(address, "rediss:"), inAddress || login.given())
}
