package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func (h history) dead(on string) history {
	return append(h[:len(h):len(h)], residence.PersonDied{
		PersonID: h.person(), On: day(on), Basis: certificate(), RecordedAt: domaintest.Noon(),
	})
}

func TestR27_ADeathEndsTheRegistrationsWithItsDay(t *testing.T) {
	die := func(on domain.Date, household residence.Household) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.RecordDeath(domaintest.Command(), residence.RecordDeath{On: on, Basis: certificate(), Household: household})
		}
	}
	lives := resident().permanent(first, flat, "2020-01-01").temporary(again, house, "2026-01-01", "2026-06-01")
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R27 permanent and temporary",
			Given: lives,
			When:  die(day("2026-03-01"), residence.Household{}),
			Then: lives.dead("2026-03-01").
				ended(first, flat, residence.Permanent, residence.Died, "2026-03-01").
				ended(again, house, residence.Temporary, residence.Died, "2026-03-01")[len(lives):],
		},
		{
			Name:  "R27 not what its term has ended before",
			Given: resident().temporary(first, flat, "2025-06-01", "2026-02-01"),
			When:  die(day("2026-03-01"), residence.Household{}),
			Then:  resident().dead("2026-03-01")[1:],
		},
		{
			Name:    "R14 nothing begins after the death",
			Given:   resident().permanent(first, flat, "2026-03-02"),
			When:    die(day("2026-03-01"), residence.Household{}),
			Refused: domain.CodeEndsBeforeBegin,
			Field:   "died_on",
		},
		{Name: "R27 not tomorrow", Given: lives, When: die(today.AddDays(1), residence.Household{}), Refused: domain.CodeDateInFuture, Field: "died_on"},
		{Name: "R27 not before birth", Given: resident(), When: die(day("1989-12-31"), residence.Household{}), Refused: domain.CodeBeforeBirth, Field: "died_on"},
		{Name: "R27 not without its day", Given: lives, When: die(domain.Date{}, residence.Household{}), Refused: domain.CodeRequired, Field: "died_on"},
		{Name: "R27 once", Given: resident().dead("2026-03-01"), When: die(today, residence.Household{}), Refused: domain.CodePersonDead},
		{Name: "R27 nobody unknown", When: die(today, residence.Household{}), Refused: domain.CodePersonUnknown},
		{
			Name:  "R27 not without the record",
			Given: lives,
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.RecordDeath(domaintest.Command(), residence.RecordDeath{On: today})
			},
			Refused: domain.CodeBasisRequired,
			Field:   "basis",
		},
	})
}

func TestR27_WhoHasDiedDoesNothing(t *testing.T) {
	gone := resident().dead("2026-03-01")
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name:  "R27 is registered nowhere",
			Given: gone,
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.Register(domaintest.Command(), residence.Register{
					RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today,
				})
			},
			Refused: domain.CodePersonDead,
			Field:   "person_id",
		},
		{
			Name:  "R27 represents nobody",
			Given: child(thirteen),
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.RecordRepresentative(domaintest.Command(), residence.RecordRepresentative{
					Representative: gone.fold(), Kind: residence.Parent,
				})
			},
			Refused: domain.CodePersonDead,
			Field:   "representative_id",
		},
		{
			Name:  "R27 is reached by nobody",
			Given: gone,
			When: func(p *residence.Person) ([]domain.Event, error) {
				return p.StateContacts(domaintest.Command(), residence.StateContacts{Language: domain.Kazakh})
			},
			Refused: domain.CodePersonDead,
		},
	})
}

func TestR27_ADeathByMistakeIsAnnulledByReference(t *testing.T) {
	gone := resident().permanent(first, flat, "2020-01-01").dead("2026-03-01").
		ended(first, flat, residence.Permanent, residence.Died, "2026-03-01")
	annul := func(p *residence.Person) ([]domain.Event, error) {
		d, _ := p.Dead()
		return p.AnnulDeath(domaintest.Command(), residence.AnnulDeath{Death: d.Event, Reasons: "a namesake", Basis: certificate()})
	}
	events, err := annul(gone.fold())
	if err != nil {
		t.Fatal(err)
	}
	p := append(gone, events...).fold()
	if _, dead := p.Dead(); dead || len(p.ActiveOn(today)) != 1 {
		t.Errorf("dead: %v, %d registrations hold", dead, len(p.ActiveOn(today)))
	}
	if _, err := p.AnnulDeath(domaintest.Command(), residence.AnnulDeath{Reasons: "r", Basis: certificate()}); domain.CodeOf(err) != domain.CodeFactNotInForce {
		t.Errorf("annulled twice: %v", err)
	}
}
