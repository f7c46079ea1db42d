package eventstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"tizilim/domain"
	"tizilim/domain/proof"
)

// WithIntegrity has the store write a MAC into the metadata of every event that it
// appends to a stream of the registry, and check the MAC of every event that it
// decodes. Without it the store does neither.
func WithIntegrity(key proof.Key) Option {
	return func(s *settings) { s.macKey = key }
}

const (
	// maxFindings bounds the findings that are kept. One is enough to call an operator.
	maxFindings = 1000
	// askFirstHeadEvery is how often a log without a first head is asked for one.
	askFirstHeadEvery = time.Second
)

// integrity is what a store knows of how far its log can be trusted.
type integrity struct {
	key proof.Key // nil: nothing is written and nothing checked

	mu        sync.Mutex
	firstHead domain.Position // 0: not known
	askedAt   time.Time
	begun     bool // the log is known to have a first head
	findings  map[proof.Finding]bool
	distrust  map[string]proof.Finding // one for each stream
}

// TamperError says that an event was not written by the registry, or not as it stands
// there. It is a [*domain.Error] with [domain.CodeLogTampered].
type TamperError struct{ proof.Finding }

func (e *TamperError) Error() string {
	return fmt.Sprintf("the log was tampered with: %s %s: %s", e.Event, e.Kind, e.Detail)
}

func (e *TamperError) Unwrap() error {
	return domain.Refuse(domain.Unavailable, domain.CodeLogTampered,
		"the registry's record of this was changed from outside of the registry and is not used until an operator "+
			"has examined it; nothing was changed by this request")
}

// Report notes a finding: the stream's events are no longer read or appended to, and
// [Store.Findings] shows it. It reports whether the finding is new.
func (s *Store) Report(f proof.Finding) bool {
	i := &s.integrity
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.findings[f] || len(i.findings) >= maxFindings {
		return false
	}
	if i.findings == nil {
		i.findings, i.distrust = map[proof.Finding]bool{}, map[string]proof.Finding{}
	}
	i.findings[f] = true
	if _, ok := i.distrust[f.Event.Stream]; !ok {
		i.distrust[f.Event.Stream] = f
	}
	s.log.Error("the log was tampered with", "kind", f.Kind, "event", f.Event, "detail", f.Detail)
	return true
}

// Retract takes a finding back that an operator has accepted, and with it those that say the
// same of the end of the log.
func (s *Store) Retract(f proof.Finding) {
	i := &s.integrity
	i.mu.Lock()
	defer i.mu.Unlock()
	same := func(other proof.Finding) bool {
		return other == f || f.Event.Stream == other.Event.Stream && other.Kind == proof.CutOff
	}
	maps.DeleteFunc(i.findings, func(other proof.Finding, _ bool) bool { return same(other) })
	maps.DeleteFunc(i.distrust, func(_ string, other proof.Finding) bool { return same(other) })
}

// Findings returns what was found wrong with the log since the store was opened, in the
// order of streams and revisions. At most 1000 are kept.
func (s *Store) Findings() []proof.Finding {
	s.integrity.mu.Lock()
	defer s.integrity.mu.Unlock()
	found := make([]proof.Finding, 0, len(s.integrity.findings))
	for f := range s.integrity.findings {
		found = append(found, f)
	}
	slices.SortFunc(found, func(a, b proof.Finding) int {
		return cmp.Or(cmp.Compare(a.Event.Stream, b.Event.Stream), cmp.Compare(a.Event.Revision, b.Event.Revision),
			cmp.Compare(a.Kind, b.Kind))
	})
	return found
}

// trusted returns a [*TamperError] where something was found about the stream.
func (s *Store) trusted(stream string) error {
	s.integrity.mu.Lock()
	defer s.integrity.mu.Unlock()
	if f, ok := s.integrity.distrust[stream]; ok {
		return &TamperError{f}
	}
	return nil
}

// tampered reports the finding and returns its error.
func (s *Store) tampered(f proof.Finding) error {
	s.Report(f)
	return &TamperError{f}
}

// RequireMACs says that the log has had a first head, so that an event without a MAC is
// forged, also where that head is gone.
func (s *Store) RequireMACs() {
	s.integrity.mu.Lock()
	defer s.integrity.mu.Unlock()
	s.integrity.begun = true
}

// marked returns the events with their MACs, for an append at the expected revision. It
// leaves the given ones as they are.
func (s *Store) marked(stream string, expected Expected, data []esdb.EventData) []esdb.EventData {
	if s.integrity.key == nil || !proof.Covers(stream) {
		return data
	}
	marked := slices.Clone(data)
	for i, e := range data {
		marked[i].Metadata = s.integrity.key.Mark(proof.Record{
			Stream: stream, Revision: uint64(expected+1) + uint64(i), ID: e.EventID, Type: e.EventType,
			Data: e.Data, Metadata: e.Metadata,
		})
	}
	return marked
}

// decode reads a stored event whose MAC is right, or what stands for it where it is
// released. On an error the result still says where the event stands.
func (s *Store) decode(e *esdb.RecordedEvent) (domain.Recorded, error) {
	rec, err := s.decodeMarked(e)
	if !Releasable(e.StreamID) || domain.CodeOf(err) == domain.CodeLogTampered {
		return rec, err
	}
	return s.withoutReleased(rec, err)
}

// decodeMarked reads a stored event whose MAC is right. On an error the result still says
// where the event stands.
func (s *Store) decodeMarked(e *esdb.RecordedEvent) (domain.Recorded, error) {
	rec, err := decode(e)
	if forged := s.checkMAC(e); forged != nil {
		rec.Event = nil
		return rec, forged
	}
	return rec, err
}

// checkMAC returns a [*TamperError] where the registry has not written the event.
func (s *Store) checkMAC(e *esdb.RecordedEvent) error {
	if s.integrity.key == nil || !proof.Covers(e.StreamID) {
		return nil
	}
	err := s.CheckMAC(context.Background(), s.integrity.key, rawOf(e))
	var forged *TamperError
	if errors.As(err, &forged) {
		s.Report(forged.Finding)
	}
	return err
}

// CheckMAC returns a [*TamperError] where the registry has not written the event, as
// far as its MAC shows. Events before the first head may be from before the registry
// wrote MACs. It reports no finding.
func (s *Store) CheckMAC(ctx context.Context, key proof.Key, e RawEvent) error {
	err := key.Verify(e.Record())
	if errors.Is(err, proof.ErrNoMAC) {
		var before bool
		if before, err = s.isBeforeFirstHead(ctx, e.Position); err != nil {
			return err
		}
		if before {
			return nil
		}
		err = proof.ErrNoMAC
	}
	if err == nil {
		return nil
	}
	return &TamperError{proof.Finding{Kind: proof.Forged, Event: e.Record().Ref(), Detail: err.Error()}}
}

// isBeforeFirstHead reports whether the log has no first head yet, or has one after the
// position. The head's own position counts, since a copy of the log has others.
func (s *Store) isBeforeFirstHead(ctx context.Context, position domain.Position) (bool, error) {
	i := &s.integrity
	i.mu.Lock()
	first, begun, recent := i.firstHead, i.begun, time.Since(i.askedAt) < askFirstHeadEvery
	i.mu.Unlock()
	if first == 0 && !recent {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		for e, err := range s.ReadRaw(ctx, RawRead{Stream: proof.HeadStream, Limit: 1}) {
			if err != nil {
				return false, err
			}
			if first = e.Position; e.Revision != 0 { // the true first head is hidden
				first, begun = 0, true
			}
		}
		i.mu.Lock()
		i.firstHead, i.askedAt = first, time.Now()
		i.begun = i.begun || begun
		begun = i.begun
		i.mu.Unlock()
	}
	if first == 0 {
		return !begun, nil
	}
	return position < first, nil
}

// contiguous returns a [*TamperError] where events are missing between the revision
// from and the last of those that were read: the registry never truncates a stream.
func (s *Store) contiguous(stream string, from uint64, read []domain.Recorded) error {
	if s.integrity.key == nil || !proof.Covers(stream) || from == math.MaxUint64 {
		return nil
	}
	for i, rec := range read {
		if want := from + uint64(i); rec.Revision != want {
			return s.tampered(proof.Finding{Kind: proof.Hidden,
				Event:  domain.EventRef{Stream: stream, Revision: rec.Revision - 1},
				Detail: fmt.Sprintf("the events from revision %d on are not in the stream", want)})
		}
	}
	return nil
}

// Record is the event as proofs are about it.
func (e RawEvent) Record() proof.Record {
	return proof.Record{
		Stream: e.Stream, Revision: e.Revision, ID: e.ID, Type: e.Type, JSON: e.JSON, Data: e.Data, Metadata: e.Metadata,
		Created: e.Created,
	}
}

// MarkRaw returns the event with its MAC, for an append of raw events at the revision.
func (s *Store) MarkRaw(stream string, revision uint64, e RawEvent) RawEvent {
	e.Stream, e.Revision = stream, revision
	e.Metadata = s.integrity.key.Mark(e.Record())
	return e
}
