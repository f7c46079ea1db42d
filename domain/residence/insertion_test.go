package residence_test

import (
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// forgotten is a registration to insert.
func forgotten(
	id domain.RegistrationID,
	at domain.DwellingID,
	k residence.Kind,
	from, until, ended string,
	why residence.Reason,
) residence.Change {
	c := residence.Change{
		Action:         residence.Insert,
		RegistrationID: id,
		DwellingID:     at,
		Kind:           k,
		From:           day(from),
		Reason:         why,
	}
	if until != "" {
		c.Until = day(until)
	}
	if ended != "" {
		c.EndedOn = day(ended)
	}
	return c
}

// instead stands in the place of the fact.
func instead(revision int, c residence.Change) residence.Change {
	c.Fact, c.Action = residence.FactName{Event: ref(revision)}, residence.Insert
	return c
}

func TestR14_AForgottenRegistrationIsInsertedBetweenClosedOnes(t *testing.T) {
	closed := resident().
		permanent(first, flat, "2024-01-01").
		ended(first, flat, residence.Permanent, residence.OwnerApplication, "2025-01-01").
		permanent(again, house, "2025-06-01")
	between := forgotten(third, dacha, residence.Permanent, "2025-01-01", "", "2025-06-01", residence.MovedToNewAddress)
	h := closed.corrected(t, correct(between)).is(t,
		"first 2024-01-01 2025-01-01 owner_application",
		"third 2025-01-01 2025-06-01 moved_to_new_address",
		"second 2025-06-01")
	domaintest.Happened(
		t,
		h[len(closed):],
		nil,
		residence.RegistrationInserted{
			PersonID: aigul, RegistrationID: third, DwellingID: dacha, Kind: residence.Permanent,
			Ground: residence.ClericalError, Reasons: "the desk mistook the day",
			Was: residence.Standing{Void: true}, Now: residence.Standing{From: day("2025-01-01")},
		},
		residence.RegistrationEnded{
			PersonID:       aigul,
			RegistrationID: third,
			DwellingID:     dacha,
			Kind:           residence.Permanent,
			Reason:         residence.MovedToNewAddress,
			On:             day("2025-06-01"),
		},
	)
	if got := h[len(closed)].EffectiveAt(); !got.Equal(day("2025-01-01").Start()) {
		t.Errorf("true since %s", got)
	}
	if domaintest.Diff([]domain.Event(closed), []domain.Event(h[:len(closed)])) != "" {
		t.Error("the past was edited")
	}
	// It is a registration like any other: corrected, annulled, and brought back.
	h = h.corrected(t, accepting(correct(amend(4, residence.Change{From: day("2025-02-01")})), domain.CodeLeavesHole))
	h = h.corrected(t, accepting(correct(annul(4)), domain.CodeLeavesHole))
	h.is(
		t,
		"first 2024-01-01 2025-01-01 owner_application",
		"third 2025-02-01 2025-06-01 moved_to_new_address annulled",
		"second 2025-06-01",
	)
}

func TestR14_AWrongDwellingOrKindIsAnnulledAndTheRightOneInserted(t *testing.T) {
	fourth := domaintest.ID[domain.RegistrationID]("fourth")
	ofCase := resident().permanent(first, flat, "2025-01-01")
	ofCase = append(
		ofCase,
		residence.RegistrationEnded{
			PersonID:       aigul,
			RegistrationID: first,
			DwellingID:     flat,
			Kind:           residence.Permanent,
			Reason:         residence.OwnerApplication,
			On:             day("2025-10-01"),
			CaseID:         caseID,
		},
	)
	for _, c := range []struct {
		name  string
		given history
		what  residence.Change
		codes []domain.Code
		at    domain.DwellingID // of the new one
		then  []string
		types []string
	}{
		{"R14 another dwelling, the days as they were", moved(), instead(3, residence.Change{RegistrationID: fourth, DwellingID: dacha}), nil, dacha,
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01 2025-10-01 moved_to_new_address annulled", " 2025-06-01 2025-10-01 moved_to_new_address", "third 2025-10-01"},
			[]string{"RegistrationAnnulled", "RegistrationInserted", "RegistrationEnded"}},
		{"R14 another dwelling, from another day", moved(), instead(3, residence.Change{RegistrationID: fourth, DwellingID: dacha, From: day("2025-07-01")}),
			[]domain.Code{domain.CodeLeavesHole, domain.CodeEndingWithoutMove}, dacha,
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01 2025-10-01 moved_to_new_address annulled", " 2025-07-01 2025-10-01 moved_to_new_address", "third 2025-10-01"},
			[]string{"RegistrationAnnulled", "RegistrationInserted", "RegistrationEnded"}},
		{"R14 the present one", moved(), instead(5, residence.Change{RegistrationID: fourth, DwellingID: flat}), nil, flat,
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01 2025-10-01 moved_to_new_address", "third 2025-10-01 annulled", " 2025-10-01"},
			[]string{"RegistrationAnnulled", "RegistrationInserted"}},
		{"R11 R13 it was a stay, which leaves no residence", resident().permanent(first, flat, "2025-12-01"),
			instead(1, residence.Change{RegistrationID: fourth, Kind: residence.Temporary, Until: day("2026-06-01")}),
			[]domain.Code{domain.CodeLeavesWithoutResidence}, flat,
			[]string{"first 2025-12-01 annulled", " 2025-12-01 term 2026-06-01"},
			[]string{"RegistrationAnnulled", "RegistrationInserted"}},
		{"R13 it was no stay", resident().temporary(first, flat, "2025-12-01", "2026-06-01"), instead(1, residence.Change{RegistrationID: fourth, Kind: residence.Permanent}), nil, flat,
			[]string{"first 2025-12-01 term 2026-06-01 annulled", " 2025-12-01"},
			[]string{"RegistrationAnnulled", "RegistrationInserted"}},
		{"R14 one that a case has ended", ofCase, instead(1, residence.Change{RegistrationID: fourth, DwellingID: house}),
			[]domain.Code{domain.CodeCaseContradicted}, house,
			[]string{"first 2025-01-01 2025-10-01 owner_application annulled", " 2025-01-01 2025-10-01 owner_application"},
			[]string{"RegistrationAnnulled", "RegistrationInserted", "RegistrationEnded"}},
		{"R11 R12 one inserted over others ends the earlier", moved(), forgotten(fourth, dacha, residence.Permanent, "2025-03-01", "", "2025-04-01", residence.OwnerApplication),
			[]domain.Code{domain.CodeCutsOverlap, domain.CodeLeavesHole}, dacha,
			[]string{"first 2025-01-01 2025-03-01 moved_to_new_address", " 2025-03-01 2025-04-01 owner_application", "second 2025-06-01 2025-10-01 moved_to_new_address", "third 2025-10-01"},
			[]string{"RegistrationInserted", "RegistrationEnded", "EndingCorrected"}},
		{"R13 a stay whose term has run out", moved(), forgotten(fourth, house, residence.Temporary, "2025-01-01", "2025-05-01", "2025-05-01", residence.TermExpired), nil, house,
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", " 2025-01-01 2025-05-01 term_expired", "second 2025-06-01 2025-10-01 moved_to_new_address", "third 2025-10-01"},
			[]string{"RegistrationInserted", "RegistrationEnded"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i := range c.codes { // each of them must be accepted
				c.given.refusesCorrection(
					t,
					accepting(correct(c.what), slices.Delete(slices.Clone(c.codes), i, i+1)...),
					domain.CodeConsequences,
					"accept",
				)
			}
			plan, err := c.given.fold().PlanCorrection(domaintest.Command(), correct(c.what))
			if err != nil {
				t.Fatal(err)
			}
			if diff := domaintest.Diff(c.then, spansOf(plan.After)); diff != "" {
				t.Errorf("after: %s", diff)
			}
			h := c.given.corrected(t, accepting(correct(c.what), c.codes...)).is(t, c.then...)
			if got := domaintest.Types(h[len(c.given):]); !slices.Equal(got, c.types) {
				t.Errorf("by %v, want %v", got, c.types)
			}
			there := residence.Residents{DwellingID: c.at}
			for i, e := range h {
				there.Apply(domaintest.Recorded(i, e))
			}
			i := slices.IndexFunc(h.fold().Registrations, func(r residence.Registration) bool { return r.ID == fourth })
			r := h.fold().Registrations[i]
			if r.DwellingID != c.at ||
				!slices.ContainsFunc(
					there.ActiveOn(r.From),
					func(x residence.Resident) bool { return x.ID == fourth },
				) {
				t.Errorf("the residents of the dwelling do not know %+v", r)
			}
			for i, e := range h {
				if e, ok := e.(residence.RegistrationInserted); ok && c.what.Fact != (residence.FactName{}) &&
					e.Corrects != c.what.Fact.Event {
					t.Errorf("event %d does not say in whose place it stands: %+v", i, e)
				}
			}
		})
	}
}

func TestR14_AnInsertionThatMakesNoSenseIsRefused(t *testing.T) {
	fourth := domaintest.ID[domain.RegistrationID]("fourth")
	stays := resident().temporary(first, flat, "2025-01-01", "2025-04-01")
	insert := func(change func(*residence.Change)) residence.Correct {
		c := forgotten(fourth, dacha, residence.Permanent, "2024-01-01", "", "2024-06-01", residence.OwnerApplication)
		change(&c)
		return correct(c)
	}
	gone := moved().corrected(t, correct(annul(5), annul(4)))
	deceased := resident().dead("2026-03-01")
	for _, c := range []struct {
		name  string
		given history
		act   residence.Correct
		code  domain.Code
		field string
	}{
		{"R14 under an id that is taken", moved(), insert(func(c *residence.Change) { c.RegistrationID = first }), domain.CodeRegisteredHere, "changes[0].action"},
		{"R14 under none", moved(), insert(func(c *residence.Change) { c.RegistrationID = domain.RegistrationID{} }), domain.CodeRegisteredHere, "changes[0].action"},
		{"R14 without a dwelling", moved(), insert(func(c *residence.Change) { c.DwellingID = domain.DwellingID{} }), domain.CodeRequired, "changes[0].dwelling_id"},
		{"R14 without a kind", moved(), insert(func(c *residence.Change) { c.Kind = "" }), domain.CodeValueUnknown, "changes[0].kind"},
		{"R14 without a beginning", moved(), insert(func(c *residence.Change) { c.From = domain.Date{} }), domain.CodeRequired, "changes[0].effective_from"},
		{"R14 without a reason of the ending", moved(), insert(func(c *residence.Change) { c.Reason = "" }), domain.CodeValueUnknown, "changes[0].reason"},
		{"R14 for a reason that is not listed", moved(), insert(func(c *residence.Change) { c.Reason = "overcrowding" }), domain.CodeValueUnknown, "changes[0].reason"},
		{"R14 without the day of the ending", moved(), insert(func(c *residence.Change) { c.EndedOn = domain.Date{} }), domain.CodeRequired, "changes[0].ended_on"},
		{"R13 no residence ends with a term", moved(), insert(func(c *residence.Change) { c.Reason = residence.TermExpired }), domain.CodeValueUnknown, "changes[0].reason"},
		{"R12 no stay ends by a move", moved(), correct(forgotten(fourth, dacha, residence.Temporary, "2024-01-01", "2024-06-01", "2024-03-01", residence.MovedToNewAddress)), domain.CodeValueUnknown, "changes[0].reason"},
		{"R13 a term ends on its day", moved(), correct(forgotten(fourth, dacha, residence.Temporary, "2024-01-01", "2024-06-01", "2024-05-31", residence.TermExpired)), domain.CodeEndsAfterTerm, "changes[0].ended_on"},
		{"R14 before its beginning", moved(), insert(func(c *residence.Change) { c.EndedOn = day("2023-12-31") }), domain.CodeEndsBeforeBegin, "changes"},
		{"R14 not in the future", moved(), insert(func(c *residence.Change) { c.EndedOn = day("2026-03-16") }), domain.CodeDateInFuture, "changes"},
		{"R13 no stay under a month", moved(), correct(forgotten(fourth, dacha, residence.Temporary, "2024-01-01", "2024-01-31", "", "")), domain.CodeTemporaryTooShort, "changes"},
		{"R13 no residence with a term", moved(), insert(func(c *residence.Change) { c.Until = day("2024-06-01") }), domain.CodeUntilNotAllowed, "changes"},
		{"R13 no two stays at once", stays, correct(forgotten(fourth, dacha, residence.Temporary, "2025-03-31", "2025-06-01", "", "")), domain.CodePeriodOverlaps, "changes"},
		{"not before birth", moved(), insert(func(c *residence.Change) { c.From, c.EndedOn = day("1989-12-31"), day("1990-06-01") }), domain.CodeBeforeBirth, "changes"},
		{"R27 not after the death", deceased, correct(forgotten(fourth, dacha, residence.Permanent, "2026-03-02", "", "", "")), domain.CodePersonDead, "changes"},
		{"R27 not beyond the death", deceased, insert(func(c *residence.Change) { c.EndedOn = day("2026-03-02") }), domain.CodePersonDead, "changes"},
		{"R27 nor without an end", deceased, correct(forgotten(fourth, dacha, residence.Permanent, "2024-01-01", "", "", "")), domain.CodePersonDead, "changes"},
		{"R14 in the place of an ending", moved(), correct(instead(4, residence.Change{RegistrationID: fourth, DwellingID: dacha})), domain.CodeFactNotInForce, "changes[0].event"},
		{"R14 in the place of what is annulled", gone, correct(instead(5, residence.Change{RegistrationID: fourth, DwellingID: flat})), domain.CodeFactNotInForce, "changes[0].event"},
		{"R14 in the place of what is not there", moved(), correct(instead(9, residence.Change{RegistrationID: fourth, DwellingID: flat})), domain.CodeFactUnknown, "changes[0].event"},
		{"R14 in the place of its like", moved(), correct(instead(5, residence.Change{RegistrationID: fourth, From: day("2025-11-01")})), domain.CodeNothingChanges, "changes[0].dwelling_id"},
	} {
		t.Run(c.name, func(t *testing.T) { c.given.refusesCorrection(t, c.act, c.code, c.field) })
	}
}
