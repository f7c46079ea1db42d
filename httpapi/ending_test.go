package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestR36_R37_R38_ADwellingIsSplitMergedAndDemolished: the residents go on without a gap, what is
// gone takes nothing more, and answers about the days before are as they were.
func TestR36_R37_R38_ADwellingIsSplitMergedAndDemolished(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	provider, operator, auditor := s.token(domain.RoleProvider), s.token(domain.RoleOperator), s.token(domain.RoleAuditor)
	owner, daur, erlan := s.citizen(), s.citizen(), s.citizen()
	old := rka()
	record := func(code string, from ...string) string {
		of := body{"rka": code, "address": "Астана, 5", "owners": []body{{"person_id": owner}}, "owners_since": "2019-04-01"}
		if len(from) > 0 {
			of["made_from"] = from
		}
		return s.command("/v1/dwellings", operator, of).is(http.StatusCreated).id("dwelling_id")
	}
	register := func(person, dwelling, from string) *answer {
		return s.command("/v1/registrations", operator, registration(person, dwelling, from, "").with(body{
			"consents": []body{{"person_id": owner}},
		}))
	}
	flat := record(old)
	register(daur, flat, "2026-03-01").is(http.StatusCreated)
	register(erlan, flat, "2026-03-02").is(http.StatusCreated)
	left, right := record(rka(), flat), record(rka(), flat)
	end := func(dwelling, token string, what body) *answer {
		return s.command("/v1/dwellings/"+dwelling+"/end", token, body{"effective_on": "2026-03-10", "basis": paper}.with(what))
	}
	residents := []body{{"person_id": daur, "dwelling_id": left}, {"person_id": erlan, "dwelling_id": right}}

	end(flat, operator, body{"how": "demolished"}).is(http.StatusForbidden)
	inhabited := end(flat, provider, body{"how": "demolished"}).refused(http.StatusConflict, domain.CodeDwellingInhabited, "")
	if !strings.Contains(inhabited.text, daur) || !strings.Contains(inhabited.text, erlan) {
		t.Errorf("the refusal does not name who lives there: %s", inhabited.text)
	}
	end(flat, provider, body{"how": "split", "into": []string{left, right}, "residents": residents[:1]}).
		refused(http.StatusConflict, domain.CodeResidentNotAssigned, "residents")
	split := end(flat, provider, body{"how": "split", "into": []string{left, right}, "residents": residents}).is(http.StatusOK)

	gone := register(daur, flat, "2026-03-12").refused(http.StatusConflict, domain.CodeDwellingGone, "dwelling_id")
	if !strings.Contains(gone.text, left) || !strings.Contains(gone.text, right) {
		t.Errorf("the refusal does not say what became of it: %s", gone.text)
	}
	s.command("/v1/dwellings/"+flat+"/owners", operator, body{"owners": []body{}, "basis": paper}).
		refused(http.StatusConflict, domain.CodeDwellingGone, "")
	last := s.command("/v1/dwellings", operator, body{"rka": old, "address": "Астана, 6"}).is(http.StatusCreated)

	for _, c := range []struct {
		dwelling, query, who string
		how                  any
	}{
		{flat, "?as_of=2026-03-09", daur, nil}, {flat, "", "", "split"}, {left, "", daur, nil}, {right, "", erlan, nil},
		{left, "?as_of=2026-03-09", "", nil}, {flat, "?as_of=2026-03-10", "", "split"},
	} {
		got := s.seen("/v1/dwellings/"+c.dwelling+"/residents"+c.query, auditor, last)
		there, _ := got.body["gone"].(map[string]any)
		if (c.who == "") != (got.residents() == 0) || !strings.Contains(got.text, c.who) || (c.how == nil) != (there == nil) ||
			there != nil && there["how"] != c.how {
			t.Errorf("residents%s: %s", c.query, got.text)
		}
	}

	one := record(rka(), left, right)
	end(left, provider, body{"how": "merged", "into": []string{one}}).is(http.StatusOK)
	last = end(right, provider, body{"how": "merged", "into": []string{one}}).is(http.StatusOK)
	if got := s.seen("/v1/dwellings/"+one+"/residents", auditor, last); got.residents() != 2 {
		t.Errorf("in the merged dwelling live %s", got.text)
	}
	shed := record(rka())
	last = end(shed, provider, body{"how": "demolished"}).is(http.StatusOK)
	if got := s.seen("/v1/dwellings/"+shed+"/residents", auditor, last); !strings.Contains(got.text, "demolished") {
		t.Errorf("what was demolished is shown as %s", got.text)
	}

	s.notify(split)
	if told := s.seen("/v1/me/notices", s.as(daur), s.notify(last)); !strings.Contains(told.text, "registration_carried_over") {
		t.Errorf("a resident is told %s", told.text)
	}
	if told := s.get("/v1/me/notices", s.as(owner)); !strings.Contains(told.text, "dwelling_ended") {
		t.Errorf("the owner is told %s", told.text)
	}
}
