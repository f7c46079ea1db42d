package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

func TestR19_EveryOwnerConsentsToARegistration(t *testing.T) {
	own := func(ids ...domain.PersonID) (list []residence.Owner) {
		for _, id := range ids {
			list = append(list, residence.Owner{PersonID: id})
		}
		return list
	}
	said := func(ids ...domain.PersonID) (list []residence.Consent) {
		for _, id := range ids {
			list = append(list, residence.Consent{PersonID: id, GivenOn: today})
		}
		return list
	}
	written := []residence.Consent{{PersonID: daur, GivenOn: today, Basis: domaintest.Basis()}}
	onPaper := rulestest.Newest(t)
	free := rulestest.Book(t, "2026-01-01", `"owners_consent":true`, `"owners_consent":false`)
	for _, c := range []struct {
		name     string
		owners   []residence.Owner
		consents []residence.Consent
		rules    rules.Book
		code     domain.Code
		field    string
	}{
		{"R19 both owners", own(daur, erlan), said(erlan, daur), rules.Book{}, "", ""},
		{"R19 one of two owners is not enough", own(daur, erlan), said(daur), rules.Book{}, domain.CodeOwnersConsent, "consents"},
		{"R19 nor is somebody else", own(daur), said(erlan), rules.Book{}, domain.CodeOwnersConsent, "consents"},
		{"R19 nor is nobody", own(daur), nil, rules.Book{}, domain.CodeOwnersConsent, "consents"},
		{"R19 a tenant's beside the owner's", own(daur), said(erlan, daur), rules.Book{}, "", ""},
		{"R19 an owner needs no consent of their own", own(aigul), nil, rules.Book{}, "", ""},
		{"R19 but that of the other owner", own(aigul, daur), nil, rules.Book{}, domain.CodeOwnersConsent, "consents"},
		{"R42 nobody registers where no owner is recorded", nil, nil, rules.Book{}, domain.CodeNobodyConsents, "dwelling_id"},
		{"R42 nor by the consent of somebody else", nil, said(erlan), rules.Book{}, domain.CodeNobodyConsents, "dwelling_id"},
		{"R19 nobody's where the edition in force asks for none", own(daur), nil, free, "", ""},
		{"R19 a consent on a paper", own(daur), written, onPaper, "", ""},
		{"R19 one that is only stated, where the edition demands a paper", own(daur), said(daur), onPaper, domain.CodeBasisRequired, "consents[0].basis"},
		{"R19 one's own, by applying", own(aigul), said(aigul), onPaper, "", ""},
		{"R19 none that is given tomorrow", own(daur), []residence.Consent{{PersonID: daur, GivenOn: day("2026-03-16")}}, rules.Book{}, domain.CodeDateInFuture, "consents[0].given_on"},
	} {
		for _, kind := range []residence.Kind{residence.Permanent, residence.Temporary} {
			t.Run(c.name+", "+string(kind), func(t *testing.T) {
				r := residence.Register{
					RegistrationID: first,
					DwellingID:     flat,
					Kind:           kind,
					From:           today,
					Consents:       c.consents,
					Dwelling:       &residence.Dwelling{ID: flat, Owners: c.owners},
					Rules:          c.rules,
				}
				if kind == residence.Temporary {
					r.Until = today.AddMonths(2)
				}
				events, err := resident().fold().Register(domaintest.Command(), r)
				if c.code != "" {
					domaintest.Refused(t, events, err, c.code, c.field)
					return
				}
				domaintest.Happened(t, events, err, residence.RegistrationBegan{
					PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: kind, From: r.From, Until: r.Until, Consents: c.consents,
				})
			})
		}
	}
}
