package projections

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

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
				{RegistrationID: registrationID(1), DwellingID: dwellingID(1), Address: "Abai 1", Kind: residence.Permanent, From: day},
				{RegistrationID: registrationID(2), DwellingID: dwellingID(2), Address: "Abai 1", Kind: residence.Temporary, From: day,
					Until: day.AddMonths(1)},
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
		same(t, got.Registrations, []Residence{{RegistrationID: registrationID(3), DwellingID: dwellingID(2), Address: "Abai 1",
			Kind: residence.Permanent, From: day}})
		left, err := r.Residents(ctx, dwellingID(1), day)
		if err != nil || len(left.Residents) != 0 {
			t.Errorf("residents of the dwelling that was left: %v, %v", left.Residents, err)
		}
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
