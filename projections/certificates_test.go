package projections

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/residence"
)

func TestR17_TheModelKnowsWhichSheetStands(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		stream := caseID(1).Stream()
		s.add(stream, deregistration(s, 1, 1, 1, 2))
		s.add(stream, residence.DepartureSheetIssued{CaseID: caseID(1), CertificateID: certificateID(1), PersonID: personID(2), IssuedAt: s.now})
		r := projected(t, client, s)
		expect := func(id domain.CertificateID, want Certificate) {
			t.Helper()
			d := certificates.Document{ID: id, Service: certificates.S001, IssuedAt: s.now}
			want.ID, want.CaseID, want.Number, want.IssuedOn = id, caseID(1), d.Number(), domain.DateOf(s.now)
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

		s.add(stream, certificates.Corrected{CaseID: caseID(1), CertificateID: certificateID(1), Version: 2, CorrectedAt: s.now})
		reach(t, r, s.head())
		expect(certificateID(1), Certificate{Kind: sheet, Version: 2})

		s.add(stream, certificates.Duplicated{CaseID: caseID(1), CertificateID: certificateID(2), Replaces: certificateID(1), Copy: 1, IssuedAt: s.now})
		reach(t, r, s.head())
		expect(certificateID(1), Certificate{Kind: sheet, Version: 2, Superseded: true})
		expect(certificateID(2), Certificate{Kind: sheet, Version: 1})

		c, err := r.Case(ctx, caseID(1))
		if err != nil {
			t.Fatal(err)
		}
		same(t, c.Documents, []CertificateRef{
			{certificates.TalonOf(caseID(1)), certificates.Talon}, {certificateID(1), sheet}, {certificateID(2), sheet},
		})

		_, err = r.Certificate(ctx, certificateID(9))
		refuses(t, err, domain.NotFound, domain.CodeCertificateUnknown)
		if none, err := r.Located(ctx, certificates.Locator(certificateID(9))); err != nil || len(none) != 0 {
			t.Errorf("located %v, %v", none, err)
		}
	})
}
