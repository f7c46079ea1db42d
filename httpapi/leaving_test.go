package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestQ26_AHolderLeavesTheListAndAppliesAgain: on the portal and at a desk by a paper. Nobody
// brings the entry back; a new application stands behind.
func TestQ26_AHolderLeavesTheListAndAppliesAgain(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, operator, auditor := s.token(domain.RoleCommission), s.token(domain.RoleOperator), s.token(domain.RoleAuditor)
	list := s.list()
	first, a, _ := s.entry(list)
	second, b, _ := s.entry(list)
	_, c, _ := s.entry(list)
	pa, pb, pc := entryPath(list, a), entryPath(list, b), entryPath(list, c)

	s.command(pa+"/leaving", s.as(second), body{}).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(pb+"/leaving", operator, body{}).refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	left := s.command(pa+"/leaving", s.as(first), body{}).is(http.StatusOK)
	s.expect(pa, 0, "left", left)
	s.expect(pb, 1, "left", left)
	if n := s.seen(pa, s.as(first), left); n.at("status") != "left" || n.at("number") != nil {
		t.Errorf("the entry is %s", n.text)
	}
	if n := s.seen(pa+"/numbers", s.as(first), left); n.at("status") != "left" {
		t.Errorf("its numbers are %s", n.text)
	}
	if q := s.seen("/v1/me/queue", s.as(first), left); strings.Contains(q.text, a) {
		t.Errorf("the account still shows it: %s", q.text)
	}
	s.command(pa+"/leaving", s.as(first), body{}).refused(http.StatusConflict, domain.CodeEntryNotActive, "")
	s.command(pa+"/reinstatement", commission, byCourt).refused(http.StatusConflict, domain.CodeEntryNotRemoved, "")
	if h := s.seen("/v1/persons/"+first+"/history", auditor, left); !strings.Contains(h.text, "EntryLeft") {
		t.Error("the history of the holder does not say that they left")
	}

	again := s.placed(s.applied(first, list))
	s.expect(entryPath(list, again.at("placement", "entry_id").(string)), 3, "placed", again)
	stated := s.command(pb+"/leaving", operator, body{"basis": paper}).is(http.StatusOK)
	s.expect(pc, 1, "left", stated)
}
