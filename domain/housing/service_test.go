package housing_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/rules"
)

// TestQ41_AServiceIsStatedWhole: with its document, and on days that can be.
func TestQ41_AServiceIsStatedWhole(t *testing.T) {
	whole := housingtest.Service("body")
	receive := func(s housing.ServiceStated) decisionOn {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.Receive(domaintest.Command(), housing.ReceiveApplication{
				CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Language: domain.Kazakh,
				Signature: domain.SignatureHandwritten, Service: s,
				Born: func(domain.PersonID) domain.Date { return day("1990-05-17") },
			}, opened().fold(), everybody)
		}
	}
	with := func(change func(*housing.ServiceStated)) decisionOn {
		s := whole
		change(&s)
		return receive(s)
	}
	today := domaintest.Today()
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{Name: "Q41 as it is stated", When: receive(whole), Then: received()},
		{Name: "Q41 from today", When: with(func(s *housing.ServiceStated) { s.Since = today }),
			Then: received(func(e *housing.ApplicationReceived) { e.Service.Since = today })},
		{Name: "Q41 from the day of birth", When: with(func(s *housing.ServiceStated) { s.Since = day("1990-05-17") }),
			Then: received(func(e *housing.ApplicationReceived) { e.Service.Since = day("1990-05-17") })},
		{Name: "Q41 none", When: receive(housing.ServiceStated{}),
			Then: received(func(e *housing.ApplicationReceived) { e.Service = housing.ServiceStated{} })},
		{Name: "Q41 no employer", When: with(func(s *housing.ServiceStated) { s.Employer = " " }),
			Refused: domain.CodeRequired, Field: "service.employer"},
		{Name: "Q41 an employer in two lines", When: with(func(s *housing.ServiceStated) { s.Employer = "bo\ndy" }),
			Refused: domain.CodeMalformed, Field: "service.employer"},
		{Name: "Q41 no office", When: with(func(s *housing.ServiceStated) { s.Office = "" }),
			Refused: domain.CodeRequired, Field: "service.office"},
		{Name: "Q41 no day", When: with(func(s *housing.ServiceStated) { s.Since = domain.Date{} }),
			Refused: domain.CodeRequired, Field: "service.since"},
		{Name: "Q41 from tomorrow", When: with(func(s *housing.ServiceStated) { s.Since = today.AddDays(1) }),
			Refused: domain.CodeDateInFuture, Field: "service.since"},
		{Name: "Q41 before birth", When: with(func(s *housing.ServiceStated) { s.Since = day("1990-05-16") }),
			Refused: domain.CodeBeforeBirth, Field: "service.since"},
		{Name: "Q41 no document", When: with(func(s *housing.ServiceStated) { s.Basis = domain.Basis{} }),
			Refused: domain.CodeValueUnknown, Field: "service.basis.type"},
	})
}

// decisionOn is what a command decides on a case.
type decisionOn = func(*housing.Application) ([]domain.Event, error)

// TestQ41_AServiceOfAnotherBodyIsAnswered: before the applicant is placed; the answer stays in the
// decision, without what the applicant stated.
func TestQ41_AServiceOfAnotherBodyIsAnswered(t *testing.T) {
	for _, c := range []struct {
		name     string
		employer domain.Personal // "" where no service is stated
		want     domain.Code
	}{
		{"Q41 the body of the list", "body", ""},
		{"Q41 however it is written", "  BoDY ", ""},
		{"Q41 another body", "another body", domain.CodeServiceElsewhere},
		{"Q41 a part of the name", "bod", domain.CodeServiceElsewhere},
		{"Q41 none", "", domain.CodeServiceNotStated},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := domaintest.Fold[housing.Application](received(func(e *housing.ApplicationReceived) {
				if e.Service.Employer = c.employer; c.employer == "" {
					e.Service = housing.ServiceStated{}
				}
			})...)
			compared := a.Compare(housing.Facts{}, opened().fold(), domaintest.Today(), rules.Book{})
			approve := func(accept housing.Accept) ([]domain.Event, error) {
				return a.Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: found(), Accept: accept})
			}
			events, err := approve(housing.Accept{})
			if c.want == "" {
				if err != nil || len(compared) != 0 {
					t.Errorf("decided %v, %v; compared %v", events, err, compared)
				}
				return
			}
			domaintest.Refused(t, events, err, domain.CodeWarningsOpen, "accept")
			events, err = approve(housing.Accept{Codes: []domain.Code{c.want}, Reasons: "she is seconded there"})
			if err != nil {
				t.Fatal(err)
			}
			want := housing.Contradiction{Code: c.want, PersonID: aigul, Recorded: "body"}
			got := events[len(events)-1].(housing.PlacementApproved).Answered
			if len(got.Contradictions) != 1 || got.Contradictions[0] != want || got.Reasons != "she is seconded there" {
				t.Errorf("kept %+v", got)
			}
			if len(compared) != 1 || compared[0] != want {
				t.Errorf("compared %+v", compared)
			}
		})
	}
}

// TestQ42_TheEndOfAServiceIsReviewed: the entry keeps its number; a mistake is undone by reference.
func TestQ42_TheEndOfAServiceIsReviewed(t *testing.T) {
	a, b := entry("a"), entry("b")
	two := opened().placed(a, aigul, filed(-72, 10), 1).placed(b, daur, filed(-48, 20), 2)
	today := domaintest.Today()
	end := func(change func(*housing.EndService)) decision {
		c := housing.EndService{EntryID: a, On: day("2026-03-10"), Basis: domaintest.Basis(), Reasons: "dismissed"}
		change(&c)
		return func(q *housing.List) ([]domain.Event, error) {
			return q.EndService(domaintest.Command(), c, rules.Book{})
		}
	}
	as := func(*housing.EndService) {}
	review := reviewed(a, aigul, housing.ServiceOver)
	review.DecideBy = day("2026-04-08") // fifteen working days, among them the holidays of March
	ended := housing.ServiceEnded{
		ListID: list, EntryID: a, PersonID: aigul, On: day("2026-03-10"), ReviewID: review.CaseID, DecideBy: review.DecideBy,
		Basis: domaintest.Basis(), Reasons: "dismissed", RecordedAt: domaintest.Noon(),
	}
	beside := ended
	beside.ReviewID, beside.DecideBy = domain.CaseID{}, domain.Date{}
	later := ended
	later.On = day("2026-03-11")
	at := len(two)
	stood := two.then(ended, review)
	closed := stood.then(housing.ReviewClosed{
		ListID: list, EntryID: a, PersonID: aigul, CaseID: review.CaseID, NextDueOn: nextYear, ClosedAt: domaintest.Noon(),
	})
	doubted := two.then(reviewed(a, aigul, housing.Doubt))

	undo := func(revision int, change func(*housing.UndoServiceEnd)) decision {
		c := housing.UndoServiceEnd{
			EntryID: a, End: domain.EventRef{Stream: list.Stream(), Revision: uint64(revision)}, Basis: domaintest.Basis(),
			Reasons: "a namesake",
		}
		change(&c)
		return func(q *housing.List) ([]domain.Event, error) {
			return q.UndoServiceEnd(domaintest.Command(), c, rules.Book{})
		}
	}
	it := func(*housing.UndoServiceEnd) {}
	undone := housing.ServiceEndUndone{
		ListID: list, EntryID: a, PersonID: aigul, End: domain.EventRef{Stream: list.Stream(), Revision: uint64(at)},
		ReviewID: review.CaseID, NextDueOn: nextYear, Basis: domaintest.Basis(), Reasons: "a namesake", UndoneAt: domaintest.Noon(),
	}
	apart := undone
	apart.ReviewID, apart.NextDueOn = domain.CaseID{}, domain.Date{}
	besideDoubt := apart
	besideDoubt.End.Revision++
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q42 a review with its last day", Given: two, When: end(as), Then: []domain.Event{ended, review}},
		{Name: "Q42 while another review goes on", Given: doubted, When: end(as), Then: []domain.Event{beside}},
		{Name: "Q42 a later end, after the review", Given: closed, When: end(func(c *housing.EndService) { c.On = later.On }),
			Then: []domain.Event{later, review}},
		{Name: "Q42 no day", Given: two, When: end(func(c *housing.EndService) { c.On = domain.Date{} }),
			Refused: domain.CodeRequired, Field: "on"},
		{Name: "Q42 not tomorrow", Given: two, When: end(func(c *housing.EndService) { c.On = today.AddDays(1) }),
			Refused: domain.CodeDateInFuture, Field: "on"},
		{Name: "Q42 recorded already", Given: stood, When: end(as), Refused: domain.CodeNothingChanges, Field: "on"},
		{Name: "Q42 by a document", Given: two, When: end(func(c *housing.EndService) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q42 with reasons", Given: two, When: end(func(c *housing.EndService) { c.Reasons = " " }),
			Refused: domain.CodeReasonsRequired, Field: "reasons"},
		{Name: "Q42 not of an entry that is gone", Given: two.removed(a, aigul, filed(-72, 10)), When: end(as),
			Refused: domain.CodeEntryNotActive},

		{Name: "Q42 undone, which ends its review", Given: stood, When: undo(at, it), Then: []domain.Event{undone}},
		{Name: "Q42 undone after its review", Given: closed, When: undo(at, it), Then: []domain.Event{apart}},
		{Name: "Q42 undone beside a later review", Given: closed.then(anotherReview(a, aigul)), When: undo(at, it),
			Then: []domain.Event{apart}},
		{Name: "Q42 undone beside an earlier review", Given: doubted.then(beside), When: undo(at+1, it),
			Then: []domain.Event{besideDoubt}},
		{Name: "Q42 another event is none", Given: stood, When: undo(at+1, it), Refused: domain.CodeFactUnknown, Field: "service_end"},
		{Name: "Q42 nothing stands", Given: two, When: undo(0, it), Refused: domain.CodeFactUnknown, Field: "service_end"},
		{Name: "Q42 once", Given: stood.then(undone), When: undo(at, it), Refused: domain.CodeFactUnknown, Field: "service_end"},
		{Name: "Q42 not once another holds the entry", When: undo(at, it), Given: closed.then(housing.EntryTransferred{
			ListID: list, EntryID: a, From: aigul, PersonID: erlan}), Refused: domain.CodeFactUnknown, Field: "service_end"},
		{Name: "Q42 undone by a document", Given: stood, When: undo(at, func(c *housing.UndoServiceEnd) { c.Basis = domain.Basis{} }),
			Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q42 undone with reasons", Given: stood, When: undo(at, func(c *housing.UndoServiceEnd) { c.Reasons = "" }),
			Refused: domain.CodeReasonsRequired, Field: "reasons"},
	})
	for name, c := range map[string]struct {
		given on
		want  housing.EntryState
	}{
		"ended":                  {stood, housing.UnderReview},
		"undone":                 {stood.then(undone), housing.Active},
		"undone beside a review": {doubted.then(beside, besideDoubt), housing.UnderReview},
	} {
		q := c.given.fold()
		e, _ := q.Entry(a)
		if n, _ := q.Number(a); e.State() != c.want || n != 1 {
			t.Errorf("Q42 %s: %s with number %d, want %s with 1", name, e.State(), n, c.want)
		}
	}
}

// TestQ42_AnEndedServiceIsAnswered: before a dwelling is provided, until the end is undone or another person holds the entry.
func TestQ42_AnEndedServiceIsAnswered(t *testing.T) {
	a := entry("a")
	one := opened().placed(a, aigul, filed(-72, 10), 1)
	ended := one.then(housing.ServiceEnded{ListID: list, EntryID: a, PersonID: aigul, On: day("2026-03-10")})
	want := housing.Contradiction{Code: domain.CodeServiceEnded, PersonID: aigul, Recorded: "2026-03-10"}
	for name, c := range map[string]struct {
		given on
		want  []housing.Contradiction
	}{
		"serving": {one, nil},
		"ended":   {ended, []housing.Contradiction{want}},
		"undone":  {ended.then(housing.ServiceEndUndone{ListID: list, EntryID: a, PersonID: aigul}), nil},
		"of a former holder": {ended.then(housing.EntryTransferred{
			ListID: list, EntryID: a, From: aigul, PersonID: erlan}), nil},
	} {
		e, _ := c.given.fold().Entry(a)
		if got := e.Compare(housing.Facts{}, domaintest.Today(), rules.Book{}); !slices.Equal(got, c.want) {
			t.Errorf("Q42 %s: %v, want %v", name, got, c.want)
		}
	}
}

// anotherReview is a review of the entry that another command opened.
func anotherReview(id domain.EntryID, p domain.PersonID) housing.ReviewOpened {
	r := reviewed(id, p, housing.Doubt)
	r.CaseID = domaintest.ID[domain.CaseID]("another review")
	return r
}
