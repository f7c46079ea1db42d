package standin

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
)

// Kill ends the process of a node: its connections are cut, its address
// refuses new ones.
func (c *Cluster) Kill(i int) { c.nodes[i].stop() }

// Start starts a process of a node that was killed. Within a moment it follows
// the leader.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	if err := c.nodes[i].start(c.nodes[i].address); err != nil {
		c.t.Errorf("stand-in cluster: start %v: %v", c.nodes[i], err)
	}
}

// Resign makes the leader, if there is one, give up its office: it takes no
// more writes, and another node is elected.
func (c *Cluster) Resign() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.leading(); l != nobody {
		c.nodes[l].role = gossip.MemberInfo_ResigningLeader
		c.wake()
	}
}

// Isolate cuts a node off from the others, not from its clients.
func (c *Cluster) Isolate(i int) {
	n := c.nodes[i]
	c.mu.Lock()
	n.unseen()
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

// Heal lets an isolated node reach the others again. Where it led and another
// node has taken over, its process exits, to cut off what it alone had, and is
// started again after Times.Restart.
func (c *Cluster) Heal(i int) {
	n := c.nodes[i]
	c.mu.Lock()
	n.isolated = false
	n.seen()
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

// Freeze stops the process of a node, as SIGSTOP does: its connections stay,
// new ones come about, nothing is answered.
func (c *Cluster) Freeze(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].unseen()
	c.nodes[i].freeze()
	c.wake()
}

// Thaw lets a frozen process go on. It finds out at once if another node has
// taken over.
func (c *Cluster) Thaw(i int) {
	n := c.nodes[i]
	c.mu.Lock()
	defer c.mu.Unlock()
	if n.leads() && c.leader != i {
		n.stepDown()
		n.deposed = false
	}
	n.thaw()
	n.seen()
	c.wake()
}

// Delay makes the copies of a node late, while it follows.
func (c *Cluster) Delay(i int, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].delay = d
}

// DeafFeatures lets a node answer nobody who asks for the features of the
// server, until its process ends.
func (c *Cluster) DeafFeatures(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i].deaf = true
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

// Changes makes the leader change n times, in ways that the seed chooses, and
// waits for the new leader each time, for the cluster to be whole again, and
// for the pause. It may run beside the test, which has to await it. A change
// that does not come about before the end of the context fails the test.
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

// after is the condition that a time has come.
func after(t time.Time) func() bool { return func() bool { return !time.Now().Before(t) } }

// changes are the ways in which a leader is lost, and how it is mended.
var changes = []struct {
	name string
	make func(c *Cluster, leader int) (restore func())
}{
	{"kill", func(c *Cluster, l int) func() { c.Kill(l); return func() { c.Start(l) } }},
	{"resign", func(c *Cluster, l int) func() { c.Resign(); return func() {} }},
	{"isolate", func(c *Cluster, l int) func() { c.Isolate(l); return func() { c.Heal(l) } }},
	{"freeze", func(c *Cluster, l int) func() { c.Freeze(l); return func() { c.Thaw(l) } }},
}
