// Package papers keeps the files of papers that were handed in: scans as PDF, JPEG or PNG.
//
// A file is encrypted before it reaches a disk or a network, by a key of its own ([age]). That key
// stands at the beginning of the file, sealed by the data key of the person whom the paper tells
// of: where the data key was destroyed, nobody can read the file ([ErrErased]).
//
// The name of a stored file is the case that it belongs to and the SHA-256 of its bytes as stored,
// so anybody can check without a key whether it is whole, and it never changes. Two files are
// never one: each has a key of its own.
//
// An event names a file after [Draft.Keep] has returned, when the file is durable. A crash between
// leaves a file that no event names; [Sweeper] removes it after a day. No file that an event
// names is ever removed.
//
// [Dir] keeps files in a directory, [Bucket] in an S3-compatible store.
//
// [age]: https://age-encryption.org/v1
package papers
