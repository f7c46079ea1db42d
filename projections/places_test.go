package projections

import (
	"context"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

func TestR35_AStreetHasTheDwellingsOfItsUnit(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), newScript()
		s.person(1)
		for n := range 3 {
			s.dwelling(n+1, 1)
		}
		s.add(dwellingID(2).Stream(), residence.DwellingRecoded{
			DwellingID: dwellingID(2), Was: residence.Identity{RKA: "RKA2", KATO: "751110000"},
			Now: residence.Identity{RKA: "RKA2", KATO: "711310000"}, On: day,
		})
		s.add(dwellingID(3).Stream(), residence.DwellingReaddressed{
			DwellingID: dwellingID(3), Former: "Abai 3", Address: "Dostyk 3", On: day,
		})
		r := projected(t, client, s)
		for _, c := range []struct {
			unit   domain.KATO
			street string
			want   []domain.DwellingID
		}{
			{"750000000", "Abai", []domain.DwellingID{dwellingID(1)}},
			{"751110000", "Abai", []domain.DwellingID{dwellingID(1)}},
			{"750000000", "Dostyk", []domain.DwellingID{dwellingID(3)}},
			{"711310000", "Abai", []domain.DwellingID{dwellingID(2)}},
			{"711310000", "Aba", nil},
			{"791110000", "Abai", nil},
		} {
			got, next, err := r.Street(ctx, c.unit, c.street, "")
			if err != nil || next != "" || !slices.Equal(got, c.want) {
				t.Errorf("%s of %s: %v, then %q, %v; want %v", c.street, c.unit, got, next, err, c.want)
			}
		}
		got, _, err := r.Street(ctx, "750000000", "Abai", placeMember("751110000", dwellingID(1)))
		if err != nil || len(got) != 0 {
			t.Errorf("behind the last one are %v, %v", got, err)
		}
	})
}
