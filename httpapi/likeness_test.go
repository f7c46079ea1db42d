package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

func TestR29_ASecondRecordOfOneHumanIsWarnedOfByNameAndBirthDate(t *testing.T) {
	s := start(t).at(t)
	operator := s.token(domain.RoleOperator)
	human := body{"name": "Ерлан Қали", "birth_date": "1990-05-17", "class": "refugee"}
	first := s.command("/v1/persons", operator, human).is(http.StatusCreated).id("person_id")
	warned := func(b body) {
		t.Helper()
		refusal := s.command("/v1/persons", operator, b).refused(http.StatusConflict, domain.CodeWarningsOpen, "accept")
		if refusal.at("errors", 1, "code") != string(domain.CodePersonAlike) || !strings.Contains(refusal.text, first) {
			t.Errorf("the refusal does not name %s: %s", first, refusal.text)
		}
	}
	warned(human)
	warned(human.with(body{"name": "ЕРЛАН  ҚАЛИ"}))
	s.command("/v1/persons", operator, human.with(body{"birth_date": "1990-05-18"})).is(http.StatusCreated)
	s.command("/v1/persons", operator, human.with(body{"iin": s.iin()})).is(http.StatusCreated)

	s.command("/v1/persons/"+first+"/data", operator, body{
		"kind": "change", "effective_from": "2026-03-01", "name": "Ерлан Сейіт", "basis": paper,
	}).is(http.StatusOK)
	third := human.with(body{"name": "Ерлан Сейіт"})
	warned(third)
	answered := s.command("/v1/persons", operator, third.with(body{"accept": []string{"same_name_and_birth_date"}})).
		is(http.StatusCreated)
	if answered.at("events", 0, "data", "alike", 0) != first {
		t.Errorf("the answer is not kept: %s", answered.text)
	}
	s.verified()
}
