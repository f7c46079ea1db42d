package eventstore

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/domain"
)

// Reason is why the event store cannot be used, as a code.
type Reason string

const (
	NameNotFound      Reason = "name_not_found"     // the name of the host does not resolve
	Refused           Reason = "refused"            // no server listens there
	Timeout           Reason = "timeout"            // no answer in time
	BadCertificate    Reason = "certificate"        // the TLS handshake fails
	BadCredentials    Reason = "credentials"        // the user or the password is wrong
	NoRights          Reason = "rights"             // the user may not read $all
	NoLeader          Reason = "no_leader"          // the cluster has no leader now
	TooOld            Reason = "too_old"            // older than 23.10
	VersionUnreadable Reason = "version_unreadable" // the client cannot read the server's version
	DiskFull          Reason = "disk_full"          // the embedded event store takes no appends: no room on its disk
	DiskFailed        Reason = "disk_failed"        // the embedded event store takes no appends: its disk refuses writes
	FilesReplaced     Reason = "files_replaced"     // the files of the embedded event store were replaced while it ran
)

// permanent reports whether an operator must act. Retries do not help then.
func (r Reason) permanent() bool {
	switch r {
	case BadCertificate, BadCredentials, NoRights, TooOld, VersionUnreadable, DiskFull, DiskFailed, FilesReplaced:
		return true
	}
	return false
}

// ConnectError says why the event store cannot be used. It unwraps to a [*domain.Error]
// of kind Unavailable; its text is for the operator.
type ConnectError struct {
	Reason   Reason
	Endpoint string // host:port; empty: all of them
	Err      error  // the cause; may be nil
}

// Error returns a sentence for the operator that says what to do.
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
		s = "TLS with " + at + " fails: name the authority with tlsCaFile, use a host name of the certificate, " +
			"and give userCertFile and userKeyFile where the server asks for them"
	case BadCredentials:
		s = at + " refuses this user or password"
	case NoRights:
		s = "this user may not read $all at " + at + ": run tizilim eventstore setup to grant the rights"
	case NoLeader:
		s = at + " has no leader now"
	case TooOld:
		s = at + " is too old: EventStoreDB 23.10 or later is needed"
	case DiskFull, DiskFailed, FilesReplaced:
		s = at + " takes no appends, and is read as ever"
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

// EventStoreReason returns the reason as a code, for /readyz.
func (e *ConnectError) EventStoreReason() string { return string(e.Reason) }

func (e *ConnectError) Unwrap() []error {
	refusal := errUnavailable
	if e.Reason == DiskFull {
		refusal = errDiskFull
	}
	if e.Err == nil {
		return []error{refusal}
	}
	return []error{refusal, e.Err}
}

// isPermanent reports whether the error has a permanent reason.
func isPermanent(err error) bool {
	var c *ConnectError
	return errors.As(err, &c) && c.Reason.permanent()
}

// errUnavailable is the error of every call that the event store did not answer. The
// outcome of such a call is unknown.
var errUnavailable = domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
	"the event store does not answer now; send the same request with the same Idempotency-Key again")

// errDiskFull is what the client sees of an event store without room on its disk. Most such
// appends were not recorded; of one that waited for room this is unknown.
var errDiskFull = domain.Refuse(domain.Unavailable, domain.CodeDiskFull,
	"the registry has no room on its disk to record this now; reads go on: "+
		"send the same request with the same Idempotency-Key again later")

// isOutage reports whether the event store did not answer, or could not record.
func isOutage(err error) bool {
	code := domain.CodeOf(err)
	return code == domain.CodeLogUnavailable || code == domain.CodeDiskFull
}

func unavailable(detail string) error {
	return fmt.Errorf("event store: %s: %w", detail, errUnavailable)
}

// connectError classifies the error of a failed attempt to connect to the endpoint.
func (s *Store) connectError(ctx context.Context, to endpoint, err error) *ConnectError {
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
		return s.accessDenied(to)
	case notReady(err), client != nil && client.Code() == esdb.ErrorCodeNotLeader:
		e.Reason, e.Err = NoLeader, nil
	default:
		e.Reason, e.Err = s.dial(ctx, to, err)
	}
	return e
}

// accessDenied returns why the server denies access: the user lacks the right, or the
// connection has no user.
func (s *Store) accessDenied(to endpoint) *ConnectError {
	e := &ConnectError{Reason: NoRights, Endpoint: to.String()}
	if s.config.UserCertFile == "" && (s.config.Username == "" || s.config.DisableTLS) {
		e.Reason, e.Err = BadCredentials, errors.New("no user is given")
	}
	return e
}

// notReady reports whether a server answered that it has no leader.
func notReady(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Server Is Not Ready")
}

// dial connects once more without the client, whose errors tell the cause only as text.
func (s *Store) dial(ctx context.Context, to endpoint, seen error) (Reason, error) {
	network, address := to.dialed()
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return NameNotFound, nil
	case errors.Is(err, syscall.ECONNREFUSED), to.socket != "" && errors.Is(err, fs.ErrNotExist):
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
			return BadCertificate, errors.New("the server seems to require TLS: leave out tls=false")
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
		return BadCertificate, errors.New("the server does not use TLS: add ?tls=false if that is intended")
	case errors.As(err, &unverified):
		return BadCertificate, unverified.Err
	case errors.As(err, &alert), strings.Contains(seen.Error(), "certificate"): // the server refuses our certificate
		return BadCertificate, seen
	}
	return Timeout, seen
}

// tls returns the TLS configuration for the endpoint; nil where TLS is off.
func (s *Store) tls(to endpoint) (*tls.Config, error) {
	if s.config.DisableTLS {
		return nil, nil
	}
	config := &tls.Config{
		InsecureSkipVerify: s.config.SkipCertificateVerification, // set by tlsVerifyCert=false
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
