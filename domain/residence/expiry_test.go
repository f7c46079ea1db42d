package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestR13_TermExpired(t *testing.T) {
	on := func(d string) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) { return p.Expire(domaintest.CommandOn(d), first) }
	}
	stays := resident().temporary(first, flat, "2026-01-10", "2026-03-10")
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{Name: "R13 not on the last day", Given: stays, When: on("2026-03-09"), Refused: domain.CodeNotDue},
		{
			Name:  "R13 on the day until",
			Given: stays,
			When:  on("2026-03-10"),
			Then:  stays.ended(first, flat, residence.Temporary, residence.TermExpired, "2026-03-10")[2:],
		},
		{
			Name:  "R13 recorded late, it ended in time",
			Given: stays,
			When:  on("2027-03-10"),
			Then:  stays.ended(first, flat, residence.Temporary, residence.TermExpired, "2026-03-10")[2:],
		},
		{
			Name:    "R13 once",
			Given:   stays.ended(first, flat, residence.Temporary, residence.TermExpired, "2026-03-10"),
			When:    on("2026-03-11"),
			Refused: domain.CodeNotDue,
		},
		{
			Name:    "R13 not where a fact ended it",
			Given:   stays.ended(first, flat, residence.Temporary, residence.OwnerApplication, "2026-02-01"),
			When:    on("2026-03-11"),
			Refused: domain.CodeNotDue,
		},
		{
			Name:    "R13 not where it never was",
			Given:   stays.corrected(t, correct(annul(1))),
			When:    on("2026-03-11"),
			Refused: domain.CodeNotDue,
		},
		{
			Name:    "R13 never a permanent one",
			Given:   resident().permanent(first, flat, "2026-01-10"),
			When:    on("2027-03-11"),
			Refused: domain.CodeNotDue,
		},
	})
	for _, recorded := range []history{stays, stays.ended(first, flat, residence.Temporary, residence.TermExpired, "2026-03-10")} {
		p := recorded.fold()
		if len(p.ActiveOn(day("2026-03-09"))) != 1 || len(p.ActiveOn(day("2026-03-10"))) != 0 {
			t.Error("R13: what holds depends on whether the expiry was recorded")
		}
	}
}
