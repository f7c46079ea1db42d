package residence_test

import (
	"errors"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// partOf is a dwelling that is made from others and that Aigul owns.
func partOf(id domain.DwellingID, from ...domain.DwellingID) *residence.Dwelling {
	return domaintest.Fold[residence.Dwelling](
		residence.DwellingRecorded{DwellingID: id, RKA: "1", Address: "a", MadeFrom: from},
		residence.OwnersChanged{DwellingID: id, Owners: []residence.Owner{{PersonID: aigul}}, On: day("2026-03-01")},
	)
}

func TestR37_ADwellingIsMadeOfAnotherOnce(t *testing.T) {
	events, err := (&residence.Dwelling{}).Record(domaintest.Command(), residence.RecordDwelling{
		DwellingID: flat, Identity: residence.Identity{RKA: "1"}, Address: "a", MadeFrom: []domain.DwellingID{house, house},
	})
	domaintest.Refused(t, events, err, domain.CodeNamedTwice, "made_from[1]")
}

func TestR36_R37_R38_ADwellingEnds(t *testing.T) {
	end := func(c residence.EndDwelling, change func(*residence.EndDwelling)) func(*residence.Dwelling) ([]domain.Event, error) {
		c.On, c.Basis = day("2026-03-10"), paper
		change(&c)
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.End(domaintest.Command(), c) }
	}
	asIs := func(*residence.EndDwelling) {}
	demolish := residence.EndDwelling{How: residence.Demolished}
	split := residence.EndDwelling{
		How: residence.Split, Into: []domain.DwellingID{house, dacha}, Registered: []domain.PersonID{daur},
		Parts: []*residence.Dwelling{partOf(house, flat), partOf(dacha, flat)}, Residents: []residence.ResidentInto{{PersonID: daur, DwellingID: dacha}},
	}
	merge := residence.EndDwelling{
		How: residence.Merged, Into: []domain.DwellingID{house}, Parts: []*residence.Dwelling{partOf(house, flat, dacha)}, Registered: []domain.PersonID{daur},
	}
	gone := func(c residence.EndDwelling, residents ...residence.ResidentInto) residence.DwellingGone {
		return residence.DwellingGone{
			DwellingID: flat, How: c.How, Into: c.Into, Residents: residents, On: day("2026-03-10"), Basis: paper,
			Told: []domain.PersonID{aigul}, GoneAt: domaintest.Noon(),
		}
	}
	owned := append(theFlat(), owners("2026-02-01", residence.Owner{PersonID: aigul}))
	let := append(owned, residence.LeaseBegan{DwellingID: flat, PersonID: daur, CaseID: caseID, On: day("2026-03-01")})
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R36 demolished", Given: owned, When: end(demolish, asIs), Then: []domain.Event{gone(demolish)}},
		{
			Name: "R36 not while somebody is registered there", Given: owned,
			When:    end(demolish, func(c *residence.EndDwelling) { c.Registered = []domain.PersonID{daur} }),
			Refused: domain.CodeDwellingInhabited,
		},
		{Name: "R36 not while it is let", Given: let, When: end(demolish, asIs), Refused: domain.CodeDwellingLeased},
		{
			Name: "R36 not while a change of its owners waits",
			Given: append(owned[:len(owned):len(owned)], residence.OwnersChangeProposed{
				DwellingID: flat, ProposalID: residence.ProposalID{UUID: caseID.UUID}, Owners: []residence.Owner{{PersonID: daur}},
				ConfirmBy: domaintest.Noon().AddDate(0, 0, 1),
			}),
			When: end(demolish, asIs), Refused: domain.CodeProposalPending,
		},
		{
			Name: "R36 nothing is made of it", Given: owned,
			When:    end(demolish, func(c *residence.EndDwelling) { c.Into = []domain.DwellingID{house} }),
			Refused: domain.CodeMemberNotAllowed, Field: "into",
		},
		{
			Name: "R36 not without a document", Given: owned,
			When:    end(demolish, func(c *residence.EndDwelling) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis",
		},
		{
			Name: "R36 not from tomorrow", Given: owned,
			When:    end(demolish, func(c *residence.EndDwelling) { c.On = day("2026-03-16") }),
			Refused: domain.CodeDateInFuture, Field: "effective_on",
		},
		{
			Name: "R36 once", Given: append(owned, gone(demolish)), When: end(demolish, asIs), Refused: domain.CodeDwellingGone,
		},
		{
			Name: "R37 split, and each resident is assigned", Given: owned, When: end(split, asIs),
			Then: []domain.Event{gone(split, split.Residents...)},
		},
		{
			Name: "R37 not while one is assigned nowhere", Given: owned,
			When:    end(split, func(c *residence.EndDwelling) { c.Residents = nil }),
			Refused: domain.CodeResidentNotAssigned, Field: "residents",
		},
		{
			Name: "R37 nor to another dwelling", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				c.Residents = []residence.ResidentInto{{PersonID: daur, DwellingID: flat}}
			}),
			Refused: domain.CodeResidentNotAssigned, Field: "residents[0]",
		},
		{
			Name: "R37 nor one who does not live there", Given: owned,
			When:    end(split, func(c *residence.EndDwelling) { c.Registered = nil }),
			Refused: domain.CodeNotRegisteredHere, Field: "residents[0]",
		},
		{
			Name: "R37 into two at least", Given: owned,
			When:    end(split, func(c *residence.EndDwelling) { c.Into, c.Parts = c.Into[:1], c.Parts[:1] }),
			Refused: domain.CodeRequired, Field: "into",
		},
		{
			Name: "R37 into two that are not one", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				c.Into = []domain.DwellingID{house, house}
			}),
			Refused: domain.CodeNamedTwice, Field: "into[1]",
		},
		{
			Name: "R37 which are recorded", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				c.Parts = []*residence.Dwelling{partOf(house, flat), {}}
			}),
			Refused: domain.CodeDwellingUnknown, Field: "into[1]",
		},
		{
			Name: "R37 as made from it", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				c.Parts = []*residence.Dwelling{partOf(house, flat), partOf(dacha)}
			}),
			Refused: domain.CodeNotMadeFrom, Field: "into[1]",
		},
		{
			Name: "R37 with their owners", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				c.Parts = []*residence.Dwelling{partOf(house, flat), domaintest.Fold[residence.Dwelling](
					residence.DwellingRecorded{DwellingID: dacha, RKA: "1", Address: "a", MadeFrom: []domain.DwellingID{flat}})}
			}),
			Refused: domain.CodePartWithoutOwners, Field: "into[1]",
		},
		{
			Name: "R36 nobody goes on in what is made of it", Given: owned,
			When: end(demolish, func(c *residence.EndDwelling) {
				c.Residents = []residence.ResidentInto{{PersonID: daur, DwellingID: house}}
			}),
			Refused: domain.CodeMemberNotAllowed, Field: "into",
		},
		{
			Name: "R37 not into one that is no more", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				ended := partOf(dacha, flat)
				ended.Apply(domain.Recorded{Event: residence.DwellingGone{
					DwellingID: dacha, How: residence.Demolished, On: day("2026-03-01"),
				}})
				c.Parts = []*residence.Dwelling{partOf(house, flat), ended}
			}),
			Refused: domain.CodeDwellingGone, Field: "into[1]",
		},
		{
			Name: "R37 nobody into two", Given: owned,
			When: end(split, func(c *residence.EndDwelling) {
				c.Residents = append(slices.Clone(c.Residents), residence.ResidentInto{PersonID: daur, DwellingID: house})
			}),
			Refused: domain.CodeNamedTwice, Field: "residents[1]",
		},
		{
			Name: "R38 merged into one", Given: owned,
			When: end(merge, func(c *residence.EndDwelling) {
				c.Into, c.Parts = []domain.DwellingID{house, dacha}, []*residence.Dwelling{partOf(house, flat), partOf(dacha, flat)}
			}),
			Refused: domain.CodeRequired, Field: "into",
		},
		{
			Name: "R38 merged, and all residents go on in the one", Given: owned, When: end(merge, asIs),
			Then: []domain.Event{gone(merge, residence.ResidentInto{PersonID: daur, DwellingID: house})},
		},
	})

	d := domaintest.Fold[residence.Dwelling](let...)
	c := demolish
	c.Basis, c.Registered = paper, []domain.PersonID{daur, erlan}
	_, err := d.End(domaintest.Command(), c)
	var refused *domain.Error
	if !errors.As(err, &refused) || len(refused.Also) != 3 {
		t.Errorf("the refusal does not name the lease and both residents: %v", err)
	}
}

// TestR36_ADwellingThatIsNoMoreTakesNothing: neither a registration nor a lease nor an act on its
// owners, codes, description, address or stock.
func TestR36_ADwellingThatIsNoMoreTakesNothing(t *testing.T) {
	cmd := domaintest.Command()
	given := append(theFlat(), owners("2026-02-01", residence.Owner{PersonID: aigul}), residence.DwellingGone{
		DwellingID: flat, How: residence.Split, Into: []domain.DwellingID{house, dacha}, On: day("2026-03-10"), GoneAt: domaintest.Noon(),
	})
	on := func(field string, act func(*residence.Dwelling) ([]domain.Event, error)) domaintest.Spec[residence.Dwelling] {
		return domaintest.Spec[residence.Dwelling]{Given: given, When: act, Refused: domain.CodeDwellingGone, Field: field}
	}
	specs := map[string]domaintest.Spec[residence.Dwelling]{
		"registration": on("dwelling_id", func(d *residence.Dwelling) ([]domain.Event, error) {
			return resident().fold().Register(cmd, residence.Register{
				RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, From: today, Dwelling: d,
			})
		}),
		"lease": on("dwelling_id", func(d *residence.Dwelling) ([]domain.Event, error) { return d.Let(cmd, residence.Let{PersonID: aigul}) }),
		"owners": on("", func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.ChangeOwners(cmd, residence.ChangeOwners{On: today, Basis: paper})
		}),
		"codes": on("", func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Recode(cmd, residence.Recode{Identity: residence.Identity{RKA: "7"}, Basis: paper})
		}),
		"description": on("", func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Describe(cmd, residence.DescribeDwelling{Description: residence.Description{Area: 7}})
		}),
		"stock": on("", func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.TakeIntoStock(cmd, residence.TakeIntoStock{})
		}),
	}
	var all []domaintest.Spec[residence.Dwelling]
	for name, spec := range specs {
		spec.Name = "R36 no " + name
		all = append(all, spec)
	}
	renamed := domaintest.Spec[residence.Dwelling]{
		Name: "R36 no new name of its street", Given: given, Refused: domain.CodeNotDue,
		When: func(d *residence.Dwelling) ([]domain.Event, error) {
			return d.Readdress(cmd, streetRenamed("Абай", "Достық", "2026-03-12"))
		},
	}
	domaintest.Run(t, append(all, renamed))

	code := residence.DwellingCode{Kind: residence.RKA, Value: "0201300012345678"}
	d := domaintest.Fold[residence.Dwelling](given...)
	if !d.Has(code) || d.HadOn(code, day("2026-03-10")) || !d.HadOn(code, day("2026-03-09")) {
		t.Error("its code is free before all residents went on, or finds it on a day when it was no more")
	}
	d = domaintest.Fold[residence.Dwelling](append(given, residence.DwellingGoneFollowed{DwellingID: flat})...)
	if d.Has(code) || !d.EverHad(code) || !d.Voided(cmd.ID) {
		t.Error("its code is not free after all residents went on")
	}
	d = domaintest.Fold[residence.Dwelling](append(given, residence.DwellingGoneVoided{DwellingID: flat})...)
	if err := d.CheckStands(""); err != nil {
		t.Errorf("an end that was voided still counts: %v", err)
	}
}

func TestR37_ARegistrationGoesOnWithoutAGap(t *testing.T) {
	carry := func(p *residence.Person) ([]domain.Event, error) {
		return p.CarryOver(domaintest.Command(), residence.CarryOver{From: flat, To: house, On: day("2026-03-10")})
	}
	got, err := carry(resident().permanent(first, flat, "2026-03-01").temporary(again, dacha, "2026-03-01", "2026-09-01").fold())
	if err != nil || len(got) != 2 {
		t.Fatalf("decided %v, %v", domaintest.Types(got), err)
	}
	ended, began := got[0].(residence.RegistrationEnded), got[1].(residence.RegistrationBegan)
	if ended.On != day("2026-03-10") || ended.Reason != residence.DwellingReplaced || ended.RegistrationID != first ||
		began.From != ended.On || began.DwellingID != house || began.Kind != residence.Permanent {
		t.Errorf("ended %+v, began %+v", ended, began)
	}
	late, err := carry(resident().permanent(first, flat, "2026-03-12").fold())
	if err != nil || late[0].(residence.RegistrationEnded).On != day("2026-03-12") {
		t.Errorf("who came after the day goes on from the day they came: %v", err)
	}
	_, err = carry(resident().permanent(first, dacha, "2026-03-01").fold())
	domaintest.Refused(t, nil, err, domain.CodeNotDue, "")
	over, err := carry(resident().permanent(first, flat, "2026-03-01").
		ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-03-05").fold())
	domaintest.Refused(t, over, err, domain.CodeNotDue, "") // whoever has left stays away
}

func TestR36_NoCorrectionLetsARegistrationHoldAtADwellingThatIsNoMore(t *testing.T) {
	p := resident().permanent(first, flat, "2026-03-01").ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-03-05").fold()
	c := residence.Correct{
		Ground: residence.ClericalError, Reasons: "why", Accept: residence.AcceptableConsequences,
		Changes: []residence.Change{{Fact: residence.FactName{RegistrationID: first, Ending: true}, Action: residence.Annul}},
	}
	if _, err := p.Correct(domaintest.Command(), c); err != nil {
		t.Fatalf("where the dwelling stands: %v", err)
	}
	c.Gone = map[domain.DwellingID]domain.Date{flat: day("2026-03-10")}
	events, err := p.Correct(domaintest.Command(), c)
	domaintest.Refused(t, events, err, domain.CodeDwellingGone, "changes")
}

// TestR36_AnEndIsFollowedOnceAndThenHolds: another process may find the same task due.
func TestR36_AnEndIsFollowedOnceAndThenHolds(t *testing.T) {
	ended := append(theFlat(), residence.DwellingGone{DwellingID: flat, How: residence.Demolished, On: day("2026-03-10")})
	followed := residence.DwellingGoneFollowed{DwellingID: flat, FollowedAt: domaintest.Noon()}
	follow := func(d *residence.Dwelling) ([]domain.Event, error) { return d.FollowGone(domaintest.Command()) }
	void := func(d *residence.Dwelling) ([]domain.Event, error) { return d.VoidGone(domaintest.Command(), nil) }
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R36 followed", Given: ended, When: follow, Then: []domain.Event{followed}},
		{Name: "R36 once", Given: append(ended[:len(ended):len(ended)], followed), When: follow, Refused: domain.CodeNotDue},
		{Name: "R36 not undone after that", Given: append(ended[:len(ended):len(ended)], followed), When: void, Refused: domain.CodeNotDue},
		{Name: "R36 nothing of a dwelling that stands", Given: theFlat(), When: follow, Refused: domain.CodeNotDue},
	})
}
