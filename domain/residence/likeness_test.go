package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestR29_WhoMayBeRecordedAlreadyIsComparedAndTheAnswerIsKept(t *testing.T) {
	key := domain.PersonIDKey("a key that no registry has")
	alike := residence.LikenessOf(key, data("Ерлан", "1990-01-01", "", residence.Refugee))
	record := func(iin domain.IIN, accept ...domain.Code) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.Record(domaintest.Command(), residence.RecordPerson{
				PersonID: erlan, IIN: iin, Name: "Ерлан", BirthDate: day("1990-01-01"), Class: residence.Refugee, Accept: accept,
				Likeness: alike, Alike: []domain.PersonID{daur},
			})
		}
	}
	seen := withoutIIN()[0].(residence.PersonRecorded)
	seen.Likeness, seen.Alike = alike, []domain.PersonID{daur}
	identified := seen
	identified.IIN = newIIN
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R29 warned", When: record(""), Refused: domain.CodeWarningsOpen, Field: "accept"},
		{Name: "R29 answered", When: record("", domain.CodePersonAlike), Then: []domain.Event{seen}},
		{Name: "R29 an IIN tells them apart", When: record(newIIN), Then: []domain.Event{identified}},
	})
}

func TestR29_ALikenessRestsOnNameBirthDateAndKeyAlone(t *testing.T) {
	key := domain.PersonIDKey("a key that no registry has")
	of := data("Ерлан Қали", "1990-01-01", "", residence.Refugee)
	same := data("ЕРЛАН ҚАЛИ", "1990-01-01", residence.BirthYear, residence.Citizen)
	if residence.LikenessOf(key, of) != residence.LikenessOf(key, same) {
		t.Error("case, class or what is known of the birth date makes a difference")
	}
	for name, other := range map[string]residence.Likeness{
		"the name":       residence.LikenessOf(key, data("Ерлан Кали", "1990-01-01", "", residence.Refugee)),
		"the birth date": residence.LikenessOf(key, data("Ерлан Қали", "1990-01-02", "", residence.Refugee)),
		"the key":        residence.LikenessOf(domain.PersonIDKey("another key"), of),
	} {
		if other == residence.LikenessOf(key, of) {
			t.Errorf("%s makes no difference", name)
		}
	}
}
