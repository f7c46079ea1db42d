package housing_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/rules"
)

// TestQ24_KinshipThatCannotBeIsRefused by every act that names a family. Today is 15 March 2026.
func TestQ24_KinshipThatCannotBeIsRefused(t *testing.T) {
	births := map[domain.PersonID]string{
		aigul: "1990-01-01", daur: "1989-12-31", erlan: "2010-03-16", gulnar: "2010-03-15", child: "1990-01-01",
	}
	born := func(p domain.PersonID) domain.Date {
		if births[p] == "" {
			return domain.Date{}
		}
		return day(births[p])
	}
	member := func(p domain.PersonID, r housing.Relation) housing.FamilyMember {
		return housing.FamilyMember{PersonID: p, Relation: r}
	}
	unknown := domaintest.ID[domain.PersonID]("of unknown age")
	for _, c := range []struct {
		name   string
		family []housing.FamilyMember
		code   domain.Code
	}{
		{"a spouse and a child", []housing.FamilyMember{member(daur, housing.Spouse), member(gulnar, housing.Child)}, ""},
		{"two spouses", []housing.FamilyMember{member(gulnar, housing.Spouse), member(daur, housing.Spouse)}, domain.CodeKinshipImpossible},
		{"a spouse of 15", []housing.FamilyMember{member(erlan, housing.Spouse)}, domain.CodeKinshipImpossible},
		{"a spouse of 16", []housing.FamilyMember{member(gulnar, housing.Spouse)}, ""},
		{"a child born before the holder", []housing.FamilyMember{member(daur, housing.Child)}, domain.CodeKinshipImpossible},
		{"a disabled child born before the holder", []housing.FamilyMember{member(daur, housing.DisabledChild)}, domain.CodeKinshipImpossible},
		{"a stepchild as old as the holder", []housing.FamilyMember{member(child, housing.Child)}, ""},
		{"nobody knows how old", []housing.FamilyMember{member(unknown, housing.Spouse)}, ""},
	} {
		for act, do := range map[string]func() ([]domain.Event, error){
			"an application": func() ([]domain.Event, error) {
				return new(housing.Application).Receive(domaintest.Command(), housing.ReceiveApplication{
					CaseID: caseID, ListID: list, ApplicantID: aigul, Family: c.family, Language: domain.Kazakh,
					Signature: domain.SignatureHandwritten, Born: born,
				}, opened().fold(), func(domain.PersonID) bool { return true })
			},
			"a reported change": func() ([]domain.Event, error) {
				return opened().placed(a, aigul, longAg, 1).fold().ReportChange(domaintest.Command(), housing.ReportChange{
					EntryID: a, Kind: housing.FamilyChanged, Family: c.family, HappenedOn: day("2026-03-06"), Born: born,
					Papers: housingtest.Papers(nil, c.family),
				}, rules.Book{})
			},
		} {
			events, err := do()
			if domain.CodeOf(err) != c.code || c.code == "" && len(events) == 0 {
				t.Errorf("Q24 %s, %s: %v", act, c.name, err)
			}
		}
	}
}
