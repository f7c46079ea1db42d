package projections

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

var nameKeyOfTests = domain.PersonIDKey("a key that no registry has")

func calledSo(name domain.Personal, birth domain.Date) residence.PersonData {
	return residence.PersonData{Name: name, BirthDate: domain.PersonalDate{Date: birth}}
}

// called records a person with the name.
func (s *script) called(n int, name domain.Personal, birth domain.Date) {
	s.add(personID(n).Stream(), residence.PersonRecorded{
		PersonID: personID(n), Class: residence.Refugee, RecordedAt: s.now,
		NameKeys: residence.NameKeysOf(nameKeyOfTests, calledSo(name, birth)),
	})
}

// soughtBy are the keys of a search.
func soughtBy(name domain.Personal, birth domain.Date) [][]residence.NameKey {
	return residence.Sought{Name: name, BirthDate: domain.PersonalDate{Date: birth}}.Keys(nameKeyOfTests)
}

func TestR53_APersonIsFoundByWordsOfTheNameAndTheBirthDate(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		born, other := domain.NewDate(1990, 5, 17), domain.NewDate(1990, 5, 18)
		s := newScript()
		s.called(1, "Айгүл Серікқызы Әбенова", born)
		s.called(2, "Айгүл Серікқызы Ким", born)
		s.called(3, "Айгүл Серікқызы Әбенова", other)
		s.called(4, "Әбенова", born)
		s.add(personID(2).Stream(), residence.PersonDataChanged{
			PersonID: personID(2), NameKeys: residence.NameKeysOf(nameKeyOfTests, calledSo("Айгүл Цой", born)),
		})
		r := projected(t, client, s)
		for _, c := range []struct {
			name  domain.Personal
			birth domain.Date
			want  []int
		}{
			{"Абенова", born, []int{1, 4}}, {"Abenova Aigul", born, []int{1}}, {"Айгуль", born, []int{1, 2}},
			{"Айгуль", other, []int{3}}, {"Ким", born, []int{2}}, {"Цой Айгуль", born, []int{2}}, {"Ким", other, nil},
			{"Айгуль Сериковна", born, nil},
		} {
			got, err := r.Named(context.Background(), soughtBy(c.name, c.birth))
			var want []domain.PersonID
			for _, n := range c.want {
				want = append(want, personID(n))
			}
			slices.SortFunc(want, func(a, b domain.PersonID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s of %s finds %v, %v; want %v", string(c.name), c.birth, got, err, want)
			}
		}
	})
}

func TestR53_ASearchByANameLooksAtABoundedNumberOfPersons(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		born := domain.NewDate(1990, 5, 17)
		s := newScript()
		for n := range namesAtOnce {
			s.called(n, "Мұхаммед Әбу", born)
		}
		s.called(namesAtOnce, "Мұхаммед Ерлан", born)
		for n := range maxNamed {
			s.called(namesAtOnce+1+n, domain.Personal(fmt.Sprintf("Мұхаммед Ким %d", n)), born)
		}
		s.called(2*namesAtOnce, "Цой Ким", born)
		r := projected(t, client, s)
		for _, c := range []struct {
			name domain.Personal
			want int
			code domain.Code
		}{
			{"Мұхаммед", 0, domain.CodeNameTooWide}, {"Әбу", 0, domain.CodeNameTooWide},
			{"Мұхаммед Ерлан", 1, ""}, {"Ерлан Мұхаммед", 1, ""}, {"Мұхаммед Ким", maxNamed, ""}, {"Ким", 0, domain.CodeNameTooWide},
		} {
			found, err := r.Named(context.Background(), soughtBy(c.name, born))
			if len(found) != c.want || domain.CodeOf(err) != c.code {
				t.Errorf("%s finds %d, %v; want %d, %q", string(c.name), len(found), err, c.want, c.code)
			}
		}
	})
}
