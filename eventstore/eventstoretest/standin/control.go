package standin

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
)

// Kill ends the process of a node. Its connections are closed, and new ones refused.
func (c *Cluster) Kill(i int) { c.nodes[i].stop() }

// Start starts a node that was killed. Soon it follows the leader.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	if err := c.nodes[i].start(c.nodes[i].address); err != nil {
		c.t.Errorf("stand-in cluster: start %v: %v", c.nodes[i], err)
	}
}

// Resign makes the leader, if there is one, resign. It takes no more writes, and another node is elected.
func (c *Cluster) Resign() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.leading(); l != nobody {
		c.nodes[l].role = gossip.MemberInfo_ResigningLeader
		c.wake()
	}
}

// Isolate cuts a node off from the others, but not from its clients.
func (c *Cluster) Isolate(i int) {
	n := c.nodes[i]
	c.mu.Lock()
	n.noteLost()
	n.isolated = true
	led := n.leads()
	c.wake()
	c.mu.Unlock()
	if !led {
		return
	}
	head := c.head() // a leader has all that it committed
	c.mu.Lock()
	n.copied = max(n.copied, head)
	c.mu.Unlock()
}

// Heal lets an isolated node reach the others again. Where it led and another node is the leader now, its
// process exits, to remove the writes that only it had, and starts again after Times.Restart.
func (c *Cluster) Heal(i int) {
	n := c.nodes[i]
	c.mu.Lock()
	n.isolated = false
	n.noteReachable()
	exits := n.deposed
	c.wake()
	c.mu.Unlock()
	if !exits {
		return
	}
	n.stop()
	c.mu.Lock()
	n.restartAt = time.Now().Add(c.times.Restart)
	c.mu.Unlock()
}

// Freeze stops the process of a node, as SIGSTOP does. Its connections stay open and new ones are accepted,
// but nothing is answered.
func (c *Cluster) Freeze(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].noteLost()
	c.nodes[i].freeze()
	c.wake()
}

// Thaw continues a frozen process. It notices at once if another node is the leader now.
func (c *Cluster) Thaw(i int) {
	n := c.nodes[i]
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.leads() && c.leader != i {
		n.stepDown()
		n.deposed = false
	}
	n.thaw()
	n.noteReachable()
	c.wake()
}

// Delay delays the copying of the log by a follower.
func (c *Cluster) Delay(i int, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].delay = d
}

// HideFeatures lets a node leave requests for its features without an answer, until its process ends.
func (c *Cluster) HideFeatures(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].hidesFeatures = true
}

// Connections counts the open connections to a node.
func (c *Cluster) Connections(i int) int {
	c.mu.Lock()
	p := c.nodes[i].process
	c.mu.Unlock()
	if p == nil {
		return 0
	}
	return p.listener.open()
}

// Calls counts the calls of a method that a node has taken, such as
// streams.Streams_Append_FullMethodName.
func (c *Cluster) Calls(i int, method string) Calls {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[i].calls[method]
}

// Changes changes the leader n times, in ways that the seed chooses. Each time it waits for the new leader,
// for the cluster to be whole again, and for the pause. It may run in a goroutine, for which the test must
// wait. A change that is not done before the context ends fails the test.
func (c *Cluster) Changes(ctx context.Context, seed uint64, n int, pause time.Duration) {
	c.t.Helper()
	c.t.Logf("stand-in cluster: %d changes of leader, seed %d", n, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		change := changes[random.IntN(len(changes))]
		old := c.AwaitLeader(ctx)
		if old == nobody {
			return
		}
		began := time.Now()
		restore := change.make(c, old)
		leader := c.AwaitOther(ctx, old)
		c.t.Logf("stand-in cluster: change %d: %s %d, then %d leads after %v",
			i+1, change.name, old, leader, time.Since(began))
		restore()
		if leader == nobody || !c.AwaitWhole(ctx) || c.await(ctx, after(time.Now().Add(pause))) != nil {
			return
		}
	}
}

// after is true from the time on.
func after(t time.Time) func() bool { return func() bool { return !time.Now().Before(t) } }

// changes are the ways to lose a leader, each with a function that restores it.
var changes = []struct {
	name string
	make func(c *Cluster, leader int) (restore func())
}{
	{"kill", func(c *Cluster, l int) func() { c.Kill(l); return func() { c.Start(l) } }},
	{"resign", func(c *Cluster, l int) func() { c.Resign(); return func() {} }},
	{"isolate", func(c *Cluster, l int) func() { c.Isolate(l); return func() { c.Heal(l) } }},
	{"freeze", func(c *Cluster, l int) func() { c.Freeze(l); return func() { c.Thaw(l) } }},
}
