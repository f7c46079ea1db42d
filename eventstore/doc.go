// Package eventstore is the only package that knows the EventStoreDB client. It
// turns events of the domain into stored ones and back, appends them at an
// expected revision, reads streams, and follows the log.
//
// A [Store] speaks with the leader of a cluster and outlives its connections: it
// finds the next leader by itself, and replaces the client with each connection
// (see session for what the client of v4.2.0 does otherwise). It gives up waiting
// when the context ends.
//
// What a caller can rely on:
//
//   - [Store.Append] acknowledges only what the leader has acknowledged. It
//     repeats itself on a passing failure, which is safe: every event id is given
//     by the caller, and any leader recognises an append that is repeated at its
//     expected revision.
//   - What one store has acknowledged every store reads from then on.
//   - An error is a [*RevisionError] (somebody was faster), a [*domain.Error] of
//     kind Unavailable (nothing is known to have happened; send it again), or a
//     defect. Why there is no connection, a [*ConnectError] in the chain tells.
//   - [Store.Follow] never loses, repeats or reorders an event across dropped and
//     silent subscriptions, restarted servers and changes of leader.
//
// For operators there are [Store.ReadRaw], [Store.TailRaw] and [Store.AppendRaw],
// which ask nothing of what an event means, [Carry], which copies a whole log to
// another store, and [SetUp], which makes a user of least right on a server.
//
// The server is EventStoreDB 23.10 or later (subscriptions must tell that they
// have caught up), or eventstore/embedded.
package eventstore
