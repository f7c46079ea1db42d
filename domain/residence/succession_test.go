package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

var deathOfAigul = domain.EventRef{Stream: aigul.Stream(), Revision: 3}

// titleOf is the flat, which belongs to the owners.
func titleOf(owners ...residence.Owner) []domain.Event {
	return []domain.Event{
		residence.DwellingRecorded{DwellingID: flat, Address: "Алматы"},
		residence.OwnersChanged{DwellingID: flat, Owners: owners, On: day("2020-01-01")},
	}
}

func TestR27_ADeathLeavesWhatIsToBeDoneAtADwelling(t *testing.T) {
	follow := func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.AwaitSuccession(domaintest.Command(), residence.DeathAt{
			PersonID: aigul, Death: deathOfAigul, On: day("2026-03-01"), Residents: []domain.PersonID{aigul, erlan, daur},
		})
	}
	void := func(d *residence.Dwelling) ([]domain.Event, error) {
		return d.VoidSuccession(domaintest.Command(), deathOfAigul)
	}
	awaited := func(duty residence.Duty, others ...domain.PersonID) residence.SuccessionAwaited {
		return residence.SuccessionAwaited{
			DwellingID: flat, Duty: duty, PersonID: aigul, Death: deathOfAigul, Others: others, By: day("2026-09-01"),
			Edition: "kz-2025-11", AwaitedAt: domaintest.Noon(),
		}
	}
	voided := residence.SuccessionVoided{
		DwellingID: flat, Duty: residence.NewOwners, PersonID: aigul, Death: deathOfAigul, VoidedAt: domaintest.Noon(),
	}
	both := titleOf(residence.Owner{PersonID: aigul, Share: "1/2"}, residence.Owner{PersonID: daur, Share: "1/2"})
	lease := append(titleOf(residence.Owner{PersonID: daur}),
		residence.LeaseBegan{DwellingID: flat, PersonID: aigul, Family: []domain.PersonID{erlan}})
	waits := append(both[:2:2], awaited(residence.NewOwners, daur, erlan))
	sold := func(owners ...residence.Owner) residence.OwnersChanged {
		return residence.OwnersChanged{DwellingID: flat, Owners: owners, On: day("2026-03-10")}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R27 new owners, told to the others and to who lives there", Given: both, When: follow, Then: []domain.Event{awaited(residence.NewOwners, daur, erlan)}},
		{
			Name:  "R27 R40 another agent",
			Given: titleOf(residence.Owner{Kind: residence.Company, BIN: "1", AgentID: aigul}, residence.Owner{PersonID: daur}),
			When:  follow,
			Then:  []domain.Event{awaited(residence.NewAgent, daur, erlan)},
		},
		{Name: "R27 a decision on the lease, told to the family", Given: lease, When: follow, Then: []domain.Event{awaited(residence.LeaseAfterDeath, erlan, daur)}},
		{Name: "R27 nothing of somebody else's", Given: titleOf(residence.Owner{PersonID: daur}), When: follow, Refused: domain.CodeNotDue},
		{Name: "R27 once", Given: waits, When: follow, Refused: domain.CodeNotDue},
		{Name: "R27 nothing of a death that was annulled", Given: waits, When: void, Then: []domain.Event{voided}},
		{Name: "R27 which is said once", Given: append(waits[:3:3], voided), When: void, Refused: domain.CodeNotDue},
		{Name: "R27 again after another death", Given: append(waits[:3:3], voided), When: follow, Then: []domain.Event{awaited(residence.NewOwners, daur, erlan)}},
		{Name: "R27 until others own it", Given: append(waits[:3:3], sold(residence.Owner{PersonID: daur})), When: void, Refused: domain.CodeNotDue},
		{Name: "R27 R40 the estate may", Given: append(waits[:3:3], sold(residence.Owner{Kind: residence.Estate, DeceasedID: aigul})), When: void, Refused: domain.CodeNotDue},
		{Name: "R27 not while the dead still does", Given: append(waits[:3:3], sold(residence.Owner{PersonID: aigul})), When: void, Then: []domain.Event{voided}},
		{
			Name:  "R27 until the lease has ended",
			Given: append(lease[:3:3], awaited(residence.LeaseAfterDeath), residence.LeaseEnded{DwellingID: flat, PersonID: aigul}),
			When:  void, Refused: domain.CodeNotDue,
		},
	})
}

func TestR27_AMinorLosesARepresentativeWhoHasDied(t *testing.T) {
	lose := func(p *residence.Person) ([]domain.Event, error) {
		return p.LoseRepresentative(domaintest.Command(), residence.DeathAt{PersonID: aigul, Death: deathOfAigul})
	}
	restore := func(p *residence.Person) ([]domain.Event, error) {
		return p.RestoreRepresentative(domaintest.Command(), deathOfAigul)
	}
	of := func(h history, parents ...domain.PersonID) history {
		h = h[:len(h):len(h)]
		for _, p := range parents {
			h = append(h, residence.RepresentativeRecorded{PersonID: h.person(), RepresentativeID: p, Kind: residence.Parent})
		}
		return h
	}
	alone, two := of(child(thirteen), aigul), of(child(thirteen), aigul, daur)
	died := residence.RepresentativeDied{
		PersonID: alone.person(), RepresentativeID: aigul, Kind: residence.Parent, Death: deathOfAigul,
		Edition: "kz-2025-11", EndedAt: domaintest.Noon(),
	}
	last, other := died, died
	last.By = today.AddDays(30)
	other.Others = []domain.PersonID{daur}
	lives := residence.RepresentativeLives{
		PersonID: alone.person(), RepresentativeID: aigul, Kind: residence.Parent, Death: deathOfAigul, RestoredAt: domaintest.Noon(),
	}
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R27 another one stays", Given: two, When: lose, Then: []domain.Event{other}},
		{Name: "R27 another one is awaited", Given: alone, When: lose, Then: []domain.Event{last}},
		{Name: "R27 once", Given: append(alone, last), When: lose, Refused: domain.CodeNotDue},
		{Name: "R27 not who represents nobody", Given: of(child(thirteen), daur), When: lose, Refused: domain.CodeNotDue},
		{Name: "R27 it goes on after the death was annulled", Given: append(alone, last), When: restore, Then: []domain.Event{lives}},
		{Name: "R27 which is said once", Given: append(alone, last, lives), When: restore, Refused: domain.CodeNotDue},
	})
	for what, c := range map[string]struct {
		given history
		by    domain.Date
	}{
		"the last one died":      {append(alone, last), last.By},
		"one of two died":        {append(two, other), domain.Date{}},
		"nobody died":            {alone, domain.Date{}},
		"another came":           {of(append(alone, last), daur), domain.Date{}},
		"the death was annulled": {append(alone, last, lives), domain.Date{}},
	} {
		p := c.given.fold()
		if got := p.RepresentativeAwaited(day("2026-03-15"), rules.Default().On(day("2026-03-15")).Ages); got != c.by {
			t.Errorf("%s: one is awaited by %s, want %s", what, got, c.by)
		}
	}
	if p := append(alone, last, lives).fold(); !p.RepresentedBy(aigul) {
		t.Error("the representation does not go on")
	}
}
