package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// TestR39_AChangeOfOwnersIsCorrectedByReference: the flat is Aigul's from 1 March and Daur's from 10 March.
func TestR39_AChangeOfOwnersIsCorrectedByReference(t *testing.T) {
	whole := func(p domain.PersonID) residence.Owner { return residence.Owner{PersonID: p, Share: "1/1"} }
	sold := append(theFlat(), owners("2026-03-01", whole(aigul)), residence.OwnersChanged{
		DwellingID: flat, Owners: []residence.Owner{whole(daur)}, On: day("2026-03-10"), Former: []residence.Owner{whole(aigul)},
	})
	sale := domain.EventRef{Stream: flat.Stream(), Revision: 2}
	first := domain.EventRef{Stream: flat.Stream(), Revision: 1}
	c := residence.CorrectOwners{
		Corrects: sale, Action: residence.Amend, Ground: residence.ClericalError, Reasons: "r", Basis: paper,
		On: day("2026-03-05"),
	}
	with := func(change func(*residence.CorrectOwners)) func(*residence.Dwelling) ([]domain.Event, error) {
		c := c
		change(&c)
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.CorrectOwners(domaintest.Command(), c) }
	}
	was := residence.Ownership{Owners: []residence.Owner{whole(daur)}, On: day("2026-03-10")}
	corrected := func(now residence.Ownership, change func(*residence.OwnersCorrected)) residence.OwnersCorrected {
		e := residence.OwnersCorrected{
			DwellingID: flat, Corrects: sale, Ground: residence.ClericalError, Reasons: "r", Basis: paper, Was: was, Now: now,
			Former: was.Owners, Owners: now.Owners, Since: now.On, CorrectedAt: domaintest.Noon(),
		}
		change(&e)
		return e
	}
	as := func(*residence.OwnersCorrected) {}
	earlier := corrected(residence.Ownership{Owners: was.Owners, On: day("2026-03-05")}, as)
	annulled := corrected(residence.Ownership{Owners: was.Owners, On: was.On, Void: true}, func(e *residence.OwnersCorrected) {
		e.Owners, e.Since = []residence.Owner{whole(aigul)}, day("2026-03-01")
	})
	shared := []residence.Owner{{PersonID: daur, Share: "1/2"}, {PersonID: erlan, Share: "1/2"}}
	given := append(slices.Clone(sold), residence.TakenIntoStock{DwellingID: flat, Owners: []domain.PersonID{daur}})
	pending := append(slices.Clone(sold), proposed())
	annul := func(c *residence.CorrectOwners) { c.Action, c.On = residence.Annul, domain.Date{} }

	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R39 another day", Given: sold, When: with(func(*residence.CorrectOwners) {}), Then: []domain.Event{earlier}},
		{Name: "R39 it never was", Given: sold, When: with(annul), Then: []domain.Event{annulled}},
		{
			Name: "R39 it was after all", Given: append(slices.Clone(sold), annulled),
			When: with(func(c *residence.CorrectOwners) { c.On = domain.Date{} }),
			Then: []domain.Event{corrected(was, func(e *residence.OwnersCorrected) {
				e.Was, e.Former = annulled.Now, []residence.Owner{whole(aigul)}
			})},
		},
		{
			Name: "R39 annulled twice", Given: append(slices.Clone(sold), annulled), When: with(annul),
			Refused: domain.CodeFactNotInForce, Field: "event",
		},
		{
			Name: "R39 other owners", Given: sold,
			When: with(func(c *residence.CorrectOwners) { c.Owners, c.On = shared, domain.Date{} }),
			Then: []domain.Event{corrected(residence.Ownership{Owners: shared, On: was.On}, as)},
		},
		{
			Name: "R39 an owner of before", Given: sold,
			When: with(func(c *residence.CorrectOwners) {
				c.Corrects, c.Owners, c.On = first, []residence.Owner{whole(erlan)}, domain.Date{}
			}),
			Then: []domain.Event{corrected(residence.Ownership{Owners: []residence.Owner{whole(erlan)}, On: day("2026-03-01")},
				func(e *residence.OwnersCorrected) {
					e.Corrects, e.Was = first, residence.Ownership{Owners: []residence.Owner{whole(aigul)}, On: day("2026-03-01")}
					e.Owners, e.Since = was.Owners, was.On
				})},
		},
		{
			Name: "R39 before the change before", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.On = day("2026-02-28") }),
			Refused: domain.CodeTitleOrder, Field: "effective_on",
		},
		{
			Name: "R39 after the next change", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.Corrects, c.On = first, day("2026-03-11") }),
			Refused: domain.CodeTitleOrder, Field: "effective_on",
		},
		{
			Name: "R39 in the future", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.On = today.AddDays(1) }),
			Refused: domain.CodeDateInFuture, Field: "effective_on",
		},
		{
			Name: "R39 nothing", Given: sold, When: with(func(c *residence.CorrectOwners) { c.On = was.On }),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name: "R39 another event", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.Corrects.Revision = 0 }),
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "R39 an event of another dwelling", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.Corrects.Stream = house.Stream() }),
			Refused: domain.CodeFactUnknown, Field: "event",
		},
		{
			Name: "R39 without a document", Given: sold, When: with(func(c *residence.CorrectOwners) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis",
		},
		{
			Name: "R39 without reasons", Given: sold, When: with(func(c *residence.CorrectOwners) { c.Reasons = " " }),
			Refused: domain.CodeReasonsRequired, Field: "reasons",
		},
		{
			Name: "R39 by a clock", Given: sold, When: with(func(c *residence.CorrectOwners) { c.Ground = residence.ClockError }),
			Refused: domain.CodeGroundUnknown, Field: "ground",
		},
		{
			Name: "R39 an action that inserts", Given: sold, When: with(func(c *residence.CorrectOwners) { c.Action = residence.Insert }),
			Refused: domain.CodeValueUnknown, Field: "action",
		},
		{
			Name: "R39 annulled with owners", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { annul(c); c.Owners = shared }),
			Refused: domain.CodeMemberNotAllowed, Field: "owners",
		},
		{
			Name: "R39 annulled with a day", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.Action = residence.Annul }),
			Refused: domain.CodeMemberNotAllowed, Field: "effective_on",
		},
		{
			Name: "R39 while a change waits", Given: pending, When: with(func(*residence.CorrectOwners) {}),
			Refused: domain.CodeProposalPending,
		},
		{
			Name: "R39 by who would own it again", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { annul(c); c.Official = aigul }),
			Refused: domain.CodeDeciderRecused,
		},
		{
			Name: "R39 with residents", Given: sold,
			When:    with(func(c *residence.CorrectOwners) { c.Residents = []domain.PersonID{bystander} }),
			Refused: domain.CodeConsequences, Field: "accept",
		},
		{
			Name: "R39 with residents, accepted", Given: sold,
			When: with(func(c *residence.CorrectOwners) {
				c.Residents, c.Accept = []domain.PersonID{bystander, erlan}, []domain.Code{domain.CodeResidentsAdmitted}
			}),
			Then: []domain.Event{corrected(earlier.Now, func(e *residence.OwnersCorrected) {
				e.Accepted = []domain.Code{domain.CodeResidentsAdmitted}
			})},
		},
		{
			Name: "R39 of a dwelling in the stock", Given: given, When: with(annul),
			Refused: domain.CodeConsequences, Field: "accept",
		},
		{
			Name: "R39 of a dwelling in the stock, whose owners stay", Given: given, When: with(func(*residence.CorrectOwners) {}),
			Then: []domain.Event{earlier},
		},
		{Name: "R39 of a dwelling that is not recorded", When: with(annul), Refused: domain.CodeDwellingUnknown},
	})

	d := domaintest.Fold[residence.Dwelling](append(slices.Clone(sold), earlier, annulled)...)
	for on, want := range map[string]domain.PersonID{"2026-03-01": aigul, "2026-03-07": aigul, "2026-03-15": aigul} {
		if got := d.OwnersOn(day(on)); len(got) != 1 || got[0].PersonID != want {
			t.Errorf("on %s it is owned by %v", on, got)
		}
	}
	d = domaintest.Fold[residence.Dwelling](append(slices.Clone(sold), earlier)...)
	if got := d.OwnersOn(day("2026-03-07")); len(got) != 1 || got[0].PersonID != daur || !d.OwnedBy(daur) {
		t.Errorf("after the day was corrected it is owned by %v", got)
	}
	if got := d.OwnersOn(day("2026-02-28")); len(got) != 0 {
		t.Errorf("before it was recorded it is owned by %v", got)
	}
	d = domaintest.Fold[residence.Dwelling](append(slices.Clone(sold), annulled)...)
	if was, is := d.TitlesOf(daur), d.TitlesOf(aigul); len(was) != 0 || len(is) != 1 || !is[0].Until.IsZero() {
		t.Errorf("after the sale was annulled its buyer has %v and its seller %v", was, is)
	}
	told := annulled.Told()
	if len(told) != 2 || !slices.Contains(told, aigul) || !slices.Contains(told, daur) {
		t.Errorf("told are %v", told)
	}
}
