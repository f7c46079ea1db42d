package eventstore_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

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
		if err := s.DestroyKeys(t.Context(), person.UUID); err != nil {
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

// TestAProcessThatHoldsADestroyedKeyForgetsIt: until it is told, it still opens with it.
func TestAProcessThatHoldsADestroyedKeyForgetsIt(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, other := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	if got := nameIn(t, other, person); got != secretName {
		t.Fatalf("the name is %q", got)
	}
	if err := s.DestroyKeys(t.Context(), person.UUID); err != nil {
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
	if err := s.DestroyKeys(t.Context(), person.UUID); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, other, person.Stream(), 0, recording(person))
	for _, rec := range read(t, s, person.Stream(), 0) {
		if got := string(rec.Event.(residence.PersonRecorded).Name); got != domain.Erased {
			t.Errorf("event %d has the name %q", rec.Revision, got)
		}
	}
}

// TestTwoProcessesThatRecordAPersonAtOnceSealWithOneKey: one of them wins the stream of the
// person, and whichever wins that of the key, both read what was recorded.
func TestTwoProcessesThatRecordAPersonAtOnceSealWithOneKey(t *testing.T) {
	address := server(t)
	for range 10 {
		person := newPerson()
		one, other := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
		begin := make(chan struct{})
		errs := make([]error, 2)
		var work sync.WaitGroup
		for i, s := range []*eventstore.Store{one, other} {
			work.Go(func() {
				<-begin
				_, errs[i] = s.Append(context.Background(), person.Stream(), eventstore.NoStream,
					[]eventstore.NewEvent{recording(person)})
			})
		}
		close(begin)
		work.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("one must record the person and one must not: %v, %v", errs[0], errs[1])
		}
		for _, s := range []*eventstore.Store{one, other, openSealed(t, address, masterKeys(t, 1))} {
			if got := nameIn(t, s, person); got != secretName {
				t.Errorf("the name is %q", got)
			}
		}
		if keys := len(rawEvents(t, one, "key-"+person.String())); keys != 1 {
			t.Errorf("%d keys were recorded", keys)
		}
	}
}

// TestAStreamOfKeysThatIsDeletedBehindTheRegistrysBackIsNoErasure: only a record that who
// holds a master key has made says that a key was destroyed.
func TestAStreamOfKeysThatIsDeletedBehindTheRegistrysBackIsNoErasure(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
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
	if _, err := client.DeleteStream(t.Context(), "key-"+person.String(), esdb.DeleteStreamOptions{}); err != nil {
		t.Fatal(err)
	}
	another := openSealed(t, address, masterKeys(t, 1))
	_, err = another.ReadEvent(t.Context(), person.Stream(), 0)
	if err == nil || !strings.Contains(err.Error(), "a stream of keys was deleted") {
		t.Errorf("got %v", err)
	}
	// A new key of the person takes the place of the deleted one in the stream, not its name.
	mustAppend(t, another, person.Stream(), 0, recording(person))
	third := openSealed(t, address, masterKeys(t, 1))
	if rec, err := third.ReadEvent(t.Context(), person.Stream(), 0); err == nil {
		t.Errorf("what was sealed with the deleted key reads as %+v", rec.Event)
	}
	if rec, err := third.ReadEvent(t.Context(), person.Stream(), 1); err != nil ||
		string(rec.Event.(residence.PersonRecorded).Name) != secretName {
		t.Errorf("what was recorded after it reads as %+v, %v", rec.Event, err)
	}
}
