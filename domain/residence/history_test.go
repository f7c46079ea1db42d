package residence_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// TestR11_R12_R13_R14_R17_RandomHistories orders moves, stays, owner's
// applications, departures, corrections and departure sheets at random, a few days
// apart, forwards and backdated, and looks at every day of the history after every
// event.
func TestR11_R12_R13_R14_R17_RandomHistories(t *testing.T) {
	dwellings := []domain.DwellingID{flat, house, dacha}
	rapid.Check(t, func(t *rapid.T) {
		h := resident()
		p := h.fold()
		begin := day("2026-01-01")
		now := begin
		var ofCases sheets
		for i := range rapid.IntRange(1, 25).Draw(t, "orders") {
			now = now.AddDays(rapid.IntRange(0, 40).Draw(t, "days later"))
			cmd := domaintest.CommandOn(now.String())
			at := rapid.SampledFrom(dwellings).Draw(t, "dwelling")
			before := *p
			var events []domain.Event
			var err error
			caseID := domaintest.ID[domain.CaseID](fmt.Sprint("case ", i))
			switch what := rapid.SampledFrom([]string{"reside", "reside", "stay", "stay", "deregister", "leave", "correct", "correct", "expire", "sheet", "sheet", "sheet"}).Draw(t, "order"); what {
			case "sheet":
				if n := len(p.Registrations); n > 0 {
					id := p.Registrations[rapid.IntRange(0, n-1).Draw(t, "registration")].ID
					events, err = p.RequestDepartureSheet(
						cmd,
						residence.RequestDepartureSheet{RegistrationID: id, Case: ofCases.decided[p.EndedBy(id)]},
					)
				}
			case "expire":
				if n := len(p.Registrations); n > 0 {
					events, err = p.Expire(cmd, p.Registrations[rapid.IntRange(0, n-1).Draw(t, "stay")].ID)
				}
			case "correct":
				events, err = p.Correct(cmd, drawCorrection(t, h, now, fmt.Sprint("inserted ", i, " "), dwellings))
			case "reside", "stay":
				c := residence.Register{
					RegistrationID: domaintest.ID[domain.RegistrationID](
						fmt.Sprint(i),
					), DwellingID: at, Kind: residence.Permanent,
					From: now.AddDays(-rapid.IntRange(0, 60).Draw(t, "backdated")),
				}
				if what == "stay" {
					c.Kind, c.Until = residence.Temporary, c.From.AddDays(rapid.IntRange(25, 370).Draw(t, "length"))
				}
				events, err = p.Register(cmd, c)
			case "deregister":
				events, err = p.EndFor(
					residence.EndFor{CaseID: caseID, DwellingID: at, Ground: residence.GroundOwnerApplication, On: now},
				)
			case "leave":
				events, err = p.EndFor(
					residence.EndFor{CaseID: caseID, DwellingID: at, Ground: residence.GroundDepartureAbroad, On: now},
				)
			}
			if err != nil {
				if len(events) != 0 || domain.CodeOf(err) == "" {
					t.Fatalf("refused with %v and decided %v", err, domaintest.Types(events))
				}
				continue
			}
			ofCases.decide(t, caseID, len(h), events)
			for _, e := range events {
				p.Apply(domaintest.Recorded(len(h), e))
				h = append(h, e)
				checkSheets(t, p, h, ofCases)
			}
			checkEndings(t, p)
			checkPlainFold(t, p, h)
			checkMove(t, before, *p, events)
			for d := begin.AddDays(-61); d.Before(now.AddDays(1)); d = d.AddDays(1) {
				checkDay(t, p, d)
			}
		}
	})
}

// sheets are those that the cases of a history have issued with their decisions.
type sheets struct {
	decided map[domain.CaseID]*residence.Deregistration
	issued  []residence.DepartureSheetIssued
}

// decide has the case decided that ends what the events end, which are appended
// from the revision on; a case that asked for sheets issues them.
func (s *sheets) decide(t *rapid.T, id domain.CaseID, revision int, events []domain.Event) {
	var ended []domain.Recorded
	result := residence.Result{PersonID: aigul}
	for i, event := range events {
		if e, ok := event.(residence.RegistrationEnded); ok && e.CaseID == id {
			ended = append(ended, domain.Recorded{Stream: aigul.Stream(), Revision: uint64(revision + i), Event: e})
			result.Ended = append(result.Ended, e.RegistrationID)
		}
	}
	if len(ended) == 0 {
		return
	}
	if s.decided == nil {
		s.decided = map[domain.CaseID]*residence.Deregistration{}
	}
	d := domaintest.Fold[residence.Deregistration](
		residence.DeregistrationApplied{
			CaseID:         id,
			Persons:        []domain.PersonID{aigul},
			DepartureSheet: rapid.Bool().Draw(t, "asks for sheets"),
		},
		residence.DeregistrationDecided{CaseID: id, Results: []residence.Result{result}},
	)
	s.decided[id] = d
	for _, e := range d.DepartureSheets(domaintest.Command(), ended) {
		s.issued = append(s.issued, e.(residence.DepartureSheetIssued))
	}
}

// checkSheets keeps R17: of an ending one valid sheet at most, and it says what
// the registry holds.
func checkSheets(t *rapid.T, p *residence.Person, h history, ofCases sheets) {
	all := slices.Clone(ofCases.issued)
	for _, e := range h {
		if sheet, ok := e.(residence.DepartureSheetIssued); ok {
			all = append(all, sheet)
		}
	}
	valid := map[domain.RegistrationID]int{}
	ids := map[domain.CertificateID]bool{}
	for _, sheet := range all {
		if ids[sheet.CertificateID] {
			t.Fatalf("R17: two sheets have the id %s", sheet.CertificateID)
		}
		ids[sheet.CertificateID] = true
		if int(sheet.Ending.Revision) >= len(h) || !p.SheetVoidSince(sheet).IsZero() {
			continue // of an event of the same append that is still to come, or void
		}
		if valid[sheet.RegistrationID]++; valid[sheet.RegistrationID] > 1 {
			t.Fatalf("R17: %d valid sheets of %s", valid[sheet.RegistrationID], sheet.RegistrationID)
		}
		for _, r := range p.Registrations {
			if r.ID == sheet.RegistrationID &&
				(!r.Ended || r.Void || r.EndedOn != sheet.On || r.Reason != sheet.Reason) {
				t.Fatalf(
					"R17: a valid sheet says %s on %s, the registry holds %+v",
					sheet.Reason,
					sheet.On,
					r.Standing(),
				)
			}
		}
	}
}

// drawCorrection corrects one or two facts, whatever they are, and accepts what
// comes of it.
func drawCorrection(
	t *rapid.T,
	h history,
	now domain.Date,
	name string,
	dwellings []domain.DwellingID,
) residence.Correct {
	c := residence.Correct{Ground: residence.ClericalError, Reasons: "random", Accept: []domain.Code{
		domain.CodeLeavesHole, domain.CodeLeavesWithoutResidence, domain.CodeCutsOverlap, domain.CodeEndingWithoutMove, domain.CodeCaseContradicted,
	}}
	for i := range rapid.IntRange(1, 2).Draw(t, "changes") {
		days := func(of string) domain.Date { return now.AddDays(-rapid.IntRange(-20, 200).Draw(t, of)) }
		revision := rapid.IntRange(0, len(h)-1).Draw(t, "revision")
		switch rapid.SampledFrom([]string{"annul", "amend", "insert", "insert instead"}).Draw(t, "what") {
		case "annul":
			c.Changes = append(c.Changes, annul(revision))
			continue
		case "insert":
			ins := residence.Change{
				Action: residence.Insert, RegistrationID: domaintest.ID[domain.RegistrationID](name + fmt.Sprint(i)),
				DwellingID: rapid.SampledFrom(dwellings).Draw(t, "at"), Kind: residence.Permanent, From: days("from"),
			}
			if rapid.Bool().Draw(t, "stay") {
				ins.Kind, ins.Until = residence.Temporary, ins.From.AddDays(rapid.IntRange(25, 370).Draw(t, "length"))
			}
			if rapid.Bool().Draw(t, "ended") {
				ins.EndedOn, ins.Reason = days(
					"ended on",
				), rapid.SampledFrom([]residence.Reason{residence.MovedToNewAddress, residence.OwnerApplication, residence.TermExpired}).
					Draw(t, "reason")
			}
			c.Changes = append(c.Changes, ins)
			continue
		case "insert instead":
			c.Changes = append(c.Changes, residence.Change{
				Fact: residence.FactName{Event: ref(revision)}, Action: residence.Insert,
				RegistrationID: domaintest.ID[domain.RegistrationID](
					name + fmt.Sprint(i),
				), DwellingID: rapid.SampledFrom(dwellings).Draw(t, "at"),
			})
			continue
		}
		ch := residence.Change{From: days("from"), EndedOn: days("ended on")}
		if rapid.Bool().Draw(t, "term") {
			ch.Until = days("until")
		}
		c.Changes = append(c.Changes, amend(revision, ch))
	}
	return c
}

// checkPlainFold compares the state, which takes from each correction what now
// stands, with what the facts in force say, by the definition: a fact is in
// force unless an annulment that is in force names it.
func checkPlainFold(t *rapid.T, p *residence.Person, h history) {
	var inForce func(i int) bool
	inForce = func(i int) bool {
		for j, e := range h {
			c, ok := residence.CorrectionIn(e)
			if !ok || int(c.Corrects.Revision) != i {
				continue
			}
			switch e.(type) {
			case residence.RegistrationAnnulled, residence.EndingAnnulled, residence.CorrectionAnnulled:
				if inForce(j) {
					return false
				}
			}
		}
		return true
	}
	root := func(i int) int {
		for {
			c, ok := residence.CorrectionIn(h[i])
			if _, inserted := h[i].(residence.RegistrationInserted); !ok || inserted {
				return i
			}
			i = int(c.Corrects.Revision)
		}
	}
	for _, r := range p.Registrations {
		var want residence.Standing
		ending := -1
		for i, e := range h {
			if e, ok := e.(residence.RegistrationEnded); ok && e.RegistrationID == r.ID && inForce(i) {
				ending = i
			}
		}
		for i, e := range h {
			switch e := e.(type) {
			case residence.RegistrationBegan:
				if e.RegistrationID == r.ID {
					want.From, want.Until, want.Void = e.From, e.Until, !inForce(i)
				}
			case residence.RegistrationInserted:
				if e.RegistrationID == r.ID {
					want.From, want.Until, want.Void = e.Now.From, e.Now.Until, !inForce(i)
				}
			case residence.RegistrationCorrected:
				if e.RegistrationID == r.ID && inForce(i) {
					want.From, want.Until = e.Now.From, e.Now.Until
				}
			case residence.RegistrationEnded:
				if i == ending {
					want.EndedOn, want.Reason, want.CaseID = e.On, e.Reason, e.CaseID
				}
			case residence.EndingCorrected:
				if inForce(i) && root(i) == ending {
					want.EndedOn, want.Reason, want.CaseID = e.Now.EndedOn, e.Now.Reason, e.Now.CaseID
				}
			}
		}
		if got := r.Standing(); got != want {
			t.Fatalf("R14: %s stands as %+v, its facts in force say %+v", r.ID, got, want)
		}
	}
}

// checkEndings keeps R14 and the length of R13 over all that was recorded.
func checkEndings(t *rapid.T, p *residence.Person) {
	for _, r := range p.Registrations {
		if r.Void {
			continue
		}
		if r.Ended && r.EndedOn.Before(r.From) {
			t.Fatalf("R14: %s began on %s and ended on %s", r.Kind, r.From, r.EndedOn)
		}
		if r.Kind == residence.Temporary &&
			(r.Until.Before(r.From.AddMonths(1)) || r.From.AddMonths(12).Before(r.Until)) {
			t.Fatalf("R13: a stay from %s until %s", r.From, r.Until)
		}
	}
}

// checkDay keeps R11: one permanent registration, and (policy) one stay.
func checkDay(t *rapid.T, p *residence.Person, d domain.Date) {
	count := map[residence.Kind]int{}
	for _, r := range p.ActiveOn(d) {
		count[r.Kind]++
	}
	if count[residence.Permanent] > 1 {
		t.Fatalf("R11: %d permanent registrations on %s", count[residence.Permanent], d)
	}
	if count[residence.Temporary] > 1 {
		t.Fatalf("R13: %d temporary stays on %s", count[residence.Temporary], d)
	}
}

// checkMove keeps R12 (no gap at a move) and R13 (neither kind touches the
// other, but by a departure).
func checkMove(t *rapid.T, before, after residence.Person, events []domain.Event) {
	var began *residence.RegistrationBegan
	var moved *residence.RegistrationEnded
	for _, e := range events {
		switch e := e.(type) {
		case residence.RegistrationBegan:
			began = &e
		case residence.RegistrationEnded:
			moved = &e
		}
	}
	if began == nil {
		return
	}
	if moved != nil &&
		(moved.On != began.From || moved.Kind != residence.Permanent || began.Kind != residence.Permanent || moved.Reason != residence.MovedToNewAddress) {
		t.Fatalf("R12: the new %s begins on %s, the old %s ends on %s", began.Kind, began.From, moved.Kind, moved.On)
	}
	for i, r := range before.Registrations {
		if r.Kind != began.Kind && r != after.Registrations[i] {
			t.Fatalf("R13: a %s registration changed a %s one", began.Kind, r.Kind)
		}
	}
	for _, r := range before.ActiveOn(began.From) {
		if r.Kind == residence.Permanent && began.Kind == residence.Permanent && moved == nil {
			t.Fatalf("R12: the permanent registration since %s was not ended by the move", r.From)
		}
	}
}
