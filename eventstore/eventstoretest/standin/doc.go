// Package standin is a cluster of three event store nodes for tests: what a
// client of an EventStoreDB cluster meets while leaders die, resign, freeze or
// are cut off, on loopback and some ten times as fast.
//
//	c := standin.Start(t)
//	store, err := eventstore.Open(c.ConnectionString(), log)
//	...
//	c.Kill(c.AwaitLeader(ctx)) // another node leads soon
//
// Three nodes, each a gRPC server on an address of its own, stand before one
// embedded node in memory, which holds what the cluster has committed. The
// leader passes calls through; a follower shows of the log what it has copied.
//
// # What it does
//
//	who is asked                 what it answers
//	---------------------------  ----------------------------------------------
//	follower, requires-leader    writes, reads and the pages of a subscription
//	                             that catches up: NOT_FOUND "Leader info
//	                             available" and the trailers exception,
//	                             leader-endpoint-host, leader-endpoint-port;
//	                             after the confirmation of a subscription
//	follower, otherwise          reads from its own, late copy; forwards writes,
//	                             which are ABORTED "Operation timed out:
//	                             Forwarding timeout" where the leader is lost
//	knows no leader              UNAVAILABLE "Server Is Not Ready" for writes and
//	                             what requires the leader; other reads are served
//	leader that resigns          the same for writes; serves reads until another
//	                             leads
//	leader without quorum        writes: ABORTED "Operation timed out: Commit
//	                             phase timeout."; when it steps down, ABORTED
//	                             "Operation timed out: Request canceled by
//	                             server". What it took meanwhile may stand: all
//	                             of it if the quorum comes back first, otherwise
//	                             a beginning of it that the seed chooses; until
//	                             then it is in the way of other appends, which
//	                             are refused by their revision. A new leader is
//	                             without quorum for a moment
//	subscriptions                from the end, accepted by any node; once live,
//	                             ended by nothing but the process or the
//	                             connection; silent while the node receives
//	                             nothing
//	gossip                       a node that sees nobody shows itself as Unknown
//	                             and the others as dead; the others still call a
//	                             lost node alive, and name it in trailers if it
//	                             led, for a moment
//	Any, StreamExists            repeated: idempotent only where the process that
//	                             took the append leads; others append again
//	NoStream, exact revision     idempotent on any leader
//	old leader, cut off          leads and serves reads until it steps down, before
//	                             another leads; healed, exits and comes back
//
// # What it does not
//
// Deletions and stream metadata hold on every node at once, whatever the
// delay of its copy. There is no BatchAppend, and the features of the server do
// not list it, so that clients append one by one. There is no TLS, and nobody
// needs a password.
package standin
