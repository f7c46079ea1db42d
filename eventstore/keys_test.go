package eventstore_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/seal"
)

func masterKeys(t testing.TB, keys ...byte) *seal.Local {
	t.Helper()
	var text strings.Builder
	for _, k := range keys {
		text.WriteString(hex.EncodeToString(bytes.Repeat([]byte{k}, seal.KeySize)) + "\n")
	}
	m, err := seal.NewLocal(text.String())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func openSealed(t testing.TB, address string, m seal.MasterKeys) *eventstore.Store {
	t.Helper()
	s, err := eventstore.Open(address, quiet, eventstore.WithMasterKeys(m))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

const secretName = "Айгүл Сейітқызы"

// recording is that of a person.
func recording(id domain.PersonID) eventstore.NewEvent {
	return newEvent(residence.PersonRecorded{
		PersonID: id, IIN: "999999000012", Name: secretName, Class: residence.Citizen,
		BirthDate:  domain.PersonalDate{Date: domain.NewDate(1990, 1, 1)},
		RecordedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	})
}

func newEvent(e domain.Event) eventstore.NewEvent {
	id := uuid.New()
	return eventstore.NewEvent{ID: id, Event: e, Meta: domain.Meta{Correlation: id, Causation: domain.CommandID{UUID: id}}}
}

func newPerson() domain.PersonID { return domain.PersonID{UUID: uuid.New()} }

func mustAppend(t testing.TB, s *eventstore.Store, stream string, expected eventstore.Expected, e ...eventstore.NewEvent) {
	t.Helper()
	if _, err := s.Append(t.Context(), stream, expected, e); err != nil {
		t.Fatal(err)
	}
}

// nameIn returns the name that the first event of the person's stream has.
func nameIn(t testing.TB, s *eventstore.Store, id domain.PersonID) string {
	t.Helper()
	rec, err := s.ReadEvent(t.Context(), id.Stream(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return string(rec.Event.(residence.PersonRecorded).Name)
}

func rawEvents(t testing.TB, s *eventstore.Store, stream string) (events []eventstore.RawEvent) {
	t.Helper()
	for e, err := range s.ReadRaw(t.Context(), eventstore.RawRead{Stream: stream}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

func TestTheLogHoldsPersonalValuesOnlySealed(t *testing.T) {
	address := server(t)
	s := openSealed(t, address, masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	data := string(rawEvents(t, s, person.Stream())[0].Data)
	for _, value := range []string{secretName, "999999000012", "1990-01-01"} {
		if strings.Contains(data, value) {
			t.Errorf("the log shows %s: %s", value, data)
		}
	}
	for name, reader := range map[string]*eventstore.Store{
		"the process that wrote it": s, "another process": openSealed(t, address, masterKeys(t, 1)),
	} {
		back, err := reader.ReadBack(t.Context(), person.Stream(), nil, 1)
		if err != nil || string(back[0].Event.(residence.PersonRecorded).Name) != secretName || nameIn(t, reader, person) != secretName {
			t.Errorf("%s reads %v, %v", name, back, err)
		}
	}
	if name := nameIn(t, openStore(t, address), person); !strings.HasPrefix(name, "s1."+person.String()+".0.") {
		t.Errorf("without master keys it reads %q", name)
	}
	stranger := openSealed(t, address, masterKeys(t, 2))
	var unknown *seal.UnknownMasterError
	if _, err := stranger.ReadEvent(t.Context(), person.Stream(), 0); !errors.As(err, &unknown) {
		t.Errorf("with another master key: %v", err)
	}
}

func TestEventsFromBeforeTheSealingStayReadable(t *testing.T) {
	address := server(t)
	person := newPerson()
	mustAppend(t, openStore(t, address), person.Stream(), eventstore.NoStream, recording(person))
	s := openSealed(t, address, masterKeys(t, 1))
	mustAppend(t, s, person.Stream(), 0, recording(person))
	for i, rec := range read(t, s, person.Stream(), 0) {
		if got := string(rec.Event.(residence.PersonRecorded).Name); got != secretName {
			t.Errorf("event %d has the name %q", i, got)
		}
	}
}

func TestAnAppendIsRepeatedWithoutASecondEventOrKey(t *testing.T) {
	s := openSealed(t, server(t), masterKeys(t, 1))
	person := newPerson()
	e := recording(person)
	mustAppend(t, s, person.Stream(), eventstore.NoStream, e)
	mustAppend(t, s, person.Stream(), eventstore.NoStream, e)
	mustAppend(t, s, person.Stream(), 0, recording(person))
	if events, keys := len(rawEvents(t, s, person.Stream())), len(rawEvents(t, s, "key-"+person.String())); events != 2 || keys != 1 {
		t.Errorf("%d events and %d keys, want 2 and 1", events, keys)
	}
}

// TestProcessesThatMakeAKeyAtOnceUseOne: what each of them seals, each of them reads.
func TestProcessesThatMakeAKeyAtOnceUseOne(t *testing.T) {
	address := server(t)
	const processes = 4
	for range 5 {
		id := domain.CaseID{UUID: uuid.New()}
		var stores []*eventstore.Store
		for range processes {
			stores = append(stores, openSealed(t, address, masterKeys(t, 1)))
		}
		var done sync.WaitGroup
		for i, s := range stores {
			done.Go(func() {
				objection := procedure.ObjectionFiled{
					CaseID: id, Objection: domain.Personal(fmt.Sprint("no ", i)), FiledAt: domaintest.Noon(),
				}
				if _, err := s.Append(t.Context(), fmt.Sprint("case-", id, i), eventstore.NoStream,
					[]eventstore.NewEvent{newEvent(objection)}); err != nil {
					t.Error(err)
				}
			})
		}
		done.Wait()
		for i := range stores {
			for _, s := range stores {
				rec, err := s.ReadEvent(t.Context(), fmt.Sprint("case-", id, i), 0)
				if err != nil || string(rec.Event.(procedure.ObjectionFiled).Objection) != fmt.Sprint("no ", i) {
					t.Errorf("what process %d wrote reads as %v, %v", i, rec.Event, err)
				}
			}
		}
		if keys := len(rawEvents(t, stores[0], "key-"+id.String())); keys != 1 {
			t.Errorf("%d keys were recorded", keys)
		}
	}
}

// unreachable are master keys of a service that does not answer.
type unreachable struct{ seal.MasterKeys }

func (unreachable) Wrap(context.Context, []byte, []byte) (string, []byte, error) {
	return "", nil, errors.New("the service does not answer")
}

func TestWithoutAKeyNothingIsAppended(t *testing.T) {
	s := openSealed(t, server(t), unreachable{masterKeys(t, 1)})
	person := newPerson()
	if _, err := s.Append(t.Context(), person.Stream(), eventstore.NoStream, []eventstore.NewEvent{recording(person)}); err == nil {
		t.Error("appended")
	}
	if events := rawEvents(t, s, person.Stream()); len(events) != 0 {
		t.Errorf("the log holds %s", events[0].Data)
	}
	list := newList()
	mustAppend(t, s, list.Stream(), eventstore.NoStream, opening(list, "no personal value, so no key"))
}

func TestASubscriptionLeavesValuesSealed(t *testing.T) {
	s := openSealed(t, server(t), masterKeys(t, 1))
	end, err := s.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for d := range s.Follow(ctx, end) {
		if d.Recorded == nil || d.Recorded.Stream != person.Stream() {
			continue
		}
		if d.Poison != nil {
			t.Fatal(d.Poison)
		}
		text, _ := json.Marshal(d.Recorded.Event)
		if bytes.Contains(text, []byte(secretName)) || !bytes.Contains(text, []byte("s1."+person.String())) {
			t.Errorf("it delivers %s", text)
		}
		return
	}
	t.Fatal("the event was not delivered")
}

func TestDestroyedKeysEraseEveryValueOfTheirOwner(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, other := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
	person, neighbour := newPerson(), newPerson()
	for _, id := range []domain.PersonID{person, neighbour} {
		mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
	}
	for range 2 {
		if err := s.DestroyKeys(t.Context(), person.UUID); err != nil {
			t.Fatal(err)
		}
	}
	for name, reader := range map[string]*eventstore.Store{"the process itself": s, "another one": other} {
		if got := nameIn(t, reader, person); got != domain.Erased {
			t.Errorf("%s reads the name %q", name, got)
		}
		if got := nameIn(t, reader, neighbour); got != secretName {
			t.Errorf("%s reads the name of somebody else as %q", name, got)
		}
	}
	left := rawEvents(t, s, "key-"+person.String())
	if len(left) != 1 || left[0].Type != seal.KeyDestroyed {
		t.Errorf("of the keys, %v are left", left)
	}
	mustAppend(t, s, person.Stream(), 0, recording(person))
	recs := read(t, other, person.Stream(), 0)
	if first, second := recs[0].Event.(residence.PersonRecorded), recs[1].Event.(residence.PersonRecorded); first.Name != domain.Erased || string(second.Name) != secretName {
		t.Errorf("who is recorded again has the names %q and %q", string(first.Name), string(second.Name))
	}
	if err := s.DestroyKeys(t.Context(), uuid.New()); err != nil {
		t.Errorf("who has no keys: %v", err)
	}
}

func TestDestroyedKeysLeaveTheDiskWithTheNextScavenge(t *testing.T) {
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	s := openSealed(t, node.ConnectionString(), masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	wrapped := rawEvents(t, s, "key-"+person.String())[0].ID
	if err := s.DestroyKeys(t.Context(), person.UUID); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Scavenge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, e := range rawEvents(t, s, eventstore.All) {
		if e.ID == wrapped {
			t.Error("the log still has the wrapped key")
		}
	}
	if got := nameIn(t, s, person); got != domain.Erased {
		t.Errorf("the name is %q", got)
	}
}

func TestRewrappedKeysNeedTheNewMasterKeyOnly(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openSealed(t, address, masterKeys(t, 1))
	var persons []domain.PersonID
	for range 5 {
		persons = append(persons, newPerson())
		mustAppend(t, s, persons[len(persons)-1].Stream(), eventstore.NoStream, recording(persons[len(persons)-1]))
	}
	if err := s.DestroyKeys(t.Context(), persons[0].UUID); err != nil {
		t.Fatal(err)
	}
	both := openSealed(t, address, masterKeys(t, 2, 1))
	for i, want := range []int{5, 0} {
		r, err := both.RewrapKeys(t.Context(), nil)
		if err != nil || r.Owners != 5 || r.Done != 5 || r.Changed != want || r.Kept != 0 {
			t.Errorf("time %d: %+v, %v; want %d changed", i+1, r, err, want)
		}
	}
	alone := openSealed(t, address, masterKeys(t, 2))
	for i, id := range persons {
		want := secretName
		if i == 0 {
			want = domain.Erased
		}
		if got := nameIn(t, alone, id); got != want {
			t.Errorf("person %d has the name %q, want %q", i, got, want)
		}
		if left := rawEvents(t, alone, "key-"+id.String()); len(left) != 1 {
			t.Errorf("%d records of the keys are left", len(left))
		}
	}
}

func TestTheSizeOfACommandIsThatOfItsSealedEvents(t *testing.T) {
	s := openSealed(t, server(t), masterKeys(t, 1))
	id := domain.CaseID{UUID: uuid.New()}
	objection := func(size int) []eventstore.NewEvent {
		return []eventstore.NewEvent{newEvent(procedure.ObjectionFiled{CaseID: id, Objection: domain.Personal(strings.Repeat("x", size))})}
	}
	for size, tooLarge := range map[int]bool{700_000: false, 900_000: true} { // in clear, both would fit
		events := objection(size)
		checked := eventstore.CheckSize(events)
		_, err := s.Append(t.Context(), fmt.Sprint(id.Stream(), size), eventstore.NoStream, events)
		for _, err := range []error{checked, err} {
			if got := domain.CodeOf(err) == domain.CodeBodyTooLarge; got != tooLarge {
				t.Errorf("a text of %d bytes: %v", size, err)
			}
		}
	}
}
