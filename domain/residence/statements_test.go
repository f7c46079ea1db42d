package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

var (
	keeping = domaintest.ID[domain.BodyID]("keeping")
	another = domaintest.ID[domain.BodyID]("another")
)

// TestQ19_OneBodyKeepsADwellingOfTheStock: who takes it or lets it first, until a lease is
// voided that made it the keeper.
func TestQ19_OneBodyKeepsADwellingOfTheStock(t *testing.T) {
	known := residence.DwellingRecorded{DwellingID: flat}
	taken := residence.TakenIntoStock{DwellingID: flat, BodyID: keeping, TakenAt: domaintest.Noon()}
	leased := residence.LeaseBegan{
		DwellingID: flat, PersonID: aigul, BodyID: keeping, On: today, BeganAt: domaintest.Noon(),
	}
	ended := residence.LeaseEnded{DwellingID: flat, PersonID: aigul, On: today, EndedAt: domaintest.Noon()}
	voided := residence.LeaseVoided{DwellingID: flat, PersonID: aigul, VoidedAt: domaintest.Noon()}
	for _, c := range []struct {
		name  string
		given []domain.Event
		by    domain.BodyID
		take  domain.Code // "" where it is taken
		let   domain.Code // "" where it is let
	}{
		{"Q19 nobody's", []domain.Event{known}, another, "", ""},
		{"Q19 not recorded", nil, another, domain.CodeDwellingUnknown, domain.CodeDwellingUnknown},
		{"Q19 one's own", []domain.Event{known, taken}, keeping, domain.CodeNothingChanges, ""},
		{"Q19 another's", []domain.Event{known, taken}, another, domain.CodeNotYourBody, domain.CodeNotYourBody},
		{"Q19 what another has let", []domain.Event{known, leased, ended}, another, domain.CodeNotYourBody, domain.CodeNotYourBody},
		{"Q19 what one has let", []domain.Event{known, leased, ended}, keeping, domain.CodeNothingChanges, ""},
		{"Q19 a first lease that was voided", []domain.Event{known, leased, voided}, another, "", ""},
		{"Q19 a later one that was voided", []domain.Event{known, taken, leased, voided}, another, domain.CodeNotYourBody, domain.CodeNotYourBody},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](c.given...)
			cmd := domaintest.Command()
			cmd.BodyID = c.by
			events, err := d.TakeIntoStock(cmd)
			if got := domain.CodeOf(err); got != c.take {
				t.Errorf("to take it: %q, want %q", got, c.take)
			}
			if c.take == "" {
				domaintest.Happened(t, events, err, residence.TakenIntoStock{DwellingID: flat, BodyID: c.by, TakenAt: cmd.Now})
			}
			events, err = d.Let(cmd, residence.Let{PersonID: daur, BodyID: c.by, On: today, Decided: 1000})
			if got := domain.CodeOf(err); got != c.let {
				t.Errorf("to let it: %q, want %q", got, c.let)
			}
			if c.let == "" {
				domaintest.Happened(t, events, err, residence.LeaseBegan{
					DwellingID: flat, PersonID: daur, BodyID: c.by, On: today, BeganAt: cmd.Now,
				})
			}
		})
	}
}

// TestR19_AnOwnerWhoseConsentIsStatedIsASubject of the registration, and the person who
// registers is one once.
func TestR19_AnOwnerWhoseConsentIsStatedIsASubject(t *testing.T) {
	e := residence.RegistrationBegan{PersonID: aigul, DwellingID: flat, Consents: []residence.Consent{
		{PersonID: daur}, {PersonID: aigul}, {PersonID: daur},
	}}
	if diff := domaintest.Diff([]domain.PersonID{aigul, daur}, e.Concerns().Persons); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}
