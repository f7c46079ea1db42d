package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/events"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// keyring has a key for each owner that it is asked about.
type keyring map[Owner]*Key

func (k keyring) current(o Owner) (*Key, error) {
	if k[o] == nil {
		bare := make([]byte, KeySize)
		_, _ = rand.Read(bare) // never fails
		key, err := NewKey(KeyID{Owner: o}, bare)
		if err != nil {
			return nil, err
		}
		k[o] = key
	}
	return k[o], nil
}

func (k keyring) get(id KeyID) (*Key, error) { return k[id.Owner], nil }

func in(e domain.Event) Event {
	return Event{ID: domain.DeriveID(uuid.NameSpaceOID, "event"), Type: e.EventType(), Stream: "case-1"}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// clearOf returns the personal values of the event as they stand in its JSON.
func clearOf(t *testing.T, e domain.Event) (values []string) {
	plan := planOf(reflect.TypeOf(e))
	if plan == nil {
		return nil
	}
	_ = plan.visit(reflect.ValueOf(e), Owner{}, false, func(v reflect.Value, _ kind, _ Owner) error {
		values = append(values, asJSON(t, v.Interface()))
		return nil
	})
	return values
}

func TestASealedEventShowsNoneOfItsPersonalValuesAndOpensAsItWas(t *testing.T) {
	sealedTypes := 0
	for _, e := range events.Samples() {
		values := clearOf(t, e)
		before := asJSON(t, e)
		ring := keyring{}
		sealed, err := Seal(e, in(e), ring.current)
		if err != nil {
			t.Fatalf("%s: %v", e.EventType(), err)
		}
		if asJSON(t, e) != before {
			t.Fatalf("%s changed while a copy of it was sealed", e.EventType())
		}
		if len(values) == 0 {
			continue
		}
		sealedTypes++
		version, data, err := events.Encode(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if !Sealed(data) || Sealed([]byte(before)) {
			t.Errorf("it is not seen that %s is sealed, or that it was not", e.EventType())
		}
		for _, v := range values {
			if bytes.Contains(data, []byte(v)) {
				t.Errorf("sealed %s shows %s", e.EventType(), v)
			}
		}
		stored, err := events.Decode(e.EventType(), version, data)
		if err != nil {
			t.Fatalf("%s: %v", e.EventType(), err)
		}
		if used := Used(stored); len(used) != len(ring) {
			t.Errorf("%s uses %d keys, want %d", e.EventType(), len(used), len(ring))
		}
		opened, err := Open(stored, in(e), ring.get)
		if err != nil {
			t.Fatalf("%s: %v", e.EventType(), err)
		}
		if diff := domaintest.Diff(e, opened); diff != "" {
			t.Errorf("%s (-was +opened):\n%s", e.EventType(), diff)
		}
		if sized, err := Sized(e); err != nil || len(asJSON(t, sized)) != len(data) {
			t.Errorf("%s is sized as %d bytes, %v, and has %d", e.EventType(), len(asJSON(t, sized)), err, len(data))
		}
	}
	if sealedTypes < 30 {
		t.Errorf("only %d types of event have personal values", sealedTypes)
	}
}

func recorded() residence.PersonRecorded {
	return residence.PersonRecorded{
		PersonID: domaintest.ID[domain.PersonID]("aigul"), IIN: "999999000012", Name: "Айгүл",
		BirthDate: domain.PersonalDate{Date: domaintest.Day("1990-01-01")}, Class: residence.Citizen,
		RecordedAt: domaintest.Noon(),
	}
}

func TestAValueOpensOnlyInTheEventThatItWasSealedFor(t *testing.T) {
	e := recorded()
	ring := keyring{}
	sealed, err := Seal(e, in(e), ring.current)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Event){
		"of another id":     func(e *Event) { e.ID = uuid.New() },
		"of another type":   func(e *Event) { e.Type = "PersonForgotten" },
		"in another stream": func(e *Event) { e.Stream = "case-2" },
	} {
		elsewhere := in(e)
		change(&elsewhere)
		if opened, err := Open(sealed, elsewhere, ring.get); err == nil {
			t.Errorf("it opens in an event %s: %s", name, asJSON(t, opened))
		}
	}
	changed := sealed.(residence.PersonRecorded)
	middle, letter := len(changed.Name)/2, domain.Personal("A")
	if changed.Name[middle] == 'A' {
		letter = "B"
	}
	changed.Name = changed.Name[:middle] + letter + changed.Name[middle+1:]
	if _, err := Open(changed, in(e), ring.get); err == nil {
		t.Error("a changed value opens")
	}
	// The value of one person, written as that of another.
	other := domaintest.ID[domain.PersonID]("other")
	if _, err := ring.current(Owner(other)); err != nil {
		t.Fatal(err)
	}
	changed.Name = domain.Personal(strings.Replace(string(sealed.(residence.PersonRecorded).Name),
		e.PersonID.String(), other.String(), 1))
	if _, err := Open(changed, in(e), ring.get); err == nil {
		t.Error("a value opens as that of another person")
	}
}

// What is bound to a value can be told apart, part from part, and never changes: values that
// are in the log open by it.
func TestAValueIsBoundToOneEventAndOneKey(t *testing.T) {
	id := KeyID{Owner: Owner(domaintest.ID[domain.PersonID]("aigul")), Generation: 3}
	key, err := NewKey(id, make([]byte, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	e := Event{ID: domain.DeriveID(uuid.NameSpaceOID, "event"), Type: "PersonRecorded", Stream: "residence-1"}
	want := "tizilim s1\x00" + string(e.ID[:]) + "PersonRecorded\x00residence-1\x00" + id.String()
	if got := string(e.bind(key)); got != want {
		t.Errorf("bound to %q, want %q", got, want)
	}
}

func TestWhatIsEmptyIsNotSealed(t *testing.T) {
	evidence := domain.EvidenceOf(domaintest.ID[domain.PersonID]("aigul"), []byte("text"))
	evidence.CMS = domain.PersonalBytes{}
	signed := residence.CoOwnerConfirmed{CaseID: domaintest.ID[domain.CaseID]("case"), Evidence: evidence}
	unnamed := recorded()
	unnamed.Name = ""
	for _, e := range []domain.Event{unnamed, signed} {
		sealed, err := Seal(e, in(e), keyring{}.current)
		if err != nil {
			t.Fatal(err)
		}
		switch e := sealed.(type) {
		case residence.PersonRecorded:
			if e.Name != "" || e.IIN == unnamed.IIN {
				t.Errorf("%s", asJSON(t, e))
			}
		case residence.CoOwnerConfirmed:
			if len(e.Evidence.CMS) != 0 || e.Evidence.Text == evidence.Text {
				t.Errorf("%s", asJSON(t, e))
			}
		}
	}
}

// TestTheOwnerOfAValueIsTheNearestWhomItTellsOf: an erasure of that person takes it, and of
// nobody else.
func TestTheOwnerOfAValueIsTheNearestWhomItTellsOf(t *testing.T) {
	signer, owner, seller := domaintest.ID[domain.PersonID]("signer"), domaintest.ID[domain.PersonID]("owner"),
		domaintest.ID[domain.PersonID]("seller")
	of := domaintest.ID[domain.CaseID]("case")
	paper := domain.Basis{Number: "17-304"}
	for what, c := range map[string]struct {
		event domain.Event
		want  []Owner
	}{
		"the structure around it": {
			residence.CoOwnerConfirmed{CaseID: of, Evidence: domain.EvidenceOf(signer, []byte("text"))}, []Owner{Owner(signer)},
		},
		"whom the event names": {
			residence.OwnersChangeProposed{ProposerID: signer, Basis: paper, Former: []residence.Owner{{PersonID: owner}}},
			[]Owner{Owner(signer)},
		},
		"the first whom the event concerns": {
			residence.OwnersChangeProposed{Basis: paper, Former: []residence.Owner{{PersonID: seller}}},
			[]Owner{Owner(seller)},
		},
		"the case": {housing.ApplicationRefused{CaseID: of, Reasons: "r"}, []Owner{Owner(of)}},
		"nobody, where there is no personal value": {residence.DeathFollowed{PersonID: signer}, nil},
	} {
		t.Run(what, func(t *testing.T) {
			got, err := Owners(c.event)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestTheSameValueIsNeverSealedTheSame(t *testing.T) {
	e := recorded()
	ring := keyring{}
	first, _ := Seal(e, in(e), ring.current)
	second, _ := Seal(e, in(e), ring.current)
	if first.(residence.PersonRecorded).Name == second.(residence.PersonRecorded).Name {
		t.Error("whoever reads the log sees that two names are the same")
	}
}

func TestWithoutItsKeyAValueIsErased(t *testing.T) {
	evidence := domain.EvidenceOf(domaintest.ID[domain.PersonID]("aigul"), []byte("text"))
	evidence.CMS = []byte("cms")
	for _, e := range []domain.Event{recorded(), residence.CoOwnerConfirmed{
		CaseID: domaintest.ID[domain.CaseID]("case"), Evidence: evidence,
	}} {
		sealed, err := Seal(e, in(e), keyring{}.current)
		if err != nil {
			t.Fatal(err)
		}
		erased, err := Open(sealed, in(e), keyring{}.get)
		if err != nil {
			t.Fatal(err)
		}
		switch e := erased.(type) {
		case residence.PersonRecorded:
			if e.IIN != domain.Erased || e.Name != domain.Erased || !e.BirthDate.IsZero() ||
				!strings.Contains(asJSON(t, e), `"birth_date":"[erased]"`) || e.Class != residence.Citizen {
				t.Errorf("%s", asJSON(t, e))
			}
		case residence.CoOwnerConfirmed:
			if e.Evidence.Text != domain.Erased || e.Evidence.CMS != nil || e.Evidence.Signer.IsZero() {
				t.Errorf("%s", asJSON(t, e))
			}
		}
	}
}

func TestValuesInClearStayAsTheyAre(t *testing.T) {
	for _, text := range []domain.Personal{"Айгүл", "s1.", "s1.no.0.key", "s1.35e3b45c-2872-587c-a03c-0fcccc509f40.x.AAAA"} {
		e := recorded()
		e.Name = text
		opened, err := Open(e, in(e), keyring{}.get)
		if err != nil || opened.(residence.PersonRecorded).Name != text || opened.(residence.PersonRecorded).IIN != e.IIN {
			t.Errorf("%s became %s, %v", string(text), asJSON(t, opened), err)
		}
	}
	// A person whose name has the form of a sealed text.
	e := recorded()
	e.Name = "s1.35e3b45c-2872-587c-a03c-0fcccc509f40.0.AAAA"
	ring := keyring{}
	sealed, err := Seal(e, in(e), ring.current)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := Open(sealed, in(e), ring.get); err != nil || opened.(residence.PersonRecorded).Name != e.Name {
		t.Errorf("%s, %v", asJSON(t, opened), err)
	}
}

func TestAValueOfNobodyIsRefused(t *testing.T) {
	if owners, err := Owners(procedure.ObjectionFiled{Objection: "no"}); err == nil {
		t.Errorf("its owners are %v", owners)
	}
}

func TestAnErrorOfTheKeysIsTheErrorOfTheSealing(t *testing.T) {
	broken := errors.New("broken")
	e := recorded()
	if _, err := Seal(e, in(e), func(Owner) (*Key, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("seal: %v", err)
	}
	sealed, _ := Seal(e, in(e), keyring{}.current)
	if _, err := Open(sealed, in(e), func(KeyID) (*Key, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("open: %v", err)
	}
}

func BenchmarkSeal(b *testing.B) {
	e := recorded()
	ring := keyring{}
	for b.Loop() {
		if _, err := Seal(e, in(e), ring.current); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	e := recorded()
	ring := keyring{}
	sealed, err := Seal(e, in(e), ring.current)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(sealed, in(e), ring.get); err != nil {
			b.Fatal(err)
		}
	}
}
