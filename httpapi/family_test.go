package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestQ40_AReportedChangeIsShownReviewedAndToldWithItsLastDay: and the same child is not counted for
// two holders without a word.
func TestQ40_AReportedChangeIsShownReviewedAndToldWithItsLastDay(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	first, one, _ := s.entry(list)
	second, two, _ := s.entry(list)
	child := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"name": "Ерлан", "birth_date": "2020-05-17", "class": "refugee",
	}).is(http.StatusCreated).id("person_id")
	born := body{"kind": "family", "happened_on": "2026-03-10", "family": []body{{"person_id": child, "relation": "child"}}}
	shown := born.with(body{"papers": []body{{"person_id": child, "document": shownBy("birth_certificate")}}})
	before := s.head()
	s.command(entryPath(list, one)+"/change", s.as(first), born).
		refused(http.StatusUnprocessableEntity, domain.CodePaperRequired, "papers")
	s.command(entryPath(list, one)+"/change", s.as(first), born.with(body{"papers": []body{
		{"person_id": child, "document": shownBy("marriage_certificate")}}})).
		refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "papers[0].type")
	if s.changed(before) {
		t.Error("the refusals have left something in the log")
	}
	s.notify(nil)
	reported := s.command(entryPath(list, one)+"/change", s.as(first), shown).is(http.StatusOK)
	told := s.seen("/v1/me/notices", s.as(first), s.notify(reported)).is(http.StatusOK)
	if !strings.Contains(told.text, `"family_review_opened"`) {
		t.Errorf("the holder is told %s", told.text)
	}
	s.expect(entryPath(list, one), 1, "placed", reported)
	if got := s.todo(commission, "10", reported); len(got) != 1 || got[0]["reason"] != "family_changed" || got[0]["entry_id"] != one {
		t.Errorf("the commission must do %v", got)
	}
	s.command(entryPath(list, one)+"/review", commission, body{"close": true, "note": "n"}).is(http.StatusOK)

	again := s.command(entryPath(list, two)+"/change", s.as(second), shown).is(http.StatusOK)
	s.seen(entryPath(list, two), commission, again)
	refused := s.command(entryPath(list, two)+"/review", commission, body{"close": true, "note": "n"}).
		refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
	if got := contradicted(refused); !slices.Contains(got, string(domain.CodeCountedElsewhere)) {
		t.Errorf("refused with %s", refused.text)
	}
	s.command(entryPath(list, two)+"/review", commission, body{"close": true, "note": "n"}.with(body{
		"accept": []string{"counted_in_another_entry"}, "accept_reasons": "by a court decision",
	})).is(http.StatusOK)
}
