package eventstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// connectTimeout bounds the connecting of a session where there are other nodes
	// to try.
	connectTimeout = 2 * time.Second
	// connectPause is the shortest time between a session that could not connect and
	// the next one. It protects the nodes while none leads and all callers retry.
	connectPause = 50 * time.Millisecond
	// closeTimeout is how long a retired session waits for its last calls. A call that
	// takes longer is stuck in the client.
	closeTimeout = 5 * time.Second
	// maxUnanswered is how long a node may leave all calls without an answer before
	// the other nodes are asked for the leader.
	maxUnanswered = time.Second
)

// Lines that the client of v4.2.0 logs, by which a session notices a lost connection and
// another leader. The leak check of the tests fails if these lines change.
const (
	// callFailed is logged by the goroutine of a failed call, before the client looks
	// for another connection.
	callFailed = "unexpected exception: %v"
	// notLeader is logged by the goroutine of a call that a follower has refused,
	// before the call returns.
	notLeader = "not leader exception, reconnecting to %v"
	// leaderChanges is logged by the goroutine that owns the connection. It has closed
	// the connection and is about to connect to the named leader.
	leaderChanges = "Connecting to leader node %s ..."
)

// session is one client with one connection to one node.
//
// The client of v4.2.0 handles the loss of its connection badly:
//
//   - It does not close the lost connection, whose goroutines live on.
//   - When it finds no other connection, it fails for ever, and its callers hang
//     even after their context has ended.
//   - For each named leader that does not answer it leaks a connection.
//
// So a session never lets its client look for another connection. A call that notices
// the loss leaves the client by a panic (see lostConnection), and a session whose node
// names another leader ends.
//
// A session is connected and probed before its first call. After it is retired, its
// callers return, its subscriptions end, and the last one to leave closes the client.
// The next call begins a new session.
type session struct {
	to    endpoint
	ready chan struct{} // closed when the probe has ended
	err   error         // of the probe; read after ready

	// ctx ends when the session is retired. Its subscriptions and the waiting of its
	// callers end with it.
	ctx context.Context
	end context.CancelFunc

	waiting  atomic.Int64 // number of calls, without subscriptions, that wait for an answer
	answered atomic.Int64 // number of calls that got one

	// Guarded by the mutex of the Store.
	client  *esdb.Client // nil until the node is found; fixed once ready is closed
	calls   int          // the probe, calls and subscriptions that use the client
	retired bool
	closing *time.Timer // of a retired session with calls
}

// lostConnection is the panic by which a call leaves a client that has lost its
// connection. recoverClient turns it into an error.
type lostConnection struct{ err error }

// acquire returns the current session, connected, for one call. The caller calls
// release afterwards.
func (s *Store) acquire(ctx context.Context, what string) (*session, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	if s.current == nil {
		s.current = s.begin()
	}
	on := s.current
	on.calls++
	s.mu.Unlock()

	select {
	case <-on.ready:
		if on.err != nil {
			s.release(on)
			return nil, on.err
		}
		return on, nil
	case <-ctx.Done():
		s.release(on)
		return nil, contextError(ctx, what+": not connected in time", s.lastConnectFailure())
	}
}

// lastConnectFailure returns why the last attempt to connect failed, for a caller whose
// context ends during the present attempt.
func (s *Store) lastConnectFailure() *ConnectError {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connectFailure != nil {
		return s.connectFailure
	}
	return &ConnectError{Reason: Timeout}
}

// begin starts a session and its probe. The caller holds s.mu.
func (s *Store) begin() *session {
	on := &session{ready: make(chan struct{}), calls: 1}
	on.ctx, on.end = context.WithCancel(context.Background())
	go func() {
		defer s.release(on)
		err := s.connect(on)
		s.noteConnection(on.to, err) // before retire: the next session begins then, and its result must come later
		if err != nil {
			on.err = fmt.Errorf("event store: connect: %w", err)
			s.retire(on)
		}
		if err == nil {
			s.beginAskingDisk(on)
		}
		close(on.ready)
		if err == nil && s.severalNodes() {
			go s.watch(on)
		}
	}()
	return on
}

// connect finds the node and checks that it leads and lets the user read. It returns a
// *ConnectError, in bounded time.
func (s *Store) connect(on *session) error {
	timeout := s.timeout
	if s.severalNodes() {
		timeout = min(timeout, connectTimeout)
	}
	ctx, cancel := context.WithTimeout(on.ctx, timeout)
	defer cancel()
	to, err := s.destination(ctx)
	if err != nil {
		return err
	}
	on.to = to
	config := *s.config
	config.Address, config.GossipSeeds, config.DnsDiscover = to.String(), nil, false
	// Without an interval, since the client also sleeps after the last attempt.
	config.MaxDiscoverAttempts, config.DiscoveryInterval = 1, 0
	config.Logger = func(level esdb.LogLevel, format string, args ...any) {
		s.readClientLog(on, level, format, args)
	}
	client, err := esdb.NewClient(&config)
	if err != nil { // Open has validated the configuration
		return &ConnectError{Reason: Timeout, Endpoint: to.String(), Err: err}
	}
	if err = s.probeClient(ctx, on, client); err == nil {
		return nil
	}
	if on.ctx.Err() != nil { // a follower refused the probe, or the store was closed
		err = &ConnectError{Reason: NoLeader, Endpoint: to.String()}
	}
	// connectError needs time of its own, since that of the probe may be over.
	asking, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	why := s.connectError(asking, to, err)
	if !why.Reason.permanent() { // a node with a permanent reason still leads
		s.markUnresponsive(to)
	}
	return why
}

// probeClient gives the client to the session and probes it, until ctx ends.
func (s *Store) probeClient(ctx context.Context, on *session, client *esdb.Client) error {
	probed := make(chan error, 1)
	s.mu.Lock()
	on.client = client
	on.calls++ // the goroutine below, since the client connects without a context
	s.mu.Unlock()
	go func() {
		defer s.release(on)
		var err error
		defer func() { probed <- err }()
		defer recoverClient("connect", &err)
		err = probe(ctx, client)
	}()
	select {
	case err := <-probed:
		return err
	case <-ctx.Done():
		return &ConnectError{Reason: Timeout, Endpoint: on.to.String()}
	}
}

// probe checks that the server is new enough, that it leads, and that it lets the user
// read the whole log.
func probe(ctx context.Context, client *esdb.Client) error {
	version, err := client.GetServerVersion()
	if err != nil {
		return err
	}
	if version.Major < 23 || version.Major == 23 && version.Minor < 10 {
		return &ConnectError{Reason: TooOld, Err: fmt.Errorf("it is %d.%d", version.Major, version.Minor)}
	}
	_, err = readNewest(requireLeader(ctx), client, new(headCache), esdb.End{}, 1, 0)
	return err
}

// readClientLog is the logger of a session's client. It acts on the lines named above.
func (s *Store) readClientLog(on *session, level esdb.LogLevel, format string, args []any) {
	s.log.Debug("eventstore client", "level", level, "message", fmt.Sprintf(format, args...))
	switch format {
	case callFailed:
		if err, ok := args[0].(error); ok && status.Code(err) == codes.Unavailable {
			panic(lostConnection{err})
		}
	case notLeader:
		if named, ok := args[0].(esdb.EndPoint); ok {
			s.leaderNamed(on, endpoint{name: named.Host, port: named.Port})
		}
		s.retire(on)
	case leaderChanges:
		named, err := parseEndpoint(fmt.Sprint(args...))
		if err == nil {
			s.leaderNamed(on, named)
		}
		s.retire(on)
		// The client connects to the named node next. Where that node does not answer,
		// it would leak the connection.
		if err != nil || !s.answers(named) {
			runtime.Goexit()
		}
	}
}

// leaderNamed notes the leader that the next session connects to. It ignores a name from
// a retired session: the next session has begun already, and the one after it would
// use an old name.
func (s *Store) leaderNamed(on *session, leader endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !on.retired {
		s.cluster.expectLeader(leader)
	}
}

// answers reports whether the client would be able to connect to the node.
func (s *Store) answers(to endpoint) bool {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	conn, err := s.open(to)
	if err != nil {
		return false
	}
	defer conn.Close()
	_, err = serverfeatures.NewServerFeaturesClient(conn).GetSupportedMethods(ctx, &shared.Empty{})
	return err == nil
}

// watch monitors a session until it ends. Where calls wait and none is answered for
// maxUnanswered, it asks the other nodes for the leader. If another node leads, it
// retires the session: a node that is frozen or cut off does not report that itself.
func (s *Store) watch(on *session) {
	tick := time.NewTicker(maxUnanswered)
	defer tick.Stop()
	for before := int64(-1); ; {
		select {
		case <-on.ctx.Done():
			return
		case <-tick.C:
		}
		if on.waiting.Load() == 0 {
			before = -1
			continue
		}
		if now := on.answered.Load(); now != before {
			before = now
			continue
		}
		if leader, err := s.findLeader(on.ctx, on.to); err == nil {
			s.log.Warn("event store: the leader does not answer, and another one leads", "silent", on.to, "leader", leader)
			s.leaderNamed(on, leader)
			s.markUnresponsive(on.to)
			s.retire(on)
		}
	}
}

// Reconnect has the next call look for the leader again. Call it where the node
// contradicts an acknowledged append, as a node does that no longer leads. It has no
// effect while the store is connecting, since many callers may notice at once.
func (s *Store) Reconnect() {
	s.mu.Lock()
	on := s.current
	s.mu.Unlock()
	if on == nil {
		return
	}
	select {
	case <-on.ready:
		s.retire(on)
	default:
	}
}

// release ends the use of a session by a call.
func (s *Store) release(on *session) {
	s.mu.Lock()
	on.calls--
	last := on.retired && on.calls == 0
	s.mu.Unlock()
	if last {
		s.closeClient(on)
	}
}

// retire lets no further call use the session. It does not wait for the present ones.
func (s *Store) retire(on *session) {
	s.mu.Lock()
	if s.current == on {
		s.current = nil
	}
	again, unused := on.retired, on.calls == 0
	on.retired = true
	if !again && !unused {
		on.closing = time.AfterFunc(closeTimeout, func() { s.closeClient(on) })
	}
	s.mu.Unlock()
	on.end()
	if !again && unused {
		s.closeClient(on)
	}
}

// closeClient closes the client of a retired session, which has no calls or only calls
// that are stuck.
func (s *Store) closeClient(on *session) {
	s.mu.Lock()
	client, closing := on.client, on.closing
	s.mu.Unlock()
	if closing != nil {
		closing.Stop()
	}
	if client != nil {
		_ = client.Close() // it always returns nil
	}
}

// recoverClient turns a panic of the client into an error. The client panics by
// lostConnection, or where it was closed during a call.
func recoverClient(what string, err *error) {
	switch r := recover().(type) {
	case nil:
	case lostConnection:
		*err = r.err
	default:
		*err = unavailable(fmt.Sprintf("%s: the client panicked (%v)", what, r))
	}
}

// noteConnection remembers the result of connecting and logs it. While no node leads the
// reasons alternate, so each reason is logged at most once in logEvery.
func (s *Store) noteConnection(to endpoint, err error) {
	var why *ConnectError
	errors.As(err, &why)
	s.mu.Lock()
	before, again := s.connectFailure, false
	s.connectFailure = why
	if why == nil {
		clear(s.loggedAt)
	} else {
		s.failedAt = time.Now()
		if again = time.Since(s.loggedAt[why.Reason]) < logEvery; !again {
			s.loggedAt[why.Reason] = s.failedAt
		}
	}
	closed := s.closed
	s.mu.Unlock()
	switch {
	case closed || again:
	case err != nil:
		s.log.Warn("event store: cannot be used", "error", err)
	case before != nil:
		s.log.Info("event store: connected", "leader", to.String())
	}
}

// logEvery is the shortest time between two log lines about the same failure.
const logEvery = time.Minute
