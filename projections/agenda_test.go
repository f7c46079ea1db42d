package projections

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

func TestR13_TheAgendaHoldsTheTermsThatNoFactHasSettled(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		s.register(1, 1, 1, residence.Permanent, domain.Date{})
		s.register(2, 1, 2, residence.Temporary, day.AddMonths(3))
		s.register(3, 2, 2, residence.Temporary, day.AddMonths(2))
		s.register(4, 3, 2, residence.Temporary, day.AddMonths(1))
		s.end(4, 3, 2, residence.Temporary)
		r := projected(t, client, s)
		expect := func(by time.Time, limit int, want ...domain.Due) {
			t.Helper()
			got, err := r.Due(ctx, by, limit)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
		}
		duty := func(person, registration int, until domain.Date) domain.Due {
			return domain.Due{Kind: domain.DueTerm, Stream: personID(person).Stream(), Item: registrationID(registration).String(), At: until.Start().UTC()}
		}
		early, late := duty(2, 3, day.AddMonths(2)), duty(1, 2, day.AddMonths(3))
		expect(early.At.Add(-time.Millisecond), 10)
		expect(early.At, 10, early)
		expect(late.At, 10, early, late)
		expect(late.At, 1, early)

		correct := func(now residence.Standing) {
			s.add(personID(1).Stream(), residence.RegistrationCorrected{
				PersonID: personID(1), RegistrationID: registrationID(2), DwellingID: dwellingID(2), Kind: residence.Temporary, Now: now,
			})
			reach(t, r, s.head())
		}
		correct(residence.Standing{From: day, Until: day.AddMonths(1)})
		expect(late.At, 10, duty(1, 2, day.AddMonths(1)), early)
		correct(residence.Standing{From: day, Until: day.AddMonths(1), Void: true})
		expect(late.At, 10, early)
		s.end(3, 2, 2, residence.Temporary)
		reach(t, r, s.head())
		expect(late.At, 10)
	})
}
