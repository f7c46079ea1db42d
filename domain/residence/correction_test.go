package residence_test

import (
	"errors"
	"slices"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

func ref(revision int) domain.EventRef {
	return domain.EventRef{Stream: aigul.Stream(), Revision: uint64(revision)}
}

func annul(revision int) residence.Change {
	return residence.Change{Fact: residence.FactName{Event: ref(revision)}, Action: residence.Annul}
}

func amend(revision int, c residence.Change) residence.Change {
	c.Fact, c.Action = residence.FactName{Event: ref(revision)}, residence.Amend
	return c
}

func correct(changes ...residence.Change) residence.Correct {
	return residence.Correct{Ground: residence.ClericalError, Reasons: "the desk mistook the day", Changes: changes}
}

func accepting(c residence.Correct, codes ...domain.Code) residence.Correct {
	c.Accept = codes
	return c
}

// corrected carries the correction out.
func (h history) corrected(t testing.TB, c residence.Correct) history {
	t.Helper()
	events, err := h.fold().Correct(domaintest.Command(), c)
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Clip(h), events...)
}

func (h history) refusesCorrection(t testing.TB, c residence.Correct, code domain.Code, field string) *domain.Error {
	t.Helper()
	events, err := h.fold().Correct(domaintest.Command(), c)
	domaintest.Refused(t, events, err, code, field)
	var e *domain.Error
	errors.As(err, &e)
	return e
}

// span is a registration as a test writes it: "first 2025-01-01 2025-06-01".
func spans(p *residence.Person) []string {
	names := map[domain.RegistrationID]string{first: "first", again: "second", third: "third"}
	var list []string
	for _, l := range p.Timeline() {
		text := names[l.ID] + " " + l.From.String()
		if l.Ended {
			text += " " + l.EndedOn.String() + " " + string(l.Reason)
		} else if !l.Until.IsZero() {
			text += " term " + l.Until.String()
		}
		if l.Void {
			text += " annulled"
		}
		list = append(list, text)
	}
	return list
}

func (h history) is(t testing.TB, want ...string) history {
	t.Helper()
	if diff := domaintest.Diff(want, spans(h.fold())); diff != "" {
		t.Fatalf("timeline (-want +got):\n%s", diff)
	}
	return h
}

// moved is Aigul who came in January, moved in June and again in October:
//
//	0 recorded · 1 first began · 2 first ended · 3 second began · 4 second ended · 5 third began
func moved() history {
	return resident().
		permanent(first, flat, "2025-01-01").
		ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2025-06-01").
		permanent(again, house, "2025-06-01").
		ended(again, house, residence.Permanent, residence.MovedToNewAddress, "2025-10-01").
		permanent(third, dacha, "2025-10-01")
}

func TestR14_AMoveInTheMiddleIsAnnulledThoughLaterFactsExist(t *testing.T) {
	h := moved().corrected(t, accepting(correct(annul(3), annul(2)), domain.CodeCutsOverlap))
	h.is(t,
		"first 2025-01-01 2025-10-01 moved_to_new_address",
		"second 2025-06-01 2025-10-01 moved_to_new_address annulled",
		"third 2025-10-01")
	if got := domaintest.Types(h[6:]); !slices.Equal(
		got,
		[]string{"RegistrationAnnulled", "EndingAnnulled", "RegistrationEnded"},
	) {
		t.Errorf("by %v", got)
	}
	if domaintest.Diff([]domain.Event(moved()), []domain.Event(h[:6])) != "" {
		t.Error("the past was edited")
	}
}

func TestR14_ACorrectionNamesWhatItCorrectsAndTellsBothStandings(t *testing.T) {
	h := moved().corrected(t, accepting(correct(amend(1, residence.Change{From: day("2025-02-01")})), domain.CodeLeavesHole))
	domaintest.Happened(t, h[6:], nil, residence.RegistrationCorrected{
		PersonID: aigul, RegistrationID: first, DwellingID: flat, Kind: residence.Permanent, Corrects: ref(1),
		Ground: residence.ClericalError, Reasons: "the desk mistook the day", Accepted: []domain.Code{domain.CodeLeavesHole},
		Was: residence.Standing{
			From:    day("2025-01-01"),
			EndedOn: day("2025-06-01"),
			Reason:  residence.MovedToNewAddress,
		},
		Now: residence.Standing{
			From:    day("2025-02-01"),
			EndedOn: day("2025-06-01"),
			Reason:  residence.MovedToNewAddress,
		},
	})
	if got := h[6].EffectiveAt(); !got.Equal(day("2025-01-01").Start()) {
		t.Errorf("true since %s", got)
	}
}

func TestR14_ConsequencesAreListedAndRefusedUnlessAccepted(t *testing.T) {
	type consequence struct {
		code        domain.Code
		from, until string
	}
	ofCase := moved()
	ofCase[4] = residence.RegistrationEnded{
		PersonID:       aigul,
		RegistrationID: again,
		DwellingID:     house,
		Kind:           residence.Permanent,
		Reason:         residence.OwnerApplication,
		On:             day("2025-10-01"),
		CaseID:         caseID,
	}
	for _, c := range []struct {
		name  string
		given history
		act   residence.Correct
		want  []consequence
		then  []string
	}{
		{"R14 a later beginning leaves a hole", moved(), correct(amend(3, residence.Change{From: day("2025-07-01")})),
			[]consequence{{domain.CodeLeavesHole, "2025-06-01", "2025-07-01"}, {domain.CodeEndingWithoutMove, "2025-06-01", ""}},
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-07-01 2025-10-01 moved_to_new_address", "third 2025-10-01"}},
		{"R11 R12 an earlier beginning cuts the one before", moved(), correct(amend(3, residence.Change{From: day("2025-05-01")})),
			[]consequence{{domain.CodeCutsOverlap, "2025-05-01", "2025-06-01"}},
			[]string{"first 2025-01-01 2025-05-01 moved_to_new_address", "second 2025-05-01 2025-10-01 moved_to_new_address", "third 2025-10-01"}},
		{"R14 the last one annulled leaves the person without a residence", moved(), correct(annul(5)),
			[]consequence{{domain.CodeLeavesWithoutResidence, "2025-10-01", ""}, {domain.CodeEndingWithoutMove, "2025-10-01", ""}},
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01 2025-10-01 moved_to_new_address", "third 2025-10-01 annulled"}},
		{"R12 a whole move corrected in one act leaves nothing to accept", moved(), correct(amend(2, residence.Change{EndedOn: day("2025-05-15")}), amend(3, residence.Change{From: day("2025-05-15")})),
			nil,
			[]string{"first 2025-01-01 2025-05-15 moved_to_new_address", "second 2025-05-15 2025-10-01 moved_to_new_address", "third 2025-10-01"}},
		{"R12 the last move annulled with its ending leaves nothing to accept", moved(), correct(annul(5), annul(4)),
			nil,
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01", "third 2025-10-01 annulled"}},
		{"R14 an ending by a case, annulled, contradicts its result", ofCase, correct(annul(4)),
			[]consequence{{domain.CodeCutsOverlap, "2025-10-01", ""}, {domain.CodeCaseContradicted, "2025-10-01", ""}},
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01 2025-10-01 moved_to_new_address", "third 2025-10-01"}},
		{"R11 R12 one that would hold over two others is ended by the first", ofCase, correct(amend(2, residence.Change{EndedOn: day("2025-12-01")})),
			[]consequence{{domain.CodeCutsOverlap, "2025-06-01", "2025-12-01"}},
			[]string{"first 2025-01-01 2025-06-01 moved_to_new_address", "second 2025-06-01 2025-10-01 owner_application", "third 2025-10-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := c.given.fold().PlanCorrection(domaintest.Command(), c.act)
			if err != nil {
				t.Fatal(err)
			}
			var got []consequence
			var codes []domain.Code
			for _, q := range plan.Consequences {
				got = append(got, consequence{q.Code, q.From.String(), q.Until.String()})
				codes = append(codes, q.Code)
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("consequences %v, want %v", got, c.want)
			}
			for i := range codes { // each of them must be accepted
				e := c.given.refusesCorrection(
					t,
					accepting(c.act, slices.Delete(slices.Clone(codes), i, i+1)...),
					domain.CodeConsequences,
					"accept",
				)
				if len(e.Also) != 1 || e.Also[0].Code != codes[i] {
					t.Errorf("refused for %v, want %s", e.Also, codes[i])
				}
			}
			h := c.given.corrected(t, accepting(c.act, codes...)).is(t, c.then...)
			for _, e := range h[len(c.given):] {
				if c, ok := residence.CorrectionIn(e); ok && domaintest.Diff(codes, c.Accepted) != "" {
					t.Errorf("%s tells that %v was accepted, not %v", e.EventType(), c.Accepted, codes)
				}
			}
			if diff := domaintest.Diff(spans(c.given.fold()), spansOf(plan.Before)); diff != "" {
				t.Errorf("before: %s", diff)
			}
			if diff := domaintest.Diff(c.then, spansOf(plan.After)); diff != "" {
				t.Errorf("after: %s", diff)
			}
		})
	}
}

func spansOf(lines []residence.Line) []string {
	var p residence.Person
	for _, l := range lines {
		p.Registrations = append(p.Registrations, l.Registration)
	}
	return spans(&p)
}

func TestR14_ACorrectionIsCorrectedAtAnyDepth(t *testing.T) {
	h := resident().permanent(first, flat, "2025-01-01").
		ended(first, flat, residence.Permanent, residence.OwnerApplication, "2025-06-01")
	all := []domain.Code{domain.CodeLeavesHole, domain.CodeLeavesWithoutResidence, domain.CodeCaseContradicted}
	did := func(c residence.Change) { t.Helper(); h = h.corrected(t, accepting(correct(c), all...)) }
	open, wrong, right := "first 2025-01-01", "first 2025-01-01 2025-07-01 owner_application", "first 2025-01-01 2025-06-01 owner_application"

	did(amend(2, residence.Change{EndedOn: day("2025-07-01")})) // 3: it ended in July
	h.is(t, wrong)
	did(amend(3, residence.Change{EndedOn: day("2025-08-01")})) // 4: no, in August
	h.is(t, "first 2025-01-01 2025-08-01 owner_application")
	did(annul(4)) // 5: no, July was right
	h.is(t, wrong)
	did(annul(5)) // 6: no, August
	h.is(t, "first 2025-01-01 2025-08-01 owner_application")
	did(annul(2)) // 7: it never ended
	h.is(t, open)
	did(annul(7)) // 8: it did
	h.is(t, "first 2025-01-01 2025-08-01 owner_application")
	did(annul(4)) // 9
	did(annul(3)) // 10: and in June
	h.is(t, right)
	did(annul(1)) // 11: it never began
	h.is(t, right+" annulled")
	did(annul(11)) // 12
	h.is(t, right)
	h.refusesCorrection(t, correct(annul(11)), domain.CodeFactNotInForce, "changes[0].event")
	did(annul(12)) // 13: it never began, after all
	h.is(t, right+" annulled")
	h.refusesCorrection(
		t,
		correct(amend(3, residence.Change{EndedOn: day("2025-07-01")})),
		domain.CodeFactNotInForce,
		"changes[0].event",
	)
	h.refusesCorrection(
		t,
		correct(amend(13, residence.Change{From: day("2025-07-01")})),
		domain.CodeNotAmendable,
		"changes[0].action",
	)
}

func TestR14_ACorrectionThatMakesNoSenseIsRefused(t *testing.T) {
	stays := resident().temporary(first, flat, "2025-01-01", "2025-04-01").
		temporary(again, house, "2025-05-01", "2025-09-01")
	early := stays.ended(again, house, residence.Temporary, residence.OwnerApplication, "2025-06-01")
	gone := moved().corrected(t, correct(annul(5), annul(4)))
	act := func(change func(*residence.Correct)) residence.Correct {
		c := correct(annul(5))
		change(&c)
		return c
	}
	for _, c := range []struct {
		name  string
		given history
		act   residence.Correct
		code  domain.Code
		field string
	}{
		{"R14 not without a ground", moved(), act(func(c *residence.Correct) { c.Ground = "" }), domain.CodeGroundUnknown, "ground"},
		{"R14 nor on one that is not listed", moved(), act(func(c *residence.Correct) { c.Ground = "overcrowding" }), domain.CodeGroundUnknown, "ground"},
		{"R14 nor without reasons", moved(), act(func(c *residence.Correct) { c.Reasons = "" }), domain.CodeReasonsRequired, "reasons"},
		{"R14 nor of nothing", moved(), correct(), domain.CodeRequired, "changes"},
		{"R14 nor of the person's record", moved(), correct(annul(0)), domain.CodeFactUnknown, "changes[0].event"},
		{"R14 nor of an event that is not there", moved(), correct(annul(5), annul(6)), domain.CodeFactUnknown, "changes[1].event"},
		{"R14 nor of another's", moved(), correct(residence.Change{Fact: residence.FactName{Event: domain.EventRef{Stream: daur.Stream(), Revision: 1}}, Action: residence.Annul}), domain.CodeFactUnknown, "changes[0].event"},
		{"R14 nor of an unknown registration", moved(), correct(residence.Change{Fact: residence.FactName{RegistrationID: domaintest.ID[domain.RegistrationID]("x")}, Action: residence.Annul}), domain.CodeFactUnknown, "changes[0].registration_id"},
		{"R14 nor of the ending of an open one", moved(), correct(residence.Change{Fact: residence.FactName{RegistrationID: third, Ending: true}, Action: residence.Annul}), domain.CodeFactUnknown, "changes[0].registration_id"},
		{"R14 nor by deletion", moved(), correct(residence.Change{Fact: residence.FactName{RegistrationID: third}, Action: "delete"}), domain.CodeValueUnknown, "changes[0].action"},
		{"R14 nor twice", gone, correct(annul(5)), domain.CodeFactNotInForce, "changes[0].event"},
		{"R14 nor of what is annulled", gone, correct(amend(5, residence.Change{From: day("2025-11-01")})), domain.CodeFactNotInForce, "changes[0].event"},
		{"R14 nor to what it is", moved(), correct(amend(5, residence.Change{From: day("2025-10-01")})), domain.CodeNothingChanges, "changes[0].action"},
		{"R14 an ending needs its day", moved(), correct(amend(4, residence.Change{From: day("2025-10-01")})), domain.CodeRequired, "changes[0].ended_on"},
		{"R14 no ending before its beginning", moved(), correct(amend(1, residence.Change{From: day("2025-06-02")})), domain.CodeEndsBeforeBegin, "changes"},
		{"R14 no ending after today", moved(), correct(amend(4, residence.Change{EndedOn: day("2026-03-16")})), domain.CodeDateInFuture, "changes"},
		{"no beginning after today", moved(), correct(amend(5, residence.Change{From: day("2026-03-16")})), domain.CodeDateInFuture, "changes"},
		{"no beginning before birth", moved(), correct(amend(1, residence.Change{From: day("1989-12-31")})), domain.CodeBeforeBirth, "changes"},
		{"R13 no term of a permanent one", moved(), correct(amend(5, residence.Change{Until: day("2026-03-14")})), domain.CodeUntilNotAllowed, "changes"},
		{"R13 no stay under a month", stays, correct(amend(1, residence.Change{Until: day("2025-01-31")})), domain.CodeTemporaryTooShort, "changes"},
		{"R13 no stay over a year", stays, correct(amend(2, residence.Change{Until: day("2026-05-02")})), domain.CodeTemporaryTooLong, "changes"},
		{"R13 no two stays at once", stays, correct(amend(1, residence.Change{Until: day("2025-05-02")})), domain.CodePeriodOverlaps, "changes"},
		{"R13 no ending after the term", early, correct(amend(3, residence.Change{EndedOn: day("2025-09-02")})), domain.CodeEndsAfterTerm, "changes"},
		{"of nobody", nil, correct(annul(1)), domain.CodePersonUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) { c.given.refusesCorrection(t, c.act, c.code, c.field) })
	}
	stays.corrected(t, correct(amend(1, residence.Change{Until: day("2025-05-01")}))).
		is(t, // up to the next, and no day more
			"first 2025-01-01 term 2025-05-01", "second 2025-05-01 term 2025-09-01")
}

func TestR13_ATermIsCorrectedWithTheEndingThatFollowedFromIt(t *testing.T) {
	h := resident().temporary(first, flat, "2025-10-01", "2026-02-01").
		ended(first, flat, residence.Temporary, residence.TermExpired, "2026-02-01")
	longer := h.corrected(t, correct(amend(1, residence.Change{Until: day("2026-05-01")})))
	longer.is(t, "first 2025-10-01 term 2026-05-01")
	if got := domaintest.Types(longer[3:]); !slices.Equal(got, []string{"EndingAnnulled", "RegistrationCorrected"}) {
		t.Errorf("by %v", got)
	}
	h.refusesCorrection(
		t,
		correct(amend(2, residence.Change{EndedOn: day("2026-01-01")})),
		domain.CodeNotAmendable,
		"changes[0].ended_on",
	)
}

func TestR14_FactsAreNamedByTheirRegistrationToo(t *testing.T) {
	byEvent := moved().corrected(t, correct(annul(5), annul(4)))
	byName := moved().corrected(t, correct(
		residence.Change{Fact: residence.FactName{RegistrationID: third}, Action: residence.Annul},
		residence.Change{Fact: residence.FactName{RegistrationID: again, Ending: true}, Action: residence.Annul}))
	if diff := domaintest.Diff([]domain.Event(byEvent), []domain.Event(byName)); diff != "" {
		t.Errorf("(-by event +by registration):\n%s", diff)
	}
}

func TestR14_ResidentsOfADwellingFollowCorrections(t *testing.T) {
	h := moved().corrected(t, correct(annul(5), annul(4)))
	who := func(d domain.DwellingID, events history, on string) int {
		r := residence.Residents{DwellingID: d}
		for i, e := range events {
			r.Apply(domaintest.Recorded(i, e))
		}
		return len(r.ActiveOn(day(on)))
	}
	for _, c := range []struct {
		at     domain.DwellingID
		events history
		want   int
	}{{dacha, h[:6], 1}, {house, h[:6], 0}, {dacha, h, 0}, {house, h, 1}} {
		if got := who(c.at, c.events, "2026-01-01"); got != c.want {
			t.Errorf("%d residents, want %d, after %d events", got, c.want, len(c.events))
		}
	}
}

func TestR14_ARegistrationAfterACorrectionGoesOnFromTheCorrectedTimeline(t *testing.T) {
	h := moved().corrected(t, accepting(correct(annul(5)), domain.CodeLeavesWithoutResidence, domain.CodeEndingWithoutMove))
	events, err := h.fold().
		Register(domaintest.Command(), residence.Register{RegistrationID: domaintest.ID[domain.RegistrationID]("right"), DwellingID: dacha, Kind: residence.Permanent, From: day("2025-10-01")})
	if err != nil || len(events) != 1 {
		t.Fatalf("%v, %v", events, err)
	}
	gone, err := h.fold().
		EndFor(residence.EndFor{CaseID: caseID, DwellingID: dacha, Ground: residence.GroundOwnerApplication, On: today})
	domaintest.Refused(t, gone, err, domain.CodeNotRegisteredHere, "")
}
