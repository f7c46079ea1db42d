package housing_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// household is Aigul's application with a spouse and a child.
func household(e *housing.ApplicationReceived) {
	e.Family = []housing.FamilyMember{
		{PersonID: daur, Relation: housing.Spouse},
		{PersonID: erlan, Relation: housing.Child},
	}
}

func share(s string) rules.Fraction {
	f, err := rules.ParseFraction(s)
	if err != nil {
		panic(err)
	}
	return f
}

// Findings by documents, ready for a change.

func owns(p domain.PersonID, part string, changes ...func(*housing.Finding)) housing.Finding {
	return finding(housing.Finding{Kind: housing.FoundDwelling, PersonID: p, Share: share(part)}, changes)
}

func alienated(p domain.PersonID, part, on string, changes ...func(*housing.Finding)) housing.Finding {
	return finding(
		housing.Finding{Kind: housing.FoundAlienation, PersonID: p, Share: share(part), AlienatedOn: day(on)},
		changes,
	)
}

func benefit(p domain.PersonID, name string, changes ...func(*housing.Finding)) housing.Finding {
	return finding(housing.Finding{Kind: housing.FoundBenefit, PersonID: p, Benefit: name}, changes)
}

func fact(kind housing.FindingKind, p domain.PersonID, changes ...func(*housing.Finding)) housing.Finding {
	return finding(housing.Finding{Kind: kind, PersonID: p}, changes)
}

func finding(f housing.Finding, changes []func(*housing.Finding)) housing.Finding {
	f.Source = housing.FromDocuments
	for _, change := range changes {
		change(&f)
	}
	return f
}

func elsewhere(f *housing.Finding)   { f.Settlement = "Ақтау" }
func sameName(f *housing.Finding)    { f.Settlement = " АЛМАТЫ " }
func beforeWed(f *housing.Finding)   { f.BeforeMarriage = true }
func unfulfilled(f *housing.Finding) { f.Unfulfilled = true }
func bySystems(f *housing.Finding)   { f.Source = housing.FromSystems }

// judged is the judgement of Aigul's application, on the day of the
// specifications by the edition in force.
func judged(findings ...housing.Finding) housing.Judgement {
	h := received(household).examined(findings...)
	return h[len(h)-1].(housing.NeedExamined).Judgement
}

func codes(j housing.Judgement) []domain.Code {
	var list []domain.Code
	for _, b := range j.Bars {
		list = append(list, b.Code)
	}
	return list
}

// TestQ10_Q11_Q12_Q14_WhoIsInNeed: art. 101-3, fact by fact.
func TestQ10_Q11_Q12_Q14_WhoIsInNeed(t *testing.T) {
	const none, owned, state = domain.CodeNoGroundOfNeed, domain.CodeDwellingOwned, domain.CodeStateDwelling
	for _, c := range []struct {
		name     string
		findings []housing.Finding
		bars     []domain.Code // none: in need
	}{
		{"Q10 nothing was found", nil, nil},
		{"Q10 (1) a dwelling in the settlement", []housing.Finding{owns(aigul, "1/1")}, []domain.Code{none, owned}},
		{"Q10 (1) the name of the settlement in other letters", []housing.Finding{owns(aigul, "1/1", sameName)}, []domain.Code{none, owned}},
		{"Q10 (1) a dwelling elsewhere", []housing.Finding{owns(aigul, "1/1", elsewhere)}, nil},
		{"Q10 (1) one of a member of the family", []housing.Finding{owns(erlan, "1/1")}, []domain.Code{none, owned}},
		{"Q10 (1) one bought with housing payments, the contract not fulfilled", []housing.Finding{owns(aigul, "1/1", unfulfilled)}, nil},
		{"Q11 less than half of one", []housing.Finding{owns(aigul, "49/100")}, nil},
		{"Q11 exactly half", []housing.Finding{owns(aigul, "1/2")}, []domain.Code{none, owned}},
		{"Q11 each share by itself", []housing.Finding{owns(aigul, "1/3"), owns(daur, "1/3")}, nil},
		{"Q10 (2) a dwelling of the state, wherever", []housing.Finding{fact(housing.FoundStateDwelling, aigul)}, []domain.Code{none, state}},
		{"Q10 (1) and (2) not met: every bar is named", []housing.Finding{fact(housing.FoundStateDwelling, erlan), owns(aigul, "1/1"), owns(daur, "2/3")}, []domain.Code{none, state, owned, owned}},
		{"Q10 (3) a dwelling below the norms", []housing.Finding{owns(aigul, "1/1"), fact(housing.FoundBelowNorms, aigul)}, nil},
		{"Q10 (4) an illness of the family", []housing.Finding{owns(aigul, "1/1"), fact(housing.FoundIllness, erlan)}, nil},

		{"Q14 compensation instead of privatisation", []housing.Finding{benefit(aigul, "privatisation_compensation")}, []domain.Code{domain.CodePastBenefit}},
		{"Q14 housing payments", []housing.Finding{benefit(aigul, "housing_payments")}, []domain.Code{domain.CodePastBenefit}},
		{"Q14 a contract with buy-out, fulfilled", []housing.Finding{benefit(aigul, "buy_out_contract_fulfilled")}, []domain.Code{domain.CodePastBenefit}},
		{"Q14 privatisation, of the spouse", []housing.Finding{benefit(daur, "privatisation_used")}, []domain.Code{domain.CodePastBenefit}},
		{"Q14 wherever it was", []housing.Finding{benefit(aigul, "privatisation_used", elsewhere)}, []domain.Code{domain.CodePastBenefit}},
		{"Q14 it bars whatever the need", []housing.Finding{fact(housing.FoundIllness, erlan), benefit(aigul, "privatisation_used")}, []domain.Code{domain.CodePastBenefit}},

		{"Q12 alienated five years ago to the day", []housing.Finding{alienated(aigul, "1/1", "2021-03-15")}, []domain.Code{domain.CodeDwellingAlienated}},
		{"Q12 a day earlier", []housing.Finding{alienated(aigul, "1/1", "2021-03-14")}, nil},
		{"Q12 by the spouse", []housing.Finding{alienated(daur, "1/1", "2025-03-15")}, []domain.Code{domain.CodeDwellingAlienated}},
		{"Q12 by the spouse, who had it before the marriage", []housing.Finding{alienated(daur, "1/1", "2025-03-15", beforeWed)}, nil},
		{"Q12 elsewhere", []housing.Finding{alienated(aigul, "1/1", "2025-03-15", elsewhere)}, nil},
		{"Q11 Q12 less than half", []housing.Finding{alienated(aigul, "1/3", "2025-03-15")}, nil},
		{"Q12 it bars whatever the need", []housing.Finding{fact(housing.FoundBelowNorms, aigul), alienated(aigul, "1/2", "2025-03-15")}, []domain.Code{domain.CodeDwellingAlienated}},
		{"Q12 Q14 every bar is named", []housing.Finding{alienated(aigul, "1/2", "2025-03-15"), benefit(daur, "housing_payments"), owns(aigul, "1/1")},
			[]domain.Code{none, owned, domain.CodeDwellingAlienated, domain.CodePastBenefit}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := judged(c.findings...)
			if !slices.Equal(codes(j), c.bars) || j.InNeed != (len(c.bars) == 0) {
				t.Errorf("in need %t, bars %v, want %v", j.InNeed, codes(j), c.bars)
			}
		})
	}
}

// TestQ13_WhoIsCounted: a spouse with a dwelling from before the marriage is
// not, and the applicant is in need all the same.
func TestQ13_WhoIsCounted(t *testing.T) {
	whole := []domain.PersonID{daur, erlan}
	for _, c := range []struct {
		name     string
		findings []housing.Finding
		counted  []domain.PersonID
		bars     []domain.Code
	}{
		{"Q13 the family", nil, whole, nil},
		{"Q13 a spouse with a dwelling from before the marriage", []housing.Finding{owns(daur, "1/1", beforeWed)}, []domain.PersonID{erlan}, nil},
		{"Q13 with half of one", []housing.Finding{owns(daur, "1/2", beforeWed)}, []domain.PersonID{erlan}, nil},
		{"Q11 Q13 with less", []housing.Finding{owns(daur, "49/100", beforeWed)}, whole, nil},
		{"Q13 with one elsewhere", []housing.Finding{owns(daur, "1/1", beforeWed, elsewhere)}, whole, nil},
		{"Q13 with one from the marriage", []housing.Finding{owns(daur, "1/1")}, whole, []domain.Code{domain.CodeNoGroundOfNeed, domain.CodeDwellingOwned}},
		{"Q13 what the spouse who is not counted has beside it does not count", []housing.Finding{owns(daur, "1/1", beforeWed), owns(daur, "1/1"), fact(housing.FoundStateDwelling, daur)}, []domain.PersonID{erlan}, nil},
		{"Q13 nor is the spouse's illness the family's", []housing.Finding{owns(daur, "1/1", beforeWed), owns(aigul, "1/1"), fact(housing.FoundIllness, daur)}, []domain.PersonID{erlan},
			[]domain.Code{domain.CodeNoGroundOfNeed, domain.CodeDwellingOwned}},
		{"Q13 Q14 a benefit of the spouse bars all the same", []housing.Finding{owns(daur, "1/1", beforeWed), benefit(daur, "privatisation_used")}, []domain.PersonID{erlan}, []domain.Code{domain.CodePastBenefit}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := judged(c.findings...)
			var counted []domain.PersonID
			for _, m := range j.Family {
				counted = append(counted, m.PersonID)
			}
			if !slices.Equal(counted, c.counted) || !slices.Equal(codes(j), c.bars) {
				t.Errorf("counted %v, bars %v, want %v and %v", counted, codes(j), c.counted, c.bars)
			}
		})
	}
	t.Run("Q13 the entry has the family that is counted", func(t *testing.T) {
		a := domaintest.Fold[housing.Application](
			received(household).takenUp().examined(owns(daur, "1/1", beforeWed))...)
		events, err := a.Approve(domaintest.Command(), opened().fold(), housing.Approve{})
		if err != nil {
			t.Fatal(err)
		}
		if got := events[0].(housing.PlacementApproved).Family; len(got) != 1 || got[0].PersonID != erlan {
			t.Errorf("the entry counts %v", got)
		}
	})
	t.Run("Q13 the relations are those of the edition", func(t *testing.T) {
		e := received(household).examined()[1].(housing.NeedExamined)
		book := rulestest.Book(
			t,
			"2026-01-01",
			`"family": ["spouse", "child", "disabled_child"]`,
			`"family": ["spouse"]`,
		)
		if got := e.Judge(book.On(domaintest.Today()), domaintest.Today()).Family; len(got) != 1 ||
			got[0].PersonID != daur {
			t.Errorf("counted %v", got)
		}
		_, err := new(housing.Application).Receive(domaintest.Command(), housing.ReceiveApplication{
			CaseID: caseID, ListID: list, ApplicantID: aigul, Consent: true, Signature: domain.SignatureHandwritten, Rules: book,
			Family: []housing.FamilyMember{{PersonID: erlan, Relation: housing.Child}},
		}, opened().fold(), everybody)
		domaintest.Refused(t, nil, err, domain.CodeValueUnknown, "family[0].relation")
	})
}

// TestQ10_TheReadingOfTheGroundsIsThatOfTheEdition: together or each by
// itself, and where a past benefit counts.
func TestQ10_TheReadingOfTheGroundsIsThatOfTheEdition(t *testing.T) {
	const combinations = `"in_need": [["no_dwelling", "no_state_dwelling"], ["below_norms"], ["chronic_illness"]]`
	for _, c := range []struct {
		name     string
		changes  []string
		findings []housing.Finding
		old, new bool
	}{
		{"each ground by itself", []string{combinations, `"in_need": [["no_dwelling"], ["no_state_dwelling"]]`}, []housing.Finding{owns(aigul, "1/1")}, false, true},
		{"all together", []string{combinations, `"in_need": [["no_dwelling", "no_state_dwelling", "below_norms", "chronic_illness"]]`}, nil, true, false},
		{"a benefit where it was had", []string{`"past_benefits_anywhere": true`, `"past_benefits_anywhere": false`}, []housing.Finding{benefit(aigul, "housing_payments", elsewhere)}, false, true},
		{"and there it bars", []string{`"past_benefits_anywhere": true`, `"past_benefits_anywhere": false`}, []housing.Finding{benefit(aigul, "housing_payments")}, false, false},
		{"another look-back", []string{`"look_back_years": 5`, `"look_back_years": 3`}, []housing.Finding{alienated(aigul, "1/1", "2022-03-15")}, false, true},
		{"another share", []string{`"dwelling_share_from": "1/2"`, `"dwelling_share_from": "1/4"`}, []housing.Finding{owns(aigul, "1/3")}, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := rulestest.Table(t, "2026-04-01", c.changes...)
			h := received(household).examined(c.findings...)
			e := h[len(h)-1].(housing.NeedExamined)
			for on, want := range map[string]bool{"2026-03-31": c.old, "2026-04-01": c.new} {
				by := table.On(day(on))
				if j := e.Judge(by, day(on)); j.InNeed != want || j.Edition != by.ID || j.On != day(on) {
					t.Errorf("on %s: %s says on %s in need: %t, want %t", on, j.Edition, j.On, j.InNeed, want)
				}
			}
		})
	}
}

// TestQ10_TheDecisionIsJudgedOnItsDay, not on that of the examination, and keeps
// its judgement.
func TestQ10_TheDecisionIsJudgedOnItsDay(t *testing.T) {
	book := rulestest.Book(t, "2026-04-01", `"dwelling_share_from": "1/2"`, `"dwelling_share_from": "1/4"`)
	a := domaintest.Fold[housing.Application](received(household).takenUp().examined(owns(aigul, "1/3"))...)
	approve := func(on string) ([]domain.Event, error) {
		return a.Approve(domaintest.CommandOn(on), opened().fold(), housing.Approve{Rules: book})
	}
	events, err := approve("2026-03-31")
	if err != nil {
		t.Fatal(err)
	}
	if e := events[0].(housing.PlacementApproved); e.Edition != rulestest.Old || e.Judgement.Edition != rulestest.Old ||
		!e.Judgement.InNeed ||
		e.Judgement.On != day("2026-03-31") {
		t.Errorf("approved by %s: %+v", e.Edition, e.Judgement.Edition)
	}
	events, err = approve("2026-04-01")
	domaintest.Refused(t, events, err, domain.CodeRequirementsNotMet, "outcome")
	events, err = a.Refuse(
		domaintest.CommandOn("2026-04-01"),
		housing.Refuse{Ground: housing.RequirementsNotMet, Reasons: "because", Exemption: urgent, Rules: book},
	)
	if err != nil {
		t.Fatal(err)
	}
	e := events[len(events)-1].(housing.ApplicationRefused)
	if e.Judgement == nil || e.Judgement.Edition != rulestest.New ||
		!slices.Equal(codes(*e.Judgement), []domain.Code{domain.CodeNoGroundOfNeed, domain.CodeDwellingOwned}) {
		t.Errorf("refused by %s with the judgement %v", e.Edition, e.Judgement)
	}
}

// TestQ12_TheLookBackIsCountedFromTheCompleteApplication, which serves whoever
// had to correct it.
func TestQ12_TheLookBackIsCountedFromTheCompleteApplication(t *testing.T) {
	sold := found(alienated(aigul, "1/1", "2021-03-15"))
	plain := domaintest.Fold[housing.Application](received()...)
	_, err := plain.Approve(domaintest.CommandOn("2026-04-10"), opened().fold(), housing.Approve{Examine: sold})
	domaintest.Refused(t, nil, err, domain.CodeRequirementsNotMet, "outcome")
	corrected := domaintest.Fold[housing.Application](append(
		received(),
		procedure.CorrectionRequested{CaseID: caseID, Until: day("2026-03-27")},
		procedure.CorrectionReceived{
			CaseID:     caseID,
			ReceivedAt: domaintest.CommandOn("2026-03-16").Now,
			Deadline:   day("2026-04-15").End(),
		},
	)...)
	if _, err := corrected.Approve(domaintest.CommandOn("2026-04-10"), opened().fold(), housing.Approve{Examine: sold}); err != nil {
		t.Errorf("complete a day later: %v", err)
	}
}

// TestQ14_ThePlacementIsRefusedWithEveryBar by its code.
func TestQ14_ThePlacementIsRefusedWithEveryBar(t *testing.T) {
	a := domaintest.Fold[housing.Application](received(household)...)
	_, err := a.Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: found(owns(aigul, "1/1"), benefit(daur, "housing_payments"))})
	refused, ok := err.(*domain.Error)
	if !ok || refused.Code != domain.CodeRequirementsNotMet || refused.Kind != domain.Conflict {
		t.Fatalf("%v", err)
	}
	var also []domain.Code
	for _, e := range refused.Also {
		also = append(also, e.Code)
		if e.Message == "" {
			t.Errorf("%s is not said in words", e.Code)
		}
	}
	if want := []domain.Code{domain.CodeNoGroundOfNeed, domain.CodeDwellingOwned, domain.CodePastBenefit}; !slices.Equal(
		also,
		want,
	) {
		t.Errorf("bars %v, want %v", also, want)
	}
}

// TestQ10_NobodyIsPlacedUnexamined, and a refusal on S000-7 says what is not met.
func TestQ10_Q14_TheDecisionRestsOnAnExamination(t *testing.T) {
	type decide = func(*housing.Application) ([]domain.Event, error)
	approve := func(c *housing.Examine) decide {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.Approve(domaintest.Command(), opened().fold(), housing.Approve{Examine: c})
		}
	}
	refuse := func(change func(*housing.Refuse)) decide {
		return func(a *housing.Application) ([]domain.Event, error) {
			c := housing.Refuse{Ground: housing.RequirementsNotMet, Reasons: "because", Exemption: urgent}
			change(&c)
			return a.Refuse(domaintest.Command(), c)
		}
	}
	examine := func(findings ...housing.Finding) decide {
		return func(a *housing.Application) ([]domain.Event, error) {
			return a.Examine(domaintest.Command(), *found(findings...))
		}
	}
	barred := owns(aigul, "1/1")
	refusedBy := func(h of, unmet domain.Personal) []domain.Event { // the judgement of the last examination
		was := received().takenUp()
		j := h[len(h)-1].(housing.NeedExamined).Judgement
		all := h.refused(housing.RequirementsNotMet)
		e := all[len(all)-1].(housing.ApplicationRefused)
		e.Unmet, e.Judgement = unmet, &j
		dispensed := received().dispensed()[2:]
		return append(append(slices.Clone(dispensed), h[len(was):]...), e)
	}
	unexamined := received().takenUp()
	domaintest.Run(t, []domaintest.Spec[housing.Application]{
		{
			Name:  "Q10 examined while in review",
			Given: unexamined,
			When:  examine(barred),
			Then:  unexamined.examined(barred).last(),
		},
		{
			Name:  "Q10 again: the last one counts",
			Given: unexamined.examined(barred),
			When:  examine(),
			Then:  unexamined.examined().last(),
		},
		{Name: "Q10 not before the review", Given: received(), When: examine(), Refused: domain.CodeStepNotOpen},
		{
			Name:    "Q10 nor after the decision",
			Given:   unexamined.examined().approved(),
			When:    examine(),
			Refused: domain.CodeCaseDecided,
		},
		{Name: "Q10 nor of a case that is none", When: examine(), Refused: domain.CodeCaseUnknown},

		{
			Name:    "Q10 no placement without an examination",
			Given:   unexamined,
			When:    approve(nil),
			Refused: domain.CodeExaminationRequired,
			Field:   "examination",
		},
		{
			Name:  "Q10 the decision can bring it",
			Given: unexamined,
			When:  approve(found()),
			Then:  unexamined.examined().approved()[2:],
		},
		{
			Name:  "Q10 it counts, and not the one before",
			Given: unexamined.examined(barred),
			When:  approve(found()),
			Then:  unexamined.examined().approved()[2:],
		},
		{
			Name:    "Q10 whom the judgement bars is not placed",
			Given:   unexamined.examined(barred),
			When:    approve(nil),
			Refused: domain.CodeRequirementsNotMet,
			Field:   "outcome",
		},
		{
			Name:    "Q10 the last one bars",
			Given:   unexamined.examined().examined(barred),
			When:    approve(nil),
			Refused: domain.CodeRequirementsNotMet,
			Field:   "outcome",
		},
		{
			Name:    "Q10 a fault of what it brings",
			Given:   unexamined,
			When:    approve(found(fact("debt", aigul))),
			Refused: domain.CodeValueUnknown,
			Field:   "examination.findings[0].kind",
		},

		{
			Name:    "C7 S000-7 no refusal of whom nothing bars",
			Given:   unexamined.examined(),
			When:    refuse(func(*housing.Refuse) {}),
			Refused: domain.CodeRequirementNotNamed,
			Field:   "unmet",
		},
		{
			Name:    "C7 S000-7 nor without an examination",
			Given:   unexamined,
			When:    refuse(func(*housing.Refuse) {}),
			Refused: domain.CodeRequirementNotNamed,
			Field:   "unmet",
		},
		{
			Name:    "C7 S000-7 blank is not named",
			Given:   unexamined,
			When:    refuse(func(c *housing.Refuse) { c.Unmet = " " }),
			Refused: domain.CodeRequirementNotNamed,
			Field:   "unmet",
		},
		{
			Name:  "C7 S000-7 the judgement carries it",
			Given: unexamined.examined(barred),
			When:  refuse(func(*housing.Refuse) {}),
			Then: func() []domain.Event {
				events := refusedBy(unexamined.examined(barred), "")
				return slices.Concat(events[:1], events[2:]) // the examination stands already
			}(),
		},
		{
			Name:  "C7 S000-7 the decision can bring the examination",
			Given: unexamined,
			When:  refuse(func(c *housing.Refuse) { c.Examine = found(barred) }),
			Then:  refusedBy(unexamined.examined(barred), ""),
		},
		{
			Name:  "C7 S000-7 the commission names what else is not met",
			Given: unexamined,
			When:  refuse(func(c *housing.Refuse) { c.Examine, c.Unmet = found(), "serves elsewhere" }),
			Then:  refusedBy(unexamined.examined(), "serves elsewhere"),
		},
		{
			Name:  "C7 S000-5 names none",
			Given: unexamined,
			When: refuse(
				func(c *housing.Refuse) { c.Ground, c.Unmet = housing.UntrueDocuments, "serves elsewhere" },
			),
			Refused: domain.CodeMemberNotAllowed,
			Field:   "unmet",
		},
	})
}

// TestQ10_AFindingSaysWhatItsKindAsksFor, of a person of whom it matters.
func TestQ10_AFindingSaysWhatItsKindAsksFor(t *testing.T) {
	stranger := domaintest.ID[domain.PersonID]("stranger")
	for _, c := range []struct {
		name  string
		f     housing.Finding
		code  domain.Code
		field string
	}{
		{"no such kind", fact("debt", aigul), domain.CodeValueUnknown, "kind"},
		{"by hearsay", fact(housing.FoundIllness, aigul, func(f *housing.Finding) { f.Source = "hearsay" }), domain.CodeValueUnknown, "source"},
		{"of a stranger", owns(stranger, "1/1"), domain.CodeNotInFamily, "person_id"},
		{"Q14 a benefit of a child", benefit(erlan, "housing_payments"), domain.CodeFindingPerson, "person_id"},
		{"Q12 an alienation by a child", alienated(erlan, "1/1", "2025-01-01"), domain.CodeFindingPerson, "person_id"},
		{"Q13 the applicant before the marriage", owns(aigul, "1/1", beforeWed), domain.CodeFindingPerson, "before_marriage"},
		{"Q11 a dwelling without a share", fact(housing.FoundDwelling, aigul), domain.CodeRequired, "share"},
		{"Q12 an alienation without a share", fact(housing.FoundAlienation, aigul, func(f *housing.Finding) { f.AlienatedOn = day("2025-01-01") }), domain.CodeRequired, "share"},
		{"Q12 without a day", fact(housing.FoundAlienation, aigul, func(f *housing.Finding) { f.Share = share("1/1") }), domain.CodeRequired, "alienated_on"},
		{"Q12 tomorrow", alienated(aigul, "1/1", "2026-03-16"), domain.CodeDateInFuture, "alienated_on"},
		{"Q14 a benefit that the edition does not name", benefit(aigul, "garage"), domain.CodeValueUnknown, "benefit"},
		{"Q14 none named", benefit(aigul, ""), domain.CodeValueUnknown, "benefit"},
		{"an illness with a share", fact(housing.FoundIllness, aigul, func(f *housing.Finding) { f.Share = share("1/1") }), domain.CodeMemberNotAllowed, "share"},
		{"an illness in a settlement", fact(housing.FoundIllness, aigul, elsewhere), domain.CodeMemberNotAllowed, "settlement"},
		{"an illness before the marriage", fact(housing.FoundIllness, daur, beforeWed), domain.CodeMemberNotAllowed, "before_marriage"},
		{"an alienation under a contract", alienated(aigul, "1/1", "2025-01-01", unfulfilled), domain.CodeMemberNotAllowed, "purchase_unfulfilled"},
		{"a dwelling with a day", owns(aigul, "1/1", func(f *housing.Finding) { f.AlienatedOn = day("2025-01-01") }), domain.CodeMemberNotAllowed, "alienated_on"},
		{"a dwelling with a benefit", owns(aigul, "1/1", func(f *housing.Finding) { f.Benefit = "housing_payments" }), domain.CodeMemberNotAllowed, "benefit"},
		{"Q12 today", alienated(aigul, "1/1", "2026-03-15"), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := domaintest.Fold[housing.Application](received(household).takenUp()...)
			got, err := a.Examine(domaintest.Command(), *found(owns(aigul, "1/1"), c.f))
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			domaintest.Refused(t, got, err, c.code, "findings[1]."+c.field)
		})
	}
}

// TestQ10_AnyFindingsAreJudgedAlike: in need exactly where nothing bars; more
// that bars never helps, and the order of what was found does not matter.
func TestQ10_AnyFindingsAreJudgedAlike(t *testing.T) {
	settlements := []func(*housing.Finding){elsewhere, sameName, func(*housing.Finding) {}}
	draw := rapid.Custom(func(t *rapid.T) housing.Finding {
		p := rapid.SampledFrom([]domain.PersonID{aigul, daur, erlan}).Draw(t, "person")
		where := rapid.SampledFrom(settlements).Draw(t, "where")
		part := fmt.Sprintf("%d/6", rapid.IntRange(1, 6).Draw(t, "sixths"))
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return owns(p, part, where)
		case 1:
			return owns(daur, part, where, beforeWed)
		case 2:
			return fact(
				rapid.SampledFrom([]housing.FindingKind{housing.FoundStateDwelling, housing.FoundBelowNorms, housing.FoundIllness}).
					Draw(t, "fact"),
				p,
			)
		case 3:
			return benefit(p, "housing_payments", where)
		}
		return alienated(p, part, fmt.Sprintf("20%d-03-15", rapid.IntRange(18, 26).Draw(t, "year")), where)
	})
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfN(draw, 0, 6).Draw(t, "findings")
		j := judged(findings...)
		if j.InNeed != (len(j.Bars) == 0) {
			t.Fatalf("in need %t with the bars %v", j.InNeed, j.Bars)
		}
		mixed := judged(rapid.Permutation(findings).Draw(t, "mixed")...)
		if mixed.InNeed != j.InNeed || len(mixed.Bars) != len(j.Bars) || !slices.Equal(mixed.Grounds, j.Grounds) ||
			!slices.Equal(mixed.Family, j.Family) {
			t.Fatalf("in another order: %v %v, was %v %v", mixed.InNeed, mixed.Bars, j.InNeed, j.Bars)
		}
		worse := judged(append(slices.Clone(findings), benefit(aigul, "housing_payments"))...)
		if worse.InNeed || len(worse.Bars) != len(j.Bars)+1 {
			t.Fatalf("with a benefit more: %v", worse.Bars)
		}
	})
}
