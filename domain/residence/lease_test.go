package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestQ20_ADwellingHasOneLease(t *testing.T) {
	flat := domaintest.ID[domain.DwellingID]("service flat")
	caseID, other := domaintest.ID[domain.CaseID]("provision"), domaintest.ID[domain.CaseID]("another provision")
	tenant := domaintest.ID[domain.PersonID]("tenant")
	keeper := domaintest.ID[domain.BodyID]("keeping")
	free := []domain.Event{
		residence.DwellingRecorded{DwellingID: flat, RKA: "1"},
		residence.TakenIntoStock{DwellingID: flat, BodyID: keeper, TakenAt: domaintest.Noon()},
	}
	began := residence.LeaseBegan{
		DwellingID: flat,
		PersonID:   tenant,
		CaseID:     caseID,
		BodyID:     keeper,
		On:         domaintest.Today(),
		BeganAt:    domaintest.Noon(),
	}
	voided := residence.LeaseVoided{
		DwellingID: flat,
		PersonID:   tenant,
		CaseID:     caseID,
		Code:       domain.CodeNotFirstEligible,
		VoidedAt:   domaintest.Noon(),
	}
	ended := residence.LeaseEnded{
		DwellingID: flat,
		PersonID:   tenant,
		CaseID:     caseID,
		Reason:     residence.EmploymentEnded,
		On:         domaintest.Today(),
		EndedAt:    domaintest.Noon(),
	}
	leased := append(free[:2:2], began) // began at position 102
	let := func(decided domain.Position) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Let(
				domaintest.Command(),
				residence.Let{PersonID: tenant, CaseID: caseID, BodyID: keeper, On: domaintest.Today(), Decided: decided},
			)
		}
	}
	void := func(id domain.CaseID) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.VoidLease(domaintest.Command(), id, domain.CodeNotFirstEligible)
		}
	}
	end := func(why residence.LeaseEndReason, on string) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.EndLease(domaintest.Command(), residence.EndLease{Reason: why, On: domaintest.Day(on)})
		}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "Q20 let", Given: free, When: let(101), Then: []domain.Event{began}},
		{
			Name:    "Q20 not twice",
			Given:   leased,
			When:    let(200),
			Refused: domain.CodeDwellingLeased,
			Field:   "dwelling_id",
		},
		{Name: "Q20 again after the end", Given: append(leased, ended), When: let(103), Then: []domain.Event{began}},
		{
			Name:    "Q20 not by a decision that has met the lease",
			Given:   append(leased, ended),
			When:    let(102),
			Refused: domain.CodeDwellingLeased,
			Field:   "dwelling_id",
		},
		{
			Name:    "Q20 nor one that has met a voided one",
			Given:   append(leased, voided),
			When:    let(102),
			Refused: domain.CodeDwellingLeased,
			Field:   "dwelling_id",
		},
		{Name: "Q20 only a known dwelling", When: let(100), Refused: domain.CodeDwellingUnknown},
		{Name: "Q20 voided", Given: leased, When: void(caseID), Then: []domain.Event{voided}},
		{
			Name:    "Q20 voided by its own decision only",
			Given:   leased,
			When:    void(other),
			Refused: domain.CodeDwellingNotLeased,
		},
		{Name: "Q20 nothing to void", Given: free, When: void(caseID), Refused: domain.CodeDwellingNotLeased},
		{
			Name:  "Q20 ended",
			Given: leased,
			When:  end(residence.EmploymentEnded, "2026-03-15"),
			Then:  []domain.Event{ended},
		},
		{
			Name:    "Q20 not before it began",
			Given:   leased,
			When:    end(residence.EmploymentEnded, "2026-03-14"),
			Refused: domain.CodeEndsBeforeBegin,
			Field:   "on",
		},
		{
			Name:    "Q20 not in advance",
			Given:   leased,
			When:    end(residence.EmploymentEnded, "2026-03-16"),
			Refused: domain.CodeDateInFuture,
			Field:   "on",
		},
		{
			Name:    "Q20 for a listed reason",
			Given:   leased,
			When:    end("noise", "2026-03-15"),
			Refused: domain.CodeValueUnknown,
			Field:   "reason",
		},
		{
			Name:    "Q20 none to end",
			Given:   append(leased, ended),
			When:    end(residence.EmploymentEnded, "2026-03-15"),
			Refused: domain.CodeDwellingNotLeased,
		},
		{
			Name:    "Q20 of a known dwelling",
			When:    end(residence.EmploymentEnded, "2026-03-15"),
			Refused: domain.CodeDwellingUnknown,
		},
	})
}
