package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// declining is a decline that an official states by a paper.
func declining(dwelling string) body { return body{"dwelling_id": dwelling, "basis": paper} }

// TestQ25_ADeclineIsTheHoldersOwnAct: on the portal and at a desk, with a notice and a line
// in the holder's history. Without it nobody is passed over.
func TestQ25_ADeclineIsTheHoldersOwnAct(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, operator := s.token(domain.RoleCommission), s.token(domain.RoleOperator)
	list, flat := s.list(), s.service()
	first, a, _ := s.entry(list)
	second, b, _ := s.entry(list)
	other, c, _ := s.entry(list)
	path := func(entry string) string { return entryPath(list, entry) + "/decline" }
	this := body{"dwelling_id": flat}

	s.command(path(a), s.as(second), this).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(path(a), s.as(first), this.with(body{"basis": paper})).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "basis")
	s.command(path(a), operator, this).refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	s.command(path(a), s.as(first), body{"dwelling_id": nobody}).
		refused(http.StatusUnprocessableEntity, domain.CodeDwellingUnknown, "dwelling_id")

	give := body{"dwelling_id": flat, "useful_area": 30, "rooms": 1, "need_check": needed, "minutes": body{"number": "12"}}
	provision := entryPath(list, c) + "/provision"
	s.command(provision, commission, give.with(body{"declined": []string{a, nobody}})).
		refused(http.StatusConflict, domain.CodeDeclineNotRecorded, "declined[0]")
	declined := s.command(path(a), s.as(first), this).is(http.StatusOK)
	s.command(provision, commission, give.with(body{"declined": []string{a, nobody}})).
		refused(http.StatusUnprocessableEntity, domain.CodeEntryUnknown, "declined[1]")

	taken := s.command(path(a), s.as(first), this.with(body{"take_back": true})).is(http.StatusOK)
	s.command(provision, commission, give).refused(http.StatusConflict, domain.CodeNotFirstEligible, "")
	s.command(path(a), operator, declining(flat)).is(http.StatusOK)
	history := s.seen("/v1/persons/"+first+"/history", s.token(domain.RoleAuditor), taken)
	for _, want := range []string{"DwellingDeclined", "DeclineTakenBack"} {
		if !strings.Contains(history.text, want) {
			t.Errorf("%s is not in the history of the holder", want)
		}
	}
	if in := s.seen("/v1/dwellings/"+flat+"/history", s.token(domain.RoleAuditor), declined); !strings.Contains(in.text, "DwellingDeclined") {
		t.Error("the history of the dwelling has no decline")
	}

	given := s.command(provision, commission, give.with(body{
		"declined": []string{a}, "decline_documents": []body{{"entry_id": b, "basis": paper}},
	})).is(http.StatusOK)
	if got := given.at("skipped").([]any); len(got) != 2 || given.at("skipped", 1, "reason") != "declined" {
		t.Errorf("skipped %v", got)
	}
	auditor := s.token(domain.RoleAuditor)
	if h := s.seen("/v1/persons/"+second+"/history", auditor, given); !strings.Contains(h.text, "DwellingDeclined") {
		t.Error("what the commission stated is not in the history of the holder")
	}
	s.command(path(b), s.as(second), this).refused(http.StatusConflict, domain.CodeNothingChanges, "dwelling_id")
	_, d, _ := s.entry(list)
	s.command(path(d), commission, declining(flat)).
		refused(http.StatusConflict, domain.CodeDwellingLeased, "dwelling_id")
	s.command(path(c), s.as(other), this).refused(http.StatusConflict, domain.CodeEntryNotActive, "")
}
