// Package seal seals the personal values of events, so that the log holds none
// of them in clear, and so that the values of one person can be erased.
//
// Each value is sealed by a data key of its owner ([Owner]): the person that it
// tells of, or the case that it was written in. [Seal] says by which rule an
// owner is found. In the stored event a sealed text stands where the value was,
//
//	s1.<owner>.<generation>.<nonce, ciphertext and tag in base64url>
//
// (in a value of bytes the last part is in binary). The cipher is AES-256-GCM
// with a random nonce. Its associated data are the id, the type and the stream
// of the event, the owner and the generation: a value that is copied into
// another event does not open there.
//
// Nothing is stored for an owner. Their keys are leaves of one of 1,024 binary
// trees, and follow from its root by hashes ([Subtree]). The log has the roots,
// wrapped by a master key ([MasterKeys]). To destroy a key, the root of its tree
// is replaced by the seeds beside the way to it: every other key still follows
// from them, and this one does not. Its values read as [domain.Erased]. If the
// owner is told of again later, the next generation of key is used.
//
// Values that were stored in clear are left as they are.
package seal
