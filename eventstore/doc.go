// Package eventstore is the only package that uses the EventStoreDB client. It
// encodes and decodes events of the domain, appends them at an expected revision
// (optimistic concurrency), reads streams, and follows the log.
//
// A [Store] is a connection to the leader of a cluster. It finds a new leader by
// itself and replaces the client with each connection; the type session says why.
// Every call ends when its context ends.
//
// What a caller can rely on:
//
//   - [Store.Append] acknowledges only what the leader has acknowledged. It retries
//     on a transient failure. That is safe, since the caller gives every event an
//     id and the append is idempotent at its expected revision on every leader.
//   - After one store has acknowledged an append, every store reads it.
//   - An error is a [*RevisionError] (the stream has moved on), a [*domain.Error] of
//     kind Unavailable (the outcome is unknown; send the command again), or a
//     defect. Where there is no connection, a [*ConnectError] in the chain says why.
//   - [Store.Follow] never loses, repeats or reorders an event, across dropped and
//     silent subscriptions, restarted servers and changes of leader.
//
// With its keys a store protects what it appends: it seals personal values
// ([WithMasterKeys]) and marks each event with a MAC ([WithIntegrity]). It opens and
// checks what it reads; an event that the registry has not written is a [*TamperError].
//
// The tools of operators use [Store.ReadRaw], [Store.TailRaw] and [Store.AppendRaw],
// which do not decode events, [CopyLog], which copies a whole log to another store,
// and [SetUp], which creates a user with the least rights on a server.
//
// The server must be EventStoreDB 23.10 or later, whose subscriptions tell when they
// have caught up, or eventstore/embedded.
package eventstore
