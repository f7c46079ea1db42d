package eventstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"tizilim/domain"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
)

// remote are master keys in a service that may be away.
type remote struct {
	*seal.Local
	away   atomic.Bool
	unwrap atomic.Int64 // calls
}

var errServiceAway = domain.Refuse(domain.Unavailable, domain.CodeMasterKeysAway, "the service is away")

func (r *remote) Newest(ctx context.Context) (string, error) {
	if r.away.Load() {
		return "", errServiceAway
	}
	return r.Local.Newest(ctx)
}

func (r *remote) Wrap(ctx context.Context, key, binding []byte) (string, []byte, error) {
	if r.away.Load() {
		return "", nil, errServiceAway
	}
	return r.Local.Wrap(ctx, key, binding)
}

func (r *remote) Unwrap(ctx context.Context, master string, wrapped, binding []byte) ([]byte, error) {
	r.unwrap.Add(1)
	if r.away.Load() {
		return nil, errServiceAway
	}
	return r.Local.Unwrap(ctx, master, wrapped, binding)
}

// What a process has unwrapped it uses on, however long the service of the master keys is
// away; what it has not is unavailable.
func TestDataKeysInMemoryOutliveTheServiceOfTheMasterKeys(t *testing.T) {
	address := server(t)
	masters := &remote{Local: masterKeys(t, 1)}
	s := openSealed(t, address, masters)
	person := newPerson()
	neighbour := neighbourOf(person)
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	mustAppend(t, s, neighbour.Stream(), eventstore.NoStream, recording(neighbour))
	mustDestroy(t, s, neighbour, 0) // the subtree of the person has a record of its own
	if name := nameIn(t, s, person); name != secretName {
		t.Fatalf("it reads %q", name)
	}
	asked := masters.unwrap.Load()
	s.CacheKeysFor(0)
	masters.away.Store(true)
	newcomer := newPerson()
	mustAppend(t, s, newcomer.Stream(), eventstore.NoStream, recording(newcomer))
	for _, id := range []domain.PersonID{person, newcomer} {
		if err := s.DestroyKeys(t.Context(), id.UUID, 0); !errors.Is(err, errServiceAway) {
			t.Errorf("an erasure: %v", err)
		}
	}
	for _, id := range []domain.PersonID{person, newcomer} {
		if name := nameIn(t, s, id); name != secretName {
			t.Errorf("it reads %q", name)
		}
	}
	if again := masters.unwrap.Load() - asked; again != 2 { // by the erasures
		t.Errorf("records that have not changed were unwrapped %d times again", again)
	}
	started, err := eventstore.Open(address, quiet, eventstore.WithMasterKeys(masters))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = started.Close() })
	_, reading := started.ReadEvent(t.Context(), person.Stream(), 0)
	_, appending := started.Append(t.Context(), person.Stream(), 0, []eventstore.NewEvent{recording(person)})
	for what, err := range map[string]error{
		"read of a process that has unwrapped nothing": reading, "append of it": appending,
		"proof of it": started.ProveKeys(t.Context()),
	} {
		if !errors.Is(err, errServiceAway) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Another process destroys a key meanwhile: what this one has in memory is no answer.
	other := openSealed(t, address, masterKeys(t, 1))
	erased := []domain.PersonID{newcomer, person}
	for _, id := range erased {
		mustDestroy(t, other, id, 0)
		if _, err := s.ReadEvent(t.Context(), id.Stream(), 0); !errors.Is(err, errServiceAway) {
			t.Errorf("after another process has destroyed the key: %v", err)
		}
	}
	masters.away.Store(false)
	for _, id := range erased {
		if name := nameIn(t, s, id); name != domain.Erased {
			t.Errorf("with the service back it reads %q", name)
		}
	}
}

func TestTheKeysOfALogAreProvenByItsMasterKeysOnly(t *testing.T) {
	address := server(t)
	openSealed(t, address, masterKeys(t, 1))
	if err := openSealed(t, address, masterKeys(t, 1)).ProveKeys(t.Context()); err != nil {
		t.Error(err)
	}
	var unknown *seal.UnknownMasterError
	if err := openSealed(t, address, masterKeys(t, 2)).ProveKeys(t.Context()); !errors.As(err, &unknown) {
		t.Errorf("with another master key: %v", err)
	}
}
