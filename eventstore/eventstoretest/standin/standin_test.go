package standin_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/eventstore/eventstoretest"
	"tizilim/eventstore/eventstoretest/standin"
)

func TestAFollowerThatIsAskedForTheLeaderNamesIt(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	leader, follower := dial(t, c.Node(l)), dial(t, c.Node(f))
	leader.mustAppend(toLeader(ctx), "s")

	_, trailer, err := follower.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantNotLeader(t, err, trailer, c.Node(l))
	for _, req := range []*streams.ReadReq{request("s", false, 5), request("s", true, 5), request("", false, 5), request("", true, 5)} {
		_, _, trailer, err := follower.read(toLeader(ctx), req)
		wantNotLeader(t, err, trailer, c.Node(l))
	}
	client := streams.NewStreamsClient(follower.conn)
	anyOf := &streams.DeleteReq_Options_Any{Any: &shared.Empty{}}
	trailer = nil
	_, err = client.Delete(toLeader(ctx), &streams.DeleteReq{Options: &streams.DeleteReq_Options{
		StreamIdentifier: identifier("s"), ExpectedStreamRevision: anyOf,
	}}, grpc.Trailer(&trailer))
	wantNotLeader(t, err, trailer, c.Node(l))
	_, err = client.Tombstone(toLeader(ctx), &streams.TombstoneReq{Options: &streams.TombstoneReq_Options{
		StreamIdentifier: identifier("s"), ExpectedStreamRevision: &streams.TombstoneReq_Options_Any{Any: &shared.Empty{}},
	}}, grpc.Trailer(&trailer))
	wantNotLeader(t, err, trailer, c.Node(l))

	awaitCopies(ctx, t, c, "s", 1)
	for _, stream := range []string{"s", ""} {
		// It is confirmed: the refusal is that of the first page.
		sub := follower.subscribe(toLeader(ctx), stream, false)
		_, err = sub.next()
		wantNotLeader(t, err, sub.call.Trailer(), c.Node(l))
	}
	if ids, _, _, err := leader.read(ctx, request("s", false, 5)); err != nil || len(ids) != 1 {
		t.Errorf("%d events, %v; want the one that was appended", len(ids), err)
	}
}

func TestAFollowerThatHasNothingYetRefusesThePastAllTheSame(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	c.Delay(f, time.Hour)
	dial(t, c.Node(l)).mustAppend(toLeader(ctx), "s")
	sub := dial(t, c.Node(f)).subscribe(toLeader(ctx), "", false)
	_, err := sub.next()
	wantNotLeader(t, err, sub.call.Trailer(), c.Node(l))
}

func TestAFollowerThatIsNotAskedForTheLeaderIsLateAndForwards(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	leader, follower := dial(t, c.Node(l)), dial(t, c.Node(f))
	old := leader.mustAppend(ctx, "s")
	awaitCopies(ctx, t, c, "s", 1)
	c.Delay(f, time.Hour)
	fresh := follower.mustAppend(ctx, "s") // forwarded
	follower.mustAppend(ctx, "new")

	for _, backwards := range []bool{false, true} {
		if ids, _, _, err := leader.read(ctx, request("s", backwards, 5)); err != nil || len(ids) != 2 {
			t.Errorf("the leader shows %v, %v", ids, err)
		}
		if ids, found, _, err := follower.read(ctx, request("s", backwards, 1)); !found || err != nil || !slices.Equal(ids, []string{old.String()}) {
			t.Errorf("the follower shows %v, %v, %v; want the old event", ids, found, err)
		}
		if _, found, _, err := follower.read(ctx, request("new", backwards, 5)); found || err != nil {
			t.Errorf("a stream that the follower has nothing of: found %v, %v", found, err)
		}
		ids, _, _, err := follower.read(ctx, request("", backwards, 100))
		if err != nil || !slices.Contains(ids, old.String()) || slices.Contains(ids, fresh.String()) {
			t.Errorf("$all of the follower: %v, %v", ids, err)
		}
	}
	c.Delay(f, 0)
	awaitCopies(ctx, t, c, "s", 2)
}

func TestASubscriptionFromTheEndIsTakenByAnyNodeAndOutlivesEveryLeader(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	dial(t, c.Node(l)).mustAppend(ctx, "s")
	awaitCopies(ctx, t, c, "s", 1)
	var subs []subscription
	for _, i := range []int{l, f} {
		for _, stream := range []string{"s", ""} {
			subs = append(subs, dial(t, c.Node(i)).subscribe(toLeader(ctx), stream, true))
		}
	}
	round := func() {
		t.Helper()
		leader := c.AwaitLeader(ctx)
		c.AwaitWhole(ctx)
		id := dial(t, c.Node(leader)).mustAppend(ctx, "s")
		for _, s := range subs {
			s.want(id)
		}
	}
	round()
	c.Resign() // deposed, the old leader goes on with what it receives
	eventually(t, "another leads", func() bool { return c.Leader() != l && c.Leader() != nobodyLeads })
	round()
	now := c.AwaitLeader(ctx)
	a, b := others(now)
	c.Freeze(a)
	c.Freeze(b)
	alone := dial(t, c.Node(now))
	eventually(t, "without a quorum it steps down", func() bool {
		states, _ := alone.members(ctx)
		return states[now] == gossip.MemberInfo_Unknown
	})
	c.Thaw(a)
	c.Thaw(b)
	round()
}

func TestAnIsolatedNodeIsSilent(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	old, sub := dial(t, c.Node(l)), dial(t, c.Node(l)).subscribe(toLeader(ctx), "", true)
	old.mustAppend(toLeader(ctx), "s")
	if _, err := sub.next(); err != nil {
		t.Fatal(err)
	}
	c.Isolate(l)
	eventually(t, "another leads", func() bool { return c.Leader() != l && c.Leader() != nobodyLeads })
	id := dial(t, c.Node(c.AwaitLeader(ctx))).mustAppend(toLeader(ctx), "s")
	got := make(chan error, 1)
	go func() {
		_, err := sub.next()
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("the subscription through the isolated node went on: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if ids, _, _, err := old.read(ctx, request("s", false, 5)); err != nil || slices.Contains(ids, id.String()) {
		t.Errorf("the isolated node shows %v, %v", ids, err)
	}
	_, _, _, err := old.read(toLeader(ctx), request("s", false, 5))
	wantStatus(t, err, codes.Unavailable, notReady)
	c.Heal(l) // it exits, which ends the subscription
	if err := <-got; status.Code(err) != codes.Unavailable {
		t.Errorf("the subscription ended with %v", err)
	}
	c.AwaitWhole(ctx)
	if c.Connections(l) == 0 {
		eventually(t, "the client connects again", func() bool {
			_, _, _, err := old.read(ctx, request("s", false, 5))
			return err == nil
		})
	}
}

func TestTheOthersNameADeadLeaderForAWhileAndThenNobody(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(func(times *standin.Times) { times.Staleness, times.Election = 500*time.Millisecond, 2*time.Second }))
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	follower := dial(t, c.Node(f))
	follower.members(ctx) // connected
	c.Kill(l)
	states, alive := follower.members(ctx)
	if states[l] != gossip.MemberInfo_Leader || !alive[l] {
		t.Errorf("the gossip of the follower right after the death: %v %v", states, alive)
	}
	_, _, trailer, err := follower.read(toLeader(ctx), request("s", false, 1))
	wantNotLeader(t, err, trailer, c.Node(l))
	eventually(t, "no leader is known", func() bool {
		_, _, _, err := follower.read(toLeader(ctx), request("s", false, 1))
		return status.Code(err) == codes.Unavailable
	})
	_, _, err = follower.append(ctx, "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Unavailable, notReady)
	if _, _, _, err := follower.read(ctx, request("s", false, 1)); err != nil {
		t.Errorf("a read that does not require the leader: %v", err)
	}
	if states, alive := follower.members(ctx); states[f] != gossip.MemberInfo_Unknown || alive[l] {
		t.Errorf("gossip without a leader: %v %v", states, alive)
	}
	if now := c.AwaitLeader(ctx); now == l {
		t.Error("the dead node leads")
	}
	if conn, err := net.Dial("tcp", c.Node(l).Address()); err == nil {
		conn.Close()
		t.Error("the dead node took a connection")
	}
	c.Start(l)
	c.AwaitWhole(ctx)
}

func TestALeaderThatResignsServesReadsAndTakesNoWrites(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(func(times *standin.Times) { times.Election = time.Second }))
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	id := leader.mustAppend(toLeader(ctx), "s")
	c.Resign()
	_, _, err := leader.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Unavailable, notReady)
	if ids, _, _, err := leader.read(toLeader(ctx), request("s", false, 5)); err != nil || !slices.Equal(ids, []string{id.String()}) {
		t.Errorf("%v, %v", ids, err)
	}
	if states, _ := leader.members(ctx); states[l] != gossip.MemberInfo_ResigningLeader {
		t.Errorf("states %v", states)
	}
	now := c.AwaitLeader(ctx)
	if now == l {
		t.Fatal("it leads on")
	}
	_, _, trailer, err := leader.read(toLeader(ctx), request("s", false, 5))
	wantNotLeader(t, err, trailer, c.Node(now))
}

func TestALeaderWithoutAQuorumTimesOutStepsDownAndIsNotReady(t *testing.T) {
	ctx := bounded(t)
	times := standin.DefaultTimes
	times.StepDown, times.Takeover, times.Commit = 500*time.Millisecond, time.Second, 300*time.Millisecond
	c := standin.Start(t, standin.WithTimes(times))
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	id := leader.mustAppend(toLeader(ctx), "s")
	c.Isolate(l)
	began := time.Now()
	_, _, err := leader.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Aborted, noQuorum)
	if ids, _, _, err := leader.read(toLeader(ctx), request("s", false, 5)); err != nil || !slices.Equal(ids, []string{id.String()}) {
		t.Errorf("it leads on, and shows %v, %v", ids, err)
	}
	_, _, err = leader.append(toLeader(ctx), "s", anyRevision, uuid.New()) // it steps down under this one
	wantStatus(t, err, codes.Aborted, canceled)
	_, _, err = leader.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Unavailable, notReady)
	if down := time.Since(began); down < times.StepDown || c.Leader() != nobodyLeads {
		t.Errorf("it stepped down after %v, %d leads", down, c.Leader())
	}
	if now := c.AwaitLeader(ctx); now == l || time.Since(began) < times.Takeover {
		t.Errorf("%d took over from %d after %v", now, l, time.Since(began))
	}
}

func TestWhatALeaderTookWithoutAQuorumMayStand(t *testing.T) {
	stood := make(map[int]bool)
	for seed := range uint64(6) {
		ctx := bounded(t)
		c := standin.Start(t, standin.WithSeed(seed))
		l := c.AwaitLeader(ctx)
		leader := dial(t, c.Node(l))
		c.Isolate(l)
		_, _, err := leader.append(toLeader(ctx), "s", noStream, uuid.New())
		wantStatus(t, err, codes.Aborted, noQuorum)
		ids, _, _, err := dial(t, c.Node(c.AwaitLeader(ctx))).read(toLeader(ctx), request("s", false, 5))
		if err != nil {
			t.Fatal(err)
		}
		stood[len(ids)] = true
	}
	if diff := cmp.Diff(map[int]bool{0: true, 1: true}, stood); diff != "" {
		t.Errorf("events that stood (-want +got)\n%s", diff)
	}
}

func TestWhatALeaderTookStandsWhereItsQuorumComesBack(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(leadsOn))
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	id := uuid.New()
	c.Isolate(l)
	_, _, err := leader.append(toLeader(ctx), "s", noStream, id)
	wantStatus(t, err, codes.Aborted, noQuorum)
	c.Heal(l)
	if now := c.AwaitLeader(ctx); now != l {
		t.Fatalf("%d leads, not %d", now, l)
	}
	eventually(t, "the event stands", func() bool {
		ids, _, _, err := leader.read(toLeader(ctx), request("s", false, 5))
		return err == nil && slices.Equal(ids, []string{id.String()})
	})
}

func TestBothFormsNameAllNodes(t *testing.T) {
	c := standin.Start(t)
	for form, address := range map[string]string{"esdb://": c.ConnectionString(), "esdb+discover://": c.Discover()} {
		if want := form + c.Node(0).Address() + "," + c.Node(1).Address() + "," + c.Node(2).Address() + "?tls=false"; address != want {
			t.Errorf("%s, want %s", address, want)
		}
	}
}

func TestGossipOfAndAboutAnIsolatedNode(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(func(times *standin.Times) { times.Staleness = 400 * time.Millisecond }))
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	a, b := others(l)
	isolated, other := dial(t, c.Node(l)), dial(t, c.Node(a))
	other.members(toLeader(ctx))
	c.Isolate(l)
	if states, alive := other.members(toLeader(ctx)); states[l] != gossip.MemberInfo_Leader || !alive[l] {
		t.Errorf("at first the others see %v %v", states, alive)
	}
	eventually(t, "it shows itself as unknown and the others as dead", func() bool {
		states, alive := isolated.members(toLeader(ctx))
		return states[l] == gossip.MemberInfo_Unknown && alive[l] && !alive[a] && !alive[b]
	})
	eventually(t, "the others lead without it", func() bool {
		states, alive := other.members(toLeader(ctx))
		return !alive[l] && alive[a] && alive[b] && (states[a] == gossip.MemberInfo_Leader) != (states[b] == gossip.MemberInfo_Leader)
	})
}

func TestRepeatedAppendsOverAChangeOfLeader(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	x, y := uuid.New(), uuid.New()
	appendAt := func(stream string, expected at, ids ...uuid.UUID) *streams.AppendResp {
		t.Helper()
		response, _, err := dial(t, c.Node(c.AwaitLeader(ctx))).append(toLeader(ctx), stream, expected, ids...)
		if err != nil || response.GetSuccess() == nil {
			t.Fatalf("%v, %v", response, err)
		}
		return response
	}
	want := func(stream string, ids ...uuid.UUID) {
		t.Helper()
		var list []string
		for _, id := range ids {
			list = append(list, id.String())
		}
		got, _, _, err := dial(t, c.Node(c.AwaitLeader(ctx))).read(toLeader(ctx), request(stream, false, 100))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(list, got); diff != "" {
			t.Fatalf("%s (-want +got)\n%s", stream, diff)
		}
	}
	appendAt("any", anyRevision, x, y)
	appendAt("any", anyRevision, x, y)
	appendAt("none", noStream, x, y)
	appendAt("exact", anyRevision, x)
	appendAt("exact", 0, y)
	want("any", x, y)
	led := map[int]bool{c.AwaitLeader(ctx): true} // and know what they took
	all := []uuid.UUID{x, y}
	change := func() int {
		t.Helper()
		old := c.AwaitLeader(ctx)
		c.AwaitWhole(ctx)
		c.Resign()
		eventually(t, "another leads", func() bool { return c.Leader() != old && c.Leader() != nobodyLeads })
		return c.AwaitLeader(ctx)
	}
	repeat := func(leader int) {
		t.Helper()
		for range 2 {
			appendAt("any", anyRevision, x, y)
			appendAt("none", noStream, x, y)
			appendAt("exact", 0, y)
		}
		if !led[leader] {
			led[leader], all = true, append(all, x, y)
		}
		want("any", all...)
	}
	for range 4 { // more than there are nodes: some lead twice
		repeat(change())
	}
	l := c.AwaitLeader(ctx)
	c.Kill(l) // and its memory is gone
	c.Start(l)
	led[l] = false
	for !led[l] {
		repeat(change())
	}
	want("none", x, y)
	want("exact", x, y)
	// What stands there under an id of the log's own is known at its revision.
	appendAt("any", 3, x, y)
	appendAt("any", noStream, x, y)
	want("any", all...)
}

func TestAFrozenNodeKeepsItsConnectionsAndAnswersNothing(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	sub := leader.subscribe(toLeader(ctx), "s", true)
	id := leader.mustAppend(toLeader(ctx), "s")
	sub.want(id)
	before := c.Connections(l)
	c.Freeze(l)
	for _, r := range []raw{leader, dial(t, c.Node(l))} {
		short, cancel := context.WithTimeout(toLeader(ctx), 50*time.Millisecond)
		if _, _, _, err := r.read(short, request("s", false, 1)); status.Code(err) != codes.DeadlineExceeded {
			t.Errorf("a read of a frozen node: %v", err)
		}
		cancel()
	}
	conn, err := net.Dial("tcp", c.Node(l).Address())
	if err != nil {
		t.Errorf("the kernel takes connections: %v", err)
	} else {
		conn.Close()
	}
	if now := c.Connections(l); now < before {
		t.Errorf("%d connections, %d before", now, before)
	}
	eventually(t, "another leads", func() bool { return c.Leader() != l && c.Leader() != nobodyLeads })
	now := dial(t, c.Node(c.AwaitLeader(ctx)))
	next := now.mustAppend(toLeader(ctx), "s")
	got := make(chan string, 1)
	go func() {
		id, _ := sub.next()
		got <- id
	}()
	select {
	case id := <-got:
		t.Fatalf("the frozen node sent %s", id)
	case <-time.After(100 * time.Millisecond):
	}
	c.Thaw(l)
	if id := <-got; id != next.String() { // it follows now
		t.Errorf("after the thaw it sent %s, not %s", id, next)
	}
	c.AwaitWhole(ctx)
	_, _, trailer, err := leader.read(toLeader(ctx), request("s", false, 1))
	wantNotLeader(t, err, trailer, c.Node(c.Leader()))
}

func TestAFrozenNodeDoesNotGoOnWithACall(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	call, err := streams.NewStreamsClient(dial(t, c.Node(l)).conn).Append(toLeader(ctx))
	if err != nil {
		t.Fatal(err)
	}
	requests := appendRequests("s", noStream, uuid.New())
	if err := call.Send(requests[0]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node has taken the call", func() bool {
		return c.Calls(l, streams.Streams_Append_FullMethodName).RequiringLeader == 1
	})
	c.Freeze(l)
	if err := call.Send(requests[1]); err != nil {
		t.Fatal(err)
	}
	if err := call.CloseSend(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond) // for what must not happen
	log := eventstoretest.Connect(t, c.BackendConnectionString())
	if read, err := log.ReadStream(ctx, "s", esdb.ReadStreamOptions{}, 1); err != nil {
		t.Error(err)
	} else if _, err := read.Recv(); err == nil {
		t.Error("the append stands, by a frozen node")
	}
	c.Thaw(l)
	if response, err := call.CloseAndRecv(); err != nil || response.GetSuccess() == nil {
		t.Errorf("after the thaw: %v, %v", response, err)
	}
}

func TestAShortFreezeChangesNothing(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.Freeze(l)
	c.Thaw(l)
	if now := c.AwaitLeader(ctx); now != l {
		t.Errorf("%d leads, not %d", now, l)
	}
	dial(t, c.Node(l)).mustAppend(toLeader(ctx), "s")
}

func TestAForwardedAppendTimesOutWhereTheLeaderIsLost(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(func(times *standin.Times) { times.Staleness = 5 * time.Second }))
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	follower := dial(t, c.Node(f))
	follower.members(ctx)
	c.Freeze(l)
	_, _, err := follower.append(ctx, "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Aborted, "Operation timed out: Forwarding timeout")
}

func TestCallsAreCountedAndDeafNodesDoNotTellTheirFeatures(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	leader.mustAppend(ctx, "s")
	leader.mustAppend(toLeader(ctx), "s")
	leader.mustAppend(toLeader(ctx), "s")
	want := standin.Calls{RequiringLeader: 2, Other: 1}
	if got := c.Calls(l, streams.Streams_Append_FullMethodName); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	features := serverfeatures.NewServerFeaturesClient(leader.conn)
	methods, err := features.GetSupportedMethods(toLeader(ctx), &shared.Empty{})
	if err != nil || len(methods.GetMethods()) == 0 || methods.GetEventStoreServerVersion() == "" {
		t.Fatalf("%v, %v", methods, err)
	}
	for _, m := range methods.GetMethods() {
		if m.GetMethodName() == "batchappend" {
			t.Error("the nodes have no batch append")
		}
	}
	c.DeafFeatures(l)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := features.GetSupportedMethods(short, &shared.Empty{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a deaf node: %v", err)
	}
}

func TestChangesLoseNothing(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	done, acknowledged := make(chan struct{}), make(chan []uuid.UUID)
	go func() { // one writer that goes where the leader is
		var list []uuid.UUID
		defer func() { acknowledged <- list }()
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
			}
			if l := c.Leader(); l != nobodyLeads {
				r, id := dial(t, c.Node(l)), uuid.New()
				short, cancel := context.WithTimeout(toLeader(ctx), 200*time.Millisecond)
				if _, _, err := r.append(short, "s", anyRevision, id); err == nil {
					list = append(list, id)
				}
				cancel()
				_ = r.conn.Close()
			}
		}
	}()
	c.Changes(ctx, 1, 8, 20*time.Millisecond)
	close(done)
	list := <-acknowledged
	ids, _, _, err := dial(t, c.Node(c.AwaitLeader(ctx))).read(toLeader(ctx), request("s", false, 1<<32))
	if err != nil {
		t.Fatal(err)
	}
	times := make(map[string]int)
	for _, id := range ids {
		times[id]++
	}
	for _, id := range list {
		if times[id.String()] != 1 {
			t.Errorf("%s stands %d times", id, times[id.String()])
		}
	}
	if len(list) == 0 {
		t.Error("nothing was appended")
	}
}

func TestALeaderWithoutAQuorumRefusesWhatDoesNotFit(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(leadsOn))
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	first, second, third := uuid.New(), uuid.New(), uuid.New()
	appendAt := func(expected at, id uuid.UUID) (*streams.AppendResp, error) {
		response, _, err := leader.append(toLeader(ctx), "s", expected, id)
		return response, err
	}
	if _, err := appendAt(noStream, first); err != nil {
		t.Fatal(err)
	}
	c.Isolate(l)
	for _, expected := range []at{noStream, 7} { // what it has committed is in the way
		if response, err := appendAt(expected, third); err != nil || response.GetWrongExpectedVersion().GetCurrentRevision() != 0 {
			t.Errorf("at %d: %v, %v", expected, response, err)
		}
	}
	if response, err := appendAt(noStream, first); err != nil || response.GetSuccess() == nil {
		t.Errorf("a repetition of what is committed: %v, %v", response, err)
	}
	_, err := appendAt(0, second)
	wantStatus(t, err, codes.Aborted, noQuorum)
	response, err := appendAt(0, third) // what waits is in the way
	if wrong := response.GetWrongExpectedVersion(); err != nil || wrong.GetCurrentRevision() != 1 || wrong.GetExpectedRevision() != 0 {
		t.Errorf("%v, %v", response, err)
	}
	_, err = appendAt(0, second) // it waits already
	wantStatus(t, err, codes.Aborted, noQuorum)
	if ids, _, _, err := leader.read(toLeader(ctx), request("s", false, 5)); err != nil || len(ids) != 1 {
		t.Errorf("nobody is shown what waits: %v, %v", ids, err)
	}
}

func TestANewLeaderIsWithoutAQuorumForAMoment(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, standin.WithSeed(1), with(func(times *standin.Times) { // that settles late
		times.Settling, times.Commit = time.Second, 10*time.Millisecond
	}))
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	c.Resign()
	eventually(t, "another leads", func() bool { return c.Leader() != l && c.Leader() != nobodyLeads })
	leader, id := dial(t, c.Node(c.Leader())), uuid.New()
	_, _, err := leader.append(toLeader(ctx), "s", noStream, id)
	wantStatus(t, err, codes.Aborted, noQuorum)
	if _, found, _, err := leader.read(toLeader(ctx), request("s", false, 5)); err != nil || found {
		t.Errorf("it shows what it has not committed: %v, %v", found, err)
	}
	c.AwaitLeader(ctx)
	if ids, _, _, err := leader.read(toLeader(ctx), request("s", false, 5)); err != nil || !slices.Equal(ids, []string{id.String()}) {
		t.Errorf("it stands: %v, %v", ids, err)
	}
}
