package standin_test

import (
	"testing"

	"tizilim/eventstore/eventstoretest"
	"tizilim/eventstore/eventstoretest/standin"
)

func TestContractOnACluster(t *testing.T) {
	ctx := bounded(t)
	c := standin.Start(t)
	l := c.AwaitLeader(ctx)
	c.AwaitWhole(ctx)
	f, _ := others(l)
	t.Run("found by gossip", func(t *testing.T) { eventstoretest.Run(t, c.ConnectionString()) })
	t.Run("found through a follower", func(t *testing.T) { eventstoretest.Run(t, c.Node(f).ConnectionString()) })
}
