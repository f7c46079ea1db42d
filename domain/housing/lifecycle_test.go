package housing_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/housing/housingtest"
	"tizilim/domain/procedure"
	"tizilim/domain/rules"
)

// TestC6_C7_C8_C9_C10_C12_RandomLivesOfACase: whatever officials, applicants and
// the clock do, every event that is recorded keeps the rules, judged by nothing
// but the events before it.
func TestC6_C7_C8_C9_C10_C12_RandomLivesOfACase(t *testing.T) {
	reached := map[procedure.State]int{}
	kinds := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			l := life{t: t, calendar: rules.Book{}.Calendar()}
			var last procedure.State
			housingtest.Walk(t, caseID, list, aigul, 100, func(rec domain.Recorded, a *housing.Application) {
				l.check(rec)
				if !a.Completed.At.Equal(l.complete) {
					t.Fatalf(
						"Q6: the place is that of %s, the application was complete at %s",
						a.Completed.At,
						l.complete,
					)
				}
				last = a.State
				kinds[rec.Event.EventType()]++
			})
			reached[last]++
		}
	})
	for _, state := range []procedure.State{procedure.Granted, procedure.Refused, procedure.Withdrawn, procedure.Terminated, procedure.Returned, procedure.Forwarded} {
		if reached[state] == 0 {
			t.Errorf("no life ended %s: the walk proves nothing of it (%v)", state, reached)
		}
	}
	for _, kind := range []string{"HousingApplicationRefused", "ComplaintDecided", "TermExtended", "HearingClosed", "ObjectionFiled", "DeadlinePassed", "DutyMissed", "RemedyRecorded"} {
		if kinds[kind] == 0 {
			t.Errorf("no life had a %s (%v)", kind, kinds)
		}
	}
}

// life is what an onlooker who has only the events knows of a case.
type life struct {
	t        *rapid.T
	calendar *rules.Calendar
	complete time.Time // the instant from which the term and the place run

	ended     string // by what, while that stands
	deadline  time.Time
	original  time.Time
	announced domain.Date // the hearing; zero before one
	notBefore domain.Date
	heard     bool
	waived    bool
	exempt    bool
	complaint *procedure.ComplaintFiled
	forwarded bool
	ofSilence bool
	overdue   time.Time // the deadline that was marked
}

// within reports whether no more than n working days lie after from and up to day.
func (l *life) within(from domain.Date, n int, day domain.Date) bool {
	next, err := l.calendar.AddWorkingDays(from, n+1)
	if err != nil {
		l.t.Fatal(err)
	}
	return day.Before(next)
}

func (l *life) check(rec domain.Recorded) {
	t, name, day := l.t, rec.Event.EventType(), domain.DateOf(rec.Created)
	live := func() {
		if l.ended != "" {
			t.Fatalf("C10: %s after the case had ended by %s", name, l.ended)
		}
	}
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		l.complete, l.deadline, l.original = e.ReceivedAt, e.Deadline, e.Deadline
	case procedure.CorrectionReceived:
		live()
		l.complete, l.deadline, l.original = e.ReceivedAt, e.Deadline, e.Deadline
	case procedure.CorrectionRequested, procedure.ReviewBegan, procedure.DeciderRecused:
		live()
	case procedure.HearingAnnounced:
		live()
		if first, err := l.calendar.AddWorkingDays(day, 3); err != nil || e.NotBefore.Before(first) {
			t.Fatalf("C8: announced on %s, the act could come on %s, before %s, %v", day, e.NotBefore, first, err)
		}
		l.announced, l.notBefore, l.heard, l.waived = day, e.NotBefore, false, false
	case procedure.ObjectionFiled:
		live()
		if !l.within(l.announced, 2, day) {
			t.Fatalf("C8: an objection on %s to what was announced on %s", day, l.announced)
		}
		l.heard = true
	case procedure.HearingClosed:
		live()
		l.heard, l.waived = true, e.How == procedure.HearingWaived
	case procedure.HearingDispensed:
		live()
		l.exempt = true
	case procedure.TermExtended:
		live()
		if rec.Created.After(l.deadline) {
			t.Fatalf("C9: extended on %s, after %s", rec.Created, l.deadline)
		}
		if domain.DateOf(l.original).AddMonths(2).Before(domain.DateOf(e.Deadline)) || !e.Deadline.After(l.deadline) || e.Office == "" {
			t.Fatalf("C9: extended from %s to %s by a %q", l.original, e.Deadline, e.Office)
		}
		l.deadline = e.Deadline
	case procedure.DeadlinePassed:
		live()
		if !rec.Created.After(l.deadline) || !e.Deadline.Equal(l.deadline) || l.overdue.Equal(l.deadline) {
			t.Fatalf("C9: marked on %s that %s has passed; the deadline is %s, marked before: %s", rec.Created, e.Deadline, l.deadline, l.overdue)
		}
		l.overdue = l.deadline
	case procedure.DutyMissed:
		if !e.By.Before(day) {
			t.Fatalf("C9: %s marked on %s as late, it was due on %s", e.Duty, day, e.By)
		}
	case housing.PlacementApproved:
		live()
	case housing.PlacementCertified:
		live()
		l.ended = name
	case housing.ApplicationRefused:
		live()
		if e.Ground == "" || strings.TrimSpace(string(e.Reasons)) == "" || e.AppealRoute == "" {
			t.Fatalf("C7: refused on %q because %q, with the route %q", e.Ground, e.Reasons, e.AppealRoute)
		}
		if !l.exempt && (!l.heard || !l.waived && day.Before(l.notBefore)) {
			t.Fatalf("C8: refused on %s; heard: %t, waived: %t, not before %s", day, l.heard, l.waived, l.notBefore)
		}
		l.ended = name
	case procedure.CaseWithdrawn, procedure.CaseTerminated, procedure.CaseReturned, procedure.CaseForwarded:
		live() // C6: after the decision there is only the complaint
		l.ended = name
	case procedure.ComplaintFiled:
		if l.complaint != nil {
			t.Fatal("C12: a second complaint while one is examined")
		}
		if l.ended == "" && l.overdue.IsZero() {
			t.Fatal("C12: a complaint of nothing")
		}
		l.complaint, l.forwarded, l.ofSilence = &e, false, l.ended == ""
	case procedure.ComplaintForwarded:
		if l.complaint == nil || l.forwarded {
			t.Fatal("C12: nothing to forward")
		}
		l.forwarded = true
	case procedure.ComplaintDecided:
		if l.complaint == nil || l.forwarded == (e.Outcome == procedure.Satisfied) {
			t.Fatalf("C12: %s, forwarded: %t", e.Outcome, l.forwarded)
		}
		if filed := domain.DateOf(l.complaint.FiledAt); e.Outcome == procedure.Satisfied && !l.within(filed, 3, day) {
			t.Fatalf("C12: filed on %s and satisfied on %s", filed, day)
		}
		fell := e.Outcome.Favourable() && !l.ofSilence
		reopens := fell && (l.ended == "HousingApplicationRefused" || l.ended == "CaseTerminated")
		if reopens != !e.Deadline.IsZero() || (fell && !reopens) != !e.RemedyBy.IsZero() {
			t.Fatalf("C12: %s of a case that ended by %s: new deadline %s, remedy by %s", e.Outcome, l.ended, e.Deadline, e.RemedyBy)
		}
		l.complaint = nil
		if reopens {
			l.ended, l.deadline, l.original, l.heard, l.waived, l.exempt = "", e.Deadline, e.Deadline, false, false, false
		}
	case procedure.DecisionNotified:
		if l.ended == "" {
			t.Fatal("C11: notice of a decision that there is not")
		}
	}
	if name != "HearingDispensed" {
		l.exempt = false // an exemption serves the refusal that is recorded with it
	}
	if rec.Event.EffectiveAt().After(rec.Created) && domain.DateOf(rec.Event.EffectiveAt()) != domaintest.Today() {
		t.Fatalf("%s takes effect on %s, and was recorded on %s", name, rec.Event.EffectiveAt(), rec.Created)
	}
}
