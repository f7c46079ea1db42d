package embedded

import (
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2"
)

// beforeStrict changes a store into one of an earlier version, in which the malformed metadata of the stream hides
// all but its last event.
func beforeStrict(t *testing.T, metadata proposed) *store {
	t.Helper()
	s := filled(t)
	s.put(t, "old", 3)
	s.mustWrite(t, &write{stream: "$$old", expected: expectAny, events: []proposed{metadata}})
	err := s.exclusively(t.Context(), func() error {
		h, err := loadHead(s.engine.db, "old")
		h.retention = retention{maxCount: 1}
		b := h.encode()
		b[1] &^= headFlagStrict
		return errors.Join(err, s.engine.db.Set(headKey("old"), b, pebble.Sync))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.publish(s.current.last)
	return s
}

// shown is how many events a reader of the stream is shown.
func (s *store) shown(t *testing.T, stream string) int64 {
	t.Helper()
	v := s.view()
	defer v.release()
	h, err := loadHead(v.snapshot, stream)
	if err != nil {
		t.Fatal(err)
	}
	first, err := v.firstVisible(h, s.ticks())
	if err != nil {
		t.Fatal(err)
	}
	return h.last + 1 - first
}

func TestMetadataFromALenientVersionIsReadAgain(t *testing.T) {
	text, malformed := some(1, `{"$maxCount":1}`)[0], some(1, `{"$maxCount":1,"$acl":null}`)[0]
	text.json = false
	for name, metadata := range map[string]proposed{"not flagged as JSON": text, "malformed": malformed} {
		t.Run(name, func(t *testing.T) {
			s := beforeStrict(t, metadata)
			s.wantSound(t)
			if n := s.shown(t, "old"); n != 3 {
				t.Errorf("%d events are shown, want 3", n)
			}
			s.mustScavenge(t)
			s.wantSound(t)
			s.put(t, "old", 1)
			if n := s.shown(t, "old"); n != 4 {
				t.Errorf("%d events are shown after an append, want 4", n)
			}
			h, found, err := lookup(s.engine.db, headKey("old"), decodeHead)
			if err != nil || !found || h.lenient {
				t.Errorf("%+v, %v, want the head written anew", h, err)
			}
			s.wantSound(t)
		})
	}
	// Valid metadata hides events as before.
	s := beforeStrict(t, some(1, `{"$maxCount":1}`)[0])
	if n := s.shown(t, "old"); n != 1 {
		t.Errorf("%d events are shown, want 1", n)
	}
}
