package projections

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

func asError(err error) (*domain.Error, bool) {
	var e *domain.Error
	ok := errors.As(err, &e)
	return e, ok
}

var compareDates = cmp.Comparer(func(a, b domain.Date) bool { return a == b })

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, compareDates); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestResidenceShowsWhatHoldsToday(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.dwelling(1, 2)
		s.dwelling(2)
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		last := s.register(2, 1, 2, residence.Temporary, day.AddMonths(1))
		r := projected(t, client, s)

		want := PersonResidence{
			PersonID: personID(1), Class: residence.Citizen, Revision: last.Revision, AsOf: s.head(),
			Registrations: []Residence{
				{RegistrationID: registrationID(1), DwellingID: dwellingID(1), Kind: residence.Permanent, From: day},
				{RegistrationID: registrationID(2), DwellingID: dwellingID(2), Kind: residence.Temporary, From: day, Until: day.AddMonths(1)},
			},
		}
		got, err := r.Residence(ctx, personID(1), day.AddMonths(1).AddDays(-1))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, want)

		// The stay has run out by itself: no event says so.
		got, err = r.Residence(ctx, personID(1), day.AddMonths(1))
		if err != nil {
			t.Fatal(err)
		}
		want.Registrations = want.Registrations[:1]
		same(t, got, want)
		gone, err := r.Residents(ctx, dwellingID(2), day.AddMonths(1))
		if err != nil || len(gone.Residents) != 0 {
			t.Errorf("residents after the stay has run out: %v, %v", gone.Residents, err)
		}

		// Recorded, registered nowhere.
		none, err := r.Residence(ctx, personID(2), day)
		if err != nil || len(none.Registrations) != 0 {
			t.Errorf("a person registered nowhere: %v, %v", none, err)
		}
		_, err = r.Residence(ctx, personID(9), day)
		refuses(t, err, domain.NotFound, domain.CodePersonUnknown)

		// A move: the old registration ends, a new one begins.
		s.end(1, 1, 1, residence.Permanent)
		s.register(3, 1, 2, residence.Permanent, domain.Date{})
		reach(t, r, s.head())
		got, err = r.Residence(ctx, personID(1), day.AddMonths(2))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got.Registrations, []Residence{{RegistrationID: registrationID(3), DwellingID: dwellingID(2), Kind: residence.Permanent, From: day}})
		left, err := r.Residents(ctx, dwellingID(1), day)
		if err != nil || len(left.Residents) != 0 {
			t.Errorf("residents of the dwelling that was left: %v, %v", left.Residents, err)
		}
	})
}

func TestResidentsShowDwellingOwnersAndResidents(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		last := s.dwelling(1, 1, 2)
		s.register(1, 2, 1, residence.Temporary, day.AddMonths(3))
		s.register(2, 1, 1, residence.Permanent, domain.Date{})
		r := projected(t, client, s)
		got, err := r.Residents(ctx, dwellingID(1), day)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, DwellingResidents{
			DwellingID: dwellingID(1), RKA: "RKA1", CadastralNumber: "21-318", KATO: "751110000", Address: "Abai 1",
			Owners:      []residence.Owner{{PersonID: personID(1), Share: "1/2"}, {PersonID: personID(2), Share: "1/2"}},
			OwnersSince: day,
			Residents: []Resident{
				{PersonID: personID(1), RegistrationID: registrationID(2), Kind: residence.Permanent, From: day},
				{PersonID: personID(2), RegistrationID: registrationID(1), Kind: residence.Temporary, From: day, Until: day.AddMonths(3)},
			},
			Revision: last.Revision, AsOf: s.head(),
		})
		_, err = r.Residents(ctx, dwellingID(9), day)
		refuses(t, err, domain.NotFound, domain.CodeDwellingUnknown)
	})
}

func deregistration(s *script, n int, applicant, dwelling int, persons ...int) residence.DeregistrationApplied {
	e := residence.DeregistrationApplied{
		CaseID: caseID(n), Channel: domain.ChannelPortal, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication,
		DwellingID: dwellingID(dwelling), ApplicantID: personID(applicant), ApplicantClass: residence.Citizen,
		Signature: domain.SignatureEDS, ReceivedAt: s.now.UTC(), Deadline: s.now.UTC().Add(30 * time.Minute), DepartureSheet: true,
	}
	for _, p := range persons {
		e.Persons = append(e.Persons, personID(p))
	}
	return e
}

func TestDeregistrationCaseIsGrantedWhenAnyPersonIs(t *testing.T) {
	refused := residence.Result{PersonID: personID(3), Code: domain.CodeNotRegisteredHere, Reason: "not here"}
	granted := residence.Result{PersonID: personID(2), Ended: []domain.RegistrationID{registrationID(1)}}
	for name, test := range map[string]struct {
		results []residence.Result
		state   CaseState
	}{
		"one of two": {[]residence.Result{granted, refused}, procedure.Granted},
		"none":       {[]residence.Result{refused}, procedure.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
				ctx, s := context.Background(), newScript()
				applied := deregistration(s, 1, 1, 1, 2, 3)
				s.add(caseID(1).Stream(), applied)
				r := projected(t, client, s)
				want := Case{
					ID: caseID(1), Service: domain.S001, State: procedure.Registered, ApplicantID: personID(1), Channel: domain.ChannelPortal, Language: domain.Kazakh,
					ReceivedAt: applied.ReceivedAt, Deadline: applied.Deadline, Persons: applied.Persons, DwellingID: dwellingID(1),
					Ground: residence.GroundOwnerApplication, DepartureSheet: true, AsOf: s.head(),
					Documents: []CertificateRef{{certificates.TalonOf(caseID(1)), certificates.Talon}},
				}
				got, err := r.Case(ctx, caseID(1))
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, want)

				s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), Results: test.results, Edition: "kz-1", DecidedAt: s.now})
				reach(t, r, s.head())
				want.State, want.Results, want.Edition, want.Revision, want.AsOf = test.state, test.results, "kz-1", 1, s.head()
				if got, err = r.Case(ctx, caseID(1)); err != nil {
					t.Fatal(err)
				}
				same(t, got, want)
				_, err = r.Case(ctx, caseID(2))
				refuses(t, err, domain.NotFound, domain.CodeCaseUnknown)
			})
		})
	}
}

func application(s *script, n, list, applicant int, family ...int) housing.ApplicationReceived {
	e := housing.ApplicationReceived{
		CaseID: caseID(n), ListID: listID(list), ApplicantID: personID(applicant), Consent: true,
		Terms:    housing.ConsentTerms{Purpose: housing.ForHousing, Scope: []housing.ConsentScope{housing.ScopeHealth}},
		Channel:  domain.ChannelPortal,
		Language: domain.Russian, Signature: domain.SignatureOTP, ReceivedAt: s.now.UTC(), Deadline: day.AddDays(30).End().UTC(),
	}
	for _, f := range family {
		e.Family = append(e.Family, housing.FamilyMember{PersonID: personID(f), Relation: housing.Child})
	}
	return e
}

func TestHousingCaseGoesThroughItsStates(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		received := application(s, 1, 1, 1, 2)
		s.add(caseID(1).Stream(), received)
		r := projected(t, client, s)
		want := Case{
			ID: caseID(1), Service: domain.S000, State: procedure.Registered, ApplicantID: personID(1), Channel: domain.ChannelPortal, Language: domain.Russian,
			ReceivedAt: received.ReceivedAt, Deadline: received.Deadline, Persons: []domain.PersonID{personID(2)}, ListID: listID(1),
			Documents: []CertificateRef{{certificates.TalonOf(caseID(1)), certificates.Talon}},
		}
		expect := func(event domain.Event, state CaseState) {
			t.Helper()
			want.State = state
			if event != nil {
				want.Revision = s.add(caseID(1).Stream(), event).Revision
				reach(t, r, s.head())
			}
			want.AsOf = s.head()
			got, err := r.Case(ctx, caseID(1))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		approved := housing.PlacementApproved{CaseID: caseID(1), ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), RegisteredOn: day, Judgement: judgement(true), ApprovedAt: s.now}
		want.Consent = housing.Consent{State: housing.ConsentGiven, ConsentTerms: received.Terms}
		expect(nil, procedure.Registered)
		want.Judgement = pointer(judgement(false))
		expect(housing.NeedExamined{CaseID: caseID(1), ApplicantID: personID(1), Judgement: judgement(false), ExaminedAt: s.now}, procedure.Registered)
		want.Consent.State = housing.ConsentWithdrawn
		expect(housing.LookupConsentWithdrawn{CaseID: caseID(1), PersonID: personID(1), WithdrawnAt: s.now}, procedure.Registered)
		want.Consent = housing.Consent{State: housing.ConsentGiven, ConsentTerms: housing.ConsentTerms{Purpose: housing.ForHousing}}
		expect(housing.LookupConsentRenewed{CaseID: caseID(1), PersonID: personID(1), ConsentTerms: want.Consent.ConsentTerms, RenewedAt: s.now}, procedure.Registered)
		want.Consent.State = housing.ConsentExpired
		expect(housing.LookupConsentExpired{CaseID: caseID(1), PersonID: personID(1), ExpiredAt: s.now}, procedure.Registered)
		want.Judgement = pointer(judgement(true))
		expect(approved, procedure.Approved)
		expect(housing.ApprovalVoided{CaseID: caseID(1), Code: domain.CodeAlreadyOnList, Reason: "already", VoidedAt: s.now}, procedure.InReview)
		expect(approved, procedure.Approved)
		certified := housing.PlacementCertified{
			CaseID: caseID(1), ListID: listID(1), EntryID: entryID(1), CertificateID: certificateID(1), RegisteredOn: day, Number: 4, Edition: "kz-1", CertifiedAt: s.now.UTC(),
		}
		want.Certificate = &PlacementCertificate{ID: certificateID(1), EntryID: entryID(1), Number: 4, RegisteredOn: day, CertifiedAt: certified.CertifiedAt}
		want.Edition = "kz-1"
		want.Documents = append(want.Documents, CertificateRef{certificateID(1), certificates.Placement})
		expect(certified, procedure.Granted)

		refusedAt := s.now.UTC()
		s.add(caseID(2).Stream(), application(s, 2, 1, 3))
		s.add(caseID(2).Stream(), housing.ApplicationRefused{
			CaseID: caseID(2), ListID: listID(1), CertificateID: certificateID(2), Ground: housing.NoConsent,
			Reasons: "none given", Unmet: "u", Judgement: pointer(judgement(false)), AppealRoute: housing.AppealRoute, Edition: "kz-2", RefusedAt: refusedAt,
		})
		reach(t, r, s.head())
		got, err := r.Case(ctx, caseID(2))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got.State, procedure.Refused)
		same(t, string(got.Edition), "kz-2")
		same(t, got.Judgement, pointer(judgement(false)))
		same(t, got.Refusal, &RefusalCertificate{
			ID: certificateID(2), Ground: housing.NoConsent, Reasons: "none given", Unmet: "u", AppealRoute: housing.AppealRoute, RefusedAt: refusedAt,
		})
	})
}

// judgement of a family, in need or not.
func judgement(inNeed bool) housing.Judgement {
	j := housing.Judgement{Edition: "kz-1", On: day, InNeed: inNeed, Family: []housing.FamilyMember{{PersonID: personID(2), Relation: housing.Child}}}
	if !inNeed {
		j.Bars = []housing.Bar{{Code: domain.CodePastBenefit, PersonID: personID(1), Benefit: "privatisation_used"}}
	}
	return j
}

func pointer[T any](v T) *T { return &v }

func TestQ5_TheListsOfABody(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := newScript()
		s.list(1)
		s.list(2)
		s.add(listID(3).Stream(), housing.ListOpened{ListID: listID(3), Body: "Akimat of another town", Settlement: "Almaty", Title: "List 3", OpenedAt: s.now})
		r := projected(t, client, s)
		reach(t, r, s.head())
		for body, want := range map[string][]domain.ListID{
			"Akimat": {listID(1), listID(2)}, "Akimat of another town": {listID(3)}, "Akim": {},
		} {
			lists, err := r.ListsOf(context.Background(), body)
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(lists, func(a, b domain.ListID) int { return strings.Compare(a.String(), b.String()) })
			slices.SortFunc(want, func(a, b domain.ListID) int { return strings.Compare(a.String(), b.String()) })
			same(t, lists, want)
		}
	})
}

func TestHistoriesPointToEveryEventOfAllPartiesInLogOrder(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		owner, tenant, child := s.person(1), s.person(2), s.person(3)
		recorded := s.dwelling(1)
		owned := s.add(dwellingID(1).Stream(), residence.OwnersChanged{DwellingID: dwellingID(1), Owners: []residence.Owner{{PersonID: personID(1)}}, On: day})
		began := s.register(1, 2, 1, residence.Permanent, domain.Date{})
		applied := s.add(caseID(1).Stream(), deregistration(s, 1, 1, 1, 2))
		received := s.add(caseID(2).Stream(), application(s, 2, 1, 2, 3))
		ended := s.end(1, 2, 1, residence.Permanent)
		decided := s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), DecidedAt: s.now})
		s.list(1)
		seniority := housing.Seniority{At: s.now, Position: received.Position}
		approved := s.add(caseID(2).Stream(), housing.PlacementApproved{CaseID: caseID(2), ListID: listID(1), EntryID: entryID(1), PersonID: personID(2), ApprovedAt: s.now})
		placed := s.add(listID(1).Stream(), housing.EntryPlaced{ListID: listID(1), EntryID: entryID(1), PersonID: personID(2), Seniority: seniority, Number: 1, PlacedAt: s.now})
		certified := s.add(caseID(2).Stream(), housing.PlacementCertified{CaseID: caseID(2), ListID: listID(1), EntryID: entryID(1), CertifiedAt: s.now})
		removed := s.add(listID(1).Stream(), housing.EntryRemoved{ListID: listID(1), EntryID: entryID(1), PersonID: personID(2), Seniority: seniority, RemovedAt: s.now})
		s.add("access-"+personID(2).String(), housing.ListOpened{})
		r := projected(t, client, s)

		for person, want := range map[int][]string{
			1: refs(owner, applied, decided),
			2: refs(tenant, began, applied, received, ended, decided, approved, placed, certified, removed),
			3: refs(child, received, approved, certified),
		} {
			page, err := r.PersonHistory(ctx, personID(person), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			same(t, pointers(page), want)
			same(t, page.Next, domain.Position(0))
			same(t, page.AsOf, s.head())
		}
		page, err := r.DwellingHistory(ctx, dwellingID(1), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(page), refs(recorded, owned, began, applied, ended, decided))

		var paged []string
		after := domain.Position(0)
		for range 10 {
			page, err := r.PersonHistory(ctx, personID(2), after, 3)
			if err != nil {
				t.Fatal(err)
			}
			paged = append(paged, pointers(page)...)
			if after = page.Next; after == 0 {
				break
			}
		}
		same(t, paged, refs(tenant, began, applied, received, ended, decided, approved, placed, certified, removed))

		_, err = r.PersonHistory(ctx, personID(9), 0, 10)
		refuses(t, err, domain.NotFound, domain.CodePersonUnknown)
		_, err = r.DwellingHistory(ctx, dwellingID(9), 0, 10)
		refuses(t, err, domain.NotFound, domain.CodeDwellingUnknown)
	})
}

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
			got, err := r.Unfinished(ctx, olderThan, limit)
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

func TestRedisHoldsNeitherNamesNorIINs(t *testing.T) {
	s := newScript()
	s.person(1)
	for _, rec := range s.recorded() {
		for _, o := range project(rec) {
			if text := o.key + strings.Join(o.args, " "); strings.Contains(text, "SECRET") {
				t.Errorf("op %s tells who somebody is", o.verb)
			}
		}
	}
}

// TestC9_LatenessIsShownUntilANewTermBegins: by a mark, and it goes with the
// term that it belonged to.
func TestC9_LatenessIsShownUntilANewTermBegins(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		stream := caseID(1).Stream()
		received := application(s, 1, 1, 1)
		s.add(stream, received)
		s.add(stream, procedure.DeadlinePassed{CaseID: caseID(1), Deadline: received.Deadline, MarkedAt: s.now})
		r := projected(t, client, s)
		expect := func(overdue bool, deadline time.Time) {
			t.Helper()
			reach(t, r, s.head())
			got, err := r.Case(ctx, caseID(1))
			if err != nil {
				t.Fatal(err)
			}
			if got.Overdue != overdue || !got.Deadline.Equal(deadline) {
				t.Errorf("overdue %t at %s, want %t at %s", got.Overdue, got.Deadline, overdue, deadline)
			}
			var want []OverdueCase
			if overdue {
				want = []OverdueCase{{caseID(1), "decision", deadline.Truncate(time.Millisecond).In(domain.Zone)}}
			}
			listed, _, err := r.Overdue(ctx, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			same(t, listed, want)
			if n, err := r.CountOverdue(ctx); err != nil || n != len(want) {
				t.Errorf("%d cases are counted as overdue (%v), want %d", n, err, len(want))
			}
		}
		expect(true, received.Deadline)
		later := received.Deadline.AddDate(0, 1, 0)
		s.add(stream, procedure.CorrectionRequested{CaseID: caseID(1), Missing: []procedure.Missing{{Text: "m"}}, Until: day, RequestedAt: s.now})
		expect(true, received.Deadline)
		s.add(stream, procedure.CorrectionReceived{CaseID: caseID(1), ReceivedAt: s.now, Deadline: later})
		expect(false, later)
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
				CaseID: caseID(n), ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), Dwelling: housing.ServiceDwelling{ID: dwellingID(1)}, DecidedAt: s.now,
			})
		}
		first := decide(1)
		r := projected(t, client, s)
		expect := func(want ...UnfinishedCase) {
			t.Helper()
			reach(t, r, s.head())
			got, err := r.Unfinished(ctx, s.now, 10)
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
		began := s.add(dwellingID(1).Stream(), residence.LeaseBegan{DwellingID: dwellingID(1), PersonID: personID(1), CaseID: caseID(2), On: day})
		left := s.add(listID(1).Stream(), housing.EntryProvided{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), Seniority: seniorityAt(10), ProvidedAt: s.now})
		done := s.add(caseID(2).Stream(), housing.ProvisionCompleted{CaseID: caseID(2), CompletedAt: s.now})
		expect()

		page, err := r.DwellingHistory(ctx, dwellingID(1), 1, 100)
		if err != nil {
			t.Fatal(err)
		}
		same(t, pointers(page)[1:], refs(first, voided, second, began, done))
		page, err = r.PersonHistory(ctx, personID(1), 0, 100)
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

func TestQ16_ATransferIsInTheHistoriesOfBothHolders(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.person(2)
		s.list(1)
		placeOn(s, 1, 10, 1)
		passed := s.add(listID(1).Stream(), housing.EntryTransferred{ListID: listID(1), EntryID: entryID(1), From: personID(1), PersonID: personID(2), TransferredAt: s.now})
		r := projected(t, client, s)
		for _, n := range []int{1, 2} {
			page, err := r.PersonHistory(ctx, personID(n), 0, 10)
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
