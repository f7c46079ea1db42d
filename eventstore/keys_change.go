package eventstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"

	"tizilim/eventstore/seal"
)

var errNoMasterKeys = errors.New("event store: it was opened without master keys, so it has no data keys")

// DestroyKeys destroys the data keys of a person or a case up to the generation, 0 for the
// first erasure of the owner, 1 for the second: their personal values read as erased from
// then on. It changes no other key. It may be repeated, and must be where it returned an
// error: on a server with rights only an administrator may truncate.
//
// What is left of the owner's subtree is recorded first, so that a crash between two steps
// loses no key of anybody else. Then the root of the subtree goes, and last the older records
// are truncated, so that a scavenge removes them from the disk.
func (s *Store) DestroyKeys(ctx context.Context, owner uuid.UUID, through uint32) error {
	if s.keys == nil {
		return errNoMasterKeys
	}
	number := seal.SubtreeOf(seal.Owner{UUID: owner})
	for {
		err := s.keys.destroy(ctx, number, seal.Owner{UUID: owner}, through)
		var moved *RevisionError
		if err == nil { // also where another process has done all of it
			s.keys.forget(owner)
		}
		if !errors.As(err, &moved) { // else others have changed the keys: look again
			return err
		}
	}
}

// destroy takes the keys out of memory once it begins to change what the log has, and not
// before: where it cannot wrap, the keys in memory may be all that can be had now.
func (k *keys) destroy(ctx context.Context, number int, owner seal.Owner, through uint32) error {
	roots, err := k.readRoots(ctx)
	if err != nil {
		return err
	}
	whole, rooted := roots.left.Subtree(number)
	subtree, err := k.readSubtree(ctx, number)
	if subtree.at == NoStream && rooted {
		subtree.left, err = whole, nil
	}
	if err != nil {
		return err
	}
	left, changes := subtree.left.Destroyed(owner, through)
	if changes {
		record, err := left.Wrap(ctx, k.masters, number)
		if err != nil {
			return err
		}
		if len(record.Data) > maxAppendSize-1000 {
			return fmt.Errorf("event store: %s takes no further erasure: an event holds what is left after some 180 of them",
				seal.SubtreeStream(number))
		}
		defer k.forget(owner.UUID)
		if err := k.append(ctx, seal.SubtreeStream(number), subtree.at, record); err != nil {
			return err
		}
		subtree.at++
		subtree.record = subtree.at
	}
	if rooted {
		record, err := roots.left.Without(number).Wrap(ctx, k.masters, seal.RootsLeft)
		if err != nil {
			return err
		}
		defer k.forget(owner.UUID)
		if err := k.append(ctx, seal.RootsStream, roots.at, record); err != nil {
			return err
		}
		roots.at++
		roots.record = roots.at
	}
	if err := k.truncate(ctx, seal.SubtreeStream(number), subtree.record); err != nil {
		return err
	}
	return k.truncate(ctx, seal.RootsStream, roots.record)
}

// rewrite records the roots after the revision, and returns that of the record.
func (k *keys) rewrite(ctx context.Context, left seal.Roots, at Expected) (Expected, error) {
	record, err := left.Wrap(ctx, k.masters, seal.RootsLeft)
	if err != nil {
		return at, err
	}
	return at + 1, k.append(ctx, seal.RootsStream, at, record)
}

// ForgetKeys takes the keys of a person or a case out of memory, so that the next use reads
// them from the log.
func (s *Store) ForgetKeys(owner uuid.UUID) {
	if s.keys != nil {
		s.keys.forget(owner)
	}
}

// ProveKeys shows that the master keys are those of the log: they unwrap the seeds of the
// subtrees, which then stay in memory. Errors: [*seal.UnknownMasterError], [seal.ErrForged].
func (s *Store) ProveKeys(ctx context.Context) error {
	if s.keys == nil {
		return errNoMasterKeys
	}
	_, err := s.keys.heldRoots(ctx)
	return err
}

// CheckKeys reads all data keys of the log. Its error names the stream that is missing or that
// no master key made.
func (s *Store) CheckKeys(ctx context.Context) error {
	if s.keys == nil {
		return errNoMasterKeys
	}
	roots, err := s.keys.readRoots(ctx)
	if err != nil {
		return err
	}
	for _, number := range roots.left.Punctured() {
		if _, err := s.keys.readSubtree(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// Rewrapped is the progress of [Store.RewrapKeys], or its result.
type Rewrapped struct {
	Of      int // records of data keys
	Done    int // of them looked at
	Changed int // of them wrapped by the newest master key now
	Kept    int // of them whose older records stay, since only an administrator may truncate a stream
}

// RewrapKeys wraps all data keys of the log by the newest master key, and truncates their
// streams before the new records. It may be repeated: what is wrapped by the newest key is
// left as it is. After it no other master key is needed. progress, if not nil, is called now
// and then.
func (s *Store) RewrapKeys(ctx context.Context, progress func(Rewrapped)) (r Rewrapped, err error) {
	if s.keys == nil {
		return r, errNoMasterKeys
	}
	if progress == nil {
		progress = func(Rewrapped) {}
	}
	newest, err := s.keys.masters.Newest(ctx)
	if err != nil {
		return r, err
	}
	var punctured []int
	err = s.keys.rewrap(ctx, &r, seal.RootsStream, func() (bool, Expected, error) {
		roots, err := s.keys.readRoots(ctx)
		punctured = roots.left.Punctured()
		if err != nil || roots.master == newest && roots.record == roots.at {
			return false, roots.record, err
		}
		at, err := s.keys.rewrite(ctx, roots.left, roots.at)
		return true, at, err
	})
	for r.Of = 1 + len(punctured); err == nil && r.Done < r.Of; {
		number := punctured[r.Done-1]
		progress(r)
		err = s.keys.rewrap(ctx, &r, seal.SubtreeStream(number), func() (bool, Expected, error) {
			subtree, err := s.keys.readSubtree(ctx, number)
			if err != nil || subtree.master == newest {
				return false, subtree.record, err
			}
			record, err := subtree.left.Wrap(ctx, s.keys.masters, number)
			if err != nil {
				return false, subtree.at, err
			}
			return true, subtree.at + 1, s.keys.append(ctx, seal.SubtreeStream(number), subtree.at, record)
		})
	}
	progress(r)
	return r, err
}

// rewrap calls change until nobody else changes the stream meanwhile, and truncates the stream
// before the revision that change returns.
func (k *keys) rewrap(
	ctx context.Context, r *Rewrapped, stream string, change func() (changed bool, at Expected, err error),
) error {
	for {
		changed, at, err := change()
		var moved *RevisionError
		if errors.As(err, &moved) {
			continue
		}
		if err != nil {
			return err
		}
		r.Done++
		if changed {
			r.Changed++
		}
		err = k.truncate(ctx, stream, at)
		var denied *ConnectError
		if errors.As(err, &denied) && denied.Reason == NoRights {
			r.Kept++
			return nil
		}
		return err
	}
}

// truncate hides the records of the stream before the revision, for the next scavenge to
// remove.
func (k *keys) truncate(ctx context.Context, stream string, before Expected) error {
	if before <= 0 {
		return nil
	}
	metadata, err := k.store.readRights(ctx, "$$"+stream, metadataType)
	if err != nil {
		return err
	}
	value := strconv.FormatInt(int64(before), 10)
	if string(metadata.members["$tb"]) == value {
		return nil
	}
	metadata.members["$tb"] = []byte(value)
	return k.store.writeRights(ctx, metadata)
}
