package eventstore_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
)

// slowKeys are master keys of a service that answers when it is told to.
type slowKeys struct {
	seal.MasterKeys
	answer chan struct{} // closed: from now on
	asked  chan struct{} // gets a token for each wrapping that begins
}

func (m slowKeys) Wrap(ctx context.Context, key, binding []byte) (string, []byte, error) {
	m.asked <- struct{}{}
	<-m.answer
	return m.MasterKeys.Wrap(ctx, key, binding)
}

func TestAnAppendWaitsForTheKeyThatIsPrepared(t *testing.T) {
	slow := slowKeys{masterKeys(t, 1), make(chan struct{}), make(chan struct{}, 10)}
	s := openSealed(t, server(t), slow)
	person := newPerson()
	s.PrepareKey(t.Context(), person.UUID)
	<-slow.asked
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := s.Append(gone, person.Stream(), eventstore.NoStream, []eventstore.NewEvent{recording(person)}); err == nil {
		t.Error("appended while the key was being made")
	}
	if events := rawEvents(t, s, person.Stream()); len(events) != 0 {
		t.Fatalf("the log holds %s, and not its key", events[0].Data)
	}
	close(slow.answer)
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	if keys := rawEvents(t, s, "key-"+person.String()); len(keys) != 1 || len(slow.asked) != 0 {
		t.Errorf("%d keys were recorded, and %d more made", len(keys), len(slow.asked))
	}
}

// TestAnEventWhoseKeyTheLogRefusesIsNotAppended has the log refuse the key after it was made,
// as where the node is lost between the two appends.
func TestAnEventWhoseKeyTheLogRefusesIsNotAppended(t *testing.T) {
	for _, prepared := range []bool{false, true} {
		node := startNode(t, t.TempDir(), "127.0.0.1:0")
		s, person := openSealed(t, node.ConnectionString(), masterKeys(t, 1)), newPerson()
		config, err := esdb.ParseConnectionString(node.ConnectionString())
		if err != nil {
			t.Fatal(err)
		}
		config.Logger = func(esdb.LogLevel, string, ...any) {}
		client, err := esdb.NewClient(config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		anyRevision := esdb.TombstoneStreamOptions{ExpectedRevision: esdb.Any{}}
		if _, err := client.TombstoneStream(t.Context(), "key-"+person.String(), anyRevision); err != nil {
			t.Fatal(err)
		}
		if prepared {
			s.PrepareKey(t.Context(), person.UUID)
		}
		_, err = s.Append(t.Context(), person.Stream(), eventstore.NoStream, []eventstore.NewEvent{recording(person)})
		if events := rawEvents(t, s, person.Stream()); err == nil || len(events) != 0 {
			t.Errorf("prepared %t: %v; the log holds %d events", prepared, err, len(events))
		}
	}
}

func TestTheLogTakesAKeyBeforeTheEventsThatItSeals(t *testing.T) {
	s := openSealed(t, server(t), masterKeys(t, 1))
	persons := make([]domain.PersonID, 40)
	var work sync.WaitGroup
	for i := range persons {
		persons[i] = newPerson()
		work.Go(func() {
			s.PrepareKey(t.Context(), persons[i].UUID)
			if _, err := s.Append(t.Context(), persons[i].Stream(), eventstore.NoStream,
				[]eventstore.NewEvent{recording(persons[i])}); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	for _, p := range persons {
		key, event := rawEvents(t, s, "key-"+p.String()), rawEvents(t, s, p.Stream())
		if len(key) != 1 || len(event) != 1 || key[0].Position >= event[0].Position {
			t.Errorf("keys %v, events %v", key, event)
		}
	}
}

func TestAPreparedKeyGivesWayToTheOneOfTheLog(t *testing.T) {
	address := server(t)
	id := domain.CaseID{UUID: uuid.New()}
	objection := func(text domain.Personal) []eventstore.NewEvent {
		return []eventstore.NewEvent{newEvent(procedure.ObjectionFiled{CaseID: id, Objection: text})}
	}
	first, second := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
	first.PrepareKey(t.Context(), id.UUID)
	second.PrepareKey(t.Context(), id.UUID)
	mustAppend(t, first, id.Stream(), eventstore.NoStream, objection("first")...)
	mustAppend(t, second, id.Stream(), 0, objection("second")...)
	var texts []string
	for _, rec := range read(t, openSealed(t, address, masterKeys(t, 1)), id.Stream(), 0) {
		texts = append(texts, string(rec.Event.(procedure.ObjectionFiled).Objection))
	}
	if keys := rawEvents(t, first, "key-"+id.String()); len(keys) != 1 || !slices.Equal(texts, []string{"first", "second"}) {
		t.Errorf("%d keys; a third process reads %q", len(keys), texts)
	}
}

func TestAKeyIsNotPreparedAgainAfterItsDestruction(t *testing.T) {
	address := server(t)
	s := openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	if err := s.DestroyKeys(t.Context(), person.UUID); err != nil {
		t.Fatal(err)
	}
	before := len(rawEvents(t, s, "key-"+person.String()))
	for _, process := range []*eventstore.Store{s, openSealed(t, address, masterKeys(t, 1))} {
		process.PrepareKey(t.Context(), person.UUID)
		if name := nameIn(t, process, person); name != domain.Erased {
			t.Errorf("the name reads %q", name)
		}
	}
	if after := len(rawEvents(t, s, "key-"+person.String())); after != before {
		t.Errorf("there were %d records of keys, and are %d", before, after)
	}
}
