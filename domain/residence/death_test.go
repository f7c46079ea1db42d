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
	leftBehind := func() domain.Event {
		e := lives.ended(first, flat, residence.Permanent, residence.Died, "2026-03-01")[len(lives)].(residence.RegistrationEnded)
		e.Warnings = []residence.Warning{{Code: domain.CodeChildAlone, PersonID: daur}}
		return e
	}
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
			Name:  "R27 R20 a child who is left without a representative is a warning, of the home alone",
			Given: lives,
			When:  die(day("2026-03-01"), with(child(thirteen).representedBy(aigul).permanent(first, flat, "2020-01-01"), resident())),
			Then:  append(lives.dead("2026-03-01")[len(lives):], leftBehind(), lives.ended(again, house, residence.Temporary, residence.Died, "2026-03-01")[len(lives)]),
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

func TestR27_AnAnnulmentTakesBackOnlyWhatTheDeathDid(t *testing.T) {
	gone := resident().permanent(first, flat, "2020-01-01").
		ended(first, flat, residence.Permanent, residence.DepartureAbroad, "2024-01-01").
		permanent(again, house, "2025-01-01").dead("2026-03-01").
		ended(again, house, residence.Permanent, residence.Died, "2026-03-01")
	d, _ := gone.fold().Dead()
	annulling := func(c residence.AnnulDeath) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) { return p.AnnulDeath(domaintest.Command(), c) }
	}
	other := d.Event
	other.Revision++
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name: "R27 by another event", Given: gone,
			When:    annulling(residence.AnnulDeath{Death: other, Reasons: "r", Basis: certificate()}),
			Refused: domain.CodeFactNotInForce, Field: "death",
		},
		{
			Name: "R27 without reasons", Given: gone, When: annulling(residence.AnnulDeath{Death: d.Event, Basis: certificate()}),
			Refused: domain.CodeReasonsRequired, Field: "reasons",
		},
		{
			Name: "R27 without reasons where it ended nothing", Given: resident().dead("2026-03-01"),
			When: func(p *residence.Person) ([]domain.Event, error) {
				d, _ := p.Dead()
				return p.AnnulDeath(domaintest.Command(), residence.AnnulDeath{Death: d.Event, Basis: certificate()})
			},
			Refused: domain.CodeReasonsRequired, Field: "reasons",
		},
		{
			Name: "R27 of somebody unknown", When: annulling(residence.AnnulDeath{Death: d.Event, Reasons: "r", Basis: certificate()}),
			Refused: domain.CodePersonUnknown,
		},
	})
	mistake := annulling(residence.AnnulDeath{Death: d.Event, Reasons: "a namesake", Basis: certificate()})
	events, err := mistake(gone.fold())
	if err != nil {
		t.Fatal(err)
	}
	append(gone, events...).is(t, "first 2020-01-01 2024-01-01 departure_abroad", "second 2025-01-01")

	// The registration that the death ended never was, as was found afterwards.
	never := gone.corrected(t, accepting(correct(annul(3)), residence.AcceptableConsequences...))
	events, err = mistake(never.fold())
	if err != nil {
		t.Fatal(err)
	}
	domaintest.Happened(t, events, err, residence.DeathAnnulled{
		PersonID: aigul, Annuls: d.Event, Reasons: "a namesake", Basis: certificate(), AnnulledAt: domaintest.Noon(),
	})
}

func TestR27_ADeathIsFollowedUpOnceAndNamesWhatIsLeft(t *testing.T) {
	gone := resident().dead("2026-03-01")
	d, _ := gone.fold().Dead()
	entry := domain.ListEntry{ListID: domaintest.ID[domain.ListID]("list"), EntryID: domaintest.ID[domain.EntryID]("entry")}
	matters := residence.Matters{
		OpenCases: []domain.CaseID{domaintest.ID[domain.CaseID]("open")}, Entries: []domain.ListEntry{entry},
		Leases: []domain.DwellingID{flat},
	}
	follow := func(p *residence.Person) ([]domain.Event, error) {
		return p.FollowDeath(domaintest.Command(), residence.FollowDeath{Matters: matters})
	}
	followed := residence.DeathFollowed{
		PersonID: gone.person(), Death: d.Event, Entries: []residence.EntryLeft{{ListID: entry.ListID, EntryID: entry.EntryID}},
		Cases: matters.OpenCases, Leases: matters.Leases, FollowedAt: domaintest.Noon(),
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R27 what is left is named", Given: gone, When: follow, Then: []domain.Event{followed}},
		{Name: "R27 once", Given: append(gone[:len(gone):len(gone)], followed), When: follow, Refused: domain.CodeNotDue},
		{Name: "R27 nobody who lives", Given: resident(), When: follow, Refused: domain.CodeNotDue},
	})
	if c := followed.Concerns(); len(c.Dwellings) != 1 || c.Dwellings[0] != flat {
		t.Errorf("it concerns %+v", c)
	}
}
