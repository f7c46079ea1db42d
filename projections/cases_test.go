package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

func deregistration(s *script, n int, applicant, dwelling int, persons ...int) residence.DeregistrationApplied {
	e := residence.DeregistrationApplied{
		CaseID: caseID(n), Channel: domain.ChannelPortal, Language: domain.Kazakh, Ground: residence.GroundOwnerApplication,
		DwellingID: dwellingID(dwelling), ApplicantID: personID(applicant), ApplicantClass: residence.Citizen,
		Signature: domain.SignatureEDS, ReceivedAt: s.now.UTC(), Deadline: s.now.UTC().Add(30 * time.Minute),
		DepartureSheet: true,
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
					ID: caseID(1), Service: domain.S001, State: procedure.Registered, ApplicantID: personID(1),
					Channel: domain.ChannelPortal, Language: domain.Kazakh,
					ReceivedAt: applied.ReceivedAt, Deadline: applied.Deadline, Persons: applied.Persons, DwellingID: dwellingID(1),
					Ground: residence.GroundOwnerApplication, DepartureSheet: true, AsOf: s.head(),
					Documents: []CertificateRef{{ID: certificates.TalonOf(caseID(1)), Kind: certificates.Talon}},
				}
				got, err := r.Case(ctx, caseID(1))
				if err != nil {
					t.Fatal(err)
				}
				same(t, got, want)

				s.add(caseID(1).Stream(), residence.DeregistrationDecided{CaseID: caseID(1), Results: test.results,
					Edition: "kz-1", DecidedAt: s.now})
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
		Language: domain.Russian, Signature: domain.SignatureOTP, ReceivedAt: s.now.UTC(),
		Deadline: day.AddDays(30).End().UTC(),
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
			ID: caseID(1), Service: domain.S000, State: procedure.Registered, ApplicantID: personID(1),
			Channel: domain.ChannelPortal, Language: domain.Russian,
			ReceivedAt: received.ReceivedAt, Deadline: received.Deadline, Persons: []domain.PersonID{personID(2)},
			ListID:    listID(1),
			Documents: []CertificateRef{{ID: certificates.TalonOf(caseID(1)), Kind: certificates.Talon}},
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
		approved := housing.PlacementApproved{CaseID: caseID(1), ListID: listID(1), EntryID: entryID(1),
			PersonID: personID(1), RegisteredOn: day, Judgement: judgement(true), ApprovedAt: s.now}
		want.Consent = housing.Consent{State: housing.ConsentGiven, ConsentTerms: received.Terms}
		expect(nil, procedure.Registered)
		want.Judgement = pointer(judgement(false))
		expect(housing.NeedExamined{CaseID: caseID(1), ApplicantID: personID(1), Judgement: judgement(false),
			ExaminedAt: s.now}, procedure.Registered)
		want.Consent.State = housing.ConsentWithdrawn
		expect(housing.LookupConsentWithdrawn{CaseID: caseID(1), PersonID: personID(1), WithdrawnAt: s.now},
			procedure.Registered)
		want.Consent = housing.Consent{State: housing.ConsentGiven,
			ConsentTerms: housing.ConsentTerms{Purpose: housing.ForHousing}}
		expect(housing.LookupConsentRenewed{CaseID: caseID(1), PersonID: personID(1),
			ConsentTerms: want.Consent.ConsentTerms, RenewedAt: s.now}, procedure.Registered)
		want.Consent.State = housing.ConsentExpired
		expect(housing.LookupConsentExpired{CaseID: caseID(1), PersonID: personID(1), ExpiredAt: s.now}, procedure.Registered)
		want.Judgement = pointer(judgement(true))
		expect(approved, procedure.Approved)
		expect(housing.ApprovalVoided{CaseID: caseID(1), Code: domain.CodeAlreadyOnList, Reason: "already",
			VoidedAt: s.now}, procedure.InReview)
		expect(approved, procedure.Approved)
		certified := housing.PlacementCertified{
			CaseID: caseID(1), ListID: listID(1), EntryID: entryID(1), CertificateID: certificateID(1), RegisteredOn: day,
			Number: 4, Edition: "kz-1", CertifiedAt: s.now.UTC(),
		}
		want.Certificate = &PlacementCertificate{ID: certificateID(1), EntryID: entryID(1), Number: 4, RegisteredOn: day,
			CertifiedAt: certified.CertifiedAt}
		want.Edition = "kz-1"
		want.Documents = append(want.Documents, CertificateRef{ID: certificateID(1), Kind: certificates.Placement})
		expect(certified, procedure.Granted)

		refusedAt := s.now.UTC()
		s.add(caseID(2).Stream(), application(s, 2, 1, 3))
		s.add(caseID(2).Stream(), housing.ApplicationRefused{
			CaseID: caseID(2), ListID: listID(1), CertificateID: certificateID(2), Ground: housing.NoConsent,
			Reasons: "none given", Unmet: "u", Judgement: pointer(judgement(false)), AppealRoute: housing.AppealRoute,
			Edition: "kz-2", RefusedAt: refusedAt,
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
			ID: certificateID(2), Ground: housing.NoConsent,
			Event:       domain.EventRef{Stream: caseID(2).Stream(), Revision: got.Revision},
			AppealRoute: housing.AppealRoute, RefusedAt: refusedAt,
		})
	})
}

// judgement of a family, in need or not.
func judgement(inNeed bool) housing.Judgement {
	j := housing.Judgement{Edition: "kz-1", On: day, InNeed: inNeed,
		Family: []housing.FamilyMember{{PersonID: personID(2), Relation: housing.Child}}}
	if !inNeed {
		j.Bars = []housing.Bar{{Code: domain.CodePastBenefit, PersonID: personID(1), Benefit: "privatisation_used"}}
	}
	return j
}
