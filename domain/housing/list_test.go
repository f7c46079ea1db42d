package housing_test

import (
	"errors"
	"fmt"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

type decision = func(*housing.List) ([]domain.Event, error)

var (
	gulnar = domaintest.ID[domain.PersonID]("gulnar")
	child  = domaintest.ID[domain.PersonID]("child")
	a, d   = entry("aigul"), entry("daur")
	flat   = housing.ServiceDwelling{ID: domaintest.ID[domain.DwellingID]("flat"), Area: 32, Rooms: 1}
	need   = housing.NeedCheck{On: domaintest.Today(), Source: housing.FromDocuments, InNeed: true}
	family = []housing.FamilyMember{
		{PersonID: gulnar, Relation: housing.Spouse},
		{PersonID: child, Relation: housing.Child},
	}
	longAg = filed(-24*30, 10) // 13 February
)

func spouse(p domain.PersonID) housing.FamilyMember {
	return housing.FamilyMember{PersonID: p, Relation: housing.Spouse}
}

// decided is a decision to give the flat to the entry.
func decided(
	id domain.EntryID,
	p domain.PersonID,
	dw housing.ServiceDwelling,
	declined ...domain.EntryID,
) housing.ProvisionDecided {
	return housing.ProvisionDecided{
		CaseID: caseID, ListID: list, EntryID: id, PersonID: p, Dwelling: dw, Norm: housing.Norm{Min: 15, Max: 18}, Edition: edition,
		Need: need, Declined: declined, Minutes: "12", DecidedAt: domaintest.Noon(),
	}
}

func provided(
	id domain.EntryID,
	p domain.PersonID,
	s housing.Seniority,
	number, persons int,
	dw housing.ServiceDwelling,
	skipped ...housing.Skip,
) housing.EntryProvided {
	return housing.EntryProvided{
		ListID: list, EntryID: id, PersonID: p, CaseID: caseID, Seniority: s, Number: number, Persons: persons,
		Dwelling: dw, Skipped: skipped, ProvidedAt: domaintest.Noon(),
	}
}

func reviewed(id domain.EntryID, p domain.PersonID, why housing.ReviewReason) housing.ReviewOpened {
	note := domain.Personal("")
	if why == housing.Doubt {
		note = "a note"
	}
	return housing.ReviewOpened{
		ListID:   list,
		EntryID:  id,
		PersonID: p,
		CaseID:   reviewOf(id),
		Reason:   why,
		Note:     note,
		OpenedAt: domaintest.Noon(),
	}
}

func closed(id domain.EntryID, p domain.PersonID, note domain.Personal) housing.ReviewClosed {
	return housing.ReviewClosed{
		ListID:    list,
		EntryID:   id,
		PersonID:  p,
		CaseID:    reviewOf(id),
		Note:      note,
		NextDueOn: nextYear,
		ClosedAt:  domaintest.Noon(),
	}
}

func redate(on string) decision {
	return func(q *housing.List) ([]domain.Event, error) {
		c := housing.Redate{EntryID: a, Reasons: "the flat was sold then"}
		if on != "" {
			c.GroundArose = day(on)
		}
		return q.Redate(domaintest.Command(), c)
	}
}

func redated(from housing.Seniority, on string) housing.EntryRedated {
	return housing.EntryRedated{
		ListID: list, EntryID: a, PersonID: aigul, From: from,
		Seniority:   housing.Seniority{At: day(on).Start(), Position: from.Position, Priority: from.Priority},
		GroundArose: day(on), Reasons: "the flat was sold then", RedatedAt: domaintest.Noon(),
	}
}

func TestQ17_Redating(t *testing.T) {
	one := opened().placed(a, aigul, longAg, 1)
	first := redated(longAg, "2026-03-01")
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:  "Q17 to the day on which the ground arose",
			Given: one,
			When:  redate("2026-03-01"),
			Then:  []domain.Event{first},
		},
		{
			Name:  "Q17 to the day after the application",
			Given: one,
			When:  redate("2026-02-14"),
			Then:  []domain.Event{redated(longAg, "2026-02-14")},
		},
		{
			Name:  "Q17 to today",
			Given: one,
			When:  redate("2026-03-15"),
			Then:  []domain.Event{redated(longAg, "2026-03-15")},
		},
		{
			Name:    "Q17 not to the day of the application",
			Given:   one,
			When:    redate("2026-02-13"),
			Refused: domain.CodeRedatingTooEarly,
			Field:   "ground_arose_on",
		},
		{
			Name:    "Q17 nor before it",
			Given:   one,
			When:    redate("2020-01-01"),
			Refused: domain.CodeRedatingTooEarly,
			Field:   "ground_arose_on",
		},
		{
			Name:    "Q17 nor to tomorrow",
			Given:   one,
			When:    redate("2026-03-16"),
			Refused: domain.CodeDateInFuture,
			Field:   "ground_arose_on",
		},
		{
			Name:    "Q17 nor without a day",
			Given:   one,
			When:    redate(""),
			Refused: domain.CodeRequired,
			Field:   "ground_arose_on",
		},
		{
			Name:  "Q17 a wrong one is mended by another",
			Given: one.then(first),
			When:  redate("2026-02-20"),
			Then:  []domain.Event{redated(first.Seniority, "2026-02-20")},
		},
		{
			Name:    "Q17 but not beyond the application",
			Given:   one.then(first),
			When:    redate("2026-02-12"),
			Refused: domain.CodeRedatingTooEarly,
			Field:   "ground_arose_on",
		},
		{
			Name:    "Q17 not to where it is",
			Given:   one.then(first),
			When:    redate("2026-03-01"),
			Refused: domain.CodeNothingChanges,
			Field:   "ground_arose_on",
		},
		{Name: "Q17 with reasons", Given: one, When: func(q *housing.List) ([]domain.Event, error) {
			return q.Redate(
				domaintest.Command(),
				housing.Redate{EntryID: a, GroundArose: day("2026-03-01"), Reasons: " "},
			)
		}, Refused: domain.CodeReasonsRequired, Field: "reasons"},
	})
}

func TestQ8_Q9_NumbersAfterARedating(t *testing.T) {
	e := entry("erlan")
	q := opened().placed(a, aigul, longAg, 1).placed(d, daur, filed(-24*10, 20), 2).placed(e, erlan, filed(0, 30), 3).
		then(redated(longAg, "2026-03-10")).fold()
	if diff := domaintest.Diff(map[domain.EntryID]int{d: 1, a: 2, e: 3}, ordered(q)); diff != "" {
		t.Errorf("Q8: (-want +got):\n%s", diff)
	}
	if got, _ := q.Entry(a); got.Certified != 1 {
		t.Errorf("Q9: the certificate's number became %d", got.Certified)
	}
}

func TestQ16_Transfer(t *testing.T) {
	base := opened().with(a, aigul, longAg, 1, family...).placed(d, daur, filed(0, 30), 2)
	children := []housing.FamilyMember{{PersonID: child, Relation: housing.Child}}
	to := func(change func(*housing.Transfer)) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			c := housing.Transfer{
				EntryID:  a,
				PersonID: gulnar,
				Family:   children,
				Cause:    housing.HolderDied,
				On:       day("2026-03-10"),
				Need:     need,
			}
			if change != nil {
				change(&c)
			}
			return q.Transfer(domaintest.Command(), c, rules.Book{})
		}
	}
	done := housing.EntryTransferred{
		ListID: list, EntryID: a, From: aigul, PersonID: gulnar, Family: children, Cause: housing.HolderDied,
		On: day("2026-03-10"), Need: need, TransferredAt: domaintest.Noon(),
		CertificateID: certificateOfCase(), RegisteredOn: domaintest.Today(), Number: 1,
	}
	paper := domaintest.Basis()
	court, divorced := paper, paper
	court.Type, divorced.Type = domain.DocumentCourtDecision, domain.DocumentDivorce
	afterDivorce := done
	afterDivorce.Cause, afterDivorce.Basis, afterDivorce.Agreement = housing.Divorced, divorced, paper
	byCourt := done
	byCourt.Cause, byCourt.Basis = housing.Divorced, court
	ofDead := done
	ofDead.ReviewID, ofDead.InventoryDueOn = reviewOf(a), domaintest.Today().AddMonths(12)
	ofDeparted := ofDead
	ofDeparted.Cause = housing.HolderLeft
	underReview := func(reason housing.ReviewReason) on { return base.then(reviewed(a, aigul, reason)) }
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q16 after a divorce by its certificate and the holder's agreement", Given: base,
			When: to(func(c *housing.Transfer) { c.Cause, c.Basis, c.Agreement = housing.Divorced, divorced, paper }),
			Then: []domain.Event{afterDivorce}},
		{Name: "Q16 after a divorce by a court", Given: base,
			When: to(func(c *housing.Transfer) { c.Cause, c.Basis = housing.Divorced, court }), Then: []domain.Event{byCourt}},
		{Name: "Q16 a divorce is shown", Given: base,
			When:    to(func(c *housing.Transfer) { c.Cause = housing.Divorced }),
			Refused: domain.CodeBasisRequired, Field: "basis"},
		{Name: "Q16 a certificate of divorce does not say who keeps the entry", Given: base,
			When:    to(func(c *housing.Transfer) { c.Cause, c.Basis = housing.Divorced, divorced }),
			Refused: domain.CodeBasisRequired, Field: "agreement"},
		{Name: "Q16 a court has said who keeps the entry", Given: base,
			When:    to(func(c *housing.Transfer) { c.Cause, c.Basis, c.Agreement = housing.Divorced, court, paper }),
			Refused: domain.CodeMemberNotAllowed, Field: "agreement"},
		{Name: "Q16 another paper shows no divorce", Given: base,
			When:    to(func(c *housing.Transfer) { c.Cause, c.Basis = housing.Divorced, paper }),
			Refused: domain.CodeValueUnknown, Field: "basis.type"},
		{Name: "Q16 after a divorce to the spouse alone", Given: base,
			When: to(func(c *housing.Transfer) {
				c.Cause, c.Basis, c.PersonID, c.Family = housing.Divorced, court, child, nil
			}),
			Refused: domain.CodeNotInFamily, Field: "person_id"},
		{Name: "Q16 a death is not shown by a divorce", Given: base,
			When:    to(func(c *housing.Transfer) { c.Basis = court }),
			Refused: domain.CodeMemberNotAllowed, Field: "basis"},
		{Name: "Q16 the review of a dead holder ends with the transfer", Given: underReview(housing.HolderDead),
			When: to(nil), Then: []domain.Event{ofDead}},
		{Name: "Q16 another review does not", Given: underReview(housing.Doubt), When: to(nil),
			Refused: domain.CodeEntryUnderReview},
		{Name: "Q39 the review of a holder who left the country ends so too", Given: underReview(housing.HolderDeparted),
			When: to(func(c *housing.Transfer) { c.Cause = housing.HolderLeft }), Then: []domain.Event{ofDeparted}},
		{Name: "Q16 nor does another cause end it", Given: underReview(housing.HolderDead),
			When:    to(func(c *housing.Transfer) { c.Cause = housing.HolderLeft }),
			Refused: domain.CodeEntryUnderReview},
	})
	passed := underReview(housing.HolderDead).then(ofDead).fold()
	if e, _ := passed.Entry(a); e.State() != housing.Active || e.InventoryDueOn != ofDead.InventoryDueOn {
		t.Errorf("after the transfer of a dead holder's entry: %+v", e)
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q16 to a member of the family", Given: base, When: to(nil), Then: []domain.Event{done}},
		{
			Name:    "Q16 not to a stranger",
			Given:   base,
			When:    to(func(c *housing.Transfer) { c.PersonID = erlan }),
			Refused: domain.CodeNotInFamily,
			Field:   "person_id",
		},
		{
			Name:    "Q16 not to the holder",
			Given:   base,
			When:    to(func(c *housing.Transfer) { c.PersonID = aigul }),
			Refused: domain.CodeNotInFamily,
			Field:   "person_id",
		},
		{Name: "Q16 with those only who were registered together", Given: base, When: to(func(c *housing.Transfer) {
			c.Family = []housing.FamilyMember{{PersonID: erlan, Relation: housing.Child}}
		}), Refused: domain.CodeNotInFamily, Field: "family[0].person_id"},
		{Name: "Q16 the new holder is not counted twice", Given: base, When: to(func(c *housing.Transfer) {
			c.Family = []housing.FamilyMember{{PersonID: gulnar, Relation: housing.Child}}
		}), Refused: domain.CodeNamedTwice, Field: "family[0].person_id"},
		{
			Name:    "Q16 if still in need",
			Given:   base,
			When:    to(func(c *housing.Transfer) { c.Need.InNeed = false }),
			Refused: domain.CodeNeedNotConfirmed,
			Field:   "need_check.in_need",
		},
		{
			Name:    "Q16 for a listed cause",
			Given:   base,
			When:    to(func(c *housing.Transfer) { c.Cause = "sale" }),
			Refused: domain.CodeValueUnknown,
			Field:   "cause",
		},
		{
			Name:    "Q16 after it has happened",
			Given:   base,
			When:    to(func(c *housing.Transfer) { c.On = day("2026-03-16") }),
			Refused: domain.CodeDateInFuture,
			Field:   "on",
		},
		{
			Name:    "Q16 on a day",
			Given:   base,
			When:    to(func(c *housing.Transfer) { c.On = domain.Date{} }),
			Refused: domain.CodeRequired,
			Field:   "on",
		},
		{
			Name:  "Q5 Q16 not to somebody with an entry",
			Given: base.placed(entry("child"), child, filed(2, 40), 3),
			When: to(func(c *housing.Transfer) {
				c.PersonID, c.Family = child, nil
			}),
			Refused: domain.CodeAlreadyOnList,
			Field:   "applicant_id",
		},
	})
	q := base.then(done).fold()
	if got, _ := q.Entry(a); got.PersonID != gulnar || got.Seniority != longAg || got.Certified != 1 ||
		len(got.Family) != 1 {
		t.Errorf("Q16 Q9: %+v", got)
	}
	if n, _ := q.Number(a); n != 1 {
		t.Errorf("Q8: a transfer made number 1 %d", n)
	}
	if got, _ := base.then(done).fold().Entry(a); got.Consent.On(domaintest.Today()) != housing.ConsentRequested {
		t.Errorf("C20: the new holder has given no consent, and it is %s", got.Consent.State)
	}
	if err := q.CanJoin(aigul); err != nil {
		t.Errorf("Q5: who has no entry any more can have one: %v", err)
	}
}

func TestQ5_OneOfTwoSpouses(t *testing.T) {
	g := entry("gulnar")
	place := func(p domain.PersonID, approved domain.Position, family ...housing.FamilyMember) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Place(domaintest.Command(), housing.Place{
				EntryID: g, PersonID: p, CaseID: caseID, Seniority: filed(1, 50), Family: family, Consent: consented, RegisteredOn: domaintest.Today(), Approved: approved,
			}, rules.Book{})
		}
	}
	counted := opened().with(a, aigul, longAg, 1, spouse(gulnar))
	alone := opened().placed(a, aigul, longAg, 1)
	const later = domain.Position(200)
	child := func(p domain.PersonID) housing.FamilyMember {
		return housing.FamilyMember{PersonID: p, Relation: housing.Child}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:    "Q5 not whom an entry counts as spouse",
			Given:   counted,
			When:    place(gulnar, later),
			Refused: domain.CodeSpouseOnList,
			Field:   "applicant_id",
		},
		{
			Name:    "Q5 not who counts as spouse somebody with an entry",
			Given:   alone,
			When:    place(gulnar, later, spouse(aigul)),
			Refused: domain.CodeSpouseOnList,
			Field:   "applicant_id",
		},
		{Name: "Q5 a child may", Given: opened().with(a, aigul, longAg, 1, child(gulnar)), When: place(gulnar, later),
			Then: opened().with(a, aigul, longAg, 1, child(gulnar)).with(g, gulnar, filed(1, 50), 2).last()},
		{
			Name:  "Q5 by choice: once the spouse's entry is gone",
			Given: counted.removed(a, aigul, longAg),
			When:  place(gulnar, later),
			Then:  opened().with(g, gulnar, filed(1, 50), 1).last(),
		},
		{
			Name:    "Q1 Q5 but not by an approval that has met it",
			Given:   counted.removed(a, aigul, longAg),
			When:    place(gulnar, 101),
			Refused: domain.CodeAlreadyOnList,
			Field:   "applicant_id",
		},
		{
			Name:    "Q1 Q5 nor where the spouse was the applicant's",
			Given:   alone.removed(a, aigul, longAg),
			When:    place(gulnar, 101, spouse(aigul)),
			Refused: domain.CodeAlreadyOnList,
			Field:   "applicant_id",
		},
		{
			Name:  "Q5 no reinstatement beside the spouse",
			Given: counted.removed(a, aigul, longAg).placed(g, gulnar, filed(1, 50), 1),
			When: func(q *housing.List) ([]domain.Event, error) {
				return q.Reinstate(
					domaintest.Command(),
					housing.Reinstate{EntryID: a, Ground: housing.CourtAct, Act: inForce},
					rules.Book{},
				)
			},
			Refused: domain.CodeSpouseOnList,
			Field:   "applicant_id",
		},
		{
			Name:  "Q5 no spouse with an entry joins a family",
			Given: alone.placed(d, daur, filed(0, 20), 2),
			When: func(q *housing.List) ([]domain.Event, error) {
				return q.ReportChange(domaintest.Command(), housing.ReportChange{
					EntryID: a, Kind: housing.FamilyChanged, Family: []housing.FamilyMember{spouse(daur)}, HappenedOn: domaintest.Today(),
				}, rules.Book{})
			},
			Refused: domain.CodeSpouseOnList,
			Field:   "family",
		},
	})
}

func TestQ15_Q15a_Removal(t *testing.T) {
	one := opened().placed(a, aigul, longAg, 1)
	protection := housing.ProtectionRecorded{
		ListID:     list,
		EntryID:    a,
		PersonID:   aigul,
		Category:   housing.ProtectedLargeFamily,
		Document:   "a note",
		RecordedAt: domaintest.Noon(),
	}
	lifted := housing.ProtectionLifted{
		ListID:   list,
		EntryID:  a,
		PersonID: aigul,
		Category: housing.ProtectedLargeFamily,
		Reasons:  "a note",
		LiftedAt: domaintest.Noon(),
	}
	remove := func(q *housing.List) ([]domain.Event, error) {
		return q.Remove(
			domaintest.Command(),
			housing.Remove{EntryID: a, Reason: housing.DwellingAcquired, Note: "a note"},
			rules.Book{},
		)
	}
	protect := func(c housing.Protect) decision {
		c.EntryID = a
		if c.Because == "" {
			c.Because = "a note"
		}
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Protect(domaintest.Command(), c, rules.Book{})
		}
	}
	notice := func(on string) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.GiveNotice(
				domaintest.CommandOn("2026-04-30"),
				housing.GiveNotice{EntryID: a, Grounds: "bought a flat", On: day(on)},
				rules.Book{},
			)
		}
	}
	given := func(on string, late bool) housing.NoticeGiven {
		return housing.NoticeGiven{
			ListID: list, EntryID: a, PersonID: aigul, Grounds: "bought a flat", AppealRoute: housing.AppealRoute,
			DueOn: day("2026-03-25"), On: day(on), Late: late, RecordedAt: domaintest.CommandOn("2026-04-30").Now,
		}
	}
	gone := one.removed(a, aigul, longAg)
	ready := one.heard(a, aigul)
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q15 the notice is due ten days after the removal", Given: ready, When: remove, Then: gone.last()},
		{
			Name:  "Q15 notified on the tenth day",
			Given: gone,
			When:  notice("2026-03-25"),
			Then:  []domain.Event{given("2026-03-25", false)},
		},
		{
			Name:  "Q15 late on the eleventh, which is recorded",
			Given: gone,
			When:  notice("2026-03-26"),
			Then:  []domain.Event{given("2026-03-26", true)},
		},
		{
			Name:    "Q15 not before the removal",
			Given:   gone,
			When:    notice("2026-03-14"),
			Refused: domain.CodeEffectiveTooEarly,
			Field:   "given_on",
		},
		{
			Name:    "Q15 not in the future",
			Given:   gone,
			When:    notice("2026-05-01"),
			Refused: domain.CodeDateInFuture,
			Field:   "given_on",
		},
		{
			Name:    "Q15 once",
			Given:   gone.then(given("2026-03-20", false)),
			When:    notice("2026-03-21"),
			Refused: domain.CodeNoticeNotOwed,
		},
		{Name: "Q15 of a removal only", Given: one, When: notice("2026-03-21"), Refused: domain.CodeNoticeNotOwed},
		{Name: "Q15 with the grounds", Given: gone, When: func(q *housing.List) ([]domain.Event, error) {
			return q.GiveNotice(
				domaintest.Command(),
				housing.GiveNotice{EntryID: a, On: domaintest.Today()},
				rules.Book{},
			)
		}, Refused: domain.CodeReasonsRequired, Field: "grounds"},

		{
			Name:  "Q15a recorded",
			Given: one,
			When:  protect(housing.Protect{Category: housing.ProtectedLargeFamily}),
			Then:  []domain.Event{protection},
		},
		{
			Name:    "Q15a nobody protected is removed",
			Given:   ready.then(protection),
			When:    remove,
			Refused: domain.CodeEntryProtected,
		},
		{Name: "Q15a once lifted, yes", Given: ready.then(protection, lifted), When: remove, Then: gone.last()},
		{
			Name: "Q15a one of two lifted protects on",
			Given: ready.then(
				protection,
				housing.ProtectionRecorded{EntryID: a, Category: housing.ProtectedOrphan},
				lifted,
			),
			When:    remove,
			Refused: domain.CodeEntryProtected,
		},
		{
			Name:  "Q15a lifted",
			Given: one.then(protection),
			When:  protect(housing.Protect{Category: housing.ProtectedLargeFamily, Lift: true}),
			Then:  []domain.Event{lifted},
		},
		{
			Name:    "Q15a not twice",
			Given:   one.then(protection),
			When:    protect(housing.Protect{Category: housing.ProtectedLargeFamily}),
			Refused: domain.CodeNothingChanges,
			Field:   "category",
		},
		{
			Name:    "Q15a not lifted where it is not",
			Given:   one,
			When:    protect(housing.Protect{Category: housing.ProtectedOrphan, Lift: true}),
			Refused: domain.CodeNothingChanges,
			Field:   "category",
		},
		{
			Name:    "Q15a a listed category",
			Given:   one,
			When:    protect(housing.Protect{Category: "tall"}),
			Refused: domain.CodeValueUnknown,
			Field:   "category",
		},
		{
			Name:    "Q15a with its proof",
			Given:   one,
			When:    protect(housing.Protect{Category: housing.ProtectedOrphan, Because: " "}),
			Refused: domain.CodeReasonsRequired,
			Field:   "because",
		},
	})
}

func TestQ8_Priority(t *testing.T) {
	two := opened().placed(a, aigul, longAg, 1).placed(d, daur, filed(0, 30), 2)
	rule := housing.PriorityRuleSet{
		ListID:     list,
		Categories: []housing.PriorityCategory{housing.PriorityOrphan},
		Basis:      "act 5",
		SetAt:      domaintest.Noon(),
	}
	first := filed(0, 30)
	first.Priority = true
	up := housing.EntryPrioritised{
		ListID:        list,
		EntryID:       d,
		PersonID:      daur,
		Category:      housing.PriorityOrphan,
		From:          filed(0, 30),
		Seniority:     first,
		Overtakes:     1,
		PrioritisedAt: domaintest.Noon(),
	}
	down := housing.PriorityEnded{
		ListID:    list,
		EntryID:   d,
		PersonID:  daur,
		From:      first,
		Seniority: filed(0, 30),
		EndedAt:   domaintest.Noon(),
	}
	set := func(basis string, categories ...housing.PriorityCategory) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.SetPriorityRule(
				domaintest.Command(),
				housing.SetPriorityRule{Categories: categories, Basis: basis},
				rules.Book{},
			)
		}
	}
	prioritise := func(c housing.PriorityCategory, end bool) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Prioritise(domaintest.Command(), housing.Prioritise{EntryID: d, Category: c, End: end})
		}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:    "Q8 a list has no priority rule by itself",
			Given:   two,
			When:    prioritise(housing.PriorityOrphan, false),
			Refused: domain.CodePriorityNotRuled,
			Field:   "category",
		},
		{
			Name:  "Q8 a rule is recorded",
			Given: two,
			When:  set("act 5", housing.PriorityOrphan),
			Then:  []domain.Event{rule},
		},
		{
			Name:    "Q8 with its basis",
			Given:   two,
			When:    set(" ", housing.PriorityOrphan),
			Refused: domain.CodeRequired,
			Field:   "basis",
		},
		{
			Name:    "Q8 of listed categories",
			Given:   two,
			When:    set("act 5", "tall"),
			Refused: domain.CodeValueUnknown,
			Field:   "categories[0]",
		},
		{
			Name:    "Q8 each once",
			Given:   two,
			When:    set("act 5", housing.PriorityOrphan, housing.PriorityOrphan),
			Refused: domain.CodeNamedTwice,
			Field:   "categories[1]",
		},
		{Name: "Q8 on a list", When: set("act 5", housing.PriorityOrphan), Refused: domain.CodeListUnknown},
		{
			Name:  "Q8 by the rule, recorded",
			Given: two.then(rule),
			When:  prioritise(housing.PriorityOrphan, false),
			Then:  []domain.Event{up},
		},
		{
			Name:    "Q8 not for what it does not name",
			Given:   two.then(rule),
			When:    prioritise(housing.PriorityWarVeteran, false),
			Refused: domain.CodePriorityNotRuled,
			Field:   "category",
		},
		{
			Name:    "Q8 not twice",
			Given:   two.then(rule, up),
			When:    prioritise(housing.PriorityOrphan, false),
			Refused: domain.CodeNothingChanges,
		},
		{Name: "Q8 ended, recorded", Given: two.then(rule, up), When: prioritise("", true), Then: []domain.Event{down}},
		{
			Name:    "Q8 not ended where it is not",
			Given:   two.then(rule),
			When:    prioritise("", true),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "Q8 none after the rule is gone",
			Given:   two.then(rule, housing.PriorityRuleSet{ListID: list}),
			When:    prioritise(housing.PriorityOrphan, false),
			Refused: domain.CodePriorityNotRuled,
			Field:   "category",
		},
	})
	for _, c := range []struct {
		name string
		on   on
		want map[domain.EntryID]int
	}{
		{"the rule alone moves nobody", two.then(rule), map[domain.EntryID]int{a: 1, d: 2}},
		{"given", two.then(rule, up), map[domain.EntryID]int{d: 1, a: 2}},
		{"the end of the rule takes nothing back", two.then(rule, up, housing.PriorityRuleSet{ListID: list}), map[domain.EntryID]int{d: 1, a: 2}},
		{"ended", two.then(rule, up, down), map[domain.EntryID]int{a: 1, d: 2}},
	} {
		if diff := domaintest.Diff(c.want, ordered(c.on.fold())); diff != "" {
			t.Errorf("Q8 %s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestQ19_Q20_Provision(t *testing.T) {
	e := entry("erlan")
	alone := opened().placed(a, aigul, longAg, 1).placed(d, daur, filed(0, 30), 2).placed(e, erlan, filed(1, 40), 3)
	three := opened().with(a, aigul, longAg, 1, family...).
		placed(d, daur, filed(0, 30), 2).
		placed(e, erlan, filed(1, 40), 3)
	decline := func(id domain.EntryID, code domain.Code) []domain.Event {
		return []domain.Event{
			housing.ProvisionDeclined{
				ListID:     list,
				EntryID:    id,
				CaseID:     caseID,
				Code:       code,
				DeclinedAt: domaintest.Noon(),
			},
		}
	}
	carryOut := func(d housing.ProvisionDecided) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			events, err := q.Provide(domaintest.Command(), d)
			if declined, ok := events[0].(housing.ProvisionDeclined); ok && declined.Reason != "" {
				declined.Reason = "" // a sentence; its code is what is specified
				events[0] = declined
			}
			return events, err
		}
	}
	rooms := func(area, n int) housing.ServiceDwelling {
		return housing.ServiceDwelling{ID: flat.ID, Area: area, Rooms: n}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:  "Q19 to the first",
			Given: alone,
			When:  carryOut(decided(a, aigul, flat)),
			Then:  []domain.Event{provided(a, aigul, longAg, 1, 1, flat)},
		},
		{
			Name:  "Q19 not to the second while the first is eligible",
			Given: alone,
			When:  carryOut(decided(d, daur, flat)),
			Then:  decline(d, domain.CodeNotFirstEligible),
		},
		{
			Name:  "Q19 to the second where the family of the first does not fit",
			Given: three,
			When:  carryOut(decided(d, daur, flat)),
			Then: []domain.Event{
				provided(d, daur, filed(0, 30), 2, 1, flat, housing.Skip{EntryID: a, Reason: housing.SkipTooSmall}),
			},
		},
		{Name: "Q19 where the first declined it", Given: alone.then(declines(a, aigul, flat.ID)), When: carryOut(decided(d, daur, flat)),
			Then: []domain.Event{
				provided(d, daur, filed(0, 30), 2, 1, flat, housing.Skip{EntryID: a, Reason: housing.SkipDeclined}),
			}},
		{
			Name:  "Q19 where the first is under review",
			Given: alone.then(reviewed(a, aigul, housing.Doubt)),
			When:  carryOut(decided(d, daur, flat)),
			Then: []domain.Event{
				provided(d, daur, filed(0, 30), 2, 1, flat, housing.Skip{EntryID: a, Reason: housing.SkipReview}),
			},
		},
		{
			Name:  "Q19 everybody before has a reason of their own",
			Given: three.then(declines(d, daur, flat.ID)),
			When:  carryOut(decided(e, erlan, flat, d)),
			Then: []domain.Event{
				provided(
					e,
					erlan,
					filed(1, 40),
					3,
					1,
					flat,
					housing.Skip{EntryID: a, Reason: housing.SkipTooSmall},
					housing.Skip{EntryID: d, Reason: housing.SkipDeclined},
				),
			},
		},
		{
			Name:  "Q19 least norm: 15 m² for each of three",
			Given: three,
			When:  carryOut(decided(a, aigul, rooms(45, 2))),
			Then:  []domain.Event{provided(a, aigul, longAg, 1, 3, rooms(45, 2))},
		},
		{
			Name:  "Q19 not a metre less",
			Given: three,
			When:  carryOut(decided(a, aigul, rooms(44, 2))),
			Then:  decline(a, domain.CodeDwellingNotFit),
		},
		{
			Name:  "Q19 greatest norm: 18 m² for one more than three",
			Given: three,
			When:  carryOut(decided(a, aigul, rooms(72, 3))),
			Then:  []domain.Event{provided(a, aigul, longAg, 1, 3, rooms(72, 3))},
		},
		{
			Name:  "Q19 not a metre more",
			Given: three,
			When:  carryOut(decided(a, aigul, rooms(73, 3))),
			Then:  decline(a, domain.CodeDwellingNotFit),
		},
		{
			Name:  "Q19 but a single room of any size",
			Given: three,
			When:  carryOut(decided(a, aigul, rooms(90, 1))),
			Then:  []domain.Event{provided(a, aigul, longAg, 1, 3, rooms(90, 1))},
		},
		{
			Name:  "Q19 not by a decision for the former holder",
			Given: alone,
			When:  carryOut(decided(a, daur, flat)),
			Then:  decline(a, domain.CodeHolderChanged),
		},
		{
			Name:  "Q19 not out of a review",
			Given: alone.then(reviewed(a, aigul, housing.Doubt)),
			When:  carryOut(decided(a, aigul, flat)),
			Then:  decline(a, domain.CodeEntryUnderReview),
		},
		{
			Name:  "Q20 not twice",
			Given: alone.then(provided(a, aigul, longAg, 1, 1, flat)),
			When:  carryOut(decided(a, aigul, flat)),
			Then:  decline(a, domain.CodeEntryNotActive),
		},
		{
			Name:  "Q19 nobody from nowhere",
			Given: alone,
			When:  carryOut(decided(entry("x"), aigul, flat)),
			Then:  decline(entry("x"), domain.CodeEntryNotActive),
		},
		{
			Name: "Q19 not on a list that is none",
			When: carryOut(decided(a, aigul, flat)),
			Then: decline(a, domain.CodeListUnknown),
		},
	})
	q := alone.then(provided(a, aigul, longAg, 1, 1, flat)).fold()
	if diff := domaintest.Diff(map[domain.EntryID]int{d: 1, e: 2}, ordered(q)); diff != "" {
		t.Errorf("Q20 Q8: (-want +got):\n%s", diff)
	}
	if err := q.CanJoin(aigul); err != nil {
		t.Errorf("Q5: no active entry, and yet %v", err)
	}
}

func TestQ19_TheDecisionToProvide(t *testing.T) {
	q := opened().placed(a, aigul, longAg, 1).placed(d, daur, filed(0, 30), 2).fold()
	unasked := opened().placed(a, aigul, longAg, 1).then(housing.LookupConsentWithdrawn{EntryID: a}).fold()
	decide := func(q *housing.List, change func(*housing.Provide)) func(*housing.Provision) ([]domain.Event, error) {
		return func(p *housing.Provision) ([]domain.Event, error) {
			c := housing.Provide{CaseID: caseID, ListID: list, EntryID: a, Dwelling: flat, Need: need, Minutes: "12"}
			if change != nil {
				change(&c)
			}
			return p.Decide(domaintest.Command(), c, q, rules.Book{})
		}
	}
	checked := func(on string) func(*housing.Provide) {
		return func(c *housing.Provide) { c.Need.On = day(on) }
	}
	looking := func(scope ...housing.ConsentScope) func(*housing.Provide) {
		return func(c *housing.Provide) { c.Need.Source, c.Need.Scope = housing.FromSystems, scope }
	}
	looked := decided(a, aigul, flat)
	looked.Need.Source, looked.Need.Scope = housing.FromSystems, []housing.ConsentScope{housing.ScopeHealth}
	first := decided(a, aigul, flat)
	old := decided(a, aigul, flat)
	old.Need.On = day("2026-02-13")
	registering := func(from string) housing.ProvisionDecided {
		d := first
		d.RegisteredFrom = day(from)
		return d
	}
	completed := housing.ProvisionCompleted{
		CaseID:      caseID,
		ListID:      list,
		EntryID:     a,
		DwellingID:  flat.ID,
		CompletedAt: domaintest.Noon(),
	}
	voided := housing.ProvisionVoided{
		CaseID:   caseID,
		Code:     domain.CodeDwellingLeased,
		Reason:   "let",
		VoidedAt: domaintest.Noon(),
	}
	complete := func(p *housing.Provision) ([]domain.Event, error) {
		return p.Complete(domaintest.Command(), housing.Residence{})
	}
	void := func(p *housing.Provision) ([]domain.Event, error) {
		return p.Void(domaintest.Command(), domain.Refuse(domain.Conflict, domain.CodeDwellingLeased, "let"))
	}
	domaintest.Run(t, []domaintest.Spec[housing.Provision]{
		{Name: "Q19 decided", When: decide(q, nil), Then: []domain.Event{first}},
		{Name: "Q19 once", Given: []domain.Event{first}, When: decide(q, nil), Refused: domain.CodeCaseDecided},
		{
			Name:    "Q19 by the commission's minutes",
			When:    decide(q, func(c *housing.Provide) { c.Minutes = "" }),
			Refused: domain.CodeRequired,
			Field:   "minutes",
		},
		{
			Name:    "Q19 need checked again",
			When:    decide(q, func(c *housing.Provide) { c.Need = housing.NeedCheck{} }),
			Refused: domain.CodeRequired,
			Field:   "need_check.on",
		},
		{
			Name:    "Q19 and found",
			When:    decide(q, func(c *housing.Provide) { c.Need.InNeed = false }),
			Refused: domain.CodeNeedNotConfirmed,
			Field:   "need_check.in_need",
		},
		{Name: "Q19 30 days ago at most", When: decide(q, checked("2026-02-13")), Then: []domain.Event{old}},
		{
			Name:    "Q19 not 31",
			When:    decide(q, checked("2026-02-12")),
			Refused: domain.CodeNeedCheckTooOld,
			Field:   "need_check.on",
		},
		{
			Name:    "Q19 not tomorrow",
			When:    decide(q, checked("2026-03-16")),
			Refused: domain.CodeDateInFuture,
			Field:   "need_check.on",
		},
		{
			Name:    "Q19 from a known source",
			When:    decide(q, func(c *housing.Provide) { c.Need.Source = "rumour" }),
			Refused: domain.CodeValueUnknown,
			Field:   "need_check.source",
		},
		{
			Name:    "Q22 no look-up without consent",
			When:    decide(unasked, looking(housing.ScopeHealth)),
			Refused: domain.CodeConsentWithdrawn,
			Field:   "need_check.source",
		},
		{
			Name: "C20 a look-up with consent",
			When: decide(q, looking(housing.ScopeHealth)),
			Then: []domain.Event{looked},
		},
		{
			Name:    "C20 a look-up says of what",
			When:    decide(q, looking()),
			Refused: domain.CodeRequired,
			Field:   "need_check.scope",
		},
		{
			Name:    "C20 of what is known",
			When:    decide(q, looking("debts")),
			Refused: domain.CodeValueUnknown,
			Field:   "need_check.scope[0]",
		},
		{
			Name:    "C20 once",
			When:    decide(q, looking(housing.ScopeHealth, housing.ScopeHealth)),
			Refused: domain.CodeValueUnknown,
			Field:   "need_check.scope[1]",
		},
		{
			Name:    "C20 documents look nothing up",
			When:    decide(q, func(c *housing.Provide) { c.Need.Scope = housing.ConsentScopes }),
			Refused: domain.CodeMemberNotAllowed,
			Field:   "need_check.scope",
		},
		{Name: "Q22 documents will do", When: decide(unasked, nil), Then: []domain.Event{first}},
		{
			Name:    "Q19 not for the second",
			When:    decide(q, func(c *housing.Provide) { c.EntryID = d }),
			Refused: domain.CodeNotFirstEligible,
		},
		{
			Name:    "Q19 the area is known",
			When:    decide(q, func(c *housing.Provide) { c.Dwelling.Area = 0 }),
			Refused: domain.CodeRequired,
			Field:   "useful_area",
		},
		{
			Name:    "Q19 and the rooms",
			When:    decide(q, func(c *housing.Provide) { c.Dwelling.Rooms = 0 }),
			Refused: domain.CodeRequired,
			Field:   "rooms",
		},
		{
			Name: "Q20 with a registration from today",
			When: decide(q, func(c *housing.Provide) { c.Register = true }),
			Then: []domain.Event{registering("2026-03-15")},
		},
		{
			Name: "Q20 or from the day on which the family moved in",
			When: decide(q, func(c *housing.Provide) { c.Register, c.RegisteredFrom = true, day("2026-03-10") }),
			Then: []domain.Event{registering("2026-03-10")},
		},
		{
			Name:    "Q20 not from tomorrow",
			When:    decide(q, func(c *housing.Provide) { c.Register, c.RegisteredFrom = true, day("2026-03-16") }),
			Refused: domain.CodeDateInFuture,
			Field:   "registered_from",
		},
		{
			Name:    "Q20 a day only with a registration",
			When:    decide(q, func(c *housing.Provide) { c.RegisteredFrom = day("2026-03-10") }),
			Refused: domain.CodeRequired,
			Field:   "register_residence",
		},
		{Name: "Q20 completed", Given: []domain.Event{first}, When: complete, Then: []domain.Event{completed}},
		{Name: "Q20 or voided", Given: []domain.Event{first}, When: void, Then: []domain.Event{voided}},
		{Name: "Q20 not both", Given: []domain.Event{first, completed}, When: void, Refused: domain.CodeCaseDecided},
		{
			Name:    "Q20 nor the other way round",
			Given:   []domain.Event{first, voided},
			When:    complete,
			Refused: domain.CodeCaseDecided,
		},
		{Name: "Q20 nor out of nothing", When: complete, Refused: domain.CodeCaseDecided},
	})
}

func TestQ23_Inventory(t *testing.T) {
	one := opened().placed(a, aigul, longAg, 1) // placed, and so confirmed, on 15 March 2026
	take := func(on string) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.TakeInventory(domaintest.CommandOn(on), rules.Book{})
		}
	}
	byItself := func(on string) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.TakeInventoryOf(domaintest.CommandOn(on), a, rules.Book{})
		}
	}
	asked := housing.InventoryRequested{
		ListID: list, EntryID: a, PersonID: aigul, DueOn: day("2027-03-15"),
		AnswerBy: day(
			"2027-04-02",
		), RequestedAt: domaintest.CommandOn("2027-03-16").Now, // ten working days, with Nauryz between
	}
	missed := reviewed(a, aigul, housing.InventoryMissed)
	missed.OpenedAt = domaintest.CommandOn("2027-04-03").Now
	confirm := func(today, on string) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.ConfirmInventory(
				domaintest.CommandOn(today),
				housing.ConfirmInventory{EntryID: a, On: day(on)},
				rules.Book{},
			)
		}
	}
	confirmed := func(today, on, next string, goesOn ...housing.ReviewReason) housing.InventoryConfirmed {
		e := housing.InventoryConfirmed{
			ListID:      list,
			EntryID:     a,
			PersonID:    aigul,
			On:          day(on),
			NextDueOn:   day(next),
			ConfirmedAt: domaintest.CommandOn(today).Now,
		}
		if len(goesOn) > 0 {
			e.Review = goesOn[0]
		}
		return e
	}
	ended := func(today, next string, note domain.Personal) housing.ReviewClosed {
		e := closed(a, aigul, note)
		e.ClosedAt, e.NextDueOn = domaintest.CommandOn(today).Now, day(next)
		return e
	}
	closeIt := func(q *housing.List) ([]domain.Event, error) {
		return q.Review(
			domaintest.CommandOn("2027-04-10"),
			housing.Review{EntryID: a, Close: true, Note: "in need"},
			rules.Book{},
		)
	}
	inAnswer, late := one.then(asked), one.then(asked, missed)
	for name, when := range map[string]func(string) decision{"the commission": take, "the registry by itself": byItself} {
		nothing := domain.CodeNothingChanges
		if name != "the commission" {
			nothing = domain.CodeNotDue
		}
		domaintest.Run(t, []domaintest.Spec[housing.List]{
			{
				Name:    "Q23 nobody is asked within the year, " + name,
				Given:   one,
				When:    when("2027-03-15"),
				Refused: nothing,
			},
			{
				Name:  "Q23 the holder is asked when it is over, " + name,
				Given: one,
				When:  when("2027-03-16"),
				Then:  []domain.Event{asked},
			},
			{
				Name:    "Q23 and has ten working days, " + name,
				Given:   inAnswer,
				When:    when("2027-04-02"),
				Refused: nothing,
			},
			{
				Name:  "Q23 what is not confirmed then comes under review, " + name,
				Given: inAnswer,
				When:  when("2027-04-03"),
				Then:  []domain.Event{missed},
			},
			{Name: "Q23 once, " + name, Given: late, When: when("2027-06-01"), Refused: nothing},
			{
				Name:    "Q23 nor while there are doubts, " + name,
				Given:   one.then(reviewed(a, aigul, housing.Doubt)),
				When:    when("2027-06-01"),
				Refused: nothing,
			},
			{
				Name:    "Q23 a review that was closed confirms, " + name,
				Given:   late.then(ended("2027-04-10", "2028-04-10", "in need")),
				When:    when("2028-04-10"),
				Refused: nothing,
			},
			{
				Name:    "Q23 an answer ends the question, " + name,
				Given:   inAnswer.then(confirmed("2027-03-20", "2027-03-20", "2028-03-20")),
				When:    when("2027-04-03"),
				Refused: nothing,
			},
		})
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:    "Q23 never of who is gone",
			Given:   one.removed(a, aigul, longAg),
			When:    take("2030-01-01"),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:    "Q23 never of who is gone, by itself",
			Given:   one.removed(a, aigul, longAg),
			When:    byItself("2030-01-01"),
			Refused: domain.CodeEntryNotActive,
		},
		{
			Name:    "Q23 who came back has a year",
			Given:   one.then(asked).removed(a, aigul, longAg).reinstated(a, aigul, longAg),
			When:    take("2027-03-15"),
			Refused: domain.CodeNothingChanges,
		},
		{
			Name:  "Q23 confirmed, due again in a year",
			Given: one,
			When:  confirm("2026-12-02", "2026-12-01"),
			Then:  []domain.Event{confirmed("2026-12-02", "2026-12-01", "2027-12-01")},
		},
		{Name: "Q23 a late confirmation ends the review", Given: late, When: confirm("2027-04-10", "2027-04-10"),
			Then: []domain.Event{
				confirmed("2027-04-10", "2027-04-10", "2028-04-10"),
				ended("2027-04-10", "2028-04-10", ""),
			}},
		{
			Name:  "Q23 but not a review of doubts",
			Given: one.then(reviewed(a, aigul, housing.Doubt)),
			When:  confirm("2027-03-20", "2027-03-20"),
			Then:  []domain.Event{confirmed("2027-03-20", "2027-03-20", "2028-03-20", housing.Doubt)},
		},
		{
			Name:  "Q23 a review that finds the need begins the year anew",
			Given: late,
			When:  closeIt,
			Then:  []domain.Event{ended("2027-04-10", "2028-04-10", "in need")},
		},
		{
			Name:    "Q23 not in advance",
			Given:   one,
			When:    confirm("2026-12-01", "2026-12-02"),
			Refused: domain.CodeDateInFuture,
			Field:   "on",
		},
		{
			Name:    "Q23 not on the day of placing",
			Given:   one,
			When:    confirm("2026-12-01", "2026-03-15"),
			Refused: domain.CodeEffectiveTooEarly,
			Field:   "on",
		},
		{Name: "Q23 of a list", When: take("2027-03-16"), Refused: domain.CodeListUnknown},
		{Name: "Q23 of an entry", Given: opened(), When: byItself("2027-03-16"), Refused: domain.CodeEntryUnknown},
		{
			Name:    "Q23 in a year whose working days are known",
			Given:   one,
			When:    take("2035-03-16"),
			Refused: domain.CodeCalendarYear,
		},
	})
	q := late.fold()
	if n, ok := q.Number(a); !ok || n != 1 {
		t.Errorf("Q23: under review it has number %d, %t", n, ok)
	}
}

func TestQ23_AnInventoryDoesSomeAtATime(t *testing.T) {
	h := opened()
	for i := range 501 {
		name := fmt.Sprint(i)
		h = append(h, housing.EntryPlaced{
			ListID: list, EntryID: entry(name), PersonID: domaintest.ID[domain.PersonID](name), Seniority: filed(i, domain.Position(i)),
			RegisteredOn: domaintest.Today(), InventoryDueOn: nextYear,
		})
	}
	q := h.fold()
	for _, step := range []struct {
		on   string
		does int
	}{{"2027-03-16", 500}, {"2027-03-16", 1}, {"2027-04-03", 500}, {"2027-04-03", 1}} {
		events, err := q.TakeInventory(domaintest.CommandOn(step.on), rules.Book{})
		if err != nil || len(events) != step.does {
			t.Fatalf("%d events on %s, %v, want %d", len(events), step.on, err, step.does)
		}
		for i, e := range events {
			q.Apply(domaintest.Recorded(1000+i, e))
		}
	}
}

// TestQ13_EveryActCountsTheRelationsOfItsDay: the edition from April on counts
// nobody but a spouse; the day before, a child was counted too.
func TestQ13_EveryActCountsTheRelationsOfItsDay(t *testing.T) {
	book := rulestest.Book(t, "2026-04-01", `"family": ["spouse", "child", "disabled_child"]`, `"family": ["spouse"]`)
	one := opened().with(a, aigul, longAg, 1, family...)
	children := []housing.FamilyMember{{PersonID: child, Relation: housing.Child}}
	for name, act := range map[string]func(domain.Command) ([]domain.Event, error){
		"Q13 an application": func(cmd domain.Command) ([]domain.Event, error) {
			return new(housing.Application).Receive(cmd, housing.ReceiveApplication{
				CaseID: caseID, ListID: list, ApplicantID: erlan, Family: children, Language: domain.Kazakh, Signature: domain.SignatureHandwritten, Rules: book,
			}, one.fold(), func(domain.PersonID) bool { return true })
		},
		"Q13 Q16 a transfer": func(cmd domain.Command) ([]domain.Event, error) {
			need := housing.NeedCheck{On: cmd.Today(), Source: housing.FromDocuments, InNeed: true}
			return one.fold().Transfer(cmd, housing.Transfer{
				EntryID: a, PersonID: gulnar, Family: children, Cause: housing.HolderDied, On: day("2026-03-10"), Need: need,
			}, book)
		},
		"Q13 Q18 a reported change": func(cmd domain.Command) ([]domain.Event, error) {
			return one.fold().ReportChange(cmd, housing.ReportChange{EntryID: a, Kind: housing.FamilyChanged, Family: children, HappenedOn: day("2026-03-06"), Papers: housingtest.Papers(family, children)}, book)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for on, code := range map[string]domain.Code{"2026-03-31": "", "2026-04-01": domain.CodeValueUnknown} {
				_, err := act(domaintest.CommandOn(on))
				var refused *domain.Error
				if domain.CodeOf(err) != code || (errors.As(err, &refused) && refused.Field != "family[0].relation") {
					t.Errorf("on %s: %v, want %q", on, err, code)
				}
			}
		})
	}
}

func TestQ18_ReportedChanges(t *testing.T) {
	one := opened().with(a, aigul, longAg, 1, family...)
	report := func(c housing.ReportChange) decision {
		c.EntryID, c.Note = a, "a note"
		return func(q *housing.List) ([]domain.Event, error) {
			return q.ReportChange(domaintest.Command(), c, rules.Book{})
		}
	}
	reported := housing.ChangeReported{
		ByStaff: true,
		ListID:  list, EntryID: a, PersonID: aigul, Kind: housing.NeedLost, Note: "a note",
		HappenedOn: day(
			"2026-03-06",
		), DueOn: day("2026-03-26"), ReportedAt: domaintest.Noon(), // ten working days, among them the holidays of March
	}
	smaller := reported
	smaller.Kind, smaller.Family, smaller.Papers = housing.FamilyChanged, family[:1], housingtest.Papers(family, family[:1])
	review := reviewed(a, aigul, housing.FamilyReported)
	review.DecideBy = day("2026-04-08") // fifteen working days, among them the holidays of March
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:  "Q18 a lost need opens a review",
			Given: one,
			When:  report(housing.ReportChange{Kind: housing.NeedLost, HappenedOn: day("2026-03-06")}),
			Then:  []domain.Event{reported, reviewed(a, aigul, housing.NeedReported)},
		},
		{
			Name:  "Q18 or goes into the one that is open",
			Given: one.then(reviewed(a, aigul, housing.Doubt)),
			When:  report(housing.ReportChange{Kind: housing.NeedLost, HappenedOn: day("2026-03-06")}),
			Then:  []domain.Event{reported},
		},
		{
			Name:  "Q18 a changed family",
			Given: one,
			When: report(
				housing.ReportChange{Kind: housing.FamilyChanged, Family: family[:1], HappenedOn: day("2026-03-06"), Papers: smaller.Papers},
			),
			Then: []domain.Event{smaller, review},
		},
		{
			Name:  "Q18 by the holder",
			Given: one,
			When: report(
				housing.ReportChange{
					Holder:     aigul,
					Kind:       housing.FamilyChanged,
					Family:     family[:1],
					HappenedOn: day("2026-03-06"),
					Papers:     smaller.Papers,
				},
			),
			Then: []domain.Event{smaller, review},
		},
		{
			Name:    "Q18 not by another",
			Given:   one,
			When:    report(housing.ReportChange{Holder: daur, Kind: housing.NeedLost, HappenedOn: day("2026-03-06")}),
			Refused: domain.CodeNotFound,
		},
		{
			Name:    "Q18 that happened",
			Given:   one,
			When:    report(housing.ReportChange{Kind: housing.NeedLost, HappenedOn: day("2026-03-16")}),
			Refused: domain.CodeDateInFuture,
			Field:   "happened_on",
		},
		{
			Name:    "Q18 on a day",
			Given:   one,
			When:    report(housing.ReportChange{Kind: housing.NeedLost}),
			Refused: domain.CodeRequired,
			Field:   "happened_on",
		},
		{
			Name:    "Q18 of a listed kind",
			Given:   one,
			When:    report(housing.ReportChange{Kind: "mood", HappenedOn: day("2026-03-06")}),
			Refused: domain.CodeValueUnknown,
			Field:   "kind",
		},
		{Name: "Q18 nobody counted twice", Given: one, When: report(housing.ReportChange{
			Kind: housing.FamilyChanged, Family: []housing.FamilyMember{family[0], family[0]}, HappenedOn: day("2026-03-06"),
		}), Refused: domain.CodeNamedTwice, Field: "family[1].person_id"},
		{Name: "Q13 Q18 in a counted relation", Given: one, When: report(housing.ReportChange{
			Kind: housing.FamilyChanged, Family: []housing.FamilyMember{{PersonID: child, Relation: "uncle"}}, HappenedOn: day("2026-03-06"),
		}), Refused: domain.CodeValueUnknown, Field: "family[0].relation"},
	})
	if got, _ := one.then(smaller).fold().Entry(a); len(got.Family) != 1 {
		t.Errorf("Q18: the family is still %v", got.Family)
	}
}

func TestQ22_AWithdrawnConsentBlocksLookUpsAndNothingElse(t *testing.T) {
	one := opened().placed(a, aigul, longAg, 1)
	withdrawn := housing.LookupConsentWithdrawn{
		ByStaff:     true,
		ListID:      list,
		EntryID:     a,
		PersonID:    aigul,
		WithdrawnAt: domaintest.Noon(),
	}
	renewed := housing.LookupConsentRenewed{
		ByStaff:      true,
		ListID:       list,
		EntryID:      a,
		PersonID:     aigul,
		ConsentTerms: wholeConsent,
		RenewedAt:    domaintest.Noon(),
	}
	change := func(given bool, holder domain.PersonID) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.ChangeConsent(
				domaintest.Command(),
				housing.ChangeConsent{EntryID: a, Holder: holder, Given: given},
			)
		}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q22 withdrawn", Given: one, When: change(false, aigul), Then: []domain.Event{withdrawn}},
		{
			Name:  "Q22 by staff for the holder",
			Given: one,
			When:  change(false, domain.PersonID{}),
			Then:  []domain.Event{withdrawn},
		},
		{Name: "Q22 not by another", Given: one, When: change(false, daur), Refused: domain.CodeNotFound},
		{
			Name:    "Q22 nor is another told that it is gone",
			Given:   one.removed(a, aigul, longAg),
			When:    change(false, daur),
			Refused: domain.CodeNotFound,
		},
		{Name: "Q22 once", Given: one.then(withdrawn), When: change(false, aigul), Refused: domain.CodeNothingChanges},
		{Name: "Q22 renewed", Given: one.then(withdrawn), When: change(true, aigul), Then: []domain.Event{renewed}},
		{
			Name:    "Q22 not renewed where it stands",
			Given:   one,
			When:    change(true, aigul),
			Refused: domain.CodeNothingChanges,
		},
	})
	q := one.then(withdrawn).fold()
	if e, _ := q.Entry(a); e.State() != housing.Active {
		t.Errorf("Q22: the entry is %s", e.State())
	}
	if n, _ := q.Number(a); n != 1 {
		t.Errorf("Q22: the number is %d", n)
	}
}

func TestQ21_ThePublicListTellsNobody(t *testing.T) {
	q := opened().with(a, aigul, longAg, 1, family...).
		placed(d, daur, filed(0, 30), 2).
		placed(entry("erlan"), erlan, filed(1, 40), 3).
		then(provided(d, daur, filed(0, 30), 2, 1, flat)).
		fold()
	want := []housing.PublicLine{
		{Number: 1, Persons: 3, PlacedOn: domaintest.Today()},
		{Number: 2, Persons: 1, PlacedOn: domaintest.Today()},
	}
	if diff := domaintest.Diff(want, q.Public(0, 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := domaintest.Diff(want[1:], q.Public(1, 1)); diff != "" {
		t.Errorf("a page (-want +got):\n%s", diff)
	}
	if got := q.Public(2, 1); len(got) != 0 {
		t.Errorf("behind the last: %v", got)
	}
	gave := []housing.PublicProvision{
		{Persons: 1, PlacedOn: domaintest.Today(), Area: 32, ProvidedAt: domaintest.Noon()},
	}
	if diff := domaintest.Diff(gave, q.PublicProvisions(10)); diff != "" {
		t.Errorf("provisions (-want +got):\n%s", diff)
	}
}

// TestQ8_Q15_Q19_Q23_TheStateTableOfAnEntry walks every command in every state:
// what the table of E.5 does not allow is refused.
func TestQ8_Q15_Q19_Q23_TheStateTableOfAnEntry(t *testing.T) {
	base := opened().with(a, aigul, longAg, 1, family...).
		then(housing.PriorityRuleSet{ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}})
	gone := base.heard(a, aigul).removed(a, aigul, longAg)
	complained := gone.then(complaint())
	states := []struct {
		name  string
		state housing.EntryState
		on    on
	}{
		{"active", housing.Active, base},
		{"under review", housing.UnderReview, base.then(reviewed(a, aigul, housing.Doubt))},
		{"hearing pending", housing.HearingPending, base.then(reviewed(a, aigul, housing.Doubt), announced(a))},
		{"heard", housing.UnderReview, base.heard(a, aigul)},
		{"provided", housing.Provided, base.then(provided(a, aigul, longAg, 1, 3, flat))},
		{"removed", housing.Removed, gone},
		{"removed, complained of", housing.Removed, complained},
		{"reinstated", housing.Active, gone.reinstated(a, aigul, longAg)},
	}
	const ok = domain.Code("")
	review, left, removedNot, unreviewed, closed := domain.CodeEntryUnderReview, domain.CodeEntryNotActive, domain.CodeEntryNotRemoved, domain.CodeEntryNotReviewed, domain.CodeStepNotOpen
	noNotice := domain.CodeNoticeNotOwed
	o := domaintest.Command()
	proceed := func(step func(*procedure.Case) ([]domain.Event, error)) decision {
		return func(q *housing.List) ([]domain.Event, error) { return q.Proceed(a, domain.PersonID{}, step) }
	}
	for _, row := range []struct {
		command string
		do      decision
		want    [8]domain.Code // in the order of the states
	}{
		{"redate", redate("2026-03-01"), [8]domain.Code{ok, review, review, review, left, left, left, ok}},
		{"transfer", func(q *housing.List) ([]domain.Event, error) {
			return q.Transfer(o, housing.Transfer{EntryID: a, PersonID: gulnar, Cause: housing.HolderDied, On: domaintest.Today(), Need: need}, rules.Book{})
		}, [8]domain.Code{ok, review, review, review, left, left, left, ok}},
		{"provide", func(q *housing.List) ([]domain.Event, error) {
			return new(housing.Provision).Decide(o, housing.Provide{CaseID: caseID, ListID: list, EntryID: a, Dwelling: housing.ServiceDwelling{Area: 50, Rooms: 2}, Need: need, Minutes: "1"}, q, rules.Book{})
		}, [8]domain.Code{ok, review, review, review, left, left, left, ok}},
		{"leave", func(q *housing.List) ([]domain.Event, error) {
			return q.Leave(o, housing.Leave{EntryID: a, Basis: domaintest.Basis()})
		}, [8]domain.Code{ok, review, review, review, left, left, left, ok}},
		{"decline a dwelling", func(q *housing.List) ([]domain.Event, error) {
			return q.DeclineDwelling(o, housing.DeclineDwelling{EntryID: a, DwellingID: flat.ID, Basis: domaintest.Basis()})
		}, [8]domain.Code{ok, ok, ok, ok, left, left, left, ok}},
		{"prioritise", func(q *housing.List) ([]domain.Event, error) {
			return q.Prioritise(o, housing.Prioritise{EntryID: a, Category: housing.PriorityOrphan})
		}, [8]domain.Code{ok, review, review, review, left, left, left, ok}},
		{"remove", func(q *housing.List) ([]domain.Event, error) {
			return q.Remove(o, housing.Remove{EntryID: a, Reason: housing.DwellingAcquired}, rules.Book{})
		}, [8]domain.Code{unreviewed, domain.CodeHearingRequired, closed, ok, left, left, left, unreviewed}},
		{"reinstate", func(q *housing.List) ([]domain.Event, error) {
			return q.Reinstate(o, housing.Reinstate{EntryID: a, Ground: housing.CourtAct, Act: inForce}, rules.Book{})
		}, [8]domain.Code{removedNot, removedNot, removedNot, removedNot, removedNot, ok, ok, removedNot}},
		{"open a review", func(q *housing.List) ([]domain.Event, error) {
			return q.Review(o, housing.Review{EntryID: a, Note: "n"}, rules.Book{})
		}, [8]domain.Code{ok, review, review, review, left, left, left, ok}},
		{"close a review", func(q *housing.List) ([]domain.Event, error) {
			return q.Review(o, housing.Review{EntryID: a, Note: "n", Close: true}, rules.Book{})
		}, [8]domain.Code{unreviewed, ok, ok, ok, left, left, left, unreviewed}},
		{"announce a hearing", proceed(func(c *procedure.Case) ([]domain.Event, error) { return c.AnnounceHearing(o, "n", terms()) }),
			[8]domain.Code{unreviewed, ok, closed, ok, unreviewed, domain.CodeCaseDecided, domain.CodeCaseDecided, unreviewed}},
		{"object", proceed(func(c *procedure.Case) ([]domain.Event, error) { return c.Object(o, "n") }),
			[8]domain.Code{unreviewed, closed, ok, closed, unreviewed, domain.CodeCaseDecided, domain.CodeCaseDecided, unreviewed}},
		{"end a hearing", proceed(func(c *procedure.Case) ([]domain.Event, error) {
			return c.CloseHearing(o, procedure.HearingWaived, "n")
		}),
			[8]domain.Code{unreviewed, closed, ok, closed, unreviewed, domain.CodeCaseDecided, domain.CodeCaseDecided, unreviewed}},
		{"complain", proceed(func(c *procedure.Case) ([]domain.Event, error) {
			return c.FileComplaint(o, procedure.Filing{ID: "1", By: c.ApplicantID, Grounds: "n"}, terms())
		}),
			[8]domain.Code{unreviewed, closed, closed, closed, unreviewed, ok, domain.CodeComplaintPending, unreviewed}},
		{"forward a complaint", proceed(func(c *procedure.Case) ([]domain.Event, error) { return c.ForwardComplaint(o, "ministry", terms()) }),
			[8]domain.Code{unreviewed, closed, closed, closed, unreviewed, closed, ok, unreviewed}},
		{"satisfy a complaint", proceed(func(c *procedure.Case) ([]domain.Event, error) {
			return c.DecideComplaint(o, procedure.Satisfied, "n", "", terms())
		}), [8]domain.Code{unreviewed, closed, closed, closed, unreviewed, closed, ok, unreviewed}},
		{"confirm", func(q *housing.List) ([]domain.Event, error) {
			return q.ConfirmInventory(domaintest.CommandOn("2026-04-01"), housing.ConfirmInventory{EntryID: a, On: day("2026-04-01")}, rules.Book{})
		}, [8]domain.Code{ok, ok, ok, ok, left, left, left, ok}},
		{"take the inventory", func(q *housing.List) ([]domain.Event, error) {
			return q.TakeInventoryOf(domaintest.CommandOn("2027-06-01"), a, rules.Book{})
		}, [8]domain.Code{ok, domain.CodeNotDue, domain.CodeNotDue, domain.CodeNotDue, left, left, left, ok}},
		{"report a change", func(q *housing.List) ([]domain.Event, error) {
			return q.ReportChange(o, housing.ReportChange{EntryID: a, Kind: housing.NeedLost, HappenedOn: domaintest.Today()}, rules.Book{})
		}, [8]domain.Code{ok, ok, ok, ok, left, left, left, ok}},
		{"protect", func(q *housing.List) ([]domain.Event, error) {
			return q.Protect(o, housing.Protect{EntryID: a, Category: housing.ProtectedOrphan, Because: "n"}, rules.Book{})
		}, [8]domain.Code{ok, ok, ok, ok, left, left, left, ok}},
		{"withdraw consent", func(q *housing.List) ([]domain.Event, error) {
			return q.ChangeConsent(o, housing.ChangeConsent{EntryID: a})
		}, [8]domain.Code{ok, ok, ok, ok, left, left, left, ok}},
		{"give notice", func(q *housing.List) ([]domain.Event, error) {
			return q.GiveNotice(o, housing.GiveNotice{EntryID: a, Grounds: "n", On: domaintest.Today()}, rules.Book{})
		}, [8]domain.Code{noNotice, noNotice, noNotice, noNotice, noNotice, ok, ok, noNotice}},
	} {
		for i, s := range states {
			t.Run(row.command+", "+s.name, func(t *testing.T) {
				q := s.on.fold()
				if e, _ := q.Entry(a); e.State() != s.state {
					t.Fatalf("the entry is %s", e.State())
				}
				events, err := row.do(q)
				if domain.CodeOf(err) != row.want[i] || (err == nil) != (len(events) > 0) {
					t.Errorf("%v, %v, want %q", domaintest.Types(events), err, row.want[i])
				}
				if _, err := row.do(new(housing.List)); domain.CodeOf(err) != domain.CodeListUnknown {
					t.Errorf("on no list: %v", err)
				}
				if _, err := row.do(opened().fold()); domain.CodeOf(err) != domain.CodeEntryUnknown {
					t.Errorf("on a list without the entry: %v", err)
				}
			})
		}
	}
}

func TestQ19_OneRecordNamesEverybodySkippedOrNobodyIsProvided(t *testing.T) {
	h := opened()
	for i := range 5001 {
		name := fmt.Sprint(i)
		h = append(
			h,
			housing.EntryPlaced{
				ListID:    list,
				EntryID:   entry(name),
				PersonID:  domaintest.ID[domain.PersonID](name),
				Seniority: filed(i, domain.Position(i)),
			},
		)
		h = append(h, declines(entry(name), domaintest.ID[domain.PersonID](name), flat.ID))
	}
	q := h.placed(a, aigul, filed(6000, 6000), 5002).fold()
	last, _ := q.Provide(
		domaintest.Command(),
		decided(entry("5000"), domaintest.ID[domain.PersonID]("5000"), flat),
	)
	if e, ok := last[0].(housing.EntryProvided); !ok || len(e.Skipped) != 5000 || e.Number != 5001 {
		t.Errorf("behind 5000: %v", domaintest.Types(last))
	}
	beyond, _ := q.Provide(domaintest.Command(), decided(a, aigul, flat))
	if e, ok := beyond[0].(housing.ProvisionDeclined); !ok || e.Code != domain.CodeTooManySkipped {
		t.Errorf("behind 5001: %v", domaintest.Types(beyond))
	}
}
