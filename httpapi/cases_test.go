package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// TestC9_LatenessIsRecordedAndShown lets the term of an application run out:
// the registry records it by itself, once, staff see it, and it is gone with
// the decision.
func TestC9_LatenessIsRecordedAndShown(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	list := s.list()
	first, second := s.applied(s.citizen(), list), s.applied(s.citizen(), list)
	overdue := func(want ...string) {
		t.Helper()
		a := s.get("/v1/cases?overdue=true&limit=1", commission).is(http.StatusOK)
		var got []string
		for {
			for _, c := range a.at("cases").([]any) {
				got = append(got, c.(map[string]any)["case_id"].(string))
			}
			next, more := a.at("next").(string)
			if !more {
				break
			}
			a = s.get("/v1/cases?overdue=true&limit=1&cursor="+next, commission).is(http.StatusOK)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("overdue are %v, want %v", got, want)
		}
	}
	tick := func() *answer {
		s.timer()
		return s.seen(
			"/v1/cases/"+first,
			commission,
			s.command("/v1/queues", commission, body{"body": "b", "settlement": "s", "title": fmt.Sprint("t ", s.lists.Add(1))}).
				is(http.StatusCreated),
		)
	}
	if tick().at("overdue") == true {
		t.Error("overdue within the term")
	}
	overdue()
	r.clock.pass(31 * 24 * time.Hour)
	commission = s.token(domain.RoleCommission)
	for range 2 { // the second look finds nothing to do
		if tick().at("overdue") != true {
			t.Error("not overdue after the term")
		}
	}
	overdue(first, second)
	_, another := s.commission("almaty-1")
	if a := s.get("/v1/cases?overdue=true", another).is(http.StatusOK); len(a.at("cases").([]any)) != 0 {
		t.Errorf("a commission sees the cases of a list that it does not keep: %s", a.text)
	}
	marks := 0
	for _, rec := range s.stream("case-" + first) {
		if rec.Event.EventType() == "DeadlinePassed" {
			marks++
		}
	}
	if marks != 1 {
		t.Errorf("the lateness is recorded %d times", marks)
	}
	if text := s.scrape(); !strings.Contains(text, "tizilim_cases_overdue 2") {
		t.Error("the metric does not count two overdue cases")
	}
	s.seen("/v1/cases/"+first, commission, s.placed(first))
	overdue(second)
}

// TestC3_AnApplicationThatIsNotCorrectedInTimeIsReturned by the registry itself,
// the day after the date, and bars no new filing.
func TestC3_AnApplicationThatIsNotCorrectedInTimeIsReturned(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission := s.token(domain.RoleCommission)
	person, list := s.citizen(), s.list()
	id := s.applied(person, list)
	asked := s.command("/v1/cases/"+id+"/correction-request", commission, body{"missing": []body{{"text": "a document"}}}).
		is(http.StatusOK)
	state := func(after *answer) any {
		t.Helper()
		s.timer()
		return s.seen("/v1/cases/"+id, s.token(domain.RoleCommission), after).at("state")
	}
	if got := state(asked); got != "awaiting_correction" {
		t.Errorf("the case is %v", got)
	}
	r.clock.pass(40 * 24 * time.Hour)
	s.timer()
	again := s.command("/v1/housing-applications", s.token(domain.RoleOperator), body{
		"channel": "state_corporation", "list_id": list, "applicant_id": person, "consent": true, "signature": body{"method": "handwritten"},
	}).is(http.StatusCreated)
	if got := state(again); got != "returned" {
		t.Errorf("the case is %v", got)
	}
}
