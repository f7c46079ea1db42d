package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

func TestUnfinishedActsAreThoseBegunAndNotEnded(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		first := s.add(caseID(1).Stream(), deregistration(s, 1, 1, 1, 2))
		s.add(caseID(2).Stream(), application(s, 2, 1, 2))
		approved := housing.PlacementApproved{CaseID: caseID(2), ApprovedAt: s.now}
		second := s.add(caseID(2).Stream(), approved)
		r := projected(t, client, s)
		expect := func(olderThan time.Time, limit int, want ...UnfinishedCase) {
			t.Helper()
			got, err := r.Unfinished(ctx, olderThan, 0, limit)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		one := UnfinishedCase{caseID(1), first.Created.UTC()}
		two := UnfinishedCase{caseID(2), second.Created.UTC()}
		expect(s.now, 10, one, two)
		expect(s.now, 1, one)
		expect(second.Created, 10, one)
		expect(first.Created, 10)

		step := func(event domain.Event) { s.add(caseID(2).Stream(), event); reach(t, r, s.head()) }
		step(housing.ApprovalVoided{CaseID: caseID(2), VoidedAt: s.now})
		expect(s.now, 10, one)
		step(approved)
		step(housing.PlacementCertified{CaseID: caseID(2), CertifiedAt: s.now})
		expect(s.now, 10, one)
		s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), DecidedAt: s.now})
		reach(t, r, s.head())
		expect(s.now, 10)
	})
}

func TestQ20_AProvisionIsUnfinishedUntilItsCaseEnds(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.dwelling(1)
		s.list(1)
		placeOn(s, 1, 10, 1)
		decide := func(n int) domain.Recorded {
			return s.add(caseID(n).Stream(), housing.ProvisionDecided{
				CaseID: caseID(n), ListID: listID(1), EntryID: entryID(1), PersonID: personID(1),
				Dwelling: housing.ServiceDwelling{ID: dwellingID(1)}, DecidedAt: s.now,
			})
		}
		first := decide(1)
		r := projected(t, client, s)
		expect := func(want ...UnfinishedCase) {
			t.Helper()
			reach(t, r, s.head())
			got, err := r.Unfinished(ctx, s.now, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		expect(UnfinishedCase{caseID(1), first.Created.UTC()})
		voided := s.add(caseID(1).Stream(), housing.ProvisionVoided{CaseID: caseID(1), VoidedAt: s.now})
		expect()
		second := decide(2)
		expect(UnfinishedCase{caseID(2), second.Created.UTC()})
		began := s.add(dwellingID(1).Stream(), residence.LeaseBegan{DwellingID: dwellingID(1), PersonID: personID(1),
			CaseID: caseID(2), On: day})
		left := s.add(listID(1).Stream(), housing.EntryProvided{ListID: listID(1), EntryID: entryID(1),
			PersonID: personID(1), Seniority: seniorityAt(10), ProvidedAt: s.now})
		done := s.add(caseID(2).Stream(), housing.ProvisionCompleted{CaseID: caseID(2), CompletedAt: s.now})
		expect()

		page, err := r.DwellingHistory(ctx, dwellingID(1), HistoryFrom{Cursor: 1, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(page)[1:], refs(first, voided, second, began, done))
		page, err = r.PersonHistory(ctx, personID(1), HistoryFrom{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(page)[2:], refs(first, voided, second, began, left, done))
		_, err = r.Case(ctx, caseID(1))
		refuses(t, err, domain.NotFound, domain.CodeCaseUnknown) // it is no application
		n, err := r.Number(ctx, listID(1), entryID(1))
		if err != nil || n.Status != housing.Provided || n.Number != 0 || n.LastChange.Kind != Provided {
			t.Errorf("%+v, %v", n, err)
		}
	})
}
