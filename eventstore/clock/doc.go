// Package clock says whether the clock of this process can be relied on. A stay ends, a
// case is late and an application has its place in a list by an instant that a process
// takes from its clock. A clock that is a day ahead for ten seconds must not do that.
//
// A [Clock] compares the clock of the machine with a reference, at every question and
// without a call:
//
//   - While nothing else is known, the reference is what the clock showed when the process
//     began, and the time that has passed since by a clock that nobody sets. A jump is seen
//     at the next question.
//   - Where the log has a clock of its own ([Log]), that is the reference. It is asked when
//     its last answer is older than a minute, and between its answers the time goes on as
//     above. The log's clock decides: after the clock of the machine was corrected, both
//     agree again.
//   - The embedded event store runs in this process and has the clock of this process. It
//     can tell nothing. Its events get their times from [Clock.Now], which does not jump. A
//     clock that was corrected while the process ran is used only after a restart.
//   - A clock that shows less than the time of an event that the log has already was put
//     back. Where the log has a clock of its own, that one decides; an event may have got
//     its time from a leader whose clock was ahead.
//
// While clock and reference differ by more than the bound, they disagree. Then [Clock.Now]
// returns the time of the reference, so that reads go on with a time that did not jump, and
// [Clock.Check] returns a refusal, so that nothing is recorded that rests on the clock.
//
// What remains: a clock that is wrong when the process begins, where the log has no clock
// of its own and no later event; and differences below the bound. The order of a list does
// not rest on either: see [housing.List.Place].
//
// [housing.List.Place]: https://pkg.go.dev/tizilim/domain/housing#List.Place
package clock
