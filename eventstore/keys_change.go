package eventstore

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/eventstore/seal"
)

var errNoMasterKeys = errors.New("event store: it was opened without master keys, so it has no data keys")

// DestroyKeys destroys the data keys of a person or a case: their personal values read as
// erased from then on. It records the destruction first, and then truncates the stream of
// the keys before that record, so that a scavenge removes the wrapped keys from the disk. It
// may be repeated, and must be where it returned an error: on a server with rights only an
// administrator may truncate.
func (s *Store) DestroyKeys(ctx context.Context, owner uuid.UUID) error {
	if s.keys == nil {
		return errNoMasterKeys
	}
	_, err := s.keys.change(ctx, seal.Owner{UUID: owner}, (*seal.Ring).Destroy)
	return err
}

// ForgetKeys takes the keys of a person or a case out of memory, so that the next use reads
// them from the log.
func (s *Store) ForgetKeys(owner uuid.UUID) {
	if s.keys != nil {
		s.keys.forget(seal.Owner{UUID: owner})
	}
}

// Rewrapped is the progress of [Store.RewrapKeys], or its result.
type Rewrapped struct {
	Read, Of domain.Position // of the log, which is searched for data keys first
	Owners   int             // with data keys
	Done     int             // of them looked at
	Changed  int             // of them wrapped by the newest master key now
	Kept     int             // of them whose older records stay, since only an administrator may truncate a stream
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
	if r.Of, err = s.End(ctx); err != nil {
		return r, err
	}
	owners := map[seal.Owner]bool{}
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: All}) {
		if err != nil {
			return r, err
		}
		name, isKeys := strings.CutPrefix(e.Stream, seal.StreamPrefix)
		if id, err := uuid.Parse(name); isKeys && err == nil {
			owners[seal.Owner{UUID: id}] = true
		}
		r.Read, r.Owners = e.Position, len(owners)
		progress(r)
	}
	var mu sync.Mutex
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(keyReads)
	for owner := range owners {
		work.Go(func() error {
			changed, err := s.keys.change(ctx, owner, (*seal.Ring).Rewrap)
			var denied *ConnectError
			kept := errors.As(err, &denied) && denied.Reason == NoRights
			if err != nil && !kept {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			r.Done++
			if kept {
				r.Kept++
			}
			if changed {
				r.Changed++
			}
			progress(r)
			return nil
		})
	}
	err = work.Wait()
	return r, err
}

// change appends what decide returns for the newest keys of the owner, and truncates their
// stream before it. What decide returns makes all records before it needless.
func (k *keys) change(
	ctx context.Context, owner seal.Owner,
	decide func(*seal.Ring, context.Context, seal.MasterKeys) ([]seal.Record, error),
) (changed bool, err error) {
	k.forget(owner)
	for {
		held, err := k.read(ctx, owner)
		if err != nil {
			return changed, err
		}
		records, err := decide(held.Ring, ctx, k.masters)
		if err != nil {
			return changed, err
		}
		if len(records) == 0 && held.end == NoStream {
			return false, nil
		}
		if len(records) == 0 {
			return changed, k.truncate(ctx, owner, held.first+Expected(held.Needless()))
		}
		// Where others append meanwhile, it is decided anew.
		if _, err := k.append(ctx, owner, held, records...); err != nil {
			return changed, err
		}
		changed = true
	}
}

// truncate hides the records of the stream before the revision, for the next scavenge to
// remove.
func (k *keys) truncate(ctx context.Context, owner seal.Owner, before Expected) error {
	metadata, err := k.store.readRights(ctx, "$$"+owner.Stream(), metadataType)
	if err != nil {
		return err
	}
	value := strconv.FormatInt(int64(before), 10)
	if string(metadata.members["$tb"]) == value || before == 0 {
		return nil
	}
	metadata.members["$tb"] = []byte(value)
	return k.store.writeRights(ctx, metadata)
}
