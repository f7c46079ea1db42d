package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// guardedOn has a guardian recorded for who the history is of, at noon of the day.
func (h history) guardedOn(id domain.PersonID, on string) history {
	return append(h[:len(h):len(h)], residence.RepresentativeRecorded{
		PersonID: h.person(), RepresentativeID: id, Kind: residence.Guardian, RecordedAt: day(on).Start(),
	})
}

// TestR32_WhoActsForAPerson on 15 March 2026.
func TestR32_WhoActsForAPerson(t *testing.T) {
	const minor, adult = "2008-03-16", "2008-03-15"
	ages := rules.Book{}.On(domaintest.Today()).Ages
	for _, c := range []struct {
		name string
		who  history
		self bool
		reps []domain.PersonID
	}{
		{"R32 nobody is recorded", history{}, true, nil},
		{"R32 an adult alone", child(adult), true, nil},
		{"R32 a minor, by both parents", child(minor).representedBy(aigul).representedBy(erlan), false, []domain.PersonID{aigul, erlan}},
		{"R32 a minor without a representative, nobody", child(minor), false, nil},
		{"R32 a minor whose parent was released, nobody", child(minor).representedBy(aigul).released(aigul), false, nil},
		{"R32 of age, whoever the parents were", child(adult).representedBy(aigul), true, nil},
		{"R32 of age, whoever was guardian of the minor", child(adult).guardedOn(aigul, "2026-03-14"), true, nil},
		{"R32 an adult with a guardian, by the guardian", child(adult).guardedOn(aigul, "2026-03-15"), false, []domain.PersonID{aigul}},
		{"R32 an adult whose guardian was released, alone", child(adult).guardedOn(aigul, "2026-03-15").released(aigul), true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.who.fold().ActorsOn(domaintest.Today(), ages)
			if got.Self != c.self || !slices.Equal(got.Representatives, c.reps) {
				t.Errorf("%+v act", got)
			}
		})
	}
}

func TestR32_AnActIsOfWhoActsForThePerson(t *testing.T) {
	alone := residence.Actors{Self: true}
	represented := residence.Actors{Representatives: []domain.PersonID{aigul, erlan}}
	nobody := domain.PersonID{}
	for _, c := range []struct {
		name   string
		actors residence.Actors
		by     domain.PersonID
		code   domain.Code
	}{
		{"R32 who acts alone, themselves", alone, nobody, ""},
		{"R32 who acts alone, nobody else", alone, aigul, domain.CodeMemberNotAllowed},
		{"R32 who is represented, not themselves", represented, nobody, domain.CodeRepresentative},
		{"R32 who is represented, by either", represented, erlan, ""},
		{"R32 who is represented, by nobody else", represented, daur, domain.CodeRepresentative},
		{"R32 where nobody is recorded, nobody", residence.Actors{}, nobody, domain.CodeRepresentative},
		{"R32 where nobody is recorded, no word of it", residence.Actors{}, aigul, domain.CodeRepresentative},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.actors.Admit(c.by, "f"); domain.CodeOf(err) != c.code {
				t.Errorf("%v, want %q", err, c.code)
			}
		})
	}
}

func TestR32_AGuardianOfAnAdultIsRecorded(t *testing.T) {
	record := func(who history, kind residence.Representation) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.RecordRepresentative(domaintest.Command(), residence.RecordRepresentative{Representative: who.fold(), Kind: kind})
		}
	}
	const adult = "2000-01-01"
	guardian := residence.RepresentativeRecorded{
		PersonID: daur, RepresentativeID: aigul, Kind: residence.Guardian, RecordedAt: domaintest.Noon(),
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R32 a guardian", Given: child(adult), When: record(resident(), residence.Guardian), Then: []domain.Event{guardian}},
		{
			Name: "R32 who was the guardian of the minor", Given: child(adult).guardedOn(aigul, "2010-01-01"),
			When: record(resident(), residence.Guardian), Then: []domain.Event{guardian},
		},
		{
			Name: "R32 not twice", Given: child(adult).guardedOn(aigul, "2020-01-01"),
			When: record(resident(), residence.Guardian), Refused: domain.CodeRepresentativeRecorded, Field: "representative_id",
		},
		{Name: "R32 no parent", Given: child(adult), When: record(resident(), residence.Parent), Refused: domain.CodeNotAMinor},
		{
			Name: "R32 no guardian who is a minor", Given: child(adult),
			When:    record(recorded(aigul, residence.Citizen, "2009-01-01"), residence.Guardian),
			Refused: domain.CodeRepresentative, Field: "representative_id",
		},
		{
			Name: "R32 no guardian who has one", Given: child(adult),
			When:    record(resident().guardedOn(daur, "2020-01-01"), residence.Guardian),
			Refused: domain.CodeRepresentative, Field: "representative_id",
		},
	})
}
