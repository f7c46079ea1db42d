package housing_test

import (
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/rules"
)

// old is a line of an old list: its holder applied on the day.
func old(name string, place int, applied string) housing.ImportEntry {
	return housing.ImportEntry{
		EntryID: entry(name), PersonID: domaintest.ID[domain.PersonID](name), SeniorityAt: day(applied).Start(), Place: place,
		RegisteredOn: day(applied).AddDays(10), Certified: 100 + place,
	}
}

// numbersAfter imports the lines in parts and returns the list.
func numbersAfter(t *testing.T, parts ...[]housing.ImportEntry) *housing.List {
	t.Helper()
	l := domaintest.Fold[housing.List](opened()...)
	position := domain.Position(1 << 20)
	for _, part := range parts {
		events, refused := l.Import(domaintest.Command(), part, rules.Book{})
		for i, err := range refused {
			if err != nil {
				t.Fatalf("%v: %v", part[i].Place, err)
			}
		}
		for _, e := range events {
			position++
			l.Apply(domain.Recorded{Stream: list.Stream(), Event: e, Position: position, Created: domaintest.Noon()})
		}
	}
	return l
}

func TestQ6_AnImportedListKeepsItsOrderHoweverItComes(t *testing.T) {
	// Two of one day stand in the order of the old list. The second of them comes later, as a line that was mended.
	l := numbersAfter(t,
		[]housing.ImportEntry{old("a", 1, "2019-02-01"), old("c", 3, "2020-05-05"), old("d", 4, "2021-01-01")},
		[]housing.ImportEntry{old("b", 2, "2020-05-05")},
		[]housing.ImportEntry{old("a", 1, "2019-02-01")}, // again: nothing happens
	)
	for i, name := range []string{"a", "b", "c", "d"} {
		number, _ := l.Number(entry(name))
		e, _ := l.Entry(entry(name))
		if number != i+1 || e.Certified != 101+i {
			t.Errorf("%s has the number %d and the certified number %d", name, number, e.Certified)
		}
	}
	if l.Len() != 4 {
		t.Errorf("%d entries", l.Len())
	}
}

func TestQ6_WhoAppliesAfterAnImportStandsBehindIt(t *testing.T) {
	l := numbersAfter(t, []housing.ImportEntry{old("a", 1, "2019-02-01"), old("b", 2, "2020-05-05")})
	events, err := l.Place(domaintest.Command(), housing.Place{
		EntryID: entry("new"), PersonID: erlan, CaseID: caseID,
		Seniority: housing.Seniority{At: domaintest.Noon(), Position: 1 << 21}, RegisteredOn: domaintest.Today(),
	}, rules.Book{})
	if err != nil || events[0].(housing.EntryPlaced).Number != 3 {
		t.Fatalf("%v, %v", events, err)
	}
}

func TestAnEntryThatCannotBeImportedIsRefusedAndKeepsNobodyOff(t *testing.T) {
	with := func(c housing.ImportEntry, how func(*housing.ImportEntry)) housing.ImportEntry {
		how(&c)
		return c
	}
	child := domaintest.ID[domain.PersonID]("child")
	for name, c := range map[string]struct {
		line  housing.ImportEntry
		code  domain.Code
		field string
	}{
		"Q5 a person has one entry": {
			with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) { c.PersonID = domaintest.ID[domain.PersonID]("a") }),
			domain.CodeAlreadyOnList, "person",
		},
		"Q5 one of two spouses has an entry": {
			with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) {
				c.Family = []housing.FamilyMember{{PersonID: domaintest.ID[domain.PersonID]("a"), Relation: housing.Spouse}}
			}), domain.CodeSpouseOnList, "person",
		},
		"Q5 another list of the body": {
			with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) {
				c.Elsewhere = domain.Refuse(domain.Conflict, domain.CodeAlreadyOnList, "elsewhere")
			}), domain.CodeAlreadyOnList, "person",
		},
		"Q24 a child is not older": {
			with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) {
				c.Family = []housing.FamilyMember{{PersonID: child, Relation: housing.Child}}
				c.Born = func(p domain.PersonID) domain.Date {
					if p == child {
						return day("1950-01-01")
					}
					return day("1990-01-01")
				}
			}), domain.CodeKinshipImpossible, "family[0].relation",
		},
		"a place is taken":            {old("b", 1, "2019-02-01"), domain.CodeNamedTwice, "number"},
		"no place":                    {old("b", 0, "2020-01-01"), domain.CodeNumberFormat, "number"},
		"another line under one key":  {with(old("a", 2, "2020-01-01"), func(*housing.ImportEntry) {}), domain.CodeKeyReused, "key"},
		"a category without a rule":   {with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) { c.Category = housing.PriorityOrphan }), domain.CodePriorityNotRuled, "priority"},
		"on the list in the future":   {with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) { c.RegisteredOn = day("2030-01-01") }), domain.CodeDateInFuture, "registered_on"},
		"on the list before applying": {with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) { c.RegisteredOn = day("2019-12-31") }), domain.CodeTooEarly, "registered_on"},
		"no day":                      {with(old("b", 2, "2020-01-01"), func(c *housing.ImportEntry) { c.SeniorityAt = time.Time{} }), domain.CodeRequired, "seniority_at"},
	} {
		t.Run(name, func(t *testing.T) {
			l := numbersAfter(t, []housing.ImportEntry{old("a", 1, "2019-02-01")})
			events, refused := l.Import(domaintest.Command(), []housing.ImportEntry{c.line, old("z", 9, "2022-01-01")}, rules.Book{})
			if len(events) != 1 || refused[1] != nil || events[0].(housing.EntryPlaced).Number != 109 {
				t.Errorf("the good line: %v, %v", events, refused[1])
			}
			domaintest.Refused(t, nil, refused[0], c.code, c.field)
		})
	}
}

func TestAnImportedEntryWithPriorityStandsFirst(t *testing.T) {
	l := domaintest.Fold[housing.List](append(opened(), housing.PriorityRuleSet{
		ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "act", SetAt: domaintest.Noon(),
	})...)
	second := old("b", 1, "2022-01-01")
	second.Category = housing.PriorityOrphan
	events, refused := l.Import(domaintest.Command(), []housing.ImportEntry{old("a", 2, "2022-01-01"), second}, rules.Book{})
	for _, e := range events {
		l.Apply(domain.Recorded{Event: e, Position: 1 << 20})
	}
	if n, _ := l.Number(entry("b")); n != 1 || refused[0] != nil || refused[1] != nil {
		t.Errorf("number %d, %v", n, refused)
	}
}
