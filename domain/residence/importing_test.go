package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func TestARegistrationOfAnotherRegisterIsTakenOver(t *testing.T) {
	known := &residence.Dwelling{ID: flat}
	line := func(how func(*residence.ImportRegistration)) func(*residence.Person) ([]domain.Event, error) {
		c := residence.ImportRegistration{
			RegistrationID: again, DwellingID: flat, Kind: residence.Permanent, From: day("2012-05-05"), Dwelling: known,
		}
		how(&c)
		return func(p *residence.Person) ([]domain.Event, error) { return p.Import(domaintest.Command(), c) }
	}
	asIs := func(*residence.ImportRegistration) {}
	began := func(kind residence.Kind, from, until string) residence.RegistrationBegan {
		e := residence.RegistrationBegan{PersonID: aigul, RegistrationID: again, DwellingID: flat, Kind: kind, From: day(from)}
		if until != "" {
			e.Until = day(until)
		}
		return e
	}
	ended := func(kind residence.Kind, on string, why residence.Reason) residence.RegistrationEnded {
		return residence.RegistrationEnded{
			PersonID: aigul, RegistrationID: again, DwellingID: flat, Kind: kind, Reason: why, On: day(on),
		}
	}
	dead := append(resident(), residence.PersonDied{PersonID: aigul, On: day("2020-01-01")})
	domaintest.Run(t, []domaintest.Spec[residence.Person]{
		{
			Name: "one that holds, however old", Given: resident(), When: line(asIs),
			Then: []domain.Event{began(residence.Permanent, "2012-05-05", "")},
		},
		{
			Name: "R14 one that has ended", Given: resident(),
			When: line(func(c *residence.ImportRegistration) {
				c.EndedOn, c.Reason = day("2014-01-01"), residence.MovedToNewAddress
			}),
			Then: []domain.Event{
				began(residence.Permanent, "2012-05-05", ""), ended(residence.Permanent, "2014-01-01", residence.MovedToNewAddress),
			},
		},
		{
			Name: "R13 a stay whose term has run out has ended", Given: resident(),
			When: line(func(c *residence.ImportRegistration) { c.Kind, c.Until = residence.Temporary, day("2013-01-01") }),
			Then: []domain.Event{
				began(residence.Temporary, "2012-05-05", "2013-01-01"), ended(residence.Temporary, "2013-01-01", residence.TermExpired),
			},
		},
		{
			Name: "an earlier one comes later", Given: resident().permanent(first, house, "2014-01-01"),
			When: line(func(c *residence.ImportRegistration) {
				c.EndedOn, c.Reason = day("2014-01-01"), residence.MovedToNewAddress
			}),
			Then: []domain.Event{
				began(residence.Permanent, "2012-05-05", ""), ended(residence.Permanent, "2014-01-01", residence.MovedToNewAddress),
			},
		},
		{
			Name: "R11 two at once", Given: resident().permanent(first, house, "2014-01-01"), When: line(asIs),
			Refused: domain.CodePeriodOverlaps, Field: "from",
		},
		{
			Name: "R11 two that meet in the past",
			Given: resident().permanent(first, house, "2010-01-01").
				ended(first, house, residence.Permanent, residence.MovedToNewAddress, "2012-05-06"),
			When: line(asIs), Refused: domain.CodePeriodOverlaps, Field: "from",
		},
		{Name: "nobody", Given: nil, When: line(asIs), Refused: domain.CodePersonUnknown, Field: "person"},
		{
			Name: "nowhere", Given: resident(), When: line(func(c *residence.ImportRegistration) { c.Dwelling = nil }),
			Refused: domain.CodeDwellingUnknown, Field: "dwelling",
		},
		{
			Name: "before birth", Given: resident(), When: line(func(c *residence.ImportRegistration) { c.From = day("1989-12-31") }),
			Refused: domain.CodeBeforeBirth, Field: "from",
		},
		{Name: "after death", Given: dead, When: line(asIs), Refused: domain.CodePersonDead, Field: "ended_on"},
		{
			Name: "ended after death", Given: dead,
			When: line(func(c *residence.ImportRegistration) {
				c.EndedOn, c.Reason = day("2020-01-02"), residence.OwnerApplication
			}),
			Refused: domain.CodePersonDead, Field: "ended_on",
		},
		{
			Name: "R14 for no reason", Given: resident(),
			When:    line(func(c *residence.ImportRegistration) { c.EndedOn = day("2020-01-02") }),
			Refused: domain.CodeValueUnknown, Field: "reason",
		},
		{
			Name: "R14 ended before it began", Given: resident(),
			When: line(func(c *residence.ImportRegistration) {
				c.EndedOn, c.Reason = day("2010-01-02"), residence.OwnerApplication
			}),
			Refused: domain.CodeEndsBeforeBegin, Field: "ended_on",
		},
		{
			Name: "R13 without a term", Given: resident(),
			When:    line(func(c *residence.ImportRegistration) { c.Kind = residence.Temporary }),
			Refused: domain.CodeUntilRequired, Field: "until",
		},
		{
			Name: "in the future", Given: resident(),
			When:    line(func(c *residence.ImportRegistration) { c.From = today.AddDays(1) }),
			Refused: domain.CodeDateInFuture, Field: "from",
		},
		{
			Name: "R19 where nobody can live", Given: resident(),
			When: line(func(c *residence.ImportRegistration) {
				c.Dwelling = &residence.Dwelling{ID: flat, Description: residence.Description{Place: residence.NotForLiving}}
			}),
			Refused: domain.CodePlaceNotPermitted, Field: "dwelling",
		},
	})
}
