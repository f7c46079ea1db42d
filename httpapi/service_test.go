package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestQ41_AServiceIsComparedWithTheBodyOfTheList: stated, it is shown to the commission; not stated, or
// in another body, it is answered.
func TestQ41_AServiceIsComparedWithTheBodyOfTheList(t *testing.T) {
	s := start(t).at(t)
	operator, commission, list := s.token(domain.RoleOperator), s.token(domain.RoleCommission), s.list()
	apply := func(more body) *answer {
		return s.command("/v1/housing-applications", operator, application(s.citizen(), list).with(body{"basis": paper}).with(more))
	}
	apply(body{"service": serves.with(body{"since": "2999-01-01"})}).
		refused(http.StatusUnprocessableEntity, domain.CodeDateInFuture, "service.since")
	apply(body{"service": serves.with(body{"since": "1890-01-01"})}).
		refused(http.StatusUnprocessableEntity, domain.CodeBeforeBirth, "service.since")
	for _, c := range []struct {
		name string
		more body
		want domain.Code
	}{
		{"the body of the list", body{"service": serves}, ""},
		{"another body", body{"service": serves.with(body{"employer": "ҚР Ішкі істер министрлігі"})}, domain.CodeServiceElsewhere},
		{"none", body{"service": nil}, domain.CodeServiceNotStated},
	} {
		id := apply(c.more).is(http.StatusCreated).id("case_id")
		shown := s.get("/v1/cases/"+id+"/comparison", commission).is(http.StatusOK)
		if stated := strings.Contains(shown.text, "бас маман"); stated == (c.want == domain.CodeServiceNotStated) {
			t.Errorf("Q41 %s: beside the application stands %s", c.name, shown.text)
		}
		silent := body{"outcome": "place", "examination": findings()}
		if c.want == "" {
			s.command("/v1/cases/"+id+"/decision", commission, silent).is(http.StatusOK)
			continue
		}
		refused := s.command("/v1/cases/"+id+"/decision", commission, silent).
			refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
		if got := contradicted(refused); !slices.Equal(got[1:], []string{string(c.want)}) || strings.Contains(refused.text, "Ішкі істер") {
			t.Errorf("Q41 %s: %s", c.name, refused.text)
		}
		s.command("/v1/cases/"+id+"/decision", commission, silent.with(body{
			"accept": []domain.Code{c.want}, "accept_reasons": "seconded by order 4",
		})).is(http.StatusOK)
	}
}

// TestQ42_TheEndOfAServiceReachesTheEntry: the desk records it, the holder is told, the commission
// reviews the entry or undoes the mistake.
func TestQ42_TheEndOfAServiceReachesTheEntry(t *testing.T) {
	s := start(t).at(t)
	operator, commission, list := s.token(domain.RoleOperator), s.token(domain.RoleCommission), s.list()
	holder, entry, _ := s.entry(list)
	path := entryPath(list, entry) + "/service-end"
	ended := body{"on": "2026-03-10", "reasons": "dismissed", "basis": paper}
	s.command(path, s.as(holder), ended).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	before := s.head()
	s.command(path, operator, body{"on": "2026-03-10", "reasons": "dismissed"}).
		refused(http.StatusUnprocessableEntity, domain.CodeRequired, "basis")
	if s.changed(before) {
		t.Error("the refusal has left something in the log")
	}
	s.notify(nil) // from now on notices are owed
	recorded := s.command(path, operator, ended).is(http.StatusOK)
	told := s.seen("/v1/me/notices", s.as(holder), s.notify(recorded)).is(http.StatusOK)
	if !strings.Contains(told.text, `"service_ended"`) || strings.Contains(told.text, "review_opened") {
		t.Errorf("Q42 the holder is told %s", told.text)
	}
	state := func(a *answer) any {
		return s.seen(entryPath(list, entry), commission, a).is(http.StatusOK).at("status")
	}
	if got := state(recorded); got != "under_review" {
		t.Errorf("Q42 ended: %v", got)
	}
	due := s.seen("/v1/duties", commission, recorded).is(http.StatusOK)
	if !strings.Contains(due.text, `"service_ended"`) {
		t.Errorf("Q42 the commission has to do %s", due.text)
	}

	end := fmt.Sprint(recorded.at("events", 0, "stream"), "@", recorded.at("events", 0, "revision"))
	undo := body{"service_end": end, "reasons": "a namesake", "basis": paper}
	s.command(path+"/undo", operator, undo).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	s.command(path+"/undo", commission, undo.with(body{"service_end": "queue-" + list + "@0"})).
		refused(http.StatusUnprocessableEntity, domain.CodeFactUnknown, "service_end")
	undone := s.command(path+"/undo", commission, undo).is(http.StatusOK)
	if got := state(undone); got != "placed" && got != "active" {
		t.Errorf("Q42 undone: %v", got)
	}
	told = s.seen("/v1/me/notices", s.as(holder), s.notify(undone)).is(http.StatusOK)
	if !strings.Contains(told.text, `"service_end_undone"`) || strings.Contains(told.text, "review_closed") {
		t.Errorf("Q42 the holder is told %s", told.text)
	}
	if due := s.seen("/v1/duties", commission, undone).is(http.StatusOK); strings.Contains(due.text, `"service_ended"`) {
		t.Errorf("Q42 the commission has to do yet %s", due.text)
	}
	s.command(path+"/undo", commission, undo).
		refused(http.StatusUnprocessableEntity, domain.CodeFactUnknown, "service_end")
}
