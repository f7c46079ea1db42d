package standin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/shared"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/uuid"
	"google.golang.org/grpc"

	"tizilim/eventstore/eventstoretest/standin"
)

func TestAFollowerNamesTheLeaderWhenItIsRequired(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	leader, follower := dial(t, c.Node(l)), dial(t, c.Node(f))
	leader.mustAppend(toLeader(ctx), "s")

	_, trailer, err := follower.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantNotLeader(t, err, trailer, c.Node(l))
	for _, req := range []*streams.ReadReq{
		request("s", false, 5), request("s", true, 5), request("", false, 5), request("", true, 5),
	} {
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
		// The subscription is confirmed, and its first page refused.
		sub := follower.subscribe(toLeader(ctx), stream, false)
		_, err = sub.next()
		wantNotLeader(t, err, sub.call.Trailer(), c.Node(l))
	}
	if ids, _, _, err := leader.read(ctx, request("s", false, 5)); err != nil || len(ids) != 1 {
		t.Errorf("%d events, %v; want the one that was appended", len(ids), err)
	}
}

func TestAFollowerWithoutEventsRefusesToCatchUp(t *testing.T) {
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

func TestAFollowerServesOldReadsAndForwardsWrites(t *testing.T) {
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
		ids, found, _, err := follower.read(ctx, request("s", backwards, 1))
		if !found || err != nil || !slices.Equal(ids, []string{old.String()}) {
			t.Errorf("the follower shows %v, %v, %v; want the old event", ids, found, err)
		}
		if _, found, _, err := follower.read(ctx, request("new", backwards, 5)); found || err != nil {
			t.Errorf("a stream that the follower has nothing of: found %v, %v", found, err)
		}
		ids, _, _, err = follower.read(ctx, request("", backwards, 100))
		if err != nil || !slices.Contains(ids, old.String()) || slices.Contains(ids, fresh.String()) {
			t.Errorf("$all of the follower: %v, %v", ids, err)
		}
	}
	for _, backwards := range []bool{false, true} {
		if last := follower.lastRevision(ctx, request("s", backwards, 5)); last != 0 {
			t.Errorf("the follower tells that the stream ends at %d", last)
		}
	}
	c.Delay(f, 0)
	awaitCopies(ctx, t, c, "s", 2)
}

func TestAnyNodeAcceptsASubscriptionFromTheEndWhichOutlivesEveryLeader(t *testing.T) {
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
