package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// work lists the cases that a query finds, with what is due first in each, through all pages.
func (s *subtest) work(token, query string) (cases []string, first map[string]any) {
	s.t.Helper()
	for cursor := ""; ; {
		a := s.get("/v1/cases?"+query+cursor, token).is(http.StatusOK)
		if first == nil {
			first = a.body
		}
		for _, c := range a.at("cases").([]any) {
			cases = append(cases, c.(map[string]any)["case_id"].(string))
		}
		next, more := a.body["next"].(string)
		if !more {
			return cases, first
		}
		cursor = "&cursor=" + next
	}
}

// TestACommissionFindsItsWork starts with a token alone: what came in is there, what is due first
// before the others, with the name of the applicant, and goes when it is decided.
func TestACommissionFindsItsWork(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, other := s.list(), s.list()
	ann, ben, eve := s.citizen(), s.citizen(), s.citizen()
	first := s.applied(ann, list)
	r.clock.pass(48 * time.Hour)
	commission := s.token(domain.RoleCommission)
	second, third := s.applied(ben, list), s.applied(eve, other)
	last := s.command("/v1/cases/"+second+"/review", commission, body{}).is(http.StatusOK)
	s.seen("/v1/cases/"+second, commission, last)

	expect := func(token, query string, want ...string) map[string]any {
		t.Helper()
		for _, limit := range []string{"", "&limit=1", "&limit=2"} {
			got, _ := s.work(token, query+limit)
			if len(want) > 0 && want[0] == first && len(got) > 0 && got[0] != first {
				t.Errorf("%s: what is due first is behind others", query+limit)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", query+limit, got, want)
			}
		}
		_, page := s.work(token, query)
		return page
	}
	page := expect(commission, "", first, second, third)
	counts := page["counts"].(map[string]any)
	if counts["registered"] != 2.0 || counts["in_review"] != 1.0 || len(counts) != 2 {
		t.Errorf("counts are %v", counts)
	}
	line := page["cases"].([]any)[0].(map[string]any)
	applicant, due := line["applicant"].(map[string]any), line["due"].([]any)[0].(map[string]any)
	if applicant["person_id"] != ann || applicant["name"] == nil || !strings.HasPrefix(applicant["iin"].(string), "********") ||
		len(applicant["iin"].(string)) != 12 || due["what"] != "decision" || due["late"] != nil {
		t.Errorf("the first line is %v", line)
	}
	expect(commission, "state=registered", first, third)
	expect(commission, "state=in_review", second)
	expect(commission, "state=granted")
	expect(commission, "list_id="+list, first, second)
	expect(commission, "list_id="+other, third)
	expect(commission, "list_id="+nobody)
	expect(commission, "service=S001")
	expect(commission, "service=S000", first, second, third)
	expect(commission, "decider=commission-1", second)
	expect(commission, "applicant_id="+ben, second)
	expect(commission, "applicant_id="+ben+"&state=registered")
	expect(commission, "received_to=2026-03-15", first)
	expect(commission, "received_from=2026-03-16&received_to=2026-03-17", second, third)
	expect(commission, "overdue=true")
	expect(commission, "due_before=2026-04-15", first)
	expect(commission, "due_before=2026-04-15&state=in_review")
	expect(commission, "due_before=2026-04-15&applicant_id="+ann, first)
	expect(commission, "overdue=true&applicant_id="+ann)

	// Others see what is theirs.
	body2, another := s.commission("almaty-1")
	expect(another, "")
	expect(another, "list_id="+list)
	expect(another, "applicant_id="+ben)
	expect(another, "body_id="+body2)
	auditor := s.token(domain.RoleAuditor)
	expect(auditor, "", first, second, third)
	expect(auditor, "body_id="+body2)
	s.get("/v1/cases", s.as(ann)).is(http.StatusForbidden)

	done := s.placed(first)
	s.seen("/v1/cases/"+first, commission, done)
	expect(commission, "", second, third)
	expect(commission, "state=granted", first)
	expect(commission, "applicant_id="+ann, first)
	s.get("/v1/cases?cursor="+url.QueryEscape(strings.Repeat("1", 51)), commission).
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
}

// TestADeskFindsItsWork: deregistrations that wait for the other owners, where it acts.
func TestADeskFindsItsWork(t *testing.T) {
	s := start(t).at(t)
	owner, other, guest := s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner, other)
	s.registered(guest, home, "2026-03-01", "")
	a := s.command("/v1/deregistrations", s.as(owner), removal(owner, home, guest)).is(http.StatusCreated)
	id := a.id("case_id")
	operator := s.token(domain.RoleOperator)
	s.seen("/v1/cases/"+id, operator, a)
	due := func(token string) string {
		t.Helper()
		cases, page := s.work(token, "service=S001")
		if len(cases) == 0 {
			return ""
		}
		line := page["cases"].([]any)[0].(map[string]any)
		if cases[0] != id || line["dwelling_id"] != home {
			t.Errorf("found %v", page)
		}
		return line["due"].([]any)[0].(map[string]any)["what"].(string)
	}
	if got := due(operator); got != "owners_answers" {
		t.Errorf("due is %q", got)
	}
	_, here := s.office("desk-here", body{"kind": "desk", "names": bodyNames, "territory": []string{astanaKATO}})
	if got := due(here); got != "owners_answers" {
		t.Errorf("at the desk of the place due is %q", got)
	}
	_, away := s.office("desk-away", body{"kind": "desk", "names": bodyNames, "territory": []string{"750000000"}})
	if got := due(away); got != "" {
		t.Errorf("at a desk elsewhere due is %q", got)
	}
	a = s.command("/v1/cases/"+id+"/confirmation", s.as(other), answered("confirm")).is(http.StatusOK)
	s.seen("/v1/cases/"+id, operator, a)
	if got := due(operator); got != "" {
		t.Errorf("after the answer due is %q", got)
	}
	if cases, page := s.work(operator, "service=S001&state=granted"); len(cases) != 1 {
		t.Errorf("granted are %v", page)
	}
}
