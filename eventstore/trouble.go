package eventstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/domain"
)

// Reason is why the event store cannot be used, for machines.
type Reason string

const (
	NameNotFound      Reason = "name_not_found"     // the host has no address
	Refused           Reason = "refused"            // nobody listens there
	Timeout           Reason = "timeout"            // no answer in time
	BadCertificate    Reason = "certificate"        // TLS is not agreed on
	BadCredentials    Reason = "credentials"        // the user or the password is wrong
	NoRights          Reason = "rights"             // the user may not read $all
	NoLeader          Reason = "no_leader"          // the cluster has none now
	TooOld            Reason = "too_old"            // older than 23.10
	VersionUnreadable Reason = "version_unreadable" // the client cannot read the server's version
)

// lasts reports whether an operator has to act: waiting does not help.
func (r Reason) lasts() bool {
	switch r {
	case BadCertificate, BadCredentials, NoRights, TooOld, VersionUnreadable:
		return true
	}
	return false
}

// ConnectError says why the event store cannot be used. It is a refusal of kind
// Unavailable to the caller of a command, and a sentence to the operator.
type ConnectError struct {
	Reason   Reason
	Endpoint string // host:port; empty where it is about all of them
	Err      error  // what was seen; may be nil
}

// Error is a sentence for the operator, with what to do.
func (e *ConnectError) Error() string {
	at := e.Endpoint
	if at == "" {
		at = "the event store"
	}
	var s string
	switch e.Reason {
	case NameNotFound:
		s = "the name of " + at + " is not found: check the host in the connection string"
	case Refused:
		s = at + " refuses connections: no server listens there"
	case BadCertificate:
		s = "TLS with " + at + " fails: name the authority with tlsCaFile, connect by a name of the certificate, " +
			"and give userCertFile and userKeyFile where the server asks for them"
	case BadCredentials:
		s = at + " does not know this user or password"
	case NoRights:
		s = "this user may not read $all at " + at + ": tizilim eventstore setup gives the rights"
	case NoLeader:
		s = at + " knows no leader now, or has just lost it"
	case TooOld:
		s = at + " is too old: EventStoreDB 23.10 or later is needed"
	case VersionUnreadable:
		s = "the client cannot read the version of " + at + ": use a released version of the server"
	default:
		s = at + " does not answer in time"
	}
	if e.Err != nil {
		s += " (" + e.Err.Error() + ")"
	}
	return s
}

// EventStoreReason is the reason for machines, such as /readyz shows.
func (e *ConnectError) EventStoreReason() string { return string(e.Reason) }

func (e *ConnectError) Unwrap() []error {
	if e.Err == nil {
		return []error{errUnavailable}
	}
	return []error{errUnavailable, e.Err}
}

// lasting reports whether waiting does not mend the error.
func lasting(err error) bool {
	var c *ConnectError
	return errors.As(err, &c) && c.Reason.lasts()
}

// errUnavailable is the refusal of everything that the event store did not
// answer: nothing is known to have happened.
var errUnavailable = domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
	"the event store does not answer now; send the same request with the same Idempotency-Key again")

func unavailable(detail string) error {
	return fmt.Errorf("event store: %s: %w", detail, errUnavailable)
}

// whyNot names what a failed attempt to connect to the endpoint says.
func (s *Store) whyNot(ctx context.Context, to endpoint, err error) *ConnectError {
	e := &ConnectError{Reason: Timeout, Endpoint: to.String(), Err: err}
	var number *strconv.NumError
	var client *esdb.Error
	errors.As(err, &client)
	var known *ConnectError
	switch {
	case errors.As(err, &known):
		if known.Endpoint == "" && to != (endpoint{}) {
			known = &ConnectError{Reason: known.Reason, Endpoint: to.String(), Err: known.Err}
		}
		return known
	case errors.As(err, &number):
		e.Reason, e.Err = VersionUnreadable, fmt.Errorf("a part of it is %q", number.Num)
	case status.Code(err) == codes.Unauthenticated, client != nil && client.Code() == esdb.ErrorCodeUnauthenticated:
		e.Reason, e.Err = BadCredentials, nil
	case status.Code(err) == codes.PermissionDenied, client != nil && client.Code() == esdb.ErrorCodeAccessDenied:
		return s.denied(to)
	case notReady(err), client != nil && client.Code() == esdb.ErrorCodeNotLeader:
		e.Reason, e.Err = NoLeader, nil
	default:
		e.Reason, e.Err = s.dial(ctx, to, err)
	}
	return e
}

// denied is why the server denies access: the user may not, or none was named.
func (s *Store) denied(to endpoint) *ConnectError {
	e := &ConnectError{Reason: NoRights, Endpoint: to.String()}
	if s.config.UserCertFile == "" && (s.config.Username == "" || s.config.DisableTLS) {
		e.Reason, e.Err = BadCredentials, errors.New("none was given")
	}
	return e
}

// notReady reports whether a server said that it knows no leader.
func notReady(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Server Is Not Ready")
}

// dial connects once more, by hand: the client tells why only in words.
func (s *Store) dial(ctx context.Context, to endpoint, seen error) (Reason, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.dialed())
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return NameNotFound, nil
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused, nil
	case err != nil:
		return Timeout, err
	}
	defer conn.Close()
	config, err := s.tls(to)
	if err != nil {
		return BadCertificate, err
	}
	if config == nil {
		if strings.Contains(seen.Error(), "server preface") {
			return BadCertificate, errors.New("the server seems to want TLS: leave out tls=false")
		}
		return Timeout, seen
	}
	config.NextProtos = []string{"h2"}
	err = tls.Client(conn, config).HandshakeContext(ctx)
	var record tls.RecordHeaderError
	var unverified *tls.CertificateVerificationError
	var alert tls.AlertError
	switch {
	case errors.As(err, &record):
		return BadCertificate, errors.New("the server does not speak TLS: add ?tls=false where that is meant")
	case errors.As(err, &unverified):
		return BadCertificate, unverified.Err
	case errors.As(err, &alert), strings.Contains(seen.Error(), "certificate"): // the server refuses ours
		return BadCertificate, seen
	}
	return Timeout, seen
}

// tls returns how TLS is spoken with the endpoint; nil where it is not.
func (s *Store) tls(to endpoint) (*tls.Config, error) {
	if s.config.DisableTLS {
		return nil, nil
	}
	config := &tls.Config{
		InsecureSkipVerify: s.config.SkipCertificateVerification, // tlsVerifyCert=false, the operator's word
		RootCAs:            s.config.RootCAs,
		ServerName:         to.name,
		MinVersion:         tls.VersionTLS12,
	}
	if s.config.UserCertFile != "" {
		certificate, err := tls.LoadX509KeyPair(s.config.UserCertFile, s.config.UserKeyFile)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return config, nil
}
