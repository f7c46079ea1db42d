// Package eventstore is the only package that knows the EventStoreDB client. It
// turns events of the domain into stored ones and back, appends them at an
// expected revision, reads streams, and follows the log.
//
// A [Store] outlives its connections. The client of v4.2.0 is dead for good
// once its discovery has failed, and its calls may block for as long as a
// discovery lasts, whatever their context says; a Store replaces such a client
// and gives up waiting when the context ends.
//
// What a caller can rely on:
//
//   - [Store.Append] acknowledges only what the server has acknowledged. It
//     repeats itself on a passing failure, which is safe: every event id is
//     given by the caller, and the server recognises a repeated append.
//   - An error is a [*RevisionError] (somebody was faster), a [*domain.Error] of
//     kind Unavailable (nothing is known to have happened; send it again), or a
//     defect.
//   - [Store.Follow] never loses, repeats or reorders an event across dropped
//     subscriptions and restarted servers.
//
// The server is EventStoreDB 23.10 or later (subscriptions must tell that they
// have caught up), or eventstore/embedded.
package eventstore
