package standin

import (
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
)

// beat moves the cluster on until it is closed.
func (c *Cluster) beat() {
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ticker.C:
			now := time.Now() // the tick may have waited
			c.restart(now)
			c.mu.Lock()
			for _, n := range c.nodes {
				n.copy(now)
				n.judge(now)
			}
			if c.vacant(now) {
				c.elect(now)
			}
			c.settle(now)
			c.wake()
			c.mu.Unlock()
		}
	}
}

// wake lets all who await a condition look again. The caller holds c.mu.
func (c *Cluster) wake() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// restart starts the nodes that have exited.
func (c *Cluster) restart(now time.Time) {
	for _, n := range c.nodes {
		c.mu.Lock()
		due := !n.restartAt.IsZero() && !now.Before(n.restartAt)
		c.mu.Unlock()
		if due {
			c.Start(n.index)
		}
	}
}

// copy takes in what the log has had for as long as the copies of the node
// take. The caller holds c.mu.
func (n *Node) copy(now time.Time) {
	if !n.on() {
		return
	}
	commits := n.cluster.commits
	for n.next < len(commits) && !commits[n.next].at.Add(n.delay).After(now) {
		n.copied = max(n.copied, commits[n.next].position)
		n.next++
	}
}

// judge lets the node find out what has become of its leader or its quorum.
// The caller holds c.mu.
func (n *Node) judge(now time.Time) {
	if !n.up || n.frozen {
		return
	}
	switch n.role {
	case gossip.MemberInfo_Leader, gossip.MemberInfo_ResigningLeader:
		if n.without(now, n.majority()) >= n.cluster.times.StepDown {
			n.stepDown()
		}
	case gossip.MemberInfo_Follower:
		leader := n.cluster.nodes[n.leader]
		if n.without(now, n.on() && leader.on() && leader.leads()) >= n.cluster.times.Staleness {
			n.role, n.leader = gossip.MemberInfo_Unknown, nobody
		}
	default:
		if l := n.cluster.leading(); l != nobody && n.on() {
			n.role, n.leader, n.since = gossip.MemberInfo_Follower, l, time.Time{}
		}
	}
}

// without is how long the node has missed what it needs.
func (n *Node) without(now time.Time, has bool) time.Duration {
	switch {
	case has:
		n.since = time.Time{}
	case n.since.IsZero():
		n.since = now
	default:
		return now.Sub(n.since)
	}
	return 0
}

// stepDown ends the leadership of the node. What it took and did not commit is
// in limbo. The caller holds c.mu.
func (n *Node) stepDown() {
	n.role, n.leader, n.ready = gossip.MemberInfo_Unknown, nobody, false
	n.abandon()
}

// abandon answers whoever waits for a quorum. The caller holds c.mu.
func (n *Node) abandon() {
	for _, w := range n.waiting {
		w.end(outcome{err: errTimedOut("Request canceled by server")})
	}
	n.cluster.limbo = append(n.cluster.limbo, n.waiting...)
	n.waiting = nil
}

// vacant reports whether the majority has been without a leader for so long
// that it elects one. The caller holds c.mu.
func (c *Cluster) vacant(now time.Time) bool {
	if c.leading() != nobody {
		c.vacantSince = time.Time{}
		return false
	}
	if c.vacantSince.IsZero() {
		c.vacantSince = now
	}
	wait := c.times.Election
	switch {
	case c.leader == nobody: // the first one is found at once
		wait = 0
	case c.nodes[c.leader].up && !c.nodes[c.leader].on():
		wait = c.times.Takeover
	}
	return c.inTouch() >= quorum && now.Sub(c.vacantSince) >= wait
}

// elect makes another node lead. The caller holds c.mu, which is given up in
// between.
func (c *Cluster) elect(now time.Time) {
	if c.leader != nobody {
		c.nodes[c.leader].abandon()
	}
	standing := c.limbo[:c.random.IntN(len(c.limbo)+1)]
	c.limbo = nil
	c.commit(standing)

	candidates := slices.DeleteFunc(slices.Clone(c.nodes[:]), func(n *Node) bool { return !n.on() || n.index == c.leader })
	if c.inTouch() < quorum || len(candidates) == 0 {
		return // they went while the lock was given up
	}
	if c.leader != nobody {
		if old := c.nodes[c.leader]; old.up && !old.on() {
			old.deposed = true
		}
	}
	c.leader = candidates[c.random.IntN(len(candidates))].index
	c.vacantSince = time.Time{}
	for _, n := range c.nodes {
		if n.on() {
			n.role, n.leader, n.since, n.ready = gossip.MemberInfo_Follower, c.leader, time.Time{}, false
		}
	}
	leader := c.nodes[c.leader]
	leader.role = gossip.MemberInfo_Leader
	leader.settles = now.Add(time.Duration(c.random.Int64N(int64(c.times.Settling) + 1)))
}

// settle commits what waits for the quorum that the leader has now. The caller
// holds c.mu, which is given up in between.
func (c *Cluster) settle(now time.Time) {
	l := c.leading()
	if l == nobody || now.Before(c.nodes[l].settles) {
		return
	}
	leader := c.nodes[l]
	list := leader.waiting
	leader.waiting = nil
	leader.ready = true // first: writers that come faster than the log takes them would put it off for ever
	c.commit(list)
}

// commit makes writes stand, in order. The caller holds c.mu, which is given up
// in between.
func (c *Cluster) commit(list []*write) {
	c.mu.Unlock()
	defer c.mu.Lock()
	for _, w := range list {
		w.end(w.run(c.ctx, w.leader))
	}
}

// inTouch is how many nodes reach each other. The caller holds c.mu.
func (c *Cluster) inTouch() int {
	n := 0
	for _, node := range c.nodes {
		if node.on() {
			n++
		}
	}
	return n
}
