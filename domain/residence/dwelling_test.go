package residence_test

import (
	"math/big"
	"regexp"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

func theFlat() []domain.Event {
	return []domain.Event{residence.DwellingRecorded{
		DwellingID: flat, RKA: "0201300012345678", KATO: "750000000", Address: "Алматы, Абай 1", RecordedAt: domaintest.Noon(),
	}}
}

func owners(on string, owners ...residence.Owner) domain.Event {
	return residence.OwnersChanged{DwellingID: flat, Owners: owners, On: day(on)}
}

func TestRecordDwelling(t *testing.T) {
	record := func(change func(*residence.RecordDwelling)) func(*residence.Dwelling) ([]domain.Event, error) {
		c := residence.RecordDwelling{
			DwellingID: flat,
			Identity:   residence.Identity{RKA: "0201300012345678", KATO: "750000000"},
			Address:    "Алматы, Абай 1",
		}
		change(&c)
		return func(d *residence.Dwelling) ([]domain.Event, error) { return d.Record(domaintest.Command(), c) }
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{
			Name: "R7 a dwelling is identified by its RKA",
			When: record(func(c *residence.RecordDwelling) {}),
			Then: []domain.Event{residence.DwellingRecorded{
				DwellingID: flat, RKA: "0201300012345678", KATO: "750000000", Address: "Алматы, Абай 1",
				RecordedAt: domaintest.Noon(), OwnersBy: day("2026-09-15"), // R50
			}},
		}, {
			Name: "R7 or by its cadastral number",
			When: record(func(c *residence.RecordDwelling) { c.RKA, c.CadastralNumber = "", "20-313-001-001" }),
			Then: []domain.Event{residence.DwellingRecorded{
				DwellingID: flat, CadastralNumber: "20-313-001-001", KATO: "750000000", Address: "Алматы, Абай 1", RecordedAt: domaintest.Noon(),
				OwnersBy: day("2026-09-15"),
			}},
		}, {
			Name:    "R7 but not by neither",
			When:    record(func(c *residence.RecordDwelling) { c.RKA = "" }),
			Refused: domain.CodeRequired, Field: "rka",
		}, {
			Name: "R5 with its owners from today",
			When: record(func(c *residence.RecordDwelling) {
				c.Owners = []residence.Owner{{PersonID: aigul, Share: "1/2"}, {PersonID: daur}}
			}),
			Then: append(
				theFlat(),
				owners("2026-03-15", residence.Owner{PersonID: aigul, Share: "1/2"}, residence.Owner{PersonID: daur}),
			),
		}, {
			Name: "R5 wrong owners leave the dwelling unrecorded",
			When: record(
				func(c *residence.RecordDwelling) { c.Owners = []residence.Owner{{PersonID: aigul}, {PersonID: aigul}} },
			),
			Refused: domain.CodeNamedTwice, Field: "owners[1].person_id",
		}, {
			Name:    "R7 once",
			Given:   theFlat(),
			When:    record(func(c *residence.RecordDwelling) {}),
			Refused: domain.CodeDwellingRecorded,
		},
	})
}

func TestChangeOwners(t *testing.T) {
	var oneOfficial rules.Book
	change := func(on string, owners ...residence.Owner) func(*residence.Dwelling) ([]domain.Event, error) {
		return func(d *residence.Dwelling) ([]domain.Event, error) {
			c := residence.ChangeOwners{Owners: owners, Basis: paper, Rules: oneOfficial}
			if on != "" {
				c.On = day(on)
			}
			return d.ChangeOwners(domaintest.Command(), c)
		}
	}
	own := func(p domain.PersonID, share residence.Share) residence.Owner {
		return residence.Owner{PersonID: p, Share: share}
	}
	owned := append(theFlat(), owners("2026-03-01", own(aigul, "1/1")))
	oneOfficial = rulestest.Book(
		t, "2025-11-30", `"second_official_for":["change_of_owners"]`, `"second_official_for":[]`,
	)
	// from is a change from Aigul, who owned all, on the paper.
	from := func(event domain.Event) []domain.Event {
		e := event.(residence.OwnersChanged)
		e.Former, e.Basis = []residence.Owner{own(aigul, "1/1")}, paper
		return []domain.Event{e}
	}
	domaintest.Run(t, []domaintest.Spec[residence.Dwelling]{
		{
			Name: "an unknown dwelling", When: change("2026-03-15", own(aigul, "1/1")),
			Refused: domain.CodeDwellingUnknown,
		}, {
			Name: "R5 sold", Given: owned, When: change("2026-03-10", own(daur, "1/1")),
			Then: from(owners("2026-03-10", own(daur, "1/1"))),
		}, {
			Name: "R5 sold on the day of the last change", Given: owned, When: change("2026-03-01", own(daur, "1/1")),
			Then: from(owners("2026-03-01", own(daur, "1/1"))),
		}, {
			Name: "R5 changes are recorded in their order in time", Given: owned, When: change("2026-02-28", own(daur, "1/1")),
			Refused: domain.CodeEffectiveTooEarly, Field: "effective_on",
		}, {
			Name: "R5 not from tomorrow", Given: owned, When: change("2026-03-16", own(daur, "1/1")),
			Refused: domain.CodeDateInFuture, Field: "effective_on",
		}, {
			Name: "R5 not without a day", Given: theFlat(), When: change("", own(daur, "1/1")),
			Refused: domain.CodeRequired, Field: "effective_on",
		}, {
			Name: "R5 three thirds are a whole", Given: owned, When: change("2026-03-15", own(aigul, "1/3"), own(daur, "1/3"), own(erlan, "1/3")),
			Then: from(owners("2026-03-15", own(aigul, "1/3"), own(daur, "1/3"), own(erlan, "1/3"))),
		}, {
			Name: "R5 more than a whole", Given: owned, When: change("2026-03-15", own(aigul, "1/2"), own(daur, "500001/999999")),
			Refused: domain.CodeSharesExceedOne, Field: "owners",
		}, {
			Name: "R5 a share over one", Given: owned, When: change("2026-03-15", own(aigul, "2/1")),
			Refused: domain.CodeShareFormat, Field: "owners[0].share",
		}, {
			Name: "R5 half in another spelling", Given: owned, When: change("2026-03-15", own(aigul, "1/1"), own(daur, "0.5")),
			Refused: domain.CodeShareFormat, Field: "owners[1].share",
		}, {
			Name: "R5 named twice", Given: owned, When: change("2026-03-15", own(aigul, "1/4"), own(daur, ""), own(aigul, "1/4")),
			Refused: domain.CodeNamedTwice, Field: "owners[2].person_id",
		},
	})
}

func TestR5_OnlyPresentOwnersHoldTitle(t *testing.T) {
	d := domaintest.Fold[residence.Dwelling](append(theFlat(),
		owners("2026-03-01", residence.Owner{PersonID: aigul}, residence.Owner{PersonID: daur}),
		owners("2026-03-10", residence.Owner{PersonID: daur}, residence.Owner{PersonID: erlan}))...)
	for person, want := range map[domain.PersonID]bool{aigul: false, daur: true, erlan: true, {}: false} {
		if got := d.OwnedBy(person); got != want {
			t.Errorf("%s holds title: %t, want %t", person, got, want)
		}
	}
}

func FuzzShare(f *testing.F) {
	for _, s := range []string{"1/2", "1/1", "2/1", "0/1", "1/0", "", "01/2", "1/2/3", "-1/2", "0.5", "999999/999999", "1000000/1000000", "1/2\n", "١/٢", "1e2/3"} {
		f.Add(s)
	}
	form := regexp.MustCompile(`\A[1-9]\d{0,5}/[1-9]\d{0,5}\z`)
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return // not known: any number of owners may leave it out
		}
		d := domaintest.Fold[residence.Dwelling](theFlat()...)
		_, err := d.ChangeOwners(domaintest.Command(), residence.ChangeOwners{
			Owners: []residence.Owner{{PersonID: aigul, Share: residence.Share(s)}}, On: today,
		})
		right := form.MatchString(s)
		if right {
			above, below, _ := strings.Cut(s, "/")
			n, _ := new(big.Int).SetString(above, 10)
			m, _ := new(big.Int).SetString(below, 10)
			right = n.Cmp(m) <= 0
		}
		if right != (err == nil) || err != nil && domain.CodeOf(err) != domain.CodeShareFormat {
			t.Fatalf("a share of %q: %v", s, err)
		}
	})
}
