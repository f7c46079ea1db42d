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
	// callTimeout bounds one call to the server where neither the context nor
	// the connection string (defaultDeadline) does.
	callTimeout = 10 * time.Second
	// retryFor bounds how long a call is repeated on passing failures.
	retryFor = 5 * time.Second
	// retryPause is the longest pause in between: a new leader is soon noticed.
	retryPause = 250 * time.Millisecond
)

// Store is a connection to an EventStoreDB, by its official client: to the leader
// of a cluster, and to nobody else. It is safe for concurrent use.
type Store struct {
	config  *esdb.Configuration
	log     *slog.Logger
	timeout time.Duration // of one call

	heads heads
	notes notes

	mu       sync.Mutex // guards the rest, and the same of every session
	cluster  cluster
	current  *session // nil before the first call and after a lost connection
	closed   bool
	trouble  *ConnectError        // why the last attempt to connect failed; nil where it did not
	failedAt time.Time            // when that was
	told     map[Reason]time.Time // when each reason was logged, since there was no trouble

	unappended   error // why the last attempt to append was not acknowledged; nil where it was
	unappendedAt time.Time
}

// Open prepares a Store for an EventStoreDB connection string: one host, as in
// esdb://127.0.0.1:2113?tls=false, several nodes of a cluster, as in
// esdb://a:2113,b:2113,c:2113, or one name of all of them, as in
// esdb+discover://cluster.example:2113. It does not wait for the server; the first
// call does.
func Open(connection string, log *slog.Logger, options ...Option) (*Store, error) {
	config, err := parse(connection, options, log)
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, log: log, timeout: callTimeout, told: map[Reason]time.Time{}}
	if s.cluster, err = seedsOf(config); err != nil {
		return nil, err
	}
	if s.notes, err = newNotes(); err != nil {
		return nil, err
	}
	if config.DefaultDeadline != nil {
		s.timeout = *config.DefaultDeadline
	}
	return s, nil
}

// Close ends the connection, with the calls and subscriptions on it; new ones
// are refused.
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

var errClosed = errors.New("event store: the store is closed")

// leading has the call answered by the leader alone. The client of v4.2.0 puts
// this into the incoming metadata of its context, whatever its options say, so
// that it is never sent; a follower then answers from its own, late copy.
func leading(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

// call runs f with the present client and classifies its error. It returns when
// ctx or the session ends, and leaves f to itself then: the client may hang
// whatever its context says, and reads what gRPC writes where it is cancelled in
// the middle of an append. f must therefore not touch what the caller still uses
// after an error.
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
		o.value, o.err = f(leading(ctx), on.client)
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
		return zero, unavailable(what + ": the connection was given up")
	case <-ctx.Done():
		return zero, ended(ctx, what, &ConnectError{Reason: Timeout, Endpoint: on.to.String()})
	}
}

// ended is the error of a call whose context has ended, with what speaks against
// the server. Where the caller gave up, as one does that goes away, nothing does.
func ended(ctx context.Context, what string, why *ConnectError) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return unavailable(what + ": given up by the caller")
	}
	return fmt.Errorf("event store: %s: %w", what, why)
}

// timedOut reports whether the client gave up waiting, which is no answer.
func timedOut(err error) bool {
	var clientErr *esdb.Error
	return errors.As(err, &clientErr) && clientErr.Code() == esdb.ErrorCodeDeadlineExceeded ||
		status.Code(err) == codes.DeadlineExceeded
}

// RevisionError says that a stream is not at the revision that the caller read.
type RevisionError struct {
	Stream string
	Err    error
}

func (e *RevisionError) Error() string {
	return fmt.Sprintf("stream %s has moved on: %v", e.Stream, e.Err)
}
func (e *RevisionError) Unwrap() error { return e.Err }

// errNoStream is the client's "not found", as read sees it.
var errNoStream = errors.New("event store: no such stream")

// classify is the one place where errors of the client get their meaning.
//
// esdb.FromError is of no use here: it does not unwrap, and the client itself
// wraps with %w.
func (s *Store) classify(what string, on *session, err error) error {
	var domainErr *domain.Error
	if errors.As(err, &domainErr) {
		return err
	}
	switch status.Code(err) { // the request is at fault, and will be however often it is repeated
	case codes.InvalidArgument, codes.ResourceExhausted:
		return fmt.Errorf("event store: %s: the server refuses the request: %s", what, said(err))
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
		s.retire(on) // refused, not answered: by a node that does not lead, and says no more than that
	case esdb.ErrorCodeAccessDenied:
		return fmt.Errorf("event store: %s: %w", what, s.denied(on.to))
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
	// Aborted, deadline, unavailable, a stream cut in the middle, a failed
	// discovery: all pass, or look as if they might.
	return unavailable(fmt.Sprintf("%s: %v", what, err))
}

// said is the server's own sentence in an error, without what the client makes
// of it.
func said(err error) string {
	var of interface{ GRPCStatus() *status.Status }
	if errors.As(err, &of) {
		return of.GRPCStatus().Message()
	}
	return err.Error()
}

// retry repeats f on passing failures, for at most retryFor and not beyond ctx.
// Its error is that of the last attempt.
func retry[T any](ctx context.Context, f func() (T, error)) (T, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 10 * time.Millisecond
	pause.MaxInterval = retryPause
	var last error
	v, err := backoff.Retry(ctx, func() (T, error) {
		var v T
		v, last = f()
		if last != nil && (domain.CodeOf(last) != domain.CodeLogUnavailable || lasting(last)) {
			return v, backoff.Permanent(last)
		}
		return v, last
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(retryFor))
	if err != nil && last != nil {
		err = last // not the end of the context that cut the pause short
	}
	return v, err
}
