package httpapi_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
)

// TestQ19_C21_WhoWasSkippedHasItInTheirHistoryAndNothingElse: the auditor reads
// the decision in the history of who declined the dwelling, and that read is
// noted for everybody whom it names. Who was skipped does not become a party.
func TestQ19_C21_WhoWasSkippedHasItInTheirHistoryAndNothingElse(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, auditor := s.token(domain.RoleCommission), s.token(domain.RoleAuditor)
	list := s.list()
	skipped, a, _ := s.entry(list)
	r.clock.pass(24 * time.Hour)
	provided, b, _ := s.entry(list)
	flat := s.service()
	s.command(entryPath(list, a)+"/decline", s.as(skipped), body{"dwelling_id": flat}).is(http.StatusOK)
	given := s.command(entryPath(list, b)+"/provision", commission, body{
		"dwelling_id": flat, "useful_area": 30, "rooms": 1, "need_check": needed, "minutes": body{"number": "12"}, "declined": []string{a},
	}).is(http.StatusOK)

	types := func(person string) (all []string) {
		page := s.seen("/v1/persons/"+person+"/history", auditor, given).is(http.StatusOK)
		for i := range page.at("events").([]any) {
			all = append(all, page.at("events", i, "type").(string))
		}
		return all
	}
	noted := func(since domain.Position) []string { return slices.Sorted(maps.Keys(s.left(since))) }

	before := s.head()
	got := types(skipped)
	if !slices.Contains(got, "ProvisionDecided") || !slices.Contains(got, "EntryProvided") ||
		slices.Contains(got, "ProvisionCompleted") {
		t.Errorf(
			"the history of who declined has %v; want the decision and the provision, and no other step of that case",
			got,
		)
	}
	both := []string{skipped, provided}
	slices.Sort(both)
	if got := noted(before); !slices.Equal(got, both) {
		t.Errorf("this read is noted for %v, want %v", got, both)
	}
	before = s.head()
	types(provided)
	if got := noted(before); !slices.Equal(got, []string{provided}) {
		t.Errorf("a read of the history of who is provided for is noted for %v, want %s", got, provided)
	}
	if n := len(s.seen("/v1/me/services", s.as(skipped), given).is(http.StatusOK).at("services").([]any)); n != 1 {
		t.Errorf("the account of who declined shows %d services, want their own application", n)
	}
	s.get("/v1/cases/"+given.id("case_id"), s.as(skipped)).is(http.StatusNotFound)
}
