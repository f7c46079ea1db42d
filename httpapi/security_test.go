package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi/security"
)

func TestTheSecurityLogTellsRefusalsAndNoPersonalValue(t *testing.T) {
	var lines bytes.Buffer
	r := start(t, func(s *settings) { s.security = &lines })
	s := r.at(t)
	iin := s.iin()
	one, other := s.citizen(), s.citizen()
	s.get("/v1/me", "guess").is(http.StatusUnauthorized)
	s.get("/v1/cases?overdue=true", s.as(one)).is(http.StatusForbidden)
	s.get("/v1/persons/"+other+"/residence", s.as(one)).is(http.StatusNotFound)
	s.send(http.MethodPost, "/v1/persons/search", s.token(domain.RoleOperator), body{"purpose": "service", "iin": iin}).is(http.StatusNotFound)
	s.reachable(one, "+77010000000")
	s.get("/v1/persons/"+other+"/residence", s.token(domain.RoleAuditor)).is(http.StatusOK)

	type line struct {
		Action string      `json:"event.action"`
		User   string      `json:"user.id"`
		Code   domain.Code `json:"error.code"`
		Status int         `json:"http.response.status_code"`
		Route  string      `json:"http.route"`
	}
	var got []line
	for text := range strings.Lines(lines.String()) {
		var l line
		must(t, json.Unmarshal([]byte(text), &l))
		got = append(got, l)
	}
	for _, want := range []line{
		{security.TokenRefused, "", domain.CodeUnauthenticated, 401, "/v1/me"},
		{security.RoleRefused, one, domain.CodeRoleNotAllowed, 403, "/v1/cases"},
		{security.RecordRefused, one, domain.CodeNotFound, 404, "/v1/persons/{id}/residence"},
		{security.SearchFailed, "operator-1", domain.CodePersonUnknown, 404, "/v1/persons/search"},
		{security.ContactChanged, one, "", 200, "/v1/me/contacts"},
	} {
		if !slices.Contains(got, want) {
			t.Errorf("there is no %+v in:\n%s", want, lines.String())
		}
	}
	for _, value := range []string{iin, "77010000000", other} {
		if strings.Contains(lines.String(), value) {
			t.Errorf("the security log has %s:\n%s", value, lines.String())
		}
	}
	if metrics := s.scrape(); !strings.Contains(metrics, `tizilim_persons_shown_total{role="auditor"} 1`) {
		t.Error("the persons who were shown are not counted")
	}
}
