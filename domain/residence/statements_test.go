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

// TestQ19_OneBodyKeepsADwellingOfTheStock: who took it first. In the events of earlier versions also
// who let it first, until that lease was voided.
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
		{"Q19 nobody's", []domain.Event{known}, another, "", domain.CodeDwellingNotInStock},
		{"Q19 not recorded", nil, another, domain.CodeDwellingUnknown, domain.CodeDwellingUnknown},
		{"Q19 one's own", []domain.Event{known, taken}, keeping, domain.CodeNothingChanges, ""},
		{"Q19 another's", []domain.Event{known, taken}, another, domain.CodeNotYourBody, domain.CodeNotYourBody},
		{"Q19 what another has let", []domain.Event{known, leased, ended}, another, domain.CodeNotYourBody, domain.CodeNotYourBody},
		{"Q19 what one has let", []domain.Event{known, leased, ended}, keeping, domain.CodeNothingChanges, ""},
		{"Q19 a first lease that was voided", []domain.Event{known, leased, voided}, another, "", domain.CodeDwellingNotInStock},
		{"Q19 a later one that was voided", []domain.Event{known, taken, leased, voided}, another, domain.CodeNotYourBody, domain.CodeNotYourBody},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](c.given...)
			cmd := domaintest.Command()
			cmd.BodyID, cmd.Role = c.by, domain.RoleCommission
			events, err := d.TakeIntoStock(cmd, residence.TakeIntoStock{Basis: paper})
			if got := domain.CodeOf(err); got != c.take {
				t.Errorf("to take it: %q, want %q", got, c.take)
			}
			if c.take == "" {
				domaintest.Happened(t, events, err, residence.TakenIntoStock{DwellingID: flat, BodyID: c.by, Basis: paper, TakenAt: cmd.Now})
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

// TestQ19_WhatOthersThanTheStateOwnIsTakenAndLetOnlyByTheirDocument: a commission cannot give
// somebody's home away by its word, and new owners have to give it again.
func TestQ19_WhatOthersThanTheStateOwnIsTakenAndLetOnlyByTheirDocument(t *testing.T) {
	known := residence.DwellingRecorded{DwellingID: flat}
	owned := func(owners ...residence.Owner) domain.Event {
		return residence.OwnersChanged{DwellingID: flat, Owners: owners, On: day("2020-01-01")}
	}
	taken := func(basis domain.Basis, owners ...domain.PersonID) residence.TakenIntoStock {
		return residence.TakenIntoStock{
			DwellingID: flat, BodyID: keeping, Owners: owners, Basis: basis, TakenAt: domaintest.Noon(),
		}
	}
	none := domain.Basis{}
	state := residence.Owner{Kind: residence.State, BIN: "990240000016", Name: "Әкімдік"}
	company := residence.Owner{Kind: residence.Company, BIN: "990240000017", Name: "ЖШС", AgentID: daur}
	estate := residence.Owner{Kind: residence.Estate, DeceasedID: erlan}
	person := residence.Owner{PersonID: aigul}
	for _, c := range []struct {
		name  string
		given []domain.Event
		basis domain.Basis
		take  domain.Code
		event residence.TakenIntoStock // where it is taken
		let   domain.Code
	}{
		{"Q36 the state's by word", []domain.Event{known, owned(state)}, none, domain.CodeBasisRequired, residence.TakenIntoStock{}, domain.CodeDwellingNotInStock},
		{"Q36 nobody's by word", []domain.Event{known}, none, domain.CodeBasisRequired, residence.TakenIntoStock{}, domain.CodeDwellingNotInStock},
		{"Q19 the state's", []domain.Event{known, owned(state)}, certificate(), "", taken(certificate()), domain.CodeDwellingNotInStock},
		{"Q19 nobody's", []domain.Event{known}, certificate(), "", taken(certificate()), domain.CodeDwellingNotInStock},
		{"Q19 a person's by word", []domain.Event{known, owned(person)}, none, domain.CodeBasisRequired, residence.TakenIntoStock{}, domain.CodeDwellingNotGiven},
		{"Q19 a person's by a contract", []domain.Event{known, owned(person)}, certificate(), "", taken(certificate(), aigul), domain.CodeDwellingNotGiven},
		{"Q19 a company's by word", []domain.Event{known, owned(company)}, none, domain.CodeBasisRequired, residence.TakenIntoStock{}, domain.CodeDwellingNotGiven},
		{"Q19 an estate's by word", []domain.Event{known, owned(estate)}, none, domain.CodeBasisRequired, residence.TakenIntoStock{}, domain.CodeDwellingNotGiven},
		{"Q19 the state's in part", []domain.Event{known, owned(state, company, person, person)}, certificate(), "", taken(certificate(), daur, aigul), domain.CodeDwellingNotGiven},
		{"Q19 what was given", []domain.Event{known, owned(person), taken(certificate(), aigul)}, certificate(), domain.CodeNothingChanges, residence.TakenIntoStock{}, ""},
		{"Q19 what was the state's when it was taken", []domain.Event{known, owned(state), taken(none), owned(person)}, none, domain.CodeBasisRequired, residence.TakenIntoStock{}, domain.CodeDwellingNotGiven},
		{"Q19 what new owners give again", []domain.Event{known, owned(person), taken(certificate(), aigul), owned(company)}, certificate(), "", taken(certificate(), daur), domain.CodeDwellingNotGiven},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Dwelling](c.given...)
			cmd := domaintest.Command()
			cmd.BodyID, cmd.Role = keeping, domain.RoleCommission
			events, err := d.TakeIntoStock(cmd, residence.TakeIntoStock{Basis: c.basis})
			if got := domain.CodeOf(err); got != c.take {
				t.Errorf("to take it: %q, want %q", got, c.take)
			}
			if c.take == "" {
				domaintest.Happened(t, events, err, c.event)
			}
			let := residence.Let{PersonID: daur, BodyID: keeping, On: today, Decided: 1000}
			if _, err := d.Let(cmd, let); domain.CodeOf(err) != c.let {
				t.Errorf("to let it: %v, want %q", err, c.let)
			}
		})
	}
	t.Run("Q19 a decision from before it was given", func(t *testing.T) {
		d := domaintest.Fold[residence.Dwelling](known, owned(person), taken(certificate(), aigul)) // at position 102
		_, err := d.Let(domaintest.Command(), residence.Let{PersonID: daur, BodyID: keeping, On: today, Decided: 101})
		domaintest.Refused(t, nil, err, domain.CodeDwellingNotGiven, "dwelling_id")
	})
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
