package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"tizilim/eventstore"
)

// passwordVariable is the environment variable with the password of the event
// store's user. There is no flag for it: everybody on the machine can see flags.
const passwordVariable = "TIZILIM_EVENTSTORE_PASSWORD"

// credentials are the flags that name the user of the event store.
type credentials struct {
	User         string `name:"eventstore-user" help:"User of the event store; the password is in TIZILIM_EVENTSTORE_PASSWORD or in a file." placeholder:"NAME" env:"TIZILIM_EVENTSTORE_USER"`
	PasswordFile string `name:"eventstore-password-file" help:"File with the password of the event store's user." placeholder:"FILE" type:"path" env:"TIZILIM_EVENTSTORE_PASSWORD_FILE"`
}

// login returns the user and the password for the event store at the address. The
// flag has precedence over a user in the address, the file over the variable. Both
// results are empty where no password is given, or only one inside the address.
func (c credentials) login(address, variable string) (user, password string, err error) {
	inAddress, itsPassword := userOf(address)
	if itsPassword && os.Getenv("TIZILIM_EVENTSTORE") != address {
		slog.Warn("everybody on this machine can see the password in the address of the event store: " +
			"give it in a file or in " + variable)
	}
	if password = os.Getenv(variable); c.PasswordFile != "" {
		if password, err = readPassword(c.PasswordFile); err != nil {
			return "", "", err
		}
	}
	user = cmp.Or(c.User, inAddress)
	switch {
	case user == "" && password != "":
		return "", "", errors.New(
			"there is a password for the event store but no user: name the user with --eventstore-user",
		)
	case user != "" && password == "" && (!itsPassword || c.User != ""):
		return "", "", fmt.Errorf("there is no password for the user %s of the event store: "+
			"give it in a file or in %s", user, variable)
	case password == "": // all that is needed is in the address
		return "", "", nil
	}
	return user, password, nil
}

// connect opens the event store at the address.
func (c credentials) connect(address string, options ...eventstore.Option) (*eventstore.Store, error) {
	user, password, err := c.login(address, passwordVariable)
	if err != nil {
		return nil, err
	}
	return openAs(address, user, password, options...)
}

// openAs opens the event store as the user. An empty user stands for that of the address.
func openAs(address, user, password string, options ...eventstore.Option) (*eventstore.Store, error) {
	if user != "" {
		options = append(options, eventstore.WithCredentials(user, password))
	}
	return eventstore.Open(address, slog.Default(), options...)
}

// readPassword reads the password from a file that holds nothing else.
func readPassword(file string) (string, error) { return readSecret("password", file) }

// readSecret reads a secret, which what names, from a file that holds nothing else.
func readSecret(what, file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		slog.Warn("others than its owner can read the "+what+" file: chmod 600 prevents that", "file", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case secret == "":
		return "", fmt.Errorf("%s is empty: it must hold the %s", file, what)
	case strings.ContainsAny(secret, "\r\n"):
		return "", fmt.Errorf("%s has several lines: it must hold the %s and nothing else", file, what)
	}
	return secret, nil
}

// userOf returns the user in an address, and whether the address has a password too.
func userOf(address string) (user string, password bool) {
	address, _, _ = strings.Cut(address, "?")
	_, rest, _ := strings.Cut(address, "://")
	if onSocket(address) {
		return "", false
	}
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return "", false
	}
	name, _, password := strings.Cut(rest[:at], ":")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return name, password
}

// onSocket reports whether the address is the path of a Unix socket, without a user.
func onSocket(address string) bool {
	return strings.HasPrefix(strings.TrimPrefix(address, "esdb+"), "unix:///")
}

// withAbsoluteFiles returns the address with absolute paths for the files that it
// names, so that it is valid in every working directory.
func withAbsoluteFiles(address string) string {
	place, options, _ := strings.Cut(address, "?")
	named := strings.Split(options, "&")
	for i, option := range named {
		name, value, _ := strings.Cut(option, "=")
		switch strings.ToLower(name) {
		case "tlscafile", "usercertfile", "userkeyfile":
		default:
			continue
		}
		file, err := url.QueryUnescape(value)
		if err == nil && file != "" && !filepath.IsAbs(file) {
			if file, err = filepath.Abs(file); err == nil {
				named[i] = name + "=" + strings.ReplaceAll(url.QueryEscape(file), "%2F", "/")
			}
		}
	}
	if options == "" {
		return address
	}
	return place + "?" + strings.Join(named, "&")
}

// withoutUser returns the address without user and password.
func withoutUser(address string) string {
	place, options, some := strings.Cut(address, "?")
	scheme, rest, ok := strings.Cut(place, "://")
	if !ok || onSocket(address) {
		return address
	}
	place = scheme + "://" + rest[strings.LastIndex(rest, "@")+1:]
	if some {
		place += "?" + options
	}
	return place
}
