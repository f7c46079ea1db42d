package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// TestC20_ASpouseIsToldConsentsAndIsPlacedOrDroppedOverHTTP: what each of them sees, and
// what a stranger does not.
func TestC20_ASpouseIsToldConsentsAndIsPlacedOrDroppedOverHTTP(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	person, spouse, stranger := s.citizen(), s.citizen(), s.citizen()
	operator, commission := s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	first, second := s.list(), s.listOf("another body")
	apply := func(list string) (path string) {
		id := s.command("/v1/housing-applications", operator, application(person, list).with(body{
			"family": []body{{"person_id": spouse, "relation": "spouse"}},
		})).is(http.StatusCreated).id("case_id")
		s.command("/v1/cases/"+id+"/review", commission, body{}).is(http.StatusOK)
		return "/v1/cases/" + id
	}
	path := apply(first)
	waiting := s.command(path+"/examination", commission, findings()).is(http.StatusOK)
	if waiting.at("unconsented", 0) != spouse {
		t.Errorf("the examination says %s", waiting.text)
	}
	s.command(path+"/examination", commission, findings().with(body{
		"lookups": []body{{"person_id": spouse, "scope": "benefits"}},
	})).refused(http.StatusConflict, domain.CodeMemberConsentMissing, "lookups[0]")
	s.command(path+"/decision", commission, placing).
		refused(http.StatusConflict, domain.CodeMemberConsentMissing, "outcome")
	told := s.seen("/v1/me/notices", s.as(spouse), s.notify(waiting)).is(http.StatusOK)
	if !strings.Contains(told.text, `"named_in_family"`) || !strings.Contains(told.text, path[len("/v1/cases/"):]) {
		t.Errorf("the spouse is told %s", told.text)
	}

	answer := path + "/member-consent"
	s.command(answer, s.as(stranger), body{"given": true}).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(answer, s.as(person), body{"given": true}).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command("/v1/cases/"+nobody+"/member-consent", s.as(spouse), body{"given": true}).
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.command(answer, s.as(spouse), body{"given": true, "person_id": spouse}).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "person_id")
	s.command(answer, operator, body{"given": true}).refused(http.StatusUnprocessableEntity, domain.CodeRequired, "person_id")
	s.command(answer, operator, body{"given": true, "person_id": spouse}).
		refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	declined := s.command(answer, s.as(spouse), body{"given": false}).is(http.StatusOK)
	s.command(path+"/decision", commission, placing).
		refused(http.StatusConflict, domain.CodeMemberConsentMissing, "outcome")
	s.notify(declined)
	told = s.seen("/v1/me/notices", s.as(person), s.notify(declined)).is(http.StatusOK)
	if !strings.Contains(told.text, `"family_member_declined"`) {
		t.Errorf("the applicant is told %s", told.text)
	}
	state := func(who string) any {
		return s.seen(path, who, declined).is(http.StatusOK).at("family_consents", 0, "state")
	}
	if a, b, c := state(s.as(person)), state(s.as(spouse)), state(commission); a != "refused" || b != a || c != a {
		t.Errorf("the consent is shown as %v, %v and %v", a, b, c)
	}

	drop := body{"drop": []string{spouse}}
	s.command(path+"/family-correction", s.as(spouse), drop).refused(http.StatusNotFound, domain.CodeNotFound, "")
	dropped := s.command(path+"/family-correction", s.as(person), drop).is(http.StatusOK)
	if c := s.seen(path, s.as(person), dropped); c.at("family_consents") != nil || c.at("persons") != nil {
		t.Errorf("after the correction: %s", c.text)
	}
	s.command(path+"/decision", commission, placing).is(http.StatusOK)
	// The spouse is not barred by the place of somebody whose family they did not join.
	s.placed(s.applied(spouse, first))

	other := apply(second)
	s.command(other+"/member-consent", operator, body{"given": true, "person_id": spouse, "basis": paper}).
		is(http.StatusOK)
	s.command(other+"/family-correction", s.as(person), drop).
		refused(http.StatusConflict, domain.CodeMemberConsented, "drop[0]")
	s.command(other+"/examination", commission, findings().with(body{
		"lookups": []body{{"person_id": spouse, "scope": "benefits"}},
	})).is(http.StatusOK)
	s.command(other+"/decision", commission, placing).is(http.StatusOK)
}
