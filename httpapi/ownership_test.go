package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// TestR39_TheProviderCorrectsWhoOwnedADwelling: the desk recorded another owner than the document names.
func TestR39_TheProviderCorrectsWhoOwnedADwelling(t *testing.T) {
	r := start(t)
	s := r.at(t)
	s.notify(nil)
	provider, operator, auditor := s.token(domain.RoleProvider), s.token(domain.RoleOperator), s.token(domain.RoleAuditor)
	owner, wrong, right, guest := s.citizen(), s.citizen(), s.citizen(), s.citizen()
	home := s.dwelling(owner)
	r.clock.pass(24 * time.Hour)
	sold := s.resold(home, body{"owners": []body{{"person_id": wrong, "share": "1/1"}}})
	s.command("/v1/registrations", operator, registration(guest, home, domain.DateOf(r.clock.Now()).String(), "").with(body{
		"consents": []body{{"person_id": wrong}},
	})).is(http.StatusCreated)
	knownBefore := r.clock.Now().UTC().Format(time.RFC3339)
	r.clock.pass(time.Minute)

	path := "/v1/dwellings/" + home + "/owners/corrections"
	mend := body{
		"event": eventRef(sold, 0), "action": "correct", "owners": []body{{"person_id": right, "share": "1/1"}},
		"ground": "clerical_error", "reasons": "a namesake", "basis": paper,
	}
	s.command(path, operator, mend).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	open := s.command(path, provider, mend).refused(http.StatusConflict, domain.CodeConsequences, "accept")
	if !strings.Contains(open.text, guest) || open.at("errors", 1, "code") != string(domain.CodeResidentsAdmitted) {
		t.Errorf("the consequence is told as %s", open.text)
	}
	mend["accept"] = []string{"residents_admitted_by_owners"}
	if dry := s.command(path+"?dry_run=true", provider, mend).is(http.StatusOK); dry.at("owners", 0, "person_id") != right {
		t.Errorf("a dry run says %s", dry.text)
	}
	done := s.command(path, provider, mend).is(http.StatusCreated)
	if done.at("was", "owners", 0, "person_id") != wrong || done.at("now", "owners", 0, "person_id") != right {
		t.Errorf("corrected: %s", done.text)
	}
	s.command(path, provider, mend).refused(http.StatusConflict, domain.CodeNothingChanges, "")

	day := domain.DateOf(r.clock.Now()).String()
	for query, want := range map[string]string{
		"": right, "?as_of=" + day: right, "?as_of=" + day + "&known_at=" + knownBefore: wrong,
	} {
		if got := s.seen("/v1/dwellings/"+home+"/residents"+query, auditor, done); got.at("owners", 0, "person_id") != want {
			t.Errorf("residents%s: the owner is %s, want %s", query, got.text, want)
		}
	}
	s.command("/v1/deregistrations", s.as(wrong), removal(wrong, home, guest)).
		refused(http.StatusUnprocessableEntity, domain.CodeApplicantNotOwner, "applicant_id")
	told := s.notify(done)
	for what, who := range map[string]string{"who was recorded": wrong, "who owns it": right} {
		if got := s.seen("/v1/me/notices?language=en", s.as(who), told); !strings.Contains(got.text, "owners_corrected") {
			t.Errorf("%s is told %s", what, got.text)
		}
	}
	s.verified()

	undo := body{
		"event": eventRef(sold, 0), "action": "annul", "ground": "court_act", "reasons": "void", "basis": paper,
		"accept": []string{"residents_admitted_by_owners"},
	}
	undone := s.command(path, provider, undo).is(http.StatusCreated)
	if undone.at("owners", 0, "person_id") != owner || undone.at("now", "annulled") != true {
		t.Errorf("annulled: %s", undone.text)
	}
	s.notify(undone)
	s.verified()
}
