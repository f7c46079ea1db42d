package residence

import (
	"math/big"
	"slices"

	"tizilim/domain"
)

// Title is what a person has in a dwelling, or had and gave away.
type Title struct {
	Share Share       // that they have, or gave away; empty where it is not recorded
	Until domain.Date // the first day on which they had it no more; zero where they have it
}

// TitlesOf returns what the person has in the dwelling, and what they gave away of it, in the
// order of the days. The estate of a person who has died counts as theirs. What is made of a
// dwelling that is no more has owners of its own, so nobody has a title to it.
func (d *Dwelling) TitlesOf(p domain.PersonID) []Title {
	var titles []Title
	var had Owner // what they had before; the zero Owner: nothing
	for _, t := range d.titlesInForce() {
		has := titleIn(t.Owners, p)
		if gave, ok := given(had, has); ok {
			titles = append(titles, Title{Share: gave, Until: t.On})
		}
		had = has
	}
	if _, gone := d.Gone(); had != (Owner{}) && !gone {
		titles = append(titles, Title{Share: had.Share})
	}
	return titles
}

// titleIn is the owner who the person is among the owners, or whose estate it is. Who owns
// alone has the whole, also where no share is recorded.
func titleIn(owners []Owner, p domain.PersonID) Owner {
	i := slices.IndexFunc(owners, func(o Owner) bool {
		return o.Kind == "" && o.PersonID == p || o.Kind == Estate && o.DeceasedID == p
	})
	if i < 0 {
		return Owner{}
	}
	o := Owner{PersonID: p, Share: owners[i].Share}
	if o.Share == "" && len(owners) == 1 {
		o.Share = "1/1"
	}
	return o
}

// given is the share by which a title became smaller; false where it did not.
func given(had, has Owner) (Share, bool) {
	before, known := had.Share.rat()
	switch {
	case had == (Owner{}):
		return "", false
	case has == (Owner{}):
		return had.Share, true
	case !known:
		return "", false
	}
	now, known := has.Share.rat()
	if !known || now.Cmp(before) >= 0 {
		return "", false
	}
	return Share(new(big.Rat).Sub(before, now).String()), true
}

// LetTo reports whether the service lease in force names the person.
func (d *Dwelling) LetTo(p domain.PersonID) bool {
	return d.Lease != nil && (d.Lease.PersonID == p || slices.Contains(d.Lease.Family, p))
}

// Home is where the person resides permanently on the day, or resided last where a death or a
// departure abroad ended it; zero where nobody knows.
func (p *Person) Home(day domain.Date) domain.DwellingID {
	var home Registration
	for _, r := range p.Registrations {
		switch {
		case r.Void || r.Kind != Permanent:
		case r.ActiveOn(day):
			return r.DwellingID
		case (r.Reason == Died || r.Reason == DepartureAbroad) && !r.EndedOn.Before(home.EndedOn):
			home = r
		}
	}
	return home.DwellingID
}

// LeftOn is the day of a departure abroad after which the person is registered nowhere; zero
// where there is none.
func (p *Person) LeftOn(day domain.Date) domain.Date {
	if len(p.ActiveOn(day)) > 0 {
		return domain.Date{}
	}
	var last Registration
	for _, r := range p.Registrations {
		if !r.Void && r.Ended && !r.EndedOn.Before(last.EndedOn) {
			last = r
		}
	}
	if last.Reason != DepartureAbroad {
		return domain.Date{}
	}
	return last.EndedOn
}
