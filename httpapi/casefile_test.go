package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
)

// offered returns the operations that the file of a case offers to the caller.
func (s *subtest) offered(id, token string, after *answer) (ops []string) {
	s.t.Helper()
	for _, step := range s.seen("/v1/cases/"+id+"/file", token, after).is(http.StatusOK).at("next").([]any) {
		ops = append(ops, step.(map[string]any)["operation"].(string))
	}
	return ops
}

func TestTheFileOfACaseShowsWhoPapersAndAllThatWasSaid(t *testing.T) {
	s := start(t).at(t)
	list, person, child := s.list(), s.citizen(), s.recorded("citizen")
	id := s.command("/v1/housing-applications", s.token(domain.RoleOperator), application(person, list).with(body{
		"basis": paper, "family": []body{{"person_id": child, "relation": "spouse"}},
		"documents": []body{{"type": "birth_certificate", "number": "М-17"}},
	})).is(http.StatusCreated).id("case_id")
	commission, citizen := s.token(domain.RoleCommission), s.as(person)
	var last *answer
	for _, st := range longWay()[:8] { // up to the complaint
		last = s.step(id, person, st).is(http.StatusOK)
	}
	a := s.seen("/v1/cases/"+id+"/file", commission, last).is(http.StatusOK)
	for _, want := range []string{
		"М-17", "refusal: a dwelling", "wants no hearing", "it is not mine", "of the child", "commission-1", "birth_certificate",
	} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the file does not show %q", want)
		}
	}
	if a.at("persons", 0, "person_id") != person || a.at("persons", 0, "as") != "applicant" || a.at("persons", 0, "name") == "" ||
		a.at("persons", 1, "person_id") != child || a.at("persons", 1, "relation") != "spouse" ||
		a.at("list", "list_id") != list || a.at("papers", 0, "document", "type") != "birth_certificate" ||
		a.at("due", 0, "what") != "complaint_forwarding" || a.at("number") == "" {
		t.Error(a.text)
	}
	// The applicant sees the same and no account of an official; others see nothing.
	a = s.get("/v1/cases/"+id+"/file", citizen).is(http.StatusOK)
	if strings.Contains(a.text, "commission-1") || !strings.Contains(a.text, "refusal: a dwelling") {
		t.Errorf("the applicant sees %s", a.text)
	}
	s.get("/v1/cases/"+id+"/file", s.as(child)).is(http.StatusNotFound)
	_, other := s.commission("almaty-1")
	s.get("/v1/cases/"+id+"/file", other).is(http.StatusForbidden)

	takes := s.get("/v1/cases/"+id+"/file", commission).at("next", 0, "takes", 0).(map[string]any)
	if takes["required"] != true || takes["doc"] == "" || takes["name"] == "" {
		t.Errorf("the first step takes %v", takes)
	}
}

// TestAnApplicantSeesNoAccountOfAnOfficial, whatever was done in the case, nor who voted how.
func TestAnApplicantSeesNoAccountOfAnOfficial(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	recused := []caseStep{
		{"review", nil, domain.RoleCommission},
		{"recusal", body{"ground": "interested", "decider": "commission-2"}, domain.RoleCommission},
		{"extension", body{"office": "head", "until": domain.DateOf(r.clock.Now()).AddMonths(2).String(), "reasons": "r"}, reviewer},
		{"termination", body{"ground": "other_by_law", "reasons": "r"}, reviewer},
	}
	for _, way := range [][]caseStep{longWay(), objecting(), recused} {
		person := s.citizen()
		id := s.applied(person, list)
		var last *answer
		for _, st := range way {
			last = s.step(id, person, st).is(http.StatusOK)
		}
		file := "/v1/cases/" + id + "/file"
		if a := s.seen(file, s.token(domain.RoleCommission), last); !strings.Contains(a.text, "commission-") {
			t.Errorf("the commission does not see who has acted: %s", a.text)
		}
		if a := s.get(file, s.as(person)).is(http.StatusOK); strings.Contains(a.text, "commission-") {
			t.Errorf("the applicant sees who has acted: %s", a.text)
		}
	}
}

// TestAnApplicantSeesThatACommissionMet and not who voted how.
func TestAnApplicantSeesThatACommissionMet(t *testing.T) {
	s := start(t).at(t)
	b := newBoard(s)
	list := s.command("/v1/queues", b.bearer, body{"settlement": "Астана", "title": "t"}).is(http.StatusCreated).id("list_id")
	person, _, placed := b.entry(list)
	file := "/v1/cases/" + placed.id("case_id") + "/file"
	if a := s.seen(file, b.bearer, placed); !strings.Contains(a.text, `"present"`) {
		t.Errorf("the commission does not see its votes: %s", a.text)
	}
	a := s.get(file, s.as(person)).is(http.StatusOK)
	if strings.Contains(a.text, `"present"`) || !strings.Contains(a.text, `"minutes"`) {
		t.Errorf("the applicant sees %s", a.text)
	}
}

// TestWhatTheFileOffersIsOpen: what is offered is not refused because of where the case stands,
// and what is not offered is.
func TestWhatTheFileOffersIsOpen(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list := s.list()
	tries := map[string]struct {
		role domain.Role
		body body
	}{
		"review":               {domain.RoleCommission, nil},
		"correction-request":   {domain.RoleCommission, body{"missing": []body{{"text": "t"}}}},
		"correction":           {domain.RoleCitizen, body{}},
		"forwarding":           {domain.RoleCommission, body{"to": "b"}},
		"recusal":              {domain.RoleCommission, body{"ground": "interested", "decider": "commission-9"}},
		"hearing":              {domain.RoleCommission, body{"preliminary": "p"}},
		"objection":            {domain.RoleCitizen, body{"objection": "o"}},
		"hearing-end":          {domain.RoleCommission, body{"how": "waived", "protocol": "p"}},
		"withdrawal":           {domain.RoleCitizen, body{}},
		"termination":          {domain.RoleCommission, body{"ground": "other_by_law", "reasons": "r"}},
		"complaint-withdrawal": {domain.RoleCitizen, body{}},
		"complaint":            {domain.RoleCitizen, body{"grounds": "g"}},
	}
	compare := func(id, person string, last *answer) {
		t.Helper()
		for name, try := range tries {
			token := s.token(try.role)
			if try.role == domain.RoleCitizen {
				token = s.as(person)
			}
			offered := slices.Contains(s.offered(id, token, last), name)
			if try.body == nil {
				try.body = body{}
			}
			a := s.command("/v1/cases/"+id+"/"+name+"?dry_run=true", token, try.body)
			code, _ := a.body["code"].(string)
			open := code != string(domain.CodeStepNotOpen) && code != string(domain.CodeCaseDecided) &&
				code != string(domain.CodeComplaintPending)
			if offered != open {
				t.Errorf("%s in state %s: offered %t, and answered %d %s", name, s.get("/v1/cases/"+id, token).at("state"), offered, a.status, code)
			}
		}
	}
	for _, way := range [][]caseStep{longWay(), objecting(), {{"withdrawal", body{}, domain.RoleCitizen}},
		{{"termination", body{"ground": "other_by_law", "reasons": "r"}, domain.RoleCommission}},
		{{"forwarding", body{"to": "b"}, domain.RoleCommission}}} {
		person := s.citizen()
		id := s.applied(person, list)
		compare(id, person, s.get("/v1/cases/"+id, s.as(person)))
		for _, st := range way {
			compare(id, person, s.step(id, person, st).is(http.StatusOK))
		}
	}
}
