package eventstore_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
)

// interrupting are master keys that call once before they unwrap a data key: the process
// has read the key from the log and does not have it in memory yet.
type interrupting struct {
	seal.MasterKeys
	call func()
}

func (i *interrupting) Unwrap(ctx context.Context, master string, wrapped, binding []byte) ([]byte, error) {
	if call := i.call; call != nil {
		i.call = nil
		call()
	}
	return i.MasterKeys.Unwrap(ctx, master, wrapped, binding)
}

func TestKeysThatAreForgottenWhileTheyAreReadAreNotKept(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	masters := &interrupting{MasterKeys: masterKeys(t, 1)}
	s, reader := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masters)
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	masters.call = func() {
		if err := s.DestroyKeys(t.Context(), person.UUID, 0); err != nil {
			t.Error(err)
		}
		reader.ForgetKeys(person.UUID)
	}
	nameIn(t, reader, person) // as it was when it was read
	if masters.call != nil {
		t.Fatal("the keys were not read")
	}
	if got := nameIn(t, reader, person); got != domain.Erased {
		t.Errorf("after the key was destroyed and forgotten, the name is %q", got)
	}
}

// TestWhoAsksAfterAnErasureJoinsNoReadFromBefore: that read has the key that was destroyed.
func TestWhoAsksAfterAnErasureJoinsNoReadFromBefore(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	masters := &interrupting{MasterKeys: masterKeys(t, 1)}
	s, reader := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masters)
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	mustDestroy(t, s, neighbourOf(person), 0) // the subtree of the person has a record of its own
	for _, stream := range []string{"the roots", "the subtree"} {
		asked := false
		masters.call = func() { // inside the first read of the stream
			asked = true
			if stream == "the subtree" {
				if err := s.DestroyKeys(t.Context(), person.UUID, 0); err != nil {
					t.Error(err)
				}
			}
			reader.ForgetKeys(person.UUID)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := reader.ReadEvent(ctx, person.Stream(), 0); err != nil {
				t.Errorf("%s: who asked after keys were forgotten waited for a read from before: %v", stream, err)
			}
		}
		if stream == "the subtree" { // the second record that is unwrapped
			call := masters.call
			masters.call = func() { masters.call = call }
		}
		reader.ForgetKeys(person.UUID)
		nameIn(t, reader, person)
		if !asked {
			t.Fatalf("%s was not read", stream)
		}
	}
	if got := nameIn(t, reader, person); got != domain.Erased {
		t.Errorf("after the key was destroyed and forgotten, the name is %q", got)
	}
}

// TestAProcessThatHoldsADestroyedKeyForgetsIt: until it is told, it still opens with it.
func TestAProcessThatHoldsADestroyedKeyForgetsIt(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, other := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	if got := nameIn(t, other, person); got != secretName {
		t.Fatalf("the name is %q", got)
	}
	if err := s.DestroyKeys(t.Context(), person.UUID, 0); err != nil {
		t.Fatal(err)
	}
	if got := nameIn(t, other, person); got != secretName {
		t.Fatalf("the key is not in memory, so this test says nothing: the name is %q", got)
	}
	other.ForgetKeys(person.UUID)
	if got := nameIn(t, other, person); got != domain.Erased {
		t.Errorf("the name is %q", got)
	}
}

// TestWhatAProcessSealsWithADestroyedKeyIsErasedToo: a key that another process still has in
// memory does not come back by being used.
func TestWhatAProcessSealsWithADestroyedKeyIsErasedToo(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, other := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, other, person.Stream(), eventstore.NoStream, recording(person))
	if err := s.DestroyKeys(t.Context(), person.UUID, 0); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, other, person.Stream(), 0, recording(person))
	for _, rec := range read(t, s, person.Stream(), 0) {
		if got := string(rec.Event.(residence.PersonRecorded).Name); got != domain.Erased {
			t.Errorf("event %d has the name %q", rec.Revision, got)
		}
	}
}

// TestAStreamOfKeysThatIsDeletedBehindTheRegistrysBackIsNoErasure, and nothing makes keys in
// its place: every reading and append says so.
func TestAStreamOfKeysThatIsDeletedBehindTheRegistrysBackIsNoErasure(t *testing.T) {
	person := newPerson()
	for _, deleted := range []string{seal.RootsStream, seal.SubtreeStream(seal.SubtreeOf(seal.Owner(person)))} {
		address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
		s := openSealed(t, address, masterKeys(t, 1))
		mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
		mustDestroy(t, s, neighbourOf(person), 0)
		config, err := esdb.ParseConnectionString(address)
		if err != nil {
			t.Fatal(err)
		}
		config.Logger = func(esdb.LogLevel, string, ...any) {}
		client, err := esdb.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.DeleteStream(t.Context(), deleted, esdb.DeleteStreamOptions{}); err != nil {
			t.Fatal(err)
		}
		another, err := eventstore.Open(address, quiet, eventstore.WithMasterKeys(masterKeys(t, 1)))
		if err != nil {
			t.Fatal(err)
		}
		defer another.Close()
		_, reading := another.ReadEvent(t.Context(), person.Stream(), 0)
		_, appending := another.Append(t.Context(), person.Stream(), 0, []eventstore.NewEvent{recording(person)})
		wants := map[string]error{
			"read": reading, "append": appending, "check": another.CheckKeys(t.Context()),
			"destroy": another.DestroyKeys(t.Context(), person.UUID, 0),
		}
		if deleted == seal.RootsStream {
			wants["start"] = another.MakeKeys(t.Context())
		}
		for what, err := range wants {
			if err == nil || !strings.Contains(err.Error(), deleted) || !strings.Contains(err.Error(), "a stream of keys was deleted") {
				t.Errorf("%s: %v", what, err)
			}
		}
		if left := rawEvents(t, another, deleted); len(left) != 0 {
			t.Errorf("%s has %d new records", deleted, len(left))
		}
	}
}

// TestKeysThatSomebodyMakesInPlaceOfDeletedOnesAreRefused: what they would seal, nobody with
// the true keys could read.
func TestKeysThatSomebodyMakesInPlaceOfDeletedOnesAreRefused(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openSealed(t, address, masterKeys(t, 1))
	record, err := seal.MakeRoots().Wrap(t.Context(), masterKeys(t, 1), seal.RootsMade)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.AppendRaw(t.Context(), seal.RootsStream, 0, []eventstore.RawEvent{{
		ID: uuid.New(), Type: record.Type, JSON: true, Data: record.Data, Metadata: []byte("{}"),
	}}); err != nil {
		t.Fatal(err)
	}
	if err := openSealed(t, address, masterKeys(t, 1)).CheckKeys(t.Context()); err == nil {
		t.Error("they were taken")
	}
}

// appendRecord appends an event to a stream of keys behind the registry's back.
func appendRecord(t *testing.T, s *eventstore.Store, stream string, at eventstore.Expected, kind, data string) {
	t.Helper()
	if _, _, err := s.AppendRaw(t.Context(), stream, at, []eventstore.RawEvent{{
		ID: uuid.New(), Type: kind, JSON: true, Data: []byte(data), Metadata: []byte("{}"),
	}}); err != nil {
		t.Fatal(err)
	}
}

// unmade are records that no master key made.
var unmade = map[string]string{
	"no JSON": "{", "nothing": "{}", "no object": `"key"`,
	"by the master key, as it claims": `{"master": "` + seal.MasterID(bytes.Repeat([]byte{1}, seal.KeySize)) + `", "key": "AAAA"}`,
}

// TestARecordOfTheRootsThatNoMasterKeyMadeIsPassedOver: whoever can append to the log must not keep
// the registry from starting. The keys are changed as ever, and a new wrapping takes the record away.
func TestARecordOfTheRootsThatNoMasterKeyMadeIsPassedOver(t *testing.T) {
	for name, data := range unmade {
		t.Run(name, func(t *testing.T) {
			address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
			s := openSealed(t, address, masterKeys(t, 1))
			erased, person := newPerson(), newPerson()
			neighbour := neighbourOf(person)
			for _, id := range []domain.PersonID{erased, person, neighbour} {
				mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
			}
			mustDestroy(t, s, erased, 0)
			appendRecord(t, s, seal.RootsStream, 1, seal.RootsLeft, data)
			appendRecord(t, s, seal.RootsStream, 2, seal.RootsLeft, data)

			another := openSealed(t, address, masterKeys(t, 1))
			if err := another.ProveKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			names := func(s *eventstore.Store, want map[domain.PersonID]string) {
				t.Helper()
				for id, want := range want {
					if got := nameIn(t, s, id); got != want {
						t.Errorf("a name is %q, want %q", got, want)
					}
				}
			}
			names(another, map[domain.PersonID]string{erased: domain.Erased, person: secretName, neighbour: secretName})

			mustDestroy(t, another, erased, 0) // once more: nothing of the roots changes
			names(openSealed(t, address, masterKeys(t, 1)), map[domain.PersonID]string{person: secretName})
			if r, err := another.RewrapKeys(t.Context(), nil); err != nil || r.Changed != 1 {
				t.Errorf("wrapped anew: %+v, %v", r, err)
			}
			if roots := rawEvents(t, another, seal.RootsStream); len(roots) != 1 || string(roots[0].Data) == data {
				t.Errorf("%d records of the roots are left", len(roots))
			}
			mustDestroy(t, another, person, 0)
			names(openSealed(t, address, masterKeys(t, 1)), map[domain.PersonID]string{
				erased: domain.Erased, person: domain.Erased, neighbour: secretName,
			})
		})
	}
}

// TestAnErasureHoldsWhereOlderRootsCount: the roots are those from before an erasure of which only
// the first step was made. What that has left of the subtree counts.
func TestAnErasureHoldsWhereOlderRootsCount(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	neighbour := neighbourOf(person)
	for _, id := range []domain.PersonID{person, neighbour} {
		mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
	}
	if err := openSealed(t, address, &stopping{masterKeys(t, 1), 1}).DestroyKeys(t.Context(), person.UUID, 0); err == nil {
		t.Fatal("it did not stop")
	}
	appendRecord(t, s, seal.RootsStream, 0, seal.RootsLeft, "damaged")
	another := openSealed(t, address, masterKeys(t, 1))
	if got := nameIn(t, another, person); got != domain.Erased {
		t.Errorf("the name of the erased person is %q", got)
	}
	if got := nameIn(t, another, neighbour); got != secretName {
		t.Errorf("the name of the neighbour is %q", got)
	}
}

// TestARecordOfKeysThatCannotBePassedOverIsNamed: one of a newer release, one that a master key made
// which is not there, and one of a subtree, of which an older one may be from before an erasure.
func TestARecordOfKeysThatCannotBePassedOverIsNamed(t *testing.T) {
	person := newPerson()
	subtree := seal.SubtreeStream(seal.SubtreeOf(seal.Owner(person)))
	for name, c := range map[string]struct {
		stream     string
		kind, data string
	}{
		"an unknown type":       {seal.RootsStream, "DataKeyRootsOfTomorrow", "{}"},
		"an unknown master key": {seal.RootsStream, seal.RootsLeft, `{"master": "0123456789abcdef", "key": "AAAA"}`},
		"a subtree":             {subtree, seal.SubtreePunctured, "{"},
		"a type of a subtree":   {subtree, "DataKeySubtreeOfTomorrow", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
			s := openSealed(t, address, masterKeys(t, 1))
			mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
			mustDestroy(t, s, neighbourOf(person), 0)
			last := rawEvents(t, s, c.stream)
			at := last[len(last)-1].Revision
			appendRecord(t, s, c.stream, eventstore.Expected(at), c.kind, c.data)
			another := openSealed(t, address, masterKeys(t, 1))
			event := fmt.Sprintf("%s@%d", c.stream, at+1)
			if err := another.CheckKeys(t.Context()); err == nil || !strings.Contains(err.Error(), event) {
				t.Errorf("the check says %v, which does not name %s", err, event)
			}
			_, err := another.ReadEvent(t.Context(), person.Stream(), 0)
			if err == nil || !strings.Contains(err.Error(), event) {
				t.Errorf("a read says %v, which does not name %s", err, event)
			}
			if code := domain.CodeOf(err); c.stream == subtree && code != domain.CodeRecordUnread {
				t.Errorf("a read has the code %q", code)
			}
		})
	}
}
