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
	if err := s.MakeKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
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
	s := openSealed(t, address, masterKeys(t, 1)) // makes keys: nothing is sealed yet
	mustAppend(t, s, person.Stream(), 0, recording(person))
	for i, rec := range read(t, s, person.Stream(), 0) {
		if got := string(rec.Event.(residence.PersonRecorded).Name); got != secretName {
			t.Errorf("event %d has the name %q", i, got)
		}
	}
}

func TestAnAppendIsRepeatedWithoutASecondEvent(t *testing.T) {
	s := openSealed(t, server(t), masterKeys(t, 1))
	person := newPerson()
	e := recording(person)
	mustAppend(t, s, person.Stream(), eventstore.NoStream, e)
	mustAppend(t, s, person.Stream(), eventstore.NoStream, e)
	mustAppend(t, s, person.Stream(), 0, recording(person))
	if events, keys := len(rawEvents(t, s, person.Stream())), len(rawEvents(t, s, seal.RootsStream)); events != 2 || keys != 1 {
		t.Errorf("%d events and %d records of keys, want 2 and 1", events, keys)
	}
}

// TestProcessesThatMakeTheKeysAtOnceUseOnes: what each of them seals, each of them reads.
func TestProcessesThatMakeTheKeysAtOnceUseOnes(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	stores := make([]*eventstore.Store, 4)
	persons := make([]domain.PersonID, len(stores))
	var done sync.WaitGroup
	for i := range stores {
		persons[i] = newPerson()
		done.Go(func() {
			stores[i] = openSealed(t, address, masterKeys(t, 1))
			mustAppend(t, stores[i], persons[i].Stream(), eventstore.NoStream, recording(persons[i]))
		})
	}
	done.Wait()
	for i, s := range stores {
		for _, p := range persons {
			if got := nameIn(t, s, p); got != secretName {
				t.Errorf("process %d reads %q", i, got)
			}
		}
	}
	if made := len(rawEvents(t, stores[0], seal.RootsStream)); made != 1 {
		t.Errorf("the keys were made %d times", made)
	}
}

// unreachable are master keys of a service that does not answer.
type unreachable struct{ seal.MasterKeys }

func (unreachable) Unwrap(context.Context, string, []byte, []byte) ([]byte, error) {
	return nil, errors.New("the service does not answer")
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

// recordsOf are the records of the owner's subtree.
func recordsOf(t testing.TB, s *eventstore.Store, id domain.PersonID) []eventstore.RawEvent {
	return rawEvents(t, s, seal.SubtreeStream(seal.SubtreeOf(seal.Owner(id))))
}

// neighbourOf is a person whose keys are in the same subtree.
func neighbourOf(id domain.PersonID) domain.PersonID {
	for {
		if n := newPerson(); seal.SubtreeOf(seal.Owner(n)) == seal.SubtreeOf(seal.Owner(id)) {
			return n
		}
	}
}

func mustDestroy(t testing.TB, s *eventstore.Store, id domain.PersonID, through uint32) {
	t.Helper()
	if err := s.DestroyKeys(t.Context(), id.UUID, through); err != nil {
		t.Fatal(err)
	}
}

func TestDestroyedKeysEraseEveryValueOfTheirOwner(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s, other := openSealed(t, address, masterKeys(t, 1)), openSealed(t, address, masterKeys(t, 1))
	person, stranger := newPerson(), newPerson()
	neighbour := neighbourOf(person)
	for _, id := range []domain.PersonID{person, neighbour, stranger} {
		mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
	}
	for range 2 {
		mustDestroy(t, s, person, 0)
	}
	for name, reader := range map[string]*eventstore.Store{"the process itself": s, "another one": other} {
		if got := nameIn(t, reader, person); got != domain.Erased {
			t.Errorf("%s reads the name %q", name, got)
		}
		for _, id := range []domain.PersonID{neighbour, stranger} {
			if got := nameIn(t, reader, id); got != secretName {
				t.Errorf("%s reads the name of somebody else as %q", name, got)
			}
		}
	}
	if left, roots := recordsOf(t, s, person), rawEvents(t, s, seal.RootsStream); len(left) != 1 ||
		left[0].Type != seal.SubtreePunctured || len(roots) != 1 || roots[0].Type != seal.RootsLeft {
		t.Errorf("of the keys, %v and %v are left", left, roots)
	}
	mustAppend(t, s, person.Stream(), 0, recording(person))
	for range 2 { // the first erasure may be completed once more
		mustDestroy(t, s, person, 0)
		recs := read(t, other, person.Stream(), 0)
		first, second := recs[0].Event.(residence.PersonRecorded), recs[1].Event.(residence.PersonRecorded)
		if first.Name != domain.Erased || string(second.Name) != secretName {
			t.Errorf("who is recorded again has the names %q and %q", string(first.Name), string(second.Name))
		}
	}
	mustDestroy(t, s, person, 1) // the second erasure
	other.ForgetKeys(person.UUID)
	for _, rec := range read(t, other, person.Stream(), 0) {
		if got := rec.Event.(residence.PersonRecorded).Name; got != domain.Erased {
			t.Errorf("event %d has the name %q", rec.Revision, string(got))
		}
	}
	if got := nameIn(t, other, neighbour); got != secretName {
		t.Errorf("the name of the neighbour is %q", got)
	}
}

func TestDestroyedKeysLeaveTheDiskWithTheNextScavenge(t *testing.T) {
	node := startNode(t, t.TempDir(), "127.0.0.1:0")
	s := openSealed(t, node.ConnectionString(), masterKeys(t, 1))
	person := newPerson()
	mustAppend(t, s, person.Stream(), eventstore.NoStream, recording(person))
	made := rawEvents(t, s, seal.RootsStream)[0].ID
	mustDestroy(t, s, person, 0)
	before := recordsOf(t, s, person)[0].ID
	mustDestroy(t, s, neighbourOf(person), 0)
	if _, err := node.Scavenge(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, e := range rawEvents(t, s, eventstore.All) {
		if e.ID == made || e.ID == before {
			t.Errorf("the log still has %s@%d, from which destroyed keys follow", e.Stream, e.Revision)
		}
	}
	if got := nameIn(t, s, person); got != domain.Erased {
		t.Errorf("the name is %q", got)
	}
}

// stopping is a store whose master keys fail after so many wrappings: the process dies between
// two steps of an erasure.
type stopping struct {
	seal.MasterKeys
	left int
}

func (m *stopping) Wrap(ctx context.Context, key, binding []byte) (string, []byte, error) {
	if m.left--; m.left < 0 {
		return "", nil, errors.New("the process died")
	}
	return m.MasterKeys.Wrap(ctx, key, binding)
}

// TestADestructionThatStopsBetweenTwoStepsLosesNoOtherKey, and a repetition completes it.
func TestADestructionThatStopsBetweenTwoStepsLosesNoOtherKey(t *testing.T) {
	for wrappings := range 2 {
		address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
		s := openSealed(t, address, masterKeys(t, 1))
		person := newPerson()
		neighbour := neighbourOf(person)
		for _, id := range []domain.PersonID{person, neighbour} {
			mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
		}
		dies := openSealed(t, address, &stopping{masterKeys(t, 1), wrappings})
		if err := dies.DestroyKeys(t.Context(), person.UUID, 0); err == nil {
			t.Fatal("it did not stop")
		}
		another := openSealed(t, address, masterKeys(t, 1))
		if got := nameIn(t, another, neighbour); got != secretName {
			t.Errorf("after %d steps, the name of the neighbour is %q", wrappings, got)
		}
		mustDestroy(t, another, neighbour, 0) // somebody else's erasure completes the other one
		mustDestroy(t, another, person, 0)
		for _, id := range []domain.PersonID{person, neighbour} {
			if got := nameIn(t, another, id); got != domain.Erased {
				t.Errorf("after %d steps and a repetition, a name is %q", wrappings, got)
			}
		}
		if err := another.CheckKeys(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestProcessesThatDestroyAtOnceLoseNothing: of two erasures in one subtree both count, and
// nobody else's key goes.
func TestProcessesThatDestroyAtOnceLoseNothing(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openSealed(t, address, masterKeys(t, 1))
	persons := []domain.PersonID{newPerson()}
	for range 4 {
		persons = append(persons, neighbourOf(persons[0]))
	}
	for _, id := range persons {
		mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
	}
	var work sync.WaitGroup
	for _, id := range persons[:4] {
		process := openSealed(t, address, masterKeys(t, 1))
		work.Go(func() {
			if err := process.DestroyKeys(t.Context(), id.UUID, 0); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	reader := openSealed(t, address, masterKeys(t, 1))
	for i, id := range persons {
		want := domain.Erased
		if i == 4 {
			want = secretName
		}
		if got := nameIn(t, reader, id); got != want {
			t.Errorf("person %d has the name %q, want %q", i, got, want)
		}
	}
}

func TestRewrappedKeysNeedTheNewMasterKeyOnly(t *testing.T) {
	address := startNode(t, t.TempDir(), "127.0.0.1:0").ConnectionString()
	s := openSealed(t, address, masterKeys(t, 1))
	persons := []domain.PersonID{newPerson(), newPerson(), newPerson()}
	persons = append(persons, neighbourOf(persons[0]))
	for _, id := range persons {
		mustAppend(t, s, id.Stream(), eventstore.NoStream, recording(id))
	}
	mustDestroy(t, s, persons[0], 0)
	both := openSealed(t, address, masterKeys(t, 2, 1))
	for i, want := range []int{2, 0} {
		r, err := both.RewrapKeys(t.Context(), nil)
		if err != nil || r.Of != 2 || r.Done != 2 || r.Changed != want || r.Kept != 0 {
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
	}
	if left, roots := recordsOf(t, alone, persons[0]), rawEvents(t, alone, seal.RootsStream); len(left) != 1 || len(roots) != 1 {
		t.Errorf("%d and %d records are left", len(left), len(roots))
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
