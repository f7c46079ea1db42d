package projections

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

func TestR17_TheModelKnowsWhichSheetStands(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		stream := caseID(1).Stream()
		s.add(stream, deregistration(s, 1, 1, 1, 2))
		s.add(stream, residence.DepartureSheetIssued{CaseID: caseID(1), CertificateID: certificateID(1),
			PersonID: personID(2), IssuedAt: s.now})
		r := projected(t, client, s)
		expect := func(id domain.CertificateID, want Certificate) {
			t.Helper()
			d := certificates.Document{ID: id, Service: domain.S001, IssuedAt: s.now}
			want.ID, want.Stream, want.Number, want.IssuedOn = id, stream, d.Number(), domain.DateOf(s.now)
			got, err := r.Certificate(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
			located, err := r.Located(ctx, certificates.Locator(id))
			if err != nil {
				t.Fatal(err)
			}
			same(t, located, []Certificate{want})
		}
		sheet := certificates.DepartureSheet
		expect(certificates.TalonOf(caseID(1)), Certificate{Kind: certificates.Talon, Version: 1})
		expect(certificateID(1), Certificate{Kind: sheet, Version: 1})

		s.add(stream, certificates.Corrected{CaseID: caseID(1), CertificateID: certificateID(1), Version: 2,
			CorrectedAt: s.now})
		reach(t, r, s.head())
		expect(certificateID(1), Certificate{Kind: sheet, Version: 2})

		s.add(stream, certificates.Duplicated{CaseID: caseID(1), CertificateID: certificateID(2),
			PersonID: personID(2), Replaces: certificateID(1), Copy: 1, IssuedAt: s.now})
		reach(t, r, s.head())
		expect(certificateID(1), Certificate{Kind: sheet, Version: 2, Superseded: true})
		expect(certificateID(2), Certificate{Kind: sheet, Version: 1})

		c, err := r.Case(ctx, caseID(1))
		if err != nil {
			t.Fatal(err)
		}
		same(t, c.Documents, []CertificateRef{
			{ID: certificates.TalonOf(caseID(1)), Kind: certificates.Talon}, {certificateID(1), sheet, personID(2)},
			{certificateID(2), sheet, personID(2)},
		})

		_, err = r.Certificate(ctx, certificateID(9))
		refuses(t, err, domain.NotFound, domain.CodeCertificateUnknown)
		if none, err := r.Located(ctx, certificates.Locator(certificateID(9))); err != nil || len(none) != 0 {
			t.Errorf("located %v, %v", none, err)
		}
	})
}

// TestR17_TheModelKnowsWhichSheetIsVoid: of a case's sheet and of one of the
// person's own stream, and of the duplicates of both.
func TestR17_TheModelKnowsWhichSheetIsVoid(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		person, caseStream := personID(2).Stream(), caseID(1).Stream()
		ended, stays := registrationID(1), registrationID(2)
		s.add(person, residence.PersonRecorded{PersonID: personID(2), Class: residence.Citizen})
		ending := s.add(person, residence.RegistrationEnded{PersonID: personID(2), RegistrationID: ended,
			DwellingID: dwellingID(1), Kind: residence.Permanent, On: domain.DateOf(s.now)})
		issue := func(stream string, id domain.CertificateID, of domain.RegistrationID, by domain.Recorded) {
			s.add(stream, residence.DepartureSheetIssued{
				CertificateID: id, PersonID: personID(2), RegistrationID: of, IssuedAt: s.now,
				Ending: domain.EventRef{Stream: by.Stream, Revision: by.Revision},
			})
		}
		correct := func(of domain.RegistrationID, was, now residence.Standing) domain.Recorded {
			return s.add(person, residence.EndingCorrected{PersonID: personID(2), RegistrationID: of,
				DwellingID: dwellingID(1), Was: was, Now: now})
		}
		day := domain.DateOf(s.now)
		first, second := residence.Standing{EndedOn: day}, residence.Standing{EndedOn: day.AddDays(-1)}
		issue(caseStream, certificateID(1), ended, ending)
		s.add(caseStream, certificates.Duplicated{
			CaseID: caseID(1), CertificateID: certificateID(2), Replaces: certificateID(1), Copy: 1, IssuedAt: s.now,
			PersonID: personID(2), RegistrationID: ended, Ending: domain.EventRef{Stream: person, Revision: ending.Revision},
		})
		issue(person, certificateID(3), stays, ending)
		r := projected(t, client, s)
		expect := func(id domain.CertificateID, void domain.Date) {
			t.Helper()
			got, err := r.Certificate(ctx, id)
			if err != nil || got.VoidSince != void {
				t.Errorf("%s is void since %q, want %q, %v", id, got.VoidSince, void, err)
			}
			located, err := r.Located(ctx, certificates.Locator(id))
			if err != nil {
				t.Fatal(err)
			}
			same(t, located, []Certificate{got})
		}
		expect(certificateID(1), domain.Date{})
		expect(certificateID(2), domain.Date{})

		// A correction that leaves the ending as it was voids nothing.
		correct(ended, first, residence.Standing{From: day, EndedOn: day})
		reach(t, r, s.head())
		expect(certificateID(1), domain.Date{})

		corrected := correct(ended, first, second)
		issue(person, certificateID(4), ended, corrected)
		reach(t, r, s.head())
		expect(certificateID(1), day)
		expect(certificateID(2), day)
		expect(certificateID(3), domain.Date{})
		expect(certificateID(4), domain.Date{})

		s.now = s.now.AddDate(0, 0, 3)
		correct(ended, second, first) // held true again: the first stays void, and since when
		reach(t, r, s.head())
		expect(certificateID(1), day)
		expect(certificateID(4), day.AddDays(3))

		own, err := r.DocumentsOf(ctx, personID(2))
		if err != nil {
			t.Fatal(err)
		}
		same(t, own, []CertificateRef{{certificateID(3), certificates.DepartureSheet, personID(2)},
			{certificateID(4), certificates.DepartureSheet, personID(2)}})
		if none, err := r.DocumentsOf(ctx, personID(1)); err != nil || len(none) != 0 {
			t.Errorf("of another: %v, %v", none, err)
		}
	})
}

// TestQ32_TheModelKnowsWhichCertificateIsOvertaken: by what becomes of its entry.
func TestQ32_TheModelKnowsWhichCertificateIsOvertaken(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.add(caseID(1).Stream(), housing.PlacementCertified{CaseID: caseID(1), ListID: listID(1), EntryID: entryID(1),
			CertificateID: certificateID(1), CertifiedAt: s.now})
		list := listID(1).Stream()
		at := housing.Seniority{At: s.now, Position: 1}
		s.add(list, housing.ListOpened{ListID: listID(1), OpenedAt: s.now})
		s.add(list, housing.EntryPlaced{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), CaseID: caseID(1),
			Seniority: at, RegisteredOn: domain.DateOf(s.now), Number: 1, PlacedAt: s.now})
		r := projected(t, client, s)
		expect := func(day domain.Date, by certificates.Overtaking) {
			t.Helper()
			reach(t, r, s.head())
			got, err := r.Certificate(ctx, certificateID(1))
			if err != nil || got.VoidSince != day || got.VoidBy != by {
				t.Errorf("void since %q by %q, want %q by %q, %v", got.VoidSince, got.VoidBy, day, by, err)
			}
			located, err := r.Located(ctx, certificates.Locator(certificateID(1)))
			if err != nil {
				t.Fatal(err)
			}
			same(t, located, []Certificate{got})
		}
		expect(domain.Date{}, "")
		day := domain.DateOf(s.now)
		s.add(list, housing.EntryRemoved{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), Seniority: at})
		expect(day, certificates.EntryRemoved)
		s.now = s.now.AddDate(0, 0, 3)
		s.add(list, housing.EntryReinstated{ListID: listID(1), EntryID: entryID(1), PersonID: personID(1), Seniority: at})
		expect(domain.Date{}, "")
		s.add(list, housing.EntryTransferred{ListID: listID(1), EntryID: entryID(1), From: personID(1), PersonID: personID(2)})
		expect(day.AddDays(3), certificates.EntryTransferred)
		s.now = s.now.AddDate(0, 0, 1)
		s.add(list, housing.EntryTransferred{ListID: listID(1), EntryID: entryID(1), From: personID(2), PersonID: personID(3)})
		s.add(list, housing.EntryLeft{ListID: listID(1), EntryID: entryID(1), PersonID: personID(3), Seniority: at})
		expect(day.AddDays(3), certificates.EntryTransferred) // the first act counts
	})
}
