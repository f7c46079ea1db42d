package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// ward is a child of six with a parent who represents the child.
func (s *subtest) ward(parent string) string {
	s.t.Helper()
	child := s.child()
	s.command("/v1/persons/"+child+"/representatives", s.token(domain.RoleOperator), body{
		"representative_id": parent, "kind": "parent",
	}).is(http.StatusCreated)
	return child
}

func TestR32_TheParentOfAChildWhoOwnsAFlatActsAndTheChildDoesNot(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	parent, stranger, resident := s.citizen(), s.citizen(), s.citizen()
	child := s.ward(parent)
	flat := s.dwelling(child)

	consent := func(by string) body {
		b := registration(resident, flat, "2026-03-01", "")
		given := body{"person_id": child}
		if by != "" {
			given["represented_by"] = by
		}
		b["consents"] = []body{given}
		return b
	}
	for _, by := range []string{"", stranger} {
		s.command("/v1/registrations", operator, consent(by)).
			refused(http.StatusConflict, domain.CodeRepresentative, "consents[0].represented_by")
	}
	s.command("/v1/registrations", operator, consent(parent)).is(http.StatusCreated)

	application := removal(child, flat, resident)
	s.command("/v1/deregistrations", s.as(child), application).refused(http.StatusForbidden, domain.CodeRepresentative, "")
	s.command("/v1/deregistrations", s.as(stranger), application).
		refused(http.StatusForbidden, domain.CodeApplicantNotYou, "applicant_id")
	out := s.command("/v1/deregistrations", s.as(parent), application).is(http.StatusCreated)
	if out.at("results", 0, "outcome") != "deregistered" {
		t.Errorf("the parent applied, and got %s", out.text)
	}
	seen := "/v1/cases/" + out.id("case_id")
	s.seen(seen, s.as(parent), out)
	s.seen(seen, s.as(child), out)
	s.get(seen, s.as(stranger)).is(http.StatusNotFound)

	own := "/v1/persons/" + child + "/residence"
	s.get(own, s.as(parent)).is(http.StatusOK)
	s.get(own, s.as(stranger)).is(http.StatusNotFound)
	complaint := "/v1/cases/" + out.id("case_id") + "/complaint"
	s.command(complaint, s.as(child), body{"grounds": "g"}).refused(http.StatusForbidden, domain.CodeRepresentative, "")
	s.command(complaint, s.as(stranger), body{"grounds": "g"}).is(http.StatusNotFound)
	s.command(complaint, s.as(parent), body{"grounds": "g"}).is(http.StatusOK)

	history := s.get("/v1/persons/"+child+"/history", s.token(domain.RoleAuditor)).is(http.StatusOK)
	if !strings.Contains(history.text, `"represented_by":"`+parent+`"`) {
		t.Errorf("the history does not say who acted: %s", history.text)
	}
}
