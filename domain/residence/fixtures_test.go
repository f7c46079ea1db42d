package residence_test

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

var (
	day   = domaintest.Day
	today = domaintest.Today() // 15 March 2026

	aigul  = domaintest.ID[domain.PersonID]("aigul")
	daur   = domaintest.ID[domain.PersonID]("daur")
	erlan  = domaintest.ID[domain.PersonID]("erlan")
	flat   = domaintest.ID[domain.DwellingID]("flat")
	house  = domaintest.ID[domain.DwellingID]("house")
	dacha  = domaintest.ID[domain.DwellingID]("dacha")
	caseID = domaintest.ID[domain.CaseID]("case")
	first  = domaintest.ID[domain.RegistrationID]("first")
	again  = domaintest.ID[domain.RegistrationID]("second")
	third  = domaintest.ID[domain.RegistrationID]("third")
)

// history is what has been recorded of one person, ready for more.
type history []domain.Event

func recorded(id domain.PersonID, class residence.Class, birth string) history {
	return history{residence.PersonRecorded{
		PersonID: id, IIN: "900101300017", Name: "Айгүл", BirthDate: domain.PersonalDate{Date: day(birth)}, Class: class, RecordedAt: domaintest.Noon(),
	}}
}

// resident is Aigul, a citizen born in 1990.
func resident() history { return recorded(aigul, residence.Citizen, "1990-01-01") }

func (h history) person() domain.PersonID { return h[0].(residence.PersonRecorded).PersonID }

func (h history) permanent(id domain.RegistrationID, at domain.DwellingID, from string) history {
	return append(slices.Clip(h), residence.RegistrationBegan{
		PersonID: h.person(), RegistrationID: id, DwellingID: at, Kind: residence.Permanent, From: day(from),
	})
}

func (h history) temporary(id domain.RegistrationID, at domain.DwellingID, from, until string) history {
	return append(slices.Clip(h), residence.RegistrationBegan{
		PersonID: h.person(), RegistrationID: id, DwellingID: at, Kind: residence.Temporary, From: day(from), Until: day(until),
	})
}

func (h history) ended(
	id domain.RegistrationID,
	at domain.DwellingID,
	kind residence.Kind,
	why residence.Reason,
	on string,
) history {
	return append(slices.Clip(h), residence.RegistrationEnded{
		PersonID: h.person(), RegistrationID: id, DwellingID: at, Kind: kind, Reason: why, On: day(on),
	})
}

func (h history) fold() *residence.Person { return domaintest.Fold[residence.Person](h...) }
