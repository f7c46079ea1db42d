package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// paper is a document on which an official acts.
var paper = body{
	"type": "title_document", "number": "17-304", "issued_on": "2026-03-10", "issuer": "нотариус Б. Сейітова",
	"sha256": domain.TextDigest([]byte("a file")),
}

// TestC11_ADeskStatesContactsOnAPaperAndThePersonPresentHandsInTheCode: the contact
// before is in force until then.
func TestC11_ADeskStatesContactsOnAPaperAndThePersonPresentHandsInTheCode(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, operator := s.citizen(), s.token(domain.RoleOperator)
	s.contacts(person, body{"phone": "+77010000011", "language": "kk"})
	path := "/v1/persons/" + person + "/contacts"
	a := s.command(path, operator, body{"phone": "+77010000022", "language": "kk", "basis": paper}).is(http.StatusOK)
	if a.at("phone") != "+7********11" || a.at("unconfirmed", "phone") != "+7********22" {
		t.Errorf("answered %s", a.text)
	}
	sent := s.mobile.messages()
	code := codeOf(sent[len(sent)-1])
	s.command(path+"/confirmation", operator, code.with(body{"code": wrongCode(code["code"].(string))})).
		refused(http.StatusUnprocessableEntity, domain.CodeContactCodeWrong, "code")
	if a := s.command(path+"/confirmation", operator, code).is(http.StatusOK); a.at("phone") != "+7********22" {
		t.Errorf("answered %s", a.text)
	}
	s.command(path+"/confirmation", operator, code).refused(http.StatusConflict, domain.CodeNoCodeAwaited, "contact")
	for _, at := range []struct {
		member, value, field string
		code                 domain.Code
	}{
		{"sha256", "9F86", "basis.sha256", domain.CodeHashFormat},
		{"number", " ", "basis.number", domain.CodeRequired},
		{"issued_on", "2026-03-16", "basis.issued_on", domain.CodeDateInFuture},
	} {
		s.command(path, operator, body{
			"phone": "+77010000033", "language": "kk", "basis": paper.with(body{at.member: at.value}),
		}).refused(http.StatusUnprocessableEntity, at.code, at.field)
	}
	history := s.seen("/v1/persons/"+person+"/history", s.token(domain.RoleAuditor), a).is(http.StatusOK)
	if !strings.Contains(history.text, paper["sha256"].(string)) {
		t.Error("the history does not show the paper")
	}
}

// wrongCode is another code than the right one.
func wrongCode(code string) string {
	last := (code[len(code)-1]-'0'+1)%10 + '0'
	return code[:len(code)-1] + string(last)
}
