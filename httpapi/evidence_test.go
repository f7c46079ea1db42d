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

// secondOfficial is the token of another desk than the usual one.
func (s *subtest) secondOfficial() string { return s.staff(domain.RoleOperator, "operator-2") }

// resold gives the dwelling other owners: one desk proposes it, and another confirms.
func (s *subtest) resold(dwelling string, change body) *answer {
	s.t.Helper()
	path := "/v1/dwellings/" + dwelling + "/owners"
	waiting := s.command(path, s.token(domain.RoleOperator), change.with(body{"basis": paper})).is(http.StatusAccepted)
	return s.command(path+"/confirmation", s.secondOfficial(), body{
		"proposal_id": waiting.at("pending", "proposal_id"), "outcome": "confirm",
	}).is(http.StatusOK)
}

func TestR5_AChangeOfOwnersWaitsForAnotherDeskAndEverybodyWhoLosesIsTold(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	owner, buyer, operator := s.citizen(), s.citizen(), s.token(domain.RoleOperator)
	home := s.dwelling(owner)
	path := "/v1/dwellings/" + home + "/owners"
	change := body{"owners": []body{{"person_id": buyer, "share": "1/1"}}}
	s.command(path, operator, change).refused(http.StatusUnprocessableEntity, domain.CodeBasisRequired, "basis")
	change = change.with(body{"basis": paper})
	s.command(path+"?dry_run=true", operator, change).is(http.StatusOK)
	key := header{"Idempotency-Key", s.key()}
	waiting := s.command(path, operator, change, key).is(http.StatusAccepted)
	if again := s.command(path, operator, change, key).is(http.StatusAccepted); again.text != waiting.text {
		t.Errorf("the repetition is answered %s", again.text)
	}
	ownersOf := func(after *answer) string {
		return s.seen("/v1/dwellings/"+home+"/residents", operator, after).is(http.StatusOK).text
	}
	if text := ownersOf(waiting); !strings.Contains(text, owner) || strings.Contains(text, buyer) {
		t.Errorf("while it waits: %s", text)
	}
	s.command(path, operator, change).refused(http.StatusConflict, domain.CodeProposalPending, "")
	confirm := body{"proposal_id": waiting.at("pending", "proposal_id"), "outcome": "confirm"}
	s.command(path+"/confirmation", operator, confirm).refused(http.StatusForbidden, domain.CodeOwnProposal, "")
	s.command(path+"/confirmation", s.secondOfficial(), confirm.with(body{"reasons": "r"})).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "reasons")
	s.command(path+"/confirmation", s.secondOfficial(), confirm, header{"If-Match", `"0"`}).
		refused(http.StatusPreconditionFailed, domain.CodeStaleRevision, "")
	done := s.command(path+"/confirmation", s.secondOfficial(), confirm).is(http.StatusOK)
	if text := ownersOf(done); strings.Contains(text, owner) || !strings.Contains(text, buyer) {
		t.Errorf("once it is confirmed: %s", text)
	}
	s.command(path+"/confirmation", s.secondOfficial(), confirm).
		refused(http.StatusConflict, domain.CodeProposalNotPending, "proposal_id")

	history := s.seen("/v1/persons/"+owner+"/history", s.token(domain.RoleAuditor), done).is(http.StatusOK).text
	for _, want := range []string{"OwnersChangeProposed", "OwnersChanged", paper["sha256"].(string)} {
		if !strings.Contains(history, want) {
			t.Errorf("the history of the former owner lacks %s", want)
		}
	}
	s.notify(done)
	told := s.seen("/v1/me/notices", s.as(owner), s.notify(done)).is(http.StatusOK)
	if !strings.Contains(told.text, "change_of_owners_proposed") || !strings.Contains(told.text, `"owners_changed"`) {
		t.Errorf("the former owner is told %s", told.text)
	}

	declined := s.command(path, operator, body{"owners": []body{{"person_id": owner}}, "basis": paper}).is(http.StatusAccepted)
	decline := body{"proposal_id": declined.at("pending", "proposal_id"), "outcome": "decline"}
	s.command(path+"/confirmation", s.secondOfficial(), decline).
		refused(http.StatusUnprocessableEntity, domain.CodeReasonsRequired, "reasons")
	last := s.command(path+"/confirmation", s.secondOfficial(), decline.with(body{"reasons": "шарт жалған"})).
		is(http.StatusOK)
	if text := ownersOf(last); !strings.Contains(text, buyer) {
		t.Errorf("once it is declined: %s", text)
	}
}
