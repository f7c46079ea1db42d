package projections

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

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
			DwellingID: dwellingID(1), Address: "Abai 1",
			Identity:    residence.Identity{RKA: "RKA1", CadastralNumber: "21-318", KATO: "751110000"},
			Owners:      []residence.Owner{{PersonID: personID(1), Share: "1/2"}, {PersonID: personID(2), Share: "1/2"}},
			OwnersSince: day,
			Residents: []Resident{
				{PersonID: personID(1), RegistrationID: registrationID(2), Kind: residence.Permanent, From: day},
				{PersonID: personID(2), RegistrationID: registrationID(1), Kind: residence.Temporary, From: day,
					Until: day.AddMonths(3)},
			},
			Revision: last.Revision, AsOf: s.head(),
		})
		_, err = r.Residents(ctx, dwellingID(9), day)
		refuses(t, err, domain.NotFound, domain.CodeDwellingUnknown)
	})
}
