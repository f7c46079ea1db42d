package standin_test

import (
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/grpc/codes"

	"tizilim/eventstore/eventstoretest/standin"
)

func TestALeaderThatResignsServesReadsAndTakesNoWrites(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t, with(func(times *standin.Times) { times.Election = time.Second }))
	l := c.AwaitLeader(ctx)
	leader := dial(t, c.Node(l))
	id := leader.mustAppend(toLeader(ctx), "s")
	c.Resign()
	_, _, err := leader.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Unavailable, notReady)
	if err := leader.shows(toLeader(ctx), "s", id); err != nil {
		t.Error(err)
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
	began := time.Now()
	c.Isolate(l)
	_, _, err := leader.append(toLeader(ctx), "s", anyRevision, uuid.New())
	wantStatus(t, err, codes.Aborted, noQuorum)
	if err := leader.shows(toLeader(ctx), "s", id); err != nil {
		t.Errorf("it leads on: %v", err)
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

func TestAWriteWithoutAQuorumMayBeCommitted(t *testing.T) {
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

func TestAWriteWithoutAQuorumIsCommittedIfTheQuorumComesBack(t *testing.T) {
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
		return leader.shows(toLeader(ctx), "s", id) == nil
	})
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

func TestALeaderWithoutAQuorumRefusesAWrongRevision(t *testing.T) {
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
		response, err := appendAt(expected, third)
		if wrong := response.GetWrongExpectedVersion(); err != nil || wrong == nil || wrong.GetCurrentRevision() != 0 {
			t.Errorf("at %d: %v, %v", expected, response, err)
		}
	}
	if response, err := appendAt(noStream, first); err != nil || response.GetSuccess() == nil {
		t.Errorf("a repetition of what is committed: %v, %v", response, err)
	}
	_, err := appendAt(0, second)
	wantStatus(t, err, codes.Aborted, noQuorum)
	response, err := appendAt(0, third) // what waits is in the way
	wrong := response.GetWrongExpectedVersion()
	if err != nil || wrong.GetCurrentRevision() != 1 || wrong.GetExpectedRevision() != 0 {
		t.Errorf("%v, %v", response, err)
	}
	_, err = appendAt(0, second) // it waits already
	wantStatus(t, err, codes.Aborted, noQuorum)
	if err := leader.shows(toLeader(ctx), "s", first); err != nil {
		t.Errorf("nobody is shown what waits: %v", err)
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
	if err := leader.shows(toLeader(ctx), "s", id); err != nil {
		t.Errorf("it stands: %v", err)
	}
}
