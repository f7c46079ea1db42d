package eventstore

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/domain/release"
)

// released is what a store knows of the events that operators have released. It is read
// once before the first event is decoded, again whenever an event cannot be decoded, and by
// [Store.ReleasedAfter].
type released struct {
	reading sync.Mutex // held while next is read on

	mu      sync.RWMutex // guards the following fields
	list    release.List
	next    uint64 // revision that is read next
	loaded  bool
	checked bool // by MAC
}

// Releasable reports whether an event of the stream can be released: one of the registry's own, which
// the registry must have written.
func Releasable(stream string) bool { return proof.Covers(stream) && stream != release.Stream }

// withoutReleased returns rec with a [domain.Skipped] where its event is released, and
// otherwise as it was decoded, with why it could not be. It fails with
// [domain.CodeLogUnavailable] where it cannot know that.
func (s *Store) withoutReleased(rec domain.Recorded, unreadable error) (domain.Recorded, error) {
	if unreadable != nil || !s.knowsReleases() {
		ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
		defer cancel()
		if err := s.readReleases(ctx); err != nil {
			return rec, err
		}
	}
	s.released.mu.RLock()
	e, ok := s.released.list.Of(domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, rec.ID)
	s.released.mu.RUnlock()
	if !ok {
		return rec, unreadable
	}
	skipped := e.Skipped()
	var why *UnreadableError
	if errors.As(unreadable, &why) {
		skipped.Why = why.Why.Error()
	}
	rec.Event = skipped.Skip(rec)
	return rec, nil
}

// knowsReleases reports whether the releases were read, with their MACs where the store has
// a key.
func (s *Store) knowsReleases() bool {
	s.released.mu.RLock()
	defer s.released.mu.RUnlock()
	return s.released.loaded && (s.released.checked || s.integrity.key == nil)
}

// ReleasedAfter returns the places of the events that were released after the first known
// ones, in the order of the releases, as the log holds them now. From then on the store
// decodes none of them.
func (s *Store) ReleasedAfter(ctx context.Context, known int) ([]domain.EventRef, error) {
	if err := s.readReleases(ctx); err != nil {
		return nil, err
	}
	s.released.mu.RLock()
	defer s.released.mu.RUnlock()
	return slices.Clone(s.released.list.After(known)), nil
}

// readReleases reads the releases that are new. A release that cannot be read, or that the
// registry has not written, releases nothing.
func (s *Store) readReleases(ctx context.Context) error {
	r := &s.released
	r.reading.Lock()
	defer r.reading.Unlock()
	checks := s.integrity.key != nil
	if !s.knowsReleases() {
		r.mu.Lock()
		r.list, r.next = release.List{}, 0
		r.mu.Unlock()
	}
	var unavailable error // the MAC of a release cannot be judged now
	for {
		page, err := readStream(ctx, s, release.Stream, esdb.ReadStreamOptions{From: esdb.Revision(r.next)}, pageSize,
			func(e *esdb.RecordedEvent) (domain.Recorded, error) {
				rec, err := s.decodeMarked(e)
				if domain.CodeOf(err) == domain.CodeLogUnavailable {
					unavailable = err
				}
				if err != nil { // then rec has no event
					s.log.Error("event store: a release cannot be used, and releases nothing",
						"event", domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, "error", err)
				}
				return rec, nil
			})
		if err != nil || unavailable != nil {
			if err == nil {
				err = unavailable
			}
			return err
		}
		r.mu.Lock()
		for _, rec := range page {
			r.list.Apply(rec)
			r.next = rec.Revision + 1
		}
		if len(page) < pageSize {
			r.loaded, r.checked = true, checks
		}
		r.mu.Unlock()
		if len(page) < pageSize {
			return nil
		}
	}
}
