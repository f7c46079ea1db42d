package certificates_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

var (
	caseID    = domaintest.ID[domain.CaseID]("case")
	owner     = domaintest.ID[domain.PersonID]("owner")
	tenant    = domaintest.ID[domain.PersonID]("tenant")
	guest     = domaintest.ID[domain.PersonID]("guest")
	sheet     = domaintest.ID[domain.CertificateID]("sheet of the tenant")
	other     = domaintest.ID[domain.CertificateID]("sheet of the guest")
	paper     = domaintest.ID[domain.CertificateID]("certificate")
	first     = domain.CertificateID{UUID: domain.DeriveID(sheet.UUID, "duplicate 1")}
	stay      = domaintest.ID[domain.RegistrationID]("of the tenant")
	visit     = domaintest.ID[domain.RegistrationID]("of the guest")
	ending    = domain.EventRef{Stream: tenant.Stream(), Revision: 2}
	visited   = domain.EventRef{Stream: guest.Stream(), Revision: 4}
	nobody    = domaintest.ID[domain.CertificateID]("none")
	departure = []domain.Event{
		residence.DeregistrationApplied{
			CaseID:      caseID,
			ApplicantID: owner,
			Persons:     []domain.PersonID{tenant, guest},
			Language:    domain.Russian,
			ReceivedAt:  domaintest.Noon(),
		},
		residence.DeregistrationDecided{CaseID: caseID, DecidedAt: domaintest.Noon()},
		residence.DepartureSheetIssued{
			CaseID:         caseID,
			CertificateID:  sheet,
			PersonID:       tenant,
			RegistrationID: stay,
			Ending:         ending,
			IssuedAt:       domaintest.Noon(),
		},
		residence.DepartureSheetIssued{
			CaseID:         caseID,
			CertificateID:  other,
			PersonID:       guest,
			RegistrationID: visit,
			Ending:         visited,
			IssuedAt:       domaintest.Noon(),
		},
	}
	applied = housing.ApplicationReceived{
		CaseID:      caseID,
		ApplicantID: owner,
		Family:      []housing.FamilyMember{{PersonID: tenant}},
		ReceivedAt:  domaintest.Noon(),
	}
	placed = []domain.Event{
		applied,
		housing.PlacementCertified{
			CaseID:        caseID,
			CertificateID: paper,
			RegisteredOn:  domaintest.Today(),
			Number:        3,
			CertifiedAt:   domaintest.Noon(),
		},
	}
	refused = []domain.Event{
		applied,
		housing.ApplicationRefused{
			CaseID:        caseID,
			CertificateID: paper,
			Ground:        housing.NoConsent,
			Reasons:       "none given",
			RefusedAt:     domaintest.Noon(),
		},
	}

	again = certificates.Duplicated{
		CaseID:         caseID,
		CertificateID:  first,
		Replaces:       sheet,
		Copy:           1,
		PersonID:       tenant,
		RegistrationID: stay,
		Ending:         ending,
		IssuedAt:       domaintest.Noon(),
	}
	renamed = certificates.Corrected{
		CaseID: caseID, CertificateID: sheet, Version: 2, Corrections: []certificates.Correction{{Field: certificates.Name, Value: "Дәурен"}},
		Slip: "one letter", CorrectedAt: domaintest.Noon(),
	}
)

func by(role domain.Role) domain.Command {
	o := domaintest.Command()
	o.Role = role
	return o
}

func duplicate(role domain.Role, id domain.CertificateID) func(*certificates.Documents) ([]domain.Event, error) {
	return func(f *certificates.Documents) ([]domain.Event, error) { return f.Duplicate(by(role), id) }
}

func TestR17_DuplicatesOfDepartureSheets(t *testing.T) {
	then := func(c certificates.Duplicated) []domain.Event { return []domain.Event{c} }
	second := domain.CertificateID{UUID: domain.DeriveID(first.UUID, "duplicate 2")}
	domaintest.Run(t, []domaintest.Spec[certificates.Documents]{
		{
			Name:  "R17 a duplicate replaces the sheet",
			Given: departure,
			When:  duplicate(domain.RoleOperator, sheet),
			Then:  then(again),
		},
		{
			Name:  "R17 the provider issues it too",
			Given: departure,
			When:  duplicate(domain.RoleProvider, sheet),
			Then:  then(again),
		},
		{
			Name:  "R17 a duplicate of the duplicate",
			Given: append(slices.Clone(departure), again),
			When:  duplicate(domain.RoleOperator, first),
			Then: then(
				certificates.Duplicated{
					CaseID:         caseID,
					CertificateID:  second,
					Replaces:       first,
					Copy:           2,
					PersonID:       tenant,
					RegistrationID: stay,
					Ending:         ending,
					IssuedAt:       domaintest.Noon(),
				},
			),
		},
		{
			Name:    "R17 no second duplicate of the same sheet",
			Given:   append(slices.Clone(departure), again),
			When:    duplicate(domain.RoleOperator, sheet),
			Refused: domain.CodeCertificateSuperseded,
		},
		{
			Name:  "R17 the sheet of another ending is its own",
			Given: append(slices.Clone(departure), again),
			When:  duplicate(domain.RoleOperator, other),
			Then: then(
				certificates.Duplicated{
					CaseID:         caseID,
					CertificateID:  domain.CertificateID{UUID: domain.DeriveID(other.UUID, "duplicate 1")},
					Replaces:       other,
					Copy:           1,
					PersonID:       guest,
					RegistrationID: visit,
					Ending:         visited,
					IssuedAt:       domaintest.Noon(),
				},
			),
		},
		{
			Name:    "R17 only of what was issued",
			Given:   departure,
			When:    duplicate(domain.RoleOperator, nobody),
			Refused: domain.CodeCertificateUnknown,
		},
		{
			Name:    "R17 before the ending there is no sheet",
			Given:   departure[:2],
			When:    duplicate(domain.RoleOperator, sheet),
			Refused: domain.CodeCertificateUnknown,
		},
		{
			Name:    "R17 not of a placement certificate",
			Given:   placed,
			When:    duplicate(domain.RoleOperator, paper),
			Refused: domain.CodeDuplicateNotIssued,
		},
		{
			Name:    "R17 not of a talon",
			Given:   departure,
			When:    duplicate(domain.RoleOperator, certificates.TalonOf(caseID)),
			Refused: domain.CodeDuplicateNotIssued,
		},
		{
			Name:    "R17 not by a commission",
			Given:   departure,
			When:    duplicate(domain.RoleCommission, sheet),
			Refused: domain.CodeRoleNotAllowed,
		},
	})
}

// TestR17_OneSheetOfAnEndingIsValid: whatever is ordered, in whatever order, each
// ending has exactly one valid sheet, and no number comes twice.
func TestR17_OneSheetOfAnEndingIsValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := domaintest.Fold[certificates.Documents](departure...)
		n := len(departure)
		for range rapid.IntRange(1, 25).Draw(t, "orders") {
			d := rapid.SampledFrom(f.Documents).Draw(t, "document")
			var events []domain.Event
			var err error
			if rapid.Bool().Draw(t, "duplicate") {
				events, err = f.Duplicate(by(domain.RoleOperator), d.ID)
			} else {
				events, err = f.Correct(by(domain.RoleOperator), certificates.Correct{
					CertificateID: d.ID, Corrections: []certificates.Correction{{Field: certificates.Name, Value: "n"}}, Slip: "s",
				})
			}
			if (err != nil) != (len(events) == 0) {
				t.Fatalf("%v with %v", events, err)
			}
			for _, e := range events {
				f.Apply(domaintest.Recorded(n, e))
				n++
			}
			valid := map[domain.PersonID]int{}
			numbers := map[string]bool{}
			for _, d := range f.Documents {
				if numbers[d.Number()] {
					t.Fatalf("number %s twice", d.Number())
				}
				numbers[d.Number()] = true
				if d.Kind == certificates.DepartureSheet && d.Status() == certificates.Valid {
					valid[f.Named(d)]++
				}
				if d.Kind == certificates.DepartureSheet && (d.Copy == 0) != d.Replaces.IsZero() {
					t.Fatalf("copy %d, replaces %v", d.Copy, d.Replaces)
				}
			}
			if valid[tenant] != 1 || valid[guest] != 1 {
				t.Fatalf("valid sheets: %v", valid)
			}
		}
	})
}

func correct(
	role domain.Role,
	id domain.CertificateID,
	slip domain.Personal,
	changes ...certificates.Correction,
) func(*certificates.Documents) ([]domain.Event, error) {
	return func(f *certificates.Documents) ([]domain.Event, error) {
		return f.Correct(by(role), certificates.Correct{CertificateID: id, Corrections: changes, Slip: slip})
	}
}

func TestC10_CorrectionOfSlips(t *testing.T) {
	name := certificates.Correction{Field: certificates.Name, Value: "Дәурен"}
	versioned := func(given []domain.Event, events ...domain.Event) []domain.Event {
		return append(slices.Clone(given), events...)
	}
	third := renamed
	third.Version = 3
	ofPaper := certificates.Corrected{
		CaseID: caseID, CertificateID: paper, Version: 2, Corrections: []certificates.Correction{{Field: certificates.Reasons, Value: "r"}}, Slip: "s", CorrectedAt: domaintest.Noon(),
	}
	domaintest.Run(t, []domaintest.Spec[certificates.Documents]{
		{
			Name:  "C10 makes a new version",
			Given: departure,
			When:  correct(domain.RoleOperator, sheet, "one letter", name),
			Then:  []domain.Event{renamed},
		},
		{
			Name:  "C10 and another after it",
			Given: versioned(departure, renamed),
			When:  correct(domain.RoleOperator, sheet, "one letter", name),
			Then:  []domain.Event{third},
		},
		{
			Name:  "C10 of a refusal's reasons, by the commission",
			Given: refused,
			When:  correct(domain.RoleCommission, paper, "s", ofPaper.Corrections[0]),
			Then:  []domain.Event{ofPaper},
		},
		{
			Name:    "C10 not by another body",
			Given:   refused,
			When:    correct(domain.RoleOperator, paper, "s", name),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name:    "C10 a sheet not by the commission",
			Given:   departure,
			When:    correct(domain.RoleCommission, sheet, "s", name),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name:    "C10 not by the applicant",
			Given:   departure,
			When:    correct(domain.RoleCitizen, sheet, "s", name),
			Refused: domain.CodeRoleNotAllowed,
		},
		{
			Name:    "C10 not of what was replaced",
			Given:   versioned(departure, again),
			When:    correct(domain.RoleOperator, sheet, "s", name),
			Refused: domain.CodeCertificateSuperseded,
		},
		{
			Name:    "C10 not of what was not issued",
			Given:   departure,
			When:    correct(domain.RoleOperator, nobody, "s", name),
			Refused: domain.CodeCertificateUnknown,
		},
		{
			Name:    "C10 something is corrected",
			Given:   departure,
			When:    correct(domain.RoleOperator, sheet, "s"),
			Refused: domain.CodeRequired,
			Field:   "corrections",
		},
		{
			Name:    "C10 each field once",
			Given:   departure,
			When:    correct(domain.RoleOperator, sheet, "s", name, name),
			Refused: domain.CodeNamedTwice,
			Field:   "corrections[1].field",
		},
		{
			Name:  "C10 to some value",
			Given: departure,
			When: correct(
				domain.RoleOperator,
				sheet,
				"s",
				certificates.Correction{Field: certificates.Name, Value: " "},
			),
			Refused: domain.CodeRequired,
			Field:   "corrections[0].value",
		},
		{
			Name:    "C10 with what was wrong",
			Given:   departure,
			When:    correct(domain.RoleOperator, sheet, " ", name),
			Refused: domain.CodeReasonsRequired,
			Field:   "slip",
		},
		{
			Name:    "C10 a name is one line",
			Given:   departure,
			When:    correct(domain.RoleOperator, sheet, "s", certificates.Correction{Field: certificates.Name, Value: "a\nb"}),
			Refused: domain.CodeMalformed,
			Field:   "corrections[0].value",
		},
		{
			Name:  "C10 a sheet has no list",
			Given: departure,
			When: correct(
				domain.RoleOperator,
				sheet,
				"s",
				certificates.Correction{Field: certificates.ListTitle, Value: "v"},
			),
			Refused: domain.CodeNotASlip,
			Field:   "corrections[0].field",
		},
		{
			Name:    "C10 a placement has no reasons",
			Given:   placed,
			When:    correct(domain.RoleCommission, paper, "s", ofPaper.Corrections[0]),
			Refused: domain.CodeNotASlip,
			Field:   "corrections[0].field",
		},
	})
}

// TestC10_NoKindLetsItsDecisionBeCorrected: dates, numbers and grounds are not
// among what any correction takes.
func TestC10_NoKindLetsItsDecisionBeCorrected(t *testing.T) {
	for _, given := range [][]domain.Event{departure, placed, refused} {
		f := domaintest.Fold[certificates.Documents](given...)
		for _, d := range f.Documents {
			for _, field := range []certificates.Field{"registered_on", "number", "ground", "ended_on", "reason", "received_at", "deadline"} {
				for _, role := range domain.Roles {
					events, err := f.Correct(
						by(role),
						certificates.Correct{
							CertificateID: d.ID,
							Corrections:   []certificates.Correction{{Field: field, Value: "1"}},
							Slip:          "s",
						},
					)
					if code := domain.CodeOf(err); code != domain.CodeNotASlip && code != domain.CodeRoleNotAllowed ||
						events != nil {
						t.Errorf("%s of a %s by %s: %v, %v", field, d.Kind, role, domaintest.Types(events), err)
					}
				}
			}
		}
	}
}

func TestC10_ACorrectionChangesTheDocumentAndNotTheDecision(t *testing.T) {
	corrected := certificates.Corrected{
		CaseID: caseID, CertificateID: paper, Version: 2, Corrections: []certificates.Correction{{Field: certificates.Reasons, Value: "as meant"}}, CorrectedAt: domaintest.Noon(),
	}
	history := append(slices.Clone(refused), corrected)
	before, after := domaintest.Fold[housing.Application](refused...), domaintest.Fold[housing.Application](history...)
	if diff := domaintest.Diff(*before, *after); diff != "" {
		t.Errorf("the decision changed:\n%s", diff)
	}
	d, _ := domaintest.Fold[certificates.Documents](history...).Find(paper)
	if d.Version() != 2 || d.Value(certificates.Reasons, "none given") != "as meant" || d.Last() == nil {
		t.Errorf("version %d says %q", d.Version(), d.Value(certificates.Reasons, "none given"))
	}
	old, ok := d.At(1)
	if !ok || old.Version() != 1 || old.Value(certificates.Reasons, "none given") != "none given" || old.Last() != nil {
		t.Errorf("version 1 says %q", old.Value(certificates.Reasons, "none given"))
	}
	for _, version := range []int{-1, 0, 3} {
		if _, ok := d.At(version); ok {
			t.Errorf("there is a version %d", version)
		}
	}
}

func TestC10_TheNewestCorrectionOfAFieldCounts(t *testing.T) {
	more := renamed
	more.Version, more.Corrections = 3, []certificates.Correction{{Field: certificates.Name, Value: "Дәурен Оспанов"}}
	address := renamed
	address.Version, address.Corrections = 4, []certificates.Correction{{Field: certificates.Address, Value: "Астана"}}
	d, _ := domaintest.Fold[certificates.Documents](
		append(slices.Clone(departure), renamed, more, address)...).Find(sheet)
	for version, want := range map[int]string{1: "Даурен", 2: "Дәурен", 3: "Дәурен Оспанов", 4: "Дәурен Оспанов"} {
		if v, ok := d.At(version); !ok || v.Value(certificates.Name, "Даурен") != want {
			t.Errorf("version %d says %q, want %q", version, v.Value(certificates.Name, "Даурен"), want)
		}
	}
}

func TestR17_ADuplicateSaysWhatTheCorrectedSheetSaid(t *testing.T) {
	f := domaintest.Fold[certificates.Documents](append(slices.Clone(departure), renamed, again)...)
	d, ok := f.Find(first)
	if !ok || d.Copy != 1 || d.Replaces != sheet || d.Version() != 1 ||
		d.Value(certificates.Name, "Даурен") != "Дәурен" {
		t.Errorf("%+v", d)
	}
	old, _ := f.Find(sheet)
	if old.Status() == certificates.Valid || old.ReplacedBy != first || old.Version() != 2 {
		t.Errorf("%+v", old)
	}
}

func TestEveryDecisionHasItsDocumentAndEveryApplicationItsTalon(t *testing.T) {
	for name, c := range map[string]struct {
		given    []domain.Event
		language domain.Language
		service  domain.Service
		kinds    []certificates.Kind
	}{
		"departure":             {departure, domain.Russian, domain.S001, []certificates.Kind{certificates.Talon, certificates.DepartureSheet, certificates.DepartureSheet}},
		"S000-4 Q1 a placement": {placed, domain.Kazakh, domain.S000, []certificates.Kind{certificates.Talon, certificates.Placement}},
		"S000-4 Q1 a refusal":   {refused, domain.Kazakh, domain.S000, []certificates.Kind{certificates.Talon, certificates.Refusal}},
	} {
		t.Run(name, func(t *testing.T) {
			f := domaintest.Fold[certificates.Documents](c.given...)
			var kinds []certificates.Kind
			for _, d := range f.Documents {
				kinds = append(kinds, d.Kind)
				if d.Service != c.service || !d.IssuedAt.Equal(domaintest.Noon()) || d.Status() != certificates.Valid ||
					d.Version() != 1 {
					t.Errorf("%+v", d)
				}
			}
			if !slices.Equal(kinds, c.kinds) || f.Language(f.Documents[0]) != c.language || f.Service() != c.service ||
				f.Case() != caseID {
				t.Errorf("%v in %s of %s", kinds, f.Language(f.Documents[0]), f.Service())
			}
		})
	}
}

func TestADocumentIsOpenToItsParties(t *testing.T) {
	stranger := domaintest.ID[domain.PersonID]("stranger")
	f := domaintest.Fold[certificates.Documents](departure...)
	talon, _ := f.Find(certificates.TalonOf(caseID))
	ofTenant, _ := f.Find(sheet)
	h := domaintest.Fold[certificates.Documents](placed...)
	certificate, _ := h.Find(paper)
	for name, c := range map[string]struct {
		file *certificates.Documents
		d    certificates.Document
		open []domain.PersonID
	}{
		"the talon to all of the application":            {f, talon, []domain.PersonID{owner, tenant, guest}},
		"a sheet to who applied and to whom it is about": {f, ofTenant, []domain.PersonID{owner, tenant}},
		"a placement to the applicant and the family":    {h, certificate, []domain.PersonID{owner, tenant}},
	} {
		for _, p := range []domain.PersonID{owner, tenant, guest, stranger, {}} {
			if got := c.file.OpenTo(c.d, p); got != slices.Contains(c.open, p) {
				t.Errorf("%s: open to %s is %t", name, p, got)
			}
		}
	}
}

func TestACloneIsNotChangedByLaterEvents(t *testing.T) {
	f := domaintest.Fold[certificates.Documents](append(slices.Clone(departure), renamed)...)
	c := f.Clone()
	want := fmt.Sprintf("%+v", c)
	more := renamed
	more.Version = 3
	f.Apply(domaintest.Recorded(5, more))
	f.Apply(domaintest.Recorded(6, again))
	if got := fmt.Sprintf("%+v", c); got != want {
		t.Errorf("the clone became\n%s, was\n%s", got, want)
	}
}

func TestPersonalValuesOfDocumentsNeverPrint(t *testing.T) {
	for _, c := range []struct {
		value any
		holds int
	}{
		{certificates.Correction{}, 1},
		{certificates.Correct{}, 2},
		{certificates.Document{}, 2},
		{certificates.Documents{}, 2},
		{certificates.Page{}, 5},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
