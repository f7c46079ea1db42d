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
	// connectTimeout bounds the beginning of a session where there are other
	// nodes to try.
	connectTimeout = 2 * time.Second
	// connectPause is how long the next session waits after one that could not
	// connect: while no node leads, all callers try again and again.
	connectPause = 50 * time.Millisecond
	// forceClose is how long a retired session may keep its last calls. Whoever is
	// still in it by then is stuck in the client.
	forceClose = 5 * time.Second
	// silence is how long calls may wait on a node, none being answered, before
	// the others are asked who leads.
	silence = time.Second
)

// What the client of v4.2.0 logs at the moments that a session has to know of.
// The leak check of the tests fails if these lines ever change.
const (
	// callFailed is logged by the goroutine of a call that has failed, before it
	// tells the owner of the connection to look for another.
	callFailed = "unexpected exception: %v"
	// notLeader is logged by the goroutine of a call that a node has refused, before
	// the call returns.
	notLeader = "not leader exception, reconnecting to %v"
	// ledElsewhere is logged by the owner of the connection, which it has closed,
	// before it connects to the node that was named as the leader.
	ledElsewhere = "Connecting to leader node %s ..."
)

// session is one client for one connection to one node.
//
// The client of v4.2.0 does not survive the loss of its connection well: it
// forgets to close the lost one, which lives on with its goroutines; it is dead
// for good when it finds no other; its callers then hang, whatever their context
// says; and each node that it is led to and that does not answer costs a
// connection for ever. So it is kept from looking for another connection: a call
// that notices the loss leaves the client by a panic before it can tell (see
// lost), and a session that is led elsewhere ends. A session is connected and
// probed before anybody uses it. Retired, it lets its callers go and ends its
// subscriptions, and the last one to leave closes the client. The next call
// begins another.
type session struct {
	to    endpoint
	ready chan struct{} // closed when the probe has ended
	err   error         // of the probe; read after ready

	// ctx ends when the session is retired, and with it the subscriptions in it
	// and the patience of the callers.
	ctx context.Context
	end context.CancelFunc

	waiting  atomic.Int64 // calls, without subscriptions, that wait for an answer
	answered atomic.Int64 // calls that had one

	// Guarded by the mutex of the Store.
	client  *esdb.Client // nil until the node is found; does not change when ready
	calls   int          // the probe, calls and subscriptions in the client
	retired bool
	closing *time.Timer // of a retired session that is still used
}

// lost is the panic by which a call leaves the client that has lost its
// connection.
type lost struct{ err error }

// acquire returns the present session, connected, for one call; release gives
// it back.
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
		return nil, ended(ctx, what+": not connected in time", s.lastTrouble())
	}
}

// lastTrouble is why the last attempt to connect failed, for a caller who cannot
// wait for this one.
func (s *Store) lastTrouble() *ConnectError {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != nil {
		return s.trouble
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
		s.tell(on.to, err) // first: the next session begins when this one is retired, and has the last word
		if err != nil {
			on.err = fmt.Errorf("event store: connect: %w", err)
			s.retire(on)
		}
		close(on.ready)
		if err == nil && s.severalNodes() {
			go s.watch(on)
		}
	}()
	return on
}

// connect finds the node and proves that it leads, knows the user and lets it
// read. It returns a *ConnectError, in bounded time.
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
	config.MaxDiscoverAttempts, config.DiscoveryInterval = 1, 0 // the client would sleep after the last attempt, too
	config.Logger = func(level esdb.LogLevel, format string, args ...any) { s.overhear(on, level, format, args) }
	client, err := esdb.NewClient(&config)
	if err != nil { // Open has validated the configuration
		return &ConnectError{Reason: Timeout, Endpoint: to.String(), Err: err}
	}
	if err = s.prove(ctx, on, client); err == nil {
		return nil
	}
	if on.ctx.Err() != nil { // the probe was refused by a node that does not lead, or the store was closed
		err = &ConnectError{Reason: NoLeader, Endpoint: to.String()}
	}
	// The time of the probe may be over, and why it failed is not known yet.
	asking, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer done()
	why := s.whyNot(asking, to, err)
	if !why.Reason.lasts() { // otherwise it leads, and the others name it rightly
		s.doubt(to)
	}
	return why
}

// prove hands the client to the session and probes it, until ctx ends.
func (s *Store) prove(ctx context.Context, on *session, client *esdb.Client) error {
	probed := make(chan error, 1)
	s.mu.Lock()
	on.client = client
	on.calls++ // the client takes no context while it connects
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

// probe asks what every later call needs: a server that is new enough, that
// leads, and that lets the user read the whole log.
func probe(ctx context.Context, client *esdb.Client) error {
	version, err := client.GetServerVersion()
	if err != nil {
		return err
	}
	if version.Major < 23 || version.Major == 23 && version.Minor < 10 {
		return &ConnectError{Reason: TooOld, Err: fmt.Errorf("it is %d.%d", version.Major, version.Minor)}
	}
	_, err = lookBack(leading(ctx), client, esdb.End{}, 1, 0)
	return err
}

// overhear is the logger of a session's client.
func (s *Store) overhear(on *session, level esdb.LogLevel, format string, args []any) {
	s.log.Debug("eventstore client", "level", level, "message", fmt.Sprintf(format, args...))
	switch format {
	case callFailed:
		if err, ok := args[0].(error); ok && status.Code(err) == codes.Unavailable {
			panic(lost{err})
		}
	case notLeader:
		if named, ok := args[0].(esdb.EndPoint); ok {
			s.hint(on, endpoint{name: named.Host, port: named.Port})
		}
		s.retire(on)
	case ledElsewhere:
		named, err := parseEndpoint(fmt.Sprint(args...))
		if err == nil {
			s.hint(on, named)
		}
		s.retire(on)
		// The client connects there now, and leaks that connection where the node
		// does not answer.
		if err != nil || !s.answers(named) {
			runtime.Goexit()
		}
	}
}

// hint names the leader to the session after this one. What is learned in a
// session that has ended comes too late: the next one has begun, and the name
// would wait for the one after it.
func (s *Store) hint(on *session, leader endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !on.retired {
		s.cluster.follow(leader)
	}
}

// answers reports whether the client will get to the end of its connecting.
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

// watch looks after a session while it lasts. Where calls wait and none has been
// answered for a while, the other nodes are asked who leads; if it is another
// one, the session ends: a node that is frozen or cut off does not say so itself.
func (s *Store) watch(on *session) {
	tick := time.NewTicker(silence)
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
			s.hint(on, leader)
			s.doubt(on.to)
			s.retire(on)
		}
	}
}

// Suspect tells the store that the node it speaks with contradicts what was
// acknowledged, as one does that leads no longer: the next call looks for the
// leader anew. One that is looked for already is let be: many callers may suspect
// the same node at once.
func (s *Store) Suspect() {
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

// release gives a session back after a call.
func (s *Store) release(on *session) {
	s.mu.Lock()
	on.calls--
	last := on.retired && on.calls == 0
	s.mu.Unlock()
	if last {
		s.closeClient(on)
	}
}

// retire lets no further call into the session; those in it are not waited for.
func (s *Store) retire(on *session) {
	s.mu.Lock()
	if s.current == on {
		s.current = nil
	}
	again, unused := on.retired, on.calls == 0
	on.retired = true
	if !again && !unused {
		on.closing = time.AfterFunc(forceClose, func() { s.closeClient(on) })
	}
	s.mu.Unlock()
	on.end()
	if !again && unused {
		s.closeClient(on)
	}
}

// closeClient ends the client: nobody is in it any more and nobody comes, or
// those who are in it are stuck.
func (s *Store) closeClient(on *session) {
	s.mu.Lock()
	client, closing := on.client, on.closing
	s.mu.Unlock()
	if closing != nil {
		closing.Stop()
	}
	if client != nil {
		_ = client.Close() // its only error is nil
	}
}

// recoverClient turns a panic out of the client into an error: that of a call
// that has lost its connection, or that of one in a client that was closed under
// it.
func recoverClient(what string, err *error) {
	switch r := recover().(type) {
	case nil:
	case lost:
		*err = r.err
	default:
		*err = unavailable(fmt.Sprintf("%s: the client gave up (%v)", what, r))
	}
}

// tell remembers why there is no connection, or that there is one again, and
// logs it: each reason once in a while, for they alternate while nobody leads.
func (s *Store) tell(to endpoint, err error) {
	var why *ConnectError
	errors.As(err, &why)
	s.mu.Lock()
	before, again := s.trouble, false
	s.trouble = why
	if why == nil {
		clear(s.told)
	} else {
		s.failedAt = time.Now()
		if again = time.Since(s.told[why.Reason]) < tellEvery; !again {
			s.told[why.Reason] = s.failedAt
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

// tellEvery is how often the same trouble is logged.
const tellEvery = time.Minute
