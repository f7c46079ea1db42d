package standin_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"

	"tizilim/eventstore/eventstoretest"
	"tizilim/eventstore/eventstoretest/standin"
)

// These tests show how the official client of v4.2.0 behaves in a cluster. The registry relies on it.

// throughFollower is a client that is connected to a follower.
func throughFollower(
	ctx context.Context, t *testing.T,
) (c *standin.Cluster, leader, follower int, client *esdb.Client) {
	t.Helper()
	c = standin.Start(t)
	leader = c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	follower, _ = others(leader)
	return c, leader, follower, eventstoretest.Connect(t, c.Node(follower).ConnectionString())
}

func appendWith(ctx context.Context, client *esdb.Client) error {
	options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.Any{}, RequiresLeader: true}
	_, err := client.AppendToStream(ctx, "s", options, esdb.EventData{
		EventID: uuid.New(), EventType: "Happened", ContentType: esdb.ContentTypeJson, Data: []byte("{}"),
	})
	return err
}

// mustArrive appends at the leader, to which the client changes. A client that is closed during that change
// leaks a connection.
func mustArrive(ctx context.Context, t *testing.T, client *esdb.Client) {
	t.Helper()
	if err := appendWith(toLeader(ctx), client); err != nil {
		t.Errorf("at the leader: %v", err)
	}
}

func TestTheClientDoesNotSendRequiresLeaderItselfButForwardsIt(t *testing.T) {
	ctx := bounded(t)
	c, _, follower, client := throughFollower(ctx, t)
	if err := appendWith(ctx, client); err != nil {
		t.Errorf("the follower forwards: %v", err)
	}
	if got := c.Calls(follower, streams.Streams_Append_FullMethodName); got != (standin.Calls{Other: 1}) {
		t.Errorf("by its own option the client made %+v", got)
	}
	var refused *esdb.Error
	if err := appendWith(toLeader(ctx), client); !errors.As(err, &refused) || refused.Code() != esdb.ErrorCodeNotLeader {
		t.Errorf("with the metadata of the context: %v", err)
	}
	mustArrive(ctx, t, client)
}

func TestAfterARefusalTheClientConnectsToTheLeaderAndEndsItsSubscriptions(t *testing.T) {
	ctx := bounded(t)
	c, leader, follower, client := throughFollower(ctx, t)
	live, err := client.SubscribeToAll(toLeader(ctx), esdb.SubscribeToAllOptions{From: esdb.End{}})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	if err := appendWith(toLeader(ctx), client); err == nil {
		t.Fatal("the follower took it")
	}
	for e := live.Recv(); ; e = live.Recv() {
		if e.SubscriptionDropped == nil {
			continue
		}
		if why := e.SubscriptionDropped.Error.Error(); !strings.Contains(why, "the client connection is closing") {
			t.Errorf("dropped: %s", why)
		}
		break
	}
	if calls := c.Calls(leader, streams.Streams_Append_FullMethodName); calls != (standin.Calls{}) {
		t.Errorf("the client repeated the call by itself: %+v", calls)
	}
	mustArrive(ctx, t, client)
	eventually(t, "the connection to the follower is closed", func() bool { return c.Connections(follower) == 0 })
}

func TestAnErrorInAnOpenSubscriptionDoesNotChangeTheNode(t *testing.T) {
	ctx := bounded(t)
	c, leader, follower, client := throughFollower(ctx, t)
	dial(t, c.Node(leader)).mustAppend(ctx, "s")
	awaitCopies(ctx, t, c, "s", 1)
	sub, err := client.SubscribeToAll(toLeader(ctx), esdb.SubscribeToAllOptions{From: esdb.Start{}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	if e := sub.Recv(); e.SubscriptionDropped == nil || !strings.Contains(e.SubscriptionDropped.Error.Error(), notLeader) {
		t.Fatalf("%+v, want the refusal of the first page", e)
	}
	before := c.Calls(follower, streams.Streams_Append_FullMethodName).RequiringLeader
	if err := appendWith(toLeader(ctx), client); err == nil {
		t.Fatal("it was at the leader")
	}
	if now := c.Calls(follower, streams.Streams_Append_FullMethodName).RequiringLeader; now != before+1 {
		t.Errorf("%d appends at the follower, %d before", now, before)
	}
	mustArrive(ctx, t, client)
}

func TestALiveSubscriptionEndsWithTheProcessOfItsNode(t *testing.T) {
	ctx := bounded(t)
	c, _, follower, client := throughFollower(ctx, t)
	sub, err := client.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{From: esdb.End{}})
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Close()
	c.Kill(follower)
	for e := sub.Recv(); e.SubscriptionDropped == nil; e = sub.Recv() {
	}
}

func TestTheClientFindsTheLeaderByGossip(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	one := strings.Replace(c.Node((l+1)%3).ConnectionString(), "esdb://", "esdb+discover://", 1)
	for _, address := range []string{c.ConnectionString(), one} {
		client := eventstoretest.Connect(t, address)
		if err := appendWith(toLeader(ctx), client); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if calls := c.Calls(l, streams.Streams_Append_FullMethodName); calls != (standin.Calls{RequiringLeader: 2}) {
		t.Errorf("at the leader: %+v", calls)
	}
}
