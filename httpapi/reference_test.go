package httpapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tizilim/domain"
)

func TestAPurposeNamesWhatItRestsOn(t *testing.T) {
	s := start(t).at(t)
	path, operator := "/v1/persons/"+s.citizen()+"/residence", s.token(domain.RoleOperator)
	purpose := func(p string) header { return header{"Tizilim-Purpose", p} }
	reference := func(r string) header { return header{"Tizilim-Reference", r} }
	court := purpose("court_request")
	const at, why = "header.Tizilim-Reference", "header.Tizilim-Purpose"
	for name, c := range map[string]struct {
		headers []header
		code    domain.Code
		field   string
	}{
		"a court request without its number":   {[]header{court}, domain.CodeReferenceRequired, at},
		"a court request with an empty number": {[]header{court, reference("%20")}, domain.CodeReferenceRequired, at},
		"a reference that is too long":         {[]header{court, reference(strings.Repeat("9", 201))}, domain.CodeMalformed, at},
		"a reference that is too long as text": {
			[]header{court, reference(url.PathEscape(strings.Repeat("ә", 60) + strings.Repeat("9", 81)))}, domain.CodeMalformed, at,
		},
		"a reference with a control character": {[]header{court, reference("2%0A17")}, domain.CodeMalformed, at},
		"a reference that is no text":          {[]header{court, reference("%ff")}, domain.CodeMalformed, at},
		"a reference without a purpose":        {[]header{reference("2-17/26")}, domain.CodeRequired, why},
		"a purpose that nobody has":            {[]header{purpose("curiosity")}, domain.CodeValueUnknown, why},
	} {
		t.Run(name, func(t *testing.T) {
			s.registry.at(t).get(path, operator, c.headers...).refused(http.StatusUnprocessableEntity, c.code, c.field)
		})
	}
	s.get(path, operator, court, reference("2-17/26")).is(http.StatusOK)
	s.get(path, operator, purpose("service"), reference("%20")).is(http.StatusOK) // only a court request needs one
	person := s.citizen()
	s.get("/v1/persons/"+person+"/residence", s.as(person), reference("2-17/26")).is(http.StatusOK) // means nothing
}
