package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestR12_R19_Q20_TheRegistrationOfAProvision(t *testing.T) {
	provision := domaintest.ID[domain.CaseID]("provision")
	id := domaintest.ID[domain.RegistrationID]("provided")
	owned := &residence.Dwelling{
		ID:     flat,
		Owners: []residence.Owner{{PersonID: domaintest.ID[domain.PersonID]("owner")}},
	}
	of := func(by domain.CaseID) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.RegisterProvided(domaintest.Command(), residence.Register{
				RegistrationID: id, DwellingID: flat, Kind: residence.Permanent, From: domaintest.Today(), Dwelling: owned, Provision: by,
			})
		}
	}
	declined := func(code domain.Code) []domain.Event {
		return []domain.Event{
			residence.RegistrationDeclined{
				PersonID:   aigul,
				DwellingID: flat,
				CaseID:     provision,
				Code:       code,
				DeclinedAt: domaintest.Noon(),
			},
		}
	}
	wordless := func(do func(*residence.Person) ([]domain.Event, error)) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			events, err := do(p)
			for i, e := range events {
				if d, ok := e.(residence.RegistrationDeclined); ok && d.Reason != "" {
					d.Reason = "" // a sentence; its code is what is specified
					events[i] = d
				}
			}
			return events, err
		}
	}
	began := residence.RegistrationBegan{
		PersonID:       aigul,
		RegistrationID: id,
		DwellingID:     flat,
		Kind:           residence.Permanent,
		From:           domaintest.Today(),
		CaseID:         provision,
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R19 a provision is the consent of the owner",
			Given: resident(),
			When:  of(provision),
			Then:  []domain.Event{began},
		},
		{
			Name:  "Q20 what cannot be is recorded, with its code",
			Given: append(resident(), began),
			When:  wordless(of(provision)),
			Then:  declined(domain.CodeRegisteredHere),
		},
	})
}
