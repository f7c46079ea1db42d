// Package standin simulates an EventStoreDB cluster of three nodes for tests. It
// shows a client what happens while leaders die, resign, freeze or are cut off,
// on loopback and more than ten times as fast.
//
//	c := standin.Start(t)
//	store, err := eventstore.Open(c.ConnectionString(), log)
//	...
//	c.Kill(c.AwaitLeader(ctx)) // another node leads soon
//
// Each node is a gRPC server on an address of its own. One embedded node in
// memory has the log, that is, what the cluster has committed. The leader
// forwards calls to the log; a follower shows the part that it has copied.
//
// # Behaviour
//
//	node                         answers
//	---------------------------  ----------------------------------------------
//	follower, requires-leader    writes, reads and the pages of a subscription
//	                             that catches up: NOT_FOUND "Leader info
//	                             available" and the trailers exception,
//	                             leader-endpoint-host, leader-endpoint-port;
//	                             after the confirmation of a subscription
//	follower, otherwise          reads from its copy, which is late; forwards
//	                             writes, which are ABORTED "Operation timed out:
//	                             Forwarding timeout" if the leader is lost
//	node without a leader        UNAVAILABLE "Server Is Not Ready" for writes and
//	                             for what requires the leader; serves other reads
//	leader that resigns          the same for writes; serves reads until another
//	                             node leads
//	leader without quorum        writes: ABORTED "Operation timed out: Commit
//	                             phase timeout."; when it steps down, ABORTED
//	                             "Operation timed out: Request canceled by
//	                             server". Writes that it took meanwhile may be
//	                             committed: all of them if the quorum comes back
//	                             first, otherwise the first ones, in a number
//	                             that the seed chooses; until then other appends
//	                             are refused by their revision. A new leader has
//	                             no quorum for a short time
//	subscriptions                from the end, accepted by any node; once live,
//	                             only the end of the process or of the connection
//	                             ends them; silent while the node receives
//	                             nothing
//	gossip                       a node that is cut off shows itself as Unknown
//	                             and the others as dead; for a short time, the
//	                             others show a lost node as alive, and name it in
//	                             trailers if it led
//	Any, StreamExists            idempotent only while the process that took the
//	                             append leads; other leaders append again
//	NoStream, exact revision     idempotent on any leader
//	old leader, cut off          leads and serves reads until it steps down, before
//	                             another node leads; after healing it exits and
//	                             starts again
//
// # Limits
//
// Deletions and stream metadata apply on every node at once. There is no
// BatchAppend, and the features of the server do not list it, so that clients
// append events one by one. There is no TLS and no password.
package standin
