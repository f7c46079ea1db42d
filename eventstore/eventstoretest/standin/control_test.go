package standin_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/eventstore/eventstoretest"
	"tizilim/eventstore/eventstoretest/standin"
)

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
	last := old.mustAppend(toLeader(ctx), "last")
	c.Isolate(l)
	eventually(t, "another leads", func() bool { return c.Leader() != l && c.Leader() != nobodyLeads })
	if err := old.shows(ctx, "last", last); err != nil {
		t.Errorf("what it committed as the leader: %v", err)
	}
	sub.want(last)
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

func TestANodeThatRunsIsNotStartedAgain(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	node := dial(t, c.Node(l))
	node.mustAppend(ctx, "s")
	c.Start(l)
	if now := c.Connections(l); now != 1 {
		t.Errorf("%d connections, want the one", now)
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
