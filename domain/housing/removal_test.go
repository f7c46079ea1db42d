package housing_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
	"tizilim/domain/rules/rulestest"
)

// terms of the procedure by the built-in edition.
func terms() procedure.Terms {
	e, calendar := rules.Default().On(domaintest.Today()), rules.DefaultCalendar()
	return procedure.Terms{
		HearingDays: e.Procedure.HearingNotice, ObjectionDays: e.Procedure.ObjectionWindow,
		ComplaintMonths: e.Complaint.FileWithinMonths, ComplaintForward: e.Complaint.ForwardWithin, ComplaintDecision: e.Complaint.DecideWithin, RemedyDays: e.Complaint.RemedyWithin,
		Calendar: calendar, LastDay: rules.Book{}.PlacementDeadline,
	}
}

// complaint of the holder about the removal, filed on the day of it.
func complaint() procedure.ComplaintFiled {
	return procedure.ComplaintFiled{
		CaseID:        reviewOf(a),
		ComplaintID:   "complaint",
		ComplainantID: aigul,
		Grounds:       "a note",
		ForwardBy:     day("2026-03-18"),
		FiledAt:       domaintest.Noon(),
	}
}

func decidedComplaint(outcome procedure.ComplaintOutcome) procedure.ComplaintDecided {
	e := procedure.ComplaintDecided{
		CaseID:    reviewOf(a),
		Outcome:   outcome,
		By:        "reviewer",
		Reasons:   "a note",
		DecidedAt: domaintest.Noon(),
	}
	if outcome.Favourable() {
		e.RemedyBy = day("2026-03-20") // the fifth working day
	}
	return e
}

// by is an order on the day, given by another official than [domaintest.Command].
func by(actor, on string) domain.Command {
	o := domaintest.CommandOn(on)
	o.Actor = actor
	return o
}

func step(do func(*procedure.Case) ([]domain.Event, error)) decision {
	return func(q *housing.List) ([]domain.Event, error) { return q.Proceed(a, domain.PersonID{}, do) }
}

func TestQ15_C8_NobodyIsRemovedUnheard(t *testing.T) {
	one := opened().placed(a, aigul, longAg, 1)
	review := one.then(reviewed(a, aigul, housing.Doubt))
	told := review.then(announced(a))
	objected := told.then(
		procedure.ObjectionFiled{
			CaseID:    reviewOf(a),
			Objection: "it is my brother's",
			FiledAt:   domaintest.CommandOn("2026-03-16").Now,
		},
	)
	lapsed := told.then(
		procedure.HearingClosed{
			CaseID:   reviewOf(a),
			How:      procedure.HearingLapsed,
			ClosedAt: domaintest.CommandOn("2026-03-18").Now,
		},
	)
	remove := func(on string, exemption procedure.Dispense) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Remove(
				domaintest.CommandOn(on),
				housing.Remove{EntryID: a, Reason: housing.DwellingAcquired, Note: "a note", Exemption: exemption},
				rules.Book{},
			)
		}
	}
	removed := func(on string) domain.Event {
		e := one.removed(a, aigul, longAg).last()[0].(housing.EntryRemoved)
		e.NoticeDueOn, e.RemovedAt = day(on).AddDays(10), domaintest.CommandOn(on).Now
		return e
	}
	dispensed := func(x procedure.Exemption) domain.Event {
		return procedure.HearingDispensed{
			CaseID:      reviewOf(a),
			Exemption:   x,
			Reasons:     "because",
			DispensedAt: domaintest.Noon(),
		}
	}
	none, today := procedure.Dispense{}, "2026-03-15"
	because := func(x procedure.Exemption) procedure.Dispense {
		return procedure.Dispense{Exemption: x, Reasons: "because"}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "Q15 not without a review", Given: one, When: remove(today, none), Refused: domain.CodeEntryNotReviewed},
		{
			Name:    "Q15 not without a review, whatever the exemption",
			Given:   one,
			When:    remove(today, because(procedure.Urgency)),
			Refused: domain.CodeEntryNotReviewed,
		},
		{
			Name:    "Q15 C8 not out of a review without a hearing",
			Given:   review,
			When:    remove(today, none),
			Refused: domain.CodeHearingRequired,
		},
		{Name: "Q15 C8 the holder is told", Given: review, When: step(func(c *procedure.Case) ([]domain.Event, error) {
			return c.AnnounceHearing(domaintest.Command(), "removal", terms())
		}), Then: []domain.Event{announced(a)}},
		{
			Name:    "Q15 C8 not while the holder may object",
			Given:   told,
			When:    remove("2026-03-18", none),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:    "Q15 C8 not before three working days, whatever was answered",
			Given:   objected,
			When:    remove("2026-03-17", none),
			Refused: domain.CodeTooEarly,
		},
		{
			Name:  "Q15 C8 on the third working day",
			Given: objected,
			When:  remove("2026-03-18", none),
			Then:  []domain.Event{removed("2026-03-18")},
		},
		{
			Name:  "Q15 C8 after a silence",
			Given: lapsed,
			When:  remove("2026-03-18", none),
			Then:  []domain.Event{removed("2026-03-18")},
		},
		{
			Name:  "Q15 C8 at once where the holder wants no hearing",
			Given: one.heard(a, aigul),
			When:  remove(today, none),
			Then:  []domain.Event{removed(today)},
		},
		{
			Name:  "Q15 C8 with an exemption, recorded",
			Given: review,
			When:  remove(today, because(procedure.Urgency)),
			Then:  []domain.Event{dispensed(procedure.Urgency), removed(today)},
		},
		{
			Name:    "Q15 C8 with its reasons",
			Given:   review,
			When:    remove(today, procedure.Dispense{Exemption: procedure.Urgency, Reasons: " "}),
			Refused: domain.CodeReasonsRequired,
			Field:   "exemption.reasons",
		},
		{
			Name:    "Q15 C8 of those that there are",
			Given:   review,
			When:    remove(today, because("haste")),
			Refused: domain.CodeValueUnknown,
			Field:   "exemption.ground",
		},
		{
			Name:    "Q15 C8 a removal favours nobody",
			Given:   review,
			When:    remove(today, because(procedure.FavourableAct)),
			Refused: domain.CodeHearingRequired,
			Field:   "exemption.ground",
		},
		{
			Name:    "Q15 C8 nor has it a term of less than three days",
			Given:   review,
			When:    remove(today, because(procedure.ShortTerm)),
			Refused: domain.CodeHearingRequired,
			Field:   "exemption.ground",
		},
		{
			Name:    "Q15 C8 a new review, a new hearing",
			Given:   one.heard(a, aigul).then(closed(a, aigul, "in need"), reviewed(a, aigul, housing.Doubt)),
			When:    remove(today, none),
			Refused: domain.CodeHearingRequired,
		},
		{
			Name:    "Q15 C8 so after a reinstatement",
			Given:   one.heard(a, aigul).removed(a, aigul, longAg).reinstated(a, aigul, longAg),
			When:    remove(today, none),
			Refused: domain.CodeEntryNotReviewed,
		},
		{Name: "C15 the holder does not decide", Given: review, When: func(q *housing.List) ([]domain.Event, error) {
			return q.Remove(
				by(aigul.String(), today),
				housing.Remove{EntryID: a, Reason: housing.DwellingAcquired, Exemption: because(procedure.Urgency)},
				rules.Book{},
			)
		}, Refused: domain.CodeDeciderRecused},
	})
	for name, on := range map[string]on{"under review": review, "hearing pending": told, "heard": objected} {
		if n, ok := on.fold().Number(a); !ok || n != 1 {
			t.Errorf("Q15: %s it has number %d, %t", name, n, ok)
		}
	}
	others := told.placed(d, daur, filed(0, 30), 2).then(reviewed(d, daur, housing.Doubt)).fold()
	if e, _ := others.Entry(d); e.State() != housing.UnderReview {
		t.Errorf("the hearing of one entry made another %s", e.State())
	}
}

func TestQ15_C12_ARemovalCanBeComplainedOf(t *testing.T) {
	gone := opened().placed(a, aigul, longAg, 1).heard(a, aigul).removed(a, aigul, longAg)
	notice := housing.NoticeGiven{
		ListID:   list,
		EntryID:  a,
		PersonID: aigul,
		On:       day("2026-03-20"),
		DueOn:    day("2026-03-25"),
	}
	file := func(on string) decision {
		return step(func(c *procedure.Case) ([]domain.Event, error) {
			return c.FileComplaint(domaintest.CommandOn(on), procedure.Filing{ID: "complaint", By: c.ApplicantID, Grounds: "a note"}, terms())
		})
	}
	filed := func(on, forwardBy string, late bool) []domain.Event {
		e := complaint()
		e.FiledAt, e.ForwardBy, e.Late = domaintest.CommandOn(on).Now, day(forwardBy), late
		return []domain.Event{e}
	}
	forwarded := procedure.ComplaintForwarded{
		CaseID:      reviewOf(a),
		To:          "ministry",
		DecideBy:    day("2026-04-15"),
		ForwardedAt: domaintest.Noon(),
	}
	decide := func(actor string, outcome procedure.ComplaintOutcome) decision {
		return step(func(c *procedure.Case) ([]domain.Event, error) {
			return c.DecideComplaint(by(actor, "2026-03-15"), outcome, "a note", "", terms())
		})
	}
	asHolder := func(p domain.PersonID) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Proceed(a, p, func(c *procedure.Case) ([]domain.Event, error) {
				return c.FileComplaint(domaintest.Command(), procedure.Filing{ID: "complaint", By: c.ApplicantID, Grounds: "a note"}, terms())
			})
		}
	}
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{Name: "C12 filed", Given: gone, When: asHolder(aigul), Then: []domain.Event{complaint()}},
		{Name: "C12 not by another", Given: gone, When: asHolder(daur), Refused: domain.CodeNotFound},
		{
			Name:    "C12 nor about what stands",
			Given:   opened().placed(a, aigul, longAg, 1),
			When:    asHolder(aigul),
			Refused: domain.CodeEntryNotReviewed,
		},
		{
			Name:  "C12 three months after the notice in time",
			Given: gone.then(notice),
			When:  file("2026-06-20"),
			Then:  filed("2026-06-20", "2026-06-24", false),
		},
		{
			Name:  "C12 a day later accepted, and late",
			Given: gone.then(notice),
			When:  file("2026-06-21"),
			Then:  filed("2026-06-21", "2026-06-24", true),
		},
		{
			Name:  "C12 without a notice the time runs from the removal",
			Given: gone,
			When:  file("2026-06-16"),
			Then:  filed("2026-06-16", "2026-06-19", true),
		},
		{
			Name:  "C12 the body satisfies it itself",
			Given: gone.then(complaint()),
			When:  decide("reviewer", procedure.Satisfied),
			Then:  []domain.Event{decidedComplaint(procedure.Satisfied)},
		},
		{
			Name:    "C12 it does not decide it otherwise",
			Given:   gone.then(complaint()),
			When:    decide("reviewer", procedure.Upheld),
			Refused: domain.CodeStepNotOpen,
		},
		{
			Name:  "C12 forwarded with the file",
			Given: gone.then(complaint()),
			When: step(func(c *procedure.Case) ([]domain.Event, error) {
				return c.ForwardComplaint(domaintest.Command(), "ministry", terms())
			}),
			Then: []domain.Event{forwarded},
		},
		{
			Name:  "C12 decided there: what falls is made good, not reviewed again",
			Given: gone.then(complaint(), forwarded),
			When:  decide("reviewer", procedure.Annulled),
			Then:  []domain.Event{decidedComplaint(procedure.Annulled)},
		},
		{
			Name:    "C12 not by whose act it is",
			Given:   gone.then(complaint(), forwarded),
			When:    decide(domaintest.Command().Actor, procedure.Annulled),
			Refused: domain.CodeDeciderRecused,
		},
	})
}

func TestQ8_AReinstatementRestsOnACourtOrOnAComplaintThatWasWon(t *testing.T) {
	gone := opened().placed(a, aigul, longAg, 1).heard(a, aigul).removed(a, aigul, longAg)
	forwarded := procedure.ComplaintForwarded{CaseID: reviewOf(a), To: "ministry", ForwardedAt: domaintest.Noon()}
	won := gone.then(complaint(), forwarded, decidedComplaint(procedure.Annulled))
	lost := gone.then(complaint(), forwarded, decidedComplaint(procedure.Upheld))
	again := won.reinstated(a, aigul, longAg).heard(a, aigul).removed(a, aigul, longAg)
	reinstate := func(ground housing.ReinstatementGround, complaint string, act housing.Act) decision {
		return func(q *housing.List) ([]domain.Event, error) {
			return q.Reinstate(
				domaintest.Command(),
				housing.Reinstate{EntryID: a, Ground: ground, ComplaintID: complaint, Act: act, Note: "a note"},
				rules.Book{},
			)
		}
	}
	act := func(number domain.Personal, on, inForce string) housing.Act {
		x := housing.Act{Number: number}
		if on != "" {
			x.On = day(on)
		}
		if inForce != "" {
			x.InForceOn = day(inForce)
		}
		return x
	}
	none := housing.Act{}
	byComplaint := gone.reinstated(a, aigul, longAg).last()[0].(housing.EntryReinstated)
	byComplaint.Ground, byComplaint.ComplaintID, byComplaint.CourtAct = housing.ComplaintSatisfied, "complaint", none
	byCourt := gone.reinstated(a, aigul, longAg).last()[0].(housing.EntryReinstated)
	byCourt.CourtAct = act("7", "2026-03-15", "2026-03-15")
	complaint, court := housing.ComplaintSatisfied, housing.CourtAct
	domaintest.Run(t, []domaintest.Spec[housing.List]{
		{
			Name:  "Q8 by a complaint that was decided for the holder",
			Given: won,
			When:  reinstate(complaint, "complaint", none),
			Then:  []domain.Event{byComplaint},
		},
		{
			Name:  "Q8 or that the body satisfied",
			Given: gone.then(complaintFiled, decidedComplaint(procedure.Satisfied)),
			When:  reinstate(complaint, "complaint", none),
			Then:  []domain.Event{byComplaint},
		},
		{
			Name:    "Q8 not by one that was not filed",
			Given:   gone,
			When:    reinstate(complaint, "complaint", none),
			Refused: domain.CodeComplaintNotWon,
			Field:   "complaint_id",
		},
		{
			Name:    "Q8 not decided",
			Given:   gone.then(complaintFiled),
			When:    reinstate(complaint, "complaint", none),
			Refused: domain.CodeComplaintNotWon,
			Field:   "complaint_id",
		},
		{
			Name:    "Q8 decided otherwise",
			Given:   lost,
			When:    reinstate(complaint, "complaint", none),
			Refused: domain.CodeComplaintNotWon,
			Field:   "complaint_id",
		},
		{
			Name:    "Q8 not by another",
			Given:   won,
			When:    reinstate(complaint, "other", none),
			Refused: domain.CodeComplaintNotWon,
			Field:   "complaint_id",
		},
		{
			Name:    "Q8 nor by that about an earlier removal",
			Given:   again,
			When:    reinstate(complaint, "complaint", none),
			Refused: domain.CodeComplaintNotWon,
			Field:   "complaint_id",
		},
		{
			Name:    "Q8 nor by none",
			Given:   won,
			When:    reinstate(complaint, "", none),
			Refused: domain.CodeRequired,
			Field:   "complaint_id",
		},
		{
			Name:    "Q8 a complaint is no act",
			Given:   won,
			When:    reinstate(complaint, "complaint", inForce),
			Refused: domain.CodeGroundNotAllowed,
			Field:   "court_act",
		},
		{
			Name:  "Q8 by an act in force today",
			Given: gone,
			When:  reinstate(court, "", byCourt.CourtAct),
			Then:  []domain.Event{byCourt},
		},
		{
			Name:    "Q8 not by one that is in force tomorrow",
			Given:   gone,
			When:    reinstate(court, "", act("7", "2026-03-15", "2026-03-16")),
			Refused: domain.CodeCourtDecisionNotYet,
			Field:   "court_act.in_force_on",
		},
		{
			Name:    "Q8 nor in force before it was made",
			Given:   gone,
			When:    reinstate(court, "", act("7", "2026-03-15", "2026-03-14")),
			Refused: domain.CodeEffectiveTooEarly,
			Field:   "court_act.in_force_on",
		},
		{
			Name:    "Q8 nor by none",
			Given:   gone,
			When:    reinstate(court, "", none),
			Refused: domain.CodeRequired,
			Field:   "court_act.number",
		},
		{
			Name:    "Q8 with its number",
			Given:   gone,
			When:    reinstate(court, "", act(" ", "2026-03-15", "2026-03-15")),
			Refused: domain.CodeRequired,
			Field:   "court_act.number",
		},
		{
			Name:    "Q8 its day",
			Given:   gone,
			When:    reinstate(court, "", act("7", "", "2026-03-15")),
			Refused: domain.CodeRequired,
			Field:   "court_act.on",
		},
		{
			Name:    "Q8 and the day of its force",
			Given:   gone,
			When:    reinstate(court, "", act("7", "2026-03-15", "")),
			Refused: domain.CodeRequired,
			Field:   "court_act.in_force_on",
		},
		{
			Name:    "Q8 an act is no complaint",
			Given:   won,
			When:    reinstate(court, "complaint", inForce),
			Refused: domain.CodeGroundNotAllowed,
			Field:   "complaint_id",
		},
	})
}

var complaintFiled = complaint()

// TestQ15_Q15a_Q19_Q23_TheNumbersOfAListAreThoseOfTheEdition takes each decision
// the day before another edition and on its first day.
func TestQ15_Q15a_Q19_Q23_TheNumbersOfAListAreThoseOfTheEdition(t *testing.T) {
	book := rulestest.Book(t, "2026-04-01",
		`"removal_notice_days":10`, `"removal_notice_days":5`,
		`"inventory_every_months":12`, `"inventory_every_months":6`,
		`"inventory_answer_within":10`, `"inventory_answer_within":1`,
		`"need_check_days":30`, `"need_check_days":3`,
		`"area_at_least":15`, `"area_at_least":20`, `"area_at_most":18`, `"area_at_most":25`,
		`"incomplete_family",`, ``, `"orphan","awarded_mother"`, `"awarded_mother"`, `"dwelling_acquired",`, ``,
	)
	protection := housing.ProtectionRecorded{ListID: list, EntryID: a, Category: housing.ProtectedIncompleteFamily}
	one := opened().placed(a, aigul, longAg, 1)
	ready := one.heard(a, aigul)
	wide := housing.ServiceDwelling{ID: flat.ID, Area: 19, Rooms: 1}
	date := func(s string) any { return day(s) }
	refused := func(c domain.Code) any { return c }
	type decide = func(domain.Command) ([]domain.Event, error)
	for name, c := range map[string]struct {
		do          decide
		of          func([]domain.Event) any
		before, and any // on 31 March and on 1 April
	}{
		"Q15 notice": {func(o domain.Command) ([]domain.Event, error) {
			return ready.fold().Remove(o, housing.Remove{EntryID: a, Reason: housing.GroundsFellAway}, book)
		}, func(e []domain.Event) any { return e[0].(housing.EntryRemoved).NoticeDueOn }, date("2026-04-10"), date("2026-04-06")},
		"Q15 reasons": {func(o domain.Command) ([]domain.Event, error) {
			return ready.fold().Remove(o, housing.Remove{EntryID: a, Reason: housing.DwellingAcquired}, book)
		}, func(e []domain.Event) any { return string(e[0].(housing.EntryRemoved).Edition) }, rulestest.Old, refused(domain.CodeValueUnknown)},
		"Q15a whom it protects": {func(o domain.Command) ([]domain.Event, error) {
			return ready.then(protection).fold().Remove(o, housing.Remove{EntryID: a, Reason: housing.GroundsFellAway}, book)
		}, func(e []domain.Event) any { return e[0].EventType() }, refused(domain.CodeEntryProtected), "EntryRemoved"},
		"Q15a whom it may protect": {func(o domain.Command) ([]domain.Event, error) {
			return one.fold().Protect(o, housing.Protect{EntryID: a, Category: housing.ProtectedIncompleteFamily, Because: "n"}, book)
		}, func(e []domain.Event) any { return e[0].EventType() }, "ProtectionRecorded", refused(domain.CodeValueUnknown)},
		"Q15a what it protected can be lifted": {func(o domain.Command) ([]domain.Event, error) {
			return one.then(protection).fold().Protect(o, housing.Protect{EntryID: a, Category: housing.ProtectedIncompleteFamily, Lift: true, Because: "n"}, book)
		}, func(e []domain.Event) any { return e[0].EventType() }, "ProtectionLifted", "ProtectionLifted"},
		"Q8 priority": {func(o domain.Command) ([]domain.Event, error) {
			return one.fold().SetPriorityRule(o, housing.SetPriorityRule{Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "act 5"}, book)
		}, func(e []domain.Event) any { return e[0].EventType() }, "PriorityRuleSet", refused(domain.CodeValueUnknown)},
		"Q23 the year of who is placed": {func(o domain.Command) ([]domain.Event, error) {
			return opened().fold().Place(o, housing.Place{EntryID: a, PersonID: aigul, Seniority: longAg, RegisteredOn: o.Today(), Approved: 500}, book)
		}, func(e []domain.Event) any { return e[0].(housing.EntryPlaced).InventoryDueOn }, date("2027-03-31"), date("2026-10-01")},
		"Q23 of who is confirmed": {func(o domain.Command) ([]domain.Event, error) {
			return one.fold().ConfirmInventory(o, housing.ConfirmInventory{EntryID: a, On: o.Today()}, book)
		}, func(e []domain.Event) any { return e[0].(housing.InventoryConfirmed).NextDueOn }, date("2027-03-31"), date("2026-10-01")},
		"Q23 of who is reinstated": {func(o domain.Command) ([]domain.Event, error) {
			return one.removed(a, aigul, longAg).fold().Reinstate(o, housing.Reinstate{EntryID: a, Ground: housing.CourtAct, Act: inForce}, book)
		}, func(e []domain.Event) any { return e[0].(housing.EntryReinstated).InventoryDueOn }, date("2027-03-31"), date("2026-10-01")},
		"Q23 the time to answer": {func(o domain.Command) ([]domain.Event, error) {
			overdue := one.then(housing.InventoryConfirmed{EntryID: a, On: day("2025-01-01"), NextDueOn: day("2026-01-01")})
			return overdue.fold().TakeInventory(o, book)
		}, func(e []domain.Event) any { return e[0].(housing.InventoryRequested).AnswerBy }, date("2026-04-14"), date("2026-04-02")},
		"Q19 how long a check holds": {func(o domain.Command) ([]domain.Event, error) {
			checked := housing.NeedCheck{On: o.Today().AddDays(-4), Source: housing.FromDocuments, InNeed: true}
			return new(housing.Provision).Decide(o, housing.Provide{CaseID: caseID, ListID: list, EntryID: a, Dwelling: flat, Need: checked, Minutes: "1"}, one.fold(), book)
		}, func(e []domain.Event) any { return string(e[0].(housing.ProvisionDecided).Edition) }, rulestest.Old, refused(domain.CodeNeedCheckTooOld)},
		"Q19 the norm": {func(o domain.Command) ([]domain.Event, error) {
			checked := housing.NeedCheck{On: o.Today(), Source: housing.FromDocuments, InNeed: true}
			return new(housing.Provision).Decide(o, housing.Provide{CaseID: caseID, ListID: list, EntryID: a, Dwelling: wide, Need: checked, Minutes: "1"}, one.fold(), book)
		}, func(e []domain.Event) any { return e[0].(housing.ProvisionDecided).Norm }, housing.Norm{Min: 15, Max: 18}, refused(domain.CodeDwellingNotFit)},
	} {
		for on, want := range map[string]any{"2026-03-31": c.before, "2026-04-01": c.and} {
			events, err := c.do(domaintest.CommandOn(on))
			var got any = domain.CodeOf(err)
			if err == nil {
				got = c.of(events)
			}
			if got != want {
				t.Errorf("%s on %s: %v, want %v", name, on, got, want)
			}
		}
	}
}
