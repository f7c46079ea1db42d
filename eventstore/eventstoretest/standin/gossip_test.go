package standin_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/serverfeatures"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"tizilim/eventstore/eventstoretest/standin"
)

func TestTheOthersNameADeadLeaderForAShortTime(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(func(times *standin.Times) {
		times.Staleness, times.Election = 500*time.Millisecond, 2*time.Second
	}))
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

func TestBothConnectionStringsNameAllNodes(t *testing.T) {
	c := standin.Start(t)
	nodes := c.Node(0).Address() + "," + c.Node(1).Address() + "," + c.Node(2).Address()
	for form, address := range map[string]string{"esdb://": c.ConnectionString(), "esdb+discover://": c.Discover()} {
		if want := form + nodes + "?tls=false"; address != want {
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
		one := (states[a] == gossip.MemberInfo_Leader) != (states[b] == gossip.MemberInfo_Leader)
		return !alive[l] && alive[a] && alive[b] && one
	})
}

func TestCallsAreCountedAndFeaturesCanBeHidden(t *testing.T) {
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
	c.HideFeatures(l)
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := features.GetSupportedMethods(short, &shared.Empty{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a deaf node: %v", err)
	}
}
