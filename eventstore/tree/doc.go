// Package tree keeps the Merkle tree over the events of the log: it builds it, answers
// proofs from it, and finds what was done to the log without the registry. Package
// [tizilim/domain/proof] says what a leaf, a head and a proof are.
//
// The tree is built behind the write path. A [Builder] reads the log, and appends a
// signed head to a stream of its own: once 500 events wait, or 2 seconds after the
// first of them. An event of the stream has the names and the hashes of the leaves
// since the head before, so that a removed event can still be named. Several builders
// may run: the expected revision lets one of them append.
//
// A [Tree] is what one process knows of the heads. It keeps the hashes in a file
// without a name (64 bytes for each event), which it fills from the heads when it
// begins, and 16 bytes in memory for each head. A proof costs a few reads.
//
// [Check] compares the log with the tree, event by event. What is compared is the
// order of the events and not their positions.
//
// What is not covered: an event that is appended and changed within 2 seconds, before
// a head has it, by somebody who has the keys. A witness (a head that is kept outside
// of the log) finds a log that was cut off. Whoever has the private key can sign
// another tree; so heads should be kept by others too.
package tree
