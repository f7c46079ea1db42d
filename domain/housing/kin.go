package housing

import (
	"tizilim/domain"
)

// Births tells when a person was born; no day where nobody knows.
type Births func(domain.PersonID) domain.Date

// of is the birth of the person; zero where nobody knows.
func (born Births) of(p domain.PersonID) domain.Date {
	if born == nil {
		return domain.Date{}
	}
	return born(p)
}

// MarriageAge is the age below which nobody is married (code on marriage and family, art. 10:
// 18, lowered by two years at most).
const MarriageAge = 16

// possible refuses what cannot be, whatever papers say so (Q24): two spouses, a spouse who is
// a child, a child born before the holder. What is only unlikely is for the commission to
// judge: a stepchild may be as old as the holder.
func (born Births) possible(holder domain.PersonID, family []FamilyMember, today domain.Date) error {
	refuse := func(i int, format string, args ...any) error {
		return domain.Refuse(domain.Invalid, domain.CodeKinshipImpossible, format, args...).
			At(domain.Path("family", i, "relation"))
	}
	child := func(p domain.PersonID) bool {
		day := born.of(p)
		return !day.IsZero() && day.YearsOn(today) < MarriageAge
	}
	married := false
	for i, m := range family {
		own, theirs := born.of(holder), born.of(m.PersonID)
		switch {
		case m.Relation == Spouse && married:
			return refuse(i, "a person has one spouse: name the other with the relation that is true, or not at all")
		case m.Relation == Spouse && (child(m.PersonID) || child(holder)):
			return refuse(i, "nobody is married before %d: compare the birth dates with the documents", MarriageAge)
		case m.Relation != Spouse && !own.IsZero() && !theirs.IsZero() && theirs.Before(own):
			return refuse(i, "a child is not born before the parent: compare the birth dates with the documents")
		}
		married = married || m.Relation == Spouse
	}
	return nil
}
