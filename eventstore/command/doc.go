// Package command carries out commands on the log: load the state, let the
// domain decide, append at the revision that was read.
//
// [Handler] has one method for each command. Each takes the envelope
// ([domain.Command]), is safe to repeat with the same envelope, and answers
// with a [Receipt] of the events as the log holds them, the same for the first
// time and for every repetition.
//
// # Concurrency
//
// A lost race (somebody appended between load and append) is decided anew on
// the newer state, a few times; then it is a Conflict with CodeLostRace. With
// If-Match the caller's revision is compared instead, and a newer one is Stale.
//
// # Cost
//
// States are kept in memory between commands, one per stream, least recently
// used first out. A command on a stream that is held costs two round trips, the
// append and the reading back of what was appended, however long the stream is.
// A stream that is not held is read once.
//
// # Acts over several streams
//
// An S001 application, a placement and a provision touch several streams, which
// EventStoreDB does not append to together. Their steps and what happens when
// one refuses are written at [Handler.Deregister], [Handler.DecidePlacement] and
// [Handler.Provide]; every step is idempotent, and [Finisher] completes what a
// crash left half done.
//
// # What the registry does by itself
//
// [Timer] does what falls due, [Notifier] tells whom an event concerns. Both
// work through a list that is a projection of the log, and give commands whose
// ids follow from what they follow from: however often, by however many, it is
// done once.
package command
