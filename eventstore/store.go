package eventstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/cenkalti/backoff/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/domain"
)

const (
	// callTimeout bounds one call to the server where neither the context nor
	// the connection string (defaultDeadline) does.
	callTimeout = 10 * time.Second
	// retryFor bounds how long a call is repeated on passing failures.
	retryFor = 5 * time.Second
)

// Store is a connection to an EventStoreDB, by its official client. It is safe
// for concurrent use.
type Store struct {
	config  *esdb.Configuration
	log     *slog.Logger
	timeout time.Duration // of one call

	mu      sync.Mutex // guards the rest, and the same of every session
	current *session   // nil before the first call and after a lost connection
	closed  bool
}

// Open prepares a Store for an EventStoreDB connection string, such as
// esdb://127.0.0.1:2113?tls=false or esdb+discover://cluster.example:2113. It
// does not wait for the server; the first call does.
func Open(connection string, log *slog.Logger) (*Store, error) {
	config, err := esdb.ParseConnectionString(connection)
	if err != nil {
		return nil, badAddress(err)
	}
	if err := config.Validate(); err != nil {
		return nil, badAddress(err)
	}
	s := &Store{config: config, log: log, timeout: callTimeout}
	if config.DefaultDeadline != nil {
		s.timeout = *config.DefaultDeadline
	}
	return s, nil
}

// badAddress never repeats the address: it may hold a password.
func badAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("this is no address of an EventStoreDB (%w): write it as esdb://host:2113?tls=false, user, password and host in URL encoding", err)
}

// Close ends the connection once the calls and subscriptions on it have ended;
// new ones are refused.
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

// call runs f with the present client and classifies its error. It returns when
// ctx ends even where the client does not; f must therefore not touch what the
// caller still uses after an error.
func call[T any](ctx context.Context, s *Store, what string, f func(context.Context, *esdb.Client) (T, error)) (T, error) {
	var zero T
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	on, err := s.acquire(ctx, what)
	if err != nil {
		return zero, err
	}
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		defer s.release(on)
		var o outcome
		defer func() { done <- o }()
		defer recoverClient(what, &o.err)
		o.value, o.err = f(ctx, on.client)
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return zero, s.classify(what, on, o.err)
		}
		return o.value, nil
	case <-ctx.Done():
		return zero, unavailable(fmt.Sprintf("%s: no answer in time", what))
	}
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
	code := esdb.ErrorCodeUnknown
	var clientErr *esdb.Error
	if errors.As(err, &clientErr) {
		code = clientErr.Code()
	} else if st, ok := status.FromError(err); ok && st.Code() == codes.Unavailable {
		code = esdb.ErrorUnavailable
	}
	switch code {
	case esdb.ErrorCodeWrongExpectedVersion:
		return &RevisionError{Stream: what, Err: err}
	case esdb.ErrorCodeResourceNotFound:
		return errNoStream
	case esdb.ErrorCodeConnectionClosed:
		s.retire(on)
		return unavailable(what + ": connection closed")
	case esdb.ErrorCodeAccessDenied, esdb.ErrorCodeUnauthenticated, esdb.ErrorCodeUnsupportedFeature,
		esdb.ErrorCodeStreamDeleted, esdb.ErrorCodeParsing, esdb.ErrorCodeInternalClient:
		return fmt.Errorf("event store: %s: %w", what, err)
	default:
		// Not leader, aborted, deadline, unavailable, a stream cut in the middle,
		// a failed discovery: all pass, or look as if they might.
		return unavailable(fmt.Sprintf("%s: %v", what, err))
	}
}

// unavailable is the answer to weather: nothing is known to have happened.
func unavailable(detail string) error {
	return fmt.Errorf("event store: %s: %w", detail, domain.Refuse(domain.Unavailable, domain.CodeLogUnavailable,
		"the event store does not answer now; send the same request with the same Idempotency-Key again"))
}

// retry repeats f on passing failures, for at most retryFor and not beyond ctx.
// Its error is that of the last attempt.
func retry[T any](ctx context.Context, f func() (T, error)) (T, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = 10 * time.Millisecond
	pause.MaxInterval = time.Second
	var last error
	v, err := backoff.Retry(ctx, func() (T, error) {
		var v T
		v, last = f()
		if last != nil && domain.CodeOf(last) != domain.CodeLogUnavailable {
			return v, backoff.Permanent(last)
		}
		return v, last
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(retryFor))
	if err != nil && last != nil {
		err = last // not the end of the context that cut the pause short
	}
	return v, err
}
