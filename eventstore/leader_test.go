package eventstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/eventstore"
	"tizilim/eventstore/eventstoretest/standin"
)

// TestNothingIsLostOrDoubledOverChangesOfLeader lets several writers append to streams of
// their own through two stores while the leader changes in every way. Each append is
// retried until it is acknowledged. In the end every event is in the log once and in
// order, Follow has delivered exactly this, every call required the leader, and no
// connection is left open.
func TestNothingIsLostOrDoubledOverChangesOfLeader(t *testing.T) {
	const changes, writers = 12, 6
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stores := []*eventstore.Store{openStore(t, c.ConnectionString()), openStore(t, c.Discover())}
	followed := stores[1].Follow(ctx, 0)

	over := make(chan struct{})
	var work sync.WaitGroup
	acknowledged := make([]int, writers)
	lists := make([]domain.ListID, writers)
	for w := range writers {
		lists[w] = newList()
		work.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					acknowledged[w] = i
					return
				default:
				}
				if err := appendUntilAcknowledged(ctx, stores[w%2], lists[w], i); err != nil {
					t.Error(err)
					return
				}
				if got := len(read(t, stores[(w+1)%2], lists[w].Stream(), uint64(i))); got != 1 {
					t.Errorf("the other store shows %d events at revision %d, which was acknowledged", got, i)
					return
				}
			}
		})
	}
	c.Changes(ctx, uint64(time.Now().UnixNano()), changes, 200*time.Millisecond)
	close(over)
	work.Wait()

	total := 0
	behind := openStore(t, c.BackendConnectionString())
	for w, list := range lists {
		recs := read(t, behind, list.Stream(), 0)
		if len(recs) != acknowledged[w] {
			t.Errorf("writer %d: %d events of %d", w, len(recs), acknowledged[w])
		}
		for i, rec := range recs {
			if rec.ID != opening(list, fmt.Sprint(i)).ID {
				t.Errorf("writer %d: revision %d is another event", w, i)
			}
		}
		total += len(recs)
	}
	t.Logf("%d events acknowledged over %d changes of leader", total, changes)
	delivered := map[string]uint64{} // next revision by stream
	for range total {
		rec := nextOfAny(t, followed).Recorded
		if rec.Revision != delivered[rec.Stream] {
			t.Fatalf("delivered %s@%d, want %d", rec.Stream, rec.Revision, delivered[rec.Stream])
		}
		delivered[rec.Stream]++
	}
	for i := range 3 {
		for _, method := range []string{streams.Streams_Append_FullMethodName, streams.Streams_Read_FullMethodName} {
			if calls := c.Calls(i, method); calls.Other > 0 {
				t.Errorf("node %d: %d calls of %s did not ask for the leader", i, calls.Other, method)
			}
		}
	}
	// Each of the two stores has one session, and at most one that is ending.
	awaitConnections(t, c, 4)
}

// nextOfAny returns the next delivery that is an event, in bounded time.
func nextOfAny(t *testing.T, deliveries <-chan domain.Delivery) domain.Delivery {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		select {
		case d := <-deliveries:
			if d.Recorded != nil {
				return d
			}
		case <-timeout:
			t.Fatal("no event in 20 s")
		}
	}
}

// appendUntilAcknowledged retries the append of the i-th event of a list.
func appendUntilAcknowledged(ctx context.Context, s *eventstore.Store, list domain.ListID, i int) error {
	events := []eventstore.NewEvent{opening(list, fmt.Sprint(i))}
	for {
		_, err := s.Append(ctx, list.Stream(), eventstore.Expected(i-1), events)
		if domain.CodeOf(err) != domain.CodeLogUnavailable || ctx.Err() != nil {
			return err
		}
	}
}

// awaitConnections waits until the nodes have at most this many open connections.
func awaitConnections(t *testing.T, c *standin.Cluster, most int) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		open := c.Connections(0) + c.Connections(1) + c.Connections(2)
		if open <= most {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d connections are open, want at most %d", open, most)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func TestConnectionsDoNotGrowWhereTheNamedLeaderDoesNotAnswer(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	leader := c.AwaitLeader(ctx)
	c.HideFeatures(leader)
	// A follower names the leader to each store, and the leader does not answer.
	for range 5 {
		s, err := eventstore.Open(c.Node((leader+1)%3).ConnectionString(), quiet)
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		if _, err := s.Head(short); domain.CodeOf(err) != domain.CodeLogUnavailable {
			t.Errorf("%v", err)
		}
		cancel()
		_ = s.Close()
	}
	awaitConnections(t, c, 0)
}

// A frozen leader does not answer and keeps its connections open. Only the other nodes
// know that another one leads.
func TestAFrozenLeaderIsLeftOnceAnotherLeads(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := openStore(t, c.ConnectionString())
	list := newList()
	if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil {
		t.Fatal(err)
	}
	frozen := c.AwaitLeader(ctx)
	c.Freeze(frozen)
	began := time.Now()
	if err := appendUntilAcknowledged(ctx, s, list, 1); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("appended after %v: that is the patience of a call, not of the store", took)
	}
	c.Thaw(frozen)
	c.AwaitWhole(ctx)
	if n := len(read(t, s, list.Stream(), 0)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// A node that is cut off does not end its subscriptions, which are silent from then on.
func TestASubscriptionOnANodeThatIsCutOffIsReplaced(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	follower, writer := openStore(t, c.ConnectionString()), openStore(t, c.ConnectionString())
	list := newList()
	deliveries := follower.Follow(ctx, 0)
	if err := appendUntilAcknowledged(ctx, writer, list, 0); err != nil {
		t.Fatal(err)
	}
	next(t, deliveries, list)
	cut := c.AwaitLeader(ctx)
	c.Isolate(cut)
	if err := appendUntilAcknowledged(ctx, writer, list, 1); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if d := next(t, deliveries, list); d.Recorded.Revision != 1 {
		t.Errorf("delivered revision %d", d.Recorded.Revision)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("delivered after %v", took)
	}
	c.Heal(cut)
	c.AwaitWhole(ctx)
}

// An append that expects Any is idempotent only on the leader that took it.
func TestC21_AnEntryIsNotRecordedTwiceOverAChangeOfLeader(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	person := domain.PersonID{UUID: uuid.New()}
	stores := []*eventstore.Store{openStore(t, c.ConnectionString()), openStore(t, c.ConnectionString())}
	for range 3 {
		for _, s := range append(stores, openStore(t, c.ConnectionString())) {
			noted(t, s, person, 1)
		}
		c.Changes(ctx, uint64(time.Now().UnixNano()), 1, 0)
	}
	if n := len(read(t, stores[0], accesslog.Stream(person), 0)); n != 1 {
		t.Errorf("%d entries of one read", n)
	}
}

func TestAppendFailureEndsWithAnAcknowledgedAppend(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := openStore(t, c.ConnectionString())
	list := newList()
	if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil || s.AppendFailure() != nil {
		t.Fatalf("%v, trouble %v", err, s.AppendFailure())
	}
	leader := c.AwaitLeader(ctx)
	others := []int{(leader + 1) % 3, (leader + 2) % 3}
	for _, i := range others {
		c.Kill(i)
	}
	short, done := context.WithTimeout(ctx, 300*time.Millisecond)
	defer done()
	if _, err := s.Append(short, list.Stream(), 0, []eventstore.NewEvent{opening(list, "1")}); err == nil {
		t.Fatal("a leader without a quorum acknowledged an append")
	}
	if s.AppendFailure() == nil {
		t.Error("no trouble is told")
	}
	var why *eventstore.ConnectError
	if _, err := s.Head(short); err == nil {
		t.Error("the head is answered without a quorum") // the leader has stepped down by now
	} else if !errors.As(err, &why) {
		t.Logf("the head: %v", err)
	}
	for _, i := range others {
		c.Start(i)
	}
	if err := appendUntilAcknowledged(ctx, s, list, 1); err != nil || s.AppendFailure() != nil {
		t.Errorf("%v, trouble %v", err, s.AppendFailure())
	}
}

// A leader that has lost its followers leads for a while, and an append is retried
// meanwhile. AppendFailure must report it before the last attempt.
func TestAppendFailureIsReportedDuringRetries(t *testing.T) {
	times := standin.DefaultTimes
	times.StepDown, times.Takeover = time.Minute, 2*time.Minute
	c := standin.Start(t, standin.WithTimes(times))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := openStore(t, c.ConnectionString())
	list := newList()
	if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil {
		t.Fatal(err)
	}
	leader := c.AwaitLeader(ctx)
	others := []int{(leader + 1) % 3, (leader + 2) % 3}
	for _, i := range others {
		c.Kill(i)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := s.Append(ctx, list.Stream(), 0, []eventstore.NewEvent{opening(list, "1")})
		ended <- err
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for s.AppendFailure() == nil {
		select {
		case err := <-ended:
			t.Fatalf("no trouble was reported before the append ended with %v", err)
		case <-tick.C:
		}
	}
	var moved *eventstore.RevisionError
	_, err := s.Append(ctx, list.Stream(), 0, []eventstore.NewEvent{opening(list, "another")})
	if !errors.As(err, &moved) || s.AppendFailure() == nil {
		t.Errorf("another append at the same revision: %v, trouble %v", err, s.AppendFailure())
	}
	for _, i := range others {
		c.Start(i)
	}
	if err := <-ended; err != nil || s.AppendFailure() != nil {
		t.Errorf("%v, trouble %v", err, s.AppendFailure())
	}
}

// A connection string may name one follower of a cluster. The store must find the leader,
// and the next one when that one freezes.
func TestAFrozenLeaderIsLeftWhereTheAddressNamesAFollower(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // less than the timeout of a call
	defer cancel()
	leader := c.AwaitLeader(ctx)
	s := openStore(t, c.Node((leader+1)%3).ConnectionString())
	list := newList()
	if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil {
		t.Fatal(err)
	}
	c.Freeze(leader)
	if err := appendUntilAcknowledged(ctx, s, list, 1); err != nil {
		t.Error(err)
	}
}

// Discovery does not wait for a frozen node once another node has answered.
func TestAFrozenNodeDoesNotDelayDiscovery(t *testing.T) {
	c := standin.Start(t)
	s := openStore(t, c.ConnectionString())
	if _, err := s.Head(t.Context()); err != nil {
		t.Fatal(err)
	}
	leader := c.AwaitLeader(t.Context())
	c.Freeze((leader + 1) % 3)
	c.Kill(leader)
	// Less than a discovery takes that waits for all nodes.
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	_, err := s.Head(ctx)
	var why *eventstore.ConnectError
	if !errors.As(err, &why) || why.Reason != eventstore.NoLeader {
		t.Errorf("two of three nodes are away: %v", err)
	}
}

// The end of a deadline is not an answer. Calls that end by it must not make a frozen
// leader look alive.
func TestALeaderIsLeftWhereCallsEndByTheirDeadline(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	s := openStore(t, c.ConnectionString()+"&defaultDeadline=900")
	list := newList()
	if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil {
		t.Fatal(err)
	}
	c.Freeze(c.AwaitLeader(ctx))
	var work sync.WaitGroup
	for range 16 { // within each second some of them end
		list := newList()
		work.Go(func() {
			if err := appendUntilAcknowledged(ctx, s, list, 0); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
}

// Appends work again soon after each election.
func TestAppendsGoOnSoonAfterANewLeader(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := openStore(t, c.ConnectionString())
	over, acknowledged := make(chan struct{}), make(chan struct{})
	var work sync.WaitGroup
	list := newList()
	work.Go(func() {
		for i := 0; ; i++ {
			if err := appendUntilAcknowledged(ctx, s, list, i); err != nil {
				t.Error(err)
				return
			}
			select {
			case <-over:
				return
			case acknowledged <- struct{}{}:
			}
		}
	})
	for range 5 {
		c.Changes(ctx, uint64(time.Now().UnixNano()), 1, 0)
		limit := time.After(2 * time.Second)
		for range 2 { // the first one may have been acknowledged before the change
			select {
			case <-acknowledged:
			case <-limit:
				t.Fatal("nothing was acknowledged within 2 s of a whole cluster")
			}
		}
	}
	close(over)
	work.Wait()
}

// Many commands may call Reconnect at the same time.
func TestSuspectDoesNotInterruptDiscovery(t *testing.T) {
	c := standin.Start(t)
	s := openStore(t, c.ConnectionString())
	list := newList()
	over := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(3 * time.Millisecond):
				s.Reconnect()
			}
		}
	})
	began := time.Now()
	for i := range 20 {
		if err := appendUntilAcknowledged(t.Context(), s, list, i); err != nil {
			t.Fatal(err)
		}
	}
	close(over)
	work.Wait()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("20 appends took %v", took)
	}
}

// callersAtOnce is the number of callers that wait for a leader at the same time.
const callersAtOnce = 64

// While no node leads, many callers must share the gossip requests.
func TestManyCallersShareADiscovery(t *testing.T) {
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	leader := c.AwaitLeader(ctx)
	left := (leader + 1) % 3
	c.Kill(leader)
	c.Kill((leader + 2) % 3)
	s := openStore(t, c.ConnectionString())
	const seconds = 3
	outage, done := context.WithTimeout(ctx, seconds*time.Second)
	defer done()
	before := c.Calls(left, gossip.Gossip_Read_FullMethodName)
	var work sync.WaitGroup
	for range callersAtOnce {
		work.Go(func() {
			for outage.Err() == nil {
				_, _ = s.Head(outage)
			}
		})
	}
	work.Wait()
	after := c.Calls(left, gossip.Gossip_Read_FullMethodName)
	asked := after.Other - before.Other // gossip requests do not require the leader
	t.Logf("asked %d times in %d s", asked, seconds)
	if asked > 20*seconds {
		t.Errorf("asked %d times in %d s by %d callers", asked, seconds, callersAtOnce)
	}
}

// countingHandler counts the log lines that operators see.
type countingHandler struct {
	slog.Handler
	lines atomic.Int64
}

func (h *countingHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

func (h *countingHandler) Handle(context.Context, slog.Record) error {
	h.lines.Add(1)
	return nil
}

// The reasons alternate while no node leads. Each is logged once.
func TestAnOutageDoesNotFillTheLog(t *testing.T) {
	c := standin.Start(t)
	leader := c.AwaitLeader(t.Context())
	c.Kill(leader)
	c.Kill((leader + 1) % 3)
	count := &countingHandler{Handler: slog.DiscardHandler}
	s, err := eventstore.Open(c.ConnectionString(), slog.New(count))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	outage, done := context.WithTimeout(t.Context(), 4*time.Second)
	defer done()
	for range s.Follow(outage, 0) {
		t.Error("delivered without a leader")
	}
	const reasons = 3 // refused, timeout, no leader
	if lines := count.lines.Load(); lines == 0 || lines > reasons+1 {
		t.Errorf("%d lines", lines)
	}
}

// A node that has resigned does not close its connections, so a leaked one would stay.
func TestConnectionsDoNotGrowWithResignations(t *testing.T) {
	const writers = 48
	c := standin.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := openStore(t, c.ConnectionString())
	over := make(chan struct{})
	var work sync.WaitGroup
	for range writers {
		work.Go(func() {
			list := newList()
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				if err := appendUntilAcknowledged(ctx, s, list, i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 10 {
		leader := c.AwaitLeader(ctx)
		c.Resign()
		c.AwaitOther(ctx, leader)
		c.AwaitWhole(ctx)
	}
	close(over)
	work.Wait()
	awaitConnections(t, c, 1)
}

// mute is a proxy before a node. While it is mute, it forwards nothing to a subscription
// after its confirmation, as a leader that has forgotten its subscriptions.
type mute struct {
	streams.UnimplementedStreamsServer
	serverfeatures.UnimplementedServerFeaturesServer
	to   *grpc.ClientConn
	mute atomic.Bool

	// slow ends a subscription after this many events, as EventStoreDB 23.10 does with a
	// slow consumer.
	slow atomic.Int64

	// checkpoints sends a checkpoint before each event of a subscription. A server does
	// so where a page ends with the log: at the position of the record that comes next,
	// without a prepare position.
	checkpoints bool

	// held receives a channel for each append, which waits until the channel is
	// closed; nil: no append waits.
	held chan chan struct{}
}

// startMute starts a node with the mute before it and returns the address of the mute.
func startMute(t *testing.T, m *mute) string {
	t.Helper()
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	conn, err := grpc.NewClient(node.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	m.to = conn
	return "esdb://" + serveStreams(t, m) + "?tls=false"
}

// checkpointBefore returns a checkpoint that covers everything before the event.
func checkpointBefore(e *streams.ReadResp_ReadEvent) *streams.ReadResp {
	return &streams.ReadResp{Content: &streams.ReadResp_Checkpoint_{
		Checkpoint: &streams.ReadResp_Checkpoint{CommitPosition: e.GetCommitPosition(), PreparePosition: 0},
	}}
}

func (m *mute) GetSupportedMethods(ctx context.Context, in *shared.Empty) (*serverfeatures.SupportedMethods, error) {
	return serverfeatures.NewServerFeaturesClient(m.to).GetSupportedMethods(ctx, in)
}

func (m *mute) Append(call streams.Streams_AppendServer) error {
	if m.held != nil {
		goOn := make(chan struct{})
		m.held <- goOn
		<-goOn
	}
	on, err := streams.NewStreamsClient(m.to).Append(call.Context())
	if err != nil {
		return err
	}
	for {
		request, err := call.Recv()
		if err != nil {
			break
		}
		if err := on.Send(request); err != nil {
			return err
		}
	}
	response, err := on.CloseAndRecv()
	if err != nil {
		return err
	}
	return call.SendAndClose(response)
}

func (m *mute) Read(request *streams.ReadReq, call streams.Streams_ReadServer) error {
	on, err := streams.NewStreamsClient(m.to).Read(call.Context(), request)
	if err != nil {
		return err
	}
	for {
		response, err := on.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.mute.Load() && request.GetOptions().GetSubscription() != nil && response.GetConfirmation() == nil {
			<-call.Context().Done()
			return call.Context().Err()
		}
		if request.GetOptions().GetSubscription() != nil && response.GetEvent() != nil && m.slow.Add(-1) >= 0 {
			return status.Error(codes.Aborted, "Operation timed out: "+
				"Consumer too slow to handle event while live. Client resubscription required.")
		}
		if e := response.GetEvent(); e != nil && m.checkpoints && request.GetOptions().GetSubscription() != nil {
			if err := call.Send(checkpointBefore(e)); err != nil {
				return err
			}
		}
		if err := call.Send(response); err != nil {
			return err
		}
	}
}

// EventStoreDB 23.10 ends the subscription of a slow consumer.
func TestFollowContinuesAfterASubscriptionWasTooSlow(t *testing.T) {
	m := &mute{}
	s := openStore(t, startMute(t, m))
	deliveries := s.Follow(t.Context(), 0)
	list := newList()
	for i := range 6 {
		m.slow.Store(int64(i % 3))
		if err := appendUntilAcknowledged(t.Context(), s, list, i); err != nil {
			t.Fatal(err)
		}
		if d := next(t, deliveries, list); d.Recorded.Revision != uint64(i) {
			t.Fatalf("delivered revision %d, want %d", d.Recorded.Revision, i)
		}
	}
}

func TestASubscriptionThatTheLeaderHasForgottenIsReplaced(t *testing.T) {
	m := &mute{}
	s := openStore(t, startMute(t, m))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	deliveries := s.Follow(ctx, 0)
	list := newList()
	for i := range 3 {
		m.mute.Store(i == 1)
		if err := appendUntilAcknowledged(ctx, s, list, i); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			continue // nobody is told
		}
		m.mute.Store(false)
		for want := max(0, i-1); want <= i; want++ {
			if d := next(t, deliveries, list); d.Recorded.Revision != uint64(want) {
				t.Fatalf("delivered revision %d, want %d", d.Recorded.Revision, want)
			}
		}
	}
}

// A real server sends such a checkpoint at the end of a catch-up. It covers everything
// before the next event, and not that event.
func TestACheckpointBeforeAnEventDoesNotCoverIt(t *testing.T) {
	s := openStore(t, startMute(t, &mute{checkpoints: true}))
	list := newList()
	deliveries := s.Follow(t.Context(), 0)
	for i := range 3 {
		if err := appendUntilAcknowledged(t.Context(), s, list, i); err != nil {
			t.Fatal(err)
		}
		if d := next(t, deliveries, list); d.Recorded.Revision != uint64(i) {
			t.Fatalf("delivered revision %d, want %d", d.Recorded.Revision, i)
		}
	}
}

func TestALogThatEndsBeforeThePositionIsNotFollowed(t *testing.T) {
	s := openStore(t, startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString())
	list := newList()
	if err := appendUntilAcknowledged(t.Context(), s, list, 0); err != nil {
		t.Fatal(err)
	}
	head, err := s.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	for d := range s.Follow(ctx, head+1000) { // as a projector with the checkpoint of a longer log
		t.Fatalf("delivered %+v", d)
	}
}
