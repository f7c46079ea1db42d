package certificates_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// desk is what the two streams hold of one registration of the tenant: the
// person's own, and that of the case that ended it, where one did.
type desk struct{ person, caseID []domain.Event }

func (d desk) holder() *residence.Person { return domaintest.Fold[residence.Person](d.person...) }

func (d desk) decided() *residence.Deregistration {
	if len(d.caseID) == 0 {
		return nil
	}
	return domaintest.Fold[residence.Deregistration](d.caseID...)
}

// files are the documents of both streams, compared with what is now held.
func (d desk) files() []*certificates.Documents {
	files := []*certificates.Documents{
		domaintest.Fold[certificates.Documents](d.person...),
		domaintest.Fold[certificates.Documents](d.caseID...),
	}
	for _, f := range files {
		f.Hold(d.holder())
	}
	return files
}

// states tell of every sheet, in the order of issue, whether it stands.
func (d desk) states() (all []certificates.Status) {
	for _, f := range d.files() {
		for _, doc := range f.Documents {
			if doc.Kind == certificates.DepartureSheet {
				all = append(all, doc.Status())
			}
		}
	}
	return all
}

// on lets act decide on the last sheet, or the first, and appends what it decides.
func (d desk) on(
	which string,
	act func(*certificates.Documents, domain.CertificateID) ([]domain.Event, error),
) (desk, error) {
	for i, f := range d.files() {
		var sheets []certificates.Document
		for _, doc := range f.Documents {
			if doc.Kind == certificates.DepartureSheet {
				sheets = append(sheets, doc)
			}
		}
		if len(sheets) == 0 {
			continue
		}
		id := sheets[0].ID
		if which == "last" {
			id = sheets[len(sheets)-1].ID
		}
		events, err := act(f, id)
		if i == 0 {
			d.person = append(slices.Clip(d.person), events...)
		} else {
			d.caseID = append(slices.Clip(d.caseID), events...)
		}
		return d, err
	}
	_, err := act(d.files()[0], nobody)
	return d, err
}

func (d desk) requested() (desk, error) {
	events, err := d.holder().
		RequestDepartureSheet(domaintest.Command(), residence.RequestDepartureSheet{RegistrationID: stay, Case: d.decided()})
	d.person = append(slices.Clip(d.person), events...)
	return d, err
}

// corrected has the ending on another day.
func (d desk) corrected(t testing.TB) desk {
	events, err := d.holder().Correct(domaintest.Command(), residence.Correct{
		Ground: residence.ClericalError, Reasons: "another day", Accept: []domain.Code{domain.CodeCaseContradicted, domain.CodeLeavesHole},
		Changes: []residence.Change{
			{
				Fact:    residence.FactName{RegistrationID: stay, Ending: true},
				Action:  residence.Amend,
				EndedOn: domaintest.Day("2026-01-02"),
			},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.person = append(slices.Clip(d.person), events...)
	return d
}

// TestR17_EveryTransitionOfADepartureSheet is the table of E.5: NotRequested →
// Requested → Issued → Duplicate issued, void with its ending; and everything
// that it forbids.
func TestR17_EveryTransitionOfADepartureSheet(t *testing.T) {
	must := func(d desk, err error) desk {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	again := func(d desk) (desk, error) {
		return d.on("last", func(f *certificates.Documents, id domain.CertificateID) ([]domain.Event, error) {
			return f.Duplicate(by(domain.RoleOperator), id)
		})
	}
	flat := domaintest.ID[domain.DwellingID]("flat")
	goes := desk{person: []domain.Event{
		residence.PersonRecorded{PersonID: tenant, Class: residence.Citizen, BirthDate: domain.PersonalDate{Date: domaintest.Day("1990-01-01")}},
		residence.RegistrationBegan{
			PersonID:       tenant,
			RegistrationID: stay,
			DwellingID:     flat,
			Kind:           residence.Permanent,
			From:           domaintest.Day("2025-10-01"),
		},
	}}
	ends := func(why residence.Reason, of domain.CaseID) []domain.Event {
		return append(slices.Clip(goes.person), residence.RegistrationEnded{
			PersonID: tenant, RegistrationID: stay, DwellingID: flat, Kind: residence.Permanent, Reason: why, On: domaintest.Day("2026-01-01"), CaseID: of,
		})
	}
	moved := desk{person: ends(residence.MovedToNewAddress, domain.CaseID{})}
	byCase := func(asks, decided bool) desk {
		d := desk{ends(residence.OwnerApplication, caseID), []domain.Event{
			residence.DeregistrationApplied{
				CaseID:         caseID,
				ApplicantID:    owner,
				Persons:        []domain.PersonID{tenant},
				DepartureSheet: asks,
			},
		}}
		if decided {
			c := d.decided()
			d.caseID = append(
				d.caseID,
				residence.DeregistrationDecided{
					CaseID:  caseID,
					Results: []residence.Result{{PersonID: tenant, Ended: []domain.RegistrationID{stay}}},
				},
			)
			d.caseID = append(
				d.caseID,
				c.DepartureSheets(
					domaintest.Command(),
					[]domain.Recorded{{Stream: tenant.Stream(), Revision: 2, Event: d.person[2]}},
				)...)
		}
		return d
	}
	issued := must(moved.requested())
	states := map[string]desk{
		"not ended":                         goes,
		"not requested":                     moved,
		"not requested of the case":         byCase(false, true),
		"requested of the case":             byCase(true, false),
		"issued":                            issued,
		"issued by the case":                byCase(true, true),
		"duplicate issued":                  must(again(issued)),
		"duplicate issued of the case's":    must(again(byCase(true, true))),
		"void":                              issued.corrected(t),
		"void, the case's":                  byCase(true, true).corrected(t),
		"void, the duplicate":               must(again(issued)).corrected(t),
		"issued anew":                       must(issued.corrected(t).requested()),
		"issued anew beside the case's":     must(byCase(true, true).corrected(t).requested()),
		"corrected before it was requested": moved.corrected(t),
	}
	acts := map[string]func(desk) (desk, error){
		"request":   desk.requested,
		"duplicate": again,
		"duplicate of the first": func(d desk) (desk, error) {
			return d.on("first", func(f *certificates.Documents, id domain.CertificateID) ([]domain.Event, error) {
				return f.Duplicate(by(domain.RoleOperator), id)
			})
		},
		"slip": func(d desk) (desk, error) {
			return d.on("last", func(f *certificates.Documents, id domain.CertificateID) ([]domain.Event, error) {
				return f.Correct(by(domain.RoleOperator), certificates.Correct{
					CertificateID: id, Corrections: []certificates.Correction{{Field: certificates.Name, Value: "n"}}, Slip: "s",
				})
			})
		},
	}
	const (
		ok         = domain.Code("")
		none       = domain.CodeCertificateUnknown
		there      = domain.CodeSheetIssued
		void       = domain.CodeCertificateVoid
		superseded = domain.CodeCertificateSuperseded
	)
	table := map[string][4]domain.Code{ // request, duplicate, duplicate of the first, slip
		"not ended":                         {domain.CodeNotEnded, none, none, none},
		"not requested":                     {ok, none, none, none},
		"not requested of the case":         {ok, none, none, none},
		"requested of the case":             {domain.CodeLostRace, none, none, none},
		"issued":                            {there, ok, ok, ok},
		"issued by the case":                {there, ok, ok, ok},
		"duplicate issued":                  {there, ok, superseded, ok},
		"duplicate issued of the case's":    {there, ok, superseded, ok},
		"void":                              {ok, void, void, void},
		"void, the case's":                  {ok, void, void, void},
		"void, the duplicate":               {ok, void, void, void},
		"issued anew":                       {there, ok, void, ok},
		"issued anew beside the case's":     {there, ok, ok, ok}, // of the one in the person's own stream
		"corrected before it was requested": {ok, none, none, none},
	}
	for state, d := range states {
		for i, name := range []string{"request", "duplicate", "duplicate of the first", "slip"} {
			t.Run("R17 "+state+", "+name, func(t *testing.T) {
				after, err := acts[name](d)
				if code := domain.CodeOf(err); code != table[state][i] {
					t.Fatalf("%v, want %q", err, table[state][i])
				}
				valid := 0
				for _, s := range after.states() {
					if s == certificates.Valid {
						valid++
					}
				}
				if want := 1; err == nil && valid != want || valid > want {
					t.Errorf("valid sheets of one ending: %d of %v", valid, after.states())
				}
			})
		}
	}
	if len(table) != len(states) {
		t.Errorf("%d states, %d lines of the table", len(states), len(table))
	}
}

// A sheet of a person's own stream has no applicant, and so is open to nobody
// who is not named; its language is that of the request.
func TestR17_ASheetOfNoCase(t *testing.T) {
	f := domaintest.Fold[certificates.Documents](residence.DepartureSheetIssued{
		CertificateID: sheet, PersonID: tenant, RegistrationID: stay, Ending: ending, Language: domain.Russian, IssuedAt: domaintest.Noon(),
	})
	d, _ := f.Find(sheet)
	if !f.OpenTo(d, tenant) || f.OpenTo(d, owner) || f.OpenTo(d, domain.PersonID{}) ||
		f.Language(d) != domain.Russian ||
		f.Service() != domain.S001 ||
		!f.Case().IsZero() {
		t.Errorf("%+v", d)
	}
	events, err := f.Correct(
		by(domain.RoleOperator),
		certificates.Correct{CertificateID: sheet, Corrections: renamed.Corrections, Slip: "s"},
	)
	if err != nil || events[0].(certificates.Corrected).PersonID != tenant { // to whom the notice of it is owed
		t.Errorf("%v, %v", events, err)
	}
}
