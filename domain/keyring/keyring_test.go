package keyring_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tizilim/domain"
	"tizilim/domain/keyring"
)

var (
	now   = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	kinds = []keyring.Kind{{Name: "person-id", FromTheStart: true}, {Name: "token", FromTheStart: true}, {Name: "seal"}}
	all   = map[string]keyring.Fingerprint{"person-id": "p", "token": "t", "seal": "s"}
	old   = map[string]keyring.Fingerprint{"person-id": "p", "token": "t"}
)

// ring folds the events that each decision returns.
func ring(decisions ...[]domain.Event) *keyring.Ring {
	r := &keyring.Ring{}
	for _, events := range decisions {
		for _, e := range events {
			r.Apply(e)
		}
	}
	return r
}

func recorded(have map[string]keyring.Fingerprint) []domain.Event {
	return (&keyring.Ring{}).Record(have, now)
}

func TestKeysAreMadeOnlyWhereNoEventCanRestOnEarlierOnes(t *testing.T) {
	for name, c := range map[string]struct {
		ring     *keyring.Ring
		have     map[string]keyring.Fingerprint
		empty    bool
		made     []string
		mismatch *keyring.Mismatch
	}{
		"an empty log":                           {ring(), nil, true, []string{"person-id", "token", "seal"}, nil},
		"an empty log, and keys made before it":  {ring(), all, true, nil, nil},
		"a log from before fingerprints":         {ring(), all, false, nil, nil},
		"the same, from before a kind of key":    {ring(), old, false, []string{"seal"}, nil},
		"the same without its keys":              {ring(), nil, false, nil, &keyring.Mismatch{Name: "person-id", Missing: true}},
		"the keys of the log":                    {ring(recorded(all)), all, false, nil, nil},
		"the keys of the log, and a new kind":    {ring(recorded(old)), old, false, []string{"seal"}, nil},
		"no keys, though some belong to the log": {ring(recorded(all)), nil, false, nil, &keyring.Mismatch{Name: "person-id", Missing: true}},
		"one key is missing":                     {ring(recorded(all)), old, false, nil, &keyring.Mismatch{Name: "seal", Missing: true}},
		"no event but the fingerprints yet":      {ring(recorded(all)), nil, true, nil, &keyring.Mismatch{Name: "person-id", Missing: true}},
		"one key is another": {
			ring(recorded(all)), map[string]keyring.Fingerprint{"person-id": "p", "token": "other", "seal": "s"}, false,
			nil, &keyring.Mismatch{Name: "token"},
		},
	} {
		made, err := c.ring.Compare(kinds, c.have, c.empty)
		var mismatch *keyring.Mismatch
		if errors.As(err, &mismatch); err != nil && mismatch == nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.mismatch, mismatch); diff != "" || !cmp.Equal(c.made, made) {
			t.Errorf("%s: makes %v, want %v; (-want +got)\n%s", name, made, c.made, diff)
		}
	}
}

func TestAKeyBelongsToTheLogOnceItIsRecorded(t *testing.T) {
	r := ring(recorded(old))
	if !r.Begun() || r.Of("token") != "t" || r.Of("seal") != "" {
		t.Fatalf("the ring is %+v", r)
	}
	want := []domain.Event{keyring.KeysFingerprinted{Keys: []keyring.Key{{Name: "seal", Fingerprint: "s"}}, RecordedAt: now}}
	if diff := cmp.Diff(want, r.Record(all, now)); diff != "" {
		t.Errorf("a new kind (-want +got)\n%s", diff)
	}
	if again := ring(recorded(all)).Record(all, now); again != nil {
		t.Errorf("recorded twice: %v", again)
	}
}

// TestTheKeysOfARecordAreInTheOrderOfTheirNames, so that every process would write the same.
func TestTheKeysOfARecordAreInTheOrderOfTheirNames(t *testing.T) {
	want := []keyring.Key{{Name: "person-id", Fingerprint: "p"}, {Name: "seal", Fingerprint: "s"}, {Name: "token", Fingerprint: "t"}}
	for range 50 { // a map has an order of its own each time
		if got := recorded(all)[0].(keyring.KeysFingerprinted).Keys; !cmp.Equal(want, got) {
			t.Fatalf("recorded as %v", got)
		}
	}
}

func TestAnAcceptedKeyReplacesTheOneBefore(t *testing.T) {
	r, changed := ring(recorded(all)), keyring.Key{Name: "token", Fingerprint: "t2"}
	accepted := r.Accept(changed, "order 15", now)
	want := []domain.Event{keyring.KeyAccepted{Key: changed, Before: "t", Basis: "order 15", AcceptedAt: now}}
	if diff := cmp.Diff(want, accepted); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r.Apply(accepted[0])
	if again := r.Accept(changed, "order 15", now); again != nil {
		t.Errorf("accepted twice: %v", again)
	}
	if _, err := r.Compare(kinds, all, false); err == nil {
		t.Error("the key before it still belongs to the log")
	}
}

func TestAFingerprintTellsKeysApart(t *testing.T) {
	a, b := keyring.FingerprintOf([]byte("a")), keyring.FingerprintOf([]byte("b"))
	if a == b || len(a) != 32 || a != keyring.FingerprintOf([]byte("a")) {
		t.Errorf("%s and %s", a, b)
	}
}
