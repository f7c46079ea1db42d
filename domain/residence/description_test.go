package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules/rulestest"
)

// theOwnedFlat is the flat of Aigul, described as 48 square metres with two rooms since March 1.
func theOwnedFlat() []domain.Event {
	return append(theFlat(), owners("2026-02-01", residence.Owner{PersonID: aigul}), residence.DwellingDescribed{
		DwellingID: flat, Place: residence.Apartment, UsefulArea: 48, Rooms: 2, On: day("2026-03-01"), DescribedAt: domaintest.Noon(),
	})
}

func TestR35_ADwellingIsDescribedAnewByADocument(t *testing.T) {
	papers := rulestest.Book(t, "2025-11-30", `"required_for":["contacts",`, `"required_for":["change_of_dwelling",`)
	describe := func(change func(*residence.DescribeDwelling)) func(*residence.Dwelling) ([]domain.Event, error) {
		c := residence.DescribeDwelling{
			Description: residence.Description{Place: residence.Apartment, Area: 30.5, Rooms: 1}, On: day("2026-03-10"),
			Basis: paper, Rules: papers,
		}
		change(&c)
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.Describe(domaintest.Command(), c) }
	}
	asIs := func(c *residence.DescribeDwelling) {}
	anew := residence.DwellingDescribed{
		DwellingID: flat, Place: residence.Apartment, UsefulArea: 30.5, Rooms: 1, On: day("2026-03-10"), Basis: paper,
		Told: []domain.PersonID{aigul}, DescribedAt: domaintest.Noon(),
	}
	first, address := anew, anew
	first.Basis, first.Told = domain.Basis{}, nil
	address.Address, address.UsefulArea, address.Rooms = "Алматы, Абай даңғылы, 1", 48, 2
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{Name: "R35 from a day, and the owner is told", Given: theOwnedFlat(), When: describe(asIs), Then: []domain.Event{anew}},
		{
			Name: "R35 the first description needs no document", Given: theFlat(),
			When: describe(func(c *residence.DescribeDwelling) { c.Basis = domain.Basis{} }), Then: []domain.Event{first},
		}, {
			Name: "R35 another address", Given: theOwnedFlat(),
			When: describe(func(c *residence.DescribeDwelling) {
				c.Description, c.Address = residence.Description{Place: residence.Apartment, Area: 48, Rooms: 2}, " Алматы,  Абай даңғылы, 1"
			}),
			Then: []domain.Event{address},
		}, {
			Name: "R35 not without its document", Given: theOwnedFlat(),
			When:    describe(func(c *residence.DescribeDwelling) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis",
		}, {
			Name: "R35 nor with one that is not named whole", Given: theFlat(),
			When:    describe(func(c *residence.DescribeDwelling) { c.Basis.Number = "" }),
			Refused: domain.CodeRequired, Field: "basis.number",
		}, {
			Name: "R35 nor another address without a document", Given: theFlat(),
			When: describe(func(c *residence.DescribeDwelling) {
				c.Description, c.Address, c.Basis = residence.Description{}, "Алматы, 2", domain.Basis{}
			}),
			Refused: domain.CodeBasisRequired, Field: "basis",
		}, {
			Name: "R35 not from tomorrow", Given: theOwnedFlat(),
			When:    describe(func(c *residence.DescribeDwelling) { c.On = day("2026-03-16") }),
			Refused: domain.CodeDateInFuture, Field: "effective_on",
		}, {
			Name: "R35 in the order in time", Given: theOwnedFlat(),
			When:    describe(func(c *residence.DescribeDwelling) { c.On = day("2026-02-28") }),
			Refused: domain.CodeEffectiveTooEarly, Field: "effective_on",
		}, {
			Name: "R35 the address too", Given: append(theFlat(), address),
			When: describe(func(c *residence.DescribeDwelling) {
				c.Description, c.Address, c.On = residence.Description{Place: residence.Apartment, Area: 48, Rooms: 2}, "Алматы, 3", day("2026-03-09")
			}),
			Refused: domain.CodeEffectiveTooEarly, Field: "effective_on",
		}, {
			Name: "R35 not what is recorded already", Given: append(theOwnedFlat(), anew), When: describe(asIs),
			Refused: domain.CodeNothingChanges,
		}, {
			Name: "R35 no dwelling has a thousand rooms", Given: theOwnedFlat(),
			When:    describe(func(c *residence.DescribeDwelling) { c.Rooms = 1000 }),
			Refused: domain.CodeValueUnknown, Field: "rooms",
		},
	})

	d := domaintest.Fold[residence.Dwelling](append(theOwnedFlat(), anew, address)...)
	for on, want := range map[string]struct {
		area    residence.Area
		address string
	}{
		"1999-01-01": {48, "Алматы, Абай 1"}, "2026-03-09": {48, "Алматы, Абай 1"},
		"2026-03-10": {48, "Алматы, Абай даңғылы, 1"},
	} {
		if got := d.DescriptionOn(day(on)); got.Area != want.area || d.AddressOn(day(on)) != want.address {
			t.Errorf("on %s it was %+v at %q, want %v m² at %q", on, got, d.AddressOn(day(on)), want.area, want.address)
		}
	}
}

func TestR35_ADwellingGetsOtherCodes(t *testing.T) {
	was := residence.Identity{RKA: "0201300012345678", KATO: "750000000"}
	number, moved := was, was
	number.CadastralNumber, moved.RKA = "20:313:1", "0201300012345679"
	recoded := func(from, to residence.Identity, on string) residence.DwellingRecoded {
		return residence.DwellingRecoded{
			DwellingID: flat, Was: from, Now: to, On: day(on), Basis: paper, Told: []domain.PersonID{aigul}, RecodedAt: domaintest.Noon(),
		}
	}
	recode := func(to residence.Identity, change func(*residence.Recode)) func(*residence.Dwelling) ([]domain.Event, error) {
		c := residence.Recode{Identity: to, On: day("2026-03-10"), Basis: paper, Claimed: to.Codes()}
		change(&c)
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.Recode(domaintest.Command(), c) }
	}
	asIs := func(*residence.Recode) {}
	before := append(theFlat(), owners("2026-02-01", residence.Owner{PersonID: aigul}))
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{
			Name: "R35 another RKA", Given: before, When: recode(residence.Identity{RKA: "0201 3000 1234 5679"}, func(c *residence.Recode) {
				c.Claimed = moved.Codes()
			}), Then: []domain.Event{recoded(was, moved, "2026-03-10")},
		}, {
			Name: "R35 a number that it had not", Given: before, When: recode(residence.Identity{CadastralNumber: "20:313:1"}, asIs),
			Then: []domain.Event{recoded(was, number, "2026-03-10")},
		}, {
			Name: "R35 another territory takes no code", Given: before,
			When: recode(residence.Identity{KATO: "751110000"}, func(c *residence.Recode) { c.Claimed = []residence.DwellingCode{} }),
			Then: []domain.Event{recoded(was, residence.Identity{RKA: was.RKA, KATO: "751110000"}, "2026-03-10")},
		}, {
			Name: "R35 not a code that was not claimed", Given: before,
			When:    recode(residence.Identity{RKA: moved.RKA}, func(c *residence.Recode) { c.Claimed = []residence.DwellingCode{} }),
			Refused: domain.CodeLostRace,
		}, {
			Name: "R35 the codes that it has", Given: before, When: recode(was, asIs), Refused: domain.CodeNothingChanges,
		}, {
			Name: "R35 not without a document", Given: before,
			When:    recode(residence.Identity{RKA: moved.RKA}, func(c *residence.Recode) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis",
		}, {
			Name: "R35 in the order in time", Given: append(before, recoded(was, residence.Identity{RKA: was.RKA, KATO: "751110000"}, "2026-03-11")),
			When: recode(residence.Identity{RKA: moved.RKA}, asIs), Refused: domain.CodeEffectiveTooEarly, Field: "effective_on",
		}, {
			Name: "R35 nor from tomorrow", Given: before,
			When:    recode(residence.Identity{RKA: moved.RKA}, func(c *residence.Recode) { c.On = day("2026-03-16") }),
			Refused: domain.CodeDateInFuture, Field: "effective_on",
		}, {
			Name: "R31 of the form of a code", Given: before, When: recode(residence.Identity{RKA: "x"}, asIs),
			Refused: domain.CodeRKAFormat, Field: "rka",
		}, {
			Name: "R35 of a dwelling that is recorded", When: recode(moved, asIs), Refused: domain.CodeDwellingUnknown,
		},
	})

	d := domaintest.Fold[residence.Dwelling](append(before, recoded(was, moved, "2026-03-10"))...)
	old, new := was.Codes()[0], moved.Codes()[0]
	for _, c := range []struct {
		code residence.DwellingCode
		on   string
		had  bool
	}{{old, "1999-01-01", true}, {old, "2026-03-09", true}, {old, "2026-03-10", false}, {new, "2026-03-09", false}, {new, "2026-03-10", true}} {
		if got := d.HadOn(c.code, day(c.on)); got != c.had {
			t.Errorf("on %s it had %v: %t", c.on, c.code, got)
		}
	}
	if d.RecodedFrom(old) != day("2026-03-10") || !d.RecodedFrom(new).IsZero() || d.Has(old) || !d.EverHad(old) ||
		d.EverHad(residence.DwellingCode{Kind: residence.RKA, Value: "1"}) {
		t.Error("the former code is not told from the present one")
	}
	if !d.Voided(domaintest.Command().ID) {
		t.Error("the claim to the code that was given up is not spent")
	}
}
