package command_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules/rulestest"
	"tizilim/eventstore/command"
)

// TestR19_WhoIsRegisteredIsAskedOnlyWhereANormIsInForce: the norm is that of
// Almaty (75), the area 30 m², and two are registered there.
func TestR19_WhoIsRegisteredIsAskedOnlyWhereANormIsInForce(t *testing.T) {
	book := rulestest.Book(
		t,
		"2026-01-01",
		`"occupancy_norms":[]`,
		`"occupancy_norms":[{"kato":"75","area_per_person":15,"from":"2026-01-01","exempt_kinships":[]}]`,
	)
	there, elsewhere, unmeasured := domaintest.ID[domain.DwellingID](
		"there",
	), domaintest.ID[domain.DwellingID](
		"elsewhere",
	), domaintest.ID[domain.DwellingID](
		"unmeasured",
	)
	l := world(t)
	h := newHandler(l)
	for id, of := range map[domain.DwellingID]residence.RecordDwelling{
		there:      {Identity: residence.Identity{KATO: "750000000"}, Description: residence.Description{Area: 30}},
		elsewhere:  {Identity: residence.Identity{KATO: "710000000"}, Description: residence.Description{Area: 30}},
		unmeasured: {Identity: residence.Identity{KATO: "750000000"}},
	} {
		of.DwellingID, of.RKA, of.Address = id, rka(int(id.UUID[0])).RKA, "a"
		of.Owners = []residence.Owner{{PersonID: aigul}} // who consents
		must(t, "record "+id.String(), func(cmd domain.Command) (command.Receipt, error) {
			return h.RecordDwelling(ctx, cmd, of, command.Options{})
		})
	}
	for _, c := range []struct {
		name      string
		at        domain.DwellingID
		occupants []domain.PersonID
		asked     int
		code      domain.Code
	}{
		{"R19 full", there, []domain.PersonID{erlan, gulnar}, 1, domain.CodeOccupancyNorm},
		{"R19 room for one more", there, []domain.PersonID{erlan}, 1, ""},
		{"R19 no norm", elsewhere, []domain.PersonID{erlan, gulnar}, 0, ""},
		{"R19 no area", unmeasured, []domain.PersonID{erlan, gulnar}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			h := newHandler(
				l.copy(),
				withRules(book),
				withModel(model{occupants: func(id domain.DwellingID, on domain.Date) []domain.PersonID {
					if asked++; id != c.at || on != domaintest.Today() {
						t.Errorf("asked for %s on %s", id, on)
					}
					return c.occupants
				}}),
			)
			if _, err := register(h, daur, c.at, residence.Permanent, command.Options{})(envelope("move")); domain.CodeOf(
				err,
			) != c.code ||
				asked != c.asked {
				t.Errorf("asked %d times: %v", asked, err)
			}
		})
	}
	t.Run("R19 a model that is behind refuses for now", func(t *testing.T) {
		behind := domain.Refuse(domain.Unavailable, domain.CodeModelNotReady, "behind")
		h := newHandler(l.copy(), withRules(book), withModel(model{behind: behind}))
		if _, err := register(h, daur, there, residence.Permanent, command.Options{})(envelope("move")); domain.CodeOf(
			err,
		) != domain.CodeModelNotReady {
			t.Errorf("%v", err)
		}
		if _, err := register(h, daur, elsewhere, residence.Permanent, command.Options{})(envelope("move elsewhere")); err != nil {
			t.Error(err)
		}
	})
	t.Run("R19 the lease of a provision names the family", func(t *testing.T) {
		l := world(t)
		must(t, "daur has a family", func(cmd domain.Command) (command.Receipt, error) {
			return reportFamily(newHandler(l), cmd, command.Options{})
		})
		must(t, "the family is reviewed", func(cmd domain.Command) (command.Receipt, error) { return closeReview(l, cmd) })
		must(t, "provide daur", func(cmd domain.Command) (command.Receipt, error) {
			return provide(newHandler(l), house)(cmd, command.Options{})
		})
		d, err := newHandler(l).Dwelling(ctx, house)
		if err != nil || d.Lease == nil || len(d.Lease.Family) != 1 || d.Lease.Family[0] != erlan {
			t.Fatalf("%+v, %v", d.Lease, err)
		}
		for who, code := range map[domain.PersonID]domain.Code{erlan: "", gulnar: domain.CodeNotInLease} {
			_, err := newHandler(l).Register(ctx, envelope("register "+who.String()), who, residence.Register{
				RegistrationID: domaintest.ID[domain.RegistrationID](
					who.String(),
				), DwellingID: house, Kind: residence.Permanent,
				From: domaintest.Today(), Consents: []residence.Consent{{PersonID: daur}},
			}, command.Options{DryRun: true})
			if domain.CodeOf(err) != code {
				t.Errorf("%s: %v, want %q", who, err, code)
			}
		}
	})
}
