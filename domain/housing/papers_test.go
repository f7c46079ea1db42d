package housing_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/rules"
)

// TestQ40_AChangedFamilyIsShownAndReviewed: each change by its document, unless the registry knows
// the reason; a child over age is answered; and a review with a term begins, once.
func TestQ40_AChangedFamilyIsShownAndReviewed(t *testing.T) {
	one := opened().with(a, aigul, longAg, 1, family...)
	son := housing.FamilyMember{PersonID: domaintest.ID[domain.PersonID]("son"), Relation: housing.Child}
	report := func(now []housing.FamilyMember, change func(*housing.ReportChange)) decision {
		c := housing.ReportChange{
			EntryID: a, Kind: housing.FamilyChanged, Family: now, HappenedOn: day("2026-03-06"), Papers: housingtest.Papers(family, now),
		}
		change(&c)
		return func(q *housing.List) ([]domain.Event, error) {
			return q.ReportChange(domaintest.Command(), c, rules.Book{})
		}
	}
	asIs := func(*housing.ReportChange) {}
	none := func(c *housing.ReportChange) { c.Papers = nil }
	by := func(kind domain.DocumentType) func(*housing.ReportChange) {
		return func(c *housing.ReportChange) { c.Papers[0].Type = kind }
	}
	known := func(p housing.PersonFacts) func(*housing.ReportChange) {
		return func(c *housing.ReportChange) { c.Facts.Persons = append(c.Facts.Persons, p) }
	}
	all := func(changes ...func(*housing.ReportChange)) func(*housing.ReportChange) {
		return func(c *housing.ReportChange) {
			for _, change := range changes {
				change(c)
			}
		}
	}
	more, less := append(family[:2:2], son), family[:1]
	grown := housing.PersonFacts{PersonID: son.PersonID, Born: day("2000-01-01")}
	answered := func(c *housing.ReportChange) {
		c.Accept = housing.Accept{Codes: []domain.Code{domain.CodeChildOfAge}, Reasons: "studies"}
	}
	refused := func(name string, now []housing.FamilyMember, change func(*housing.ReportChange), code domain.Code, field string) domaintest.Spec[housing.List] {
		return domaintest.Spec[housing.List]{Name: name, Given: one, When: report(now, change), Refused: code, Field: field}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		refused("Q40 who joins is shown", more, none, domain.CodePaperRequired, "papers"),
		refused("Q40 by a birth certificate, a child", more, by(domain.DocumentMarriage), domain.CodeValueUnknown, "papers[0].type"),
		refused("Q40 who leaves is shown", less, none, domain.CodePaperRequired, "papers"),
		refused("Q40 a spouse leaves by a divorce", family[1:], by(domain.DocumentBirthCertificate), domain.CodeValueUnknown, "papers[0].type"),
		refused("Q40 another relation is shown", []housing.FamilyMember{family[0], {PersonID: child, Relation: housing.DisabledChild}}, asIs, domain.CodePaperRequired, "papers"),
		refused("Q40 no paper without a change", family, func(c *housing.ReportChange) { c.Papers = housingtest.Papers(nil, family) }, domain.CodeMemberNotAllowed, "papers[0].person_id"),
		refused("Q40 nor two for one", more, func(c *housing.ReportChange) { c.Papers = append(c.Papers, c.Papers[0]) }, domain.CodeMemberNotAllowed, "papers[1].person_id"),
		refused("Q40 a paper is named whole", more, func(c *housing.ReportChange) { c.Papers[0].SHA256 = "" }, domain.CodeHashFormat, "papers[0].sha256"),
		refused("Q40 who has died does not join", more, known(housing.PersonFacts{PersonID: son.PersonID, DiedOn: day("2026-03-01")}), domain.CodePersonDead, "family[2].person_id"),
		refused("Q40 a child over age is answered", more, known(grown), domain.CodeWarningsOpen, "accept"),
		refused("Q40 an answer answers something", more, answered, domain.CodeMemberNotAllowed, "accept"),
		refused("Q40 a lost need has no papers", nil, func(c *housing.ReportChange) { c.Kind = housing.NeedLost }, domain.CodeMemberNotAllowed, "papers"),
	})
	for name, c := range map[string]struct {
		given  []domain.Event
		now    []housing.FamilyMember
		change func(*housing.ReportChange)
		want   []string
	}{
		"joined":                                   {one, more, asIs, []string{"ChangeReported", "ReviewOpened"}},
		"of age, and answered":                     {one, more, all(known(grown), answered), []string{"ChangeReported", "ReviewOpened"}},
		"died, as the registry knows":              {one, less, all(none, known(housing.PersonFacts{PersonID: child, DiedOn: day("2026-03-01")})), []string{"ChangeReported", "ReviewOpened"}},
		"a child who is of age leaves":             {one, less, all(none, known(housing.PersonFacts{PersonID: child, Born: day("2000-01-01")})), []string{"ChangeReported", "ReviewOpened"}},
		"nothing has changed":                      {one, family, asIs, []string{"ChangeReported"}},
		"it goes into the review that is going on": {one.then(reviewed(a, aigul, housing.Doubt)), more, asIs, []string{"ChangeReported"}},
	} {
		events, err := report(c.now, c.change)(domaintest.Fold[housing.List](c.given...))
		if err != nil || domaintest.Diff(c.want, domaintest.Types(events)) != "" {
			t.Errorf("Q40 %s: %v, %v", name, domaintest.Types(events), err)
		}
	}
}

// TestQ40_TheReviewOfAFamilyEndsWithAnAnswerToTheRecords: the same child counted for two holders.
func TestQ40_TheReviewOfAFamilyEndsWithAnAnswerToTheRecords(t *testing.T) {
	one := opened().with(a, aigul, longAg, 1, family...)
	twice := housing.Facts{Persons: []housing.PersonFacts{
		{PersonID: aigul}, {PersonID: child, Counted: []domain.ListEntry{{ListID: list, EntryID: d}}},
	}}
	end := func(f housing.Facts, answer housing.Accept) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Review(domaintest.Command(), housing.Review{EntryID: a, Close: true, Note: "n", Facts: f, Accept: answer}, rules.Book{})
		}
	}
	answer := housing.Accept{Codes: []domain.Code{domain.CodeCountedElsewhere}, Reasons: "lives here by a court decision"}
	under := one.then(reviewed(a, aigul, housing.FamilyReported))
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q40 not without an answer", Given: under, When: end(twice, housing.Accept{}), Refused: domain.CodeWarningsOpen, Field: "accept"},
		{Name: "Q40 not while somebody who has died is counted", Given: under, When: end(housing.Facts{Persons: []housing.PersonFacts{
			{PersonID: child, DiedOn: day("2026-03-01")}}}, answer), Refused: domain.CodePersonDead},
		{Name: "Q40 of no other review", Given: one.then(reviewed(a, aigul, housing.Doubt)), When: end(twice, answer), Refused: domain.CodeMemberNotAllowed, Field: "accept"},
	})
	events, err := end(twice, answer)(domaintest.Fold[housing.List](under...))
	if err != nil || len(events) != 1 || len(events[0].(housing.ReviewClosed).Answered.Contradictions) != 1 {
		t.Errorf("Q40 closed with %v, %v", events, err)
	}
}
