package standin_test

import (
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/streams"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tizilim/eventstore/eventstoretest/standin"
)

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
	// An event with another id in the log is recognised at its revision.
	appendAt("any", 3, x, y)
	appendAt("any", noStream, x, y)
	want("any", all...)
}
