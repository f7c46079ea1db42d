package standin

import (
	"slices"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/protos/gossip"
)

// run updates the cluster every tickPeriod until it is closed.
func (c *Cluster) run() {
	ticker := time.NewTicker(tickPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ticker.C:
			now := time.Now() // the tick may be old
			c.restart(now)
			c.mu.Lock()
			for _, n := range c.nodes {
				n.copy(now)
				n.updateRole(now)
			}
			if c.needsElection(now) {
				c.elect(now)
			}
			c.reachQuorum(now)
			c.wake()
			c.mu.Unlock()
		}
	}
}

// wake lets every await check its condition again. The caller holds c.mu.
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

// copy copies the commits that are older than the delay of the node. The caller holds c.mu.
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

// updateRole changes the role of a node that has lost or found its leader or its quorum. The caller holds
// c.mu.
func (n *Node) updateRole(now time.Time) {
	if !n.up || n.frozen {
		return
	}
	switch n.role {
	case gossip.MemberInfo_Leader, gossip.MemberInfo_ResigningLeader:
		if n.missingFor(now, n.majority()) >= n.cluster.times.StepDown {
			n.stepDown()
		}
	case gossip.MemberInfo_Follower:
		leader := n.cluster.nodes[n.leader]
		if n.missingFor(now, n.on() && leader.on() && leader.leads()) >= n.cluster.times.Staleness {
			n.role, n.leader = gossip.MemberInfo_Unknown, nobody
		}
	default:
		if l := n.cluster.leading(); l != nobody && n.on() {
			n.role, n.leader, n.since = gossip.MemberInfo_Follower, l, time.Time{}
		}
	}
}

// missingFor returns how long the node has lacked its leader or its quorum.
func (n *Node) missingFor(now time.Time, has bool) time.Duration {
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

// stepDown ends the leadership of the node. The writes that it has not committed become undecided. The
// caller holds c.mu.
func (n *Node) stepDown() {
	n.role, n.leader, n.ready = gossip.MemberInfo_Unknown, nobody, false
	n.cancelWaiting()
}

// cancelWaiting answers the writes that wait for a quorum. The caller holds c.mu.
func (n *Node) cancelWaiting() {
	for _, w := range n.waiting {
		w.end(outcome{err: errTimedOut("Request canceled by server")})
	}
	n.cluster.undecided = append(n.cluster.undecided, n.waiting...)
	n.waiting = nil
}

// needsElection reports whether the majority has been without a leader for long enough to elect one. The
// caller holds c.mu.
func (c *Cluster) needsElection(now time.Time) bool {
	if c.leading() != nobody {
		c.leaderlessSince = time.Time{}
		return false
	}
	if c.leaderlessSince.IsZero() {
		c.leaderlessSince = now
	}
	wait := c.times.Election
	switch {
	case c.leader == nobody: // the first election is at once
		wait = 0
	case c.nodes[c.leader].up && !c.nodes[c.leader].on():
		wait = c.times.Takeover
	}
	return c.reachable() >= quorum && now.Sub(c.leaderlessSince) >= wait
}

// elect makes another node the leader. The caller holds c.mu, which elect unlocks for a time.
func (c *Cluster) elect(now time.Time) {
	if c.leader != nobody {
		c.nodes[c.leader].cancelWaiting()
	}
	standing := c.undecided[:c.random.IntN(len(c.undecided)+1)]
	c.undecided = nil
	c.commit(standing)

	candidates := slices.DeleteFunc(slices.Clone(c.nodes[:]), func(n *Node) bool {
		return !n.on() || n.index == c.leader
	})
	if c.reachable() < quorum || len(candidates) == 0 {
		return // lost while the lock was not held
	}
	if c.leader != nobody {
		if old := c.nodes[c.leader]; old.up && !old.on() {
			old.deposed = true
		}
	}
	c.leader = candidates[c.random.IntN(len(candidates))].index
	c.leaderlessSince = time.Time{}
	for _, n := range c.nodes {
		if n.on() {
			n.role, n.leader, n.since, n.ready = gossip.MemberInfo_Follower, c.leader, time.Time{}, false
		}
	}
	leader := c.nodes[c.leader]
	leader.role = gossip.MemberInfo_Leader
	leader.quorumAt = now.Add(time.Duration(c.random.Int64N(int64(c.times.Settling) + 1)))
}

// reachQuorum gives a new leader its quorum when it is time, and commits the writes that wait for it. The
// caller holds c.mu, which reachQuorum unlocks for a time.
func (c *Cluster) reachQuorum(now time.Time) {
	l := c.leading()
	if l == nobody || now.Before(c.nodes[l].quorumAt) {
		return
	}
	leader := c.nodes[l]
	list := leader.waiting
	leader.waiting = nil
	leader.ready = true // before commit, which fast writers would otherwise extend without end
	c.commit(list)
}

// commit writes to the log, in order. The caller holds c.mu, which commit unlocks for a time.
func (c *Cluster) commit(list []*write) {
	c.mu.Unlock()
	defer c.mu.Lock()
	for _, w := range list {
		w.end(w.run(c.ctx, w.leader))
	}
}

// reachable returns how many nodes reach each other. The caller holds c.mu.
func (c *Cluster) reachable() int {
	n := 0
	for _, node := range c.nodes {
		if node.on() {
			n++
		}
	}
	return n
}
