package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"tizilim/domain"
)

// TestQ34_AnUndoneRedatingGivesTheNumbersBack: the holder is told, and the certificate holds all
// the while.
func TestQ34_AnUndoneRedatingGivesTheNumbersBack(t *testing.T) {
	r := start(t)
	s := r.at(t)
	p := papers{subtest: s}
	commission, list := s.token(domain.RoleCommission), s.list()
	person, a, placed := s.entry(list)
	_, b, _ := s.entry(list)
	r.clock.pass(48 * time.Hour)
	pa, pb := entryPath(list, a), entryPath(list, b)
	shown := p.shown("/v1/certificates/" + placed.at("placement", "certificate_id").(string))

	redated := s.command(pa+"/redating", commission, body{"ground_arose_on": "2026-03-16", "reasons": "n"}).is(http.StatusOK)
	s.expect(pa, 2, "redated", redated)
	p.stands(shown, "valid")
	undo := body{"redating": eventRef(redated, 0), "reasons": "another's ground", "basis": paper}
	s.command(pa+"/redating/undo", s.as(person), undo).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	s.command(pb+"/redating/undo", commission, undo).
		refused(http.StatusUnprocessableEntity, domain.CodeFactUnknown, "redating")
	undone := s.command(pa+"/redating/undo", commission, undo).is(http.StatusOK)
	s.expect(pa, 1, "redating_undone", undone)
	s.expect(pb, 2, "redating_undone", undone)
	p.stands(shown, "valid")
	if n := s.seen(pa+"/numbers", s.as(person), undone); n.at("number") != 1.0 || n.at("changes", 2, "kind") != "redating_undone" {
		t.Errorf("the numbers are %s", n.text)
	}
	s.command(pa+"/redating/undo", commission, undo).
		refused(http.StatusUnprocessableEntity, domain.CodeFactUnknown, "redating")
}

// TestQ35_TheEndOfARuleTakesThePriorityThatItGave.
func TestQ35_TheEndOfARuleTakesThePriorityThatItGave(t *testing.T) {
	s := start(t).at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	_, a, _ := s.entry(list)
	_, b, _ := s.entry(list)
	pa, pb := entryPath(list, a), entryPath(list, b)
	rule := "/v1/queues/" + list + "/priority-rule"
	s.command(rule, commission, body{"categories": []string{"orphan"}, "basis": "act 5"}).is(http.StatusOK)
	up := s.command(pb+"/priority", commission, body{"category": "orphan"}).is(http.StatusOK)
	s.expect(pb, 1, "prioritised", up)
	ended := s.command(rule, commission, body{"categories": []string{}, "basis": "act 6"}).is(http.StatusOK)
	s.expect(pb, 2, "priority_ended", ended)
	s.expect(pa, 1, "priority_ended", ended)
}
