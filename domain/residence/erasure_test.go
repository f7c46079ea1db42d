package residence

import (
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

func TestC22_APersonIsErasedOnlyWhereNothingNeedsTheirData(t *testing.T) {
	person := domaintest.ID[domain.PersonID]("aigul")
	recorded := PersonRecorded{
		PersonID: person, Name: "Айгүл", Class: Citizen, BirthDate: domain.PersonalDate{Date: domaintest.Day("1990-01-01")},
	}
	hold := HoldPlaced{PersonID: person, HoldID: uuid.NameSpaceDNS, Basis: "ruling 7"}
	lifted := HoldLifted{PersonID: person, HoldID: uuid.NameSpaceDNS, Basis: "decision 8"}
	own := []domain.CaseID{domaintest.ID[domain.CaseID]("case")}
	old := Matters{OwnCases: own, LastEvent: domaintest.Today().AddMonths(-60)}
	done := PersonErased{
		PersonID: person, Basis: RetentionOver, Reference: "order 15", Cases: own, Edition: rules.Book{}.On(domaintest.Today()).ID,
		ErasedAt: domaintest.Noon(),
	}
	erase := func(change func(*Matters)) func(*Person) ([]domain.Event, error) {
		m := old
		change(&m)
		return func(p *Person) ([]domain.Event, error) {
			return p.Erase(domaintest.Command(), Erase{Basis: RetentionOver, Reference: "order 15", Matters: m})
		}
	}
	nothing := erase(func(*Matters) {})
	barred := domain.CodeErasureBarred
	domaintest.Run[Person](t, []domaintest.Spec[Person]{
		{Name: "C22 the term has passed", Given: []domain.Event{recorded}, When: nothing, Then: []domain.Event{done}},
		{Name: "C22 a day too early", Given: []domain.Event{recorded}, Refused: barred, When: erase(func(m *Matters) {
			m.LastEvent = m.LastEvent.AddDays(1)
		})},
		{Name: "C22 an edition that names no term", Given: []domain.Event{recorded}, Refused: barred,
			When: func(p *Person) ([]domain.Event, error) {
				none := rulestest.Book(t, "2026-01-01", `,"retention":{"years":5}`, ``)
				return p.Erase(domaintest.Command(), Erase{Basis: CourtOrder, Reference: "order 15", Matters: old, Rules: none})
			}},
		{Name: "C22 an entry", Given: []domain.Event{recorded}, Refused: barred, When: erase(func(m *Matters) {
			m.Entries = []domain.ListEntry{{}}
		})},
		{Name: "C22 an open case", Given: []domain.Event{recorded}, Refused: barred, When: erase(func(m *Matters) {
			m.OpenCases = own
		})},
		{Name: "C22 a lease", Given: []domain.Event{recorded}, Refused: barred, When: erase(func(m *Matters) {
			m.Leases = []domain.DwellingID{{}}
		})},
		{Name: "C22 a registration", Given: []domain.Event{recorded, RegistrationBegan{
			PersonID: person, Kind: Permanent, From: domaintest.Day("2020-01-01"),
		}}, Refused: barred, When: nothing},
		{Name: "C22 a hold", Given: []domain.Event{recorded, hold}, Refused: barred, When: nothing},
		{Name: "C22 a hold that was lifted", Given: []domain.Event{recorded, hold, lifted}, When: nothing, Then: []domain.Event{done}},
		{Name: "C22 somebody unknown", Refused: domain.CodePersonUnknown, When: nothing},
		{Name: "C22 twice", Given: []domain.Event{recorded, done}, Refused: domain.CodePersonUnknown, When: nothing},
		{Name: "C22 recorded again after it", Given: []domain.Event{recorded, done, recorded}, When: nothing, Then: []domain.Event{done}},
		{Name: "C22 no such basis", Given: []domain.Event{recorded}, Refused: domain.CodeValueUnknown, Field: "basis",
			When: func(p *Person) ([]domain.Event, error) {
				return p.Erase(domaintest.Command(), Erase{Basis: "a whim", Matters: old})
			}},
		{Name: "C22 a hold on nobody", Refused: domain.CodePersonUnknown, When: func(p *Person) ([]domain.Event, error) {
			return p.PlaceHold(domaintest.Command(), PlaceHold{Basis: "ruling 7"})
		}},
		{Name: "C22 a hold is lifted once", Given: []domain.Event{recorded, hold, lifted}, Refused: domain.CodeHoldUnknown, Field: "hold_id",
			When: func(p *Person) ([]domain.Event, error) {
				return p.LiftHold(domaintest.Command(), LiftHold{HoldID: uuid.NameSpaceDNS, Basis: "decision 8"})
			}},
		{Name: "C22 its keys are destroyed", Given: []domain.Event{recorded, done}, Then: []domain.Event{
			ErasureCompleted{PersonID: person, CompletedAt: domaintest.Noon()},
		}, When: func(p *Person) ([]domain.Event, error) { return p.CompleteErasure(domaintest.Command()) }},
	})
	after := domaintest.Fold[Person](recorded, ContactsConfirmed{PersonID: person, Phone: "+77010000000"}, done)
	if after.Name != "" || !after.BirthDate.IsZero() || after.Contacts.Phone != "" || after.Known() {
		t.Error("the state of an erased person has personal values")
	}
}

func TestC22_AHoldThatIsLiftedStandsInAnEarlierStateStill(t *testing.T) {
	person := domaintest.ID[domain.PersonID]("aigul")
	first, second := uuid.NameSpaceDNS, uuid.NameSpaceURL
	before := domaintest.Fold[Person](PersonRecorded{PersonID: person, Name: "Айгүл", Class: Citizen},
		HoldPlaced{PersonID: person, HoldID: first}, HoldPlaced{PersonID: person, HoldID: second})
	after := before.Clone()
	after.Apply(domaintest.Recorded(3, HoldLifted{PersonID: person, HoldID: first}))
	if got := before.Holds(); len(got) != 2 || got[0] != first || got[1] != second {
		t.Errorf("the state before it has the holds %v", got)
	}
	if got := after.Holds(); len(got) != 1 || got[0] != second {
		t.Errorf("the state after it has the holds %v", got)
	}
}
