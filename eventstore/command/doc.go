// Package command is the application layer: it carries out commands on the log.
// It loads the state, lets the domain decide, and appends at the revision that
// was read.
//
// [Handler] has one method for each command. Each takes the envelope
// ([domain.Command]), is idempotent, and answers with a [Receipt] of the events as
// the log holds them: the same receipt the first time and for every repetition.
//
// What this layer needs of the rest of the registry and of the outside are ports:
// interfaces in ports.go, and beside [Finisher], [Timer] and [Notifier]. The
// packages under adapters/ connect them to the outside: electronic signatures
// (eds), SMS and e-mail (gateway), the mobile-citizens base (mobilecitizens).
//
// # Concurrency
//
// Commands on one stream are decided one after the other in this process, and
// against other processes by the expected revision. A command that lost a race
// (somebody appended between load and append) is decided again on the newer state,
// a few times; then it is a Conflict with CodeLostRace. With If-Match the caller's
// revision is compared instead, and a newer one is Stale.
//
// # States
//
// A state of a stream in memory is immutable once it is published. Whoever goes on
// from it takes a clone, folds the newer events onto it and publishes that.
// So a read takes the newest published state, reads from the log what is newer, and
// waits for no command. It sees all that the log held when it began.
//
// States are kept between commands, least recently used first out. A command on a
// stream in memory costs two round trips, the append and the reading back of what
// was appended, however long the stream is. A stream that is not in memory is read
// once.
//
// # Locks
//
// There are four kinds of locks. All but the first are held for a few instructions,
// with no other lock and no call of the log under them.
//
//   - The lock of a stream (cached.writer), one for each stream and each state that
//     is folded of it. A command holds it from the choice of the state to its
//     answer, calls of the log included. Reads never take it.
//   - The mutex of a state (version.cloning): to clone a copy-on-write tree changes a
//     mark in the original.
//   - The mutex of shared reads (shared.mu): who waits for which read.
//   - The mutex of the cache of streams, inside the LRU.
//
// The order: under the lock of a stream only the lock of an otp- stream is taken,
// by a command that is signed with a one-time password; under that one no lock of a
// stream. Everything else that a decision needs of other streams it reads. Commands
// that touch several streams take the locks one after the other, each for its step.
// Therefore no two commands wait for each other. With the race detector a wrong order
// panics (lockorder_race.go).
//
// The newest state of a stream is an atomic pointer (cached.newest); it is replaced
// by a newer one only.
//
// # Acts over several streams
//
// An S001 application, a placement and a provision touch several streams, which
// EventStoreDB does not append to together. Their steps, and the compensating
// events where one refuses, are written at [Handler.Deregister],
// [Handler.DecidePlacement] and [Handler.Provide]. Every step is idempotent, and
// [Finisher], a process manager, completes what a crash left half done.
//
// # What the registry does by itself
//
// [Timer] does what falls due, [Notifier] tells people of recorded events. Both are
// process managers on a list that is a projection of the log. The ids of their
// commands are derived from the events that they follow from, so that each is
// carried out once, however many processes run them.
package command
