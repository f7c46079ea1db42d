package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// TestR43_TheApplicationInFreeFormNamesEachPersonWhomItRemoves: what the paper says and what
// the desk enters are compared.
func TestR43_TheApplicationInFreeFormNamesEachPersonWhomItRemoves(t *testing.T) {
	stays := recorded(erlan, residence.Citizen, "1986-05-05").permanent(again, flat, "2020-01-01")
	both := living(recorded(daur, residence.Citizen, "1985-05-05").permanent(first, flat, "2020-01-01"), stays)
	paper := func(named ...domain.PersonID) domain.Document {
		return domain.Document{Type: domain.DocumentApplication, Persons: named}
	}
	about := func(p domain.PersonID) domain.Document {
		return domain.Document{Type: domain.DocumentApplication, PersonID: p}
	}
	other := domain.Document{Type: domain.DocumentOther, Persons: []domain.PersonID{daur, erlan}}
	for _, c := range []struct {
		name    string
		persons func(*application)
		papers  []domain.Document
		refused []string // the members at fault
	}{
		{"R43 names the one", nil, []domain.Document{about(daur)}, nil},
		{"R43 names him in a list", nil, []domain.Document{paper(erlan, daur)}, nil},
		{"R43 names nobody", nil, []domain.Document{paper()}, []string{"persons[0]"}},
		{"R43 names another", nil, []domain.Document{about(erlan)}, []string{"persons[0]"}},
		{"R43 names the owner who applies", nil, []domain.Document{about(aigul)}, []string{"persons[0]"}},
		{"R43 names one of two", both, []domain.Document{paper(daur)}, []string{"persons[1]"}},
		{"R43 names neither", both, []domain.Document{paper(aigul)}, []string{"persons[0]", "persons[1]"}},
		{"R43 names both", both, []domain.Document{paper(erlan, daur)}, nil},
		{"R43 each in a paper", both, []domain.Document{about(erlan), about(daur)}, nil},
		{"R43 another paper names them", both, []domain.Document{paper(daur), other}, []string{"persons[1]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := applied()
			if c.persons != nil {
				a = applied(c.persons)
			}
			a.c.Documents = append([]domain.Document{{Type: domain.DocumentIdentityCard, PersonID: aigul}}, c.papers...)
			got, err := a.receive()
			if c.refused == nil {
				domaintest.Happened(t, got, err, a.received())
				return
			}
			domaintest.Refused(t, got, err, domain.CodeNotNamed, c.refused[0])
			also := err.(*domain.Error).Also
			if len(also) != len(c.refused)-1 || len(also) == 1 && also[0].Field != c.refused[1] {
				t.Errorf("the refusal also names %v, want %v", also, c.refused[1:])
			}
		})
	}
}

// TestR45_ACourtDecisionIsHandedInByWhoIsEntitledTo walks who is.
func TestR45_ACourtDecisionIsHandedInByWhoIsEntitledTo(t *testing.T) {
	gulnar := domaintest.ID[domain.PersonID]("gulnar")
	verdict := domain.Document{Type: domain.DocumentCourtDecision, PersonID: daur, DwellingID: flat, InForceOn: today}
	for _, c := range []struct {
		name   string
		change func(*application)
		code   domain.Code
	}{
		{"R45 an owner", func(*application) {}, ""},
		{"R45 who speaks for an owner", ownedWith(residence.Owner{Kind: residence.Company, BIN: "990140000019", AgentID: aigul}), ""},
		{"R45 a stranger", ownedWith(residence.Owner{PersonID: gulnar}), domain.CodeNotEntitled},
		{"R45 who was an owner", func(a *application) {
			a.dwelling = append(a.dwelling, owners("2026-03-14", residence.Owner{PersonID: gulnar}))
		}, domain.CodeNotEntitled},
		{"R45 the tenant", func(a *application) {
			a.dwelling = append(theFlat(), residence.LeaseBegan{DwellingID: flat, PersonID: aigul})
		}, ""},
		{"R45 the tenant of a lease that is over", func(a *application) {
			a.dwelling = append(theFlat(), residence.LeaseBegan{DwellingID: flat, PersonID: aigul},
				residence.LeaseEnded{DwellingID: flat, PersonID: aigul})
		}, domain.CodeNotEntitled},
		{"R45 a neighbour while another is the tenant", func(a *application) {
			a.dwelling = append(theFlat(), residence.LeaseBegan{DwellingID: flat, PersonID: gulnar})
		}, domain.CodeNotEntitled},
		{"R45 the claimant", func(a *application) { a.dwelling = theFlat(); a.c.Documents[0].ClaimantID = aigul }, ""},
		{"R45 when another is the claimant", func(a *application) {
			a.dwelling = theFlat()
			a.c.Documents[0].ClaimantID = gulnar
		}, domain.CodeNotEntitled},
		{"R45 the claimant of another paper", func(a *application) {
			a.dwelling = theFlat()
			a.c.Documents = append(a.c.Documents, domain.Document{Type: domain.DocumentOther, PersonID: daur, ClaimantID: aigul})
		}, domain.CodeNotEntitled},
		{"R45 the claimant of a decision about another person", func(a *application) {
			a.dwelling = theFlat()
			d := verdict
			d.PersonID, d.ClaimantID = gulnar, aigul
			a.c.Documents = append(a.c.Documents, d)
		}, domain.CodeNotEntitled},
		{"R45 the person", func(a *application) { a.dwelling = theFlat(); alone(a) }, ""},
		{"R45 their representative", func(a *application) { a.dwelling = theFlat(); guarded(a) }, ""},
		{"R45 one decision names both", func(a *application) {
			living(a.persons[0], recorded(erlan, residence.Citizen, "1986-05-05").permanent(again, flat, "2020-01-01"))(a)
			a.dwelling = theFlat()
			a.c.Documents[0].PersonID, a.c.Documents[0].Persons = domain.PersonID{}, a.c.Persons
			a.c.Documents[0].ClaimantID = aigul
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := applied(on(residence.GroundCourtDecision, verdict), c.change)
			got, err := a.receive()
			if c.code != "" {
				domaintest.Refused(t, got, err, c.code, "applicant_id")
			} else if err != nil || len(got) != 1 {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// ownedWith replaces the owners of the flat.
func ownedWith(list ...residence.Owner) func(*application) {
	return func(a *application) { a.dwelling = append(theFlat(), owners("2020-01-01", list...)) }
}
