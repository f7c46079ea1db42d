package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

const newIIN domain.IIN = "900101300017"

// withoutIIN is a refugee of whom no IIN is recorded.
func withoutIIN() history {
	return history{residence.PersonRecorded{
		PersonID: erlan, Name: "Ерлан", BirthDate: domain.PersonalDate{Date: day("1990-01-01")}, Class: residence.Refugee,
		RecordedAt: domaintest.Noon(),
	}}
}

func giveIIN(iin domain.IIN, basis domain.Basis, accept ...domain.Code) residence.GiveIIN {
	return residence.GiveIIN{
		PersonID: erlan, IIN: iin, Basis: basis, Accept: accept, ID: domaintest.Command().ID,
	}
}

func TestR28_AnIINComesLaterOrIsReplacedByADocument(t *testing.T) {
	claim := domain.EventRef{Stream: daur.Stream(), Revision: 0}
	record := func(c residence.GiveIIN) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) { return p.RecordIIN(domaintest.Command(), c, claim) }
	}
	given := residence.IINRecorded{
		PersonID: erlan, IIN: newIIN, Claim: claim, Basis: certificate(), RecordedAt: domaintest.Noon(),
	}
	again := given
	again.IIN, again.Was, again.Accepted = "880506300019", newIIN, []domain.Code{domain.CodeIINBirthDate}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R28 an IIN comes later",
			Given: withoutIIN(),
			When:  record(giveIIN(newIIN, certificate())),
			Then:  []domain.Event{given},
		},
		{
			Name:  "R28 R25 it is replaced, and the contradiction is answered",
			Given: append(withoutIIN(), given),
			When:  record(giveIIN("880506300019", certificate(), domain.CodeIINBirthDate)),
			Then:  []domain.Event{again},
		},
		{
			Name:    "R28 R25 a contradiction must be answered",
			Given:   withoutIIN(),
			When:    record(giveIIN("880506300019", certificate())),
			Refused: domain.CodeWarningsOpen,
			Field:   "accept",
		},
		{
			Name:    "R28 by a document",
			Given:   withoutIIN(),
			When:    record(giveIIN(newIIN, domain.Basis{})),
			Refused: domain.CodeBasisRequired,
			Field:   "basis",
		},
		{
			Name:    "R28 not the one that the person has",
			Given:   append(withoutIIN(), given),
			When:    record(giveIIN(newIIN, certificate())),
			Refused: domain.CodeNothingChanges,
			Field:   "iin",
		},
		{
			Name:    "R28 nobody who is not recorded gets one",
			When:    record(giveIIN(newIIN, certificate())),
			Refused: domain.CodePersonUnknown,
		},
	})
}

func TestR28_OneIINMeansOnePerson(t *testing.T) {
	claim := func(c residence.GiveIIN) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.ClaimIIN(domaintest.Command(), c, []domain.Code{domain.CodeIINBirthDate})
		}
	}
	c := giveIIN(newIIN, certificate())
	claimed := residence.IINClaimed{
		PersonID: erlan, IIN: newIIN, ClaimID: c.ID, Basis: c.Basis, Accepted: []domain.Code{domain.CodeIINBirthDate},
		ClaimedAt: domaintest.Noon(),
	}
	void := residence.IINClaimVoided{
		PersonID: erlan, ClaimID: c.ID, Code: domain.CodePersonUnknown, VoidedAt: domaintest.Noon(),
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R28 an IIN of nobody", When: claim(c), Then: []domain.Event{claimed}},
		{Name: "R28 of another person", Given: resident(), When: claim(c), Refused: domain.CodeIINTaken, Field: "iin"},
		{
			Name:    "R28 of one whose values were erased",
			Given:   append(resident(), residence.PersonErased{PersonID: aigul}),
			When:    claim(c),
			Refused: domain.CodeIINTaken,
			Field:   "iin",
		},
		{
			Name:    "R28 given by another desk at the same moment",
			Given:   []domain.Event{claimed},
			When:    claim(c),
			Refused: domain.CodeNothingChanges,
			Field:   "iin",
		},
		{
			Name:    "R28 given to another person",
			Given:   []domain.Event{claimed},
			When:    claim(residence.GiveIIN{PersonID: daur, IIN: newIIN, Basis: certificate(), ID: c.ID}),
			Refused: domain.CodeIINTaken,
			Field:   "iin",
		},
		{Name: "R28 free after a void claim", Given: []domain.Event{claimed, void}, When: claim(c), Then: []domain.Event{claimed}},
		{
			Name:  "R28 a claim is voided once",
			Given: []domain.Event{claimed, void},
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.VoidIINClaim(domaintest.Command(), c.ID, domain.CodePersonUnknown)
			},
			Refused: domain.CodeNotDue,
		},
		{
			Name:  "R28 nobody is recorded with an IIN that means another",
			Given: []domain.Event{claimed},
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.Record(domaintest.Command(), residence.RecordPerson{
					PersonID: daur, IIN: newIIN, Name: "Дәурен", BirthDate: day("1990-01-01"), Class: residence.Citizen,
				})
			},
			Refused: domain.CodePersonRecorded,
			Field:   "iin",
		},
	})
}
