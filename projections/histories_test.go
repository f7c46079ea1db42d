package projections

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// transfer passes the entry from one person to another.
func (s *script) transfer(n, from, to int) domain.Recorded {
	return s.add(listID(1).Stream(), housing.EntryTransferred{
		ListID: listID(1), EntryID: entryID(n), From: personID(from), PersonID: personID(to), TransferredAt: s.now,
	})
}

// decide is a decision to provide entry n of the person with dwelling 1, which
// the holders of some entries have declined.
func (s *script) decide(id, n, person int, declined ...domain.EntryID) domain.Recorded {
	return s.add(caseID(id).Stream(), housing.ProvisionDecided{
		CaseID: caseID(id), ListID: listID(1), EntryID: entryID(n), PersonID: personID(person),
		Dwelling: housing.ServiceDwelling{ID: dwellingID(1)}, Declined: declined, DecidedAt: s.now,
	})
}

// provide ends entry n of the person; those who stand before are skipped.
func (s *script) provide(id, n, person int, skipped ...domain.EntryID) domain.Recorded {
	e := housing.EntryProvided{ListID: listID(1), EntryID: entryID(n), PersonID: personID(person), CaseID: caseID(id),
		ProvidedAt: s.now}
	for _, id := range skipped {
		e.Skipped = append(e.Skipped, housing.Skip{EntryID: id, Reason: housing.SkipTooSmall})
	}
	return s.add(listID(1).Stream(), e)
}

// decline is the answer of the list to a decision that holds no more.
func (s *script) decline(id, n int) domain.Recorded {
	return s.add(listID(1).Stream(), housing.ProvisionDeclined{ListID: listID(1), EntryID: entryID(n),
		CaseID: caseID(id), DeclinedAt: s.now})
}

// TestQ19_WhoIsSkippedOrDeclinesHasItInTheirHistory: the events name an entry;
// whoever holds it when they happen has them, and nobody who held it before or
// holds it later.
func TestQ19_WhoIsSkippedOrDeclinesHasItInTheirHistory(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		persons := []domain.Recorded{s.person(1), s.person(2), s.person(3), s.person(4)}
		dwelling := s.dwelling(1)
		s.list(1)
		first, second, third := placeOn(s, 1, 1, 1), placeOn(s, 2, 2, 2), placeOn(s, 3, 3, 3)

		decided := s.decide(10, 3, 3, entryID(2))
		lost := s.decline(10, 3)
		passed := s.transfer(1, 1, 4) // persons 1 and 4; the entry is 4's from here on
		again := s.decide(11, 3, 3, entryID(1), entryID(2))
		provided := s.provide(11, 3, 3, entryID(1), entryID(2))
		done := s.add(caseID(11).Stream(), housing.ProvisionCompleted{CaseID: caseID(11), ListID: listID(1),
			EntryID: entryID(3), CompletedAt: s.now})
		r := projected(t, client, s)

		for person, want := range map[int][]string{
			1: refs(persons[0], first, passed),
			2: refs(persons[1], second, decided, again, provided),
			3: refs(persons[2], third, decided, lost, again, provided, done),
			4: refs(persons[3], passed, again, provided),
		} {
			page, err := r.PersonHistory(ctx, personID(person), HistoryFrom{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			same(t, pointers(page), want)
		}
		page, err := r.DwellingHistory(ctx, dwellingID(1), HistoryFrom{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(page), refs(dwelling, decided, lost, again, done))
	})
}

// TestC21_WhoIsSkippedIsNoPartyOfTheCase: a page that shows the case leaves no
// entry in the access log of somebody whom it does not name.
func TestC21_WhoIsSkippedIsNoPartyOfTheCase(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		for n := range 3 {
			s.person(n + 1)
			placeOn(s, n+1, n+1, n+1)
		}
		s.decide(10, 3, 3, entryID(1), entryID(2))
		s.decline(10, 3)
		s.decide(11, 3, 3, entryID(1))
		s.provide(11, 3, 3, entryID(1), entryID(2))
		r := projected(t, client, s)
		parties, err := r.Parties(ctx, []domain.CaseID{caseID(10), caseID(11)})
		if err != nil {
			t.Fatal(err)
		}
		same(t, parties, []domain.PersonID{personID(3), personID(3)})
	})
}

// A batch whose script failed half way is applied again from its beginning: who
// held an entry before must not come back to it.
func TestTheHolderIsFoundAgainWhenABatchIsRepeated(t *testing.T) {
	s := newScript()
	placeOn(s, 1, 1, 1)
	s.provide(10, 2, 2, entryID(1))
	s.transfer(1, 1, 3)
	f := newFold()
	for range 2 {
		for _, rec := range s.recorded() {
			for _, o := range project(rec) {
				f.execute(o)
			}
		}
	}
	provided := s.recorded()[1]
	for person, want := range map[int]bool{1: true, 2: true, 3: false} {
		_, has := f.value(personHistory(personID(person)),
			"zset").members.Get(hexPosition(provided.Position) + "|" + refs(provided)[0])
		if has != want {
			t.Errorf("person %d has the event: %t, want %t", person, has, want)
		}
	}
}

func TestHistoriesPointToEveryEventOfAllPartiesInLogOrder(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		owner, tenant, child := s.person(1), s.person(2), s.person(3)
		recorded := s.dwelling(1)
		owned := s.add(dwellingID(1).Stream(), residence.OwnersChanged{DwellingID: dwellingID(1),
			Owners: []residence.Owner{{PersonID: personID(1)}}, On: day})
		began := s.register(1, 2, 1, residence.Permanent, domain.Date{})
		applied := s.add(caseID(1).Stream(), deregistration(s, 1, 1, 1, 2))
		received := s.add(caseID(2).Stream(), application(s, 2, 1, 2, 3))
		ended := s.end(1, 2, 1, residence.Permanent)
		decided := s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), DecidedAt: s.now})
		s.list(1)
		seniority := housing.Seniority{At: s.now, Position: received.Position}
		approved := s.add(caseID(2).Stream(), housing.PlacementApproved{CaseID: caseID(2), ListID: listID(1),
			EntryID: entryID(1), PersonID: personID(2), ApprovedAt: s.now})
		placed := s.add(listID(1).Stream(), housing.EntryPlaced{ListID: listID(1), EntryID: entryID(1),
			PersonID: personID(2), Seniority: seniority, Number: 1, PlacedAt: s.now})
		certified := s.add(caseID(2).Stream(), housing.PlacementCertified{CaseID: caseID(2), ListID: listID(1),
			EntryID: entryID(1), CertifiedAt: s.now})
		removed := s.add(listID(1).Stream(), housing.EntryRemoved{ListID: listID(1), EntryID: entryID(1),
			PersonID: personID(2), Seniority: seniority, RemovedAt: s.now})
		s.add("access-"+personID(2).String(), housing.ListOpened{})
		r := projected(t, client, s)

		for person, want := range map[int][]string{
			1: refs(owner, owned, applied, decided),
			2: refs(tenant, began, applied, received, ended, decided, approved, placed, certified, removed),
			3: refs(child, received, approved, certified),
		} {
			page, err := r.PersonHistory(ctx, personID(person), HistoryFrom{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			same(t, pointers(page), want)
			same(t, page.Next, domain.Position(0))
			same(t, page.AsOf, s.head())
		}
		page, err := r.DwellingHistory(ctx, dwellingID(1), HistoryFrom{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(page), refs(recorded, owned, began, applied, ended, decided))

		var paged []string
		after := domain.Position(0)
		for range 10 {
			page, err := r.PersonHistory(ctx, personID(2), HistoryFrom{Cursor: after, Limit: 3})
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, pointers(page)...)
			if after = page.Next; after == 0 {
				break
			}
		}
		same(t, paged, refs(tenant, began, applied, received, ended, decided, approved, placed, certified, removed))

		_, err = r.PersonHistory(ctx, personID(9), HistoryFrom{Limit: 10})
		refuses(t, err, domain.NotFound, domain.CodePersonUnknown)
		_, err = r.DwellingHistory(ctx, dwellingID(9), HistoryFrom{Limit: 10})
		refuses(t, err, domain.NotFound, domain.CodeDwellingUnknown)
	})
}

func TestQ16_ATransferIsInTheHistoriesOfBothHolders(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.list(1)
		placeOn(s, 1, 10, 1)
		passed := s.add(listID(1).Stream(), housing.EntryTransferred{ListID: listID(1), EntryID: entryID(1),
			From: personID(1), PersonID: personID(2), TransferredAt: s.now})
		r := projected(t, client, s)
		for _, n := range []int{1, 2} {
			page, err := r.PersonHistory(ctx, personID(n), HistoryFrom{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			all := pointers(page)
			same(t, all[len(all)-1:], refs(passed))
		}
		n, err := r.Number(ctx, listID(1), entryID(1))
		if err != nil || n.PersonID != personID(2) || n.Number != 1 || n.LastChange.Kind != Placed {
			t.Errorf("%+v, %v", n, err)
		}
	})
}
