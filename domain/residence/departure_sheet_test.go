package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestR17_DepartureSheetsOnRequestForWhatHasEnded(t *testing.T) {
	caseID := domaintest.ID[domain.CaseID]("case of sheets")
	a, b := domaintest.ID[domain.RegistrationID]("a"), domaintest.ID[domain.RegistrationID]("b")
	ended := func(id domain.RegistrationID) domain.Recorded {
		return domain.Recorded{Stream: daur.Stream(), Revision: 7, Event: residence.RegistrationEnded{
			PersonID: domaintest.ID[domain.PersonID](
				"leaver",
			), RegistrationID: id, DwellingID: domaintest.ID[domain.DwellingID]("old home"),
			Kind: residence.Temporary, Reason: residence.CourtDecision, On: domaintest.Today(), CaseID: caseID,
		}}
	}
	sheet := func(id domain.RegistrationID) domain.Event {
		return residence.DepartureSheetIssued{
			CaseID: caseID, CertificateID: domain.CertificateID{UUID: domain.DeriveID(caseID.UUID, "departure sheet "+id.String())},
			PersonID: domaintest.ID[domain.PersonID](
				"leaver",
			), RegistrationID: id, DwellingID: domaintest.ID[domain.DwellingID]("old home"),
			Kind: residence.Temporary, Reason: residence.CourtDecision, On: domaintest.Today(), IssuedAt: domaintest.Noon(),
			Ending: domain.EventRef{Stream: daur.Stream(), Revision: 7},
		}
	}
	for _, c := range []struct {
		name  string
		asked bool
		ended []domain.Recorded
		want  []domain.Event
	}{
		{"R17 not asked for", false, []domain.Recorded{ended(a)}, nil},
		{"R17 asked for, nothing ended", true, nil, nil},
		{"R17 one for each ending", true, []domain.Recorded{ended(a), ended(b)}, []domain.Event{sheet(a), sheet(b)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := domaintest.Fold[residence.Deregistration](
				residence.DeregistrationApplied{CaseID: caseID, DepartureSheet: c.asked},
			)
			domaintest.Happened(t, d.DepartureSheets(domaintest.Command(), c.ended), nil, c.want...)
		})
	}
}

// TestR17_SheetsAskedForLater: of what ended, whatever ended it, one sheet.
func TestR17_SheetsAskedForLater(t *testing.T) {
	request := func(id domain.RegistrationID, of *residence.Deregistration) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.RequestDepartureSheet(
				domaintest.Command(),
				residence.RequestDepartureSheet{RegistrationID: id, Language: domain.Russian, Case: of},
			)
		}
	}
	sheet := func(revision int, kind residence.Kind, why residence.Reason, on string) residence.DepartureSheetIssued {
		return residence.DepartureSheetIssued{
			CertificateID: domain.CertificateID{
				UUID: domain.DeriveID(aigul.UUID, "departure sheet "+ref(revision).String()),
			},
			PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: kind, Reason: why, On: day(on),
			Ending: ref(revision), Language: domain.Russian, IssuedAt: domaintest.Noon(),
		}
	}
	decided := func(asked bool, ids ...domain.RegistrationID) *residence.Deregistration {
		return domaintest.Fold[residence.Deregistration](
			residence.DeregistrationApplied{CaseID: caseID, Persons: []domain.PersonID{aigul}, DepartureSheet: asked},
			residence.DeregistrationDecided{CaseID: caseID, Results: []residence.Result{{PersonID: aigul, Ended: ids}}},
		)
	}
	lives := resident().permanent(first, flat, "2025-10-01")
	moved := lives.ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2026-01-01")
	ofMove := sheet(2, residence.Permanent, residence.MovedToNewAddress, "2026-01-01")
	evicted := append(lives, residence.RegistrationEnded{
		PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, Reason: residence.OwnerApplication, On: day("2026-01-01"), CaseID: caseID,
	})
	ofCase := sheet(2, residence.Permanent, residence.OwnerApplication, "2026-01-01")
	stayed := resident().temporary(first, flat, "2025-10-01", "2026-03-15")
	// its last day was yesterday, which nobody has recorded
	corrected := append(
		slices.Clip(moved),
		ofMove,
	).corrected(t, accepting(correct(amend(2, residence.Change{EndedOn: day("2026-01-02")})), domain.CodeLeavesHole))
	elsewhere := evicted.corrected(
		t,
		accepting(correct(amend(2, residence.Change{EndedOn: day("2026-01-02")})), domain.CodeCaseContradicted),
	)
	again := corrected.corrected(t, accepting(correct(annul(4)), domain.CodeLeavesHole))
	undone := append(slices.Clip(moved), ofMove).corrected(t, accepting(correct(annul(2)), domain.CodeLeavesHole))
	never := moved.corrected(t, accepting(correct(annul(1)), domain.CodeLeavesHole))
	ofCorrected := sheet(4, residence.Permanent, residence.MovedToNewAddress, "2026-01-02")
	awaits := domaintest.Fold[residence.Deregistration](
		residence.DeregistrationApplied{CaseID: caseID, DepartureSheet: true},
	)
	other := domaintest.Fold[residence.Deregistration](
		residence.DeregistrationApplied{
			CaseID: domaintest.ID[domain.CaseID]("other"),
		},
		residence.DeregistrationDecided{CaseID: domaintest.ID[domain.CaseID]("other")},
	)
	const at = "registration_id"
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R17 of a move", Given: moved, When: request(first, nil), Then: []domain.Event{ofMove}},
		{Name: "R17 of a term that has run out", Given: stayed, When: request(first, nil), Then: []domain.Event{
			ended(
				"run out",
				residence.TermExpired,
			), sheet(2, residence.Temporary, residence.TermExpired, "2026-03-15")}},
		{
			Name:  "R17 of what a case ended, which nobody asked for then",
			Given: evicted,
			When:  request(first, decided(false, first)),
			Then:  []domain.Event{ofCase},
		},
		{
			Name:    "R17 no second one of the same ending",
			Given:   append(slices.Clip(moved), ofMove),
			When:    request(first, nil),
			Refused: domain.CodeSheetIssued,
			Field:   at,
		},
		{
			Name:    "R17 nor beside that of the case",
			Given:   evicted,
			When:    request(first, decided(true, first)),
			Refused: domain.CodeSheetIssued,
			Field:   at,
		},
		{
			Name:    "R17 nor before the case is decided",
			Given:   evicted,
			When:    request(first, awaits),
			Refused: domain.CodeLostRace,
		},
		{
			Name:    "R17 nor without a look at the case",
			Given:   evicted,
			When:    request(first, nil),
			Refused: domain.CodeLostRace,
		},
		{
			Name:    "R17 nor with a look at another",
			Given:   evicted,
			When:    request(first, other),
			Refused: domain.CodeLostRace,
		},
		{
			Name:    "R17 not of what goes on",
			Given:   lives,
			When:    request(first, nil),
			Refused: domain.CodeNotEnded,
			Field:   at,
		},
		{
			Name:    "R17 not of a stay whose term goes on",
			Given:   resident().temporary(first, flat, "2025-10-01", "2026-03-16"),
			When:    request(first, nil),
			Refused: domain.CodeNotEnded,
			Field:   at,
		},
		{
			Name:    "R17 not of what never was",
			Given:   never,
			When:    request(first, nil),
			Refused: domain.CodeNotEnded,
			Field:   at,
		},
		{
			Name:    "R17 not of an ending that was annulled",
			Given:   undone,
			When:    request(first, nil),
			Refused: domain.CodeNotEnded,
			Field:   at,
		},
		{
			Name:    "R17 not of a registration of nobody",
			Given:   moved,
			When:    request(third, nil),
			Refused: domain.CodeFactUnknown,
			Field:   at,
		},
		{Name: "R17 not of a person of nobody", When: request(first, nil), Refused: domain.CodePersonUnknown},
		{
			Name:  "R17 a corrected ending has a new one",
			Given: corrected,
			When:  request(first, nil),
			Then:  []domain.Event{ofCorrected},
		},
		{
			Name:  "R17 so has one that a case had certified",
			Given: elsewhere,
			When:  request(first, decided(true, first)),
			Then: []domain.Event{
				sheet(3, residence.Permanent, residence.OwnerApplication, "2026-01-02")},
		},
		{Name: "R17 and one that is held true again", Given: again, When: request(first, nil), Then: []domain.Event{
			sheet(5, residence.Permanent, residence.MovedToNewAddress, "2026-01-01")}},
	})
	for name, c := range map[string]struct {
		h    history
		e    residence.DepartureSheetIssued
		void bool
	}{
		"the ending stands":                 {append(slices.Clip(moved), ofMove), ofMove, false},
		"the ending was corrected":          {corrected, ofMove, true},
		"the sheet is of the corrected one": {append(slices.Clip(corrected), ofCorrected), ofCorrected, false},
		"the ending is held true again":     {again, ofMove, true},
		"the ending was annulled":           {undone, ofMove, true},
		"the registration was annulled":     {never, ofMove, true},
		"the beginning was corrected":       {moved.corrected(t, accepting(correct(amend(1, residence.Change{From: day("2025-10-02")})), domain.CodeLeavesHole)), ofMove, false},
	} {
		t.Run("R17 void: "+name, func(t *testing.T) {
			if on := c.h.fold().SheetVoidSince(c.e); on.IsZero() == c.void || c.void && on != today {
				t.Errorf("void since %q", on)
			}
		})
	}
}

// A refused or rehearsed request leaves the state as it was: it is shared.
func TestR17_ARequestLeavesTheStateAlone(t *testing.T) {
	p := resident().temporary(first, flat, "2025-10-01", "2026-03-15").fold()
	if _, err := p.RequestDepartureSheet(domaintest.Command(), residence.RequestDepartureSheet{RegistrationID: first}); err != nil {
		t.Fatal(err)
	}
	if p.Registrations[0].Ended {
		t.Error("the request ended the stay of a state that nothing was appended to")
	}
}
