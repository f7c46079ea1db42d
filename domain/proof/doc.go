// Package proof is how the log proves itself. It is pure, and needs the log no
// more than as bytes: whoever has an event, a proof, a signed head and the public
// key can check without the registry.
//
// Three things protect an event:
//
//   - A MAC (message authentication code) in its metadata, by a key that every
//     process of the registry has. It binds the event to its stream, its revision
//     and its content. So an event that somebody without the key has written into a
//     stream is known at first sight ([Key.Mark], [Key.Verify]).
//   - A leaf in a Merkle tree over all events in the order of the log ([Record.Leaf]).
//     The leaf also has the time at which the log took the event.
//   - Heads: the size and the root of the tree, signed with a private key ([Head]).
//     Who keeps a head can show later that the log still holds every event below it,
//     unchanged and in the same order.
//
// None of them names a position, so a log that was copied into another store proves
// itself there too.
package proof
