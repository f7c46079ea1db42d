package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"tizilim/domain"
)

const (
	// callTimeout bounds one call to the server where the connection string has no
	// defaultDeadline.
	callTimeout = 10 * time.Second
	// retryFor bounds how long a call is retried on transient failures.
	retryFor = 5 * time.Second
	// retryPause is the longest pause between two attempts.
	retryPause = 250 * time.Millisecond
)

// Store is a connection to an EventStoreDB by its official client. It uses only the leader
// of a cluster. It is safe for concurrent use.
type Store struct {
	config  *esdb.Configuration
	log     *slog.Logger
	timeout time.Duration // of one call

	heads      headCache
	accessLogs accessLogs
	integrity  integrity
	released   released
	keys       *keys // nil: personal values are not sealed

	mu             sync.Mutex // guards the following fields and those of sessions
	cluster        cluster
	current        *session // nil before the first call and after a lost connection
	closed         bool
	connectFailure *ConnectError        // of the last attempt to connect; nil if it succeeded
	failedAt       time.Time            // time of the last failed attempt
	loggedAt       map[Reason]time.Time // when each reason was logged since the last connection

	appendFailure error // of the last attempt to append; nil if it was acknowledged
	appendTriedAt time.Time
	diskRefusal   error // of appends, by the disk of the server; nil where it takes them, or does not tell
}

// Open prepares a Store for an EventStoreDB connection string: one host, as in
// esdb://127.0.0.1:2113?tls=false, several nodes of a cluster, as in
// esdb://a:2113,b:2113,c:2113, one DNS name of all nodes, as in
// esdb+discover://cluster.example:2113, or a socket of this machine (see
// [SocketScheme]). It does not connect; the first call does.
func Open(connection string, log *slog.Logger, options ...Option) (*Store, error) {
	var set settings
	for _, option := range options {
		option(&set)
	}
	config, err := parse(connection, set, log)
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, log: log, timeout: callTimeout, loggedAt: map[Reason]time.Time{}}
	s.integrity.key = set.macKey
	if s.cluster, err = seedsOf(config); err != nil {
		return nil, err
	}
	if s.accessLogs, err = newAccessLogs(); err != nil {
		return nil, err
	}
	if config.DefaultDeadline != nil {
		s.timeout = *config.DefaultDeadline
	}
	if set.masters != nil {
		if s.keys, err = newKeys(s, set.masters); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Close ends the connection with its calls and subscriptions. They, and later calls, return
// an error of kind Unavailable: a request that is still under way can be sent again.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	current := s.current
	s.mu.Unlock()
	if current != nil {
		s.retire(current)
	}
	return nil
}

var errClosed = fmt.Errorf("event store: the store is closed: %w", domain.Refuse(domain.Unavailable,
	domain.CodeLogUnavailable, "the registry begins anew with the log or stops; "+
		"send the same request with the same Idempotency-Key again"))

// requireLeader returns a context whose calls only the leader answers. The client of
// v4.2.0 never sends its own requires-leader, since it puts it into the incoming
// metadata. Without it a follower answers from its copy, which may be old.
func requireLeader(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

// call runs f with the client of the current session and classifies its error. It returns
// when ctx or the session ends, while f may still run: the client may hang after its
// context has ended, and has a data race where an append is cancelled. So f must not
// share anything with the caller that the caller uses after an error.
func call[T any](
	ctx context.Context, s *Store, what string, f func(context.Context, *esdb.Client) (T, error),
) (T, error) {
	var zero T
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	on, err := s.acquire(ctx, what)
	if err != nil {
		return zero, err
	}
	on.waiting.Add(1)
	defer on.waiting.Add(-1)
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	deadline, _ := ctx.Deadline()
	go func() {
		defer s.release(on)
		var o outcome
		defer func() { done <- o }()
		defer recoverClient(what, &o.err)
		ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), deadline)
		defer cancel()
		o.value, o.err = f(requireLeader(ctx), on.client)
	}()
	select {
	case o := <-done:
		if !timedOut(o.err) {
			on.answered.Add(1)
		}
		if o.err != nil {
			return zero, s.classify(what, on, o.err)
		}
		return o.value, nil
	case <-on.ctx.Done():
		return zero, unavailable(what + ": the session has ended")
	case <-ctx.Done():
		return zero, contextError(ctx, what, &ConnectError{Reason: Timeout, Endpoint: on.to.String()})
	}
}

// contextError is the error of a call whose context has ended: why, or that the caller
// has cancelled it, which is no failure of the server.
func contextError(ctx context.Context, what string, why *ConnectError) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return unavailable(what + ": cancelled by the caller")
	}
	return fmt.Errorf("event store: %s: %w", what, why)
}

// timedOut reports whether the deadline of the call has ended, so that there is no answer.
func timedOut(err error) bool {
	var clientErr *esdb.Error
	return errors.As(err, &clientErr) && clientErr.Code() == esdb.ErrorCodeDeadlineExceeded ||
		status.Code(err) == codes.DeadlineExceeded
}

// RevisionError says that a stream is not at the expected revision.
type RevisionError struct {
	Stream string
	Err    error
}

func (e *RevisionError) Error() string {
	return fmt.Sprintf("stream %s has moved on: %v", e.Stream, e.Err)
}
func (e *RevisionError) Unwrap() error { return e.Err }

// errRefused says that the request itself is wrong.
var errRefused = errors.New("the server refuses the request")

// errNoStream says that a stream does not exist.
var errNoStream = errors.New("event store: no such stream")

// classify converts every error of the client. It retires the session where the error
// says that its node is lost or does not lead.
//
// It cannot use esdb.FromError, which does not unwrap: the client wraps its errors.
func (s *Store) classify(what string, on *session, err error) error {
	var domainErr *domain.Error
	if errors.As(err, &domainErr) {
		return err
	}
	if disk := diskError(what, on.to, err); disk != nil {
		return disk
	}
	switch status.Code(err) { // the request itself is wrong, so a retry does not help
	case codes.InvalidArgument, codes.ResourceExhausted:
		return fmt.Errorf("event store: %s: %w: %s", what, errRefused, serverMessage(err))
	}
	code := esdb.ErrorCodeUnknown
	var clientErr *esdb.Error
	if errors.As(err, &clientErr) {
		code = clientErr.Code()
	} else if status.Code(err) == codes.Unavailable {
		code = esdb.ErrorUnavailable
	}
	switch code {
	case esdb.ErrorCodeWrongExpectedVersion:
		return &RevisionError{Stream: what, Err: err}
	case esdb.ErrorCodeResourceNotFound:
		if status.Code(err) != codes.NotFound {
			return errNoStream
		}
		s.retire(on) // a follower has refused the call
	case esdb.ErrorCodeAccessDenied:
		return fmt.Errorf("event store: %s: %w", what, s.accessDenied(on.to))
	case esdb.ErrorCodeUnauthenticated:
		return fmt.Errorf("event store: %s: %w", what, &ConnectError{Reason: BadCredentials, Endpoint: on.to.String()})
	case esdb.ErrorCodeUnsupportedFeature, esdb.ErrorCodeStreamDeleted,
		esdb.ErrorCodeParsing, esdb.ErrorCodeInternalClient:
		return fmt.Errorf("event store: %s: %w", what, err)
	case esdb.ErrorUnavailable, esdb.ErrorCodeNotLeader, esdb.ErrorCodeConnectionClosed:
		s.retire(on)
		if notReady(err) {
			return fmt.Errorf("event store: %s: %w", what, &ConnectError{Reason: NoLeader, Endpoint: on.to.String()})
		}
	}
	// All other errors are transient, or may be: aborted, deadline, unavailable, an
	// incomplete stream, a failed discovery.
	return unavailable(fmt.Sprintf("%s: %v", what, err))
}

// serverMessage returns the message of the server in an error, without that of the
// client.
func serverMessage(err error) string {
	var of interface{ GRPCStatus() *status.Status }
	if errors.As(err, &of) {
		return of.GRPCStatus().Message()
	}
	return err.Error()
}

// retry calls f again after transient failures, with back-off, for at most retryFor and
// until ctx ends. Its error is that of the last attempt.
func retry[T any](ctx context.Context, f func() (T, error)) (T, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 10 * time.Millisecond
	pause.MaxInterval = retryPause
	var last error
	v, err := backoff.Retry(ctx, func() (T, error) {
		var v T
		v, last = f()
		if last != nil && (domain.CodeOf(last) != domain.CodeLogUnavailable || isPermanent(last) ||
			errors.Is(last, errClosed)) {
			return v, backoff.Permanent(last)
		}
		return v, last
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(retryFor))
	if err != nil && last != nil {
		err = last // more useful than the error of the context
	}
	return v, err
}
