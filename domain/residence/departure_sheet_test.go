package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestR17_DepartureSheetsOnRequestForWhatHasEnded(t *testing.T) {
	kase := domaintest.ID[domain.CaseID]("case of sheets")
	a, b := domaintest.ID[domain.RegistrationID]("a"), domaintest.ID[domain.RegistrationID]("b")
	ended := func(id domain.RegistrationID) residence.RegistrationEnded {
		return residence.RegistrationEnded{
			PersonID: domaintest.ID[domain.PersonID]("leaver"), RegistrationID: id, DwellingID: domaintest.ID[domain.DwellingID]("old home"),
			Kind: residence.Temporary, Reason: residence.CourtDecision, On: domaintest.Today(), CaseID: kase,
		}
	}
	sheet := func(id domain.RegistrationID) domain.Event {
		return residence.DepartureSheetIssued{
			CaseID: kase, CertificateID: domain.CertificateID{UUID: domain.DeriveID(kase.UUID, "departure sheet "+id.String())},
			PersonID: domaintest.ID[domain.PersonID]("leaver"), RegistrationID: id, DwellingID: domaintest.ID[domain.DwellingID]("old home"),
			Kind: residence.Temporary, Reason: residence.CourtDecision, On: domaintest.Today(), IssuedAt: domaintest.Noon(),
		}
	}
	for _, c := range []struct {
		name  string
		asked bool
		ended []residence.RegistrationEnded
		want  []domain.Event
	}{
		{"R17 not asked for", false, []residence.RegistrationEnded{ended(a)}, nil},
		{"R17 asked for, nothing ended", true, nil, nil},
		{"R17 one for each ending", true, []residence.RegistrationEnded{ended(a), ended(b)}, []domain.Event{sheet(a), sheet(b)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Deregistration](residence.DeregistrationApplied{CaseID: kase, DepartureSheet: c.asked})
			domaintest.Happened(t, d.DepartureSheets(domaintest.Order(), c.ended), nil, c.want...)
		})
	}
}
